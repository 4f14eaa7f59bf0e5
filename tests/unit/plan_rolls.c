/* Thousands of short lives of a deployment on a virtual clock.
 *
 * An ideal executor applies every plan; replicas take random times through their phases, versions
 * are good or bad in several ways, nodes fall silent and return, operators deploy, scale, pause,
 * resume, promote, terminate, start and change the strategy at random. Every plan is held against
 * the floor, the ceiling and the state table (see plan_world.h); when the trouble ends, every
 * rollout must end within its deadlines and the deployment must converge. A failure names its seed:
 * PLAN_SEED=n runs that one alone.
 */
#include "plan_world.h"

enum {
    SEEDS = 2000,
    QUIET_SEEDS = 500,
    TROUBLE_EVENTS = 14,
    MAX_STEPS = 4000,
    MAX_CALM_STEPS = 100 * 1000, /* flapping replicas take many */
    MAX_PASSES_AT_ONCE = 40,
    CALM_MS = 4 * 3600 * 1000
};

enum kind { GOOD, SLOW, NEVER_READY, CRASHES, DIES_LATER, FLAPS, KINDS };

struct story {
    struct world *world;
    uint64_t seed;
    enum kind kinds[26];                       /* by the first letter of a template hash */
    int64_t node_silent_since_ms[WORLD_NODES]; /* 0 = it is heard */
    int64_t node_back_ms[WORLD_NODES];
    int64_t next_trouble_ms;
    int events;
    bool quiet; /* nothing but deployments of versions that are good or bad at once */
};

static int64_t roll(struct story *story, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(&story->world->rng, (uint64_t)(high - low + 1));
}

static bool chance(struct story *story, int64_t percent)
{
    return roll(story, 1, 100) <= percent;
}

static enum kind kind_of(const struct story *story, const char *hash)
{
    return story->kinds[hash[0] - 'a'];
}

/* ---- replicas ---- */

static void later(struct story *story, struct world_replica *item, int64_t low_ms, int64_t high_ms)
{
    item->due_ms = story->world->now_ms + roll(story, low_ms, high_ms);
}

static void fail_replica(struct story *story, struct world_replica *item, const char *reason)
{
    world_move(story->world, item, REPLICA_FAILED, false);
    item->replica.reason = reason;
}

/* Running: becomes ready, or does whatever is wrong with its version. */
static void step_running(struct story *story, struct world_replica *item)
{
    struct world *world = story->world;
    switch (kind_of(story, item->replica.template_hash)) {
    case GOOD:
    case SLOW:
        world_move(world, item, REPLICA_RUNNING, true);
        item->due_ms = 0;
        return;
    case NEVER_READY:
        item->replica.readiness_reason = "503 «loading model»";
        item->due_ms = 0;
        return;
    case CRASHES:
        fail_replica(story, item, chance(story, 50) ? "crash_loop" : "exit code 1");
        return;
    case DIES_LATER:
        if (item->replica.ready) {
            fail_replica(story, item, "segmentation fault");
            return;
        }
        world_move(world, item, REPLICA_RUNNING, true);
        later(story, item, 500, 20000);
        return;
    case FLAPS:
        world_move(world, item, REPLICA_RUNNING, !item->replica.ready);
        later(story, item, 500, 6000);
        return;
    case KINDS:
        return;
    }
}

static void step_replica(struct story *story, struct world_replica *item)
{
    struct world *world = story->world;
    struct replica *replica = &item->replica;
    bool slow = kind_of(story, replica->template_hash) == SLOW;
    if (replica->wanted == WANTED_STOP) {
        if (replica->phase == REPLICA_STOPPING) {
            world_move(world, item, REPLICA_STOPPED, false);
            return;
        }
        world_move(world, item, REPLICA_STOPPING, false);
        later(story, item, 100, 9000);
        return;
    }
    if (replica->phase == REPLICA_RUNNING) {
        step_running(story, item);
        return;
    }
    world_move(world, item, replica->phase + 1, false);
    later(story, item, 10, slow ? 8000 : 900);
}

/* A replica whose order changed reacts soon, wherever it was. */
static void notice_orders(struct story *story)
{
    struct world *world = story->world;
    for (size_t i = 0; i < world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        const struct replica *replica = &item->replica;
        if (replica_phase_final(replica->phase)) continue;
        bool fresh = replica->phase == REPLICA_PENDING && item->due_ms == 0;
        bool stops = replica->wanted == WANTED_STOP && replica->phase != REPLICA_STOPPING &&
                     (item->due_ms == 0 || item->due_ms > world->now_ms + 300);
        if (fresh || stops) later(story, item, 1, 300);
    }
}

