/* The checks know nothing of the planner: they compare what is stored before and after each commit,
 * and count for themselves. A commit holds at most one pass or one report of a deployment. */
#include "sim_check.h"

#include "base/text.h"
#include "model/event.h"
#include "model/node.h"
#include "sim_agent.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"

enum {
    ROWS_MAX = 100000,
    INDEXES_MAX = 8192,
    ROLLOUTS_SEEN = 3 /* older ones are final */
};

/* A deployment as a commit left it. */
struct seen {
    struct arena arena;
    struct deployment deployment;
    struct replica *replicas;
    int *node_states; /* of each replica's; NODE_LEFT when there is none or it has ended */
    size_t count;
    struct rollout *rollouts;
    size_t rollout_count;
};

struct touched_name {
    char cluster_and_name[160];
};

struct sim_check {
    struct map seen; /* uid → struct seen */
    struct touched_name touched[256];
    size_t touched_count;
    int64_t newest_index, newest_event;
    int64_t first_index;             /* of this commit */
    bool index_is_used[INDEXES_MAX]; /* by an event or a row, from first_index on */
    bool nodes_changed;
    int64_t rollouts_ended;
};

struct sim_check *sim_check_open(void)
{
    struct sim_check *check = xcalloc(1, sizeof *check);
    map_init(&check->seen);
    check->first_index = 1;
    return check;
}

static void seen_free(struct seen *seen)
{
    if (!seen) return;
    arena_release(&seen->arena);
    free(seen);
}

void sim_check_close(struct sim_check *check)
{
    size_t position = 0;
    void *value;
    while (map_next(&check->seen, &position, NULL, &value))
        seen_free(value);
    map_release(&check->seen);
    free(check);
}

int64_t sim_check_rollouts(const struct sim *sim)
{
    return sim->check->rollouts_ended;
}

/* ---- the one sequence ---- */

static void use_index(struct sim_check *check, int64_t index)
{
    int64_t position = index - check->first_index;
    if (position >= 0 && position < INDEXES_MAX) check->index_is_used[position] = true;
}

/* No number is skipped: each is an event's or a change's. Changes of orphans cannot be seen here.
 */
static void check_gapless(struct sim *sim)
{
    struct sim_check *check = sim->check;
    if (check->newest_index - check->first_index >= INDEXES_MAX)
        sim_fail(sim, "a commit of %lld changes", (long long)check->newest_index);
    for (int64_t i = 0; check->first_index + i <= check->newest_index; i++) {
        if (!check->index_is_used[i] && !check->nodes_changed)
            sim_fail(sim, "index %lld belongs to nothing", (long long)(check->first_index + i));
        check->index_is_used[i] = false;
    }
    check->first_index = check->newest_index + 1;
    check->nodes_changed = false;
}

/* ---- what is stored ---- */

static int node_state(struct sim *sim, struct seen *seen, const struct replica *replica)
{
    struct node node;
    struct err err;
    if (!replica->node || replica_phase_final(replica->phase)) return NODE_LEFT;
    for (size_t i = 0; &seen->replicas[i] != replica; i++)
        if (!replica_phase_final(seen->replicas[i].phase) &&
            text_equal(seen->replicas[i].node, replica->node))
            return seen->node_states[i];
    if (nodes_get(sim->reader, &seen->arena, replica->node, &node, &err) != ERR_OK)
        return NODE_LEFT;
    return node.state;
}

static void load_seen(struct sim *sim, struct seen *seen)
{
    struct arena *arena = &seen->arena;
    const char *uid = seen->deployment.uid;
    SIM_MUST(sim, replicas_list(sim->reader, arena, uid, 0, ROWS_MAX, &seen->replicas, &seen->count,
                                err));
    SIM_MUST(sim, rollouts_list(sim->reader, arena, uid, 0, ROLLOUTS_SEEN, &seen->rollouts,
                                &seen->rollout_count, err));
    use_index(sim->check, seen->deployment.index);
    for (size_t i = 0; i < seen->count; i++)
        use_index(sim->check, seen->replicas[i].index);
    for (size_t i = 0; i < seen->rollout_count; i++)
        use_index(sim->check, seen->rollouts[i].index);
    seen->node_states = ARENA_ARRAY(arena, int, seen->count);
    for (size_t i = 0; i < seen->count; i++)
        seen->node_states[i] = node_state(sim, seen, &seen->replicas[i]);
}

