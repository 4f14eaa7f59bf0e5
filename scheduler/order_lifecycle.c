/* Terminate and start: the spec stays, its replicas go and come back. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "store/deployments.h"
#include "store/revisions.h"
#include "store/writer.h"

/* A rollout that runs is ended by the next pass, as for a deletion. */
enum err_code control_terminate(struct control *control, struct store_tx *tx, struct arena *arena,
                                const char *cluster, const char *name,
                                const struct precondition *precondition, struct change *change,
                                struct err *err)
{
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    *change = (struct change){.created = false};
    TRY(order_load(&order, cluster, name, precondition, deployment, err));
    if (deployment->lifecycle == LIFECYCLE_TERMINATED) return ERR_OK;
    change->changed = true;
    deployment->lifecycle = LIFECYCLE_TERMINATED;
    deployment->status.state = DEPLOYMENT_TERMINATING;
    deployment->status.message = "its replicas are told to stop";
    TRY(order_event(&order, deployment, "deployment", "terminating",
                    "termination was ordered, its replicas are told to stop", NULL, err));
    return order_store(&order, deployment, err);
}

/* ---- start ---- */

struct starting {
    struct order order;
    struct deployment *deployment;
    struct revision current, stable; /* stable.number 0 = there is none */
    bool proven;                     /* the spec has the stable template */
    struct launch again;             /* of the spec's template */
    struct quarantine quarantine;
    bool quarantined;
};

static enum err_code look(struct starting *starting, struct err *err)
{
    const struct order *order = &starting->order;
    const struct deployment *deployment = starting->deployment;
    const struct deployment_status *status = &deployment->status;
    struct store_db *db = tx_db(order->tx);
    TRY(revisions_get(db, order->arena, deployment->uid, status->revision, &starting->current,
                      err));
    if (status->stable_revision != 0)
        TRY(revisions_get(db, order->arena, deployment->uid, status->stable_revision,
                          &starting->stable, err));
    starting->proven = status->stable_revision != 0 &&
                       text_equal(starting->stable.template_hash, deployment->template_hash);
    TRY(order_copy(order, &starting->current, SOURCE_RETRY, &starting->again, err));
    return quarantine_find(order, deployment, &starting->again, &starting->quarantine,
                           &starting->quarantined, err);
}

static enum err_code begin(struct starting *starting, const char *message, struct err *err)
{
    struct deployment *deployment = starting->deployment;
    deployment->lifecycle = LIFECYCLE_ACTIVE;
    deployment->status.state = DEPLOYMENT_DEPLOYING;
    deployment->status.message = "its replicas are started again";
    return order_event(&starting->order, deployment, "deployment", "started", message, NULL, err);
}

/* It has failed: what was proven runs again. */
static enum err_code go_back(struct starting *starting, int64_t *rollout_id, struct err *err)
{
    const struct order *order = &starting->order;
    long long failed = (long long)starting->current.number;
    struct launch launch;
    TRY(begin(starting,
              arena_printf(order->arena,
                           "started again with the stable template, of revision %lld: that of "
                           "revision %lld has failed",
                           (long long)starting->stable.number, failed),
              err));
    TRY(order_copy(order, &starting->stable, SOURCE_ROLLBACK, &launch, err));
    launch.change_cause =
        arena_printf(order->arena, "started again after revision %lld had failed", failed);
    return control_launch(order->tx, order->arena, starting->deployment, &launch, rollout_id, err);
}

/* One that was applied while the deployment was terminated has its revision already. */
static enum err_code roll_out(struct starting *starting, int64_t *rollout_id, struct err *err)
{
    const struct order *order = &starting->order;
    struct launch *launch = &starting->again;
    TRY(begin(starting, "started again: the template of its spec is rolled out", err));
    launch->direct = true;
    launch->change_cause = "started again";
    if (starting->current.outcome == OUTCOME_PENDING) launch->revision = starting->current.number;
    return control_launch(order->tx, order->arena, starting->deployment, launch, rollout_id, err);
}

static enum err_code come_back(struct starting *starting, struct err *err)
{
    TRY(begin(starting, "started again with the replicas that its spec asks for", err));
    return order_store(&starting->order, starting->deployment, err);
}

static enum err_code refuse(const struct starting *starting, struct err *err)
{
    const struct quarantine *row = &starting->quarantine;
    return err_set(err, ERR_QUARANTINED,
                   "rollout %lld of deployment %s failed by the template it has (%s), and no other "
                   "was proven healthy; apply another template, or this one with force=true, then "
                   "start it",
                   (long long)row->rollout, starting->deployment->name, row->reason);
}

/*   halted or quarantined ─► the stable template, if it is another one
 *                        └─► refused while it is quarantined
 *   not proven, or not rolled out yet ─► a rollout         else ─► its replicas come back
 */
static enum err_code start(struct starting *starting, int64_t *rollout_id, struct err *err)
{
    bool halted = starting->deployment->status.halted_reason != NULL;
    bool failed = halted || starting->quarantined;
    if (failed && starting->stable.number != 0 && !starting->proven)
        return go_back(starting, rollout_id, err);
    if (starting->quarantined) return refuse(starting, err);
    bool whole = starting->proven && starting->current.outcome != OUTCOME_PENDING;
    if (whole && !halted) return come_back(starting, err);
    return roll_out(starting, rollout_id, err);
}

enum err_code control_start(struct control *control, struct store_tx *tx, struct arena *arena,
                            const char *cluster, const char *name,
                            const struct precondition *precondition, struct change *change,
                            struct err *err)
{
    *change = (struct change){.created = false};
    struct starting starting = {.order = {control, tx, arena}, .deployment = &change->deployment};
    TRY(order_load(&starting.order, cluster, name, precondition, &change->deployment, err));
    if (change->deployment.lifecycle == LIFECYCLE_ACTIVE) return ERR_OK;
    TRY(look(&starting, err));
    change->changed = true;
    return start(&starting, &change->rollout_id, err);
}
