/* An agent's report: what was seen becomes the row, each change judged alone.
 *
 *   unreadable ─► rejected        unknown id, or one that has ended ─► its stop is ordered (unless
 *                                 the database was restored and the id is not of its making)
 *   another node's ─► rejected    older attempt, move out of the table ─► rejected
 *   nothing new ─► accepted, nothing written        else ─► row, events, facets, dirty mark
 *
 * Reports are numbered by `seq` (0 = not): one that was taken before is answered and not judged
 * again, since a client library may send a request twice and the second may arrive late.
 *
 * A full report lists everything the node has. What it does not list is left as it is: absence
 * never stops anything, and never ends anything. An agent that lost a replica says so. */
#include "base/arena.h"
#include "base/failpoint.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/live.h"
#include "scheduler/node_table.h"
#include "scheduler/report_parts.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/writer.h"

static bool ends(const struct replica *before, const struct replica *after)
{
    return replica_phase_final(after->phase) && !replica_phase_final(before->phase);
}

static struct replica_effects effects_of(const struct replica *before, const struct replica *after)
{
    bool moved = before->phase != after->phase &&
                 (before->phase == REPLICA_RUNNING || after->phase == REPLICA_RUNNING);
    return (struct replica_effects){
        .endpoints = moved || ends(before, after) || before->ready != after->ready ||
                     observed_move(before, after),
        /* The list of assignments shows last_attempt, and loses what has ended. */
        .assignments = ends(before, after) || before->attempt != after->attempt,
    };
}

static enum err_code write_observation(const struct reporting *reporting,
                                       const struct replica *before, const struct replica *after,
                                       struct err *err)
{
    int64_t index;
    TRY(observation_events(reporting, before, after, &index, err));
    if (index == 0) index = tx_next_index(reporting->tx);
    TRY(replicas_write(reporting->tx, after, effects_of(before, after), index, err));
    if (ends(before, after)) {
        node_table_allocate(reporting->tx, reporting->control->nodes, after->node,
                            &after->resources, -1);
        live_forget(reporting->control->live, after->node, after->id);
        tx_touch(reporting->tx, FACET_NODE, after->node, index);
        tx_touch_list(reporting->tx, LIST_OF_NODES, index);
    }
    tx_dirty(reporting->tx, after->deployment_uid);
    return ERR_OK;
}

/* Its node was removed and so it was given up; now that node is here again and has it. */
static bool given_up(const struct replica *replica)
{
    return text_equal(replica->reason, REASON_NODE_REMOVED);
}

static enum err_code judge_orphan(struct reporting *reporting, const struct replica_change *change,
                                  const char **slug, struct err *err)
{
    bool was_orphan;
    if (replica_phase_final(change->state))
        return orphan_ended(reporting, change->id, &was_orphan, err);
    return orphan_unknown(reporting, change->id, slug, err);
}

/* An end is final for the id: whatever attempt of it a node still runs, an agent with an old
 * journal for instance, must not go on beside the replica that took its place. */
static enum err_code judge_ended(struct reporting *reporting, const struct replica *before,
                                 const struct replica_change *change, bool *judged,
                                 const char **slug, struct err *err)
{
    bool was_orphan;
    *judged = true;
    if (!replica_phase_final(change->state))
        return orphan_seen(reporting, change->id, "which has ended", slug, err);
    TRY(orphan_ended(reporting, change->id, &was_orphan, err));
    *judged = was_orphan || given_up(before);
    return ERR_OK;
}

/* The round of the check that the replica is asked for now; 0 = none, or nothing was answered. */
static enum err_code find_asked(struct reporting *reporting, const struct replica *replica,
                                const struct replica_change *change, int64_t *round,
                                struct err *err)
{
    *round = 0;
    if (change->check_round == 0) return ERR_OK;
    if (!reporting->checks_loaded)
        TRY(rollouts_checks_on_node(tx_db(reporting->tx), reporting->arena, reporting->node,
                                    &reporting->checks, &reporting->check_count, err));
    reporting->checks_loaded = true;
    for (size_t i = 0; i < reporting->check_count; i++) {
        const struct rollout_check *check = &reporting->checks[i];
        bool asked = text_equal(check->uid, replica->deployment_uid) &&
                     text_equal(check->template_hash, replica->template_hash);
        if (asked) *round = check->round;
    }
    return ERR_OK;
}

