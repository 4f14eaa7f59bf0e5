#include "client/call.h"
#include "client/client.h"
#include "node/client_world.h"

#define NO_CONTENT "HTTP/1.1 204 No Content\r\n\r\n"
#define UNAVAILABLE "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"

/* A call on a clock that the test moves. */
struct trial {
    struct client_world world;
    struct manual_clock time;
    struct client_call *call;
    int answers;
    int status;
    int64_t retry_after_ms;
};

static void answered(void *self, const struct client_reply *reply)
{
    struct trial *trial = self;
    trial->answers++;
    trial->status = reply->status;
    trial->retry_after_ms = reply->retry_after_ms;
    trial->call = NULL;
}

static void begin(struct trial *trial, const struct step *steps, size_t count, int64_t retry_for_ms)
{
    *trial = (struct trial){.time.boot_ms = 1000};
    struct clock clock = clock_manual(&trial->time);
    client_world_open_on(&trial->world, &clock, "", steps, count);
    struct client_request request = {
        .method = "POST", .path = "/v1/x", .body = "{}", .retry_for_ms = retry_for_ms};
    trial->call = client_start(trial->world.client, &request, answered, trial);
    loop_turn(trial->world.loop, 0); /* the first try begins */
}

/* Turns until the call waits for its next try; false when it was answered. */
static bool wait_for_pause(struct trial *trial)
{
    while (trial->answers == 0 && !loop_timer_is_set(&trial->call->timer))
        loop_turn(trial->world.loop, 10);
    return trial->answers == 0;
}

static int64_t pause_ms(const struct trial *trial)
{
    return trial->call->timer.node.due_ms - trial->time.boot_ms;
}

static void finish(struct trial *trial)
{
    while (wait_for_pause(trial)) {
        trial->time.boot_ms += pause_ms(trial);
        loop_turn(trial->world.loop, 0);
    }
    cr_assert_eq(trial->answers, 1);
}

static const char *key_of(struct trial *trial, size_t request)
{
    return scripted_header(&trial->world.server, &trial->world.arena, request, "Idempotency-Key");
}

Test(client_retry, retry_after_is_waited_for_and_the_key_stays_the_same)
{
    static const struct step steps[] = {{.reply = UNAVAILABLE "Retry-After: 2\r\n\r\n"},
                                        {.reply = NO_CONTENT}};
    struct trial trial;
    begin(&trial, steps, 2, 10000);
    cr_assert(wait_for_pause(&trial));
    cr_assert_eq(pause_ms(&trial), 2000);
    trial.time.boot_ms += 1999;
    loop_turn(trial.world.loop, 0);
    cr_assert_eq(trial.call->tries, 1);
    finish(&trial);
    cr_assert_eq(trial.status, 204);
    cr_assert_eq(trial.world.server.request_count, 2);
    cr_assert_eq(strlen(key_of(&trial, 0)), 32);
    cr_assert_str_eq(key_of(&trial, 0), key_of(&trial, 1));
    cr_assert_not_null(strstr(trial.world.server.requests[1].bytes, "\r\n\r\n{}"));
    client_world_close(&trial.world);
}

Test(client_retry, pauses_double_up_to_five_seconds_until_the_time_is_over)
{
    static const struct step steps[] = {{.reply = UNAVAILABLE "\r\n"}};
    static const int64_t most_ms[] = {200, 400, 800, 1600, 3200, 5000, 5000};
    struct trial trial;
    begin(&trial, steps, 1, 16200);
    for (size_t i = 0; i < sizeof most_ms / sizeof *most_ms && wait_for_pause(&trial); i++) {
        cr_assert(pause_ms(&trial) >= most_ms[i] / 2 && pause_ms(&trial) <= most_ms[i],
                  "pause %zu: %lld ms", i, (long long)pause_ms(&trial));
        trial.time.boot_ms += pause_ms(&trial);
        loop_turn(trial.world.loop, 0);
    }
    finish(&trial);
    cr_assert_eq(trial.status, 503);
    cr_assert_leq(trial.time.boot_ms, 1000 + 16200);
    client_world_close(&trial.world);
}

