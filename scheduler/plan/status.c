/* One word and one sentence for people, and the counts, as they are once the plan is carried out.
 *
 *   deleting, terminated ─► terminating, until nothing is left
 *   nothing that gets traffic is available any more, and no strategy wants that ─► unhealthy
 *   a rollout runs ─► pending | deploying | paused | rolling_back
 *   halted ─► failed               grows, nothing wrong ─► deploying
 *   else by what is available: scaled_to_zero, running, degraded, unhealthy
 */
#include "scheduler/plan/changes.h"
#include "scheduler/plan/strategy.h"

static bool ending(const struct pass *pass)
{
    return pass->view->deployment.lifecycle != LIFECYCLE_ACTIVE;
}

static bool anything_placed(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica *replica = pass->plan->replicas[i].replica;
        if (replica->node && !replica_phase_final(replica->phase)) return true;
    }
    return false;
}

static enum deployment_state rollout_word(const struct pass *pass)
{
    switch ((enum rollout_state)pass->plan->rollout.state) {
    case ROLLOUT_PAUSED:
    case ROLLOUT_AWAITING_PROMOTION:
        return DEPLOYMENT_PAUSED;
    case ROLLOUT_ROLLING_BACK:
        return DEPLOYMENT_ROLLING_BACK;
    case ROLLOUT_PROGRESSING:
    case ROLLOUT_SUCCEEDED:
    case ROLLOUT_ROLLED_BACK:
    case ROLLOUT_FAILED:
    case ROLLOUT_SUPERSEDED:
    case ROLLOUT_ABORTED:
        break;
    }
    return anything_placed(pass) ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_PENDING;
}

/* New to the node, and nothing has gone wrong with it. */
static bool fresh(const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    return tally->running && !tally->available && !replica->was_available &&
           replica->restarts == 0 && replica->attempt <= 1;
}

/* Scaled up, and all that is missing is on its way for the first time: not a word of alarm yet. */
static bool growing(const struct pass *pass)
{
    const struct deployment *deployment = &pass->view->deployment;
    const struct plan *plan = pass->plan;
    bool began = deployment->status.state == DEPLOYMENT_DEPLOYING ||
                 deployment->spec.replicas > deployment->scaled_to;
    int64_t coming = 0;
    for (size_t i = 0; i < plan->set_count; i++) {
        const struct set_tally *set = &plan->sets[i];
        if (set->failures > 0) return false;
        coming += max_i64(0, set->wanted - set->running);
    }
    for (size_t i = 0; i < plan->replica_count; i++)
        coming += fresh(&plan->replicas[i]);
    return began && plan->status.available + coming >= plan->status.desired;
}

/* In the middle of a rollout, which holds until it is scaled up. */
static bool scaled_away(const struct pass *pass)
{
    return strategy_holds(pass) && !pass->paused && pass_replicas(pass) == 0;
}

static bool gets_traffic(const struct pass *pass, const struct set_tally *set)
{
    return !pass->hidden || set == pass->active;
}

/* Did anything that gets traffic serve before? Not in a first deploy, and not at 0 replicas. */
static bool served_before(const struct pass *pass)
{
    const struct deployment_status *before = &pass->view->deployment.status;
    if (pass->view->stable.number == 0) return false;
    if (before->available > 0 || before->state == DEPLOYMENT_UNHEALTHY) return true;
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        bool serves = tally->running && gets_traffic(pass, tally->set);
        if (serves && tally->replica->was_available) return true;
    }
    return false;
}

/* recreate stops all before it starts any, and a floor of 0 lets any strategy do so. */
static bool gap_is_planned(const struct pass *pass)
{
    bool recreate = pass_strategy(pass)->type == STRATEGY_RECREATE;
    bool may = recreate ? others_wanted(pass) == 0
                        : pass->plan->budget.min_available <= 0 && !pass->paused;
    if (!pass_rollout_running(pass) || pass->hidden || !may) return false;
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set == pass->target && tally->running && tally->replica->was_available)
            return false;
    }
    return true;
}

static bool serves_no_more(const struct pass *pass)
{
    const struct deployment_status *status = &pass->plan->status;
    return status->desired > 0 && status->available == 0 && !status->halted_reason &&
           served_before(pass) && !gap_is_planned(pass);
}