/* The earliest replica event that a node in reach can tell of. */
static struct world_replica *next_replica(struct story *story)
{
    struct world *world = story->world;
    struct world_replica *next = NULL;
    for (size_t i = 0; i < world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        if (replica_phase_final(item->replica.phase) || item->due_ms == 0) continue;
        if (item->node >= 0 && story->node_silent_since_ms[item->node]) continue;
        if (!next || item->due_ms < next->due_ms) next = item;
    }
    return next;
}

/* ---- trouble ---- */

static void silence_node(struct story *story)
{
    int node = (int)roll(story, 0, WORLD_NODES - 1);
    if (story->node_silent_since_ms[node]) return;
    story->node_silent_since_ms[node] = story->world->now_ms;
    story->node_back_ms[node] = story->world->now_ms + roll(story, 1000, 90000);
}

static void deploy(struct story *story)
{
    struct world *world = story->world;
    char hash[] = {(char)('a' + roll(story, 0, 5)), '\0'};
    if (text_equal(hash, world->deployment.template_hash)) return;
    world_deploy(world, hash);
}

static void kill_replica(struct story *story)
{
    struct world *world = story->world;
    if (world->replica_count == 0) return;
    struct world_replica *item =
        &world->replicas[roll(story, 0, (int64_t)world->replica_count - 1)];
    if (item->replica.phase == REPLICA_RUNNING) fail_replica(story, item, "killed by a test");
}

/* Agents answer the check that is asked for; of a bad version, some say no. */
static void answer_checks(struct story *story)
{
    struct world *world = story->world;
    int64_t asked = world->rollout.check_round;
    for (size_t i = 0; asked && i < world->replica_count; i++) {
        struct replica *replica = &world->replicas[i].replica;
        if (replica->phase != REPLICA_RUNNING || replica->check_round == asked) continue;
        if (!text_equal(replica->template_hash, world->deployment.template_hash)) continue;
        replica->check_round = asked;
        replica->check_reason = "500";
        replica->check_passed = kind_of(story, replica->template_hash) <= SLOW;
    }
}

static void promote(struct story *story)
{
    struct rollout *rollout = &story->world->rollout;
    if (rollout_state_final(rollout->state)) return;
    rollout->promote = chance(story, 70) ? PROMOTE_STEP : PROMOTE_FULL;
}

static void choose_strategy(struct story *story)
{
    static struct canary_step steps[] = {
        {.kind = CANARY_SET_REPLICAS, .amount = 1},
        {.kind = CANARY_CHECK},
        {.kind = CANARY_PAUSE, .amount = 5},
        {.kind = CANARY_SET_WEIGHT, .amount = 40},
        {.kind = CANARY_PAUSE},
        {.kind = CANARY_SET_WEIGHT, .amount = 100},
        {.kind = CANARY_PAUSE, .amount = 1},
    };
    struct strategy *strategy = &story->world->deployment.spec.strategy;
    strategy->type = (int)roll(story, STRATEGY_ROLLING, STRATEGY_CANARY);
    size_t first = (size_t)roll(story, 0, 4);
    strategy->steps =
        (struct canary_steps){steps + first, (size_t)roll(story, 1, 7 - (int64_t)first)};
    strategy->auto_promote = chance(story, 60);
    strategy->auto_promote_after_seconds = roll(story, 0, 10);
    strategy->keep_old_seconds = roll(story, 0, 30);
    strategy->preview_replicas = chance(story, 50) ? PREVIEW_ALL : roll(story, 1, 5);
}

/* A running rollout ends with it; what was not proven begins anew when it is started. */
static void terminate_or_start(struct story *story)
{
    struct world *world = story->world;
    struct deployment *deployment = &world->deployment;
    bool start = deployment->lifecycle == LIFECYCLE_TERMINATED;
    deployment->lifecycle = start ? LIFECYCLE_ACTIVE : LIFECYCLE_TERMINATED;
    if (!start && !rollout_state_final(world->rollout.state))
        world->rollout.state = ROLLOUT_ABORTED;
    if (!start || deployment->status.stable_revision == deployment->status.revision) return;
    world_deploy(world, deployment->template_hash);
    world->rollout.direct = true;
}

static void make_trouble(struct story *story)
{
    struct deployment_spec *spec = &story->world->deployment.spec;
    story->events++;
    if (story->quiet) {
        deploy(story);
        return;
    }
    bool terminated = story->world->deployment.lifecycle == LIFECYCLE_TERMINATED;
    switch (terminated ? 10 : roll(story, 0, 11)) {
    case 0:
    case 1:
        deploy(story);
        return;
    case 2:
        spec->replicas = roll(story, 0, 12);
        return;
    case 3:
        spec->paused = !spec->paused;
        return;
    case 4:
        silence_node(story);
        return;
    case 5:
        kill_replica(story);
        return;
    case 6:
    case 7:
        promote(story);
        return;
    case 8:
    case 9:
        choose_strategy(story);
        return;
    case 10:
        terminate_or_start(story);
        return;
    default:
        spec->strategy.max_surge = (struct amount){roll(story, 0, 3), false};
        spec->strategy.max_unavailable =
            (struct amount){spec->strategy.max_surge.value ? 0 : 1, false};
        return;
    }
}

