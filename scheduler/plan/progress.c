/* What speaks for and against the rollout, judged once per pass.
 *
 *   progressing ─ complete, monitor_seconds pass ─► succeeded, the target is stable
 *        │ ⇅ spec.paused: paused; a promote is waited for: awaiting_promotion
 *        └─ failed replicas, deadline ─► rolling_back, or failed (verdict.c)
 *   rolling_back ─ complete ─► rolled_back (a proven template is not monitored again)
 *        └─ failed replicas, deadline ─► failed, halted
 *
 * The deadline moves on only when more replicas of the target are available than ever before in
 * this rollout, so flapping cannot extend it. While paused, failures are counted but judged only on
 * resume. A replica of the target counts once.
 *
 * With 0 replicas a rollout is complete as soon as nothing is left. It succeeds, but nothing was
 * proven: the revision does not become stable unless the stable one has the same template. One that
 * has steps left holds instead, until it is scaled up (strategy.h).
 */
#include "scheduler/plan/strategy.h"

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
    clocks_renew(pass);
}

/* ---- success ---- */

bool progress_complete(const struct pass *pass)
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
        rollout_cause(pass, sentence, sizeof sentence);
        rollout_say(pass, pass->plan->rollout.reason, sentence);
        rollout_say_more(pass, "; rolled back to the template of revision %lld, as revision %lld",
                         (long long)pass->view->stable.number,
                         (long long)pass->view->target.number);
        rollout_move(pass, ROLLOUT_ROLLED_BACK);
    } else {
        sentence_set(sentence, sizeof sentence, "%lld of %lld replicas run revision %lld%s",
                     (long long)pass_replicas(pass), (long long)pass_replicas(pass),
                     (long long)pass->view->target.number,
                     proven ? "" : ", which is not proven: none were wanted");
        rollout_say(pass, "", sentence);
        rollout_move(pass, ROLLOUT_SUCCEEDED);
    }
    if (proven) prove(pass);
}

/* True when the rollout ended or only the monitor period is waited for. */
static bool judge_completion(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    const struct strategy_rules *rules = strategy_rules(pass);
    if (!progress_complete(pass) || (rules->unfinished && rules->unfinished(pass))) return false;
    bool watched = rollout->state == ROLLOUT_PROGRESSING && pass_replicas(pass) > 0;
    if (rules->monitored && rules->monitored(pass)) watched = false;
    if (watched && rollout->monitor_since_ms == 0)
        rollout->monitor_since_ms = clocks_since_now_ms(pass);
    if (!watched || !pass_waits(pass, clocks_monitor_end_ms(pass))) succeed(pass);
    return true;
}

/* ---- failure ---- */

/* At the end of the monitor period: the replicas that were available and are no longer. One that
 * is ready again has recovered and may finish its min_ready_seconds. */
static void judge_monitored(struct pass *pass)
{
    static const struct failure failure = {.slug = "unhealthy_after_ready"};
    const struct rollout *rollout = &pass->plan->rollout;
    if (rollout->monitor_since_ms == 0) return;
    if (pass_waits(pass, clocks_monitor_end_ms(pass))) return; /* also when no longer complete */
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set != pass->target || !tally->running || tally->ready) continue;
        if (tally->presence != PRESENCE_PRESENT || !tally->replica->was_available) continue;
        if (tally->replica->counted) continue;
        char sentence[PLAN_SENTENCE_BYTES];
        replica_describe(pass, tally, sentence, sizeof sentence);
        sentence_add(sentence, sizeof sentence,
                     "; it was available, but not until the end of %s (%lld)",
                     clocks_monitor_name(pass), (long long)clocks_monitor_seconds(pass));
        failure_count(pass, tally, &failure, sentence);
    }
}

static const double rounding = 1e-9; /* 0.29 × 100 is a little less than 29 */

static bool too_many_failed(const struct pass *pass)
{
    int64_t replicas = pass_replicas(pass);
    double allowed = pass_strategy(pass)->max_failure_ratio * (double)replicas + rounding;
    return replicas > 0 && pass->plan->rollout.failed_replicas > (int64_t)allowed;
}

/* Did one count in an earlier pass that fails the rollout whatever max_failure_ratio says? */
static bool failure_is_kept(const struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    return rollout->state != ROLLOUT_ROLLING_BACK && *or_empty(rollout->reason);
}

static bool has_failed(const struct pass *pass)
{
    return pass->failure.at_once || failure_is_kept(pass) || too_many_failed(pass);
}

