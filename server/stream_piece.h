/* stream_piece.h: the pieces of the store that wait to be taken by clients.
 *
 * All of a loop hold at most LIMIT_STREAM_PIECES_BYTES of memory. A piece more than that ends the
 * one of whose client nothing was heard for the longest time: the stream keeps the rest of the
 * event that is on its way, and reads what follows again when its client takes more. So who is slow
 * reads twice, and nobody waits for it.
 *
 * Ownership: a piece is its stream's. Threads: the loop's.
 */
#ifndef DOGSHORE_SERVER_STREAM_PIECE_H
#define DOGSHORE_SERVER_STREAM_PIECE_H

#include "base/list.h"

#include <stddef.h>

struct stream;

/* Those whose pieces are in memory; the last is whose client took something last. */
struct stream_pieces {
    struct list streams; /* by piece_link */
    size_t bytes;
};

/* What was read is in the stream's `own`. */
void stream_piece_begin(struct stream *stream);
void stream_piece_moved(struct stream *stream); /* some of it was taken; fine when there is none */
void stream_piece_end(struct stream *stream);   /* likewise */

#endif
