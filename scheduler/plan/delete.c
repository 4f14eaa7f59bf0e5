/* The end of a deployment: everything stops, also on lost nodes should they return, and when no
 * replica is left on a node that can be heard, the rows go.
 */
#include "scheduler/plan/pass.h"

static void stop_all(struct pass *pass)
{
    struct plan *plan = pass->plan;
    for (size_t i = 0; i < plan->replica_count; i++) {
        struct replica_tally *tally = &plan->replicas[i];
        const struct replica *replica = tally->replica;
        if (replica_phase_final(replica->phase) || replica->wanted == WANTED_STOP) continue;
        pass_stop(pass, tally, CAUSE_DELETE, "the deployment is deleted");
    }
}

void delete_all(struct pass *pass)
{
    struct plan *plan = pass->plan;
    tally_budget(pass);
    progress_abort(pass);
    for (size_t i = 0; i < plan->set_count; i++)
        plan->sets[i].wanted = 0;
    sets_write_wanted(pass);
    stop_all(pass);
    if (plan->budget.total > 0) return;
    pass_act(pass, ACTION_DELETED, "no replica is left");
}
