/* The clocks of a rollout: what the times of a strategy cost its deadline, and when they end. */
#include "scheduler/plan/pass.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { NOW_MS = 100 * 1000, DEADLINE_MS = 500 * 1000 };

struct clocks {
    struct view view;
    struct plan plan;
    struct pass pass;
};

/* At NOW_MS, in a rollout whose deadline runs, or stands still with as much left. */
static void begin(struct clocks *clocks, bool stands_still)
{
    *clocks = (struct clocks){.view = {.now_ms = NOW_MS}};
    clocks->pass = (struct pass){.view = &clocks->view, .plan = &clocks->plan};
    struct rollout *rollout = &clocks->plan.rollout;
    *(stands_still ? &rollout->deadline_left_ms : &rollout->deadline_at_ms) = DEADLINE_MS;
}

static int64_t moved_ms(const struct clocks *clocks)
{
    const struct rollout *rollout = &clocks->plan.rollout;
    return rollout->deadline_left_ms + rollout->deadline_at_ms - DEADLINE_MS;
}

static const struct {
    int64_t since_ms, extended_ms, seconds;
    int64_t want_moved_ms;
    bool want_lasts;
} times[] = {
    {NOW_MS, 0, 60, 60 * 1000, true},                       /* begins */
    {NOW_MS - 10 * 1000, 60 * 1000, 60, 0, true},           /* goes on */
    {NOW_MS - 60 * 1000, 60 * 1000, 60, 0, false},          /* ends */
    {NOW_MS - 10 * 1000, 60 * 1000, 100, 40 * 1000, true},  /* was made longer */
    {NOW_MS - 10 * 1000, 60 * 1000, 20, -40 * 1000, true},  /* shorter */
    {NOW_MS - 50 * 1000, 60 * 1000, 20, -10 * 1000, false}, /* shorter than it has lasted */
    {NOW_MS - 90 * 1000, 60 * 1000, 20, 0, false},          /* long after its end */
};

Test(plan_clocks, the_deadline_moves_on_by_a_time_and_follows_its_changes)
{
    for (size_t i = 0; i < 2 * COUNT(times); i++) {
        size_t row = i / 2;
        struct clocks clocks;
        begin(&clocks, i % 2);
        clocks.plan.rollout.extended_ms = times[row].extended_ms;
        bool lasts = clocks_lasts(&clocks.pass, times[row].since_ms, times[row].seconds);
        cr_expect_eq(lasts, times[row].want_lasts, "row %zu", row);
        cr_expect_eq(moved_ms(&clocks), times[row].want_moved_ms, "row %zu", row);
        cr_expect_eq(clocks.plan.rollout.extended_ms,
                     times[row].extended_ms + times[row].want_moved_ms, "row %zu", row);
        int64_t end_ms = times[row].since_ms + times[row].seconds * 1000;
        cr_expect_eq(clocks.plan.wake_at_ms, lasts ? end_ms : 0, "row %zu", row);
    }
}

static const struct {
    int64_t since_ms, extended_ms, want_moved_ms, want_extended_ms;
} drops[] = {
    {0, 5000, 0, 5000}, /* nothing has begun */
    {NOW_MS - 10 * 1000, 60 * 1000, -50 * 1000, 0},
    {NOW_MS - 90 * 1000, 60 * 1000, 0, 0},
    {1, 60 * 1000, 0, 0},
};

Test(plan_clocks, a_time_that_is_given_up_has_cost_what_it_has_lasted)
{
    for (size_t i = 0; i < COUNT(drops); i++) {
        struct clocks clocks;
        begin(&clocks, false);
        int64_t since_ms = drops[i].since_ms;
        clocks.plan.rollout.extended_ms = drops[i].extended_ms;
        clocks_drop(&clocks.pass, &since_ms);
        cr_expect_eq(since_ms, 0);
        cr_expect_eq(moved_ms(&clocks), drops[i].want_moved_ms, "row %zu", i);
        cr_expect_eq(clocks.plan.rollout.extended_ms, drops[i].want_extended_ms, "row %zu", i);
    }
}

