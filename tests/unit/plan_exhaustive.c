/* Every small world: up to 4 replicas of the target, of the stable version and of one between them,
 * each in every condition, under every policy.
 *
 * Of each world it is asked: are floor and ceiling kept (plan_world.h)? Does the order of the view
 * matter? Does it come to rest, and stay there? Does the rollout end if from now on every replica
 * does as it is told, and is the deployment whole then?
 *
 * There are millions; a run takes every STRIDE-th, DOGSHORE_EXHAUSTIVE=full all of them, and
 * DOGSHORE_EXHAUSTIVE=n the n-th alone.
 */
#include "plan_world.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { REPLICAS = 3, PLACED = 4, STRIDE = 29, ROUNDS = 120 };

/* ---- what a replica may be ---- */

enum condition {
    PENDING,
    STARTING,
    READY, /* not for min_ready_seconds yet */
    AVAILABLE,
    UNREADY,
    FAILED,
    STOPPING,
    SUSPECT,
    LOST,
    CONDITIONS
};

static const char *const versions[] = {"a", "b", "c"}; /* stable, overtaken, target */
enum { VERSIONS = COUNT(versions), KINDS = VERSIONS * CONDITIONS, NOBODY = KINDS };

/* ---- policies ---- */

struct manner {
    int type;
    int64_t surge, unavailable;
    int64_t preview, step;
    const char *active;
};

static const struct manner manners[] = {
    {STRATEGY_ROLLING, 1, 0, 0, 0, NULL},
    {STRATEGY_ROLLING, 0, 1, 0, 0, NULL},
    {STRATEGY_ROLLING, 1, 1, 0, 0, NULL},
    {STRATEGY_ROLLING, 3, 0, 0, 0, NULL},
    {STRATEGY_ROLLING, 0, 3, 0, 0, NULL},
    {STRATEGY_RECREATE, 1, 0, 0, 0, NULL},
    {STRATEGY_BLUE_GREEN, 1, 0, 1, BLUE_GREEN_PREVIEW, NULL},
    {STRATEGY_BLUE_GREEN, 1, 0, PREVIEW_ALL, BLUE_GREEN_PREVIEW, NULL},
    {STRATEGY_BLUE_GREEN, 1, 0, 1, BLUE_GREEN_PREVIEW, "a"},
    {STRATEGY_BLUE_GREEN, 0, 1, PREVIEW_ALL, BLUE_GREEN_PREVIEW, "a"},
    {STRATEGY_BLUE_GREEN, 1, 0, 1, BLUE_GREEN_PREVIEW, "b"},
    {STRATEGY_BLUE_GREEN, 1, 0, 1, BLUE_GREEN_PROMOTED, "a"},
    {STRATEGY_BLUE_GREEN, 1, 0, 1, BLUE_GREEN_SWITCHED, "c"},
    {STRATEGY_CANARY, 1, 0, 0, 0, NULL},
    {STRATEGY_CANARY, 0, 1, 0, 1, NULL},
    {STRATEGY_CANARY, 1, 0, 0, 2, NULL},
    {STRATEGY_CANARY, 2, 1, 0, 3, NULL},
    {STRATEGY_CANARY, 1, 0, 0, 5, NULL},
};

enum stance { PROGRESSING, PAUSED, HALTED, ROLLING_BACK, DIRECT, SCALED, STANCES };

static struct canary_step canary_steps[] = {
    {.kind = CANARY_SET_REPLICAS, .amount = 1},
    {.kind = CANARY_CHECK},
    {.kind = CANARY_PAUSE},
    {.kind = CANARY_SET_WEIGHT, .amount = 67},
    {.kind = CANARY_PAUSE, .amount = 5},
};

/* One point of the whole: which replicas, under which policy. */
struct point {
    int kinds[PLACED]; /* ascending; NOBODY = none */
    const struct manner *manner;
    enum stance stance;
    uint64_t number;
};

/* ---- from the point to the world ---- */

