/* exchange.h: one request and its reply, from the first line to the last byte taken.
 *
 *     head ─► body ─► (decoded) ─┬──────────────────────────► ready ─► sending
 *                                ├─► away (reader or writer) ──►│
 *                                └─► parked ─► due ─► (read again)
 *
 * A request is answered at once where it can be (point reads, cached bodies, refusals), else its
 * connection is suspended and the exchange is on the loop's list of held ones. A write that takes
 * too long is answered outcome_unknown while its closure still runs: the exchange, which owns the
 * memory of that closure, then stays until the closure has come back.
 *
 * Ownership: libmicrohttpd holds it from exchange_open() to exchange_completed(), a job holds it
 * while it is away; the loop frees it when neither does. Threads: its loop, except the fields that
 * a job uses while it is away (request, reply).
 */
#ifndef DOGSHORE_SERVER_EXCHANGE_H
#define DOGSHORE_SERVER_EXCHANGE_H

#include "api/request.h"
#include "base/heap.h"
#include "base/list.h"
#include "server/mailbox.h"
#include "server/publish.h"
#include "server/reader.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct download;
struct loop;
struct stream;

enum exchange_stage {
    STAGE_HEAD,   /* headers arrive */
    STAGE_BODY,   /* headers are checked, the body arrives */
    STAGE_AWAY,   /* a job runs it on another thread */
    STAGE_PARKED, /* waits for its facet to move */
    STAGE_DUE,    /* its facet moved: read again at the timer's time */
    STAGE_READY,  /* the reply is final, the connection being resumed */
    STAGE_SENDING,
    STAGE_STREAMING /* the reply goes on (stream.h) */
};

/* The closure of a write. */
struct write_job {
    struct writer_job job;
    struct exchange *exchange;
    enum err_code applied; /* what api_apply answered: then the reply is filled in */
    struct err failed;     /* what the writer answered */
};

/* A reply that does not touch the memory of the closure which still runs. */
struct late_reply {
    struct request request;
    struct reply reply;
};

struct exchange {
    struct mail mail;
    struct loop *loop;
    struct client *client; /* NULL once libmicrohttpd is done with it */
    struct MHD_Connection *handle;
    enum exchange_stage stage;

    const char *method;            /* as received, for the log */
    const char *origin;            /* of the page that asks (cors.h); NULL = none does */
    const char *preflight_methods; /* what the answer to a preflight names; NULL = it is none */
    bool head_only;                /* HEAD */
    bool decided; /* the reply was final before the body came: the body is dropped */
    bool close;   /* the reply ends the connection */
    bool suspended;
    bool resumed;   /* and not yet called again */
    bool away;      /* a job has it; may outlast the reply */
    bool last_read; /* whatever the next read says is the answer */

    /* What it came with, to see on waking that it still holds; of no meaning when anonymous. */
    int64_t tokens_epoch;
    uint8_t token_hash[CRYPTO_HASH_BYTES];

    struct request request;
    struct reply reply;
    struct text body; /* as received */
    size_t body_bytes, body_bytes_max;
    struct cached_body *cached; /* the reply, if not NULL */
    struct download *download;  /* the body of a reply that went well, if not NULL */
    struct late_reply *late;    /* the reply, if not NULL */
    struct stream *stream;      /* what follows the reply's head; NULL = the reply's body */

    /* Long polls: the request as decoded, for reading again with fresh memory. */
    struct request *decoded;
    int64_t poll_end_ms;
    struct watch watch;

    struct heap_node timer; /* write deadline, poll end or due time */
    struct list_link link;  /* in loop->held; or in loop->spares */
    struct read_job read_job;
    struct write_job *write_job;

    int64_t started_us;
    int status; /* sent */
    size_t reply_bytes;
};

struct exchange *exchange_open(struct client *client, struct MHD_Connection *handle,
                               const char *target);
/* libmicrohttpd's access handler. */
enum MHD_Result exchange_step(struct exchange *exchange, const char *method, const char *version,
                              const char *data, size_t *data_bytes);
/* libmicrohttpd is done with it: frees it, or leaves it to the job that has it. */
void exchange_completed(struct exchange *exchange, bool sent);

void exchange_due(struct exchange *exchange);   /* its timer is due */
void exchange_drain(struct exchange *exchange); /* the loop ends: answer soon */
void exchange_free_spares(struct loop *loop);

/* ---- for the parts of an exchange: admit.c, perform.c, answer.c ---- */

/* The first handler call: checks, routes, authorises. Fills the reply and sets `decided` (and
 * `close` when the body must not be read) if it was refused. */
void exchange_admit(struct exchange *exchange, const char *method, const char *version);
/* The whole request is here: reaches STAGE_READY, or suspends. */
void exchange_perform(struct exchange *exchange);
void exchange_returned(struct exchange *exchange); /* its job came back in time */
void exchange_woken(struct exchange *exchange);    /* its facet moved */
/* Queues the reply. */
enum MHD_Result exchange_answer(struct exchange *exchange);

/* Does its token still exist, and has it not expired? True for anonymous requests. */
bool exchange_holds_token(struct exchange *exchange);

/* Fills the reply with a problem document. */
void exchange_fail(struct exchange *exchange, const struct err *err);
/* Suspends the connection if it is not, and puts the exchange on the loop's list. */
void exchange_hold(struct exchange *exchange);
/* Resumes the connection, which is suspended, and takes the exchange off that list. */
void exchange_unhold(struct exchange *exchange);
/* The reply is final: resumes the connection if it is suspended. */
void exchange_ready(struct exchange *exchange);

#endif