static const struct {
    const char *reply;
    size_t requests; /* that are made in all */
    int status;
} answers[] = {
    {NULL, 2, 204}, /* closed without a word */
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 2, 204},
    {"HTTP/1.1 429 Slow down\r\n\r\n", 2, 204},
    {"HTTP/1.1 502 Bad Gateway\r\n\r\n", 2, 204},
    {"HTTP/1.1 503 Later\r\n\r\n", 2, 204},
    {"HTTP/1.1 504 Gateway Timeout\r\n\r\n", 2, 204},
    {"HTTP/1.1 503 Later\r\nRetry-After: 60\r\n\r\n", 1, 503}, /* longer than it is tried */
    {"HTTP/1.1 500 No\r\n\r\n", 1, 500},
    {"HTTP/1.1 404 No\r\n\r\n", 1, 404},
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", 1, 200},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", 1, 0},
    {"SMTP\r\n", 1, 0},
};

Test(client_retry, only_what_may_pass_is_tried_again)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct step steps[] = {{answers[i].reply, STEP_CLOSE}, {NO_CONTENT, STEP_KEEP}};
        struct trial trial;
        begin(&trial, steps, 2, 1000);
        finish(&trial);
        cr_expect_eq(trial.status, answers[i].status, "answer %zu: %d", i, trial.status);
        cr_expect_eq(trial.world.server.request_count, answers[i].requests, "answer %zu", i);
        client_world_close(&trial.world);
    }
}

Test(client_retry, without_time_for_it_nothing_is_tried_again)
{
    static const struct step steps[] = {{.reply = UNAVAILABLE "\r\n"}};
    struct trial trial;
    begin(&trial, steps, 1, 0);
    finish(&trial);
    cr_assert_eq(trial.status, 503);
    cr_assert_eq(trial.world.server.request_count, 1);
    client_world_close(&trial.world);
}

/* A server may close a kept connection just when a request goes out; libcurl sends it again. */
Test(client_retry, a_request_on_a_stale_connection_is_sent_again_with_its_key)
{
    static const struct step steps[] = {
        {.reply = NO_CONTENT}, {.end = STEP_CLOSE}, {.reply = NO_CONTENT}};
    struct trial trial;
    begin(&trial, steps, 3, 0);
    finish(&trial);
    struct client_request request = {.method = "POST", .path = "/v1/x", .body = "{}"};
    trial.answers = 0;
    trial.call = client_start(trial.world.client, &request, answered, &trial);
    loop_turn(trial.world.loop, 0);
    finish(&trial);
    cr_assert_eq(trial.status, 204);
    cr_assert_eq(trial.world.server.request_count, 3);
    cr_assert_eq(trial.world.server.connection_count, 2);
    cr_assert_str_neq(key_of(&trial, 0), key_of(&trial, 1));
    cr_assert_str_eq(key_of(&trial, 1), key_of(&trial, 2));
    client_world_close(&trial.world);
}

static const struct {
    const char *header;
    int64_t ms;
} retry_afters[] = {
    {"", -1},
    {"Retry-After: 0\r\n", 0},
    {"Retry-After: 7\r\n", 7000},
    {"Retry-After: soon\r\n", 0},
    {"Retry-After: -4\r\n", 0},
    {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0},
    {"Retry-After: Wed, 01 Jan 2098 00:00:00 GMT\r\n", 24 * 3600 * 1000},
    {"Retry-After: 99999999999999999\r\n", 24 * 3600 * 1000},
};

Test(client_retry, retry_after_is_seconds_or_a_date_of_at_most_a_day)
{
    for (size_t i = 0; i < sizeof retry_afters / sizeof *retry_afters; i++) {
        char reply[256];
        snprintf(reply, sizeof reply, UNAVAILABLE "%s\r\n", retry_afters[i].header);
        struct step step = {reply, STEP_KEEP};
        struct trial trial;
        begin(&trial, &step, 1, 0);
        finish(&trial);
        cr_expect_eq(trial.retry_after_ms, retry_afters[i].ms, "%s: %lld", retry_afters[i].header,
                     (long long)trial.retry_after_ms);
        client_world_close(&trial.world);
    }
}

Test(client_retry, a_call_may_be_cancelled_while_it_waits)
{
    static const struct step steps[] = {{.reply = UNAVAILABLE "\r\n"}};
    struct trial trial;
    begin(&trial, steps, 1, 60000);
    cr_assert(wait_for_pause(&trial));
    client_cancel(trial.call);
    trial.time.boot_ms += 60000;
    loop_turn(trial.world.loop, 0);
    cr_assert_eq(trial.answers, 0);
    client_world_close(&trial.world);
}
