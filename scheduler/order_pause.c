/* Pause and resume: spec.paused, ordered by name. What is edited meanwhile rolls once, on resume.
 */
#include "base/text.h"
#include "scheduler/order.h"
#include "store/revisions.h"
#include "store/writer.h"

static enum err_code set_paused(const struct order *order, struct change *change, bool paused,
                                const char *reason, const char *message, struct err *err)
{
    struct deployment *deployment = &change->deployment;
    change->changed = true;
    deployment->spec.paused = paused;
    TRY(order_event(order, deployment, "deployment", reason, message, NULL, err));
    return order_store(order, deployment, err);
}

enum err_code control_pause(struct control *control, struct store_tx *tx, struct arena *arena,
                            const char *cluster, const char *name,
                            const struct precondition *precondition, struct change *change,
                            struct err *err)
{
    struct order order = {control, tx, arena};
    *change = (struct change){.created = false};
    TRY(order_load(&order, cluster, name, precondition, &change->deployment, err));
    if (change->deployment.spec.paused) return ERR_OK;
    return set_paused(&order, change, true, "paused",
                      "paused: template steps stand still, scaling and healing go on", err);
}

/* ---- resume ---- */

static enum err_code has_stable(const struct order *order, const struct deployment *deployment,
                                bool *stable, struct err *err)
{
    struct revision revision;
    int64_t number = deployment->status.stable_revision;
    *stable = false;
    if (number == 0) return ERR_OK;
    TRY(revisions_get(tx_db(order->tx), order->arena, deployment->uid, number, &revision, err));
    *stable = text_equal(revision.template_hash, deployment->template_hash);
    return ERR_OK;
}

static enum err_code copy_current(const struct order *order, struct deployment *deployment,
                                  struct launch *launch, struct err *err)
{
    struct revision current;
    struct quarantine row;
    bool quarantined;
    TRY(revisions_get(tx_db(order->tx), order->arena, deployment->uid, deployment->status.revision,
                      &current, err));
    TRY(order_copy(order, &current, SOURCE_RETRY, launch, err));
    launch->change_cause = "resumed after it had failed";
    TRY(quarantine_find(order, deployment, launch, &row, &quarantined, err));
    if (!quarantined) return ERR_OK;
    return err_set(err, ERR_QUARANTINED,
                   "rollout %lld of deployment %s failed by the template it has (%s); retry tries "
                   "it again, rollback leaves it, or apply it with force=true",
                   (long long)row.rollout, deployment->name, row.reason);
}

/* Steps of a template that failed are taken by a rollout alone, so that it may fail again. */
static enum err_code end_halt(const struct order *order, struct change *change, struct err *err)
{
    struct deployment *deployment = &change->deployment;
    struct launch launch;
    bool stable;
    TRY(has_stable(order, deployment, &stable, err));
    if (!stable) TRY(copy_current(order, deployment, &launch, err));
    deployment->status.halted_reason = NULL;
    deployment->status.halted_since_at = 0;
    const char *message = stable ? "resumed: template steps are no longer halted"
                                 : "resumed: the template that failed is rolled out again";
    if (stable) return set_paused(order, change, false, "resumed", message, err);
    change->changed = true;
    deployment->spec.paused = false;
    TRY(order_event(order, deployment, "deployment", "resumed", message, NULL, err));
    return control_launch(order->tx, order->arena, deployment, &launch, &change->rollout_id, err);
}

/* What halts a terminated one is for its start to judge. */
enum err_code control_resume(struct control *control, struct store_tx *tx, struct arena *arena,
                             const char *cluster, const char *name,
                             const struct precondition *precondition, struct change *change,
                             struct err *err)
{
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    *change = (struct change){.created = false};
    TRY(order_load(&order, cluster, name, precondition, deployment, err));
    bool halted = deployment->status.halted_reason != NULL;
    if (halted && deployment->lifecycle == LIFECYCLE_ACTIVE) return end_halt(&order, change, err);
    if (!deployment->spec.paused) return ERR_OK;
    return set_paused(&order, change, false, "resumed", "resumed: template steps go on", err);
}
