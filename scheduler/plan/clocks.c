/* The rollout's deadline, and the states in which it stands still.
 *
 *   progressing ⇄ paused               spec.paused
 *   progressing ⇄ awaiting_promotion   the strategy waits for a promote
 *   progressing                        scaled to 0 with steps left
 *
 * While it stands still deadline_at_ms is 0 and deadline_left_ms what was left. One pass makes one
 * move: what was missed while paused is judged by the pass after the resume, so that no stored
 * state jumps over another. A rollback keeps its state while paused: only its steps and its clock
 * stand still. A pause while a promote is waited for changes nothing but that a promote waits as
 * well.
 */
#include "scheduler/plan/pass.h"

int64_t clocks_fresh_deadline_ms(const struct pass *pass)
{
    return pass->view->now_ms + pass_strategy(pass)->progress_deadline_seconds * SECOND_MS;
}

/* Never earlier than it was: a pause may have moved it on. */
void clocks_renew(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    int64_t fresh_ms = clocks_fresh_deadline_ms(pass), now_ms = pass->view->now_ms;
    if (rollout->deadline_left_ms)
        rollout->deadline_left_ms = max_i64(rollout->deadline_left_ms, fresh_ms - now_ms);
    else
        rollout->deadline_at_ms = max_i64(rollout->deadline_at_ms, fresh_ms);
}

void clocks_start(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->deadline_at_ms || rollout->deadline_left_ms) return;
    rollout->high_water = pass->target->available;
    rollout->deadline_at_ms = clocks_fresh_deadline_ms(pass);
    pass_outcome(pass, pass->view->target.number, OUTCOME_ACTIVE);
}

static void stand_still(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->deadline_at_ms == 0) return;
    rollout->deadline_left_ms = max_i64(1, rollout->deadline_at_ms - pass->view->now_ms);
    rollout->deadline_at_ms = 0;
}

static void go_on(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->deadline_left_ms == 0) return;
    rollout->deadline_at_ms = pass->view->now_ms + rollout->deadline_left_ms;
    rollout->deadline_left_ms = 0;
}

void clocks_pause_or_resume(struct pass *pass)
{
    int state = pass->plan->rollout.state;
    if (pass->paused) {
        if (state == ROLLOUT_PROGRESSING) rollout_move(pass, ROLLOUT_PAUSED);
        stand_still(pass);
        return;
    }
    if (state == ROLLOUT_AWAITING_PROMOTION) return;
    if (state == ROLLOUT_PAUSED) {
        rollout_move(pass, ROLLOUT_PROGRESSING);
        pass->resumed = true;
    }
    go_on(pass);
}

void clocks_await(struct pass *pass, bool awaits)
{
    int state = pass->plan->rollout.state;
    if (awaits && state == ROLLOUT_PROGRESSING) {
        rollout_move(pass, ROLLOUT_AWAITING_PROMOTION);
        stand_still(pass);
    }
    if (!awaits && state == ROLLOUT_AWAITING_PROMOTION) {
        rollout_move(pass, ROLLOUT_PROGRESSING);
        go_on(pass);
    }
}

bool clocks_hold(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    bool awaits = rollout->state == ROLLOUT_AWAITING_PROMOTION;
    if (awaits) rollout_move(pass, ROLLOUT_PROGRESSING);
    stand_still(pass);
    clocks_drop(pass, &rollout->step_since_ms);
    return awaits;
}

/* ---- times that the strategy takes ---- */

static void extend(struct rollout *rollout, int64_t by_ms)
{
    int64_t *clock =
        rollout->deadline_left_ms ? &rollout->deadline_left_ms : &rollout->deadline_at_ms;
    *clock += by_ms - rollout->extended_ms;
    rollout->extended_ms = by_ms;
}

int64_t clocks_since_now_ms(const struct pass *pass)
{
    return max_i64(1, pass->view->now_ms);
}

void clocks_begin(struct pass *pass, int64_t *since_ms)
{
    *since_ms = clocks_since_now_ms(pass);
    pass->plan->rollout.extended_ms = 0;
}

void clocks_drop(struct pass *pass, int64_t *since_ms)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (*since_ms == 0) return;
    extend(rollout, min_i64(rollout->extended_ms, pass->view->now_ms - *since_ms));
    *since_ms = rollout->extended_ms = 0;
}

/* One that is made shorter on its way has cost the deadline at least what it has lasted. */
bool clocks_lasts(struct pass *pass, int64_t since_ms, int64_t seconds)
{
    struct rollout *rollout = &pass->plan->rollout;
    int64_t lasted_ms = min_i64(rollout->extended_ms, pass->view->now_ms - since_ms);
    extend(rollout, max_i64(seconds * SECOND_MS, lasted_ms));
    return pass_waits(pass, clocks_end_ms(since_ms, seconds));
}

int64_t clocks_end_ms(int64_t since_ms, int64_t seconds)
{
    return since_ms == 0 ? 0 : since_ms + seconds * SECOND_MS;
}

static bool watched_as_kept(const struct pass *pass)
{
    const struct strategy *strategy = pass_strategy(pass);
    return pass->plan->rollout.keep_old_since_ms > 0 &&
           strategy->keep_old_seconds > strategy->monitor_seconds;
}

int64_t clocks_monitor_seconds(const struct pass *pass)
{
    const struct strategy *strategy = pass_strategy(pass);
    return watched_as_kept(pass) ? strategy->keep_old_seconds : strategy->monitor_seconds;
}

const char *clocks_monitor_name(const struct pass *pass)
{
    return watched_as_kept(pass) ? "keep_old_seconds" : "monitor_seconds";
}

int64_t clocks_monitor_end_ms(const struct pass *pass)
{
    return clocks_end_ms(pass->plan->rollout.monitor_since_ms, clocks_monitor_seconds(pass));
}
