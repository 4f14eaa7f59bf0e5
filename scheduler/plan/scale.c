/* A scaling event: the wanted number is not the one that the stored sizes were made for. Applied
 * before and apart from template steps, also while they are halted or paused, and never refused.
 */
#include "scheduler/plan/strategy.h"

/* Who takes all when every set is at 0: the one that has the traffic, else the newest; of a rollout
 * with steps left the one that served before it, or the steps would be skipped. While another
 * rollout is paused that would start what the pause holds back, so the stable template takes it,
 * and without one nobody does until the rollout has got anywhere or is resumed: in the pass after
 * that one, which takes the strategy's own steps as well. */
static struct set_tally *heir(const struct pass *pass)
{
    if (pass->active) return pass->active;
    if (strategy_holds(pass)) return strategy_predecessor(pass);
    if (pass->resumed) return NULL;
    if (!pass->paused) return pass->target;
    if (pass->stable) return pass->stable;
    return pass->plan->rollout.high_water > 0 ? pass->target : NULL;
}

bool all_at_zero(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++)
        if (pass->plan->sets[i].wanted > 0) return false;
    return true;
}

static void change_sizes(struct pass *pass, const struct scaling *scaling)
{
    struct plan *plan = pass->plan;
    const struct strategy_rules *rules = strategy_rules(pass);
    if (rules->scale)
        rules->scale(pass, scaling);
    else
        sets_scale(plan->sets, plan->set_count, scaling);
    for (size_t i = 0; i < plan->set_count; i++)
        plan->sets[i].why = "scaling";
    pass->scaled_down = scaling->replicas < pass->view->deployment.scaled_to;
}

void scale_apply(struct pass *pass)
{
    const struct deployment *deployment = &pass->view->deployment;
    const struct plan_budget *budget = &pass->plan->budget;
    bool event = budget->replicas != deployment->scaled_to;
    if (!event && budget->ceiling == deployment->scaled_ceiling) return;
    struct scaling scaling = {.replicas = budget->replicas,
                              .surge = budget->surge,
                              .scaled_ceiling = deployment->scaled_ceiling,
                              .heir = heir(pass)};
    if (event && all_at_zero(pass) && !scaling.heir) return;
    if (event) change_sizes(pass, &scaling);
    struct action *action = pass_act(pass, ACTION_SCALED, "%lld to %lld replicas, at most %lld",
                                     (long long)deployment->scaled_to, (long long)budget->replicas,
                                     (long long)budget->ceiling);
    action->scaled_to = budget->replicas;
    action->scaled_ceiling = budget->ceiling;
}
