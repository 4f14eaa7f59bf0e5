/* plan_world.h: one deployment in memory, and an executor that carries out plans to the letter.
 *
 * Tests set up a world, let it plan and look at actions and verdict, or apply them and go on. Every
 * plan that is made is held against the invariants that hold at any time (world_check).
 */
#ifndef DOGSHORE_TESTS_PLAN_WORLD_H
#define DOGSHORE_TESTS_PLAN_WORLD_H

#include "base/arena.h"
#include "base/rng.h"
#include "base/text.h"
#include "scheduler/plan/plan.h"

#include <criterion/criterion.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    WORLD_REVISIONS = 64,
    WORLD_SETS = 32,
    WORLD_REPLICAS = 1024,
    WORLD_PASS_BYTES = 256 * 1024, /* what most passes need, so that they reuse one block */
    WORLD_NODES = 4,
    WORLD_EDGES = 2,
    WORLD_EDGE_BYTES = 128 * 1024,
    WORLD_START_MS = 1000 * 1000,
    WORLD_WALL_MS = 1700 * 1000 * 1000
};

struct world_replica {
    struct replica replica;
    int node;       /* index; -1 = none */
    int64_t due_ms; /* when it takes its next step; for simulations */
};

struct world {
    struct arena memory; /* ids, hashes: as long as the world */
    struct arena pass;   /* the view and the plan of the last pass */
    struct rng rng;
    int64_t now_ms;
    struct deployment deployment;
    struct rollout rollout;
    bool has_rollout;
    const char *hashes[WORLD_REVISIONS]; /* by revision number */
    int outcomes[WORLD_REVISIONS];
    struct revision_set sets[WORLD_SETS];
    size_t set_count;
    struct world_replica replicas[WORLD_REPLICAS];
    size_t replica_count;
    int presence[WORLD_NODES]; /* enum replica_presence */
    int64_t next_replica;
    bool deleted;
    struct view view;
    struct plan plan;
    unsigned char *edges[WORLD_EDGES]; /* behind the sets, behind the replicas */
};

/* The world of this test, so that a failed assertion does not look like a leak as well. */
static struct world *volatile world_current;

/* Pages for what must end exactly where it ends, and one behind them that nobody may touch. */
static inline void world_make_edges(struct world *world)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < WORLD_EDGES; i++) {
        unsigned char *map = mmap(NULL, WORLD_EDGE_BYTES + page, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(map != MAP_FAILED);
        world->edges[i] = map + WORLD_EDGE_BYTES;
        cr_assert_eq(mprotect(world->edges[i], page, PROT_NONE), 0);
    }
}

static inline void world_free_edges(struct world *world)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < WORLD_EDGES; i++)
        munmap(world->edges[i] - WORLD_EDGE_BYTES, WORLD_EDGE_BYTES + page);
}

/* `bytes` that end where nothing can be read or written any more. */
static inline void *world_at_edge(struct world *world, size_t edge, size_t bytes)
{
    cr_assert_leq(bytes, (size_t)WORLD_EDGE_BYTES);
    return world->edges[edge] - bytes;
}

static inline struct world *world_new(int64_t replicas)
{
    struct world *world = xcalloc(1, sizeof *world);
    world_current = world;
    world_make_edges(world);
    arena_init(&world->memory);
    arena_init(&world->pass);
    arena_alloc(&world->pass, WORLD_PASS_BYTES);
    rng_seed(&world->rng, 1);
    world->now_ms = WORLD_START_MS;
    world->next_replica = 1;
    struct deployment *deployment = &world->deployment;
    deployment->uid = "u1";
    deployment->name = "web";
    deployment->cluster = "default";
    deployment->next_revision = deployment->next_rollout = 1;
    deployment->spec.replicas = replicas;
    deployment->spec.template.limits = (struct phase_limits){120, 600, 300};
    deployment->spec.strategy = (struct strategy){
        .max_surge = {25, true},
        .auto_promote = true,
        .keep_old_seconds = 30,
        .preview_replicas = PREVIEW_ALL,
        .monitor_seconds = 10,
        .progress_deadline_seconds = 600,
        .auto_rollback = true,
    };
    return world;
}

static inline void world_free(struct world *world)
{
    arena_release(&world->memory);
    arena_release(&world->pass);
    world_free_edges(world);
    free(world);
}

