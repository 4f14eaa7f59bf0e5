/* Event streams: everything, once and in order; across restarts; and nobody holds up anybody. */
#include "support/http_event_list.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 256 };

#define LIST "/v1/events?after="

static struct http_server server;
static struct http_event event; /* big, and each test is a process */

static void release(void)
{
    http_server_release(&server);
}

TestSuite(stream, .fini = release, .timeout = 240);

static const struct http_events_request now = {.path = NULL};

static void start(const char *first, const char *second)
{
    server.arguments[0] = first;
    server.arguments[1] = first == NULL ? NULL : second;
    http_server_start(&server);
}

static void put(const char *name, int replicas)
{
    int status = http_put_deployment(&server, name, "1", replicas);
    cr_assert(status == 201 || status == 200, "PUT %s: %d", name, status);
}

/* About `count` events: each replica has one. */
static void make_events(const char *name, int count)
{
    put(name, count);
    http_settled_index(&server, name);
}

/* ---- completeness ---- */

enum { WRITERS = 4, WRITES = 30 };

static void *write_some(void *argument)
{
    const char *prefix = argument;
    for (int i = 0; i < WRITES; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s-%d", prefix, i);
        put(name, 2);
    }
    return NULL;
}

Test(stream, has_everything_once_and_in_order_under_concurrent_writers)
{
    static char prefixes[WRITERS][8];
    static struct http_event_list streamed, listed, old;
    pthread_t threads[WRITERS];
    struct http_events live, behind;
    start("--http-threads=3", NULL);
    http_events_open(&live, &server, &now);
    cr_assert_eq(live.status, 200);
    for (int i = 0; i < WRITERS; i++) {
        snprintf(prefixes[i], sizeof prefixes[i], "w%d", i);
        pthread_create(&threads[i], NULL, write_some, prefixes[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    put("marker", 1);
    cr_assert(http_event_list_take_until(&streamed, &live, "\"marker\"", &event));
    http_events_open(&behind, &server, &(struct http_events_request){.path = "/v1/events?after=0"});
    cr_assert(http_event_list_take_until(&old, &behind, "\"marker\"", &event));
    http_event_list_read(&listed, &server, LIST);
    cr_assert_geq(streamed.count, WRITERS * WRITES * 2);
    http_event_list_expect(&streamed, &listed);
    http_event_list_expect(&old, &listed);
    cr_assert_eq(old.count, streamed.count);
    http_events_close(&live);
    http_events_close(&behind);
}

Test(stream, goes_on_where_it_was_across_kills)
{
    static struct http_event_list streamed, listed;
    char id[HTTP_EVENT_ID_BYTES] = "0";
    start(NULL, NULL);
    for (int round = 0; round < 6; round++) {
        struct http_events events;
        char name[32];
        snprintf(name, sizeof name, "web-%d", round);
        http_events_open(&events, &server, &(struct http_events_request){.last_event_id = id});
        cr_assert_eq(events.status, 200);
        put(name, 3);
        for (int i = 0; i < 2 + round; i++)
            cr_assert(http_event_list_take(&streamed, &events, &event));
        http_server_kill(&server);
        memcpy(id, events.last_id, sizeof id);
        http_events_close(&events);
        http_server_start(&server);
    }
    struct http_events rest;
    put("marker", 0);
    http_events_open(&rest, &server, &(struct http_events_request){.last_event_id = id});
    cr_assert(http_event_list_take_until(&streamed, &rest, "\"marker\"", &event));
    http_event_list_read(&listed, &server, LIST);
    http_event_list_expect(&streamed, &listed);
    http_events_close(&rest);
}

Test(stream, of_a_deployment_has_its_own_and_ends_with_it)
{
    struct http_events events;
    start(NULL, NULL);
    put("web", 2);
    put("sky", 2);
    http_events_open(&events, &server,
                     &(struct http_events_request){.path = "/v1/deployments/web/events?after=0"});
    cr_assert_eq(http_status(&server, "DELETE", "/v1/deployments/web", NULL), 202);
    cr_assert_eq(events.status, 200);
    bool deleted = false;
    while (http_events_next(&events, &event)) {
        cr_assert_null(strstr(event.data, "sky"));
        cr_assert_not(deleted);
        deleted = strstr(event.data, "the deployment is gone") != NULL;
    }
    cr_assert(deleted);
    cr_assert(events.finished);
    http_events_close(&events);
}

#define FILTER "q=kind%20=%20rollout%20and%20not%20reason%20=%20aborted"

Test(stream, has_what_the_filter_of_the_list_lets_through)
{
    static struct http_event_list streamed, old, listed;
    struct http_events live, behind;
    start("--stream-comment-ms=20", NULL);
    http_events_open(&live, &server, &(struct http_events_request){.path = "/v1/events?" FILTER});
    cr_assert_eq(live.status, 200);
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "web-%d", i);
        put(name, 1);
    }
    cr_assert(http_event_list_take_until(&streamed, &live, "\"web-99\"", &event));
    http_events_open(&behind, &server,
                     &(struct http_events_request){.path = "/v1/events?after=0&" FILTER});
    cr_assert(http_event_list_take_until(&old, &behind, "\"web-99\"", &event));
    http_event_list_read(&listed, &server, "/v1/events?" FILTER "&after=");
    cr_assert_eq(streamed.count, 100);
    http_event_list_expect(&streamed, &listed);
    http_event_list_expect(&old, &listed);
    /* Comments come although what passes by is read. */
    cr_assert(http_events_await_comments(&live, live.comments + 2));
    http_events_close(&live);
    http_events_close(&behind);
    http_events_open(&live, &server, &(struct http_events_request){.path = "/v1/events?q=knd=a"});
    cr_assert_eq(live.status, 400);
    http_events_close(&live);
}

/* ---- beginning anew ---- */

static void expect_reset(const char *path, const char *id, const char *reason)
{
    struct http_events events;
    char word[64];
    snprintf(word, sizeof word, "\"reason\":\"%s\"", reason);
    http_events_open(&events, &server,
                     &(struct http_events_request){.path = path, .last_event_id = id});
    cr_assert_eq(events.status, 200);
    cr_assert(http_events_next(&events, &event));
    cr_assert_str_eq(event.kind, "reset");
    cr_assert_not_null(strstr(event.data, word), "%s", event.data);
    put("later", 0);
    cr_assert(http_events_find(&events, "\"later\"", &event));
    cr_assert_eq(http_status(&server, "DELETE", "/v1/deployments/later", NULL), 202);
    http_events_close(&events);
}

Test(stream, says_reset_to_ids_of_another_database_or_of_the_future)
{
    start(NULL, NULL);
    put("web", 1);
    expect_reset(NULL, "0123456789abcdef.3", "other_database");
    expect_reset(NULL, "999999", "ahead");
    expect_reset("/v1/events?after=999999", NULL, "ahead");
}

/* Each batch of writes trims a little more than it adds; how many there are is up to the machine.
 */
static void write_until_gone(struct http_client *client, struct http_reply *reply)
{
    for (int left = 1000; left > 0; left--) {
        put("web", 1 + left % 2);
        http_do(client, &(struct http_call){.path = "/v1/events?after=1"}, reply);
        if (reply->status == 410) return;
        http_reply_release(reply);
    }
    cr_assert_fail("all events are kept");
}

Test(stream, says_reset_and_a_list_says_gone_when_events_are_not_kept_any_more)
{
    struct http_client client;
    struct http_reply reply;
    start("--keep-events=1000", NULL);
    make_events("many", 2200);
    make_events("more", 500);
    http_client_open(&client, &server);
    write_until_gone(&client, &reply);
    const char *member = strstr(text_string(&reply.body), "\"floor\":");
    cr_assert_not_null(member, "%s", text_string(&reply.body));
    long long floor = strtoll(member + strlen("\"floor\":"), NULL, 10);
    cr_assert_gt(floor, 1);
    http_reply_release(&reply);
    expect_reset("/v1/events?after=1", NULL, "too_old");
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "/v1/events?index=%lld&wait_seconds=1", floor - 1);
    http_do(&client, &(struct http_call){.path = path}, &reply);
    cr_assert_eq(reply.status, 410);
    http_reply_release(&reply);
    http_client_close(&client);
}

