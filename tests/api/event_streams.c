/* Event streams without a socket: where they begin, what they say, how they catch up. */
#include "api/event_stream.h"
#include "store/deployments.h"
#include "store/store.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "b1", "blue");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=blue",
                 fixture_document(&fixture, "sky", "1", 1, ""));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(event_streams, .init = open_fixture, .fini = close_fixture);

static struct answer ask(const char *target, const char *last_event_id)
{
    return fixture_call(&fixture, &(struct call){.target = target,
                                                 .token = "admin-token",
                                                 .accept = "text/event-stream",
                                                 .last_event_id = last_event_id});
}

static const char *id_of(int64_t index)
{
    return arena_printf(&fixture.arena, "%s.%" PRId64, store_incarnation(fixture.store), index);
}

/* ---- where a stream begins ---- */

Test(event_streams, begin_where_the_client_says_or_say_why_not)
{
    static const char incarnation[] = "0123456789abcdef";
    static const struct {
        const char *id;
        int64_t after;
        enum stream_start start;
        int64_t position;
    } cases[] = {
        {NULL, -1, STREAM_RESUMES, 90},
        {"", -1, STREAM_RESUMES, 90},
        {NULL, 40, STREAM_RESUMES, 40},
        {NULL, 10, STREAM_RESUMES, 10},
        {NULL, 9, STREAM_TOO_OLD, 90},
        {NULL, 0, STREAM_TOO_OLD, 90},
        {NULL, 90, STREAM_RESUMES, 90},
        {NULL, 91, STREAM_AHEAD, 90},
        {"", 40, STREAM_RESUMES, 40},
        {"0123456789abcdef.50", -1, STREAM_RESUMES, 50},
        {"0123456789abcdef.50", 0, STREAM_RESUMES, 50},
        {"0123456789abcdef.9", 50, STREAM_TOO_OLD, 90},
        {"0123456789abcdef.91", -1, STREAM_AHEAD, 90},
        {"50", -1, STREAM_RESUMES, 50},
        {"0123456789abcdee.50", -1, STREAM_OTHER_DATABASE, 90},
        {"0123456789abcdef", -1, STREAM_OTHER_DATABASE, 90},
        {"0123456789abcdef.", -1, STREAM_OTHER_DATABASE, 90},
        {"0123456789abcdef.-1", -1, STREAM_OTHER_DATABASE, 90},
        {"0123456789abcdef.5x", -1, STREAM_OTHER_DATABASE, 90},
        {"0123456789abcdef.99999999999999999999", -1, STREAM_OTHER_DATABASE, 90},
        {".50", -1, STREAM_OTHER_DATABASE, 90},
        {"-5", -1, STREAM_OTHER_DATABASE, 90},
        {"\xff\xfe", 50, STREAM_OTHER_DATABASE, 90},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stream_resume resume = {cases[i].id, cases[i].after};
        int64_t position = -1;
        enum stream_start start = event_stream_start(&resume, incarnation, 10, 90, &position);
        cr_assert_eq(start, cases[i].start, "case %zu", i);
        cr_assert_eq(position, cases[i].position, "case %zu", i);
    }
}

Test(event_streams, open_with_a_retry_and_the_position)
{
    int64_t newest = fixture_newest_index(&fixture);
    struct answer answer = ask("/v1/events", NULL);
    cr_assert_eq(answer.status, 200);
    cr_assert_str_eq(answer.reply.content_type, "text/event-stream");
    cr_assert(answer.reply.no_store);
    cr_assert_eq(answer.reply.index, newest);
    cr_assert_str_eq(answer.text,
                     arena_printf(&fixture.arena, "retry: 2000\nid: %s\n\n", id_of(newest)));
}

Test(event_streams, resume_after_what_the_client_has)
{
    cr_assert_eq(ask("/v1/events?after=2", NULL).reply.index, 2);
    cr_assert_eq(ask("/v1/events", id_of(3)).reply.index, 3);
    /* A browser comes back to the same URL. */
    cr_assert_eq(ask("/v1/events?after=2", id_of(3)).reply.index, 3);
    cr_assert_eq(ask("/v1/deployments/web/events?after=0", NULL).reply.index, 0);
}

