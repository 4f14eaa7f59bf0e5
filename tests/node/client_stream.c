/* Event streams at the client: taken apart, and kept up. */
#include "client/stream.h"
#include "node/client_world.h"

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

enum { EVENTS_MAX = 16 };

/* ---- the parser ---- */

struct taken {
    struct event_parser parser;
    struct arena arena;
    struct text text;
};

static void note(struct event_parser *parser, const struct parsed_event *event)
{
    struct taken *taken = CONTAINER_OF(parser, struct taken, parser);
    text_printf(&taken->text, "[%s|%s|%s]", event->id, event->kind, event->data);
}

/* `piece`: how many bytes come at a time. */
static const char *parse(struct taken *taken, const char *stream, size_t piece)
{
    *taken = (struct taken){.parser = {.arrived = note, .retry_ms = 7}};
    event_parser_init(&taken->parser);
    arena_init(&taken->arena);
    text_init(&taken->text, &taken->arena);
    for (size_t left = strlen(stream); left > 0;) {
        size_t count = left < piece ? left : piece;
        event_parser_take(&taken->parser, stream, count);
        stream += count;
        left -= count;
    }
    return text_string(&taken->text);
}

static void forget(struct taken *taken)
{
    event_parser_release(&taken->parser);
    arena_release(&taken->arena);
}

Test(client_stream, takes_a_stream_apart_in_whatever_pieces)
{
    static const struct {
        const char *stream, *events, *last_id;
        int64_t retry_ms;
    } cases[] = {
        {"data: a\n\n", "[|message|a]", "", 7},
        {"id: 1\nevent: rollout\ndata: {}\n\n", "[1|rollout|{}]", "1", 7},
        {"id: 1\r\nevent: x\r\ndata: a\r\n\r\n", "[1|x|a]", "1", 7},
        {"id: 1\revent: x\rdata: a\r\r", "[1|x|a]", "1", 7},
        {"data: a\ndata: b\ndata\n\n", "[|message|a\nb\n]", "", 7},
        {"data:a\n\ndata:  b\n\n", "[|message|a][|message| b]", "", 7},
        {": comment\n:\n\n", "", "", 7},
        {"id: 5\n\ndata: a\n\n", "[5|message|a]", "5", 7},
        {"id: 5\ndata: a\n\nid\ndata: b\n\n", "[5|message|a][|message|b]", "", 7},
        {"id: 5\ndata: a\n", "", "", 7},
        {"id: 5\ndata: a\n\nid: 6\ndata: b", "[5|message|a]", "5", 7},
        {"retry: 2000\nid: 3\n\n", "", "3", 2000},
        {"retry: 2x\nretry: -1\nretry: 99999999999999\n\n", "", "", 7},
        {"event: x\n\ndata: a\n\n", "[|message|a]", "", 7},
        {"unknown: x\nDATA: x\ndata: a:b\n\n", "[|message|a:b]", "", 7},
        {"\xef\xbb\xbf"
         "data: a\n\n",
         "[|message|a]", "", 7},
        {"data: \n\n", "[|message|]", "", 7},
    };
    static const size_t pieces[] = {1, 2, 3, 1000};
    struct taken taken;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t j = 0; j < sizeof pieces / sizeof pieces[0]; j++) {
            cr_assert_str_eq(parse(&taken, cases[i].stream, pieces[j]), cases[i].events,
                             "case %zu by %zu", i, pieces[j]);
            cr_assert_str_eq(text_string(&taken.parser.last_id), cases[i].last_id, "case %zu", i);
            cr_assert_eq(taken.parser.retry_ms, cases[i].retry_ms, "case %zu", i);
            forget(&taken);
        }
}

Test(client_stream, leaves_out_an_event_without_end)
{
    static char big[EVENT_PARSER_BYTES];
    struct taken taken;
    memset(big, 'x', sizeof big - 1);
    parse(&taken, "data: ", 6);
    event_parser_take(&taken.parser, big, sizeof big - 1);
    event_parser_take(&taken.parser, big, sizeof big - 1);
    event_parser_take(&taken.parser, "\n\ndata: a\n\n", 11);
    cr_assert_str_eq(text_string(&taken.text), "[|message|a]");
    forget(&taken);
}

