/* http.h: as much of an HTTP/1.1 server as the example service needs: GET and HEAD, connections
 * that are kept, answers that come later, and a stop that finishes the requests in flight.
 *
 * One thread and one event loop, so a slow answer holds up nobody else. The struct is the caller's
 * and stays in place until `stopped` was called.
 */
#ifndef DOGSHORE_EXAMPLES_SERVICE_HTTP_H
#define DOGSHORE_EXAMPLES_SERVICE_HTTP_H

#include "base/err.h"
#include "base/loop.h"

#include <stddef.h>
#include <stdint.h>

struct connection;

struct http_reply {
    int status;
    int64_t delay_ms; /* from now */
    char body[512];
};

struct http_server {
    /* Fills the reply (status 200, no delay, empty) to a request for `target`: path and query. */
    void (*handle)(struct http_server *server, const char *target, struct http_reply *reply);
    void (*stopped)(struct http_server *server); /* nothing is open any more */
    struct loop *loop;
    /* Its own. */
    struct loop_watch listener;
    struct loop_timer linger;
    struct connection *connections;
    size_t count;
    bool stopping;
};

/* `handle`, `stopped` and `loop` are set. `address` is numeric or a name of this machine. */
enum err_code http_server_start(struct http_server *server, const char *address, int64_t port,
                                struct err *err);
/* Accepts nobody new. Requests in flight, and those that still arrive within half a second on
 * connections that were open, are answered. */
void http_server_stop(struct http_server *server);
size_t http_server_in_flight(const struct http_server *server);

#endif
