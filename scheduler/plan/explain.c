/* What the deployment waits for, and what comes next, in the words of the planner. */
#include "scheduler/plan/pass.h"

#define WAIT(pass, ...)                                                                            \
    sentence_set((pass)->plan->waiting_for, sizeof(pass)->plan->waiting_for, __VA_ARGS__)
#define NEXT(pass, ...) sentence_set((pass)->plan->next, sizeof(pass)->plan->next, __VA_ARGS__)

static bool deleting(const struct pass *pass)
{
    return pass->view->deployment.lifecycle == LIFECYCLE_DELETING;
}

static const struct set_tally *set_in_backoff(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set->failures > 0 && set->running < set->wanted) return set;
    }
    return NULL;
}

static int64_t stopping_replicas(const struct pass *pass)
{
    int64_t stopping = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        stopping += pass->plan->sets[i].stopping;
    return stopping;
}

static void wait_for_replica(struct pass *pass, const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    char place[PLAN_WHY_BYTES];
    replica_place(replica, place, sizeof place);
    const char *answer = or_empty(replica->readiness_reason);
    if (!*answer) answer = or_empty(replica->reason);
    const char *colon = *answer ? ": " : "";
    if (tally->presence != PRESENCE_PRESENT)
        WAIT(pass, "%s to be heard of again, or to be lost", or_empty(replica->node));
    else if (replica->phase == REPLICA_PENDING)
        WAIT(pass, "a node for %s%s%s", replica->id, colon, answer);
    else if (tally->ready)
        WAIT(pass, "%s%s to have been ready for min_ready_seconds (%lld)", replica->id, place,
             (long long)pass_strategy(pass)->min_ready_seconds);
    else
        WAIT(pass, "%s%s to become ready%s%s", replica->id, place, colon, answer);
}

/* What holds back template steps, whatever the replicas do. */
static bool wait_for_operator(struct pass *pass)
{
    if (pass->paused) {
        WAIT(pass, "spec.paused to be cleared");
        return true;
    }
    if (pass->plan->status.halted_reason) {
        WAIT(pass, "a new template or a rollback: the last rollout failed (%s)",
             pass->plan->status.halted_reason);
        return true;
    }
    return false;
}

static void wait_for_time(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    if (!pass_rollout_running(pass)) return;
    if (rollout->monitor_until_ms > pass->view->now_ms)
        WAIT(pass, "monitor_seconds (%lld) to pass without a failure",
             (long long)pass_strategy(pass)->monitor_seconds);
    else if (rollout->batch_after_ms > pass->view->now_ms)
        WAIT(pass, "batch_pause_seconds (%lld) to pass",
             (long long)pass_strategy(pass)->batch_pause_seconds);
}

static void fill_waiting(struct pass *pass)
{
    int64_t stopping = stopping_replicas(pass);
    if (deleting(pass)) {
        if (stopping) WAIT(pass, "%lld replica%s to stop", (long long)stopping, plural(stopping));
        return;
    }
    if (pass->rolled_back || wait_for_operator(pass)) return;
    const struct replica_tally *tally = replica_most_telling(pass);
    const struct set_tally *set = set_in_backoff(pass);
    if (tally)
        wait_for_replica(pass, tally);
    else if (set)
        WAIT(pass, "the back-off of revision %lld after %lld failure%s in a row",
             (long long)set->revision, (long long)set->failures, plural(set->failures));
    else if (stopping)
        WAIT(pass, "%lld replica%s to stop", (long long)stopping, plural(stopping));
    else
        wait_for_time(pass);
}

/* The oldest set that has to give way; NULL = none. */
static const struct set_tally *oldest_other(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set != pass->target && set->wanted > 0) return set;
    }
    return NULL;
}

static void fill_next(struct pass *pass)
{
    const struct set_tally *target = pass->target, *other = oldest_other(pass);
    if (deleting(pass)) {
        NEXT(pass, "remove the deployment once the last replica has ended");
        return;
    }
    if (pass->rolled_back) {
        NEXT(pass, "take the replicas of revision %lld back", (long long)target->revision);
        return;
    }
    if (target->running < target->wanted) {
        NEXT(pass, "start %lld of revision %lld", (long long)(target->wanted - target->running),
             (long long)target->revision);
        return;
    }
    if (pass_frozen(pass) || !pass_rollout_running(pass)) return;
    if (other) {
        int64_t missing = max_i64(1, target->wanted - target->available);
        NEXT(pass, "stop %lld of revision %lld once as many of revision %lld are available",
             (long long)min_i64(other->wanted, missing), (long long)other->revision,
             (long long)target->revision);
    } else if (pass->plan->rollout.state == ROLLOUT_ROLLING_BACK) {
        NEXT(pass, "end the rollback once all of revision %lld are available",
             (long long)target->revision);
    } else {
        NEXT(pass, "declare revision %lld stable after monitor_seconds (%lld)",
             (long long)target->revision, (long long)pass_strategy(pass)->monitor_seconds);
    }
}

void explain_fill(struct pass *pass)
{
    pass->plan->waiting_for[0] = pass->plan->next[0] = '\0';
    fill_waiting(pass);
    fill_next(pass);
}