/* In whatever pieces: nothing of it arrives as an event of its own. */
Test(client_stream, leaves_out_an_event_with_a_line_without_end_and_keeps_its_id)
{
    static char stream[2 * EVENT_PARSER_BYTES];
    static const char before[] = "data: a\n", after[] = "\ndata: b\nid: 7\n\ndata: c\n\n";
    static const size_t pieces[] = {1000, sizeof stream};
    struct taken taken;
    memset(stream, 'x', sizeof stream - 1);
    memcpy(stream, before, sizeof before - 1);
    memcpy(stream + sizeof stream - sizeof after, after, sizeof after);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        cr_assert_str_eq(parse(&taken, stream, pieces[i]), "[7|message|c]", "by %zu", pieces[i]);
        forget(&taken);
    }
}

/* ---- the connection ---- */

struct following {
    struct client_world world;
    struct client_stream stream;
    struct text seen;
    int silences;
    enum err_code refused;
};

static void on_arrived(struct client_stream *stream, const struct parsed_event *event)
{
    struct following *following = CONTAINER_OF(stream, struct following, stream);
    text_printf(&following->seen, "[%s|%s]", event->id, event->data);
}

static void on_refused(struct client_stream *stream, const struct client_reply *reply)
{
    CONTAINER_OF(stream, struct following, stream)->refused = reply->error.code;
}

static void on_silent_changed(struct client_stream *stream)
{
    CONTAINER_OF(stream, struct following, stream)->silences++;
}

/* Until it is refused, which each script ends with. */
static void follow(struct following *following, const struct step *steps, size_t count)
{
    *following = (struct following){.silences = 0};
    client_world_open(&following->world, steps, count);
    text_init(&following->seen, &following->world.arena);
    following->stream = (struct client_stream){.arrived = on_arrived,
                                               .refused = on_refused,
                                               .silent_changed = on_silent_changed,
                                               .client = following->world.client,
                                               .path = "/v1/events?after=4"};
    client_stream_start(&following->stream, following->world.loop);
    while (following->refused == ERR_OK)
        loop_turn(following->world.loop, -1);
    client_stream_stop(&following->stream);
}

static const char *header(struct following *following, size_t request, const char *name)
{
    return scripted_header(&following->world.server, &following->world.arena, request, name);
}

static const struct step refusal = {
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", STEP_CLOSE};

Test(client_stream, comes_back_with_the_last_id)
{
    const struct step steps[] = {
        {STREAM "retry: 1\nid: a.4\n\nid: a.5\ndata: five\n\nid: a.6\ndata: si", STEP_CLOSE},
        {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", STEP_CLOSE},
        {NULL, STEP_CLOSE},
        {STREAM "id: a.6\ndata: six\n\n", STEP_CLOSE},
        refusal,
    };
    struct following following;
    follow(&following, steps, sizeof steps / sizeof steps[0]);
    cr_assert_str_eq(text_string(&following.seen), "[a.5|five][a.6|six]");
    cr_assert_eq(following.refused, ERR_NOT_FOUND);
    cr_assert_eq(following.silences, 2);
    static const char *const ids[] = {NULL, "a.5", "a.5", "a.5", "a.6"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const char *id = header(&following, i, "Last-Event-ID");
        cr_assert(text_equal(id, ids[i]), "request %zu: %s", i, id);
        cr_assert_str_eq(header(&following, i, "Accept"), "text/event-stream");
    }
    client_world_close(&following.world);
}

Test(client_stream, is_refused_by_a_server_that_has_none)
{
    const struct step list = {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                              "Content-Length: 13\r\n\r\n{\"items\": []}",
                              STEP_KEEP};
    struct following following;
    follow(&following, &list, 1);
    cr_assert_eq(following.refused, ERR_NOT_IMPLEMENTED);
    cr_assert_str_eq(text_string(&following.seen), "");
    client_world_close(&following.world);
}