static const struct replica *find_replica(const struct seen *seen, const char *id, int *node_state)
{
    for (size_t i = 0; seen && i < seen->count; i++) {
        if (!text_equal(seen->replicas[i].id, id)) continue;
        if (node_state) *node_state = seen->node_states[i];
        return &seen->replicas[i];
    }
    return NULL;
}

/* ---- the rules ---- */

static int64_t share(const struct amount *amount, int64_t replicas, bool up)
{
    if (!amount->percent) return amount->value;
    int64_t hundredths = amount->value * replicas;
    return (hundredths + (up ? 99 : 0)) / 100;
}

struct bounds {
    int64_t min_available, ceiling;
};

static struct bounds bounds_of(const struct deployment *deployment)
{
    int64_t replicas = deployment->spec.replicas;
    int64_t surge = share(&deployment->spec.strategy.max_surge, replicas, true);
    int64_t unavailable = share(&deployment->spec.strategy.max_unavailable, replicas, false);
    if (unavailable > replicas) unavailable = replicas;
    if (surge == 0 && unavailable == 0) unavailable = 1;
    return (struct bounds){replicas - unavailable, replicas + surge};
}

static bool serves(const struct replica *replica, int node_state)
{
    return replica->available && replica->ready && replica->wanted == WANTED_RUN &&
           !replica_phase_final(replica->phase) && node_state == NODE_READY;
}

/* An available replica that this commit ordered to stop, for a reason that has to respect the
 * floor. */
static bool is_stopped_here(const struct seen *before, const struct seen *after, size_t i)
{
    const struct replica *now = &after->replicas[i];
    const struct replica *then = find_replica(before, now->id, NULL);
    if (!then || then->wanted == WANTED_STOP || now->wanted == WANTED_RUN) return false;
    bool bound = now->stop_cause == CAUSE_ROLLOUT || now->stop_cause == CAUSE_SCALING ||
                 now->stop_cause == CAUSE_SURPLUS;
    return bound && serves(then, after->node_states[i]);
}

static void check_floor(struct sim *sim, const struct seen *before, const struct seen *after)
{
    int64_t stopped = 0, left = 0;
    const char *id = NULL;
    for (size_t i = 0; i < after->count; i++) {
        left += serves(&after->replicas[i], after->node_states[i]);
        if (!is_stopped_here(before, after, i)) continue;
        stopped++;
        id = after->replicas[i].id;
    }
    struct bounds bounds = bounds_of(&after->deployment);
    if (stopped > 0 && left < bounds.min_available)
        sim_fail(sim,
                 "floor: a pass stopped %lld available replicas (%s), %lld are left, %lld must be",
                 (long long)stopped, id, (long long)left, (long long)bounds.min_available);
}

static void check_ceiling(struct sim *sim, const struct seen *before, const struct seen *after)
{
    int64_t total = 0, created = 0;
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *replica = &after->replicas[i];
        created += !find_replica(before, replica->id, NULL);
        bool lost = replica->node &&
                    (after->node_states[i] == NODE_LOST || after->node_states[i] == NODE_LEFT);
        total += !replica_phase_final(replica->phase) && !lost;
    }
    struct bounds bounds = bounds_of(&after->deployment);
    if (created > 0 && total > bounds.ceiling)
        sim_fail(sim, "ceiling: a pass made %lld replicas, so that there are %lld, %lld may be",
                 (long long)created, (long long)total, (long long)bounds.ceiling);
}