static enum err_code judge_known(struct reporting *reporting, const struct replica *before,
                                 const struct replica_change *change, const char **slug,
                                 struct err *err)
{
    if (!text_equal(before->node, reporting->node)) {
        *slug = "unknown_replica";
        return ERR_OK;
    }
    bool judged = false;
    if (replica_phase_final(before->phase))
        TRY(judge_ended(reporting, before, change, &judged, slug, err));
    if (judged) return ERR_OK;
    if (change->attempt < before->attempt) {
        *slug = "stale_attempt";
        return ERR_OK;
    }
    if (!replica_may_move(before->phase, before->attempt, change->state, change->attempt)) {
        *slug = "illegal_move";
        return ERR_OK;
    }
    int64_t asked_round;
    TRY(find_asked(reporting, before, change, &asked_round, err));
    struct replica after = observe(reporting->tx, before, change, asked_round);
    if (replica_is_of_backup(before)) observe_since_backup(before, &after);
    TRY(observe_health(reporting, before, &after, change, err));
    if (!observed_news(before, &after)) return ERR_OK;
    return write_observation(reporting, before, &after, err);
}

static enum err_code judge(struct reporting *reporting, const struct replica_change *change,
                           const char **slug, struct err *err)
{
    *slug = change->error;
    if (change->error != NULL) return ERR_OK;
    struct replica replica;
    struct err problem = {.code = ERR_OK};
    enum err_code code =
        replicas_get(tx_db(reporting->tx), reporting->arena, change->id, &replica, &problem);
    if (code == ERR_OK) return judge_known(reporting, &replica, change, slug, err);
    if (code == ERR_NOT_FOUND) return judge_orphan(reporting, change, slug, err);
    if (err != NULL) *err = problem;
    return code;
}

static enum err_code check_epoch(const struct node *node, const struct report *report,
                                 struct err *err)
{
    if (report->epoch == node->epoch) return ERR_OK;
    return err_set(err, ERR_FENCED,
                   "node %s is at epoch %lld since its last registration, the report is of epoch "
                   "%lld",
                   node->name, (long long)node->epoch, (long long)report->epoch);
}

static enum err_code judge_all(struct reporting *reporting, const struct report *report,
                               struct report_result *result, struct err *err)
{
    for (size_t i = 0; i < report->change_count; i++) {
        const struct replica_change *change = &report->changes[i];
        const char *slug;
        TRY(judge(reporting, change, &slug, err));
        if (slug != NULL)
            result->items[result->count++] =
                (struct rejected_change){.id = change->id, .code = slug};
    }
    return ERR_OK;
}

enum err_code control_report(struct control *control, struct store_tx *tx, struct arena *arena,
                             const char *name, const struct report *report,
                             struct report_result *result, struct err *err)
{
    struct node node;
    *result = (struct report_result){.items = NULL};
    if (FP("node.report")) return err_set(err, ERR_UNAVAILABLE, "failpoint node.report was hit");
    TRY(nodes_get(tx_db(tx), arena, name, &node, err));
    TRY(check_epoch(&node, report, err));
    if (report->seq > 0) {
        if (report->seq <= node.report_seq) return ERR_OK; /* taken before, sent again */
        TRY(nodes_set_report_seq(tx, name, report->seq, err));
    }
    struct reporting reporting = {
        .control = control, .tx = tx, .arena = arena, .node = name, .cluster = node.cluster};
    result->items = ARENA_ARRAY(arena, struct rejected_change, report->change_count);
    map_init(&reporting.orphans);
    enum err_code code = judge_all(&reporting, report, result, err);
    map_release(&reporting.orphans);
    if (code != ERR_OK) return code;
    counter_add(&control->stats.changes_rejected, (int64_t)result->count);
    counter_add(&control->stats.changes_taken, (int64_t)(report->change_count - result->count));
    return ERR_OK;
}
