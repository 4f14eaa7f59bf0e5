/* One word and one sentence for people, and the counts, as they are once the plan is carried out.
 *
 *   deleting ─► terminating        a rollout runs ─► pending | deploying | paused | rolling_back
 *   halted ─► failed               grows, nothing wrong ─► deploying
 *   else by what is available: scaled_to_zero, running, degraded, unhealthy
 */
#include "base/text.h"
#include "scheduler/plan/pass.h"

static bool deleting(const struct pass *pass)
{
    return pass->view->deployment.lifecycle == LIFECYCLE_DELETING;
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
                 deployment->status.state == DEPLOYMENT_PENDING ||
                 deployment->spec.replicas > deployment->scaled_to;
    int64_t coming = 0;
    for (size_t i = 0; i < plan->set_count; i++) {
        const struct set_tally *set = &plan->sets[i];
        if (set->failures > 0) return false;
        if (set->wanted > set->running) coming += set->wanted - set->running;
    }
    for (size_t i = 0; i < plan->replica_count; i++)
        coming += fresh(&plan->replicas[i]);
    return began && plan->status.available + coming >= plan->status.desired;
}

static enum deployment_state state_word(const struct pass *pass)
{
    const struct deployment_status *status = &pass->plan->status;
    if (deleting(pass)) return DEPLOYMENT_TERMINATING;
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
        status->ready += plan->sets[i].ready;
        status->available += plan->sets[i].available;
    }
    status->total = plan->budget.total;
}

/* ---- the sentence ---- */

#define SAY(pass, ...)                                                                             \
    sentence_add((pass)->plan->status_message, sizeof(pass)->plan->status_message, __VA_ARGS__)

static void say_available(struct pass *pass)
{
    const struct deployment_status *status = &pass->plan->status;
    SAY(pass, "%lld of %lld replicas are available", (long long)status->available,
        (long long)status->desired);
}

static void say_trouble(struct pass *pass)
{
    char trouble[PLAN_SENTENCE_BYTES];
    const struct replica_tally *tally = replica_most_telling(pass);
    if (tally) {
        replica_describe(pass, tally, trouble, sizeof trouble);
        SAY(pass, "; %s", trouble);
    }
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set->failures == 0 || set->running >= set->wanted) continue;
        SAY(pass, "; replacements of revision %lld are held back after %lld failure%s in a row",
            (long long)set->revision, (long long)set->failures, plural(set->failures));
    }
}

static int64_t lost_replicas(const struct pass *pass)
{
    int64_t lost = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        lost += pass->plan->sets[i].lost;
    return lost;
}

static void say_terminating(struct pass *pass)
{
    int64_t lost = lost_replicas(pass);
    int64_t left = pass->plan->budget.total;
    SAY(pass, "%lld replica%s still to stop", (long long)left, plural(left));
    if (lost > 0) SAY(pass, ", %lld on lost nodes will stop when they return", (long long)lost);
}

static void say_deploying(struct pass *pass)
{
    SAY(pass, "revision %lld: %lld of %lld replicas are available",
        (long long)pass->view->target.number, (long long)pass->target->available,
        (long long)pass->plan->status.desired);
    say_trouble(pass);
}

static void say_all(struct pass *pass, enum deployment_state state)
{
    switch (state) {
    case DEPLOYMENT_TERMINATING:
        say_terminating(pass);
        return;
    case DEPLOYMENT_PENDING:
    case DEPLOYMENT_DEPLOYING:
        say_deploying(pass);
        return;
    case DEPLOYMENT_PAUSED:
        SAY(pass, "paused by spec.paused; ");
        say_deploying(pass);
        return;
    case DEPLOYMENT_ROLLING_BACK:
    case DEPLOYMENT_FAILED:
        if (*or_empty(pass->plan->rollout.message)) SAY(pass, "%s; ", pass->plan->rollout.message);
        say_available(pass);
        return;
    case DEPLOYMENT_SCALED_TO_ZERO:
        SAY(pass, "no replica is wanted");
        return;
    case DEPLOYMENT_RUNNING:
        say_available(pass);
        return;
    case DEPLOYMENT_DEGRADED:
    case DEPLOYMENT_UNHEALTHY:
        say_available(pass);
        say_trouble(pass);
        return;
    case DEPLOYMENT_TERMINATED:
    case DEPLOYMENT_UNKNOWN:
        return; /* not of a planner's making */
    }
}

/* ---- what changed ---- */

static bool same_status(const struct deployment_status *a, const struct deployment_status *b)
{
    return a->state == b->state && text_equal(a->message, b->message) &&
           a->observed_generation == b->observed_generation && a->revision == b->revision &&
           a->stable_revision == b->stable_revision && text_equal(a->version, b->version) &&
           text_equal(a->halted_reason, b->halted_reason) &&
           a->halted_since_at == b->halted_since_at && a->desired == b->desired &&
           a->updated == b->updated && a->ready == b->ready && a->available == b->available &&
           a->total == b->total && a->rollout_id == b->rollout_id &&
           a->rollout_state == b->rollout_state;
}

static bool same_clocks(const struct rollout *a, const struct rollout *b)
{
    return a->finished_at == b->finished_at && a->deadline_at_ms == b->deadline_at_ms &&
           a->deadline_left_ms == b->deadline_left_ms &&
           a->monitor_until_ms == b->monitor_until_ms && a->batch_after_ms == b->batch_after_ms;
}

static bool same_rollout(const struct rollout *a, const struct rollout *b)
{
    return a->state == b->state && text_equal(a->reason, b->reason) &&
           text_equal(a->message, b->message) && a->rollback_revision == b->rollback_revision &&
           a->progress.desired == b->progress.desired && a->progress.old == b->progress.old &&
           a->progress.updated == b->progress.updated && a->progress.ready == b->progress.ready &&
           a->progress.available == b->progress.available && a->high_water == b->high_water &&
           a->failed_replicas == b->failed_replicas &&
           text_equal(a->failed_replica, b->failed_replica) && same_clocks(a, b);
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
    plan->status_message[0] = '\0';
    say_all(pass, state);
    status->message = plan->status_message;
    plan->status_changed = !same_status(status, &deployment->status);
    plan->rollout_changed =
        plan->has_rollout && !same_rollout(&plan->rollout, &pass->view->rollout);
}
