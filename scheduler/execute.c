#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "scheduler/execution.h"
#include "scheduler/pass_events.h"
#include "scheduler/placement.h"
#include "scheduler/reconcile.h"
#include "store/deployments.h"
#include "store/quarantine.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/writer.h"

enum { ROLLOUTS_KEPT_MIN = 10 };

void execution_init(struct execution *execution, struct control *control, struct store_tx *tx,
                    struct arena *arena, const struct view *view, const struct plan *plan)
{
    *execution = (struct execution){
        .control = control,
        .tx = tx,
        .arena = arena,
        .view = view,
        .plan = plan,
        .deployment = view->deployment,
        .rollout = plan->rollout,
        .wake_in_ms = RECONCILE_NO_WAKE,
    };
    int64_t created = 0;
    for (size_t i = 0; i < plan->action_count; i++)
        if (plan->actions[i].kind == ACTION_CREATE) created += plan->actions[i].amount;
    if (created > PASS_CREATE_MAX) created = PASS_CREATE_MAX;
    execution->replicas =
        ARENA_ARRAY(arena, struct pass_replica, view->replica_count + (size_t)created);
    execution->replica_count = view->replica_count;
    for (size_t i = 0; i < view->replica_count; i++) {
        execution->replicas[i].row = view->replicas[i].replica;
        execution->replicas[i].presence = view->replicas[i].presence;
    }
    execution->sets = ARENA_ARRAY(arena, struct pass_set, view->set_count + plan->action_count + 1);
    execution->set_count = view->set_count;
    for (size_t i = 0; i < view->set_count; i++)
        execution->sets[i].row = view->sets[i].set;
}

void execution_wake_in(struct execution *execution, int64_t wake_in_ms)
{
    if (execution->wake_in_ms == RECONCILE_NO_WAKE || wake_in_ms < execution->wake_in_ms)
        execution->wake_in_ms = wake_in_ms;
}

int64_t execution_index(struct execution *execution)
{
    if (execution->index == 0) execution->index = tx_next_index(execution->tx);
    return execution->index;
}

/* ---- rows ---- */

static enum err_code write_replicas(struct execution *execution, struct err *err)
{
    for (size_t i = 0; i < execution->replica_count; i++) {
        struct pass_replica *replica = &execution->replicas[i];
        if (!replica->changed) continue;
        if (replica->index == 0) replica->index = execution_index(execution);
        execution->endpoints = execution->endpoints || replica->effects.endpoints;
        TRY(replicas_write(execution->tx, &replica->row, replica->effects, replica->index, err));
    }
    return ERR_OK;
}

/* Canaries are asked through their assignments, and no longer when the round is over. */
static void announce_check(struct execution *execution)
{
    const struct view *view = execution->view;
    if (!execution->plan->has_rollout) return;
    if (execution->rollout.check_round == view->rollout.check_round) return;
    for (size_t i = 0; i < execution->replica_count; i++) {
        struct pass_replica *replica = &execution->replicas[i];
        if (replica->row.wanted != WANTED_RUN || replica_phase_final(replica->row.phase)) continue;
        if (!replica->row.node) continue;
        if (!text_equal(replica->row.template_hash, view->target.template_hash)) continue;
        replica->changed = true;
        replica->effects.assignments = true;
    }
}

static enum err_code write_sets(struct execution *execution, struct err *err)
{
    const char *uid = execution->deployment.uid;
    for (size_t i = 0; i < execution->set_count; i++) {
        struct pass_set *set = &execution->sets[i];
        if (!set->forgotten && !set->changed) continue;
        execution->wrote = true;
        if (set->forgotten)
            TRY(revision_sets_delete(execution->tx, uid, set->row.template_hash, err));
        else
            TRY(revision_sets_put(execution->tx, uid, &set->row, err));
    }
    return ERR_OK;
}

