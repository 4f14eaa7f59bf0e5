#include "api/event_stream.h"

#include "api/api.h"
#include "api/query.h"
#include "base/json.h"
#include "base/text.h"
#include "store/events.h"
#include "store/store.h"
#include "wire/object_wire.h"

#include <assert.h>
#include <inttypes.h>

const char *const stream_start_words[] = {
    [STREAM_RESUMES] = "resumes",
    [STREAM_TOO_OLD] = "too_old",
    [STREAM_OTHER_DATABASE] = "other_database",
    [STREAM_AHEAD] = "ahead",
    [STREAM_TOO_WIDE] = "too_wide",
};

bool event_is_last(const struct event *event)
{
    return text_equal(event->kind, "deployment") && text_equal(event->reason, "deleted");
}

/* ---- where it begins ---- */

/* "<incarnation>.<index>", or an index alone as in ?after= and in the events themselves. */
static bool read_id(const char *id, const char *incarnation, int64_t *index)
{
    const char *dot = strrchr(id, '.');
    if (dot == NULL) return text_to_int64(id, 0, INT64_MAX, index);
    size_t bytes = (size_t)(dot - id);
    if (bytes != strlen(incarnation) || memcmp(id, incarnation, bytes) != 0) return false;
    return text_to_int64(dot + 1, 0, INT64_MAX, index);
}

enum stream_start event_stream_start(const struct stream_resume *resume, const char *incarnation,
                                     int64_t floor, int64_t newest, int64_t *position)
{
    const char *id = resume->last_event_id;
    bool has_id = id != NULL && *id != '\0';
    int64_t index = resume->after;
    *position = newest;
    if (!has_id && index < 0) return STREAM_RESUMES;
    if (has_id && !read_id(id, incarnation, &index)) return STREAM_OTHER_DATABASE;
    if (index > newest) return STREAM_AHEAD;
    if (index < floor) return STREAM_TOO_OLD;
    *position = index;
    return STREAM_RESUMES;
}

static void add_id(struct text *text, const char *incarnation, int64_t index)
{
    text_printf(text, "id: %s.%" PRId64 "\n", incarnation, index);
}

static void render_reset(struct text *text, const char *incarnation,
                         const struct event_stream *stream, int64_t floor, enum stream_start why)
{
    struct json_writer writer;
    add_id(text, incarnation, stream->newest);
    text_add(text, "event: reset\ndata: ");
    json_writer_init(&writer, text);
    json_object_begin(&writer);
    json_put_string(&writer, "reason", stream_start_words[why]);
    json_put_string(&writer, "incarnation", incarnation);
    json_put_int(&writer, "floor", floor);
    json_put_int(&writer, "index", stream->newest);
    json_object_end(&writer);
    text_add(text, "\n\n");
}

/* Each of these means something to a page and nothing to a stream. */
enum err_code event_stream_decode(struct request *request, struct err *err)
{
    static const char *const of_streams[] = {"cluster", "after", "q", "search", "selector"};
    for (size_t i = 0; i < request->parameter_count; i++) {
        const char *name = request->parameters[i].name;
        bool taken = false;
        for (size_t j = 0; j < sizeof of_streams / sizeof *of_streams; j++)
            taken |= text_equal(name, of_streams[j]);
        if (!taken)
            return err_set(err, ERR_BAD_PARAMETER,
                           "%s does not apply to an event stream (Accept: text/event-stream)",
                           name);
    }
    request->streams = true;
    return ERR_OK;
}

enum err_code event_stream_open(struct store_db *db, struct request *request, struct reply *reply,
                                const struct event_stream *asked, int64_t after, struct err *err)
{
    const char *incarnation = store_incarnation(request->api->store);
    struct event_stream *stream = ARENA_NEW(&request->arena, struct event_stream);
    struct stream_resume resume = {request->last_event_id, after};
    int64_t floor;
    *stream = *asked;
    TRY(events_floor(db, &floor, err));
    TRY(store_newest_index(db, &stream->newest, err));
    enum stream_start start =
        event_stream_start(&resume, incarnation, floor, stream->newest, &stream->position);
    text_printf(&reply->body, "retry: %d\n", EVENT_STREAM_RETRY_MS);
    if (start == STREAM_RESUMES)
        event_stream_render_position(&reply->body, incarnation, stream->position);
    else
        render_reset(&reply->body, incarnation, stream, floor, start);
    reply->content_type = "text/event-stream";
    reply->index = stream->position;
    reply->no_store = true;
    reply->stream = stream;
    return ERR_OK;
}

