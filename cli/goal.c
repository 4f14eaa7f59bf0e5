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

bool goal_awaits_start(const struct json *deployment)
{
    const char *state = look_text(deployment, "status.state");
    return text_equal(state, "terminated") || text_equal(state, "terminating");
}

static const char *const state_words[] = {
    [GOAL_ANY] = "there",
    [GOAL_AVAILABLE] = "available",
    [GOAL_COMPLETE] = "complete",
    [GOAL_TERMINATED] = "terminated",
};

bool goal_state_find(const char *word, enum goal_state *state)
{
    for (*state = GOAL_AVAILABLE; *state <= GOAL_TERMINATED; ++*state)
        if (text_equal(state_words[*state], word)) return true;
    return false;
}

const char *goal_state_word(enum goal_state state)
{
    return state_words[state];
}

static enum verdict judge_terminated(const char *state, bool missing)
{
    if (missing || text_equal(state, "terminated")) return VERDICT_REACHED;
    return text_equal(state, "terminating") ? VERDICT_WAITING : VERDICT_STUCK;
}

static bool has_enough(const struct json *status)
{
    return look_int(status, "available", 0) >= look_int(status, "desired", 0);
}

static bool is_complete(const struct json *status)
{
    const char *rollout = look_text(status, "rollout.state");
    int64_t desired = look_int(status, "desired", -1);
    return (rollout == NULL || goal_rollout_has_ended(rollout)) &&
           look_int(status, "updated", 0) == desired &&
           look_int(status, "available", 0) == desired && look_int(status, "total", 0) == desired;
}

/* Its rollout goes on when somebody orders it, and not before. */
static bool stands_still(const struct json *status)
{
    const char *rollout = look_text(status, "rollout.state");
    return text_equal(rollout, "awaiting_promotion") || text_equal(rollout, "paused");
}

static enum verdict judge_state(enum goal_state wanted, const struct json *status, bool missing)
{
    const char *state = look_text(status, "state");
    const struct json *halted = look(status, "halted");
    if (state == NULL && !missing) return VERDICT_WAITING;
    if (wanted == GOAL_TERMINATED) return judge_terminated(state, missing);
    if (text_equal(state, "terminated") || text_equal(state, "terminating")) return VERDICT_STUCK;
    bool complete = wanted == GOAL_COMPLETE;
    if (complete && halted != NULL && halted->type == JSON_OBJECT) return VERDICT_STUCK;
    int64_t observed = look_int(status, "observed_generation", 0);
    if (observed < look_int(status, "generation", 0)) return VERDICT_WAITING;
    if (complete && stands_still(status)) return VERDICT_STUCK;
    bool reached = complete ? is_complete(status) : has_enough(status);
    return reached ? VERDICT_REACHED : VERDICT_WAITING;
}

/* By the status as of now, which an order has changed when it is answered: the rollout itself may
 * tell of the wait that a promote has just ended. */
static bool rollout_stands_still(int64_t rollout, const struct json *status)
{
    return look_int(status, "rollout.id", 0) == rollout && stands_still(status) &&
           look_int(status, "observed_generation", 0) >= look_int(status, "generation", 0);
}

static enum verdict judge_rollout(const struct goal *goal, const struct json *status,
                                  const struct json *rollout)
{
    const char *state = look_text(rollout, "state");
    if (!goal_rollout_has_ended(state))
        return rollout_stands_still(goal->rollout, status) ? VERDICT_STUCK : VERDICT_WAITING;
    if (text_equal(state, "succeeded")) return VERDICT_REACHED;
    if (goal->back && text_equal(state, "rolled_back")) return VERDICT_REACHED;
    return text_equal(state, "superseded") ? VERDICT_SUPERSEDED : VERDICT_FAILED;
}

/* `beside`: a rollout stands still, of which more may run than are wanted. */
static enum verdict judge_size(const struct goal *goal, const struct json *status, bool beside)
{
    int64_t desired = look_int(status, "desired", -1);
    if (desired < 0 || look_int(status, "observed_generation", 0) < goal->generation)
        return VERDICT_WAITING;
    bool whole = look_int(status, "available", 0) >= desired;
    bool no_more = beside || look_int(status, "total", 0) == desired;
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
    if (goal->state != GOAL_ANY) return judge_state(goal->state, status, missing);
    if (goal->rollout > 0) {
        enum verdict verdict = judge_rollout(goal, status, rollout);
        if (verdict == VERDICT_STUCK && goal->scales) return judge_size(goal, status, true);
        if (verdict != VERDICT_REACHED) return verdict;
    }
    if (goal->size) return judge_size(goal, status, false);
    return goal->rollout > 0 ? VERDICT_REACHED : VERDICT_WAITING;
}