static void place(struct world *world, int kind)
{
    enum condition condition = (enum condition)(kind % CONDITIONS);
    static const int phases[] = {
        [PENDING] = REPLICA_PENDING,   [STARTING] = REPLICA_STARTING, [READY] = REPLICA_RUNNING,
        [AVAILABLE] = REPLICA_RUNNING, [UNREADY] = REPLICA_RUNNING,   [FAILED] = REPLICA_FAILED,
        [STOPPING] = REPLICA_STOPPING, [SUSPECT] = REPLICA_RUNNING,   [LOST] = REPLICA_RUNNING,
    };
    int version = kind / CONDITIONS;
    struct world_replica *item = world_add(world, versions[version], version + 1);
    struct replica *replica = &item->replica;
    bool was_available = condition == AVAILABLE || condition >= SUSPECT || condition == UNREADY;
    replica->phase = phases[condition];
    replica->ready = condition == READY || condition == AVAILABLE || condition >= SUSPECT;
    replica->ready_since_ms = condition == READY ? world->now_ms : 1;
    replica->available = was_available && condition != UNREADY;
    replica->was_available = was_available;
    replica->wanted = condition == STOPPING ? WANTED_STOP : WANTED_RUN;
    replica->stop_cause = condition == STOPPING ? CAUSE_ROLLOUT : CAUSE_NONE;
    if (condition == PENDING) return;
    item->node = condition == SUSPECT ? 1 : condition == LOST ? 2 : 0;
    replica->node = world_node_name(item->node);
}

/* Sizes as they would have been left: as many as are meant to run. */
static void size_sets(struct world *world)
{
    for (int64_t version = 0; version < VERSIONS; version++)
        world_ensure_set(world, versions[version], version + 1);
    for (size_t i = 0; i < world->replica_count; i++) {
        const struct world_replica *item = &world->replicas[i];
        bool meant = item->replica.wanted == WANTED_RUN && item->node != 2;
        world_set(world, item->replica.template_hash)->wanted += meant;
    }
}

static void set_spec(struct world *world, const struct point *point)
{
    const struct manner *manner = point->manner;
    struct deployment_spec *spec = &world->deployment.spec;
    spec->replicas = REPLICAS;
    spec->paused = point->stance == PAUSED;
    spec->strategy = (struct strategy){
        .type = manner->type,
        .max_surge = {manner->surge, false},
        .max_unavailable = {manner->unavailable, false},
        .auto_promote = point->number % 2 == 0,
        .keep_old_seconds = 30,
        .preview_replicas = manner->preview,
        .steps = {canary_steps, COUNT(canary_steps)},
        .min_ready_seconds = 2,
        .monitor_seconds = 10,
        .progress_deadline_seconds = 600,
        .auto_rollback = point->number % 5 != 0,
    };
}

static void set_rollout(struct world *world, const struct point *point)
{
    const struct manner *manner = point->manner;
    struct rollout *rollout = &world->rollout;
    bool rolling_back = point->stance == ROLLING_BACK;
    *rollout = (struct rollout){.id = 3,
                                .to_revision = 3,
                                .strategy = manner->type,
                                .reason = "",
                                .message = "",
                                .step = manner->step,
                                .direct = rolling_back || point->stance == DIRECT,
                                .state = rolling_back ? ROLLOUT_ROLLING_BACK : ROLLOUT_PROGRESSING};
    if (manner->type == STRATEGY_BLUE_GREEN && manner->step == BLUE_GREEN_SWITCHED) {
        rollout->monitor_since_ms = rollout->keep_old_since_ms = world->now_ms;
    }
    world->has_rollout = true;
    if (point->stance != HALTED) return;
    rollout->state = ROLLOUT_FAILED;
    world->deployment.status.halted_reason = "auto_rollback_off";
}

static void set_up(struct world *world, const struct point *point)
{
    struct deployment *deployment = &world->deployment;
    arena_reset(&world->memory);
    world->replica_count = world->set_count = 0;
    world->next_replica = 1;
    world->now_ms = WORLD_START_MS;
    rng_seed(&world->rng, point->number);
    for (int node = 0; node < WORLD_NODES; node++)
        world->presence[node] = PRESENCE_PRESENT;
    world->presence[1] = PRESENCE_UNKNOWN;
    world->presence[2] = PRESENCE_LOST;
    for (int version = 0; version < VERSIONS; version++)
        world->hashes[version + 1] = versions[version];
    world->hashes[4] = "a";
    bool rolling_back = point->stance == ROLLING_BACK;
    deployment->template_hash = rolling_back ? "a" : "c";
    deployment->next_revision = rolling_back ? 5 : 4;
    deployment->status = (struct deployment_status){
        .revision = rolling_back ? 4 : 3, .stable_revision = 1, .message = "", .version = ""};
    deployment->active_hash = point->manner->active;
    deployment->scaled_to = point->stance == SCALED ? REPLICAS - 1 : REPLICAS;
    deployment->scaled_ceiling = deployment->scaled_to + point->manner->surge;
    set_spec(world, point);
    set_rollout(world, point);
    for (size_t i = 0; i < PLACED; i++)
        if (point->kinds[i] != NOBODY) place(world, point->kinds[i]);
    size_sets(world);
}

/* ---- what is asked of it ---- */

