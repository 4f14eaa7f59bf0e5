/* recreate: everything of other templates stops, and when none of it is left anywhere, the target
 * starts. Old and new never run together, so those on lost nodes are waited for as well: they may
 * be running there. What the target has already it keeps.
 */
#include "scheduler/plan/strategy.h"

/* Has another template a replica somewhere, be it on a lost node? */
static bool anything_left(const struct pass *pass)
{
    int64_t left = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set != pass->target) left += set->running + set->stopping + set->lost;
    }
    return left > 0;
}

/* The floor is rolling's wherever nothing is being replaced. Once no other template is wanted, what
 * is left of it must not hold the place of the target. */
static void recreate_limit(const struct pass *pass, struct plan_budget *budget)
{
    budget->surge = 0;
    budget->ceiling = budget->replicas;
    bool replaces = !pass_frozen(pass) || others_wanted(pass) == 0;
    if (replaces && others_running(pass) > 0) budget->min_available = 0;
}

/* A scaling event or another strategy may have given the target more than it has: that too waits
 * for the others; its first replicas do so even after a rollout that was over before them, for none
 * were wanted. */
static void recreate_step(struct pass *pass)
{
    struct set_tally *target = pass->target;
    others_dismiss(pass, NULL, "recreate stops all before it starts any");
    int64_t goal = pass_replicas(pass);
    bool held = pass_rollout_running(pass) || target->wanted_before == 0;
    if (held && anything_left(pass))
        goal = min_i64(goal, min_i64(target->wanted_before, target->running));
    set_resize(target, goal, "nothing of another template is left");
}

static const struct replica *lost_replica(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set == pass->target || tally->presence != PRESENCE_LOST) continue;
        if (!replica_phase_final(tally->replica->phase)) return tally->replica;
    }
    return NULL;
}

static bool recreate_waiting(struct pass *pass)
{
    const struct replica *replica = lost_replica(pass);
    if (!replica || pass->target->wanted >= pass_replicas(pass)) return false;
    WAIT(pass, "%s on %s, which is lost: it ends when the node returns or is removed", replica->id,
         or_empty(replica->node));
    return true;
}

static bool recreate_next(struct pass *pass)
{
    int64_t missing = pass_replicas(pass) - pass->target->wanted;
    if (missing <= 0) return false;
    NEXT(pass, "start %lld replica%s of revision %lld once nothing of another revision is left",
         (long long)missing, plural(missing), (long long)pass->target->revision);
    return true;
}

const struct strategy_rules recreate_rules = {
    .limit = recreate_limit,
    .step = recreate_step,
    .waiting = recreate_waiting,
    .next = recreate_next,
};
