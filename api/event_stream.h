/* event_stream.h: events as they happen, as server-sent events (WHATWG HTML §9.2).
 *
 * A list of events is answered as a stream when the client would rather have text/event-stream. An
 * event is
 *     id: <incarnation>.<index>
 *     event: <kind>
 *     data: <the event's JSON, on one line>
 * The Last-Event-ID of a client that comes back (or ?after=, a bare index of this database) names
 * what it has; without either a stream begins now. What cannot be continued begins anew with an
 * `event: reset`, so that no gap is silent. The server's window of new events and its catch-up
 * reads (server/stream.h) render with the functions below; none of them knows a socket.
 *
 * Ownership: texts are appended to, strings are borrowed. Threads: none of its own.
 */
#ifndef DOGSHORE_API_EVENT_STREAM_H
#define DOGSHORE_API_EVENT_STREAM_H

#include "api/event_log.h"

enum { EVENT_STREAM_RETRY_MS = 2000 }; /* after which clients come back by themselves */

/* What reply->stream says: the reply's body opens the stream, this goes on. */
struct event_stream {
    struct event_match match;
    const struct page *filter; /* as the store filters; NULL = nothing but `match` */
    int64_t position;          /* events above it are to come */
    int64_t newest;            /* index of the snapshot that it was opened in */
};

/* After this event there are none of its deployment. */
bool event_is_last(const struct event *event);

enum stream_start {
    STREAM_RESUMES,
    STREAM_TOO_OLD,        /* some events since are not kept any more */
    STREAM_OTHER_DATABASE, /* the id was not given by this database, as after a restore */
    STREAM_AHEAD,          /* it is above the newest index */
    STREAM_TOO_WIDE        /* too much would have to be read to find what its filter lets through */
};
extern const char *const stream_start_words[];

/* What a client has: its last id, else `after`; -1 in *index when neither says anything. */
struct stream_resume {
    const char *last_event_id; /* NULL or "" = none */
    int64_t after;             /* -1 = none */
};
enum stream_start event_stream_start(const struct stream_resume *resume, const char *incarnation,
                                     int64_t floor, int64_t newest, int64_t *position);

void event_stream_render(struct text *text, const char *incarnation, const struct event *event);
/* An id alone: the client notes it, nothing is dispatched. */
void event_stream_render_position(struct text *text, const char *incarnation, int64_t position);

/* For api/events.c: refuses parameters that streams do not take, and makes the request one. */
enum err_code event_stream_decode(struct request *request, struct err *err);
/* `asked`: whose events, by which filter (borrowed from the request). */
enum err_code event_stream_open(struct store_db *db, struct request *request, struct reply *reply,
                                const struct event_stream *asked, int64_t after, struct err *err);

/* One piece for one stream, as text; a reset when it is too old. Moves stream->position. */
struct event_catch_up {
    int64_t limit;
    size_t bytes_max; /* an event more than that is rendered whole */
    bool more;
    bool ended; /* its deployment is gone */
};
enum err_code event_stream_catch_up(struct store_db *db, struct arena *arena,
                                    const char *incarnation, struct event_stream *stream,
                                    struct event_catch_up *piece, struct text *text,
                                    struct err *err);
/* A piece of which `sent` bytes are on their way is to end: where the event ends that is cut by
 * that, and in *position its index; 0, and *position as it is, when nothing was sent. */
size_t event_stream_cut(struct text *piece, size_t sent, int64_t *position);

#endif
