/* The end of a deployment: everything stops, also on lost nodes should they return.
 *
 * deleted: when no replica is left on a node that can be heard, the rows go. terminated: the rows
 * and the spec stay; when it is started again, its replicas come back as a scaling event.
 */
#include "scheduler/plan/strategy.h"

static void stop_all(struct pass *pass, enum stop_cause cause, const char *why)
{
    struct plan *plan = pass->plan;
    for (size_t i = 0; i < plan->set_count; i++)
        set_resize(&plan->sets[i], 0, why);
    sets_write_wanted(pass);
    for (size_t i = 0; i < plan->replica_count; i++) {
        struct replica_tally *tally = &plan->replicas[i];
        const struct replica *replica = tally->replica;
        if (replica_phase_final(replica->phase) || replica->wanted == WANTED_STOP) continue;
        pass_stop(pass, tally, cause, why);
    }
}

void delete_all(struct pass *pass)
{
    tally_budget(pass);
    progress_abort(pass, "deleted", "the deployment was deleted");
    stop_all(pass, CAUSE_DELETE, "the deployment is deleted");
    if (pass->plan->budget.total > 0) return;
    pass_act(pass, ACTION_DELETED, "no replica is left");
}

/* What ended on the way is nobody's failure. */
static void dismiss_ended(struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica *replica = pass->plan->replicas[i].replica;
        if (!replica_phase_final(replica->phase)) continue;
        pass_act(pass, ACTION_DISMISS_FAILURE, "the deployment is terminated")->replica = replica;
    }
}

void terminate_all(struct pass *pass)
{
    tally_budget(pass);
    progress_abort(pass, "terminated", "the deployment was terminated");
    dismiss_ended(pass);
    scale_apply(pass);
    if (pass->hidden) strategy_switch(pass, NULL);
    stop_all(pass, CAUSE_OPERATOR, "the deployment is terminated");
    sets_forget_empty(pass);
}
