/* stream_catch_up.c: streams that read the store for themselves, a bounded number at a time. */
#include "base/arena.h"
#include "base/log.h"
#include "server/exchange.h"
#include "server/feed.h"
#include "server/loop.h"
#include "server/stream.h"
#include "store/store.h"

#include <assert.h>

static void read_on_reader(struct read_job *job, struct store_db *db)
{
    struct exchange *exchange = CONTAINER_OF(job, struct exchange, read_job);
    struct stream *stream = exchange->stream;
    struct mailbox *mailbox = &exchange->loop->mailbox;
    const char *incarnation = store_incarnation(exchange->loop->service->store);
    struct err err;
    auto_arena arena;
    arena_init(&arena);
    stream->caught_up = store_read_begin(db, &err);
    if (stream->caught_up == ERR_OK) {
        stream->caught_up = event_stream_catch_up(db, &arena, incarnation, &stream->what,
                                                  &stream->piece, &stream->own, &err);
        store_read_end(db);
    }
    mailbox_post(mailbox, &exchange->mail);
    mailbox_wake(mailbox);
}

/* False, and nothing has changed, when the reader is full. */
static bool take_turn(struct stream *stream)
{
    struct exchange *exchange = stream->exchange;
    struct loop *loop = exchange->loop;
    stream->piece =
        (struct event_catch_up){.limit = STREAM_PIECE_EVENTS, .bytes_max = STREAM_PIECE_BYTES};
    exchange->read_job.run = read_on_reader;
    if (!reader_submit(loop->service->reader, &exchange->read_job)) return false;
    exchange->away = true;
    loop->away_count++;
    stream->has_turn = true;
    stream->feed->turns_taken++;
    stream->state = STREAM_CATCHING_UP;
    return true;
}

static void wait_for_turn(struct stream *stream)
{
    struct feed *feed = stream->feed;
    stream->state = STREAM_WAITING;
    stream->next_waiting = NULL;
    if (feed->waiting_last != NULL)
        feed->waiting_last->next_waiting = stream;
    else
        feed->waiting_first = stream;
    feed->waiting_last = stream;
    log_message(LOG_DEBUG, "stream_waits", "%zu streams read the store already", feed->turns_taken);
}

static void stop_waiting(struct stream *stream)
{
    struct feed *feed = stream->feed;
    struct stream *before = NULL, *at = feed->waiting_first;
    while (at != stream) {
        before = at;
        at = at->next_waiting;
    }
    if (before != NULL)
        before->next_waiting = stream->next_waiting;
    else
        feed->waiting_first = stream->next_waiting;
    if (feed->waiting_last == stream) feed->waiting_last = before;
    stream->state = STREAM_IDLE;
}

/* The job may be done before the connection is suspended: its mail is taken in a later turn. */
bool stream_catch_up(struct stream *stream)
{
    if (stream->feed->turns_taken >= STREAM_TURNS)
        wait_for_turn(stream);
    else if (!take_turn(stream))
        return false;
    exchange_hold(stream->exchange);
    heap_remove(&stream->exchange->loop->exchanges, &stream->exchange->timer);
    return true;
}

/* Who cannot be served comes back later. This may run within libmicrohttpd, which looks at resumed
 * connections only when it is run again. */
static void pass_turn_on(struct feed *feed)
{
    while (feed->waiting_first != NULL && feed->turns_taken < STREAM_TURNS) {
        struct stream *first = feed->waiting_first;
        stop_waiting(first);
        if (take_turn(first)) continue;
        stream_end(first, STREAM_READER_IS_FULL);
        feed->loop->turn_again = true;
    }
}

void stream_leave_turns(struct stream *stream)
{
    struct feed *feed = stream->feed;
    if (stream->state == STREAM_WAITING) stop_waiting(stream);
    if (!stream->has_turn) return;
    stream->has_turn = false;
    feed->turns_taken--;
    pass_turn_on(feed);
}

void stream_returned(struct exchange *exchange)
{
    struct stream *stream = exchange->stream;
    assert(stream->state == STREAM_CATCHING_UP);
    if (stream->caught_up != ERR_OK) stream_end(stream, "the store cannot be read now");
    if (stream->piece.ended) stream_end(stream, NULL);
    stream_settle(stream);
}
