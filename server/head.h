/* head.h: the request line and headers of one request, checked by our own rules.
 *
 * libmicrohttpd is lenient where leniency lets two servers disagree on where a request ends
 * (request smuggling), so everything that says so is checked here: Content-Length with
 * Transfer-Encoding, repeated ones, other codings than chunked, header names that are no tokens,
 * repeated Host or Authorization, a missing Host, a target that is not plain visible ASCII.
 * What libmicrohttpd refuses itself before it calls us gets its own short answer and a close: a
 * request line and headers beyond LIMIT_HEADER_POOL_BYTES (431, 414), a Content-Length that is no
 * number (400, 413), a malformed chunk (400), HTTP versions other than 1.x (505).
 *
 * Ownership: strings live in the arena. Threads: the connection's loop.
 */
#ifndef DOGSHORE_SERVER_HEAD_H
#define DOGSHORE_SERVER_HEAD_H

#include "api/request.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct head {
    enum method method;
    bool head_only; /* HEAD: answered as GET without the body */
    bool options;   /* OPTIONS: known, allowed nowhere */
    bool known_method;
    int64_t content_length; /* -1 when there is none */
    bool expects_continue;
    const char *authorization; /* borrowed from the connection until the request ends */
    const char *request_id;    /* accepted; NULL = make one */
    const char *content_type, *accept, *if_match, *if_none_match, *idempotency_key;
    const char *last_event_id;
    const char *origin;           /* of the page that asks; NULL = none does */
    const char *preflight_method; /* a preflight asks for it (cors.h); NULL = it is none */
};

/* ERR_BAD_REQUEST, ERR_URI_TOO_LONG, ERR_HEADERS_TOO_LARGE. `target` as received. */
enum err_code head_read(struct MHD_Connection *connection, const char *target, const char *method,
                        const char *version, struct arena *arena, struct head *head,
                        struct err *err);
/* The target without "http://authority", or NULL when it is not one that we serve. */
const char *head_origin_form(const char *target);

#endif
