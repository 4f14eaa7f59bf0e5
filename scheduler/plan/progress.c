/* The rollout's state, its clocks, and how it ends.
 *
 *   progressing ─ complete, monitor_seconds pass ─► succeeded, the target is stable
 *        │ ⇅ spec.paused: paused, the deadline stands still
 *        └─ failed replicas, deadline ─┬─ a stable template that differs ─► rolling_back
 *                                      └─ none, or auto_rollback off ─► failed, halted
 *   rolling_back ─ complete ─► rolled_back (a proven template is not monitored again)
 *        └─ failed replicas, deadline ─► failed, halted
 *
 * The deadline moves on only when more replicas of the target are available than ever before in
 * this rollout, so flapping cannot extend it. While paused, failures are counted but judged only on
 * resume. A replica of the target counts once.
 *
 * With 0 replicas a rollout is complete as soon as nothing is left. It succeeds, but nothing was
 * proven: the revision does not become stable unless the stable one has the same template.
 */
#include "scheduler/plan/pass.h"

#include <assert.h>

static int64_t fresh_deadline_ms(const struct pass *pass)
{
    return pass->view->now_ms + pass_strategy(pass)->progress_deadline_seconds * MS_PER_SECOND;
}

static void move(struct pass *pass, enum rollout_state state)
{
    struct rollout *rollout = &pass->plan->rollout;
    assert(rollout_state_may_move(rollout->state, (int)state));
    rollout->state = (int)state;
    pass_due(pass, pass->view->now_ms);
    if (!rollout_state_final((int)state)) return;
    rollout->finished_at = pass->view->now_at;
    rollout->deadline_at_ms = rollout->deadline_left_ms = 0;
    rollout->monitor_until_ms = rollout->batch_after_ms = 0;
}

static void say(struct pass *pass, const char *reason, const char *sentence)
{
    struct plan *plan = pass->plan;
    plan->rollout.reason = reason;
    sentence_set(plan->rollout_message, sizeof plan->rollout_message, "%s", sentence);
    plan->rollout.message = plan->rollout_message;
}

#define SAY_MORE(pass, ...)                                                                        \
    sentence_add((pass)->plan->rollout_message, sizeof(pass)->plan->rollout_message, __VA_ARGS__)

/* ---- clocks ---- */

static void start_clocks(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->deadline_at_ms || rollout->deadline_left_ms) return;
    rollout->high_water = pass->target->available;
    rollout->deadline_at_ms = fresh_deadline_ms(pass);
    pass_outcome(pass, pass->view->target.number, OUTCOME_ACTIVE);
}

/* One pass makes one move: what was missed while paused is judged by the pass after the resume, so
 * that no stored state jumps over another. A rollback keeps its state while paused: only its steps
 * and its clock stand still. */
static void pause_or_resume(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    int64_t now_ms = pass->view->now_ms;
    if (pass->paused) {
        if (rollout->state == ROLLOUT_PROGRESSING) move(pass, ROLLOUT_PAUSED);
        if (rollout->deadline_at_ms == 0) return;
        rollout->deadline_left_ms = max_i64(1, rollout->deadline_at_ms - now_ms);
        rollout->deadline_at_ms = 0;
        return;
    }
    if (rollout->state == ROLLOUT_PAUSED) {
        move(pass, ROLLOUT_PROGRESSING);
        pass->resumed = true;
    }
    if (rollout->deadline_left_ms == 0) return;
    rollout->deadline_at_ms = now_ms + rollout->deadline_left_ms;
    rollout->deadline_left_ms = 0;
}

static void note_progress(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    rollout->progress.desired = pass_replicas(pass);
    rollout->progress.updated = pass->target->running;
    rollout->progress.ready = pass->target->ready;
    rollout->progress.available = pass->target->available;
    rollout->progress.old = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        if (&pass->plan->sets[i] != pass->target)
            rollout->progress.old += pass->plan->sets[i].running;
    if (pass->target->available <= rollout->high_water) return;
    rollout->high_water = pass->target->available;
    if (pass->paused)
        rollout->deadline_left_ms = fresh_deadline_ms(pass) - pass->view->now_ms;
    else
        rollout->deadline_at_ms = fresh_deadline_ms(pass);
}

