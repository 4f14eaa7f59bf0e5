/* request.h: one HTTP request and its reply, without any HTTP library.
 *
 * The life of a request (server/ drives it, api/ decides):
 *   api_route      raw target → route, path parameters, query parameters; 400, 404, 405, 414
 *   api_authorize  token → may it?; 401, 403
 *   api_decode     body → checked input; pure; 400, 413, 415, 422
 *   then, by route->place:
 *   api_read       on a loop, the reader or the planner, inside one read transaction
 *   api_apply      inside a writer closure
 * A read that is `unsatisfied` is parked on its facet and read again when that moves; its reply is
 * complete, so it is also what is sent when the wait ends.
 *
 * Ownership: a request owns its arena; reply and all strings live in it. Threads: a request is
 * handed over whole from its loop to another thread and back.
 */
#ifndef DOGSHORE_API_REQUEST_H
#define DOGSHORE_API_REQUEST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "store/tokens.h"
#include "store/writer.h"
#include "wire/field_errors.h"

#include <stdbool.h>
#include <stdint.h>

struct api;
struct event_stream;
struct idempotent;
struct json_pick;
struct route;

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_COUNT };
extern const char *const method_words[];

enum { ROUTE_PARAMS_MAX = 3, FACET_KEY_BYTES = 160, ETAG_BYTES = 96 };

/* Who asks. scope is meaningless when anonymous. */
struct principal {
    bool anonymous;
    const char *id; /* token id: the actor of events */
    const char *name;
    enum token_scope scope;
    const char *cluster; /* NULL = not limited */
    const char *node;    /* of a node token */
    int64_t expires_at;  /* wall ms, 0 = never */
};

struct parameter {
    const char *name;
    const char *value;
};

struct request {
    struct arena arena;
    struct api *api;
    enum method method;
    const char *target; /* as received: path and query, not decoded */
    const char *id;     /* request id, accepted or made by server/ */
    /* Headers that matter; NULL when absent. */
    const char *authorization, *content_type, *accept, *if_match, *if_none_match;
    const char *idempotency_key, *last_event_id;
    const char *body;
    size_t body_bytes;

    const struct route *route;
    const char *params[ROUTE_PARAMS_MAX]; /* decoded, in the pattern's order */
    struct parameter *parameters;         /* decoded query, known names only */
    size_t parameter_count;
    int64_t watch_index; /* ?index=, -1 when absent */
    int64_t wait_ms;     /* ?wait_seconds= in ms, 0 when absent */
    bool dry_run;        /* ?dry_run=true: the write is carried out, answered and undone */

    struct principal principal;
    const char *cluster; /* ?cluster=, else the token's, else "default" (after api_authorize) */
    void *input;         /* what decode made of body and parameters */
    const struct json_pick *fields;      /* the parts that ?fields= wants (fields.h); NULL = all */
    const struct idempotent *idempotent; /* of a write with a key (idempotency.h), else NULL */
    /* Of a write whose fields can only be judged in its transaction; else NULL. */
    const struct field_errors *errors;

    /* What a long poll watches and what a cached body depends on; set by api_authorize for routes
     * with a facet. `view` tells apart bodies of one facet (route, masking, media type). */
    bool has_facet;
    enum facet_kind facet;
    char facet_key[FACET_KEY_BYTES];
    unsigned view;
    /* The facet's published index, noted by server/ before each read (so the read sees at least
     * that much); 0 = unknown. An unsatisfied read waits until the facet is above both this and
     * reply.index: whatever moves later wakes it, and nothing that it has seen does. */
    int64_t facet_index;

    bool streams;         /* answered as an event stream (event_stream.h); set by api_decode */
    int64_t events_floor; /* told along with a 410 of events; 0 = none */

    /* Set by api_decode: the reply is filled in already, neither api_read nor api_apply runs. */
    bool answered;
};

struct reply {
    int status;
    const char *content_type;
    struct text body;
    char etag[ETAG_BYTES]; /* with its quotes; "" = none */
    int64_t index;         /* X-Index; -1 = none */
    bool unsatisfied;      /* park until the facet's index is above reply.index and
                              request.facet_index, then read again */
    bool no_store;
    bool shows_secret; /* never to be shown again */
    bool replayed;     /* of the same request sent earlier */
    bool dry_run;      /* nothing of it was kept */
    const char *allow, *accept_patch, *location, *link;
    const char *security_policy; /* Content-Security-Policy of a page */
    bool www_authenticate;
    int retry_after_seconds; /* 0 = none */
    /* How it goes on after the body, without end; NULL = it does not. */
    const struct event_stream *stream;
};

void reply_init(struct reply *reply, struct request *request);

/* Each returns ERR_OK, or fills `reply` with the problem document and returns its code. */
enum err_code api_route(struct request *request, struct reply *reply);
/* token NULL: the bearer token is absent or unknown. Whether it has expired is judged here. */
enum err_code api_authorize(struct request *request, const struct token *token,
                            struct reply *reply);
enum err_code api_decode(struct request *request, struct reply *reply);
enum err_code api_read(struct store_db *db, struct request *request, struct reply *reply);
/* Fills `reply` in both cases; an error makes the writer undo the closure. */
enum err_code api_apply(struct store_tx *tx, struct request *request, struct reply *reply,
                        struct err *err);

/* The most body bytes this route accepts; 0 = no body. Known after api_route. */
size_t api_body_limit(const struct request *request);

/* problem+json (RFC 9457) for anything, also before a request exists (request may be NULL; then
 * `arena` holds the body). Adds Allow, Retry-After, WWW-Authenticate where the code needs them. */
void api_problem(struct reply *reply, struct arena *arena, const struct request *request,
                 const struct err *err, const struct field_errors *errors);

#endif
