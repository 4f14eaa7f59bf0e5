/* The dumb step: replicas are made to match the sizes, and rows to match what is left.
 *
 *   fewer run than wanted ─► create, never above the ceiling, not within the set's back-off
 *   more run than wanted  ─► stop the least useful; an available one only above the floor
 *
 * The floor and the ceiling hold here whatever the sizes say, so no mistake in the sizes and no
 * node that returns with surplus can break them.
 */
#include "scheduler/plan/strategy.h"

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

/* The least useful stops first. */
enum usefulness { NOT_PLACED, NOT_PREPARED, NOT_STARTED, NOT_READY, NOT_AVAILABLE_YET, AVAILABLE };

static enum usefulness usefulness(const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (replica->phase == REPLICA_PENDING) return NOT_PLACED;
    if (replica->phase < REPLICA_STARTING) return NOT_PREPARED;
    if (replica->phase == REPLICA_STARTING) return NOT_STARTED;
    if (!tally->ready) return NOT_READY;
    return tally->available ? AVAILABLE : NOT_AVAILABLE_YET;
}

static int compare_victims(const void *left, const void *right)
{
    const struct replica_tally *a = left, *b = right;
    const struct replica *x = a->replica, *y = b->replica;
    int order = (int)(a->set - b->set);
    if (order == 0) order = (int)usefulness(a) - (int)usefulness(b);
    if (order == 0) order = compare_i64(y->restarts, x->restarts);
    return order != 0 ? order : compare_i64(y->number, x->number);
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

static bool gets_traffic(const struct pass *pass, const struct set_tally *set)
{
    return !pass->active || set == pass->active;
}

/* Sets are visited oldest first, for that is their order in memory. The floor is about what gets
 * traffic: the others neither count towards it nor are held by it. */
static void stop_surplus(struct pass *pass)
{
    struct plan *plan = pass->plan;
    if (!any_surplus(pass)) return;
    qsort(plan->replicas, plan->replica_count, sizeof *plan->replicas, compare_victims);
    int64_t spare = -plan->budget.min_available;
    for (size_t i = 0; i < plan->set_count; i++)
        if (gets_traffic(pass, &plan->sets[i])) spare += plan->sets[i].available;
    for (size_t i = 0; i < plan->replica_count; i++) {
        struct replica_tally *tally = &plan->replicas[i];
        struct set_tally *set = tally->set;
        bool serves = tally->available && gets_traffic(pass, set);
        if (!tally->running || set->running <= set->wanted || (serves && spare <= 0)) continue;
        spare -= serves;
        char why[PLAN_WHY_BYTES];
        sentence_set(why, sizeof why, "told to stop: %lld of revision %lld run, %lld %s wanted",
                     (long long)set->running, (long long)set->revision, (long long)set->wanted,
                     set->wanted == 1 ? "is" : "are");
        pass_stop(pass, tally, surplus_cause(pass, set), why);
    }
}

/* ---- deficit ---- */

/* Within a back-off as many are held back as failed in a row: what is missing for other reasons,
 * such as a lost node or a scaling event, is created at once. */
static int64_t deficit(struct pass *pass, const struct set_tally *set)
{
    int64_t missing = max_i64(0, set->wanted - set->running);
    if (missing == 0 || !pass_waits(pass, set->retry_at_ms)) return missing;
    return max_i64(0, missing - set->failures);
}

/* Returns what is left of the room. */
static int64_t create_of(struct pass *pass, const struct set_tally *set, int64_t room)
{
    int64_t count = min_i64(deficit(pass, set), room);
    if (count == 0) return room;
    struct action *action =
        pass_act(pass, ACTION_CREATE, "%lld of revision %lld run, %lld wanted",
                 (long long)set->running, (long long)set->revision, (long long)set->wanted);
    action->template_hash = set->template_hash;
    action->revision = set->revision;
    action->amount = count;
    return room - count;
}

/* Newest first: when room is short the target has it, but never before the set with the traffic. */
static void create_missing(struct pass *pass)
{
    struct plan *plan = pass->plan;
    int64_t room = plan->budget.grow;
    if (pass->active) room = create_of(pass, pass->active, room);
    for (size_t i = plan->set_count; i-- > 0;)
        if (&plan->sets[i] != pass->active) room = create_of(pass, &plan->sets[i], room);
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

/* The target's row stays, so that its back-off is remembered, and that of the active set; while a
 * rollout holds, that of the set which is to come back. */
void sets_forget_empty(struct pass *pass)
{
    const struct set_tally *kept = strategy_holds(pass) ? strategy_predecessor(pass) : NULL;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set == pass->target || set == pass->active || set == kept) continue;
        if (!set->stored || set->wanted > 0) continue;
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
    sets_forget_empty(pass);
}