Test(event_streams, say_reset_when_they_cannot_go_on)
{
    int64_t newest = fixture_newest_index(&fixture);
    const char *incarnation = store_incarnation(fixture.store);
    static const struct {
        const char *id, *reason;
    } cases[] = {{"ffffffffffffffff.3", "other_database"}, {"9999999", "ahead"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = ask("/v1/events", cases[i].id);
        cr_assert_eq(answer.status, 200);
        cr_assert_eq(answer.reply.index, newest);
        cr_assert_str_eq(answer.text,
                         arena_printf(&fixture.arena,
                                      "retry: 2000\nid: %s\nevent: reset\ndata: {\"reason\":\"%s\","
                                      "\"incarnation\":\"%s\",\"floor\":0,\"index\":%" PRId64
                                      "}\n\n",
                                      id_of(newest), cases[i].reason, incarnation, newest));
    }
}

Test(event_streams, are_for_those_who_would_rather_have_them)
{
    static const struct {
        const char *accept;
        bool streams;
    } cases[] = {
        {"text/event-stream", true},
        {"Text/Event-Stream", true},
        {"text/event-stream, */*;q=0.1", true},
        {"text/event-stream, */*", true},
        {"application/json;q=0.5, text/event-stream", true},
        {"application/json, text/event-stream;q=0.5", false},
        {"application/json, text/event-stream", false},
        {"text/event-stream;q=0", false},
        {"text/*", false},
        {"*/*", false},
        {"application/json", false},
        {"text/event-streams", false},
        {NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = fixture_call(&fixture, &(struct call){.target = "/v1/events",
                                                                     .token = "read-token",
                                                                     .accept = cases[i].accept});
        cr_assert_eq(answer.status, 200);
        const char *type = cases[i].streams ? "text/event-stream" : "application/json";
        cr_assert_str_eq(answer.reply.content_type, type, "%s", cases[i].accept);
    }
}

Test(event_streams, take_no_parameter_of_pages)
{
    static const char *const queries[] = {"limit=5",    "index=3",      "index=3&wait_seconds=5",
                                          "count=true", "fields=index", "cursor=x",
                                          "after=-1",   "after=x",      "since=3",
                                          "q=knd=a"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct answer answer = ask(arena_printf(&fixture.arena, "/v1/events?%s", queries[i]), NULL);
        cr_assert_eq(answer.status, 400, "%s", queries[i]);
        cr_assert_str_eq(answer.reply.content_type, "application/problem+json");
    }
    cr_assert_eq(ask("/v1/deployments/none/events", NULL).status, 404);
    cr_assert_eq(ask("/v1/events?q=kind=rollout&search=web&cluster=default", NULL).status, 200);
}

/* ---- what it says ---- */

Test(event_streams, render_an_event_on_three_lines)
{
    const struct event event = {.index = 7,
                                .at = 1000,
                                .actor = "scheduler",
                                .kind = "rollout",
                                .cluster = "default",
                                .name = "web",
                                .uid = "u",
                                .reason = "done",
                                .message = "two\nlines\r\"quoted\"",
                                .data = "{\n  \"a\": \"b\"\r\n}"};
    struct text text;
    text_init(&text, &fixture.arena);
    event_stream_render(&text, "abc", &event);
    cr_assert_str_eq(
        text_string(&text),
        "id: abc.7\nevent: rollout\n"
        "data: {\"index\":7,\"at\":\"1970-01-01T00:00:01.000Z\",\"actor\":\"scheduler\","
        "\"request_id\":null,\"kind\":\"rollout\",\"cluster\":\"default\",\"name\":\"web\","
        "\"reason\":\"done\",\"message\":\"two\\nlines\\r\\\"quoted\\\"\","
        "\"data\":{   \"a\": \"b\"  }}\n\n");
}

Test(event_streams, match_by_deployment_and_cluster)
{
    static const struct {
        struct event_match match;
        bool expected[4]; /* of (u, c), (v, c), (u, d), (none, none) */
    } cases[] = {
        {{NULL, NULL}, {true, true, true, true}},
        {{"u", NULL}, {true, false, true, false}},
        {{NULL, "c"}, {true, true, false, false}},
        {{"u", "c"}, {true, false, false, false}},
    };
    static const char *const uids[] = {"u", "v", "u", NULL}, *const clusters[] = {"c", "c", "d",
                                                                                  NULL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t j = 0; j < 4; j++)
            cr_assert_eq(event_matches(&cases[i].match, uids[j], clusters[j]), cases[i].expected[j],
                         "case %zu, event %zu", i, j);
}

/* ---- catching up ---- */

/* All that is above `after`, piece by piece. */
static const char *catch_up(struct event_stream *stream, int64_t limit, size_t bytes_max,
                            size_t *pieces, bool *ended)
{
    struct event_catch_up piece = {.limit = limit, .bytes_max = bytes_max, .more = true};
    struct text text;
    struct err err;
    text_init(&text, &fixture.arena);
    for (*pieces = 0; piece.more; ++*pieces) {
        struct text part;
        text_init(&part, &fixture.arena);
        cr_assert_eq(store_read_begin(fixture.reader, &err), ERR_OK);
        cr_assert_eq(event_stream_catch_up(fixture.reader, &fixture.arena, "abc", stream, &piece,
                                           &part, &err),
                     ERR_OK);
        store_read_end(fixture.reader);
        text_add(&text, text_string(&part));
    }
    *ended = piece.ended;
    return text_string(&text);
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
        count++;
    return count;
}

Test(event_streams, catch_up_with_everything_whatever_the_pieces)
{
    static const struct {
        int64_t limit;
        size_t bytes;
    } sizes[] = {{128, 65536}, {1, 65536}, {128, 1}, {3, 700}};
    size_t pieces,
        all = json_at(fixture_get(&fixture, "/v1/events?limit=500").json, "items")->count;
    const char *first = NULL;
    bool ended;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct event_stream stream = {.position = 0};
        const char *text = catch_up(&stream, sizes[i].limit, sizes[i].bytes, &pieces, &ended);
        cr_assert_eq(count_of(text, "\ndata: "), all);
        cr_assert_eq(stream.position, fixture_newest_index(&fixture));
        cr_assert(first == NULL || strcmp(text, first) == 0);
        cr_assert(i == 0 ? pieces == 1 : pieces > 1);
        cr_assert_not(ended);
        first = text;
    }
}

Test(event_streams, cut_short_end_with_the_event_that_is_on_its_way)
{
    /* Four events: of 7, 8, 9 and, as an index alone, 12. */
    static const char bytes[] = "id: a.b.7\ndata: x\n\nid: a.b.8\ndata: y\n\n"
                                "id: a.b.9\nevent: reset\n\nid: a.b.12\n\n";
    static const struct {
        size_t sent, end;
        int64_t position;
    } cases[] = {
        {0, 0, 5},   {1, 19, 7},  {17, 19, 7}, {18, 19, 7},  {19, 19, 7},  {20, 38, 8},
        {38, 38, 8}, {39, 62, 9}, {62, 62, 9}, {63, 74, 12}, {74, 74, 12},
    };
    struct text text;
    text_init(&text, &fixture.arena);
    text_add(&text, bytes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t position = 5;
        cr_assert_eq(event_stream_cut(&text, cases[i].sent, &position), cases[i].end, "case %zu",
                     i);
        cr_assert_eq(position, cases[i].position, "case %zu", i);
    }
}

Test(event_streams, of_a_cluster_hide_the_others)
{
    struct event_stream stream = {.position = 0, .match = {.cluster = "blue"}};
    size_t pieces;
    bool ended;
    const char *text = catch_up(&stream, 128, 65536, &pieces, &ended);
    cr_assert_gt(count_of(text, "\ndata: "), 0);
    cr_assert_null(strstr(text, "\"web\""));
    cr_assert_eq(stream.position, fixture_newest_index(&fixture));
}

Test(event_streams, of_a_deployment_end_with_it)
{
    struct store_db *reader = fixture.reader;
    struct deployment deployment;
    struct err err;
    size_t pieces;
    bool ended;
    cr_assert_eq(store_read_begin(reader, &err), ERR_OK);
    cr_assert_eq(deployments_get(reader, &fixture.arena, "default", "web", &deployment, &err),
                 ERR_OK);
    store_read_end(reader);
    struct event_stream stream = {.position = 0, .match = {.uid = deployment.uid}};
    catch_up(&stream, 128, 65536, &pieces, &ended);
    cr_assert_not(ended);
    fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/web", NULL);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web").status, 404);
    const char *text = catch_up(&stream, 128, 65536, &pieces, &ended);
    cr_assert(ended);
    cr_assert_not_null(strstr(text, "\"reason\":\"deleted\""));
}
