/* rolling: the target grows under the ceiling, the others shrink above the floor. Outside of a
 * rollout it takes what is left of one the same careful way.
 *
 * batch_pause_seconds: once the target has grown, neither grows nor shrinks anything before all of
 * it is available and the pause is over; the last batch needs no pause. The deadline stands still
 * during the pause, for nothing could move it. Ways back take no pauses.
 */
#include "scheduler/plan/strategy.h"

static bool batches(const struct pass *pass)
{
    const struct set_tally *target = pass->target;
    const struct rollout *rollout = &pass->plan->rollout;
    return pass_strategy(pass)->batch_pause_seconds > 0 && pass_rollout_running(pass) &&
           rollout->state != ROLLOUT_ROLLING_BACK && target->wanted > 0 &&
           target->wanted < pass_replicas(pass);
}

static bool batch_holds(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (!batches(pass)) return false;
    if (pass->target->available < pass->target->wanted) return true;
    if (rollout->batch_since_ms == 0) clocks_begin(pass, &rollout->batch_since_ms);
    return clocks_lasts(pass, rollout->batch_since_ms, pass_strategy(pass)->batch_pause_seconds);
}

/* All that run, stop, or are wanted already and will be created: what the ceiling is held against.
 */
static int64_t committed(const struct pass *pass)
{
    int64_t sum = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        sum += max_i64(set->wanted, set->running) + set->stopping;
    }
    return sum;
}

void target_grow(struct pass *pass, int64_t goal, const char *why)
{
    struct set_tally *target = pass->target;
    int64_t room = pass->plan->budget.ceiling - goal;
    int64_t more = rolling_growth(goal, room, committed(pass), target->wanted);
    int64_t wanted = min_i64(target->wanted + more, goal);
    if (wanted == target->wanted) return;
    set_resize(target, wanted, why);
    pass->plan->rollout.batch_since_ms = 0;
}

/* What failed is not started once more, be it missed for a while. */
static void forgo_the_failed(struct pass *pass)
{
    bool rolling_back =
        pass_rollout_running(pass) && pass->plan->rollout.state == ROLLOUT_ROLLING_BACK;
    for (size_t i = 0; rolling_back && i < pass->plan->set_count; i++) {
        struct set_tally *set = &pass->plan->sets[i];
        if (set != pass->target) set->wanted = min_i64(set->wanted, set->running);
    }
}

void rolling_move(struct pass *pass)
{
    struct plan *plan = pass->plan;
    forgo_the_failed(pass);
    target_grow(pass, plan->budget.replicas, "rolling step");
    rolling_shrink(plan->sets, plan->set_count, pass->target, plan->budget.min_available);
    for (size_t i = 0; i < plan->set_count; i++) {
        struct set_tally *set = &plan->sets[i];
        if (set != pass->target) set->why = "rolling step";
    }
}

static void rolling_step(struct pass *pass)
{
    if (!batch_holds(pass)) rolling_move(pass);
}

const struct strategy_rules rolling_rules = {.step = rolling_step};
