/* What each replica's state means for the pass: is it available, has it failed, does it take too
 * long? Available = ready without a break for min_ready_seconds, on a ready node.
 */
#include "scheduler/plan/pass.h"

static bool available_now(struct pass *pass, const struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (!tally->ready) return false;
    if (replica->available) return true;
    int64_t at = replica->ready_since_ms + pass_strategy(pass)->min_ready_seconds * SECOND_MS;
    return !pass_waits(pass, at);
}

static void mark_available(struct pass *pass, struct replica_tally *tally)
{
    struct set_tally *set = tally->set;
    int64_t seconds = pass_strategy(pass)->min_ready_seconds;
    struct action *action = pass_act(pass, ACTION_MARK_AVAILABLE, "it is ready");
    if (seconds > 0)
        sentence_set(action->why, sizeof action->why, "it was ready for min_ready_seconds (%lld)",
                     (long long)seconds);
    action->replica = tally->replica;
    if (set->failures == 0) return;
    pass_act(pass, ACTION_RESET_BACKOFF, "%s is available", tally->replica->id)->template_hash =
        set->template_hash;
    set->failures = 0;
    set->retry_at_ms = 0;
}

static const char *why_unavailable(const struct replica_tally *tally)
{
    if (tally->presence != PRESENCE_PRESENT) return "its node does not report";
    if (tally->replica->wanted == WANTED_STOP) return "it is to stop";
    return "it is not ready";
}

static void judge_availability(struct pass *pass, struct replica_tally *tally)
{
    tally->available = available_now(pass, tally);
    tally->set->available += tally->available;
    if (tally->available && !tally->replica->available) mark_available(pass, tally);
    if (!tally->available && tally->replica->available)
        pass_act(pass, ACTION_MARK_UNAVAILABLE, "%s", why_unavailable(tally))->replica =
            tally->replica;
}

/* Availability comes first: one that became available ends the set's back-off before others that
 * failed begin a new one. */
void health_judge(struct pass *pass)
{
    struct plan *plan = pass->plan;
    for (size_t i = 0; i < plan->replica_count; i++)
        judge_availability(pass, &plan->replicas[i]);
    for (size_t i = 0; i < plan->replica_count; i++) {
        struct replica_tally *tally = &plan->replicas[i];
        if (replica_phase_final(tally->replica->phase))
            failure_judge_end(pass, tally);
        else
            limit_judge(pass, tally);
    }
}
