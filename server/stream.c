#include "server/stream.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/number.h"
#include "model/state_machine.h"
#include "server/client.h"
#include "server/exchange.h"
#include "server/feed.h"
#include "server/loop.h"
#include "server/stream_piece.h"
#include "store/store.h"

#include <assert.h>

enum { BLOCK_BYTES = 1024 /* of libmicrohttpd, for HTTP/1.0 */ };

static const uint32_t moves[] = {
    [STREAM_SENDING] = STATE_BIT(STREAM_IDLE) | STATE_BIT(STREAM_WAITING),
    [STREAM_IDLE] = STATE_BIT(STREAM_SENDING) | STATE_BIT(STREAM_WAITING),
    [STREAM_WAITING] = STATE_BIT(STREAM_SENDING) | STATE_BIT(STREAM_CATCHING_UP),
    [STREAM_CATCHING_UP] = STATE_BIT(STREAM_SENDING) | STATE_BIT(STREAM_IDLE),
};

static const struct config *config_of(const struct stream *stream)
{
    return stream->exchange->loop->service->config;
}

static void set_timer(struct stream *stream, int64_t due_ms)
{
    struct exchange *exchange = stream->exchange;
    heap_set(&exchange->loop->exchanges, &exchange->timer, due_ms);
}

/* ---- states ---- */

void stream_enter(struct stream *stream, enum stream_state state)
{
    assert((moves[stream->state] & STATE_BIT(state)) != 0);
    stream->state = state;
}

static void begin_pace(struct stream *stream)
{
    stream->marked_bytes = stream->sent_bytes;
    stream->stall_left_ms = config_of(stream)->stream_stall_ms;
}

static void go_on_with_pace(struct stream *stream)
{
    set_timer(stream, stream->exchange->loop->now_ms + stream->stall_left_ms);
}

static void pause_pace(struct stream *stream)
{
    int64_t left_ms = stream->exchange->timer.due_ms - stream->exchange->loop->now_ms;
    stream->stall_left_ms = max_i64(left_ms, 0);
}

void stream_resume(struct stream *stream)
{
    stream_enter(stream, STREAM_SENDING);
    go_on_with_pace(stream);
    exchange_unhold(stream->exchange);
}

/* Until the next comment, or the end of its token. */
static void enter_idle(struct stream *stream)
{
    const struct exchange *exchange = stream->exchange;
    int64_t now_ms = exchange->loop->now_ms;
    int64_t due_ms = stream->heard_ms + config_of(stream)->stream_comment_ms;
    int64_t expires_at = exchange->request.principal.expires_at;
    int64_t expires_ms = now_ms + expires_at - clock_wall_ms(&exchange->loop->service->clock);
    if (expires_at > 0 && expires_ms < due_ms) due_ms = expires_ms;
    stream_enter(stream, STREAM_IDLE);
    begin_pace(stream);
    set_timer(stream, due_ms);
}

/* What comes next is not in the window. */
static bool is_behind(const struct stream *stream)
{
    const struct feed *feed = stream->feed;
    return stream->what.position < (stream->what.filter != NULL ? feed->head : feed->floor);
}

/* Whoever takes no more is cut as with any reply. */
void stream_end(struct stream *stream, const char *farewell)
{
    if (stream->ending) return;
    stream->ending = true;
    stream->farewell = farewell;
    client_replying(stream->exchange->client);
    switch (stream->state) {
    case STREAM_WAITING:
        stream_turns_give_back(&stream->feed->turns, &stream->turn);
        stream_resume(stream);
        stream_pass_turns(stream->feed); /* it may be the one that tries again */
        break;
    case STREAM_IDLE:
        stream_resume(stream);
        break;
    case STREAM_SENDING:
    case STREAM_CATCHING_UP: /* when it returns */
        break;
    }
}

void streams_drain(struct feed *feed)
{
    for (struct list_link *link = feed->streams.first; link != NULL; link = link->next)
        stream_end(CONTAINER_OF(link, struct stream, in_feed), "the server is stopping");
}

static void check_token(struct stream *stream)
{
    if (!stream->ending && !exchange_holds_token(stream->exchange))
        stream_end(stream, "the bearer token was revoked or has expired");
}

/* ---- what is sent ---- */