/* ---- rendering ---- */

/* Stored data is JSON whose white space may hold line ends, which would end the field; within JSON
 * strings there are none. */
static void join_lines(char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] == '\n' || bytes[i] == '\r') bytes[i] = ' ';
}

void event_stream_render(struct text *text, const char *incarnation, const struct event *event)
{
    struct json_writer writer;
    add_id(text, incarnation, event->index);
    text_printf(text, "event: %s\ndata: ", event->kind);
    size_t begin = text->length;
    json_writer_init(&writer, text);
    event_render(&writer, event);
    join_lines(text->bytes + begin, text->length - begin);
    text_add(text, "\n\n");
}

void event_stream_render_position(struct text *text, const char *incarnation, int64_t position)
{
    add_id(text, incarnation, position);
    text_add_char(text, '\n');
}

/* ---- reading on ---- */

struct rendering {
    const char *incarnation;
    struct event_catch_up *piece;
    struct text *text;
    bool of_one_deployment;
};

static bool render_piece(void *self, const struct event *event)
{
    struct rendering *rendering = self;
    event_stream_render(rendering->text, rendering->incarnation, event);
    rendering->piece->ended = rendering->of_one_deployment && event_is_last(event);
    return !rendering->piece->ended && rendering->text->length < rendering->piece->bytes_max;
}

/* `failed`: what the reading said. What is kept and cannot be continued is of a former life of the
 * database. */
static enum err_code begin_anew(struct store_db *db, const char *incarnation,
                                struct event_stream *stream, enum err_code failed,
                                struct text *text, struct err *err)
{
    int64_t floor;
    TRY(events_floor(db, &floor, err));
    enum stream_start why = failed == ERR_QUERY_TOO_WIDE ? STREAM_TOO_WIDE
                            : stream->position < floor   ? STREAM_TOO_OLD
                                                         : STREAM_OTHER_DATABASE;
    TRY(store_newest_index(db, &stream->newest, err));
    render_reset(text, incarnation, stream, floor, why);
    stream->position = stream->newest;
    return ERR_OK;
}

enum err_code event_stream_catch_up(struct store_db *db, struct arena *arena,
                                    const char *incarnation, struct event_stream *stream,
                                    struct event_catch_up *piece, struct text *text,
                                    struct err *err)
{
    struct rendering rendering = {incarnation, piece, text, stream->match.uid != NULL};
    struct event_read read = {.after = stream->position,
                              .match = stream->match,
                              .filter = stream->filter,
                              .limit = piece->limit,
                              .emit = render_piece,
                              .self = &rendering};
    struct err failed;
    piece->more = piece->ended = false;
    enum err_code code = event_read(db, arena, &read, &failed);
    if (code == ERR_QUERY_TOO_WIDE || code == ERR_GONE)
        return begin_anew(db, incarnation, stream, code, text, err);
    if (code != ERR_OK) return err_copy(err, &failed);
    stream->position = read.position;
    piece->more = read.more && !piece->ended;
    return ERR_OK;
}

static int64_t index_of(const char *event)
{
    const char *line_end = strchr(event, '\n');
    assert(line_end != NULL);
    const char *dot = memrchr(event, '.', (size_t)(line_end - event));
    assert(dot != NULL);
    return strtoll(dot + 1, NULL, 10);
}

/* Whatever a piece holds begins with its id and ends with an empty line, of which data has none. */
size_t event_stream_cut(struct text *piece, size_t sent, int64_t *position)
{
    static const char end[] = "\n\n";
    const char *bytes = text_string(piece), *event = NULL, *at = bytes;
    assert(sent <= piece->length);
    while (at < bytes + sent) {
        event = at;
        at = strstr(at, end);
        assert(at != NULL);
        at += strlen(end);
    }
    if (event != NULL) *position = index_of(event);
    return (size_t)(at - bytes);
}
