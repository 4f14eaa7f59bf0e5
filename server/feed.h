/* feed.h: the newest events, read and rendered once for all streams of a loop.
 *
 *     off ─────┬─► parked ──published──► due ──50 ms at most──► reading
 *              └─► due       published meanwhile
 *     reading ─┬─► parked    all is read
 *              ├─► due       it failed, or more was published meanwhile
 *              └─► behind ─┬─► reading    more is there, and a stream wants it
 *                          └─► due        the reader is full
 *
 * With its last stream it is off: from parked and reading as soon as its message has come.
 *
 * The feed waits for the facet of events as one parked watch, however many streams there are. When
 * it moves, one job on a reader's thread fetches and renders the next piece of the log; each
 * stream then takes what concerns it out of this window. A burst is fetched as fast as the fastest
 * stream takes it. The window holds every event with floor < index <= head, at most
 * LIMIT_STREAM_WINDOW_BYTES of them; a stream that falls out of it reads the store for itself until
 * it is back.
 *
 * Ownership: an event is counted, by the window and by the stream that is sending it. Threads: the
 * loop's, but for the job's result.
 */
#ifndef DOGSHORE_SERVER_FEED_H
#define DOGSHORE_SERVER_FEED_H

#include "api/event_stream.h"
#include "base/list.h"
#include "server/mailbox.h"
#include "server/publish.h"
#include "server/reader.h"
#include "server/stream_piece.h"
#include "server/stream_turns.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct stream;

enum {
    FEED_EVENTS_MAX = 4096,
    FEED_READ_EVENTS = 256, /* at a time */
    FEED_READ_BYTES = 256 * 1024
};

struct feed_event {
    size_t references;
    int64_t index;
    const char *uid, *cluster; /* NULL = none */
    bool is_last;              /* of its deployment */
    const char *bytes;         /* rendered */
    size_t count;
};

enum feed_state { FEED_OFF, FEED_PARKED, FEED_DUE, FEED_READING, FEED_BEHIND };

/* What a job brings. */
struct feed_piece {
    enum err_code code;
    struct feed_event *events[FEED_READ_EVENTS];
    size_t count, bytes;
    int64_t position;
    bool more;
    bool gone; /* what follows the head is not kept any more */
};

struct feed {
    struct loop *loop;
    struct mail mail;
    struct watch watch;
    struct read_job job;
    enum feed_state state;
    int64_t due_ms; /* in state FEED_DUE */

    int64_t floor, head;
    bool more;                                  /* above the head, when it was read */
    struct feed_event *events[FEED_EVENTS_MAX]; /* a ring */
    size_t first, count, bytes;
    struct feed_piece piece;

    struct list streams; /* by in_feed */
    size_t stream_count;
    /* Of streams that read for themselves. */
    struct stream_turns turns;
    struct stream_pieces pieces;
};

void feed_init(struct feed *feed, struct loop *loop);
/* No stream is left, and writer and reader have ended. */
void feed_release(struct feed *feed);
/* The loop's thread ends. */
void feed_end(struct feed *feed);

/* `newest`: of the snapshot that the stream was opened in; where the window begins if it is the
 * first stream. */
void feed_join(struct feed *feed, struct stream *stream, int64_t newest);
void feed_leave(struct feed *feed, struct stream *stream);

/* The next event above *position that concerns `match`, NULL = none yet; moves *position past what
 * does not. *position is not below the floor. Borrowed until the window moves. */
struct feed_event *feed_next(struct feed *feed, const struct event_match *match, int64_t *position);
/* A stream has taken everything up to the head. */
void feed_wanted(struct feed *feed);
void feed_event_release(struct feed_event *event); /* NULL is fine */

int64_t feed_due_ms(const struct feed *feed); /* -1 = nothing is due by itself */
void feed_due(struct feed *feed);

#endif