static void check_moves(struct sim *sim, const struct seen *before, const struct seen *after)
{
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *now = &after->replicas[i];
        const struct replica *then = find_replica(before, now->id, NULL);
        if (!then || (then->phase == now->phase && then->attempt == now->attempt)) continue;
        if (!replica_may_move(then->phase, then->attempt, now->phase, now->attempt))
            sim_fail(sim, "%s moved from %s#%lld to %s#%lld", now->id,
                     replica_phase_words[then->phase], (long long)then->attempt,
                     replica_phase_words[now->phase], (long long)now->attempt);
    }
}

/* A node that is only silent is no reason to stop what runs there. */
static void check_silence(struct sim *sim, const struct seen *before, const struct seen *after)
{
    if (after->deployment.lifecycle == LIFECYCLE_DELETING) return;
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *now = &after->replicas[i];
        const struct replica *then = find_replica(before, now->id, NULL);
        bool ordered = then && then->wanted == WANTED_RUN && now->wanted == WANTED_STOP;
        if (ordered && now->node && after->node_states[i] == NODE_LOST)
            sim_fail(sim, "%s was told to stop (%s) while its node is lost", now->id,
                     stop_cause_words[now->stop_cause]);
    }
}

/* Every wanted replica runs the target and is available, nothing else is left. */
static void check_complete(struct sim *sim, const struct seen *after)
{
    int64_t available = 0, others = 0;
    const struct deployment *deployment = &after->deployment;
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *replica = &after->replicas[i];
        int state = after->node_states[i];
        if (replica_phase_final(replica->phase) || state == NODE_LOST) continue;
        bool good =
            serves(replica, state) && text_equal(replica->template_hash, deployment->template_hash);
        if (good)
            available++;
        else
            others++;
    }
    if (available != deployment->spec.replicas || others > 0)
        sim_fail(sim, "%s succeeded with %lld of %lld available and %lld others left",
                 deployment->name, (long long)available, (long long)deployment->spec.replicas,
                 (long long)others);
}

static const struct rollout *find_rollout(const struct seen *seen, int64_t id)
{
    for (size_t i = 0; seen && i < seen->rollout_count; i++)
        if (seen->rollouts[i].id == id) return &seen->rollouts[i];
    return NULL;
}

/* A pass may resume a rollout and end it. */
static bool may_move_in_one_pass(int from, int to)
{
    if (rollout_state_may_move(from, to)) return true;
    for (int between = 0; rollout_state_words[between]; between++)
        if (rollout_state_may_move(from, between) && rollout_state_may_move(between, to))
            return true;
    return false;
}

static void check_rollouts(struct sim *sim, const struct seen *before, const struct seen *after)
{
    for (size_t i = 0; i < after->rollout_count; i++) {
        const struct rollout *now = &after->rollouts[i];
        const struct rollout *then = find_rollout(before, now->id);
        if (!then && now->state != ROLLOUT_PROGRESSING)
            sim_fail(sim, "rollout %lld began as %s", (long long)now->id,
                     rollout_state_words[now->state]);
        if (!then || then->state == now->state) continue;
        if (!may_move_in_one_pass(then->state, now->state))
            sim_fail(sim, "rollout %lld moved from %s to %s", (long long)now->id,
                     rollout_state_words[then->state], rollout_state_words[now->state]);
        sim_trace(sim, "rollout %lld of %s: %s ─► %s: %s", (long long)now->id,
                  after->deployment.name, rollout_state_words[then->state],
                  rollout_state_words[now->state], now->message);
        sim->check->rollouts_ended += rollout_state_final(now->state);
        if (now->state == ROLLOUT_SUCCEEDED) check_complete(sim, after);
        if (rollout_state_final(now->state) && now->finished_at == 0)
            sim_fail(sim, "rollout %lld ended at no time", (long long)now->id);
    }
}

static void check_revisions(struct sim *sim, struct seen *after)
{
    const struct deployment_status *status = &after->deployment.status;
    struct revision revision;
    int64_t numbers[] = {status->revision, status->stable_revision};
    for (size_t i = 0; i < 2; i++)
        if (numbers[i] != 0)
            SIM_MUST(sim, revisions_get(sim->reader, &after->arena, after->deployment.uid,
                                        numbers[i], &revision, err));
}

