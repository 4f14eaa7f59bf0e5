#include "cli/goal.h"

#include "base/text.h"
#include "cli/look.h"

bool goal_rollout_has_ended(const char *state)
{
    static const char *const ends[] = {"succeeded", "rolled_back", "failed", "superseded",
                                       "aborted"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (text_equal(state, ends[i])) return true;
    return false;
}

static enum verdict judge_rollout(const struct json *rollout)
{
    const char *state = look_text(rollout, "state");
    if (!goal_rollout_has_ended(state)) return VERDICT_WAITING;
    if (text_equal(state, "succeeded")) return VERDICT_REACHED;
    return text_equal(state, "superseded") ? VERDICT_SUPERSEDED : VERDICT_FAILED;
}

static enum verdict judge_size(const struct goal *goal, const struct json *status)
{
    int64_t desired = look_int(status, "desired", -1);
    if (desired < 0 || look_int(status, "observed_generation", 0) < goal->generation)
        return VERDICT_WAITING;
    bool whole = look_int(status, "available", 0) >= desired;
    bool no_more = look_int(status, "total", 0) == desired;
    return whole && no_more ? VERDICT_REACHED : VERDICT_WAITING;
}

/* Another deployment may have been given the name since. */
static enum verdict judge_gone(const struct json *status, bool missing)
{
    const char *state = look_text(status, "state");
    if (missing) return VERDICT_REACHED;
    if (state == NULL || text_equal(state, "terminating")) return VERDICT_WAITING;
    return VERDICT_REACHED;
}

enum verdict goal_judge(const struct goal *goal, const struct json *status,
                        const struct json *rollout, bool missing)
{
    if (goal->gone) return judge_gone(status, missing);
    if (goal->rollout > 0) {
        enum verdict verdict = judge_rollout(rollout);
        if (verdict != VERDICT_REACHED) return verdict;
    }
    if (goal->size) return judge_size(goal, status);
    return goal->rollout > 0 ? VERDICT_REACHED : VERDICT_WAITING;
}
