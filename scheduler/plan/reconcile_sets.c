/* The dumb step: replicas are made to match the sizes, and rows to match what is left.
 *
 *   fewer run than wanted ─► create, never above the ceiling, not within the set's back-off
 *   more run than wanted  ─► stop the least useful; an available one only above the floor
 *
 * The floor and the ceiling hold here whatever the sizes say, so no mistake in the sizes and no
 * node that returns with surplus can break them.
 */
#include "scheduler/plan/pass.h"

void sets_write_wanted(struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set->wanted == set->wanted_before) continue;
        struct action *action =
            pass_act(pass, ACTION_SET_WANTED, "%lld to %lld: %s", (long long)set->wanted_before,
                     (long long)set->wanted, set->why ? set->why : "");
        action->template_hash = set->template_hash;
        action->revision = set->revision;
        action->amount = set->wanted;
    }
}

/* ---- surplus ---- */

/* Least useful first: not placed, not prepared, not started, not ready, not available yet. */
static int usefulness(const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (replica->phase == REPLICA_PENDING) return 0;
    if (replica->phase < REPLICA_STARTING) return 1;
    if (replica->phase == REPLICA_STARTING) return 2;
    if (!tally->ready) return 3;
    return tally->available ? 5 : 4;
}

static int compare_victims(const void *left, const void *right)
{
    const struct replica_tally *a = left, *b = right;
    if (a->set != b->set) return a->set < b->set ? -1 : 1;
    int useful_a = usefulness(a), useful_b = usefulness(b);
    if (useful_a != useful_b) return useful_a - useful_b;
    const struct replica *x = a->replica, *y = b->replica;
    if (x->restarts != y->restarts) return x->restarts > y->restarts ? -1 : 1;
    if (x->number != y->number) return x->number > y->number ? -1 : 1;
    return strcmp(x->id, y->id);
}

static bool any_surplus(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++)
        if (pass->plan->sets[i].running > pass->plan->sets[i].wanted) return true;
    return false;
}

static enum stop_cause surplus_cause(const struct pass *pass, const struct set_tally *set)
{
    if (pass->scaled_down) return CAUSE_SCALING;
    bool shrinks = set->wanted < set->wanted_before || pass_rollout_running(pass);
    return set != pass->target && shrinks ? CAUSE_ROLLOUT : CAUSE_SURPLUS;
}

/* Sets are visited oldest first, for that is their order in memory. */
static void stop_surplus(struct pass *pass)
{
    struct plan *plan = pass->plan;
    if (!any_surplus(pass)) return;
    qsort(plan->replicas, plan->replica_count, sizeof *plan->replicas, compare_victims);
    int64_t spare = plan->budget.available - plan->budget.min_available;
    for (size_t i = 0; i < plan->replica_count; i++) {
        struct replica_tally *tally = &plan->replicas[i];
        struct set_tally *set = tally->set;
        if (!tally->running || set->running <= set->wanted) continue;
        if (tally->available && spare <= 0) continue;
        spare -= tally->available;
        char why[PLAN_WHY_BYTES];
        sentence_set(why, sizeof why, "is stopped: %lld of revision %lld run, %lld wanted",
                     (long long)set->running, (long long)set->revision, (long long)set->wanted);
        pass_stop(pass, tally, surplus_cause(pass, set), why);
    }
}

/* ---- deficit ---- */

/* Within a back-off as many are held back as failed in a row: what is missing for other reasons,
 * such as a lost node or a scaling event, is created at once. */
static int64_t deficit(struct pass *pass, const struct set_tally *set)
{
    int64_t missing = max_i64(0, set->wanted - set->running);
    if (missing == 0 || set->failures == 0 || set->retry_at_ms <= pass->view->now_ms)
        return missing;
    pass_due(pass, set->retry_at_ms);
    return max_i64(0, missing - set->failures);
}

/* Newest first: when room is short the target has it. */
static void create_missing(struct pass *pass)
{
    struct plan *plan = pass->plan;
    int64_t room = plan->budget.grow;
    for (size_t i = plan->set_count; i-- > 0;) {
        const struct set_tally *set = &plan->sets[i];
        int64_t count = min_i64(deficit(pass, set), room);
        if (count == 0) continue;
        room -= count;
        struct action *action =
            pass_act(pass, ACTION_CREATE, "%lld of revision %lld run, %lld wanted",
                     (long long)set->running, (long long)set->revision, (long long)set->wanted);
        action->template_hash = set->template_hash;
        action->revision = set->revision;
        action->amount = count;
    }
}

/* ---- rows ---- */

static void relabel_target(struct pass *pass)
{
    const struct set_tally *target = pass->target;
    if (target->mislabelled == 0 && !target->renumbered) return;
    struct action *action = pass_act(pass, ACTION_RELABEL, "revision %lld has the same template",
                                     (long long)target->revision);
    action->template_hash = target->template_hash;
    action->revision = target->revision;
}

/* The target's row stays, so that its back-off is remembered. */
static void forget_empty(struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (!set->stored || set == pass->target || set->wanted > 0) continue;
        if (set->running + set->stopping + set->lost > 0) continue;
        struct action *action = pass_act(
            pass, ACTION_FORGET_SET, "nothing of revision %lld is left", (long long)set->revision);
        action->template_hash = set->template_hash;
    }
}

void sets_reconcile(struct pass *pass)
{
    sets_write_wanted(pass);
    stop_surplus(pass);
    create_missing(pass);
    relabel_target(pass);
    forget_empty(pass);
}