static void check_one(struct sim *sim, const struct seen *before, struct seen *after)
{
    check_moves(sim, before, after);
    check_floor(sim, before, after);
    check_ceiling(sim, before, after);
    check_silence(sim, before, after);
    check_rollouts(sim, before, after);
    check_revisions(sim, after);
    if (before && after->deployment.index < before->deployment.index)
        sim_fail(sim, "%s went back from index %lld to %lld", after->deployment.name,
                 (long long)before->deployment.index, (long long)after->deployment.index);
}

/* ---- after a commit ---- */

void sim_check_touched(struct sim *sim, const struct touched *touched, size_t count,
                       int64_t newest_index)
{
    struct sim_check *check = sim->check;
    if (newest_index < check->newest_index)
        sim_fail(sim, "published index %lld after %lld", (long long)newest_index,
                 (long long)check->newest_index);
    check->newest_index = newest_index;
    for (size_t i = 0; i < count; i++) {
        if (touched[i].index > newest_index)
            sim_fail(sim, "%s was touched with an index from the future", touched[i].key);
        use_index(check, touched[i].index);
        check->nodes_changed |= touched[i].kind == FACET_NODE;
        if (touched[i].kind != FACET_DEPLOYMENT) continue;
        if (check->touched_count == sizeof check->touched / sizeof *check->touched)
            sim_fail(sim, "too many deployments in one commit");
        struct touched_name *name = &check->touched[check->touched_count++];
        snprintf(name->cluster_and_name, sizeof name->cluster_and_name, "%s", touched[i].key);
    }
}

static void check_events(struct sim *sim)
{
    struct sim_check *check = sim->check;
    auto_arena arena;
    arena_init(&arena);
    struct events_filter filter = {.after = check->newest_event, .limit = ROWS_MAX};
    struct event *items = NULL;
    size_t count = 0;
    SIM_MUST(sim, events_list(sim->reader, &arena, &filter, &items, &count, err));
    for (size_t i = 0; i < count; i++) {
        if (items[i].index <= check->newest_event || items[i].index > sim->newest_index)
            sim_fail(sim, "event %lld after event %lld, the newest index being %lld",
                     (long long)items[i].index, (long long)check->newest_event,
                     (long long)sim->newest_index);
        check->newest_event = items[i].index;
        use_index(check, items[i].index);
        sim_trace(sim, "%lld %s %s %s: %s", (long long)items[i].index, items[i].kind, items[i].name,
                  items[i].reason, items[i].message);
    }
}

static void check_touched(struct sim *sim, char *cluster_and_name)
{
    char *slash = strchr(cluster_and_name, '/');
    *slash = '\0';
    struct seen *after = xcalloc(1, sizeof *after);
    arena_init(&after->arena);
    struct err err;
    enum err_code code = deployments_get(sim->reader, &after->arena, cluster_and_name, slash + 1,
                                         &after->deployment, &err);
    if (code != ERR_OK) {
        seen_free(after); /* it is gone */
        return;
    }
    load_seen(sim, after);
    check_one(sim, map_get(&sim->check->seen, after->deployment.uid), after);
    seen_free(map_put(&sim->check->seen, after->deployment.uid, after));
}

void sim_check_commit(struct sim *sim)
{
    struct sim_check *check = sim->check;
    if (check->newest_index < check->first_index) return;
    SIM_MUST(sim, store_read_begin(sim->reader, err));
    check_events(sim);
    for (size_t i = 0; i < check->touched_count; i++)
        check_touched(sim, check->touched[i].cluster_and_name);
    check->touched_count = 0;
    check_gapless(sim);
    store_read_end(sim->reader);
}

/* ---- at the end ---- */

static bool is_whole(const struct rollout *newest)
{
    return newest->state == ROLLOUT_SUCCEEDED || newest->state == ROLLOUT_ROLLED_BACK;
}

