/* What the deployment waits for, and what comes next, in the words of the planner. */
#include "scheduler/plan/strategy.h"

static const struct set_tally *set_in_backoff(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set->failures > 0 && set->running < set->wanted) return set;
    }
    return NULL;
}

int64_t stopping_replicas(const struct pass *pass)
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
    int64_t min_ready_seconds = pass_strategy(pass)->min_ready_seconds;
    if (tally->presence != PRESENCE_PRESENT)
        WAIT(pass, "%s to report again, or to be lost", or_empty(replica->node));
    else if (replica->phase == REPLICA_PENDING)
        WAIT(pass, "a node for %s%s%s", replica->id, colon, answer);
    else if (tally->ready)
        WAIT_UNTIL(pass, replica->ready_since_ms + min_ready_seconds * SECOND_MS,
                   "%s%s to stay ready for min_ready_seconds (%lld)", replica->id, place,
                   (long long)min_ready_seconds);
    else
        WAIT(pass, "%s%s to become ready%s%s", replica->id, place, colon, answer);
}

static void wait_for_backoff(struct pass *pass, const struct set_tally *set)
{
    char failures[PLAN_WHY_BYTES];
    WAIT_UNTIL(pass, set->retry_at_ms, "the back-off of revision %lld to pass, after %s",
               (long long)set->revision, failures_text(set->failures, failures, sizeof failures));
}

/* What holds back template steps, whatever the replicas do. */
static bool wait_for_operator(struct pass *pass)
{
    if (pass->paused) {
        WAIT(pass, "a resume: spec.paused is set");
        return true;
    }
    if (pass->plan->status.halted_reason) {
        WAIT(pass, "a new template, a rollback or a retry: the last rollout failed");
        return true;
    }
    return false;
}

static bool ending(const struct pass *pass)
{
    return pass->view->deployment.lifecycle != LIFECYCLE_ACTIVE;
}

static void wait_for_time(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    const struct strategy_rules *rules = strategy_rules(pass);
    int64_t batch_end_ms =
        clocks_end_ms(rollout->batch_since_ms, pass_strategy(pass)->batch_pause_seconds);
    if (strategy_holds(pass)) {
        WAIT(pass, "it to be scaled up: with 0 replicas the rollout holds");
        return;
    }
    if (rules->waiting && rules->waiting(pass)) return;
    if (pass_ahead(pass, clocks_monitor_end_ms(pass)))
        WAIT_UNTIL(pass, clocks_monitor_end_ms(pass),
                   "monitor_seconds (%lld) to pass without a failure",
                   (long long)pass_strategy(pass)->monitor_seconds);
    else if (pass_ahead(pass, batch_end_ms))
        WAIT_UNTIL(pass, batch_end_ms, "batch_pause_seconds (%lld) to pass",
                   (long long)pass_strategy(pass)->batch_pause_seconds);
}

static void fill_waiting(struct pass *pass)
{
    int64_t stopping = stopping_replicas(pass);
    if (ending(pass)) {
        if (stopping) WAIT(pass, "%lld replica%s to stop", (long long)stopping, plural(stopping));
        return;
    }
    if (pass->rolled_back || wait_for_operator(pass)) return;
    const struct replica_tally *tally = replica_most_telling(pass);
    const struct set_tally *set = set_in_backoff(pass);
    if (tally)
        wait_for_replica(pass, tally);
    else if (set)
        wait_for_backoff(pass, set);
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

/* Old ones go as new ones come; where all of these are there, the rest is a matter of room. */
static void next_replacement(struct pass *pass, const struct set_tally *other)
{
    const struct set_tally *target = pass->target;
    int64_t missing = target->wanted - target->available;
    int64_t count = min_i64(other->wanted, missing);
    if (missing > 0)
        NEXT(pass,
             "stop %lld replica%s of revision %lld once %lld more of revision %lld %s available",
             (long long)count, plural(count), (long long)other->revision, (long long)count,
             (long long)target->revision, count == 1 ? "is" : "are");
    else
        NEXT(pass, "replace more of revision %lld with revision %lld", (long long)other->revision,
             (long long)target->revision);
}

static void next_end_of_rollback(struct pass *pass)
{
    const struct set_tally *target = pass->target;
    long long replicas = (long long)pass_replicas(pass), revision = (long long)target->revision;
    if (target->available < replicas)
        NEXT(pass, "end the rollback once %lld of %lld replicas of revision %lld are available",
             replicas, replicas, revision);
    else
        NEXT(pass, "end the rollback once nothing but revision %lld is left", revision);
}

static void next_end(struct pass *pass)
{
    const struct set_tally *target = pass->target;
    long long replicas = (long long)pass_replicas(pass), revision = (long long)target->revision;
    long long seconds = (long long)pass_strategy(pass)->monitor_seconds;
    if (replicas == 0)
        NEXT(pass, "end the rollout once nothing is left");
    else if (pass_ahead(pass, clocks_monitor_end_ms(pass)))
        NEXT(pass, "declare revision %lld stable", revision);
    else if (target->available < replicas)
        NEXT(pass,
             "watch revision %lld for monitor_seconds (%lld) once %lld of %lld replicas are "
             "available, then declare it stable",
             revision, seconds, replicas, replicas);
    else
        NEXT(pass, "watch revision %lld for monitor_seconds (%lld), then declare it stable",
             revision, seconds);
}

static void fill_next(struct pass *pass)
{
    const struct set_tally *target = pass->target, *other = oldest_other(pass);
    int64_t missing = target->wanted - target->running;
    if (pass->view->deployment.lifecycle == LIFECYCLE_DELETING)
        NEXT(pass, "remove the deployment once the last replica has ended");
    if (pass->rolled_back) {
        NEXT(pass, "take the replicas of revision %lld back", (long long)target->revision);
        return;
    }
    if (missing > 0) {
        NEXT(pass, "start %lld replica%s of revision %lld", (long long)missing, plural(missing),
             (long long)target->revision);
        return;
    }
    if (pass_frozen(pass) || !pass_rollout_running(pass)) return;
    const struct strategy_rules *rules = strategy_rules(pass);
    if (strategy_holds(pass)) {
        NEXT(pass, "start revision %lld again, then go on with the steps of revision %lld",
             (long long)strategy_predecessor(pass)->revision, (long long)target->revision);
        return;
    }
    if (rules->next && rules->next(pass)) return;
    if (other)
        next_replacement(pass, other);
    else if (pass->plan->rollout.state == ROLLOUT_ROLLING_BACK)
        next_end_of_rollback(pass);
    else
        next_end(pass);
}

static void say_rounded(struct pass *pass)
{
    sentence_add(pass->plan->next, sizeof pass->plan->next,
                 " (max_surge and max_unavailable both round to 0, so 1 may be missing)");
}

void explain_fill(struct pass *pass)
{
    *pass->plan->waiting_for = '\0'; /* a deadline that passed may have asked before */
    pass->plan->waiting_until_ms = 0;
    fill_waiting(pass);
    fill_next(pass);
    if (pass->plan->budget.rounded && pass_replicas(pass) > 0 && *pass->plan->next)
        say_rounded(pass);
}