/* Failures that were counted in an earlier pass can become too many by scaling down or resuming. */
static bool judge_failures(struct pass *pass)
{
    if (!has_failed(pass)) return false;
    const struct rollout *rollout = &pass->plan->rollout;
    char sentence[PLAN_SENTENCE_BYTES];
    if (failure_is_kept(pass)) {
        rollout_fail(pass, rollout->reason, or_empty(rollout->message));
        return true;
    }
    if (pass->failure.slug) {
        pass->plan->rollout.failed_replica = pass->failure.replica;
        rollout_fail(pass, pass->failure.slug, pass->failure.sentence);
        return true;
    }
    sentence_set(sentence, sizeof sentence, "%lld replica%s failed, %s first",
                 (long long)rollout->failed_replicas, plural(rollout->failed_replicas),
                 or_empty(rollout->failed_replica));
    rollout_fail(pass, "replica_failed", sentence);
    return true;
}

static void judge_deadline(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    if (pass_waits(pass, rollout->deadline_at_ms)) return;
    char sentence[PLAN_SENTENCE_BYTES];
    sentence_set(sentence, sizeof sentence,
                 "progress_deadline_seconds (%lld) passed: %lld of %lld replicas of revision %lld "
                 "are available",
                 (long long)pass_strategy(pass)->progress_deadline_seconds,
                 (long long)pass->target->available, (long long)pass_replicas(pass),
                 (long long)pass->view->target.number);
    char trouble[PLAN_SENTENCE_BYTES];
    const struct strategy_rules *rules = strategy_rules(pass);
    const struct replica_tally *tally = replica_most_telling(pass);
    if (tally) {
        if (tally->set == pass->target) pass->plan->rollout.failed_replica = tally->replica->id;
        replica_describe(pass, tally, trouble, sizeof trouble);
        sentence_add(sentence, sizeof sentence, "; %s", trouble);
    } else if (rules->waiting && rules->waiting(pass)) {
        sentence_add(sentence, sizeof sentence, "; it waited for %s", pass->plan->waiting_for);
    }
    rollout_fail(pass, "progress_deadline", sentence);
}

/* A rollback has no state for a pause, so it can end in one; what failed at once ends it. */
static void judge_while_paused(struct pass *pass)
{
    bool rolling_back = pass->plan->rollout.state == ROLLOUT_ROLLING_BACK;
    if (rolling_back && pass->failure.at_once) judge_failures(pass);
}

/* Out of awaiting_promotion there is one move only: what failed is judged by the next pass. */
static void judge_while_awaiting(struct pass *pass)
{
    if (!has_failed(pass)) return;
    clocks_await(pass, false);
    pass->resumed = true;
}

/* At 0 replicas nothing speaks for the target, but what has spoken against it still counts. */
static void judge_while_held(struct pass *pass)
{
    if (!clocks_hold(pass)) judge_failures(pass);
}

/* A rollout that succeeded while none were wanted proved nothing: the replicas that came later do,
 * once all of them have been available for as long as a rollout would have been watched. */
static void prove_late(struct pass *pass)
{
    const struct plan *plan = pass->plan;
    int64_t since_ms = 0, seconds = pass_strategy(pass)->min_ready_seconds;
    bool unproven = plan->has_rollout && plan->rollout.state == ROLLOUT_SUCCEEDED &&
                    pass->view->target.number != pass->view->stable.number;
    if (!unproven || pass_replicas(pass) == 0 || !progress_complete(pass)) return;
    for (size_t i = 0; i < plan->replica_count; i++)
        if (plan->replicas[i].available)
            since_ms = max_i64(since_ms, plan->replicas[i].replica->ready_since_ms);
    seconds += pass_strategy(pass)->monitor_seconds;
    if (!pass_waits(pass, clocks_end_ms(since_ms, seconds))) prove(pass);
}

void progress_judge(struct pass *pass)
{
    const struct strategy_rules *rules = strategy_rules(pass);
    if (!pass_rollout_running(pass)) {
        prove_late(pass);
        return;
    }
    clocks_start(pass);
    clocks_pause_or_resume(pass);
    note_progress(pass);
    if (pass->paused || pass->resumed) {
        judge_while_paused(pass);
        return;
    }
    if (strategy_holds(pass)) {
        judge_while_held(pass);
        return;
    }
    if (pass->plan->rollout.state == ROLLOUT_AWAITING_PROMOTION) {
        judge_while_awaiting(pass);
        return;
    }
    judge_monitored(pass);
    if (rules->judge) rules->judge(pass);
    if (judge_failures(pass)) return;
    if (judge_completion(pass)) return;
    judge_deadline(pass);
}

void progress_abort(struct pass *pass, const char *reason, const char *sentence)
{
    if (!pass_rollout_running(pass)) return;
    rollout_say(pass, reason, sentence);
    rollout_move(pass, ROLLOUT_ABORTED);
}