/* ---- many ---- */

Test(stream, of_five_hundred_each_has_the_change)
{
    enum { STREAMS = 500 };
    static struct http_events events[STREAMS];
    start("--http-threads=3", NULL);
    for (int i = 0; i < STREAMS; i++) {
        http_events_open(&events[i], &server, &now);
        cr_assert_eq(events[i].status, 200);
    }
    put("web", 1);
    for (int i = 0; i < STREAMS; i++) {
        cr_assert(http_events_next(&events[i], &event));
        cr_assert_not_null(strstr(event.data, "\"created\""));
        http_events_close(&events[i]);
    }
}

Test(stream, beyond_the_limit_is_refused_until_one_has_gone)
{
    struct http_events one, two, three;
    start("--max-streams=2", "--stream-comment-ms=20");
    http_events_open(&one, &server, &now);
    http_events_open(&two, &server, &now);
    http_events_open(&three, &server, &now);
    cr_assert_eq(one.status, 200);
    cr_assert_eq(two.status, 200);
    cr_assert_eq(three.status, 503);
    cr_assert_not_null(strcasestr(text_string(&three.head), "retry-after:"));
    cr_assert_eq(http_status(&server, "GET", "/v1/events", NULL), 200);
    http_events_close(&one);
    while (three.status == 503) { /* it is noticed when a comment cannot be sent */
        http_events_close(&three);
        http_events_open(&three, &server, &now);
    }
    cr_assert_eq(three.status, 200);
    http_events_close(&three);
    http_events_close(&two);
}

