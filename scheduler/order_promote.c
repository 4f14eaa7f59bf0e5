/* Promote: what waits for it goes on. The order is written into the rollout and taken up by the
 * next pass; it is refused while what would be promoted is not whole. */
#include "base/text.h"
#include "scheduler/order.h"
#include "scheduler/plan/promotion.h"
#include "store/deployments.h"
#include "store/replicas.h"
#include "store/rollouts.h"
#include "store/writer.h"

struct promotion {
    struct order order;
    struct deployment *deployment;
    struct rollout rollout;
    struct promotion_step step;
    bool full;
};

static bool has_steps(int strategy)
{
    return strategy == STRATEGY_BLUE_GREEN || strategy == STRATEGY_CANARY;
}

static enum err_code check_kind(const struct promotion *promotion, struct err *err)
{
    const struct rollout *rollout = &promotion->rollout;
    int strategy = promotion->deployment->spec.strategy.type;
    if (!order_rollout_runs(rollout))
        return err_set(err, ERR_ILLEGAL_STATE, "no rollout of deployment %s runs",
                       promotion->deployment->name);
    if (rollout->state == ROLLOUT_ROLLING_BACK)
        return err_set(err, ERR_ILLEGAL_STATE, "rollout %lld is being taken back",
                       (long long)rollout->id);
    if (!has_steps(strategy))
        return err_set(err, ERR_ILLEGAL_STATE, "a %s rollout has nothing to promote",
                       strategy_type_words[strategy]);
    if (rollout->direct)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "rollout %lld goes without steps: there is nothing to promote",
                       (long long)rollout->id);
    return ERR_OK;
}

/* In the words of what stands still now. */
static enum err_code check_moves(const struct promotion *promotion, struct err *err)
{
    const struct deployment *deployment = promotion->deployment;
    if (deployment->spec.paused)
        return err_set(err, ERR_ILLEGAL_STATE, "the deployment is paused: resume it first");
    if (deployment->spec.replicas == 0)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "the deployment is scaled to 0 replicas: scale it up first");
    return ERR_OK;
}

/* Ordered already, or nothing is left that could be promoted. */
static bool is_reached(const struct promotion *promotion)
{
    int promote = promotion->rollout.promote;
    bool ordered = promote == PROMOTE_FULL || (promote == PROMOTE_STEP && !promotion->full);
    return ordered || promotion->step.over;
}

static enum err_code check_waits(const struct promotion *promotion, struct err *err)
{
    if (promotion->full || promotion->step.waits) return ERR_OK;
    if (promotion->step.keeps)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "rollout %lld has switched all traffic: nothing waits for a promote; full "
                       "ends keep_old_seconds",
                       (long long)promotion->rollout.id);
    return err_set(err, ERR_ILLEGAL_STATE,
                   "rollout %lld does not wait for a promotion now; full skips what is left of "
                   "its steps",
                   (long long)promotion->rollout.id);
}

static enum err_code count_available(const struct promotion *promotion, int64_t *available,
                                     struct err *err)
{
    const struct deployment *deployment = promotion->deployment;
    struct replica *replicas;
    size_t count;
    *available = 0;
    TRY(replicas_for_pass(tx_db(promotion->order.tx), promotion->order.arena, deployment->uid,
                          &replicas, &count, err));
    for (size_t i = 0; i < count; i++) {
        bool of_target = text_equal(replicas[i].template_hash, deployment->template_hash);
        if (of_target && replicas[i].wanted == WANTED_RUN && replicas[i].available) ++*available;
    }
    return ERR_OK;
}

static enum err_code check_whole(const struct promotion *promotion, struct err *err)
{
    int64_t wanted = promotion->step.wants, available;
    TRY(count_available(promotion, &available, err));
    if (available >= wanted) return ERR_OK;
    bool canary = promotion->deployment->spec.strategy.type == STRATEGY_CANARY;
    const char *what = canary ? "canaries" : "previews";
    return err_set(err, ERR_ILLEGAL_STATE, "%lld of %lld %s are available", (long long)available,
                   (long long)wanted, what);
}

static const char *sentence(const struct promotion *promotion)
{
    if (promotion->step.keeps) return "promoted: the old replicas are not kept any longer";
    return promotion->full ? "promoted: what is left of the steps is skipped"
                           : "promoted: the pause of this step ends";
}

/* Nobody is told that it still waits for a promote until the next pass takes this one up. */
static void tell_those_who_wait(struct promotion *promotion)
{
    struct deployment_status *status = &promotion->deployment->status;
    struct rollout *rollout = &promotion->rollout;
    bool fails = rollout->reason != NULL && *rollout->reason != '\0';
    if (rollout->state != ROLLOUT_AWAITING_PROMOTION) return;
    if (!fails) rollout->message = sentence(promotion);
    if (status->rollout_state != ROLLOUT_AWAITING_PROMOTION) return;
    status->rollout_state = ROLLOUT_PROGRESSING;
    status->message = sentence(promotion);
}

static enum err_code record(struct promotion *promotion, struct err *err)
{
    const struct order *order = &promotion->order;
    struct deployment *deployment = promotion->deployment;
    struct rollout *rollout = &promotion->rollout;
    const char *data = order_numbers(
        order, (struct order_number[]){{"rollout", rollout->id}, {"step", rollout->step}}, 2);
    rollout->promote = promotion->full ? PROMOTE_FULL : PROMOTE_STEP;
    TRY(order_event(order, deployment, "rollout", "promoted", sentence(promotion), data, err));
    tell_those_who_wait(promotion);
    rollout->index = deployment->index;
    TRY(rollouts_put(order->tx, deployment->uid, rollout, err));
    TRY(deployments_update_status(order->tx, deployment, err));
    tx_dirty_spec(order->tx, deployment->uid);
    return ERR_OK;
}

enum err_code control_promote(struct control *control, struct store_tx *tx, struct arena *arena,
                              const char *cluster, const char *name, bool full,
                              const struct precondition *precondition, struct change *change,
                              struct err *err)
{
    struct promotion promotion = {
        .order = {control, tx, arena}, .deployment = &change->deployment, .full = full};
    *change = (struct change){.created = false};
    TRY(order_load_active(&promotion.order, cluster, name, precondition, &change->deployment, err));
    TRY(order_last_rollout(&promotion.order, &change->deployment, &promotion.rollout, err));
    TRY(check_kind(&promotion, err));
    TRY(check_moves(&promotion, err));
    promotion.step = promotion_step(&change->deployment, &promotion.rollout);
    if (is_reached(&promotion)) return ERR_OK;
    TRY(check_waits(&promotion, err));
    TRY(check_whole(&promotion, err));
    change->changed = true;
    return record(&promotion, err);
}
