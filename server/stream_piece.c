#include "server/stream_piece.h"

#include "base/limits.h"
#include "base/log.h"
#include "server/exchange.h"
#include "server/feed.h"
#include "server/stream.h"

#include <assert.h>

/* As many pieces as there are turns may come before the clients are served again, each with an
 * event more than it should have, in twice the memory that it needs. */
static_assert(LIMIT_STREAM_PIECES_BYTES >=
                  LIMIT_STREAM_TURNS * 2 * (LIMIT_STREAM_PIECE_BYTES + 2 * LIMIT_EVENT_DATA_BYTES),
              "a piece that was just read is offered to its client before it may end");

void stream_piece_end(struct stream *stream)
{
    struct stream_pieces *pieces = &stream->feed->pieces;
    if (stream->piece_bytes == 0) return;
    list_remove(&pieces->streams, &stream->piece_link);
    pieces->bytes -= stream->piece_bytes;
    stream->piece_bytes = 0;
}

void stream_piece_moved(struct stream *stream)
{
    struct stream_pieces *pieces = &stream->feed->pieces;
    if (stream->piece_bytes == 0) return;
    list_remove(&pieces->streams, &stream->piece_link);
    list_append(&pieces->streams, &stream->piece_link);
}

static void log_cut(const struct stream *stream, int64_t position)
{
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "stream_cut_short");
    log_string(&line, "request_id", stream->exchange->request.id);
    log_int(&line, "position", position);
    log_end(&line);
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
        log_cut(stream, position);
    }
    text_release(&stream->own);
    stream->own = rest;
    stream->own_sent = 0;
    stream_piece_end(stream);
}

void stream_piece_begin(struct stream *stream)
{
    struct stream_pieces *pieces = &stream->feed->pieces;
    if (stream->own.length == 0) return;
    stream->piece_bytes = stream->own.capacity;
    pieces->bytes += stream->piece_bytes;
    list_append(&pieces->streams, &stream->piece_link);
    while (pieces->bytes > LIMIT_STREAM_PIECES_BYTES)
        cut_short(CONTAINER_OF(pieces->streams.first, struct stream, piece_link));
}