Test(plan_clocks, a_time_that_begins_has_cost_nothing_and_is_not_none)
{
    static const int64_t rows[][2] = {{NOW_MS, NOW_MS}, {2, 2}, {1, 1}, {0, 1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct clocks clocks;
        begin(&clocks, false);
        int64_t since_ms = 0;
        clocks.view.now_ms = rows[i][0];
        clocks.plan.rollout.extended_ms = 7;
        clocks_begin(&clocks.pass, &since_ms);
        cr_expect_eq(since_ms, rows[i][1], "row %zu", i);
        cr_expect_eq(clocks.plan.rollout.extended_ms, 0);
    }
    cr_expect_eq(clocks_end_ms(0, 5), 0, "what has not begun has no end");
    cr_expect_eq(clocks_end_ms(1, 5), 5001);
    cr_expect_eq(clocks_end_ms(1, 0), 1);
}

static const struct {
    int64_t keep_old_since_ms, keep_old_seconds, monitor_seconds;
    int64_t want_seconds;
    const char *want_name;
} watches[] = {
    {0, 30, 10, 10, "monitor_seconds"},
    {1, 30, 10, 30, "keep_old_seconds"},
    {1, 10, 30, 30, "monitor_seconds"},
    {1, 20, 20, 20, "monitor_seconds"},
};

Test(plan_clocks, it_is_watched_for_the_longer_of_two_times_while_the_old_set_is_kept)
{
    for (size_t i = 0; i < COUNT(watches); i++) {
        struct clocks clocks;
        begin(&clocks, false);
        struct strategy *strategy = &clocks.view.deployment.spec.strategy;
        strategy->keep_old_seconds = watches[i].keep_old_seconds;
        strategy->monitor_seconds = watches[i].monitor_seconds;
        clocks.plan.rollout.keep_old_since_ms = watches[i].keep_old_since_ms;
        cr_expect_eq(clocks_monitor_seconds(&clocks.pass), watches[i].want_seconds, "row %zu", i);
        cr_expect_str_eq(clocks_monitor_name(&clocks.pass), watches[i].want_name, "row %zu", i);
        cr_expect_eq(clocks_monitor_end_ms(&clocks.pass), 0, "it has not begun");
        clocks.plan.rollout.monitor_since_ms = NOW_MS;
        cr_expect_eq(clocks_monitor_end_ms(&clocks.pass), NOW_MS + watches[i].want_seconds * 1000,
                     "row %zu", i);
    }
}

Test(plan_clocks, progress_gives_back_a_whole_deadline_also_while_it_stands_still)
{
    static const int64_t rows[][2] = {{100, 600}, {600, 600}, {700, 700}}; /* seconds left */
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct clocks clocks;
        begin(&clocks, true);
        struct rollout *rollout = &clocks.plan.rollout;
        clocks.view.deployment.spec.strategy.progress_deadline_seconds = 600;
        rollout->deadline_left_ms = rows[i][0] * 1000;
        clocks_renew(&clocks.pass);
        cr_expect_eq(rollout->deadline_left_ms, rows[i][1] * 1000, "row %zu", i);
        cr_expect_eq(rollout->deadline_at_ms, 0);
        *rollout = (struct rollout){.deadline_at_ms = NOW_MS + rows[i][0] * 1000};
        clocks_renew(&clocks.pass);
        cr_expect_eq(rollout->deadline_at_ms, NOW_MS + rows[i][1] * 1000, "row %zu", i);
        cr_expect_eq(rollout->deadline_left_ms, 0);
    }
}

Test(plan_clocks, at_zero_replicas_it_stands_still_and_waits_for_no_promote)
{
    static const int states[] = {ROLLOUT_AWAITING_PROMOTION, ROLLOUT_PROGRESSING};
    for (size_t i = 0; i < COUNT(states); i++) {
        struct clocks clocks;
        begin(&clocks, false);
        struct rollout *rollout = &clocks.plan.rollout;
        rollout->state = states[i];
        rollout->step_since_ms = NOW_MS - 10 * 1000;
        rollout->extended_ms = 60 * 1000;
        cr_expect_eq(clocks_hold(&clocks.pass), states[i] == ROLLOUT_AWAITING_PROMOTION);
        cr_expect_eq(rollout->state, ROLLOUT_PROGRESSING);
        cr_expect_eq(rollout->step_since_ms, 0);
        cr_expect_eq(rollout->deadline_at_ms, 0);
        cr_expect_eq(rollout->deadline_left_ms, DEADLINE_MS - NOW_MS - 50 * 1000);
    }
}
