/* stream_piece.c: the pieces of the store that wait to be taken by clients.
 *
 * All of a loop hold at most LIMIT_STREAM_PIECES_BYTES of memory. A piece more than that ends the
 * one of whose client nothing was heard for the longest time: the stream keeps the rest of the
 * event that is on its way, and reads what follows again when its client takes more. So who is slow
 * reads twice, and nobody waits for it. */
#include "base/limits.h"
#include "base/log.h"
#include "server/feed.h"
#include "server/stream.h"

#include <assert.h>

/* As many pieces as there are turns may come before the clients are served again, each with an
 * event more than it should have, in twice the memory that it needs. */
static_assert(LIMIT_STREAM_PIECES_BYTES >=
                  LIMIT_STREAM_TURNS * 2 * (LIMIT_STREAM_PIECE_BYTES + 2 * LIMIT_EVENT_DATA_BYTES),
              "a piece that was just read is offered to its client before it may end");

static void append(struct stream_pieces *pieces, struct stream *stream)
{
    stream->older = pieces->newest;
    stream->newer = NULL;
    if (pieces->newest != NULL)
        pieces->newest->newer = stream;
    else
        pieces->oldest = stream;
    pieces->newest = stream;
}

static void detach(struct stream_pieces *pieces, struct stream *stream)
{
    if (stream->older != NULL)
        stream->older->newer = stream->newer;
    else
        pieces->oldest = stream->newer;
    if (stream->newer != NULL)
        stream->newer->older = stream->older;
    else
        pieces->newest = stream->older;
}

void stream_piece_end(struct stream *stream)
{
    struct stream_pieces *pieces = &stream->feed->pieces;
    if (stream->piece_bytes == 0) return;
    detach(pieces, stream);
    pieces->bytes -= stream->piece_bytes;
    stream->piece_bytes = 0;
}

void stream_piece_moved(struct stream *stream)
{
    if (stream->piece_bytes == 0) return;
    detach(&stream->feed->pieces, stream);
    append(&stream->feed->pieces, stream);
}

static void cut_short(struct stream *stream)
{
    int64_t position = stream->piece_after;
    size_t end = event_stream_cut(&stream->own, stream->own_sent, &position);
    struct text rest;
    text_init(&rest, NULL);
    if (end > stream->own_sent)
        text_append(&rest, stream->own.bytes + stream->own_sent, end - stream->own_sent);
    if (end < stream->own.length) {
        stream->piece.ended = false;
        stream->what.position = stream->told = position;
    }
    text_release(&stream->own);
    stream->own = rest;
    stream->own_sent = 0;
    stream_piece_end(stream);
    log_message(LOG_DEBUG, "stream_cut_short", "to event %lld", (long long)position);
}

void stream_piece_begin(struct stream *stream)
{
    struct stream_pieces *pieces = &stream->feed->pieces;
    if (stream->own.length == 0) return;
    stream->piece_bytes = stream->own.capacity;
    pieces->bytes += stream->piece_bytes;
    append(pieces, stream);
    while (pieces->bytes > LIMIT_STREAM_PIECES_BYTES)
        cut_short(pieces->oldest);
}