static inline struct revision_set *world_set(struct world *world, const char *hash)
{
    for (size_t i = 0; i < world->set_count; i++)
        if (text_equal(world->sets[i].template_hash, hash)) return &world->sets[i];
    return NULL;
}

static inline struct revision_set *world_ensure_set(struct world *world, const char *hash,
                                                    int64_t revision)
{
    struct revision_set *set = world_set(world, hash);
    if (!set) {
        cr_assert_lt(world->set_count, (size_t)WORLD_SETS);
        set = &world->sets[world->set_count++];
        *set = (struct revision_set){.template_hash = hash};
    }
    set->revision = revision > set->revision ? revision : set->revision;
    return set;
}

/* A newer template is accepted: revision, spec, rollout. Equal hashes are equal templates. */
static inline void world_deploy(struct world *world, const char *hash)
{
    struct deployment *deployment = &world->deployment;
    int64_t number = deployment->next_revision++;
    cr_assert_lt(number, WORLD_REVISIONS);
    world->hashes[number] = arena_strdup(&world->memory, hash);
    world->outcomes[number] = OUTCOME_PENDING;
    bool known = world_set(world, hash) != NULL;
    int64_t stable = deployment->status.stable_revision;
    bool direct =
        stable ? text_equal(world->hashes[stable], hash) : world->set_count == (size_t)known;
    world_ensure_set(world, world->hashes[number], known ? 0 : number);
    int64_t from = deployment->status.revision;
    deployment->template_hash = world->hashes[number];
    deployment->spec.template.version = world->hashes[number];
    deployment->status.revision = number;
    deployment->status.halted_reason = NULL;
    deployment->generation++;
    world->has_rollout = true;
    world->rollout = (struct rollout){.id = deployment->next_rollout++,
                                      .from_revision = from,
                                      .to_revision = number,
                                      .strategy = deployment->spec.strategy.type,
                                      .direct = direct,
                                      .state = ROLLOUT_PROGRESSING,
                                      .reason = "",
                                      .message = ""};
}

/* ---- the view ---- */

/* "a~2" is the template "a", restarted. */
static inline const char *world_base_hash(struct world *world, const char *hash)
{
    const char *tilde = strchr(hash, '~');
    if (!tilde) return hash;
    return arena_printf(&world->memory, "%.*s", (int)(tilde - hash), hash);
}

static inline struct view_revision world_revision(struct world *world, int64_t number)
{
    if (number == 0) return (struct view_revision){0};
    return (struct view_revision){.number = number,
                                  .template_hash = world->hashes[number],
                                  .limits = world->deployment.spec.template.limits,
                                  .base_hash = world_base_hash(world, world->hashes[number])};
}

static inline bool world_in_view(const struct replica *replica)
{
    if (!replica_phase_final(replica->phase)) return true;
    return !replica->counted && (replica->phase == REPLICA_FAILED || replica->wanted == WANTED_RUN);
}

static inline int world_presence(const struct world *world, const struct world_replica *item)
{
    return item->node < 0 ? PRESENCE_PRESENT : world->presence[item->node];
}

/* In random order, for order must not matter. */
static inline void world_look(struct world *world)
{
    arena_reset(&world->pass);
    struct view_set *sets = ARENA_ARRAY(&world->pass, struct view_set, world->set_count);
    for (size_t i = 0; i < world->set_count; i++) {
        size_t at = rng_below(&world->rng, i + 1);
        sets[i] = sets[at];
        sets[at] = (struct view_set){world->sets[i], world->deployment.spec.template.limits};
    }
    size_t count = 0;
    for (size_t i = 0; i < world->replica_count; i++)
        count += world_in_view(&world->replicas[i].replica);
    struct view_replica *replicas = ARENA_ARRAY(&world->pass, struct view_replica, count);
    count = 0;
    for (size_t i = 0; i < world->replica_count; i++) {
        const struct world_replica *item = &world->replicas[i];
        if (!world_in_view(&item->replica)) continue;
        size_t at = rng_below(&world->rng, count + 1);
        replicas[count++] = replicas[at];
        replicas[at] = (struct view_replica){item->replica, world_presence(world, item)};
    }
    world->view = (struct view){
        .now_ms = world->now_ms,
        .now_at = WORLD_WALL_MS + world->now_ms,
        .deployment = world->deployment,
        .has_rollout = world->has_rollout,
        .rollout = world->rollout,
        .target = world_revision(world, world->deployment.status.revision),
        .stable = world_revision(world, world->deployment.status.stable_revision),
        .sets = sets,
        .set_count = world->set_count,
        .replicas = replicas,
        .replica_count = count,
    };
}

