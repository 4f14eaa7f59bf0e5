/* client.h: the C client of Dogshore's API, for the agent and the command line.
 *
 * A call is one request with its retries. Every write carries an Idempotency-Key, the same one in
 * each try, so a retry (ours, or libcurl's own on a stale connection) has one effect. A problem
 * document becomes a `struct err` whose detail names each field and its rule. Answers are at most
 * CLIENT_REPLY_BYTES.
 *
 * Ownership: a request is copied when the call starts. A reply belongs to its call and lives until
 * `done` returns; client_do() puts it into the caller's arena. Threads: those of the loop. The
 * process ignores SIGPIPE: a write over TLS may raise it.
 */
#ifndef DOGSHORE_CLIENT_CLIENT_H
#define DOGSHORE_CLIENT_CLIENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct client;
struct client_call;
struct json;
struct loop;

enum { CLIENT_REPLY_BYTES = 64 * 1024 * 1024, CLIENT_TIMEOUT_MS = 30000 };

struct client_settings {
    const char *server;     /* http://host:port or https://…; a path prefix is kept */
    const char *token;      /* NULL = none */
    const char *ca_file;    /* NULL = the system's */
    const char *user_agent; /* "dogshore/0.1.0" */
};

struct client_request {
    const char *method;        /* NULL = GET */
    const char *path;          /* with its query, encoded: client_path() */
    const char *token;         /* NULL = the client's */
    const char *body;          /* NULL = none */
    size_t body_bytes;         /* 0 = strlen(body) */
    const char *content_type;  /* NULL = application/json */
    const char *accept;        /* NULL = application/json */
    const char *if_match;      /* NULL = none */
    const char *if_none_match; /* NULL = none; what it names is answered 304, without a body */
    /* NULL = a new random one for each write; "" = none, for a write that carries its own order and
     * whose answers the server need not keep. */
    const char *idempotency_key;
    /* Takes the body of a success piece by piece, however long it is; false ends the call. NULL =
     * it is in the reply. For a call without retries. */
    bool (*take)(void *self, const char *bytes, size_t count);
    void *take_self;
    const char *last_event_id; /* NULL or "" = none */
    int64_t timeout_ms;        /* of one try; 0 = CLIENT_TIMEOUT_MS. Long polls add their wait. */
    int64_t retry_for_ms;      /* transport errors, 429, 502, 503 and 504 are tried again so long */
};

struct client_reply {
    int status; /* 0 = no answer came, or not all of it */
    const char *body;
    size_t body_bytes;
    const struct json *json;  /* NULL when the body is not JSON */
    int64_t index;            /* X-Index; -1 = none */
    const char *etag;         /* NULL = none */
    const char *digest;       /* Content-Digest; NULL = none */
    int64_t retry_after_ms;   /* -1 = none */
    const char *problem_code; /* the slug of a problem document; NULL = none */
    struct err error;         /* code ERR_OK for 2xx and 304, unless what should be JSON is not */
};

/* curl_global_init() is called by the first open of the process. */
enum err_code client_open(struct client **client, struct loop *loop,
                          const struct client_settings *settings, struct err *err);
void client_close(struct client *client); /* its calls are cancelled */
/* The token of later calls; one that no header can carry makes them end with ERR_USAGE. */
void client_set_token(struct client *client, const char *token);

typedef void client_done(void *self, const struct client_reply *reply);
/* `done` is called exactly once, from the loop, unless the call is cancelled. It may start and
 * cancel calls and close the client. Never NULL. */
struct client_call *client_start(struct client *client, const struct client_request *request,
                                 client_done *done, void *self);
void client_cancel(struct client_call *call);

/* Turns the loop until the reply is there. Returns reply->error's code, and the error in `err`.
 * ERR_UNAVAILABLE with status 0: no answer came. A loop that is stopped meanwhile (a signal) ends
 * it, too: ERR_CANCELLED. */
enum err_code client_do(struct client *client, const struct client_request *request,
                        struct arena *arena, struct client_reply *reply, struct err *err);

/* A path of segments and query values, percent-encoded: %s is encoded, %lld and %% are as ever.
 *     client_path(arena, "/v1/deployments/%s/status?cluster=%s", name, cluster) */
char *client_path(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