/* ---- success ---- */

static bool complete(const struct pass *pass)
{
    const struct plan *plan = pass->plan;
    for (size_t i = 0; i < plan->set_count; i++)
        if (&plan->sets[i] != pass->target && plan->sets[i].wanted > 0) return false;
    return plan->budget.total == pass_replicas(pass) &&
           pass->target->available == pass_replicas(pass);
}

static void prove(struct pass *pass)
{
    int64_t number = pass->view->target.number, before = pass->view->stable.number;
    if (number == before) return;
    pass_outcome(pass, number, OUTCOME_STABLE);
    if (before) pass_outcome(pass, before, OUTCOME_SUPERSEDED);
    pass->plan->status.stable_revision = number;
}

static void succeed(struct pass *pass)
{
    char sentence[PLAN_SENTENCE_BYTES];
    bool proven = pass_replicas(pass) > 0 || pass->stable == pass->target;
    if (pass->plan->rollout.state == ROLLOUT_ROLLING_BACK) {
        say(pass, pass->plan->rollout.reason, or_empty(pass->plan->rollout.message));
        SAY_MORE(pass, "; rolled back: every replica runs revision %lld",
                 (long long)pass->view->target.number);
        move(pass, ROLLOUT_ROLLED_BACK);
    } else {
        sentence_set(sentence, sizeof sentence, "%lld of %lld replicas run revision %lld%s",
                     (long long)pass_replicas(pass), (long long)pass_replicas(pass),
                     (long long)pass->view->target.number,
                     proven ? "" : ", which is not proven: none were wanted");
        say(pass, "", sentence);
        move(pass, ROLLOUT_SUCCEEDED);
    }
    if (proven) prove(pass);
}

/* True when the rollout ended or only the monitor period is waited for. */
static bool judge_completion(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (!complete(pass)) return false;
    bool watched = rollout->state == ROLLOUT_PROGRESSING && pass_replicas(pass) > 0;
    if (watched && rollout->monitor_until_ms == 0)
        rollout->monitor_until_ms =
            pass->view->now_ms + pass_strategy(pass)->monitor_seconds * MS_PER_SECOND;
    if (!watched || rollout->monitor_until_ms <= pass->view->now_ms)
        succeed(pass);
    else
        pass_due(pass, rollout->monitor_until_ms);
    return true;
}

/* ---- failure ---- */

static void halt(struct pass *pass, const char *reason, const char *words)
{
    SAY_MORE(pass, "; template steps are halted: %s", words);
    move(pass, ROLLOUT_FAILED);
    pass_outcome(pass, pass->view->target.number, OUTCOME_FAILED);
    pass->plan->status.halted_reason = reason;
    pass->plan->status.halted_since_at = pass->view->now_at;
}

/* The same rollout goes on with one fresh deadline. It counts anew: what failed so far was of the
 * version that is being taken back. */
static void roll_back(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    const struct deployment *deployment = &pass->view->deployment;
    int64_t stable = pass->view->stable.number;
    struct action *action = pass_act(pass, ACTION_ROLLBACK, "%s", rollout->reason);
    action->template_hash = pass->view->stable.template_hash;
    action->revision = deployment->next_revision;
    action->copy_of = stable;
    SAY_MORE(pass, "; rolling back to the template of revision %lld", (long long)stable);
    move(pass, ROLLOUT_ROLLING_BACK);
    pass_outcome(pass, pass->view->target.number, OUTCOME_FAILED);
    rollout->rollback_revision = deployment->next_revision;
    rollout->high_water = pass->stable->available;
    rollout->deadline_at_ms = fresh_deadline_ms(pass);
    rollout->monitor_until_ms = rollout->batch_after_ms = 0;
    rollout->failed_replicas = 0;
    pass->plan->status.revision = deployment->next_revision;
    pass->rolled_back = true;
}