static inline struct world_replica *world_find(struct world *world, const char *id)
{
    for (size_t i = 0; i < world->replica_count; i++)
        if (text_equal(world->replicas[i].replica.id, id)) return &world->replicas[i];
    cr_assert_fail("no replica %s", id);
    return NULL;
}

/* ---- what holds at any time ---- */

static inline const char *world_text(struct world *world)
{
    struct text text;
    text_init(&text, &world->pass);
    plan_print(&world->plan, &text);
    return text_string(&text);
}

static inline bool world_counts(const struct view_replica *item)
{
    return !replica_phase_final(item->replica.phase) && item->presence != PRESENCE_LOST;
}

static inline bool world_available(const struct view_replica *item)
{
    return item->replica.available && item->replica.ready &&
           item->replica.phase == REPLICA_RUNNING && item->replica.wanted == WANTED_RUN &&
           item->presence == PRESENCE_PRESENT;
}

static inline bool world_has(const struct plan *plan, enum action_kind kind,
                             const struct replica *replica)
{
    for (size_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].kind == (int)kind &&
            (!replica || text_equal(plan->actions[i].replica->id, replica->id)))
            return true;
    return false;
}

/* The only set that gets traffic once the plan is carried out; NULL = all do. */
static inline const char *world_active(const struct world *world)
{
    const struct plan *plan = &world->plan;
    const char *active = world->view.deployment.active_hash;
    for (size_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].kind == ACTION_SWITCH) active = plan->actions[i].template_hash;
    return active;
}

/* Available replicas of `hash`, of all for NULL, after the plan; and does it stop any of them? */
static inline int64_t world_floor(const struct world *world, const char *hash, bool *stops)
{
    int64_t available = 0;
    *stops = false;
    for (size_t i = 0; i < world->view.replica_count; i++) {
        const struct view_replica *item = &world->view.replicas[i];
        const struct replica *replica = &item->replica;
        if (hash && !text_equal(replica->template_hash, hash)) continue;
        bool now = world_available(item) || world_has(&world->plan, ACTION_MARK_AVAILABLE, replica);
        bool stopped = world_has(&world->plan, ACTION_STOP, replica);
        *stops = *stops || (now && stopped);
        available += now && !stopped;
    }
    return available;
}

/* No stop of an available replica below the floor, of those that get traffic: what is hidden serves
 * nobody. */
static inline void world_check_floor(struct world *world)
{
    bool stops;
    int64_t serving = world_floor(world, world_active(world), &stops);
    if (stops) cr_assert_geq(serving, world->plan.budget.min_available, "%s", world_text(world));
}

/* No stop of an available replica below the floor, no start above the ceiling. */
static inline void world_check_budget(struct world *world)
{
    const struct view *view = &world->view;
    const struct plan *plan = &world->plan;
    int64_t total = 0;
    for (size_t i = 0; i < view->replica_count; i++) {
        const struct replica *replica = &view->replicas[i].replica;
        total += world_counts(&view->replicas[i]);
        if (!world_has(plan, ACTION_STOP, replica)) continue;
        cr_assert_eq(replica->wanted, WANTED_RUN, "%s", world_text(world));
        cr_assert_not(replica_phase_final(replica->phase));
    }
    if (view->deployment.lifecycle == LIFECYCLE_ACTIVE) world_check_floor(world);
    int64_t created = 0;
    for (size_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].kind == ACTION_CREATE) created += plan->actions[i].amount;
    if (created > 0) cr_assert_leq(total + created, plan->budget.ceiling, "%s", world_text(world));
}

