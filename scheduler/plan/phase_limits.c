/* No phase of a replica may last for ever.
 *
 *   pending ─ schedule_seconds ─►   counted, stays pending; only of a rollout's target
 *   assigned, preparing ─ prepare_seconds ─►   stopped and counted
 *   starting, running but never available yet ─ healthy_seconds ─►   stopped and counted
 *   available once, and not ready since ─ healthy_seconds ─►   counted; only of a rollout's target
 *                                                              that is not watched yet
 *
 * Limits are judged only where the node can be heard: silence is no evidence against a version. A
 * replica that was available once is left to its liveness probe: replacing everything whenever
 * something behind it is down for a while would turn one outage into two.
 */
#include "scheduler/plan/pass.h"

enum limit_kind { NO_LIMIT, SCHEDULE_LIMIT, PREPARE_LIMIT, HEALTHY_LIMIT, RECOVERY_LIMIT };

struct limit {
    struct failure failure;
    const char *name;    /* of the field in the template */
    const char *outcome; /* what it did not become in time */
};

static const struct limit limits[] = {
    [SCHEDULE_LIMIT] = {{.slug = "schedule_limit"}, "schedule_seconds", "found no node"},
    [PREPARE_LIMIT] = {{.slug = "prepare_limit", .backs_off = true},
                       "prepare_seconds",
                       "was never prepared"},
    [HEALTHY_LIMIT] = {{.slug = "healthy_limit", .backs_off = true},
                       "healthy_seconds",
                       "never became ready"},
    [RECOVERY_LIMIT] = {{.slug = "unhealthy_after_ready"},
                        "healthy_seconds",
                        "was available, and has not been ready since"},
};

static enum limit_kind limit_of(const struct replica *replica)
{
    switch ((enum replica_phase)replica->phase) {
    case REPLICA_PENDING:
        return SCHEDULE_LIMIT;
    case REPLICA_ASSIGNED:
    case REPLICA_PREPARING:
        return PREPARE_LIMIT;
    case REPLICA_STARTING:
        return replica->was_available ? RECOVERY_LIMIT : HEALTHY_LIMIT;
    case REPLICA_RUNNING:
        if (replica->ready) return NO_LIMIT;
        return replica->was_available ? RECOVERY_LIMIT : HEALTHY_LIMIT;
    case REPLICA_STOPPING:
    case REPLICA_STOPPED:
    case REPLICA_FAILED:
        break;
    }
    return NO_LIMIT;
}

static int64_t limit_seconds(enum limit_kind kind, const struct phase_limits *of)
{
    const int64_t seconds[] = {[SCHEDULE_LIMIT] = of->schedule_seconds,
                               [PREPARE_LIMIT] = of->prepare_seconds,
                               [HEALTHY_LIMIT] = of->healthy_seconds,
                               [RECOVERY_LIMIT] = of->healthy_seconds};
    return seconds[kind];
}

/* When the phase began: for a replica that runs, when it was ready for the last time. */
static int64_t limit_since_ms(enum limit_kind kind, const struct replica *replica)
{
    if (kind == RECOVERY_LIMIT && replica->unready_since_ms != 0) return replica->unready_since_ms;
    if (kind != HEALTHY_LIMIT) return replica->phase_since_ms;
    return max_i64(replica->phase_since_ms, replica->unready_since_ms);
}

static void describe_limit(enum limit_kind kind, int64_t seconds, const struct replica *replica,
                           char *out, size_t bytes)
{
    char place[PLAN_WHY_BYTES];
    sentence_set(out, bytes, "%s (%lld) passed: %s%s %s", limits[kind].name, (long long)seconds,
                 replica->id, replica_place(replica, place, sizeof place), limits[kind].outcome);
    const char *answer = or_empty(replica->readiness_reason);
    bool probed = (kind == HEALTHY_LIMIT || kind == RECOVERY_LIMIT) && *answer;
    if (probed)
        sentence_add(out, bytes, "; %s: %s",
                     says_how_it_ended(answer) ? "it ended" : "last readiness probe", answer);
    else if (*or_empty(replica->reason))
        sentence_add(out, bytes, ": %s", replica->reason);
}

/* The monitor period has an end of its own, and a way back is to what was proven. */
static bool may_still_recover(const struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    return rollout->state == ROLLOUT_ROLLING_BACK || rollout->monitor_since_ms != 0;
}

/* Waiting for a node says nothing about a version unless a rollout waits for it. */
static bool limit_applies(const struct pass *pass, enum limit_kind kind,
                          const struct replica_tally *tally)
{
    if (!tally->running || tally->presence != PRESENCE_PRESENT) return false;
    if (kind != SCHEDULE_LIMIT && kind != RECOVERY_LIMIT) return kind != NO_LIMIT;
    if (tally->set != pass->target || !pass_rollout_running(pass)) return false;
    return kind == SCHEDULE_LIMIT || !may_still_recover(pass);
}

void limit_judge(struct pass *pass, struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    enum limit_kind kind = limit_of(replica);
    if (!limit_applies(pass, kind, tally)) return;
    int64_t seconds = limit_seconds(kind, &tally->set->limits);
    if (seconds == 0) return; /* the template of its set is not known */
    int64_t at = limit_since_ms(kind, replica) + seconds * SECOND_MS;
    if (pass_waits(pass, at)) return;
    char sentence[PLAN_SENTENCE_BYTES];
    describe_limit(kind, seconds, replica, sentence, sizeof sentence);
    if (!replica->counted) failure_count(pass, tally, &limits[kind].failure, sentence);
    if (kind == SCHEDULE_LIMIT || kind == RECOVERY_LIMIT) return;
    char why[PLAN_WHY_BYTES];
    sentence_set(why, sizeof why, "told to stop: %s (%lld) passed", limits[kind].name,
                 (long long)seconds);
    pass_stop(pass, tally, CAUSE_LIMIT, why);
}