static void fail(struct pass *pass, const char *slug, const char *sentence)
{
    const struct rollout *rollout = &pass->plan->rollout;
    if (rollout->state == ROLLOUT_ROLLING_BACK) {
        char both[PLAN_SENTENCE_BYTES];
        sentence_set(both, sizeof both, "the rollback failed too: %s; before: %s", sentence,
                     or_empty(rollout->message));
        say(pass, rollout->reason, both);
        halt(pass, "rollback_failed", "the rollback failed");
        return;
    }
    say(pass, slug, sentence);
    if (!pass_strategy(pass)->auto_rollback)
        halt(pass, "auto_rollback_off", "auto_rollback is off");
    else if (!pass->stable)
        halt(pass, "no_stable_revision", "no revision was proven healthy yet");
    else if (pass->stable == pass->target)
        halt(pass, "stable_is_the_failing_one", "the stable revision has the same template");
    else
        roll_back(pass);
}

/* At the end of the monitor period: the replicas that were available and are no longer. One that
 * is ready again has recovered and may finish its min_ready_seconds. */
static void judge_monitored(struct pass *pass)
{
    static const struct failure failure = {.slug = "unhealthy_after_ready"};
    const struct rollout *rollout = &pass->plan->rollout;
    if (rollout->monitor_until_ms == 0) return;
    if (rollout->monitor_until_ms > pass->view->now_ms) {
        pass_due(pass, rollout->monitor_until_ms); /* also when it is not complete any more */
        return;
    }
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set != pass->target || !tally->running || tally->ready) continue;
        if (tally->presence != PRESENCE_PRESENT || !tally->replica->was_available) continue;
        if (tally->replica->counted) continue;
        char sentence[PLAN_SENTENCE_BYTES];
        replica_describe(pass, tally, sentence, sizeof sentence);
        sentence_add(sentence, sizeof sentence, "; it was available before monitor_seconds (%lld)",
                     (long long)pass_strategy(pass)->monitor_seconds);
        failure_count(pass, tally, &failure, sentence);
    }
}

static bool too_many_failed(const struct pass *pass)
{
    static const double rounding = 1e-9; /* 0.29 × 100 is a little less than 29 */
    double allowed = pass_strategy(pass)->max_failure_ratio * (double)pass_replicas(pass);
    return pass_replicas(pass) > 0 &&
           (double)pass->plan->rollout.failed_replicas > allowed + rounding;
}

/* Failures that were counted in an earlier pass can become too many by scaling down or resuming. */
static bool judge_failures(struct pass *pass)
{
    if (!pass->failure.at_once && !too_many_failed(pass)) return false;
    if (pass->failure.slug) {
        fail(pass, pass->failure.slug, pass->failure.sentence);
        return true;
    }
    char sentence[PLAN_SENTENCE_BYTES];
    const struct rollout *rollout = &pass->plan->rollout;
    sentence_set(sentence, sizeof sentence, "%lld replica%s failed, %s first",
                 (long long)rollout->failed_replicas, plural(rollout->failed_replicas),
                 or_empty(rollout->failed_replica));
    fail(pass, "replica_failed", sentence);
    return true;
}

static void judge_deadline(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    if (rollout->deadline_at_ms > pass->view->now_ms) {
        pass_due(pass, rollout->deadline_at_ms);
        return;
    }
    char sentence[PLAN_SENTENCE_BYTES];
    sentence_set(sentence, sizeof sentence,
                 "progress_deadline_seconds (%lld) passed: %lld of %lld replicas of revision %lld "
                 "are available",
                 (long long)pass_strategy(pass)->progress_deadline_seconds,
                 (long long)pass->target->available, (long long)pass_replicas(pass),
                 (long long)pass->view->target.number);
    char trouble[PLAN_SENTENCE_BYTES];
    const struct replica_tally *tally = replica_most_telling(pass);
    if (tally) {
        replica_describe(pass, tally, trouble, sizeof trouble);
        sentence_add(sentence, sizeof sentence, "; %s", trouble);
    }
    fail(pass, "progress_deadline", sentence);
}

void progress_judge(struct pass *pass)
{
    if (!pass_rollout_running(pass)) return;
    start_clocks(pass);
    pause_or_resume(pass);
    note_progress(pass);
    if (pass->paused || pass->resumed) return;
    judge_monitored(pass);
    if (judge_failures(pass)) return;
    if (judge_completion(pass)) return;
    judge_deadline(pass);
}

void progress_abort(struct pass *pass)
{
    if (!pass_rollout_running(pass)) return;
    say(pass, "deleted", "the deployment was deleted");
    move(pass, ROLLOUT_ABORTED);
}
