/* Replicas that failed, each counted once: for the back-off of their set, and, when they are of the
 * target of a running rollout, for that rollout.
 */
#include "base/text.h"
#include "scheduler/plan/pass.h"

enum { BACKOFF_FIRST_MS = 10 * SECOND_MS, BACKOFF_MAX_MS = 300 * SECOND_MS, BACKOFF_DOUBLINGS = 5 };

/* The delay doubles with every round of failures, one round being as many as the set wants
 * replicas: several that die of one cause at the same time are one round. */
static int64_t backoff_ms(const struct set_tally *set)
{
    int64_t size = max_i64(1, set->wanted_before);
    int64_t round = (set->failures + size - 1) / size;
    int64_t doublings = min_i64(round - 1, BACKOFF_DOUBLINGS);
    return min_i64(BACKOFF_MAX_MS, (int64_t)BACKOFF_FIRST_MS << doublings);
}

/* The first one that fails the rollout at once is told, else the first one. It is kept in the
 * rollout, for it is counted now but may be judged in a later pass; a rollback has no room for it,
 * and is judged at once. */
static void speak_against(struct pass *pass, const struct failure *failure, const char *replica,
                          const char *sentence)
{
    if (pass->failure.slug && (pass->failure.at_once || !failure->at_once)) return;
    pass->failure.slug = failure->slug;
    pass->failure.at_once = failure->at_once;
    sentence_set(pass->failure.sentence, sizeof pass->failure.sentence, "%s", sentence);
    pass->failure.replica = replica;
    struct rollout *rollout = &pass->plan->rollout;
    bool kept = rollout->state == ROLLOUT_ROLLING_BACK || *or_empty(rollout->reason);
    if (!failure->at_once || kept) return;
    rollout_say(pass, failure->slug, sentence);
    rollout->failed_replica = replica;
}

static void count_for_rollout(struct pass *pass, const struct replica_tally *tally,
                              const struct failure *failure, const char *sentence)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (tally->set != pass->target || !pass_rollout_running(pass)) return;
    rollout->failed_replicas++;
    if (!rollout->failed_replica) rollout->failed_replica = tally->replica->id;
    speak_against(pass, failure, tally->replica->id, sentence);
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
    const char *reason = or_empty(replica->reason);
    if (!replica->has_exit || says_how_it_ended(reason)) return;
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
    if (*answer && !says_how_it_ended(answer) && strstr(or_empty(replica->reason), answer) == NULL)
        sentence_add(out, bytes, "; last readiness probe: %s", answer);
}

/* An end that was ordered, or that came with the node, says nothing about the version. */
static bool blameless(const struct replica *replica)
{
    return replica->wanted == WANTED_STOP || replica->stop_cause != CAUSE_NONE;
}

/* What was counted before is not in the view any more. */
void failure_judge_end(struct pass *pass, struct replica_tally *tally)
{
    const struct replica *replica = tally->replica;
    if (blameless(replica)) {
        pass_act(pass, ACTION_DISMISS_FAILURE, "ordered, or gone with its node")->replica = replica;
        return;
    }
    char sentence[PLAN_SENTENCE_BYTES];
    describe_end(replica, sentence, sizeof sentence);
    failure_count(pass, tally, end_failure(replica), sentence);
}

void failure_of_check(struct pass *pass, const struct replica *replica)
{
    static const struct failure failure = {.slug = "check_failed", .at_once = true};
    struct rollout *rollout = &pass->plan->rollout;
    char place[PLAN_WHY_BYTES], sentence[PLAN_SENTENCE_BYTES];
    sentence_set(sentence, sizeof sentence, "the check of step %lld failed on %s%s: %s",
                 (long long)rollout->step + 1, replica->id,
                 replica_place(replica, place, sizeof place), or_empty(replica->check_reason));
    speak_against(pass, &failure, replica->id, sentence);
}

/* Of the target, none of which is ready: one that was available. */
static struct replica_tally *find_fallen(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set == pass->target && tally->running && tally->replica->was_available)
            return tally;
    }
    return NULL;
}

void failure_of_service(struct pass *pass)
{
    static const struct failure failure = {.slug = "unhealthy_after_ready", .at_once = true};
    char sentence[PLAN_SENTENCE_BYTES], trouble[PLAN_SENTENCE_BYTES];
    struct rollout *rollout = &pass->plan->rollout;
    struct replica_tally *fallen = find_fallen(pass);
    if (!fallen && rollout->failed_replicas == 0) return;
    sentence_set(sentence, sizeof sentence,
                 "no replica of revision %lld, which has all traffic, serves any more: traffic "
                 "goes back",
                 (long long)pass->target->revision);
    if (fallen) {
        replica_describe(pass, fallen, trouble, sizeof trouble);
        sentence_add(sentence, sizeof sentence, "; %s", trouble);
    }
    speak_against(pass, &failure, fallen ? fallen->replica->id : rollout->failed_replica, sentence);
}
