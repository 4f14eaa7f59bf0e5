/* prepared.h: replies with cached bodies as libmicrohttpd wants them, made once per loop.
 *
 * Building a response and its headers costs more than everything else in answering a cached body,
 * and of one reply to the next only X-Request-Id differs. So a loop keeps responses and changes
 * that one header. This is sound because libmicrohttpd writes the head of a reply out before it
 * calls the loop's handler again, and no other loop has the response.
 *
 * Ownership: a slot holds a reference to its body and its responses; libmicrohttpd counts its own
 * uses. Threads: the loop's.
 */
#ifndef DOGSHORE_SERVER_PREPARED_H
#define DOGSHORE_SERVER_PREPARED_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Response;
struct cached_body;

enum { PREPARED_SLOTS = 256, PREPARED_BODY_BYTES_MAX = 16 * 1024 };

struct prepared_reply {
    struct MHD_Response *response;
    char *request_id; /* which it carries now */
};

struct prepared_slot {
    struct cached_body *body;
    struct prepared_reply whole, not_modified;
};

struct prepared {
    struct prepared_slot slots[PREPARED_SLOTS];
};

void prepared_release(struct prepared *prepared);
/* A response for this body that carries this request id, or NULL. Borrowed: to be queued at once.
 */
struct MHD_Response *prepared_find(struct prepared *prepared, const struct cached_body *body,
                                   bool not_modified, const char *request_id);
/* Takes the caller's reference to the response; what was in the slot goes. */
void prepared_keep(struct prepared *prepared, struct cached_body *body, bool not_modified,
                   const char *request_id, struct MHD_Response *response);

#endif