static void check_order(struct world *world, const struct point *point)
{
    world_plan(world);
    const char *first = arena_strdup(&world->memory, world_text(world));
    world_plan(world);
    cr_assert_str_eq(world_text(world), first, "world %llu: the order of the view matters",
                     (unsigned long long)point->number);
}

/* At rest nothing is to do, to be written, or due at once. */
static void check_rest(struct world *world, const struct point *point)
{
    world_settle(world);
    const struct plan *plan = world_plan(world);
    cr_assert_eq(plan->action_count, 0, "world %llu\n%s", (unsigned long long)point->number,
                 world_text(world));
    cr_assert_not(plan->rollout_changed || plan->status_changed, "world %llu\n%s",
                  (unsigned long long)point->number, world_text(world));
}

static void answer_checks(struct world *world)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        struct replica *replica = &world->replicas[i].replica;
        if (!text_equal(replica->template_hash, world->deployment.template_hash)) continue;
        replica->check_round = world->rollout.check_round;
        replica->check_passed = true;
    }
}

/* Placed where nothing is silent, and on time as asked. */
static void do_as_told(struct world *world)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        if (item->node >= 0 || item->replica.phase != REPLICA_PENDING) continue;
        item->node = 0;
        item->replica.node = world_node_name(0);
    }
    world_obey(world);
    answer_checks(world);
    if (world->rollout.state == ROLLOUT_AWAITING_PROMOTION) world->rollout.promote = PROMOTE_STEP;
    int64_t wake_ms = world->plan.wake_at_ms;
    world->now_ms = wake_ms > world->now_ms ? wake_ms : world->now_ms + 1000;
}

static bool whole(const struct world *world)
{
    const struct deployment_status *status = &world->deployment.status;
    return status->available == REPLICAS && status->total == REPLICAS &&
           status->updated == REPLICAS && world->deployment.active_hash == NULL;
}

/* A node that was lost returns in every third world; in the others recreate waits in vain. */
static void check_end(struct world *world, const struct point *point)
{
    world->presence[1] = PRESENCE_PRESENT;
    if (point->number % 3 == 0) world->presence[2] = PRESENCE_PRESENT;
    world->deployment.spec.paused = false;
    for (int round = 0; round < ROUNDS; round++) {
        world_settle(world);
        bool ended = rollout_state_final(world->rollout.state);
        if (ended && (world->deployment.status.halted_reason || whole(world))) return;
        if (ended && world->presence[2] == PRESENCE_LOST && world->plan.wake_at_ms == 0) {
            cr_assert_eq(world->deployment.status.available, REPLICAS);
            return; /* a switch is kept for what may return */
        }
        do_as_told(world);
    }
    cr_assert_fail("world %llu never ends\n%s", (unsigned long long)point->number,
                   world_text(world));
}

static void check_world(struct world *world, const struct point *point)
{
    set_up(world, point);
    check_order(world, point);
    check_rest(world, point);
    check_end(world, point);
}

/* ---- all of them ---- */

/* The next ascending choice of kinds; false after the last. */
static bool next_kinds(int *kinds)
{
    for (int i = PLACED - 1; i >= 0; i--) {
        if (kinds[i] == NOBODY) continue;
        kinds[i]++;
        for (int k = i + 1; k < PLACED; k++)
            kinds[k] = kinds[i];
        return true;
    }
    return false;
}

static void set_range(uint64_t *stride, uint64_t *offset)
{
    const char *asked = getenv("DOGSHORE_EXHAUSTIVE");
    int64_t number = 0;
    *stride = STRIDE;
    *offset = 0;
    if (asked && text_equal(asked, "full")) *stride = 1;
    if (!asked || *stride == 1) return;
    cr_assert(text_to_int64(asked, 0, INT64_MAX, &number), "full or a number");
    *stride = UINT64_MAX;
    *offset = (uint64_t)number;
}

Test(plan_exhaustive, every_small_world_keeps_its_bounds_comes_to_rest_and_ends)
{
    struct world *world = world_new(REPLICAS);
    struct point point = {0};
    uint64_t stride, offset, number = 0, checked = 0;
    set_range(&stride, &offset);
    do {
        for (size_t m = 0; m < COUNT(manners); m++) {
            for (int stance = 0; stance < STANCES; stance++, number++) {
                if (number < offset || (number - offset) % stride != 0) continue;
                point.manner = &manners[m];
                point.stance = (enum stance)stance;
                point.number = number;
                check_world(world, &point);
                checked++;
            }
        }
    } while (next_kinds(point.kinds));
    fprintf(stderr, "%llu of %llu worlds checked\n", (unsigned long long)checked,
            (unsigned long long)number);
    world_free(world);
}
