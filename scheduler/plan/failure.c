/* Replicas that failed, each counted once: for the back-off of their set, and, when they are of the
 * target of a running rollout, for that rollout.
 */
#include "base/text.h"
#include "scheduler/plan/pass.h"

enum {
    BACKOFF_FIRST_MS = 10 * MS_PER_SECOND,
    BACKOFF_MAX_MS = 300 * MS_PER_SECOND,
    BACKOFF_DOUBLINGS = 5
};

/* The delay doubles with every round of failures, one round being as many as the set wants
 * replicas: several that die of one cause at the same time are one round. */
static int64_t backoff_ms(const struct set_tally *set)
{
    int64_t size = max_i64(1, set->wanted_before);
    int64_t round = (set->failures + size - 1) / size;
    int64_t doublings = min_i64(round - 1, BACKOFF_DOUBLINGS);
    return min_i64(BACKOFF_MAX_MS, (int64_t)BACKOFF_FIRST_MS << doublings);
}

static void count_for_rollout(struct pass *pass, const struct replica_tally *tally,
                              const struct failure *failure, const char *sentence)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (tally->set != pass->target || !pass_rollout_running(pass)) return;
    rollout->failed_replicas++;
    if (!rollout->failed_replica) rollout->failed_replica = tally->replica->id;
    if (pass->failure.slug && (pass->failure.at_once || !failure->at_once)) return;
    pass->failure.slug = failure->slug;
    pass->failure.at_once = failure->at_once;
    sentence_set(pass->failure.sentence, sizeof pass->failure.sentence, "%s", sentence);
}

void failure_count(struct pass *pass, struct replica_tally *tally, const struct failure *failure,
                   const char *sentence)
{
    struct set_tally *set = tally->set;
    if (failure->backs_off) {
        set->failures++;
        set->retry_at_ms = pass->view->now_ms + backoff_ms(set);
    }
    struct action *action = pass_act(pass, ACTION_COUNT_FAILURE, "%s", failure->slug);
    action->replica = tally->replica;
    action->template_hash = set->template_hash;
    action->failures = set->failures;
    action->retry_at_ms = set->retry_at_ms;
    count_for_rollout(pass, tally, failure, sentence);
}

/* The words with which an agent says that the template itself cannot run. */
static const struct failure end_failures[] = {
    {.slug = "crash_loop", .at_once = true, .backs_off = true},
    {.slug = "unrunnable", .at_once = true, .backs_off = true},
    {.slug = "replica_failed", .at_once = false, .backs_off = true},
};

static const struct failure *end_failure(const struct replica *replica)
{
    const struct failure *failure = end_failures;
    while (failure->at_once && !text_starts(or_empty(replica->reason), failure->slug))
        failure++;
    return failure;
}

static void describe_exit(const struct replica *replica, char *out, size_t bytes)
{
    if (!replica->has_exit) return;
    if (replica->exit_signal >= 0 && replica->exit_code < 0)
        sentence_add(out, bytes, " with signal %lld", (long long)replica->exit_signal);
    if (replica->exit_code >= 0)
        sentence_add(out, bytes, " with exit code %lld", (long long)replica->exit_code);
    if (replica->exit_oom) sentence_add(out, bytes, ", out of memory");
}

static void describe_end(const struct replica *replica, char *out, size_t bytes)
{
    char place[PLAN_WHY_BYTES];
    sentence_set(out, bytes, "%s%s ended", replica->id,
                 replica_place(replica, place, sizeof place));
    describe_exit(replica, out, bytes);
    if (*or_empty(replica->reason)) sentence_add(out, bytes, ": %s", replica->reason);
    const char *answer = or_empty(replica->readiness_reason);
    if (*answer && strstr(or_empty(replica->reason), answer) == NULL)
        sentence_add(out, bytes, "; last readiness answer: %s", answer);
}

/* An end that was ordered, or that came with the node, says nothing about the version. */
static bool blameless(const struct replica *replica)
{
    return replica->wanted == WANTED_STOP || replica->stop_cause != CAUSE_NONE;
}

void failure_judge_end(struct pass *pass, struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (replica->counted) return;
    if (blameless(replica)) {
        pass_act(pass, ACTION_DISMISS_FAILURE, "ordered, or gone with its node")->replica = replica;
        return;
    }
    char sentence[PLAN_SENTENCE_BYTES];
    describe_end(replica, sentence, sizeof sentence);
    failure_count(pass, tally, end_failure(replica), sentence);
}
