/* The checks know nothing of the planner: they compare what is stored before and after each commit,
 * and count for themselves. A commit holds at most one pass or one report of a deployment, and
 * maybe, before or after that, a verdict about one of its nodes. */
#include "base/text.h"
#include "model/event.h"
#include "model/node.h"
#include "sim_agent.h"
#include "sim_check_parts.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"

enum {
    INDEXES_MAX = 8192,
    ROLLOUTS_SEEN = 3 /* older ones are final */
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
    bool nodes_changed, rows_went;   /* in this commit */
    int64_t rollouts_ended;
    struct gone *gone;
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

bool sim_check_nodes_changed(const struct sim *sim)
{
    return sim->check->nodes_changed;
}

const struct gone *sim_check_gone(const struct sim *sim)
{
    return sim->check->gone;
}

/* ---- the one sequence ---- */

static void use_index(struct sim_check *check, int64_t index)
{
    int64_t position = index - check->first_index;
    if (position >= 0 && position < INDEXES_MAX) check->index_is_used[position] = true;
}

/* No number is skipped: each is an event's or a change's. Changes of orphans and of rows that went
 * in the same commit cannot be seen here. */
static void check_gapless(struct sim *sim)
{
    struct sim_check *check = sim->check;
    if (check->newest_index - check->first_index >= INDEXES_MAX)
        sim_fail(sim, "a commit of %lld changes", (long long)check->newest_index);
    bool hidden = check->nodes_changed || check->rows_went;
    for (int64_t i = 0; check->first_index + i <= check->newest_index; i++) {
        if (!check->index_is_used[i] && !hidden)
            sim_fail(sim, "index %lld belongs to nothing", (long long)(check->first_index + i));
        check->index_is_used[i] = false;
    }
    check->first_index = check->newest_index + 1;
    check->nodes_changed = check->rows_went = false;
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
    SIM_MUST(sim, replicas_list(sim->reader, arena, uid, 0, SIM_ROWS_MAX, &seen->replicas,
                                &seen->count, err));
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

const struct replica *seen_replica(const struct seen *seen, const char *id, int *node_state)
{
    for (size_t i = 0; seen && i < seen->count; i++) {
        if (!text_equal(seen->replicas[i].id, id)) continue;
        if (node_state) *node_state = seen->node_states[i];
        return &seen->replicas[i];
    }
    return NULL;
}

const struct rollout *seen_running(const struct seen *seen)
{
    if (!seen || seen->rollout_count == 0) return NULL;
    return rollout_state_final(seen->rollouts[0].state) ? NULL : &seen->rollouts[0];
}

int seen_node_state(const struct seen *before, const struct seen *after, size_t i)
{
    int then = after->node_states[i];
    seen_replica(before, after->replicas[i].id, &then);
    return then == NODE_READY ? then : after->node_states[i];
}

bool seen_lost(const struct seen *before, const struct seen *after, size_t i)
{
    int then = NODE_READY;
    seen_replica(before, after->replicas[i].id, &then);
    return after->node_states[i] == NODE_LOST || then == NODE_LOST;
}

bool seen_serves(const struct replica *replica, int node_state)
{
    return replica->available && replica->ready && replica->wanted == WANTED_RUN &&
           !replica_phase_final(replica->phase) && node_state == NODE_READY;
}

/* ---- moves ---- */

static void check_moves(struct sim *sim, const struct seen *before, const struct seen *after)
{
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *now = &after->replicas[i];
        const struct replica *then = seen_replica(before, now->id, NULL);
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
    if (after->deployment.lifecycle != LIFECYCLE_ACTIVE) return; /* somebody ordered it */
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *now = &after->replicas[i];
        int state_then = NODE_READY;
        const struct replica *then = seen_replica(before, now->id, &state_then);
        bool ordered = then && then->wanted == WANTED_RUN && now->wanted == WANTED_STOP;
        bool lost = after->node_states[i] == NODE_LOST && state_then == NODE_LOST;
        if (ordered && now->node && lost)
            sim_fail(sim, "%s was told to stop (%s) while its node is lost", now->id,
                     stop_cause_words[now->stop_cause]);
    }
}

/* Every wanted replica runs the target and is available, nothing else is left. */
static void check_complete(struct sim *sim, const struct seen *before, const struct seen *after)
{
    int64_t available = 0, others = 0;
    const struct deployment *deployment = &after->deployment;
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *replica = &after->replicas[i];
        int state = seen_node_state(before, after, i);
        if (replica_phase_final(replica->phase) || seen_lost(before, after, i)) continue;
        bool good = seen_serves(replica, state) &&
                    text_equal(replica->template_hash, deployment->template_hash);
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

static void note_end(struct sim *sim, const struct rollout *rollout)
{
    const char *outcome = rollout_state_words[rollout->state];
    bool own = rollout->state != ROLLOUT_SUPERSEDED && rollout->state != ROLLOUT_ABORTED;
    sim->check->rollouts_ended++;
    sim_count(sim->counts, "outcome", outcome);
    if (own) sim_count(sim->counts, strategy_type_words[rollout->strategy], outcome);
    if (*rollout->reason) sim_count(sim->counts, "reason", rollout->reason);
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
        if (rollout_state_final(now->state)) note_end(sim, now);
        if (now->state == ROLLOUT_AWAITING_PROMOTION || now->state == ROLLOUT_PAUSED)
            sim_count(sim->counts, "state", rollout_state_words[now->state]);
        if (now->state == ROLLOUT_SUCCEEDED) check_complete(sim, before, after);
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

static void check_one_runs(struct sim *sim, const struct seen *after)
{
    for (size_t i = 1; i < after->rollout_count; i++)
        if (!rollout_state_final(after->rollouts[i].state))
            sim_fail(sim, "rollout %lld runs beside a newer one", (long long)after->rollouts[i].id);
}

/* A deadline that has passed was judged, once the server had a moment for it. */
static void check_deadline(struct sim *sim, const struct seen *after)
{
    enum { LATE_MS = 2 * 60 * SIM_SECOND }; /* a pass that fails is tried again within a minute */
    const struct rollout *rollout = seen_running(after);
    if (!rollout || rollout->deadline_at_ms == 0 || rollout->monitor_since_ms > 0) return;
    int64_t overdue_ms = store_clock_ms(sim->store) - rollout->deadline_at_ms;
    if (overdue_ms > LATE_MS && !sim->writes_fail)
        sim_fail(sim, "rollout %lld of %s is %lld ms past its deadline", (long long)rollout->id,
                 after->deployment.name, (long long)overdue_ms);
}

static void note_states(struct sim *sim, const struct seen *before, const struct seen *after)
{
    const struct deployment_status *now = &after->deployment.status;
    if (!before) return;
    if (now->halted_reason && !before->deployment.status.halted_reason)
        sim_count(sim->counts, "halted", now->halted_reason);
    const char *active = after->deployment.active_hash;
    if (active && !text_equal(active, before->deployment.active_hash))
        sim_count(sim->counts, "state", "switched");
    for (size_t i = 0; i < after->count; i++) {
        const struct replica *then = seen_replica(before, after->replicas[i].id, NULL);
        if (then && after->replicas[i].check_round != then->check_round &&
            after->replicas[i].check_passed)
            sim_count(sim->counts, "state", "checked");
    }
}

static void note_rows_that_went(struct sim *sim, const struct seen *before,
                                const struct seen *after)
{
    for (size_t i = 0; before && i < before->count; i++)
        if (!seen_replica(after, before->replicas[i].id, NULL)) sim->check->rows_went = true;
}

static void check_one(struct sim *sim, const struct seen *before, struct seen *after)
{
    note_rows_that_went(sim, before, after);
    check_moves(sim, before, after);
    sim_check_orders(sim, before, after);
    check_silence(sim, before, after);
    check_rollouts(sim, before, after);
    check_one_runs(sim, after);
    check_deadline(sim, after);
    check_revisions(sim, after);
    note_states(sim, before, after);
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
    struct events_filter filter = {.after = check->newest_event, .limit = SIM_ROWS_MAX};
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

/* Its name is free again: forgotten here, and nothing of it may be left at the end. */
static void note_gone(struct sim *sim, const char *cluster, const char *name)
{
    struct sim_check *check = sim->check;
    size_t position = 0;
    const char *uid;
    void *value;
    while (map_next(&check->seen, &position, &uid, &value)) {
        struct seen *seen = value;
        if (!text_equal(seen->deployment.name, name)) continue;
        struct gone *gone = ARENA_NEW(&sim->memory, struct gone);
        *gone = (struct gone){arena_strdup(&sim->memory, uid), arena_strdup(&sim->memory, cluster),
                              arena_strdup(&sim->memory, name), check->gone};
        check->gone = gone;
        map_remove(&check->seen, gone->uid);
        seen_free(seen);
        return;
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
        seen_free(after);
        note_gone(sim, cluster_and_name, slash + 1);
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
