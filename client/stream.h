/* stream.h: an event stream of the API, kept up through restarts of the server.
 *
 *     start ─► open ─► events … ─► ended ──retry_ms──► open (with Last-Event-ID)
 *                └──► no answer, 429, 5xx ──a growing pause──► open
 *                └──► any other refusal: `refused`, the end
 *
 * Nothing for CLIENT_STREAM_SILENCE_MS, not even a comment, counts as the connection's end.
 * Ownership: embedded in its user's struct; stopped before that goes away. Callbacks must not stop
 * the stream: they may leave a note for who turns the loop. Threads: the loop's.
 */
#ifndef DOGSHORE_CLIENT_STREAM_H
#define DOGSHORE_CLIENT_STREAM_H

#include "base/loop.h"
#include "client/client.h"
#include "client/event_parser.h"

enum { CLIENT_STREAM_SILENCE_MS = 45000, CLIENT_STREAM_RETRY_MS = 2000 };

struct client_stream {
    void (*arrived)(struct client_stream *stream, const struct parsed_event *event);
    void (*refused)(struct client_stream *stream, const struct client_reply *reply);
    /* The server has ceased to answer, or answers again. */
    void (*silent_changed)(struct client_stream *stream);
    struct client *client;
    const char *path; /* borrowed; with ?after= where it is to begin */

    bool silent;
    struct loop *loop;
    struct event_parser parser;
    struct client_call *call;
    struct loop_timer timer; /* of the next try */
    struct loop_timer silence;
    int64_t pause_ms;
};

/* Callbacks, client and path are set. */
void client_stream_start(struct client_stream *stream, struct loop *loop);
void client_stream_stop(struct client_stream *stream);

#endif