static inline void world_check_rollout(struct world *world)
{
    const struct rollout *before = &world->view.rollout, *after = &world->plan.rollout;
    if (!world->view.has_rollout) return;
    bool legal =
        before->state == after->state || rollout_state_may_move(before->state, after->state);
    cr_assert(legal, "%d to %d", before->state, after->state);
    bool ended = !rollout_state_final(before->state) && rollout_state_final(after->state);
    cr_assert(!ended || after->finished_at == world->view.now_at);
    if (!ended || after->state == ROLLOUT_FAILED || after->state == ROLLOUT_ABORTED) return;
    for (size_t i = 0; i < world->view.replica_count; i++) {
        const struct view_replica *item = &world->view.replicas[i];
        if (!world_counts(item)) continue;
        cr_assert_str_eq(item->replica.template_hash, world->view.deployment.template_hash);
        cr_assert(world_available(item) ||
                  world_has(&world->plan, ACTION_MARK_AVAILABLE, &item->replica));
    }
}

enum { WORLD_BEHIND_BYTES = 256, WORLD_SPOILT = 1 };

/* What lies behind the last set and the last replica must never be looked at: true, positive, and
 * nowhere. */
static inline void world_spoil(struct world *world)
{
    enum { SPOILT = WORLD_SPOILT };
    struct plan *plan = &world->plan;
    memset(arena_alloc(&world->pass, WORLD_BEHIND_BYTES), SPOILT, WORLD_BEHIND_BYTES);
    memset(plan->sets, SPOILT, plan->set_capacity * sizeof *plan->sets);
    size_t bytes = plan->replica_capacity * sizeof *plan->replicas;
    plan->replicas = memset(world_at_edge(world, 1, bytes), SPOILT, bytes);
    memset(plan->actions, SPOILT, plan->action_capacity * sizeof *plan->actions);
}

/* All bytes are equal to the one after them, and the first one is as it was. */
static inline void world_check_spoilt(const void *from, const void *to)
{
    const unsigned char *first = from, *end = to;
    if (first == end) return;
    bool equal = memcmp(first, first + 1, (size_t)(end - first) - 1) == 0;
    if (*first != WORLD_SPOILT || !equal) cr_assert_fail("written behind the last one");
}

/* And never written. */
static inline void world_check_behind(const struct plan *plan)
{
    world_check_spoilt(plan->sets + plan->set_count, plan->sets + plan->set_capacity);
    world_check_spoilt(plan->actions + plan->action_count, plan->actions + plan->action_capacity);
}

/* Makes a plan of the world as it is: once to see how many sets there are, then with nothing behind
 * the last set nor the last replica. */
static inline struct plan *world_plan(struct world *world)
{
    world_look(world);
    plan_prepare(&world->plan, &world->pass, &world->view);
    world_spoil(world);
    const struct plan prepared = world->plan;
    plan_make(&world->view, &world->plan);
    world_check_behind(&world->plan);
    size_t bytes = world->plan.set_count * sizeof *prepared.sets;
    world->plan = prepared;
    world->plan.sets = world_at_edge(world, 0, bytes);
    plan_make(&world->view, &world->plan);
    world->plan.sets = memcpy(prepared.sets, world->plan.sets, bytes);
    world_check_budget(world);
    world_check_rollout(world);
    return &world->plan;
}

/* ---- the executor ---- */

static inline struct world_replica *world_add(struct world *world, const char *hash,
                                              int64_t revision)
{
    cr_assert_lt(world->replica_count, (size_t)WORLD_REPLICAS);
    struct world_replica *item = &world->replicas[world->replica_count++];
    int64_t number = world->next_replica++;
    *item = (struct world_replica){
        .node = -1,
        .replica = {.id = arena_printf(&world->memory, "web-%03lld", (long long)number),
                    .number = number,
                    .revision = revision,
                    .template_hash = hash,
                    .phase = REPLICA_PENDING,
                    .reason = "",
                    .readiness_reason = "",
                    .exit_code = -1,
                    .exit_signal = -1,
                    .created_at = WORLD_WALL_MS + world->now_ms,
                    .phase_since_ms = world->now_ms}};
    return item;
}

static inline const char *world_node_name(int node)
{
    static const char *const names[WORLD_NODES] = {"n1", "n2", "n3", "n4"};
    return names[node];
}