static void step_nodes(struct story *story)
{
    enum { SUSPECT_MS = 15000, LOST_MS = 30000 };
    struct world *world = story->world;
    for (int node = 0; node < WORLD_NODES; node++) {
        int64_t since_ms = story->node_silent_since_ms[node];
        if (since_ms == 0) continue;
        if (story->node_back_ms[node] <= world->now_ms) {
            story->node_silent_since_ms[node] = 0;
            world->presence[node] = PRESENCE_PRESENT;
        } else if (since_ms + LOST_MS <= world->now_ms) {
            world->presence[node] = PRESENCE_LOST;
        } else if (since_ms + SUSPECT_MS <= world->now_ms) {
            world->presence[node] = PRESENCE_UNKNOWN;
        }
    }
}

/* ---- one life ---- */

static struct story story_new(uint64_t seed, bool quiet)
{
    struct story story = {.world = world_new(0), .seed = seed, .quiet = quiet};
    struct deployment_spec *spec = &story.world->deployment.spec;
    rng_seed(&story.world->rng, seed);
    for (size_t i = 1; i < 6; i++)
        story.kinds[i] = (enum kind)roll(&story, 0, quiet ? CRASHES : KINDS - 1);
    spec->replicas = roll(&story, 0, 10);
    spec->template.limits = (struct phase_limits){60, 60, roll(&story, 5, 40)};
    spec->strategy = (struct strategy){
        .max_surge = {roll(&story, 0, 60), true},
        .max_unavailable = {roll(&story, 0, 40), true},
        .min_ready_seconds = roll(&story, 0, 3),
        .monitor_seconds = roll(&story, 0, 10),
        .progress_deadline_seconds = roll(&story, 60, 200),
        .max_failure_ratio = chance(&story, 30) ? 0.3 : 0,
        .batch_pause_seconds = chance(&story, 20) ? 5 : 0,
        .auto_rollback = chance(&story, 80),
    };
    if (!quiet) choose_strategy(&story);
    story.next_trouble_ms = WORLD_START_MS + 30000;
    world_deploy(story.world, "a"); /* always good */
    return story;
}

static void plan_all(struct story *story)
{
    struct world *world = story->world;
    for (int pass = 0; pass < MAX_PASSES_AT_ONCE; pass++) {
        world_plan(world);
        world_apply(world);
        if (world->plan.action_count == 0 || world->deleted) return;
    }
    cr_assert_fail("seed %llu: no fixpoint:\n%s", (unsigned long long)story->seed,
                   world_text(world));
}

static int64_t earlier(int64_t a, int64_t b)
{
    if (a == 0 || b == 0) return a + b;
    return a < b ? a : b;
}

/* What runs, not what was ordered: from the moment the first version is stable. */
static void expect_between_floor_and_ceiling(struct story *story)
{
    const struct world *world = story->world;
    const struct plan_budget *budget = &world->plan.budget;
    if (world->deployment.status.stable_revision == 0) return;
    if (world->deployment.lifecycle == LIFECYCLE_DELETING) return;
    cr_assert_geq(world->deployment.status.available, budget->min_available, "seed %llu\n%s",
                  (unsigned long long)story->seed, world_text(story->world));
    int64_t total = 0;
    for (size_t i = 0; i < world->replica_count; i++)
        total += !replica_phase_final(world->replicas[i].replica.phase);
    cr_assert_leq(total, budget->ceiling, "seed %llu", (unsigned long long)story->seed);
}

/* When the next node changes its presence. */
static int64_t next_node_ms(const struct story *story)
{
    enum { JUDGE_MS = 5000 };
    for (int node = 0; node < WORLD_NODES; node++)
        if (story->node_silent_since_ms[node]) return story->world->now_ms + JUDGE_MS;
    return 0;
}

/* Moves the clock to what comes next and lets it happen; false when nothing comes any more. */
static bool step(struct story *story, bool trouble)
{
    struct world *world = story->world;
    notice_orders(story);
    struct world_replica *replica = next_replica(story);
    int64_t next = earlier(world->plan.wake_at_ms, next_node_ms(story));
    if (replica) next = earlier(next, replica->due_ms);
    if (trouble) next = earlier(next, story->next_trouble_ms);
    if (next == 0) return false;
    world->now_ms = next > world->now_ms ? next : world->now_ms;
    if (replica && replica->due_ms <= world->now_ms) step_replica(story, replica);
    step_nodes(story);
    answer_checks(story);
    if (trouble && story->next_trouble_ms <= world->now_ms) {
        make_trouble(story);
        story->next_trouble_ms = world->now_ms + roll(story, 100, 60000);
    }
    plan_all(story);
    if (story->quiet) expect_between_floor_and_ceiling(story);
    return true;
}

