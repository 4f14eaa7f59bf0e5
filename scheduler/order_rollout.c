/* Orders about the way of a template: abort goes back, retry tries again, restart replaces every
 * replica by one of the same template. Each is a launch like any other (launch.c). */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "store/quarantine.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/writer.h"

static enum err_code refuse_idle(const struct deployment *deployment, const struct rollout *last,
                                 const char *wanted, struct err *err)
{
    if (last->id == 0)
        return err_set(err, ERR_ILLEGAL_STATE, "deployment %s has no rollout to %s",
                       deployment->name, wanted);
    return err_set(err, ERR_ILLEGAL_STATE, "no rollout runs: the last one, %lld, is %s",
                   (long long)last->id, rollout_state_words[last->state]);
}

/* ---- abort ---- */

static enum err_code find_stable(const struct order *order, const struct deployment *deployment,
                                 struct revision *stable, struct err *err)
{
    int64_t number = deployment->status.stable_revision;
    if (number == 0)
        return err_set(
            err, ERR_ILLEGAL_STATE,
            "no revision of deployment %s was proven healthy yet: there is nothing to go "
            "back to",
            deployment->name);
    return revisions_get(tx_db(order->tx), order->arena, deployment->uid, number, stable, err);
}

enum err_code control_abort(struct control *control, struct store_tx *tx, struct arena *arena,
                            const char *cluster, const char *name,
                            const struct precondition *precondition, struct change *change,
                            struct err *err)
{
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    struct rollout last;
    struct revision stable;
    struct launch launch;
    *change = (struct change){.created = false};
    TRY(order_load_active(&order, cluster, name, precondition, deployment, err));
    TRY(order_last_rollout(&order, deployment, &last, err));
    if (!order_rollout_runs(&last)) return refuse_idle(deployment, &last, "abort", err);
    if (last.state == ROLLOUT_ROLLING_BACK) return ERR_OK;
    TRY(find_stable(&order, deployment, &stable, err));
    bool goes_back = text_equal(stable.template_hash, deployment->template_hash);
    if (goes_back) return ERR_OK;
    TRY(order_copy(&order, &stable, SOURCE_ABORT, &launch, err));
    launch.change_cause = arena_printf(arena, "rollout %lld was aborted", (long long)last.id);
    if (deployment->spec.paused)
        TRY(order_event(&order, deployment, "deployment", "resumed", "resumed by the abort", NULL,
                        err));
    deployment->spec.paused = false;
    change->changed = true;
    return control_launch(tx, arena, deployment, &launch, &change->rollout_id, err);
}

/* ---- retry ---- */

static bool may_retry(const struct rollout *last)
{
    return last->id != 0 && (last->state == ROLLOUT_FAILED || last->state == ROLLOUT_ROLLED_BACK ||
                             last->state == ROLLOUT_ABORTED);
}

static enum err_code refuse_retry(const struct deployment *deployment, const struct rollout *last,
                                  struct err *err)
{
    if (last->id == 0) return refuse_idle(deployment, last, "retry", err);
    return err_set(err, ERR_ILLEGAL_STATE,
                   "rollout %lld is %s: only one that failed, was rolled back or aborted can be "
                   "tried again",
                   (long long)last->id, rollout_state_words[last->state]);
}

/* An abort begins a rollout of its own: what was aborted is the one before it. */
static enum err_code find_tried(const struct order *order, const struct deployment *deployment,
                                struct rollout *tried, struct err *err)
{
    struct revision target;
    struct err missing;
    TRY(order_last_rollout(order, deployment, tried, err));
    if (tried->id < 2) return ERR_OK;
    enum err_code code = revisions_get(tx_db(order->tx), order->arena, deployment->uid,
                                       tried->to_revision, &target, &missing);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_copy(err, &missing);
    if (target.source != SOURCE_ABORT) return ERR_OK;
    return rollouts_get(tx_db(order->tx), order->arena, deployment->uid, tried->id - 1, tried, err);
}

static enum err_code find_again(const struct order *order, const struct deployment *deployment,
                                const struct rollout *tried, struct revision *revision,
                                struct err *err)
{
    enum err_code code = revisions_get(tx_db(order->tx), order->arena, deployment->uid,
                                       tried->to_revision, revision, err);
    if (code != ERR_NOT_FOUND) return code;
    return err_set(err, ERR_ILLEGAL_STATE, "revision %lld, which rollout %lld was for, is not kept",
                   (long long)tried->to_revision, (long long)tried->id);
}

enum err_code control_retry(struct control *control, struct store_tx *tx, struct arena *arena,
                            const char *cluster, const char *name,
                            const struct precondition *precondition, struct change *change,
                            struct err *err)
{
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    struct rollout tried;
    struct revision revision;
    struct launch launch;
    *change = (struct change){.created = false};
    TRY(order_load_active(&order, cluster, name, precondition, deployment, err));
    TRY(find_tried(&order, deployment, &tried, err));
    if (!may_retry(&tried)) return refuse_retry(deployment, &tried, err);
    TRY(find_again(&order, deployment, &tried, &revision, err));
    TRY(order_copy(&order, &revision, SOURCE_RETRY, &launch, err));
    TRY(quarantine_release(&order, deployment, &launch, err));
    launch.change_cause = arena_printf(arena, "rollout %lld is tried again", (long long)tried.id);
    change->changed = true;
    return control_launch(tx, arena, deployment, &launch, &change->rollout_id, err);
}

/* ---- restart ---- */

/* A restart must not be the way around a quarantine. */
static enum err_code check_restart(const struct order *order, const struct deployment *deployment,
                                   const struct launch *launch, struct err *err)
{
    struct quarantine row;
    bool found;
    TRY(quarantine_find(order, deployment, launch, &row, &found, err));
    if (!found) return ERR_OK;
    return err_set(err, ERR_QUARANTINED,
                   "rollout %lld of deployment %s failed by the template it has (%s); retry tries "
                   "it again",
                   (long long)row.rollout, deployment->name, row.reason);
}

enum err_code control_restart(struct control *control, struct store_tx *tx, struct arena *arena,
                              const char *cluster, const char *name,
                              const struct precondition *precondition, struct change *change,
                              struct err *err)
{
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    *change = (struct change){.created = false};
    TRY(order_load_active(&order, cluster, name, precondition, deployment, err));
    struct template *template = ARENA_NEW(arena, struct template);
    *template = deployment->spec.template;
    /* Revisions are numbered once: no two restarts give the same template. */
    template->restart_token =
        arena_printf(arena, "revision-%lld", (long long)deployment->next_revision);
    struct launch launch = order_launch(&order, template, SOURCE_RESTART);
    TRY(check_restart(&order, deployment, &launch, err));
    launch.change_cause = "restart";
    change->changed = true;
    return control_launch(tx, arena, deployment, &launch, &change->rollout_id, err);
}
