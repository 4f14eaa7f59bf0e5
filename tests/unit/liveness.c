/* Ready, suspect, lost: judged on silence, forgiven for what is the server's own fault. */
#include "scheduler/plan/liveness.h"

#include <criterion/criterion.h>

enum { START_MS = 1000 * 1000, WAIT_MS = 10 * 1000, HOUR_MS = 3600 * 1000 };

static struct liveness_server server_at(int64_t now_ms)
{
    return (struct liveness_server){.now_ms = now_ms, .start_ms = START_MS, .wait_ms = WAIT_MS};
}

Test(liveness, polls_are_parked_longer_in_a_large_fleet)
{
    cr_expect_eq(liveness_poll_wait_ms(0), 10000);
    cr_expect_eq(liveness_poll_wait_ms(100), 10000);
    cr_expect_eq(liveness_poll_wait_ms(5000), 10000);
    cr_expect_eq(liveness_poll_wait_ms(10000), 20000);
    cr_expect_eq(liveness_suspect_after_ms(10000), 15000);
    cr_expect_eq(liveness_lost_after_ms(10000), 30000);
}

/* An hour after the start; the last arrival was `silent_ms` ago. */
static const struct {
    int state;
    int64_t silent_ms;
    int want;
    int64_t want_check_after_ms; /* from now; -1 = never */
} judgements[] = {
    {NODE_READY, 0, NODE_READY, 15000},         {NODE_READY, 14999, NODE_READY, 1},
    {NODE_READY, 15000, NODE_SUSPECT, 15000},   {NODE_SUSPECT, 14999, NODE_READY, 1},
    {NODE_SUSPECT, 15000, NODE_SUSPECT, 15000}, {NODE_SUSPECT, 29999, NODE_SUSPECT, 1},
    {NODE_SUSPECT, 30000, NODE_LOST, -1},       {NODE_READY, 60000, NODE_SUSPECT, 0},
    {NODE_LOST, 60000, NODE_LOST, -1},          {NODE_LOST, 20000, NODE_LOST, -1},
    {NODE_LOST, 10, NODE_READY, 14990},         {NODE_LEFT, 0, NODE_LEFT, -1},
    {NODE_LEFT, 60000, NODE_LEFT, -1},
};

Test(liveness, silence_is_judged_one_step_at_a_time)
{
    const int64_t now_ms = START_MS + HOUR_MS;
    for (size_t i = 0; i < sizeof judgements / sizeof *judgements; i++) {
        struct liveness_node node = {judgements[i].state, now_ms - judgements[i].silent_ms, 0};
        struct liveness_server server = server_at(now_ms);
        struct liveness_verdict verdict = liveness_judge(&node, &server);
        int64_t after_ms = judgements[i].want_check_after_ms;
        cr_expect_eq(verdict.state, judgements[i].want, "row %zu", i);
        cr_expect_eq(verdict.check_ms, after_ms < 0 ? 0 : now_ms + after_ms, "row %zu", i);
        bool legal = verdict.state == node.state || node_state_may_move(node.state, verdict.state);
        cr_expect(legal, "row %zu", i);
    }
}

Test(liveness, nothing_is_judged_within_a_lost_period_of_the_start)
{
    static const int states[] = {NODE_READY, NODE_SUSPECT, NODE_LOST};
    for (size_t i = 0; i < 3; i++) {
        struct liveness_node node = {states[i], 0, 0};
        struct liveness_server server = server_at(START_MS + 29999);
        struct liveness_verdict verdict = liveness_judge(&node, &server);
        cr_expect_eq(verdict.state, states[i]);
        int64_t check_ms = states[i] == NODE_LOST ? 0 : START_MS + 30000;
        cr_expect_eq(verdict.check_ms, check_ms, "row %zu", i);
    }
    struct liveness_node heard = {NODE_READY, START_MS + 1, 0};
    struct liveness_server server = server_at(START_MS + 29000);
    struct liveness_verdict verdict = liveness_judge(&heard, &server);
    cr_expect_eq(verdict.state, NODE_READY, "silent for 29 s, but in grace");
    cr_expect_eq(verdict.check_ms, START_MS + 30000);
}

Test(liveness, a_node_that_never_returns_is_lost_after_the_grace)
{
    struct liveness_node node = {NODE_READY, 0, 0};
    struct liveness_server server = server_at(START_MS + 30000);
    struct liveness_verdict verdict = liveness_judge(&node, &server);
    cr_expect_eq(verdict.state, NODE_SUSPECT);
    node.state = verdict.state;
    cr_expect_eq(verdict.check_ms, server.now_ms);
    cr_expect_eq(liveness_judge(&node, &server).state, NODE_LOST);
}

Test(liveness, a_lost_node_that_is_heard_in_the_grace_is_ready_at_once)
{
    struct liveness_node node = {NODE_LOST, START_MS + 100, 0};
    struct liveness_server server = server_at(START_MS + 200);
    cr_expect_eq(liveness_judge(&node, &server).state, NODE_READY);
}

Test(liveness, the_servers_own_stall_is_forgiven_to_every_node)
{
    const int64_t last_tick_ms = START_MS + HOUR_MS, now_ms = last_tick_ms + 40000;
    cr_expect_eq(liveness_stall_ms(last_tick_ms, last_tick_ms + LIVENESS_TICK_MS), 0);
    cr_expect_eq(liveness_stall_ms(last_tick_ms, last_tick_ms + LIVENESS_TICK_MS + 1000), 0);
    int64_t stall_ms = liveness_stall_ms(last_tick_ms, now_ms);
    cr_expect_eq(stall_ms, 40000 - LIVENESS_TICK_MS);

    struct liveness_server server = server_at(now_ms);
    server.forgiven_ms = stall_ms;
    struct liveness_node node = {NODE_READY, last_tick_ms - 5000, 0};
    struct liveness_verdict verdict = liveness_judge(&node, &server);
    cr_expect_eq(verdict.state, NODE_READY);
    cr_expect_eq(verdict.check_ms, now_ms + 10000 - LIVENESS_TICK_MS);
}

Test(liveness, what_was_forgiven_before_an_arrival_does_not_count_after_it)
{
    const int64_t now_ms = START_MS + HOUR_MS;
    struct liveness_server server = server_at(now_ms);
    server.forgiven_ms = 100000;
    struct liveness_node node = {NODE_READY, now_ms - 20000, 100000};
    cr_expect_eq(liveness_judge(&node, &server).state, NODE_SUSPECT);
}

Test(liveness, a_stall_before_the_grace_ends_extends_it)
{
    struct liveness_server server = server_at(START_MS + 31000);
    server.forgiven_ms = 20000;
    struct liveness_node node = {NODE_READY, 0, 0};
    struct liveness_verdict verdict = liveness_judge(&node, &server);
    cr_expect_eq(verdict.state, NODE_READY);
    cr_expect_eq(verdict.check_ms, START_MS + 35000);
}

Test(liveness, a_node_that_was_not_heard_of_since_the_start_is_not_ready_for_that)
{
    struct liveness_server server = server_at(START_MS + 10);
    struct liveness_node node = {.state = NODE_SUSPECT};
    cr_expect_eq(liveness_judge(&node, &server).state, NODE_SUSPECT);
    node.state = NODE_LOST;
    cr_expect_eq(liveness_judge(&node, &server).state, NODE_LOST);
}