static enum deployment_state state_word(const struct pass *pass)
{
    const struct deployment_status *status = &pass->plan->status;
    bool ended = pass->view->deployment.lifecycle == LIFECYCLE_TERMINATED && status->total == 0;
    if (ended) return DEPLOYMENT_TERMINATED;
    if (ending(pass)) return DEPLOYMENT_TERMINATING;
    if (scaled_away(pass)) return DEPLOYMENT_SCALED_TO_ZERO;
    if (serves_no_more(pass)) return DEPLOYMENT_UNHEALTHY;
    if (pass_rollout_running(pass)) return rollout_word(pass);
    if (status->halted_reason) return DEPLOYMENT_FAILED;
    if (status->desired == 0) return DEPLOYMENT_SCALED_TO_ZERO;
    if (status->available >= status->desired) return DEPLOYMENT_RUNNING;
    if (growing(pass)) return DEPLOYMENT_DEPLOYING;
    return status->available > 0 ? DEPLOYMENT_DEGRADED : DEPLOYMENT_UNHEALTHY;
}

static void fill_counts(struct pass *pass)
{
    struct plan *plan = pass->plan;
    struct deployment_status *status = &plan->status;
    status->desired = pass_replicas(pass);
    /* A rollback that begins in this pass makes the stable template the target. */
    status->updated = pass->rolled_back ? pass->stable->running : pass->target->running;
    status->ready = status->available = 0;
    for (size_t i = 0; i < plan->set_count; i++) {
        if (!gets_traffic(pass, &plan->sets[i])) continue;
        status->ready += plan->sets[i].ready;
        status->available += plan->sets[i].available;
    }
    status->total = plan->budget.total;
}

/* ---- the sentence ---- */

static void say_available(struct pass *pass)
{
    const struct deployment_status *status = &pass->plan->status;
    SAY(pass, "%lld of %lld replicas are available", (long long)status->available,
        (long long)status->desired);
}

/* Of a rollback the trouble with what is taken back was told as its cause. */
static void say_trouble(struct pass *pass)
{
    char trouble[PLAN_SENTENCE_BYTES];
    const struct replica_tally *tally = replica_most_telling(pass);
    bool rolling_back =
        pass->plan->has_rollout && pass->plan->rollout.state == ROLLOUT_ROLLING_BACK;
    if (tally && (!rolling_back || tally->set == pass->target)) {
        replica_describe(pass, tally, trouble, sizeof trouble);
        SAY(pass, "; %s", trouble);
    }
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set->failures == 0 || set->running >= set->wanted) continue;
        SAY(pass, "; replacements of revision %lld are held back after %s",
            (long long)set->revision, failures_text(set->failures, trouble, sizeof trouble));
    }
}

static int64_t lost_replicas(const struct pass *pass)
{
    int64_t lost = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        lost += pass->plan->sets[i].lost;
    return lost;
}

/* Its template was applied while it is terminated, so it had no rollout yet. */
static bool awaits_start(const struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    int64_t number = pass->target->revision;
    return pass->view->deployment.lifecycle == LIFECYCLE_TERMINATED &&
           rollout->to_revision != number && rollout->rollback_revision != number;
}

static void say_terminating(struct pass *pass)
{
    int64_t lost = lost_replicas(pass);
    int64_t left = pass->plan->budget.total;
    if (left > 0)
        SAY(pass, "%lld replica%s still to stop", (long long)left, plural(left));
    else
        SAY(pass, "no replica runs");
    if (lost > 0) SAY(pass, ", %lld on lost nodes will stop when they return", (long long)lost);
    if (awaits_start(pass))
        SAY(pass, "; revision %lld is rolled out once it is started",
            (long long)pass->target->revision);
}

/* All that is left to wait for, once every replica of the target is there. */
static void say_watched(struct pass *pass)
{
    bool progressing = pass->plan->rollout.state == ROLLOUT_PROGRESSING;
    if (progressing && pass_ahead(pass, clocks_monitor_end_ms(pass)))
        SAY(pass, "; watched for monitor_seconds (%lld) before it counts as stable",
            (long long)pass_strategy(pass)->monitor_seconds);
}

static void say_stopping(struct pass *pass)
{
    int64_t stopping = stopping_replicas(pass);
    if (stopping > 0)
        SAY(pass, "; %lld replica%s %s stopping", (long long)stopping, plural(stopping),
            stopping == 1 ? "is" : "are");
}

/* Of other revisions, what serves meanwhile. */
static void say_others(struct pass *pass)
{
    int64_t others = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        bool serves = set->available > 0 && set->revision > 0 && gets_traffic(pass, set);
        if (set == pass->target || !serves) continue;
        SAY(pass, "%s%lld of revision %lld", others > 0 ? " and " : "; ", (long long)set->available,
            (long long)set->revision);
        others += set->available;
    }
    if (others > 0) SAY(pass, others == 1 ? " serves" : " serve");
}

/* How far the rollout has come, and what troubles it. */
static void say_deploying(struct pass *pass)
{
    const struct strategy_rules *rules = strategy_rules(pass);
    SAY(pass, "%lld of %lld replicas of revision %lld are available",
        (long long)pass->target->available, (long long)pass->plan->status.desired,
        (long long)pass->view->target.number);
    say_others(pass);
    if (rules->tell) rules->tell(pass);
    if (!rules->monitored || !rules->monitored(pass)) say_watched(pass);
    say_trouble(pass);
    say_stopping(pass);
}

