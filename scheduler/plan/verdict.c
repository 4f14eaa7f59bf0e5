/* One move of the rollout, and how it fails.
 *
 *   failed ─┬─ a stable template that differs ─► rolling_back: the same rollout, one fresh deadline
 *           └─ none, or auto_rollback off ─► failed, template steps are halted
 *   failed while rolling_back ─► failed, halted
 *
 * Quarantine is for causes that lie in the version. A template that was proven healthy is never
 * quarantined: when it fails now, something else did.
 */
#include "base/text.h"
#include "scheduler/plan/pass.h"

#include <assert.h>
#include <stdarg.h>

void rollout_move(struct pass *pass, enum rollout_state state)
{
    struct rollout *rollout = &pass->plan->rollout;
    assert(rollout_state_may_move(rollout->state, (int)state));
    pass_due(pass, pass->view->now_ms);
    if (rollout_state_final((int)state))
        rollout_finish(rollout, state, pass->view->now_at);
    else
        rollout->state = (int)state;
}

void rollout_say(struct pass *pass, const char *reason, const char *sentence)
{
    struct plan *plan = pass->plan;
    plan->rollout.reason = reason;
    if (sentence != plan->rollout_message)
        sentence_set(plan->rollout_message, sizeof plan->rollout_message, "%s", sentence);
    plan->rollout.message = plan->rollout_message;
}

#define WAY_BACK "; rolling back to the template of revision %lld"

void rollout_cause(const struct pass *pass, char *out, size_t bytes)
{
    char way_back[PLAN_WHY_BYTES];
    sentence_set(way_back, sizeof way_back, WAY_BACK, (long long)pass->view->stable.number);
    sentence_set(out, bytes, "%s", or_empty(pass->plan->rollout.message));
    size_t length = strlen(out), tail = strlen(way_back);
    if (length >= tail && text_equal(out + length - tail, way_back)) out[length - tail] = '\0';
}

void rollout_say_more(struct pass *pass, const char *format, ...)
{
    char more[PLAN_SENTENCE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(more, sizeof more, format, args);
    va_end(args);
    sentence_add(pass->plan->rollout_message, sizeof pass->plan->rollout_message, "%s", more);
}

/* ---- whose fault ---- */

/* Was any replica of the target started, on a node that can be heard, and is not available? */
static bool target_was_tried(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set != pass->target || tally->presence != PRESENCE_PRESENT) continue;
        if (tally->replica->phase >= REPLICA_STARTING && !tally->available) return true;
    }
    return false;
}

/* Is it, but for restarts, the template that was proven healthy? */
static bool is_proven(const struct pass *pass)
{
    return pass->stable && text_equal(pass->view->stable.base_hash, pass->view->target.base_hash);
}

static bool lies_in_the_version(const struct pass *pass, const char *slug)
{
    static const char *const slugs[] = {"crash_loop",
                                        "unrunnable",
                                        "healthy_limit",
                                        "replica_failed",
                                        "check_failed",
                                        "unhealthy_after_ready",
                                        NULL};
    if (word_find(slugs, slug) >= 0) return true;
    return text_equal(slug, "progress_deadline") && target_was_tried(pass);
}

/* ---- what follows ---- */

static void halt(struct pass *pass, const char *reason)
{
    rollout_move(pass, ROLLOUT_FAILED);
    pass_outcome(pass, pass->view->target.number, OUTCOME_FAILED);
    pass->plan->status.halted_reason = reason;
    pass->plan->status.halted_since_at = pass->view->now_at;
}

/* The same rollout goes on with one fresh deadline, without steps. It counts anew: what failed so
 * far was of the version that is being taken back. */
static void roll_back(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    const struct deployment *deployment = &pass->view->deployment;
    int64_t stable = pass->view->stable.number;
    struct action *action = pass_act(pass, ACTION_ROLLBACK, "%s", rollout->reason);
    action->template_hash = pass->view->stable.template_hash;
    action->revision = deployment->next_revision;
    action->copy_of = stable;
    rollout_say_more(pass, WAY_BACK, (long long)stable);
    rollout_move(pass, ROLLOUT_ROLLING_BACK);
    pass_outcome(pass, pass->view->target.number, OUTCOME_FAILED);
    rollout->rollback_revision = deployment->next_revision;
    rollout->high_water = pass->stable->available;
    rollout->deadline_at_ms = clocks_fresh_deadline_ms(pass);
    rollout->monitor_since_ms = rollout->batch_since_ms = 0;
    rollout->direct = true;
    rollout->promote = PROMOTE_NONE;
    rollout->step = rollout->step_since_ms = 0;
    rollout->keep_old_since_ms = rollout->extended_ms = rollout->check_round = 0;
    rollout->failed_replicas = 0;
    pass->plan->status.revision = deployment->next_revision;
    pass->rolled_back = true;
}

static void fail_again(struct pass *pass, const char *sentence)
{
    char both[PLAN_SENTENCE_BYTES], cause[PLAN_SENTENCE_BYTES];
    rollout_cause(pass, cause, sizeof cause);
    sentence_set(both, sizeof both,
                 "the rollback to the template of revision %lld failed too: %s; "
                 "what began it: %s",
                 (long long)pass->view->stable.number, sentence, cause);
    rollout_say(pass, pass->plan->rollout.reason, both);
    halt(pass, "rollback_failed");
}

/* Replicas are left as they are. */
static void stay(struct pass *pass, const char *reason, const char *words)
{
    rollout_say_more(pass, "; not rolled back: %s", words);
    halt(pass, reason);
}

void rollout_fail(struct pass *pass, const char *slug, const char *sentence)
{
    if (pass->plan->rollout.state == ROLLOUT_ROLLING_BACK) {
        fail_again(pass, sentence);
        return;
    }
    rollout_say(pass, slug, sentence);
    pass->plan->quarantine = !is_proven(pass) && lies_in_the_version(pass, slug);
    if (!pass_strategy(pass)->auto_rollback)
        stay(pass, "auto_rollback_off", "auto_rollback is off");
    else if (!pass->stable)
        stay(pass, "no_stable_revision", "no revision was proven healthy yet");
    else if (pass->stable == pass->target)
        stay(pass, "stable_is_the_failing_one", "the stable revision has the same template");
    else
        roll_back(pass);
}
