/* http_events.h: a client of an event stream on a socket of its own, read as slowly as a test
 * likes. Threads: a stream belongs to one thread. Waiting is for bytes, with a generous limit. */
#ifndef DOGSHORE_TESTS_HTTP_EVENTS_H
#define DOGSHORE_TESTS_HTTP_EVENTS_H

#include "base/text.h"
#include "support/http_server.h"

enum { HTTP_EVENT_ID_BYTES = 64, HTTP_EVENT_KIND_BYTES = 32, HTTP_EVENT_DATA_BYTES = 64 * 1024 };

struct http_events_request {
    const char *path;          /* NULL = /v1/events */
    const char *token;         /* NULL = the admin's */
    const char *last_event_id; /* NULL = none */
    const char *version;       /* NULL = HTTP/1.1 */
    int receive_bytes;         /* SO_RCVBUF; 0 = as it is */
};

struct http_events {
    int fd;
    int status;
    struct text head;
    struct text stream; /* what was read and not yet understood, without chunks */
    struct text raw;    /* likewise, with them */
    bool chunked;
    bool finished; /* the last chunk has come */
    bool over;     /* the connection has ended */
    /* What a browser would know. */
    char last_id[HTTP_EVENT_ID_BYTES];
    int64_t retry_ms;
    size_t comments;
};

struct http_event {
    char id[HTTP_EVENT_ID_BYTES], kind[HTTP_EVENT_KIND_BYTES], data[HTTP_EVENT_DATA_BYTES];
};

/* Returns with the head of the answer. */
void http_events_open(struct http_events *events, const struct http_server *server,
                      const struct http_events_request *request);
void http_events_close(struct http_events *events);
/* The next event; false when the stream has ended. */
bool http_events_next(struct http_events *events, struct http_event *event);
/* Until one with this text in its data came; false when the stream has ended. */
bool http_events_find(struct http_events *events, const char *text, struct http_event *event);
/* Until that many comments came in all. */
bool http_events_await_comments(struct http_events *events, size_t count);
/* Takes whatever comes until the stream ends. */
void http_events_finish(struct http_events *events);

int64_t http_event_index(const char *id); /* "<incarnation>.<index>" */

#endif