static void say_all(struct pass *pass, enum deployment_state state)
{
    switch (state) {
    case DEPLOYMENT_TERMINATING:
    case DEPLOYMENT_TERMINATED:
        say_terminating(pass);
        return;
    case DEPLOYMENT_PENDING:
    case DEPLOYMENT_DEPLOYING:
        say_deploying(pass);
        return;
    case DEPLOYMENT_PAUSED:
        SAY(pass, pass->paused ? "on hold until it is resumed; " : "waiting for promotion: ");
        say_deploying(pass);
        return;
    case DEPLOYMENT_ROLLING_BACK:
        SAY(pass, "%s; ", or_empty(pass->plan->rollout.message));
        if (pass->rolled_back)
            say_available(pass);
        else
            say_deploying(pass);
        return;
    case DEPLOYMENT_FAILED:
        if (*or_empty(pass->plan->rollout.message)) SAY(pass, "%s; ", pass->plan->rollout.message);
        say_available(pass);
        return;
    case DEPLOYMENT_SCALED_TO_ZERO:
        SAY(pass, "no replica is wanted");
        if (scaled_away(pass))
            SAY(pass, "; revision %lld goes on with its steps when it is scaled up",
                (long long)pass->target->revision);
        return;
    case DEPLOYMENT_RUNNING:
        say_available(pass);
        return;
    case DEPLOYMENT_UNHEALTHY:
        if (pass_rollout_running(pass)) {
            SAY(pass, "nothing that gets traffic is available; ");
            say_all(pass, rollout_word(pass));
            return;
        }
        say_available(pass);
        say_trouble(pass);
        return;
    case DEPLOYMENT_DEGRADED:
    case DEPLOYMENT_UNKNOWN: /* not of a planner's making */
        say_available(pass);
        say_trouble(pass);
        return;
    }
}

/* One whose rollout is on hold says so itself. */
static void say_paused(struct pass *pass)
{
    const struct deployment *deployment = &pass->view->deployment;
    if (!deployment->spec.paused || deployment->lifecycle != LIFECYCLE_ACTIVE) return;
    if (pass_rollout_running(pass) && rollout_word(pass) == DEPLOYMENT_PAUSED) return;
    SAY(pass, "; paused: edits wait for a resume");
}

/* ---- the sentence of the rollout ---- */

static void say_goes_on(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    rollout_say(pass, rollout->reason, "it goes on");
    if (rollout->from_revision == 0)
        rollout_say_more(pass, ": revision %lld is deployed", (long long)rollout->to_revision);
    else
        rollout_say_more(pass, ": revision %lld takes over from revision %lld",
                         (long long)rollout->to_revision, (long long)rollout->from_revision);
}

/* What it waits for now; why it ends was said by what ends it. What speaks against it is kept until
 * it is judged. */
static void say_rollout(struct pass *pass)
{
    const struct plan *plan = pass->plan;
    const struct rollout *rollout = &plan->rollout;
    bool moved = rollout->state != pass->view->rollout.state;
    if (!plan->has_rollout || *or_empty(rollout->reason)) return;
    if (rollout->state == ROLLOUT_AWAITING_PROMOTION)
        rollout_say(pass, rollout->reason, plan->status_message);
    else if (moved && rollout->state == ROLLOUT_PAUSED)
        rollout_say(pass, rollout->reason,
                    "it is paused: template steps and the deadline stand still");
    else if (moved && rollout->state == ROLLOUT_PROGRESSING)
        say_goes_on(pass);
}

/* After a rollback is ordered, status.revision is already the one that it makes. */
void status_fill(struct pass *pass)
{
    const struct deployment *deployment = &pass->view->deployment;
    struct plan *plan = pass->plan;
    struct deployment_status *status = &plan->status;
    fill_counts(pass);
    status->observed_generation = deployment->generation;
    if (!pass->rolled_back) status->revision = pass->view->target.number;
    status->version = deployment->spec.template.version;
    status->rollout_id = plan->has_rollout ? plan->rollout.id : 0;
    status->rollout_state = plan->has_rollout ? plan->rollout.state : 0;
    enum deployment_state state = state_word(pass);
    status->state = (int)state;
    say_all(pass, state);
    say_paused(pass);
    status->message = plan->status_message;
    say_rollout(pass);
    plan->status_changed = !status_same(status, &deployment->status);
    plan->rollout_changed =
        plan->has_rollout && !rollout_same(&plan->rollout, &pass->view->rollout);
}