/* ---- silence, and the end ---- */

Test(stream, that_is_silent_has_comments_with_its_position)
{
    struct http_events events;
    start("--stream-comment-ms=20", NULL);
    put("web", 1);
    http_events_open(&events, &server,
                     &(struct http_events_request){.path = "/v1/deployments/web/events"});
    cr_assert_eq(events.retry_ms, 0);
    cr_assert(http_events_await_comments(&events, 2));
    cr_assert_eq(events.retry_ms, 2000);
    int64_t index = http_event_index(events.last_id);
    put("sky", 1); /* passes by */
    while (http_event_index(events.last_id) == index)
        cr_assert(http_events_await_comments(&events, events.comments + 1));
    cr_assert_gt(http_event_index(events.last_id), index);
    http_events_close(&events);
}

Test(stream, ends_with_its_token)
{
    struct http_events doomed, other, brief;
    char secret[HTTP_TOKEN_BYTES], id[HTTP_TOKEN_BYTES], path[PATH_BYTES];
    start(NULL, NULL);
    http_post_token(&server, "", secret, id);
    http_events_open(&doomed, &server, &(struct http_events_request){.token = secret});
    http_events_open(&other, &server, &now);
    cr_assert_eq(doomed.status, 200);
    snprintf(path, sizeof path, "/v1/tokens/%s", id);
    cr_assert_eq(http_status(&server, "DELETE", path, NULL), 204);
    cr_assert_not(http_events_next(&doomed, &event));
    cr_assert(doomed.finished);
    cr_assert(http_events_find(&other, "\"revoked\"", &event));
    http_post_token(&server, ", \"expires_in_seconds\": 1", secret, id);
    http_events_open(&brief, &server, &(struct http_events_request){.token = secret});
    if (brief.status == 200) http_events_finish(&brief);
    http_events_close(&brief);
    http_events_open(&brief, &server, &(struct http_events_request){.token = secret});
    cr_assert_eq(brief.status, 401);
    http_events_close(&brief);
    http_events_close(&doomed);
    http_events_close(&other);
}

Test(stream, ends_cleanly_with_the_server)
{
    enum { STREAMS = 20 };
    static struct http_events events[STREAMS];
    start(NULL, NULL);
    for (int i = 0; i < STREAMS; i++)
        http_events_open(&events[i], &server, &now);
    cr_assert_eq(http_server_stop(&server), 0);
    for (int i = 0; i < STREAMS; i++) {
        http_events_finish(&events[i]);
        cr_assert(events[i].finished);
        cr_assert_geq(events[i].comments, 1);
        http_events_close(&events[i]);
    }
}

/* ---- other ways to ask ---- */

Test(stream, is_plain_bytes_for_http_1_0_and_never_compressed)
{
    struct http_events events;
    start(NULL, NULL);
    http_events_open(&events, &server, &(struct http_events_request){.version = "HTTP/1.0"});
    cr_assert_eq(events.status, 200);
    cr_assert_not(events.chunked);
    cr_assert_null(strcasestr(text_string(&events.head), "content-encoding"));
    cr_assert_not_null(strcasestr(text_string(&events.head), "cache-control: no-store"));
    put("web", 1);
    cr_assert(http_events_find(&events, "\"created\"", &event));
    http_events_close(&events);
}

Test(stream, of_which_only_the_head_is_asked_has_no_body)
{
    static const char *const headers[] = {"Accept: text/event-stream", NULL};
    struct http_client client;
    struct http_reply reply;
    start("--max-streams=0", NULL);
    http_client_open(&client, &server);
    for (int i = 0; i < 2; i++) {
        http_do(&client,
                &(struct http_call){.method = "HEAD", .path = "/v1/events", .headers = headers},
                &reply);
        cr_assert_eq(reply.status, 200, "%s", reply.error);
        cr_assert_str_eq(http_reply_header(&reply, "Content-Type"), "text/event-stream");
        cr_assert_eq(reply.body.length, 0);
        http_reply_release(&reply);
    }
    http_client_close(&client);
}
