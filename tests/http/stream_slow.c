/* Event streams whose clients take little or nothing: they hold up nobody, whatever token they
 * have, lose nothing, and do not keep the server's memory. */
#include "base/limits.h"
#include "support/http_event_list.h"
#include "support/http_objects.h"
#include "support/process_memory.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* SLOW: more than there are turns to read, and more pieces than are kept. */
enum { SLOW = 300, TOKENS = 3, LITTLE_BYTES = 4096, MARKERS = 3 };

static_assert((size_t)SLOW * LIMIT_STREAM_PIECE_BYTES > LIMIT_STREAM_PIECES_BYTES,
              "the pieces of all slow ones are more than are kept");

#define LIST "/v1/events?after="
#define PAST "/v1/events?after=0"
/* Only the database can tell, so whoever asks for it reads for itself. */
#define FILTERED "/v1/events?q=kind%20=%20deployment"
#define FILTERED_PAST "/v1/events?after=0&q=kind%20=%20deployment"

static struct http_server server;
static struct http_event event; /* big, and each test is a process */
static struct http_events slow[SLOW];
static char tokens[TOKENS][HTTP_TOKEN_BYTES];
static struct http_event_list streamed, listed;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(stream_slow, .fini = release, .timeout = 240);

static void start(const char *first, const char *second)
{
    server.arguments[0] = "--log-level=debug";
    server.arguments[1] = "--http-threads=1";
    server.arguments[2] = first;
    server.arguments[3] = second;
    http_server_start(&server);
}

static void put(const char *name)
{
    int status = http_put_deployment(&server, name, "1", 1);
    cr_assert(status == 201 || status == 200, "PUT %s: %d", name, status);
}

/* More than the kernel keeps of a stream: each replica has an event. */
static void make_past(void)
{
    cr_assert_eq(http_put_deployment(&server, "many", "1", 2000), 201);
    http_settled_index(&server, "many");
}

static void make_tokens(void)
{
    char id[HTTP_TOKEN_BYTES];
    for (int i = 0; i < TOKENS; i++)
        http_post_token(&server, "", tokens[i], id);
}

/* Of which nothing is taken, and for which the kernel keeps little. */
static void open_slow(struct http_events *events, const char *path, const char *token)
{
    http_events_open(
        events, &server,
        &(struct http_events_request){.path = path, .token = token, .receive_bytes = LITTLE_BYTES});
    cr_assert_eq(events->status, 200);
}

static void close_slow(void)
{
    for (int i = 0; i < SLOW; i++)
        http_events_close(&slow[i]);
}

/* ---- nobody is held up ---- */

static void expect_change(struct http_events *events, const char *name)
{
    char text[64];
    snprintf(text, sizeof text, "\"%s\"", name);
    cr_assert(http_events_find(events, text, &event), "%s does not come", name);
}

/* Those who behave, with a token of their own; one of them was there before the slow ones. */
static void expect_service(struct http_events *before, size_t round)
{
    struct http_events past, filtered_past, live;
    char name[32];
    http_events_open(&live, &server, &(struct http_events_request){.path = NULL});
    for (int i = 0; i < MARKERS; i++) {
        snprintf(name, sizeof name, "marker-%zu-%d", round, i);
        put(name);
        expect_change(before, name);
        expect_change(&live, name);
    }
    http_events_open(&past, &server, &(struct http_events_request){.path = PAST});
    http_events_open(&filtered_past, &server, &(struct http_events_request){.path = FILTERED_PAST});
    expect_change(&past, name);
    expect_change(&filtered_past, name);
    http_events_close(&past);
    http_events_close(&filtered_past);
    http_events_close(&live);
}

/* Which tokens the slow ones have, and what they ask for. */
static const struct {
    int tokens;
    const char *path;
} crowds[] = {{1, PAST}, {1, "/v1/events?after=0&search=many"}, {TOKENS, PAST}};

Test(stream_slow, ones_of_any_token_keep_nobody_waiting_and_lose_nothing)
{
    start("--stream-stall-ms=600000", NULL);
    make_past();
    make_tokens();
    for (size_t c = 0; c < sizeof crowds / sizeof *crowds; c++) {
        struct http_events before;
        http_events_open(&before, &server, &(struct http_events_request){.path = FILTERED});
        for (int i = 0; i < SLOW; i++)
            open_slow(&slow[i], crowds[c].path, tokens[i % crowds[c].tokens]);
        expect_service(&before, c);
        http_events_close(&before);
        close_slow();
    }
    char *log = http_server_log(&server);
    cr_assert_null(strstr(log, "reason=slow_stream"));
    free(log);
}

/* Each begins elsewhere and has room of its own, so that they come to a stand at different places
 * of their pieces; with enough of it, the kernel goes on at once when something is taken. */
static void open_staggered(struct http_events *events, int after)
{
    enum { ROOM_BYTES = 32 * 1024, STEP_BYTES = 1024, STEPS = 64 };
    char path[64];
    snprintf(path, sizeof path, LIST "%d", after);
    http_events_open(
        events, &server,
        &(struct http_events_request){.path = path,
                                      .token = tokens[0],
                                      .receive_bytes = ROOM_BYTES + STEP_BYTES * (after % STEPS)});
    cr_assert_eq(events->status, 200);
}

