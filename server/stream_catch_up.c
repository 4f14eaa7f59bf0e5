/* stream_catch_up.c: streams that read the store for themselves, when it is their turn. */
#include "base/arena.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/exchange.h"
#include "server/feed.h"
#include "server/loop.h"
#include "server/reader.h"
#include "server/stream.h"
#include "store/store.h"

#include <assert.h>

static_assert(LOOPS_MAX * LIMIT_STREAM_TURNS <= LIMIT_READ_QUEUE / 2,
              "lists find room in the reader while the streams of all loops read");

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
static bool begin_reading(struct stream *stream)
{
    struct exchange *exchange = stream->exchange;
    struct loop *loop = exchange->loop;
    stream->piece = (struct event_catch_up){.limit = LIMIT_STREAM_PIECE_EVENTS,
                                            .bytes_max = LIMIT_STREAM_PIECE_BYTES};
    stream->piece_after = stream->what.position;
    exchange->read_job.run = read_on_reader;
    if (!reader_submit(loop->service->reader, &exchange->read_job)) return false;
    exchange->away = true;
    loop->away_count++;
    heap_remove(&loop->exchanges, &exchange->timer);
    stream_turns_take(&stream->feed->turns, &stream->turn);
    stream_enter(stream, STREAM_CATCHING_UP);
    return true;
}

/* While the reader is full, who is next tries again. */
void stream_pass_turns(struct feed *feed)
{
    struct stream_turn *next;
    while ((next = stream_turns_next(&feed->turns)) != NULL) {
        struct stream *stream = CONTAINER_OF(next, struct stream, turn);
        if (begin_reading(stream)) continue;
        heap_set(&feed->loop->exchanges, &stream->exchange->timer,
                 feed->loop->now_ms + READER_RETRY_MS);
        return;
    }
}

void stream_catch_up(struct stream *stream)
{
    struct feed *feed = stream->feed;
    stream_enter(stream, STREAM_WAITING);
    heap_remove(&feed->loop->exchanges, &stream->exchange->timer);
    stream_turns_wait(&feed->turns, &stream->turn);
    stream_pass_turns(feed);
    if (stream->state == STREAM_WAITING)
        log_message(LOG_DEBUG, "stream_waits", "%zu streams read the store", feed->turns.taken);
}

void stream_returned(struct exchange *exchange)
{
    struct stream *stream = exchange->stream;
    struct feed *feed = stream->feed;
    assert(stream->state == STREAM_CATCHING_UP);
    stream_turns_give_back(&feed->turns, &stream->turn);
    if (stream->caught_up != ERR_OK) stream_end(stream, "the store cannot be read now");
    stream_settle(stream);
    stream_pass_turns(feed);
}