static size_t copy_out(char *to, size_t room, const char *bytes, size_t count, size_t *sent)
{
    size_t left = count - *sent;
    size_t taken = left < room ? left : room;
    memcpy(to, bytes + *sent, taken);
    *sent += taken;
    return taken;
}

static void release_own(struct stream *stream)
{
    stream_piece_end(stream);
    text_release(&stream->own);
    stream->own_sent = 0;
}

static size_t take_own(struct stream *stream, char *to, size_t room)
{
    size_t taken = copy_out(to, room, stream->own.bytes, stream->own.length, &stream->own_sent);
    stream_piece_moved(stream);
    if (stream->own_sent < stream->own.length) return taken;
    release_own(stream);
    if (stream->piece.ended) stream_end(stream, NULL);
    return taken;
}

static size_t take_current(struct stream *stream, char *to, size_t room)
{
    struct feed_event *event = stream->current;
    size_t taken = copy_out(to, room, event->bytes, event->count, &stream->current_sent);
    if (stream->current_sent < event->count) return taken;
    stream->told = event->index;
    if (event->is_last && stream->what.match.uid != NULL) stream_end(stream, NULL);
    feed_event_release(event);
    stream->current = NULL;
    return taken;
}

static void begin_current(struct stream *stream, struct feed_event *event)
{
    event->references++;
    stream->current = event;
    stream->current_sent = 0;
}

/* An empty comment; with it the client learns how far it has come without having seen an event. */
static void add_comment(struct stream *stream)
{
    const char *incarnation = store_incarnation(stream->exchange->loop->service->store);
    stream->comment_due = false;
    text_add(&stream->own, ":\n");
    if (stream->told < stream->what.position)
        event_stream_render_position(&stream->own, incarnation, stream->what.position);
    else
        text_add_char(&stream->own, '\n');
    stream->told = stream->what.position;
}

static void add_farewell(struct stream *stream)
{
    text_printf(&stream->own, ": %s\n\n", stream->farewell);
    stream->farewell = NULL;
}

/* False when there is nothing to send now. */
static bool begin_next(struct stream *stream)
{
    if (stream->ending) {
        if (stream->farewell != NULL) add_farewell(stream);
        return stream->own.length > 0;
    }
    if (stream->what.filter == NULL && !is_behind(stream)) {
        struct feed_event *event =
            feed_next(stream->feed, &stream->what.match, &stream->what.position);
        if (event != NULL) {
            begin_current(stream, event);
            return true;
        }
    }
    if (stream->comment_due) add_comment(stream);
    return stream->own.length > 0;
}

static size_t fill(struct stream *stream, char *to, size_t room)
{
    size_t filled = 0;
    while (filled < room) {
        if (stream->own.length > 0)
            filled += take_own(stream, to + filled, room - filled);
        else if (stream->current != NULL)
            filled += take_current(stream, to + filled, room - filled);
        else if (!begin_next(stream))
            break;
    }
    return filled;
}

static void count_bytes(struct stream *stream, size_t bytes)
{
    if (bytes > 0) stream->heard_ms = stream->exchange->loop->now_ms;
    stream->sent_bytes += (int64_t)bytes;
    atomic_fetch_add(&stream->exchange->loop->service->streams->bytes, (int64_t)bytes);
}

/* libmicrohttpd's content reader. To say "nothing now" without suspending would spin. */
static ssize_t on_take(void *argument, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct exchange *exchange = argument;
    struct stream *stream = exchange->stream;
    if (exchange->client->cut) return MHD_CONTENT_READER_END_WITH_ERROR;
    check_token(stream);
    size_t filled = fill(stream, to, room);
    count_bytes(stream, filled);
    if (filled > 0) return (ssize_t)filled;
    if (stream->ending) return MHD_CONTENT_READER_END_OF_STREAM;
    exchange_hold(exchange);
    if (is_behind(stream)) {
        pause_pace(stream);
        stream_catch_up(stream);
    } else {
        enter_idle(stream);
        feed_wanted(stream->feed);
    }
    return 0;
}

/* What was read for who may not have it any more is dropped. A comment that is due goes before the
 * next piece, else none would come of a stream that reads much and finds nothing. */