/* Moves a replica on; the fields that its agent and the report handler keep follow. */
static inline void world_move(struct world *world, struct world_replica *item, int phase,
                              bool ready)
{
    struct replica *replica = &item->replica;
    if (phase != REPLICA_PENDING && item->node < 0) {
        item->node = (int)(replica->number % WORLD_NODES);
        replica->node = world_node_name(item->node);
    }
    if (replica->phase != phase) replica->phase_since_ms = world->now_ms;
    if (ready && !replica->ready) replica->ready_since_ms = world->now_ms;
    if (!ready && replica->ready) replica->unready_since_ms = world->now_ms;
    replica->phase = phase;
    replica->ready = ready;
}

static inline void world_roll_back(struct world *world, const struct action *action)
{
    struct deployment *deployment = &world->deployment;
    cr_assert_eq(action->revision, deployment->next_revision);
    cr_assert_eq(action->copy_of, deployment->status.stable_revision);
    int64_t number = deployment->next_revision++;
    cr_assert_lt(number, WORLD_REVISIONS);
    world->hashes[number] = arena_strdup(&world->memory, action->template_hash);
    world->outcomes[number] = OUTCOME_ACTIVE;
    deployment->template_hash = world->hashes[number];
    deployment->generation++;
    world_ensure_set(world, world->hashes[number], 0);
}

static inline void world_forget(struct world *world, const char *hash)
{
    struct revision_set *set = world_set(world, hash);
    cr_assert_not_null(set);
    cr_assert_eq(set->wanted, 0);
    *set = world->sets[--world->set_count];
}

static inline void world_relabel(struct world *world, const struct action *action)
{
    world_set(world, action->template_hash)->revision = action->revision;
    for (size_t i = 0; i < world->replica_count; i++) {
        struct replica *replica = &world->replicas[i].replica;
        if (replica->wanted == WANTED_RUN &&
            text_equal(replica->template_hash, action->template_hash))
            replica->revision = action->revision;
    }
}

static inline void world_act_on_replica(struct world *world, const struct action *action)
{
    struct world_replica *item = world_find(world, action->replica->id);
    struct replica *replica = &item->replica;
    if (action->kind == ACTION_MARK_AVAILABLE) replica->available = replica->was_available = true;
    if (action->kind == ACTION_MARK_UNAVAILABLE) replica->available = false;
    if (action->kind == ACTION_DISMISS_FAILURE) replica->counted = true;
    if (action->kind == ACTION_COUNT_FAILURE) {
        cr_assert_not(replica->counted);
        replica->counted = true;
        struct revision_set *set = world_set(world, action->template_hash);
        if (!set) return;
        set->failures = action->failures;
        set->retry_at_ms = action->retry_at_ms;
    }
    if (action->kind == ACTION_STOP) {
        replica->wanted = WANTED_STOP;
        replica->stop_cause = action->stop_cause;
        replica->available = false;
        if (replica->phase == REPLICA_PENDING) replica->phase = REPLICA_STOPPED;
    }
}

static inline void world_act_on_set(struct world *world, const struct action *action)
{
    struct revision_set *set = world_set(world, action->template_hash);
    switch ((enum action_kind)action->kind) {
    case ACTION_SET_WANTED:
        world_ensure_set(world, action->template_hash, action->revision)->wanted = action->amount;
        return;
    case ACTION_RELABEL:
        world_relabel(world, action);
        return;
    case ACTION_RESET_BACKOFF:
        set->failures = set->retry_at_ms = 0;
        return;
    case ACTION_CREATE:
        cr_assert_not_null(set);
        for (int64_t i = 0; i < action->amount; i++)
            world_add(world, set->template_hash, action->revision);
        return;
    case ACTION_FORGET_SET:
        world_forget(world, action->template_hash);
        return;
    case ACTION_ROLLBACK:
        world_roll_back(world, action);
        return;
    case ACTION_SWITCH:
        world->deployment.active_hash =
            action->template_hash ? arena_strdup(&world->memory, action->template_hash) : NULL;
        return;
    case ACTION_SCALED:
    case ACTION_MARK_AVAILABLE:
    case ACTION_MARK_UNAVAILABLE:
    case ACTION_COUNT_FAILURE:
    case ACTION_DISMISS_FAILURE:
    case ACTION_STOP:
    case ACTION_DELETED:
        return;
    }
}

/* Strings of the verdict outlive the pass. */
static inline const char *world_keep(struct world *world, const char *text)
{
    return text ? arena_strdup(&world->memory, text) : NULL;
}

