/* event_parser.h: a text/event-stream taken apart as WHATWG HTML §9.2.6 says, in whatever pieces it
 * comes.
 *
 * Ownership: the parser owns what it holds; events are borrowed during the call. Threads: its
 * user's. A line of more than EVENT_PARSER_BYTES is left out, and so is the event that it is of,
 * and one of more data; its id counts all the same.
 */
#ifndef DOGSHORE_CLIENT_EVENT_PARSER_H
#define DOGSHORE_CLIENT_EVENT_PARSER_H

#include "base/text.h"

enum { EVENT_PARSER_BYTES = 1024 * 1024 };

struct parsed_event {
    const char *id;   /* the last one that was told; "" = none */
    const char *kind; /* "message" when the stream names none */
    const char *data;
};

struct event_parser {
    void (*arrived)(struct event_parser *parser, const struct parsed_event *event);
    int64_t retry_ms; /* as the stream says; may be set before */
    struct text line, kind, data;
    struct text id;      /* of the events from here on */
    struct text last_id; /* what is to be sent as Last-Event-ID */
    bool after_return, begun;
    bool line_cut, too_long; /* more than is kept of the line, of the event */
};

void event_parser_init(struct event_parser *parser);
void event_parser_release(struct event_parser *parser);
/* A new connection: what was not complete is forgotten, the last id stays. */
void event_parser_restart(struct event_parser *parser);
void event_parser_take(struct event_parser *parser, const char *bytes, size_t count);

#endif