void stream_settle(struct stream *stream)
{
    const struct exchange *exchange = stream->exchange;
    check_token(stream);
    if (stream->ending) release_own(stream);
    if (stream->own.length > 0 || stream->ending) {
        stream_piece_begin(stream);
        stream->told = stream->what.position;
        stream_resume(stream);
        return;
    }
    enter_idle(stream);
    if (exchange->timer.due_ms <= exchange->loop->now_ms) return;
    if (stream_look(stream)) feed_wanted(stream->feed);
}

bool stream_look(struct stream *stream)
{
    if (stream->state != STREAM_IDLE) return false;
    check_token(stream);
    if (stream->state != STREAM_IDLE) return false;
    if (is_behind(stream)) {
        stream_catch_up(stream);
        return false;
    }
    if (stream->what.filter != NULL) return true;
    struct feed_event *event = feed_next(stream->feed, &stream->what.match, &stream->what.position);
    if (event == NULL) return true;
    begin_current(stream, event);
    stream_resume(stream);
    return false;
}

/* ---- its time ---- */

static void drop(struct stream *stream)
{
    struct exchange *exchange = stream->exchange;
    atomic_fetch_add(&exchange->loop->service->streams->slow, 1);
    client_drop(exchange->client, "slow_stream");
}

static void look_at_pace(struct stream *stream)
{
    if (stream->sent_bytes - stream->marked_bytes < LIMIT_STREAM_PACE_BYTES) {
        drop(stream);
        return;
    }
    begin_pace(stream);
    go_on_with_pace(stream);
}

static void comment(struct stream *stream)
{
    check_token(stream);
    if (stream->ending) return;
    stream->comment_due = true;
    stream_resume(stream);
}

void stream_due(struct exchange *exchange)
{
    struct stream *stream = exchange->stream;
    heap_remove(&exchange->loop->exchanges, &exchange->timer);
    switch (stream->state) {
    case STREAM_SENDING:
        look_at_pace(stream);
        break;
    case STREAM_IDLE:
        comment(stream);
        break;
    case STREAM_WAITING:
        stream_pass_turns(stream->feed);
        break;
    case STREAM_CATCHING_UP:
        assert(false); /* has no timer */
    }
}

/* ---- its life ---- */

static bool enter_counts(struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    struct stream_counts *counts = service->streams;
    if (atomic_fetch_add(&counts->open, 1) < service->config->max_streams) {
        atomic_fetch_add(&counts->opened, 1);
        return true;
    }
    atomic_fetch_sub(&counts->open, 1);
    atomic_fetch_add(&counts->refused, 1);
    return false;
}

static void refuse(struct exchange *exchange)
{
    struct err err;
    err_set(&err, ERR_OVERLOADED, "%lld event streams are open already; try again, or poll",
            (long long)exchange->loop->service->config->max_streams);
    exchange_fail(exchange, &err);
}

static void begin(struct exchange *exchange)
{
    struct stream *stream = xcalloc(1, sizeof *stream);
    struct loop *loop = exchange->loop;
    exchange->stream = stream;
    stream->exchange = exchange;
    stream->feed = &loop->feed;
    stream->what = *exchange->reply.stream;
    stream->told = stream->what.position;
    text_init(&stream->own, NULL);
    text_append(&stream->own, exchange->reply.body.bytes, exchange->reply.body.length);
    stream_turns_join(&loop->feed.turns, &stream->turn, exchange->token_hash);
    feed_join(&loop->feed, stream, stream->what.newest);
    client_streaming(exchange->client);
    begin_pace(stream);
    go_on_with_pace(stream);
    if (loop->draining) stream_end(stream, "the server is stopping");
}

void stream_open(struct exchange *exchange)
{
    if (exchange->head_only) return;
    if (enter_counts(exchange))
        begin(exchange);
    else
        refuse(exchange);
}

struct MHD_Response *stream_response(struct exchange *exchange)
{
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_take, exchange,
                                             NULL);
}

void stream_close(struct exchange *exchange)
{
    struct stream *stream = exchange->stream;
    heap_remove(&exchange->loop->exchanges, &exchange->timer);
    release_own(stream);
    stream_turns_leave(&stream->feed->turns, &stream->turn);
    feed_leave(stream->feed, stream);
    feed_event_release(stream->current);
    atomic_fetch_sub(&exchange->loop->service->streams->open, 1);
    exchange->reply_bytes = (size_t)stream->sent_bytes;
    exchange->stream = NULL;
    free(stream);
}
