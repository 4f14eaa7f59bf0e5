/* http_slow.h: clients that hold a connection without an end: each kind in its own way.
 * Threads: a client belongs to one thread. */
#ifndef DOGSHORE_TESTS_HTTP_SLOW_H
#define DOGSHORE_TESTS_HTTP_SLOW_H

#include "support/http_server.h"

enum http_slow_kind {
    HTTP_SLOW_LINE,    /* a piece of a first line, then nothing */
    HTTP_SLOW_HEADERS, /* headers without an end */
    HTTP_SLOW_BODY,    /* less of a body than announced */
    HTTP_SLOW_DRIP,    /* one byte at each http_slow_drip() */
    HTTP_SLOW_READ,    /* asks for much and takes nothing */
    HTTP_SLOW_KINDS
};
extern const char *const http_slow_words[];

struct http_slow {
    enum http_slow_kind kind;
    int fd;
    size_t dripped;
};

void http_slow_open(struct http_slow *slow, const struct http_server *server,
                    enum http_slow_kind kind);
void http_slow_close(struct http_slow *slow);
/* Sends one more byte, if it is of that kind. */
void http_slow_drip(struct http_slow *slow);
/* Has the server cut it? Waits for at most this long; 0 = looks. */
bool http_slow_is_cut(const struct http_slow *slow, int timeout_ms);

#endif