static inline void world_write_verdict(struct world *world)
{
    const struct plan *plan = &world->plan;
    struct deployment_status *status = &world->deployment.status;
    *status = plan->status;
    status->message = world_keep(world, status->message);
    for (size_t i = 0; i < plan->outcome_count; i++)
        world->outcomes[plan->outcomes[i].revision] = plan->outcomes[i].outcome;
    if (!plan->rollout_changed) return;
    world->rollout = plan->rollout;
    world->rollout.reason = world_keep(world, plan->rollout.reason);
    world->rollout.message = world_keep(world, plan->rollout.message);
}

static inline void world_apply(struct world *world)
{
    const struct plan *plan = &world->plan;
    for (size_t i = 0; i < plan->action_count; i++) {
        const struct action *action = &plan->actions[i];
        if (action->kind == ACTION_SCALED) {
            world->deployment.scaled_to = action->scaled_to;
            world->deployment.scaled_ceiling = action->scaled_ceiling;
        } else if (action->kind == ACTION_DELETED) {
            world->deleted = true;
        } else if (action->replica) {
            world_act_on_replica(world, action);
        } else {
            world_act_on_set(world, action);
        }
    }
    world_write_verdict(world);
}

/* Plans and applies until a plan has no action and asks for no other at once; that takes few. */
static inline struct plan *world_settle(struct world *world)
{
    enum { PASSES = 12 };
    for (int pass = 0; pass < PASSES; pass++) {
        world_plan(world);
        world_apply(world);
        bool again = world->plan.wake_at_ms > 0 && world->plan.wake_at_ms <= world->now_ms;
        if ((world->plan.action_count == 0 && !again) || world->deleted) return &world->plan;
    }
    cr_assert_fail("no fixpoint:\n%s", world_text(world));
    return NULL;
}

/* ---- short cuts ---- */

/* Every replica that is to run becomes ready, every one that is to stop ends. */
static inline void world_obey(struct world *world)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        struct world_replica *item = &world->replicas[i];
        if (replica_phase_final(item->replica.phase)) continue;
        if (world_presence(world, item) != PRESENCE_PRESENT) continue;
        bool run = item->replica.wanted == WANTED_RUN;
        world_move(world, item, run ? REPLICA_RUNNING : REPLICA_STOPPED, run);
    }
}

static inline void world_pass_time(struct world *world, int64_t seconds)
{
    world->now_ms += seconds * 1000;
}

/* Settles and obeys until the rollout has ended. */
static inline void world_finish(struct world *world)
{
    enum { ROUNDS = 200 };
    for (int round = 0; round < ROUNDS; round++) {
        world_settle(world);
        if (rollout_state_final(world->rollout.state)) return;
        world_obey(world);
        world_pass_time(world, 1);
    }
    cr_assert_fail("the rollout never ended:\n%s", world_text(world));
}

/* A deployment whose first template `hash` is stable and runs. */
static inline struct world *world_running(const char *hash, int64_t replicas)
{
    struct world *world = world_new(replicas);
    world_deploy(world, hash);
    world_finish(world);
    cr_assert_eq(world->rollout.state, ROLLOUT_SUCCEEDED);
    cr_assert_eq(world->deployment.status.stable_revision, replicas > 0 ? 1 : 0);
    return world;
}

static inline int64_t world_amount(const struct plan *plan, enum action_kind kind, const char *hash)
{
    for (size_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].kind == (int)kind && text_equal(plan->actions[i].template_hash, hash))
            return plan->actions[i].amount;
    return -1;
}

static inline size_t world_count(const struct plan *plan, enum action_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->action_count; i++)
        count += plan->actions[i].kind == (int)kind;
    return count;
}

/* The n-th (from 0) replica of `hash` that is to run and has not ended. */
static inline struct world_replica *world_nth(struct world *world, const char *hash, int n)
{
    for (size_t i = 0; i < world->replica_count; i++) {
        const struct replica *replica = &world->replicas[i].replica;
        if (replica_phase_final(replica->phase) || replica->wanted != WANTED_RUN) continue;
        if (text_equal(replica->template_hash, hash) && n-- == 0) return &world->replicas[i];
    }
    cr_assert_fail("too few of %s", hash);
    return NULL;
}

#endif