static void expect_all_after(struct http_events *events, int after, const char *last)
{
    static struct http_event_list expected;
    streamed.count = expected.count = 0;
    for (size_t i = 0; i < listed.count; i++)
        if (listed.items[i] > after) expected.items[expected.count++] = listed.items[i];
    cr_assert(http_event_list_take_until(&streamed, events, last, &event));
    http_event_list_expect(&streamed, &expected);
}

static bool was_cut_short(const char *log, const struct http_events *events)
{
    static const char name[] = "X-Request-Id: ";
    char line[128];
    const char *id = strstr(events->head.bytes, name);
    cr_assert_not_null(id);
    id += strlen(name);
    snprintf(line, sizeof line, "event=stream_cut_short request_id=%.*s ", (int)strcspn(id, "\r"),
             id);
    return strstr(log, line) != NULL;
}

/* The first `wanted` that were, at most. */
static int find_cut_short(const struct http_events *events, int count, int *found, int wanted)
{
    char *log = http_server_log(&server);
    int cut = 0;
    for (int i = 0; i < count && cut < wanted; i++)
        if (was_cut_short(log, &events[i])) found[cut++] = i;
    free(log);
    return cut;
}

Test(stream_slow, ones_whose_pieces_were_cut_short_have_everything_once_and_in_order)
{
    enum { MANY = 500, CHECKED = 40 };
    static struct http_events many[MANY];
    int cut[CHECKED];
    start("--stream-stall-ms=600000", NULL);
    make_past();
    make_tokens();
    for (int i = 0; i < MANY; i++)
        open_staggered(&many[i], i);
    put("marker");
    while (find_cut_short(many, MANY, cut, CHECKED) < CHECKED)
        http_status(&server, "GET", "/livez", NULL); /* paces the look-ups */
    http_event_list_read(&listed, &server, LIST);
    for (int i = 0; i < CHECKED; i++)
        expect_all_after(&many[cut[i]], cut[i], "\"marker\"");
    for (int i = 0; i < MANY; i++)
        http_events_close(&many[i]);
}

/* ---- the server keeps little of them, and not for ever ---- */

/* As a client does that comes back where it was: it may be too slow itself when the machine is. */
static void take_until(struct http_events *live, const char *text)
{
    enum { OPENINGS_MAX = 20 };
    for (int i = 1; !http_event_list_take_until(&streamed, live, text, &event); i++) {
        char id[HTTP_EVENT_ID_BYTES];
        cr_assert_lt(i, OPENINGS_MAX, "%s does not come", text);
        memcpy(id, live->last_id, sizeof id);
        http_events_close(live);
        http_events_open(live, &server, &(struct http_events_request){.last_event_id = id});
        cr_assert_eq(live->status, 200);
    }
}

Test(stream_slow, ones_are_dropped_and_others_go_on)
{
    enum { DROPPED = 50, GROWTH_BYTES = 32 * 1024 * 1024 };
    struct http_events live;
    /* Freed memory is otherwise kept for a long time to find its late users. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
    start("--stream-stall-ms=5000", NULL);
    make_past();
    int64_t before = process_resident_bytes(server.pid);
    for (int i = 0; i < DROPPED; i++)
        open_slow(&slow[i], PAST, NULL);
    put("marker");
    http_events_open(&live, &server, &(struct http_events_request){.path = PAST});
    take_until(&live, "\"marker\"");
    http_await_log(&server, "reason=slow_stream");
    cr_assert_gt(before, 0);
    int64_t grown = process_resident_bytes(server.pid);
    cr_assert_gt(grown, 0);
    grown -= before;
    cr_assert_lt(grown, GROWTH_BYTES, "grown by %lld bytes", (long long)grown);
    for (int i = 0; i < DROPPED; i++) {
        http_events_finish(&slow[i]);
        cr_assert_not(slow[i].finished);
        http_events_close(&slow[i]);
    }
    put("marker-2");
    take_until(&live, "\"marker-2\"");
    http_event_list_read(&listed, &server, LIST);
    http_event_list_expect(&streamed, &listed);
    http_events_close(&live);
}

Test(stream_slow, ones_do_not_keep_the_server_from_stopping)
{
    start("--stream-stall-ms=600000", "--reply-timeout-ms=300");
    make_past();
    make_tokens();
    for (int i = 0; i < SLOW; i++)
        open_slow(&slow[i], i % 2 == 0 ? PAST : FILTERED_PAST, tokens[i % TOKENS]);
    cr_assert_eq(http_server_stop(&server), 0);
    close_slow();
}

/* ---- a reader that is full ---- */

Test(stream_slow, reader_threads_are_waited_for)
{
    struct http_events events;
    start(NULL, NULL);
    make_past();
    put("marker");
    cr_assert_eq(http_server_stop(&server), 0);
    server.failpoints = "reader.full=error@2"; /* the first one opens the stream */
    http_server_start(&server);
    http_events_open(&events, &server, &(struct http_events_request){.path = PAST});
    cr_assert(http_event_list_take_until(&streamed, &events, "\"marker\"", &event));
    http_event_list_read(&listed, &server, LIST);
    http_event_list_expect(&streamed, &listed);
    http_events_close(&events);
}
