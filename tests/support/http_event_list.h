/* http_event_list.h: which events there were, as a stream and as the list tells it. */
#ifndef DOGSHORE_TESTS_HTTP_EVENT_LIST_H
#define DOGSHORE_TESTS_HTTP_EVENT_LIST_H

#include "support/http_events.h"

enum { HTTP_EVENT_LIST_MAX = 8192 };

struct http_event_list {
    int64_t items[HTTP_EVENT_LIST_MAX]; /* indexes */
    size_t count;
};

/* The next event of a stream, into both; false when the stream has ended. */
bool http_event_list_take(struct http_event_list *list, struct http_events *events,
                          struct http_event *event);
/* Until one with this text in its data came; false when the stream has ended. */
bool http_event_list_take_until(struct http_event_list *list, struct http_events *events,
                                const char *text, struct http_event *event);
/* All pages. `path` ends with "after=". */
void http_event_list_read(struct http_event_list *list, const struct http_server *server,
                          const char *path);
/* Fails unless everything that was streamed is what the list begins with: it may have gone on. */
void http_event_list_expect(const struct http_event_list *streamed,
                            const struct http_event_list *listed);

#endif
