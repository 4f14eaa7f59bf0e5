#include "server/exchange.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/cache.h"
#include "server/client.h"
#include "server/download.h"
#include "server/loop.h"
#include "server/stream.h"

#include <assert.h>

enum { SPARES_MAX = 64, SPARE_ARENA_BYTES_MAX = 4096 };

/* Most requests need one block of memory; the last ones' serve the next. */
static struct exchange *take_spare(struct loop *loop)
{
    if (loop->spares.last == NULL) return xcalloc(1, sizeof(struct exchange));
    struct exchange *exchange = CONTAINER_OF(loop->spares.last, struct exchange, link);
    struct arena arena = exchange->request.arena;
    list_remove(&loop->spares, &exchange->link);
    loop->spare_count--;
    *exchange = (struct exchange){.request = {.arena = arena}};
    return exchange;
}

static bool may_be_spare(const struct exchange *exchange)
{
    return exchange->loop->spare_count < SPARES_MAX && exchange->decoded == NULL &&
           exchange->request.arena.used_bytes <= SPARE_ARENA_BYTES_MAX;
}

static void keep_spare(struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    arena_reset(&exchange->request.arena);
    list_append(&loop->spares, &exchange->link);
    loop->spare_count++;
}

void exchange_free_spares(struct loop *loop)
{
    while (loop->spares.first != NULL) {
        struct exchange *exchange = CONTAINER_OF(loop->spares.first, struct exchange, link);
        list_remove(&loop->spares, &exchange->link);
        arena_release(&exchange->request.arena);
        free(exchange);
    }
}

static void free_exchange(struct exchange *exchange);

/* A job came back, or its watch was woken. */
static void on_mail(struct mail *mail)
{
    struct exchange *exchange = CONTAINER_OF(mail, struct exchange, mail);
    if (!exchange->away) {
        exchange_woken(exchange);
        return;
    }
    exchange->away = false;
    exchange->loop->away_count--;
    if (exchange->handle == NULL)
        free_exchange(exchange); /* was answered late */
    else if (exchange->stage == STAGE_STREAMING)
        stream_returned(exchange);
    else if (exchange->stage == STAGE_AWAY)
        exchange_returned(exchange);
}

struct exchange *exchange_open(struct client *client, struct MHD_Connection *handle,
                               const char *target)
{
    struct exchange *exchange = take_spare(client->loop);
    exchange->loop = client->loop;
    exchange->client = client;
    exchange->handle = handle;
    exchange->stage = STAGE_HEAD;
    exchange->mail.arrived = on_mail;
    exchange->watch.mailbox = &exchange->loop->mailbox;
    exchange->watch.mail = &exchange->mail;
    exchange->started_us = loop_about_now_us(exchange->loop);
    struct request *request = &exchange->request;
    request->target = arena_strdup(&request->arena, target == NULL ? "" : target);
    request->watch_index = -1;
    request->principal.anonymous = true;
    text_init(&exchange->body, NULL);
    return exchange;
}

static void free_exchange(struct exchange *exchange)
{
    assert(!exchange->away && exchange->handle == NULL);
    cached_body_release(exchange->cached);
    download_close(exchange->download);
    text_release(&exchange->body);
    if (exchange->late != NULL) {
        arena_release(&exchange->late->request.arena);
        free(exchange->late);
    }
    if (may_be_spare(exchange)) {
        keep_spare(exchange);
        return;
    }
    arena_release(&exchange->request.arena);
    if (exchange->decoded != NULL) {
        struct arena arena = exchange->decoded->arena; /* which holds `decoded` itself */
        arena_release(&arena);
    }
    free(exchange);
}

void exchange_fail(struct exchange *exchange, const struct err *err)
{
    reply_init(&exchange->reply, &exchange->request);
    api_problem(&exchange->reply, &exchange->request.arena, &exchange->request, err, NULL);
}

void exchange_hold(struct exchange *exchange)
{
    if (exchange->suspended) return;
    struct loop *loop = exchange->loop;
    MHD_suspend_connection(exchange->handle);
    exchange->suspended = true;
    list_append(&loop->held, &exchange->link);
    loop->held_count++;
}

void exchange_unhold(struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    exchange->suspended = false;
    list_remove(&loop->held, &exchange->link);
    loop->held_count--;
    MHD_resume_connection(exchange->handle);
}