static enum err_code write_rollout(struct execution *execution, struct err *err)
{
    const struct plan *plan = execution->plan;
    const struct view *view = execution->view;
    if (!plan->has_rollout || !plan->rollout_changed) return ERR_OK;
    bool moved = !view->has_rollout || view->rollout.state != execution->rollout.state;
    if (moved && !execution->told) TRY(rollout_event(execution, err));
    execution->rollout.index = execution_index(execution);
    return rollouts_put(execution->tx, execution->deployment.uid, &execution->rollout, err);
}

/* After a rollback was ordered the spec names another template already. */
static enum err_code write_quarantine(struct execution *execution, struct err *err)
{
    const struct rollout *rollout = &execution->rollout;
    if (!execution->plan->quarantine) return ERR_OK;
    struct quarantine quarantine = {
        .rollout = rollout->id, .reason = rollout->reason, .at = tx_wall_ms(execution->tx)};
    TRY(quarantined_event(execution, err));
    return quarantine_put(execution->tx, execution->deployment.uid,
                          execution->view->target.base_hash, &quarantine, err);
}

static enum err_code write_outcomes(struct execution *execution, struct err *err)
{
    const struct plan *plan = execution->plan;
    for (size_t i = 0; i < plan->outcome_count; i++) {
        execution->wrote = true;
        TRY(revisions_set_outcome(execution->tx, execution->deployment.uid,
                                  plan->outcomes[i].revision,
                                  (enum revision_outcome)plan->outcomes[i].outcome, err));
    }
    return ERR_OK;
}

/* Last of all, so that the deployment's index is the newest of this pass. */
static enum err_code write_status(struct execution *execution, struct err *err)
{
    struct deployment *deployment = &execution->deployment;
    const struct plan *plan = execution->plan;
    bool status_changed = plan->status_changed || execution->deployment_changed;
    deployment->status = plan->status;
    deployment->status.version =
        deployment->spec.template.version; /* also of a rollback just made */
    if (deployment->status.state != execution->view->deployment.status.state)
        TRY(state_event(execution, err));
    if (status_changed) {
        deployment->index = execution_index(execution);
        TRY(deployments_update_status(execution->tx, deployment, err));
    }
    if (status_changed && !execution->endpoints) return ERR_OK;
    if (execution->index == 0 && !execution->wrote) return ERR_OK;
    return deployments_touch(execution->tx, deployment->uid, deployment->cluster, deployment->name,
                             execution->endpoints, execution_index(execution), err);
}

static enum err_code prune(struct execution *execution, struct err *err)
{
    const struct deployment *deployment = &execution->deployment;
    bool ended = execution->plan->has_rollout && execution->plan->rollout_changed &&
                 rollout_state_final(execution->rollout.state);
    /* Those that were scaled away leave rows behind as they end, without anything being made. */
    bool fewer = execution->plan->status.total < execution->view->deployment.status.total;
    if (execution->made || ended || fewer)
        TRY(replicas_prune(execution->tx, deployment->uid, LIMIT_ENDED_REPLICAS, err));
    if (!ended) return ERR_OK;
    int64_t limit = deployment->spec.revision_history_limit;
    TRY(revisions_prune(execution->tx, deployment->uid, limit, deployment->status.revision,
                        deployment->status.stable_revision, err));
    return rollouts_prune(execution->tx, deployment->uid,
                          limit > ROLLOUTS_KEPT_MIN ? limit : ROLLOUTS_KEPT_MIN, err);
}

enum err_code execute(struct execution *execution, struct err *err)
{
    TRY(execute_actions(execution, err));
    if (execution->gone) return ERR_OK;
    TRY(place_pending(execution, err));
    announce_check(execution);
    TRY(write_replicas(execution, err));
    TRY(write_sets(execution, err));
    TRY(write_rollout(execution, err));
    TRY(write_quarantine(execution, err));
    TRY(write_outcomes(execution, err));
    TRY(write_status(execution, err));
    return prune(execution, err);
}
