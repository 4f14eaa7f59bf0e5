/* stream.h: event streams: replies that go on until the client, its token or the server ends.
 *
 *            ┌───────────── an event, or a comment is due ─────────────┐
 *            ▼                                                         │
 *   open ─► sending ──nothing is left──────────────────────────────► idle
 *            ▲ └──behind the window──► waiting ──► catching up ──┐
 *            └───────────────────────────────────────────────────┘
 *
 * A stream takes new events from its loop's window (feed.h); one that resumes, or is slower than
 * the window, reads pieces of the store for itself, STREAM_TURNS at a time. Whatever it has not
 * taken stays in the store, so a stream never holds more than one event or one piece. One that is
 * filtered by more than deployment and cluster always reads the store, as only that can filter. A
 * client that has something to take and takes less than STREAM_PACE_BYTES in `stream_stall_ms` is
 * dropped. In all states but sending the connection is suspended.
 *
 * Ownership: a stream belongs to its exchange from the reply's start to its end. Threads: the
 * loop's; while it catches up, the job's fields belong to one of the reader's threads.
 */
#ifndef DOGSHORE_SERVER_STREAM_H
#define DOGSHORE_SERVER_STREAM_H

#include "api/event_stream.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct exchange;
struct feed;
struct feed_event;
struct store_db;

enum {
    STREAM_PIECE_EVENTS = 64,
    STREAM_PIECE_BYTES = 32 * 1024,
    STREAM_TURNS = 256, /* pieces in memory at once, per loop */
    STREAM_PACE_BYTES = 64 * 1024,
    STREAM_BLOCK_BYTES = 1024 /* of libmicrohttpd, for HTTP/1.0 */
};

#define STREAM_READER_IS_FULL "too much is being read; come back"

/* Of all loops. */
struct stream_counts {
    atomic_int_least64_t open, opened, refused, slow, bytes;
};

enum stream_state { STREAM_SENDING, STREAM_IDLE, STREAM_WAITING, STREAM_CATCHING_UP };

struct stream {
    struct exchange *exchange;
    struct feed *feed;
    struct stream *previous, *next; /* in feed->streams */
    struct stream *next_waiting;    /* for a turn */
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

    int64_t sent_bytes, marked_bytes; /* marked: when the present period of pace began */

    bool has_turn;
    struct event_catch_up piece;
    enum err_code caught_up;
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

/* The connection is suspended and there is something to send. */
void stream_resume(struct stream *stream);
/* Suspended; goes on as the window says. */
void stream_settle(struct stream *stream);
/* From the content reader: suspends, and reads a piece when it is its turn. False when the reader
 * is full. */
bool stream_catch_up(struct stream *stream);
void stream_leave_turns(struct stream *stream); /* fine when it has none and waits for none */

#endif