void exchange_ready(struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    heap_remove(&loop->exchanges, &exchange->timer);
    exchange->stage = STAGE_READY;
    if (!exchange->suspended) return;
    loop->resumed_count++;
    exchange->resumed = true;
    exchange_unhold(exchange);
}

/* A body without a length turned out to be too much; the rest of it is dropped. */
static void refuse_body(struct exchange *exchange)
{
    struct err err;
    err_set(&err, ERR_TOO_LARGE, "at most %zu bytes are accepted here", exchange->body_bytes_max);
    exchange_fail(exchange, &err);
    exchange->decided = true;
    exchange->body_bytes_max = LIMIT_DROPPED_BODY_BYTES;
    text_release(&exchange->body);
}

/* A piece of the body. One that goes on and on is refused in the middle: the client may be still
 * sending, so the answer is written past libmicrohttpd, which takes none now. */
static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *data_bytes)
{
    size_t bytes = *data_bytes;
    *data_bytes = 0;
    exchange->body_bytes += bytes;
    if (!exchange->decided && exchange->body_bytes > exchange->body_bytes_max)
        refuse_body(exchange);
    if (exchange->body_bytes > exchange->body_bytes_max) {
        struct err err;
        err_set(&err, ERR_TOO_LARGE, "the body does not end within %d bytes",
                (int)LIMIT_DROPPED_BODY_BYTES);
        client_refuse(exchange->client, &err);
        return MHD_NO;
    }
    if (!exchange->decided) text_append(&exchange->body, data, bytes);
    return MHD_YES;
}

static enum MHD_Result arrived(struct exchange *exchange)
{
    client_held(exchange->client);
    if (exchange->decided)
        exchange_ready(exchange);
    else
        exchange_perform(exchange);
    return exchange->stage == STAGE_READY ? exchange_answer(exchange) : MHD_YES;
}

enum MHD_Result exchange_step(struct exchange *exchange, const char *method, const char *version,
                              const char *data, size_t *data_bytes)
{
    if (exchange->client->cut) return MHD_NO;
    switch (exchange->stage) {
    case STAGE_HEAD:
        exchange_admit(exchange, method, version);
        exchange->stage = STAGE_BODY;
        /* A reply to the first call ends the client, so it is for such cases only. */
        return exchange->decided && exchange->close ? exchange_answer(exchange) : MHD_YES;
    case STAGE_BODY:
        return *data_bytes > 0 ? take_body(exchange, data, data_bytes) : arrived(exchange);
    case STAGE_READY:
        return exchange_answer(exchange);
    case STAGE_AWAY:
    case STAGE_PARKED:
    case STAGE_DUE:
    case STAGE_SENDING:
    case STAGE_STREAMING:
        return MHD_YES;
    }
    assert(false);
    return MHD_NO;
}

static enum log_level log_level_of(const struct exchange *exchange)
{
    bool read = exchange->request.method == METHOD_GET;
    return read && exchange->status < 400 ? LOG_DEBUG : LOG_INFO;
}

static void log_request(const struct exchange *exchange, bool sent)
{
    enum log_level level = log_level_of(exchange);
    if (!log_enabled(level)) return;
    const struct request *request = &exchange->request;
    struct log_line line;
    log_begin(&line, level, "request");
    log_string(&line, "method", exchange->method);
    log_format(&line, "path", "%.*s", (int)strcspn(request->target, "?"), request->target);
    log_int(&line, "status", exchange->status);
    log_int(&line, "bytes", (int64_t)exchange->reply_bytes);
    log_int(&line, "duration_us", clock_monotonic_us() - exchange->started_us);
    log_string(&line, "request_id", request->id);
    log_string(&line, "actor", request->principal.anonymous ? NULL : request->principal.id);
    log_string(&line, "peer", exchange->client->peer);
    if (!sent) log_string(&line, "cut", "true");
    log_end(&line);
}

void exchange_completed(struct exchange *exchange, bool sent)
{
    bool replied = exchange->stage == STAGE_SENDING || exchange->stage == STAGE_STREAMING;
    if (exchange->stream != NULL) stream_close(exchange);
    if (exchange->status != 0) log_request(exchange, sent);
    if (replied) exchange->loop->replying_count--;
    if (exchange->resumed) exchange->loop->resumed_count--;
    assert(!exchange->suspended);
    exchange->client = NULL;
    exchange->handle = NULL;
    if (!exchange->away) free_exchange(exchange);
}
