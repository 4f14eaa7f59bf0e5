/* The order of one pass, and what its steps share.
 *
 *   tally ─► health ─► progress ─► scaling ─► template step ─► dumb step ─► status, words, wake
 *              │          │           └── sizes change ──┘        │
 *              │          └ may end here: rolled back             └ replicas created, stopped
 *              └ availability, failures, phase limits
 *
 * A pass without actions is a fixpoint: the same view later gives no action either until the time
 * it names in wake_at_ms. A pass with actions asks to be run again at once, for its view is stale.
 */
#include "scheduler/plan/plan.h"

#include "scheduler/plan/strategy.h"

#include <assert.h>
#include <stdarg.h>

bool pass_rollout_running(const struct pass *pass)
{
    return pass->plan->has_rollout && !rollout_state_final(pass->plan->rollout.state);
}

bool pass_frozen(const struct pass *pass)
{
    return pass->paused || pass->resumed || pass->plan->status.halted_reason != NULL;
}

void pass_due(struct pass *pass, int64_t at_ms)
{
    int64_t *wake = &pass->plan->wake_at_ms;
    at_ms = max_i64(1, max_i64(at_ms, pass->view->now_ms)); /* 0 says never */
    if (*wake == 0 || at_ms < *wake) *wake = at_ms;
}

bool pass_ahead(const struct pass *pass, int64_t at_ms)
{
    return at_ms > pass->view->now_ms;
}

bool pass_waits(struct pass *pass, int64_t at_ms)
{
    bool ahead = pass_ahead(pass, at_ms);
    if (ahead) pass_due(pass, at_ms);
    return ahead;
}

struct action *pass_act(struct pass *pass, enum action_kind kind, const char *why, ...)
{
    struct plan *plan = pass->plan;
    assert(plan->action_count < plan->action_capacity);
    struct action *action = &plan->actions[plan->action_count++];
    *action = (struct action){.kind = kind};
    va_list args;
    va_start(args, why);
    vsnprintf(action->why, sizeof action->why, why, args);
    va_end(args);
    pass_due(pass, pass->view->now_ms);
    return action;
}

void pass_outcome(struct pass *pass, int64_t revision, enum revision_outcome outcome)
{
    struct plan *plan = pass->plan;
    assert(plan->outcome_count < PLAN_OUTCOMES);
    plan->outcomes[plan->outcome_count++] =
        (struct outcome_change){.revision = revision, .outcome = outcome};
}

void pass_stop(struct pass *pass, struct replica_tally *tally, enum stop_cause cause,
               const char *why)
{
    struct set_tally *set = tally->set;
    struct action *action = pass_act(pass, ACTION_STOP, "%s", why);
    action->replica = tally->replica;
    action->stop_cause = (int)cause;
    if (!tally->running) return;
    set->running--;
    set->stopping++;
    set->ready -= tally->ready;
    set->available -= tally->available;
    tally->running = tally->ready = tally->available = false;
}

/* A rollout that runs lifts what halted the one before it. */
static void begin_verdict(struct pass *pass)
{
    const struct view *view = pass->view;
    struct plan *plan = pass->plan;
    plan->action_count = plan->outcome_count = 0;
    plan->quarantine = false;
    plan->wake_at_ms = 0;
    plan->status = view->deployment.status;
    plan->status.stable_revision = view->stable.number;
    plan->has_rollout = view->has_rollout;
    plan->rollout = view->rollout;
    if (pass_rollout_running(pass)) {
        plan->status.halted_reason = NULL;
        plan->status.halted_since_at = 0;
    }
    pass->paused = view->deployment.spec.paused && pass_rollout_running(pass);
}

static void plan_active(struct pass *pass)
{
    if (pass_rollout_running(pass)) strategy_follow(pass);
    health_judge(pass);
    tally_budget(pass);
    progress_judge(pass);
    if (pass->rolled_back) return;
    scale_apply(pass);
    if (!pass_frozen(pass)) strategy_step(pass);
    sets_reconcile(pass);
}

void plan_make(const struct view *view, struct plan *plan)
{
    assert(plan->set_capacity >= plan_set_capacity(view));
    assert(plan->action_capacity >= plan_action_capacity(view));
    struct pass pass = {.view = view, .plan = plan};
    begin_verdict(&pass);
    tally_view(&pass);
    switch ((enum deployment_lifecycle)view->deployment.lifecycle) {
    case LIFECYCLE_ACTIVE:
        plan_active(&pass);
        break;
    case LIFECYCLE_TERMINATED:
        terminate_all(&pass);
        break;
    case LIFECYCLE_DELETING:
        delete_all(&pass);
        break;
    }
    status_fill(&pass);
    explain_fill(&pass);
}
