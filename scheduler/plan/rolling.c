/* The template step of the rolling strategy: the target grows under the ceiling, the others shrink
 * above the floor. Outside of a rollout it takes what is left of one the same careful way.
 *
 * batch_pause_seconds: once the target has grown, neither grows nor shrinks anything before all of
 * it is available and the pause is over; the last batch needs no pause. The deadline stands still
 * during the pause, for nothing could move it. A rollback takes no pauses.
 */
#include "scheduler/plan/arithmetic.h"
#include "scheduler/plan/pass.h"

static bool batches(const struct pass *pass)
{
    const struct set_tally *target = pass->target;
    return pass_strategy(pass)->batch_pause_seconds > 0 && pass_rollout_running(pass) &&
           pass->plan->rollout.state == ROLLOUT_PROGRESSING && target->wanted > 0 &&
           target->wanted < pass_replicas(pass);
}

static bool batch_holds(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (!batches(pass)) return false;
    if (pass->target->available < pass->target->wanted) return true;
    if (rollout->batch_after_ms == 0) {
        int64_t pause_ms = pass_strategy(pass)->batch_pause_seconds * MS_PER_SECOND;
        rollout->batch_after_ms = pass->view->now_ms + pause_ms;
        rollout->deadline_at_ms += pause_ms;
        pass_due(pass, rollout->deadline_at_ms);
    }
    if (rollout->batch_after_ms <= pass->view->now_ms) return false;
    pass_due(pass, rollout->batch_after_ms);
    return true;
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

static void grow_target(struct pass *pass)
{
    struct set_tally *target = pass->target;
    const struct plan_budget *budget = &pass->plan->budget;
    int64_t more = rolling_growth(budget->replicas, budget->surge, committed(pass), target->wanted);
    if (more == 0 && target->wanted <= budget->replicas) return;
    target->wanted = min_i64(target->wanted + more, budget->replicas);
    target->why = "rolling step";
    pass->plan->rollout.batch_after_ms = 0;
}

void rolling_step(struct pass *pass)
{
    struct plan *plan = pass->plan;
    if (batch_holds(pass)) return;
    grow_target(pass);
    rolling_shrink(plan->sets, plan->set_count, pass->target, plan->budget.min_available);
    for (size_t i = 0; i < plan->set_count; i++) {
        struct set_tally *set = &plan->sets[i];
        if (set != pass->target && set->wanted != set->wanted_before) set->why = "rolling step";
    }
}
