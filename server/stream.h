/* stream.h: event streams: replies that go on until the client, its token or the server ends.
 *
 *   open ─► sending ─┬─► idle ──────┬─► sending        an event, a comment is due, or the end
 *                    │   nothing    └─► waiting        the window has moved past it
 *                    │   is left
 *                    └─► waiting ───┬─► catching up ─┬─► sending  something was found
 *                        behind the │   its turn     └─► idle     nothing was found
 *                        window     └─► sending          the end
 *
 * A stream takes new events from its loop's window (feed.h); one that resumes, or is slower than
 * the window, reads pieces of the store for itself when it is its turn (stream_turns.h). Whatever
 * it has not taken stays in the store, so a stream never holds more than one event or one piece,
 * and all pieces of a loop are bounded (stream_piece.h). One that is filtered by more than
 * deployment and cluster always reads the store, as only that can filter. A client that has
 * something to take and takes less than LIMIT_STREAM_PACE_BYTES in `stream_stall_ms` is dropped;
 * the time in which it waits for the server does not count. In all states but sending the
 * connection is suspended.
 *
 * Ownership: a stream belongs to its exchange from the reply's start to its end. Threads: the
 * loop's; while it catches up, the job's fields belong to one of the reader's threads.
 */
#ifndef DOGSHORE_SERVER_STREAM_H
#define DOGSHORE_SERVER_STREAM_H

#include "api/event_stream.h"
#include "base/list.h"
#include "server/stream_turns.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct feed;
struct feed_event;
struct store_db;

/* Of all loops. */
struct stream_counts {
    atomic_int_least64_t open, opened, refused, slow, bytes;
};

enum stream_state { STREAM_SENDING, STREAM_IDLE, STREAM_WAITING, STREAM_CATCHING_UP };

struct stream {
    struct exchange *exchange;
    struct feed *feed;
    struct list_link in_feed; /* feed->streams */
    struct stream_turn turn;
    enum stream_state state;

    struct event_stream what; /* its position: up to there all is sent, or in `own` or `current` */
    struct text own;          /* the opening, a comment, a piece */
    struct feed_event *current; /* of the window */
    size_t own_sent, current_sent;
    int64_t told;     /* the client's last id */
    int64_t heard_ms; /* when it was sent something last */
    bool comment_due;
    bool ending;
    const char *farewell; /* for who watches with curl; NULL = none, or said */

    /* Of pace: what was sent before the present period, and what is left of that. */
    int64_t sent_bytes, marked_bytes, stall_left_ms;

    struct event_catch_up piece;
    enum err_code caught_up;
    int64_t piece_after;         /* its position when the piece was read */
    size_t piece_bytes;          /* of memory, counted in feed->pieces; 0 = `own` is no piece */
    struct list_link piece_link; /* in feed->pieces, while it is one */
};

/* The reply opens a stream: makes it, or makes the reply a refusal because there are too many. */
void stream_open(struct exchange *exchange);
/* NULL when memory is short. */
struct MHD_Response *stream_response(struct exchange *exchange);
void stream_close(struct exchange *exchange);

void stream_due(struct exchange *exchange);      /* its timer is due */
void stream_returned(struct exchange *exchange); /* it has caught up with a piece */
/* Ends it soon. `farewell` is static. */
void stream_end(struct stream *stream, const char *farewell);

void streams_drain(struct feed *feed); /* ends all of a loop's */

/* The window has moved. True when the stream has everything and wants more. */
bool stream_look(struct stream *stream);

/* ---- for the parts of a stream: stream.c, stream_catch_up.c ---- */

void stream_enter(struct stream *stream, enum stream_state state);
/* The connection is suspended and there is something to send. */
void stream_resume(struct stream *stream);
/* Has caught up with a piece; goes on with that, or as the window says. */
void stream_settle(struct stream *stream);

/* Suspended: reads a piece when it is its turn. */
void stream_catch_up(struct stream *stream);
/* Whose turn it is reads. */
void stream_pass_turns(struct feed *feed);

#endif