static void check_same(struct sim *sim, const struct replica *replica)
{
    struct sim_agent *agent = replica->node ? sim_agent_find(sim, replica->node) : NULL;
    if (!agent)
        sim_fail(sim, "%s is still %s: %s", replica->id, replica_phase_words[replica->phase],
                 replica->reason);
    const struct sim_process *process = map_get(&agent->by_id, replica->id);
    if (!process || process->attempt != replica->attempt || process->phase != replica->phase)
        sim_fail(sim, "%s is %s#%lld in the store and %s#%lld on %s", replica->id,
                 replica_phase_words[replica->phase], (long long)replica->attempt,
                 process ? replica_phase_words[process->phase] : "absent",
                 process ? (long long)process->attempt : 0LL, agent->name);
}

/* A version that works is wholly there; one that does not may be between two attempts. */
static int64_t check_replicas(struct sim *sim, struct arena *arena,
                              const struct deployment *deployment, bool steady)
{
    struct replica *replicas = NULL;
    size_t count = 0;
    int64_t running = 0, available = 0;
    SIM_MUST(sim, replicas_list(sim->reader, arena, deployment->uid, 0, ROWS_MAX, &replicas, &count,
                                err));
    for (size_t i = 0; i < count; i++) {
        if (replica_phase_final(replicas[i].phase)) continue;
        if (steady) check_same(sim, &replicas[i]);
        running += replicas[i].node != NULL;
        available += replicas[i].available;
    }
    if (steady && available != deployment->spec.replicas)
        sim_fail(sim, "%s is whole with %lld of %lld available: %s", deployment->name,
                 (long long)available, (long long)deployment->spec.replicas,
                 deployment->status.message);
    return running;
}

static int64_t check_settled_one(struct sim *sim, struct arena *arena,
                                 const struct deployment *deployment)
{
    struct rollout *rollouts = NULL;
    size_t count = 0;
    SIM_MUST(sim, rollouts_list(sim->reader, arena, deployment->uid, 0, ROWS_MAX, &rollouts, &count,
                                err));
    for (size_t i = 0; i < count; i++)
        if (!rollout_state_final(rollouts[i].state))
            sim_fail(sim, "rollout %lld of %s is still %s: %s", (long long)rollouts[i].id,
                     deployment->name, rollout_state_words[rollouts[i].state], rollouts[i].message);
    if (deployment->lifecycle == LIFECYCLE_DELETING)
        sim_fail(sim, "%s is still there", deployment->name);
    if (deployment->status.observed_generation != deployment->generation)
        sim_fail(sim, "%s: generation %lld is not observed", deployment->name,
                 (long long)deployment->generation);
    const struct behaviour *behaviour = sim_behaviour(deployment->spec.template.version);
    bool works = behaviour->ready_after_ms >= 0 && behaviour->exit_after_ready_ms < 0;
    return check_replicas(sim, arena, deployment, works && count > 0 && is_whole(&rollouts[0]));
}

static void count_all(struct sim *sim, int64_t *wanted, int64_t *running)
{
    auto_arena arena;
    arena_init(&arena);
    struct deployment *items = NULL;
    size_t count = 0;
    struct deployments_filter filter = {.limit = ROWS_MAX};
    *wanted = *running = 0;
    SIM_MUST(sim, store_read_begin(sim->reader, err));
    SIM_MUST(sim, deployments_list(sim->reader, &arena, &filter, &items, &count, err));
    for (size_t i = 0; i < count; i++)
        *wanted += check_settled_one(sim, &arena, &items[i]);
    store_read_end(sim->reader);
    for (size_t i = 0; i < sim->agent_count; i++)
        *running += sim_agent_running(sim->agents[i]);
}

void sim_check_settled(struct sim *sim)
{
    enum { TRIES = 20 };
    int64_t wanted = 0, running = 0;
    for (int i = 0; i < TRIES; i++) {
        count_all(sim, &wanted, &running);
        if (running == wanted) return;
        sim_run_for(sim, SIM_SECOND); /* a version that does not work is being tried again */
    }
    sim_fail(sim, "%lld processes run and the store knows %lld", (long long)running,
             (long long)wanted);
}
