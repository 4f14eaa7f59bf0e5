#include "client/stream.h"

#include "base/arena.h"
#include "base/heap.h"

enum { PAUSE_LEAST_MS = 200, PAUSE_MOST_MS = 5000 };

static void set_silent(struct client_stream *stream, bool silent)
{
    if (stream->silent == silent) return;
    stream->silent = silent;
    stream->silent_changed(stream);
}

static void on_event(struct event_parser *parser, const struct parsed_event *event)
{
    struct client_stream *stream = CONTAINER_OF(parser, struct client_stream, parser);
    stream->arrived(stream, event);
}

static bool on_bytes(void *self, const char *bytes, size_t count)
{
    struct client_stream *stream = self;
    stream->pause_ms = PAUSE_LEAST_MS;
    loop_timer_set(stream->loop, &stream->silence, CLIENT_STREAM_SILENCE_MS);
    set_silent(stream, false);
    event_parser_take(&stream->parser, bytes, count);
    return true;
}

static void on_trouble(struct client_stream *stream)
{
    loop_timer_set(stream->loop, &stream->timer, stream->pause_ms);
    stream->pause_ms *= 2;
    if (stream->pause_ms > PAUSE_MOST_MS) stream->pause_ms = PAUSE_MOST_MS;
    set_silent(stream, true);
}

/* A stream begins with an id; what has none is the list of an older server. */
static void on_done(void *self, const struct client_reply *reply)
{
    struct client_stream *stream = self;
    struct client_reply other = *reply;
    stream->call = NULL;
    loop_timer_cancel(stream->loop, &stream->silence);
    if (reply->status == 0 || reply->status == 429 || reply->status >= 500) {
        on_trouble(stream);
    } else if (reply->error.code == ERR_OK && stream->parser.last_id.length > 0) {
        loop_timer_set(stream->loop, &stream->timer, stream->parser.retry_ms);
    } else {
        if (reply->error.code == ERR_OK)
            err_set(&other.error, ERR_NOT_IMPLEMENTED, "this server has no event streams");
        stream->refused(stream, &other);
    }
}

static void open_stream(struct client_stream *stream)
{
    const struct client_request request = {.path = stream->path,
                                           .accept = "text/event-stream",
                                           .last_event_id = text_string(&stream->parser.last_id),
                                           .take = on_bytes,
                                           .take_self = stream,
                                           .timeout_ms = INT32_MAX};
    event_parser_restart(&stream->parser);
    loop_timer_set(stream->loop, &stream->silence, CLIENT_STREAM_SILENCE_MS);
    stream->call = client_start(stream->client, &request, on_done, stream);
}

static void on_timer(struct loop_timer *timer)
{
    open_stream(CONTAINER_OF(timer, struct client_stream, timer));
}

/* libcurl's own limit of speed takes a comment now and then for silence. */
static void on_silence(struct loop_timer *timer)
{
    struct client_stream *stream = CONTAINER_OF(timer, struct client_stream, silence);
    client_cancel(stream->call);
    stream->call = NULL;
    on_trouble(stream);
}

void client_stream_start(struct client_stream *stream, struct loop *loop)
{
    stream->loop = loop;
    stream->timer.fire = on_timer;
    stream->silence.fire = on_silence;
    stream->pause_ms = PAUSE_LEAST_MS;
    stream->silent = false;
    event_parser_init(&stream->parser);
    stream->parser.arrived = on_event;
    stream->parser.retry_ms = CLIENT_STREAM_RETRY_MS;
    open_stream(stream);
}

void client_stream_stop(struct client_stream *stream)
{
    if (stream->call != NULL) client_cancel(stream->call);
    loop_timer_cancel(stream->loop, &stream->timer);
    loop_timer_cancel(stream->loop, &stream->silence);
    event_parser_release(&stream->parser);
    stream->call = NULL;
}