/* Nothing more will come of it: whole, or left to an operator. */
static bool rests(const struct story *story)
{
    const struct world *world = story->world;
    const struct deployment_status *status = &world->deployment.status;
    if (!rollout_state_final(world->rollout.state)) return false;
    if (status->halted_reason || kind_of(story, world->deployment.template_hash) > SLOW)
        return true;
    return status->total == status->desired && status->available == status->desired &&
           world->plan.wake_at_ms == 0;
}

static void expect_ended(struct story *story)
{
    struct world *world = story->world;
    const struct deployment_status *status = &world->deployment.status;
    cr_assert(rollout_state_final(world->rollout.state), "seed %llu: still %s\n%s",
              (unsigned long long)story->seed, word_of(rollout_state_words, world->rollout.state),
              world_text(world));
    cr_assert_leq(world->set_count, (size_t)WORLD_SETS);
    if (status->halted_reason) return;
    if (kind_of(story, world->deployment.template_hash) > SLOW) return;
    cr_assert_eq(status->available, status->desired, "seed %llu:\n%s",
                 (unsigned long long)story->seed, world_text(world));
    cr_assert_eq(status->total, status->desired, "seed %llu:\n%s", (unsigned long long)story->seed,
                 world_text(world));
    cr_assert_eq(status->updated, status->desired);
}

/* Only a good version is ever declared stable, unless it was kept at 0 replicas. */
static void expect_stable_is_good(struct story *story)
{
    const struct world *world = story->world;
    int64_t stable = world->deployment.status.stable_revision;
    if (stable == 0) return;
    enum kind kind = kind_of(story, world->hashes[stable]);
    cr_assert(kind != NEVER_READY && kind != CRASHES, "seed %llu: revision %lld is stable",
              (unsigned long long)story->seed, (long long)stable);
}

static void delete_it(struct story *story)
{
    struct world *world = story->world;
    world->deployment.lifecycle = LIFECYCLE_DELETING;
    plan_all(story);
    for (int i = 0; i < MAX_STEPS && !world->deleted; i++)
        if (!step(story, false)) break;
    cr_assert(world->deleted, "seed %llu: not deleted\n%s", (unsigned long long)story->seed,
              world_text(world));
    for (size_t i = 0; i < world->replica_count; i++)
        cr_assert(replica_phase_final(world->replicas[i].replica.phase) ||
                  world->replicas[i].replica.wanted == WANTED_STOP);
}

/* What only waits for a promote gets it. */
static bool promote_waiting(struct story *story)
{
    struct world *world = story->world;
    if (world->rollout.state != ROLLOUT_AWAITING_PROMOTION) return false;
    world->rollout.promote = PROMOTE_STEP;
    plan_all(story);
    return true;
}

static void live(uint64_t seed, bool quiet)
{
    struct story story = story_new(seed, quiet);
    struct world *world = story.world;
    plan_all(&story);
    for (int i = 0; i < MAX_STEPS && story.events < TROUBLE_EVENTS; i++)
        step(&story, true);
    cr_assert_eq(story.events, TROUBLE_EVENTS, "seed %llu", (unsigned long long)seed);
    world->deployment.spec.paused = false;
    if (world->deployment.lifecycle == LIFECYCLE_TERMINATED) terminate_or_start(&story);
    bool runs = !rollout_state_final(world->rollout.state);
    if (runs && world->deployment.spec.replicas == 0) world->deployment.spec.replicas = 2;
    int64_t end_ms = world->now_ms + CALM_MS;
    plan_all(&story);
    for (int i = 0; i < MAX_CALM_STEPS && !rests(&story) && world->now_ms < end_ms; i++)
        if (!promote_waiting(&story) && !step(&story, false)) break;
    expect_ended(&story);
    expect_stable_is_good(&story);
    delete_it(&story);
    world_free(world);
}

/* PLAN_SEED=n runs one life, PLAN_SEEDS=n that many. */
static void live_all(uint64_t seeds, bool quiet)
{
    const char *only = getenv("PLAN_SEED"), *many = getenv("PLAN_SEEDS");
    int64_t number = 0;
    if (only) {
        cr_assert(text_to_int64(only, 0, INT64_MAX, &number));
        live((uint64_t)number, quiet);
        return;
    }
    if (many) cr_assert(text_to_int64(many, 0, INT64_MAX, &number));
    if (many) seeds = (uint64_t)number;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        live(seed, quiet);
}

Test(plan_rolls, random_trouble_breaks_no_invariant_and_every_rollout_ends)
{
    live_all(SEEDS, false);
}

Test(plan_rolls, without_faults_every_sample_is_between_floor_and_ceiling)
{
    live_all(QUIET_SEEDS, true);
}
