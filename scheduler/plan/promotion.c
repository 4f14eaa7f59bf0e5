#include "scheduler/plan/promotion.h"

#include "scheduler/plan/arithmetic.h"

static struct promotion_step of_canary(const struct deployment *deployment, int64_t number)
{
    const struct canary_steps *steps = &deployment->spec.strategy.steps;
    const struct canary_step *sizing = canary_sizing(steps, number);
    if (number >= (int64_t)steps->count) return (struct promotion_step){.over = true};
    return (struct promotion_step){
        .waits = steps->items[number].kind == CANARY_PAUSE,
        .wants = sizing ? canary_share(sizing, deployment->spec.replicas) : 0,
    };
}

static struct promotion_step of_blue_green(const struct deployment *deployment,
                                           const struct rollout *rollout, int64_t number)
{
    bool keeps = number == BLUE_GREEN_SWITCHED && rollout->keep_old_since_ms > 0;
    if (keeps) return (struct promotion_step){.keeps = true};
    if (number >= BLUE_GREEN_PROMOTED) return (struct promotion_step){.over = true};
    return (struct promotion_step){
        .waits = rollout->state == ROLLOUT_AWAITING_PROMOTION || rollout->step_since_ms > 0 ||
                 !deployment->spec.strategy.auto_promote,
        .wants = preview_share(&deployment->spec.strategy, deployment->spec.replicas),
    };
}

/* A strategy that was edited after the last pass begins with its own first step. */
struct promotion_step promotion_step(const struct deployment *deployment,
                                     const struct rollout *rollout)
{
    int type = deployment->spec.strategy.type;
    bool followed = rollout->strategy == type;
    int64_t number = followed ? rollout->step : 0;
    if (type == STRATEGY_CANARY) return of_canary(deployment, number);
    struct promotion_step step = of_blue_green(deployment, rollout, number);
    step.waits = step.waits && followed;
    return step;
}
