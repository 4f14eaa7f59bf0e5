/* Long polls: woken by what they watch and by nothing else, ended by their deadline. */
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>
#include <string.h>

enum { WATCHERS = 200 };

static struct http_server server = {.arguments = {"--log-level=debug"}};

static void open_server(void)
{
    http_server_start(&server);
}

static void close_server(void)
{
    http_server_release(&server);
}

TestSuite(longpoll, .init = open_server, .fini = close_server, .timeout = 240);

static void get(const char *path, const char *const *headers, struct http_reply *reply)
{
    struct http_client client;
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = path, .headers = headers}, reply);
    http_client_close(&client);
}

struct poll {
    struct http_async async;
    char path[256], header[64], parked[128];
    const char *headers[2];
};

/* `number` tells the polls of a test apart. */
static void poll_start(struct poll *poll, const char *what, int64_t index, int wait_seconds,
                       int number)
{
    snprintf(poll->path, sizeof poll->path, "%s?index=%lld&wait_seconds=%d", what, (long long)index,
             wait_seconds);
    snprintf(poll->header, sizeof poll->header, "X-Request-Id: poll-%d-", number);
    snprintf(poll->parked, sizeof poll->parked, "event=poll_parked request_id=poll-%d-", number);
    poll->headers[0] = poll->header;
    poll->headers[1] = NULL;
    poll->async.server = &server;
    poll->async.call = (struct http_call){.path = poll->path, .headers = poll->headers};
    http_async_start(&poll->async);
}

static void poll_await_parked(const struct poll *poll)
{
    http_await_log(&server, poll->parked);
}

static void expect_wake(const char *what, int number, void (*change)(void))
{
    struct http_reply before;
    struct poll poll;
    get(what, NULL, &before);
    cr_assert_eq(before.status, 200, "%s: %d", what, before.status);
    int64_t index = http_reply_index(&before);
    poll_start(&poll, what, index, 60, number);
    poll_await_parked(&poll);
    change();
    struct http_reply *reply = http_async_wait(&poll.async);
    cr_assert_eq(reply->status, 200, "%s: %s", what, reply->error);
    cr_assert_gt(http_reply_index(reply), index, "%s", what);
    http_reply_release(reply);
    http_reply_release(&before);
}

static void change_template(void)
{
    static int version;
    char word[32];
    snprintf(word, sizeof word, "changed-%d", ++version);
    cr_assert_geq(http_put_deployment(&server, "web", word, 1), 200);
}

Test(longpoll, every_recorded_thing_of_a_deployment_wakes_its_polls)
{
    static const char *const watched[] = {
        "/v1/deployments/web",
        "/v1/deployments/web/status",
        "/v1/deployments/web/revisions",
        "/v1/deployments/web/rollouts",
        "/v1/deployments",
        "/v1/events",
        "/v1/deployments/web/events",
    };
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        http_settled_index(&server, "web");
        expect_wake(watched[i], (int)i, change_template);
    }
}

Test(longpoll, a_poll_that_nothing_wakes_ends_with_what_there_is)
{
    struct http_reply before, after;
    char path[256], line[256];
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    int64_t index = http_settled_index(&server, "web");
    get("/v1/deployments/web/status", NULL, &before);
    snprintf(path, sizeof path, "/v1/deployments/web/status?index=%lld&wait_seconds=1",
             (long long)index);
    get(path, NULL, &after);
    cr_assert_eq(after.status, 200);
    cr_assert_str_eq(text_string(&after.body), text_string(&before.body));
    snprintf(line, sizeof line, "If-None-Match: %s", http_reply_header(&before, "ETag"));
    http_reply_release(&after);
    const char *const headers[] = {line, NULL};
    get(path, headers, &after);
    cr_assert_eq(after.status, 304);
    cr_assert_eq(http_reply_index(&after), index);
    http_reply_release(&before);
    http_reply_release(&after);
}

Test(longpoll, an_index_from_the_future_is_answered_at_once)
{
    struct http_reply reply;
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    struct http_client client;
    http_client_open(&client, &server);
    http_do(&client,
            &(struct http_call){.path = "/v1/deployments/web?index=999999&wait_seconds=60",
                                .timeout_ms = 20000},
            &reply);
    cr_assert_eq(reply.status, 200, "%s", reply.error);
    http_reply_release(&reply);
    http_client_close(&client);
}

Test(longpoll, other_deployments_do_not_wake)
{
    struct poll poll;
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    cr_assert_eq(http_put_deployment(&server, "other", "1", 1), 201);
    int64_t index = http_settled_index(&server, "web");
    poll_start(&poll, "/v1/deployments/web/status", index, 2, 0);
    poll_await_parked(&poll);
    for (int i = 0; i < 20; i++)
        cr_assert_eq(http_put_deployment(&server, "other", i % 2 == 0 ? "2" : "3", 1), 200);
    struct http_reply *reply = http_async_wait(&poll.async);
    cr_assert_eq(reply->status, 200);
    cr_assert_eq(http_reply_index(reply), index);
    http_reply_release(reply);
}

Test(longpoll, one_write_wakes_a_crowd)
{
    static struct poll crowd[WATCHERS];
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    int64_t index = http_settled_index(&server, "web");
    for (int i = 0; i < WATCHERS; i++)
        poll_start(&crowd[i], "/v1/deployments/web/status", index, 60, i);
    for (int i = 0; i < WATCHERS; i++)
        poll_await_parked(&crowd[i]);
    change_template();
    for (int i = 0; i < WATCHERS; i++) {
        struct http_reply *reply = http_async_wait(&crowd[i].async);
        cr_assert_eq(reply->status, 200, "%s", reply->error);
        cr_assert_gt(http_reply_index(reply), index);
        http_reply_release(reply);
    }
}

/* Many rounds, because what is tested is the moment between reading and parking. */
Test(longpoll, no_change_is_missed_by_polls_in_a_row)
{
    enum { ROUNDS = 100 };
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    int64_t index = http_settled_index(&server, "web");
    for (int i = 1; i <= ROUNDS; i++) {
        struct poll poll;
        char expected[64];
        bool there = false;
        snprintf(expected, sizeof expected, "\"spec\":{\"replicas\":%d,", i);
        poll_start(&poll, "/v1/deployments/web", index, 60, i);
        cr_assert_eq(http_put_deployment(&server, "web", "1", i), 200);
        while (!there) { /* the scheduler's own changes wake it as well */
            struct http_reply *reply = http_async_wait(&poll.async);
            cr_assert_eq(reply->status, 200);
            cr_assert_gt(http_reply_index(reply), index);
            index = http_reply_index(reply);
            there = strstr(text_string(&reply->body), expected) != NULL;
            http_reply_release(reply);
            if (!there) poll_start(&poll, "/v1/deployments/web", index, 60, i);
        }
    }
}
