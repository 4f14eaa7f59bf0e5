/* From a reply to the bytes of HTTP: status, headers, conditional requests. */
#include "api/etag.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/cache.h"
#include "server/client.h"
#include "server/config.h"
#include "server/cors.h"
#include "server/download.h"
#include "server/exchange.h"
#include "server/loop.h"
#include "server/stream.h"

#include <assert.h>

enum { NUMBER_BYTES = 24 };

/* A reply, wherever it comes from. */
struct answer {
    const struct reply *reply; /* of the rarer headers; NULL = none of them */
    int status;
    const char *content_type;
    const char *etag;
    int64_t index;
    const char *bytes;
    size_t count;
};

static struct answer answer_of(const struct exchange *exchange)
{
    const struct cached_body *cached = exchange->cached;
    if (cached != NULL)
        return (struct answer){.status = cached->status,
                               .content_type = cached->content_type,
                               .etag = cached->etag,
                               .index = cached->index,
                               .bytes = cached->bytes,
                               .count = cached->count};
    const struct reply *reply = exchange->late != NULL ? &exchange->late->reply : &exchange->reply;
    return (struct answer){.reply = reply,
                           .status = reply->status,
                           .content_type = reply->content_type,
                           .etag = reply->etag,
                           .index = reply->index,
                           .bytes = reply->body.bytes,
                           .count = reply->body.length};
}

static bool not_modified(const struct exchange *exchange, const struct answer *answer)
{
    const struct request *request = &exchange->request;
    if (request->method != METHOD_GET || answer->status != 200) return false;
    return etag_is_named(request->if_none_match, answer->etag);
}

static void put(struct MHD_Response *response, const char *name, const char *value)
{
    if (value == NULL || *value == '\0') return;
    if (MHD_add_response_header(response, name, value) != MHD_YES)
        log_message(LOG_ERROR, "header_refused", "%s cannot be sent", name);
}

static void put_number(struct MHD_Response *response, const char *name, int64_t number)
{
    char text[NUMBER_BYTES];
    snprintf(text, sizeof text, "%lld", (long long)number);
    put(response, name, text);
}

/* Tagged GETs may be kept by clients if they ask each time whether they still hold. */
static const char *cache_control(const struct exchange *exchange, const struct answer *answer)
{
    bool tagged = *answer->etag != '\0' && answer->status < 400;
    bool read = exchange->request.method == METHOD_GET;
    bool live = answer->reply != NULL && answer->reply->no_store;
    return tagged && read && !live ? "no-cache" : "no-store";
}

static void put_rarer_headers(struct MHD_Response *response, const struct reply *reply)
{
    put(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
    put(response, MHD_HTTP_HEADER_ACCEPT_PATCH, reply->accept_patch);
    put(response, MHD_HTTP_HEADER_LOCATION, reply->location);
    put(response, MHD_HTTP_HEADER_LINK, reply->link);
    put(response, "Content-Security-Policy", reply->security_policy);
    if (reply->replayed) put(response, "Idempotency-Replayed", "true");
    if (reply->dry_run) put(response, "Dry-Run", "true");
    if (reply->www_authenticate) put(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (reply->retry_after_seconds > 0)
        put_number(response, MHD_HTTP_HEADER_RETRY_AFTER, reply->retry_after_seconds);
}

static void put_cors_headers(struct MHD_Response *response, const struct exchange *exchange)
{
    const char *origins = exchange->loop->service->config->allow_origin;
    if (!cors_add_headers(response, origins, exchange->origin, exchange->preflight_methods))
        log_message(LOG_ERROR, "header_refused", "the headers for a page cannot be sent");
}

static void put_headers(struct MHD_Response *response, const struct exchange *exchange,
                        const struct answer *answer)
{
    if (answer->count > 0) put(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    put(response, "X-Request-Id", exchange->request.id);
    if (answer->index >= 0) put_number(response, "X-Index", answer->index);
    put(response, MHD_HTTP_HEADER_ETAG, answer->etag);
    put(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache_control(exchange, answer));
    put(response, "X-Content-Type-Options", "nosniff");
    if (answer->reply != NULL) put_rarer_headers(response, answer->reply);
    put_cors_headers(response, exchange);
    if (exchange->close || exchange->loop->draining)
        put(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static bool is_stream(const struct answer *answer)
{
    return answer->reply != NULL && answer->reply->stream != NULL;
}

static bool is_download(const struct exchange *exchange, const struct answer *answer)
{
    return exchange->download != NULL && answer->status == 200;
}

static struct MHD_Response *response_of(struct exchange *exchange, const struct answer *answer)
{
    /* After a head without a body libmicrohttpd would still send the last chunk of one. */
    if (is_stream(answer) && exchange->head_only)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (is_stream(answer)) return stream_response(exchange);
    if (is_download(exchange, answer)) return download_response(exchange);
    return MHD_create_response_from_buffer(answer->count, (void *)answer->bytes,
                                           MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *build(struct exchange *exchange, const struct answer *answer)
{
    struct MHD_Response *response = response_of(exchange, answer);
    if (response == NULL) return NULL;
    put_headers(response, exchange, answer);
    /* nginx would wait for more before it passes something on. */
    if (is_stream(answer)) put(response, "X-Accel-Buffering", "no");
    return response;
}

/* A reply with a cached body is prepared once; one that ends its connection is not like others. */
static bool may_prepare(const struct exchange *exchange)
{
    return exchange->cached != NULL && exchange->cached->count <= PREPARED_BODY_BYTES_MAX &&
           exchange->origin == NULL && !exchange->close && !exchange->loop->draining;
}

static enum MHD_Result queue(struct exchange *exchange, const struct answer *answer)
{
    struct prepared *prepared = &exchange->loop->prepared;
    const char *id = exchange->request.id;
    bool whole = answer->status != 304, may = may_prepare(exchange);
    unsigned status = (unsigned)answer->status;
    struct MHD_Response *response =
        may ? prepared_find(prepared, exchange->cached, !whole, id) : NULL;
    if (response != NULL) return MHD_queue_response(exchange->handle, status, response);
    response = build(exchange, answer);
    if (response == NULL) return MHD_NO;
    enum MHD_Result queued = MHD_queue_response(exchange->handle, status, response);
    if (may)
        prepared_keep(prepared, exchange->cached, !whole, id, response);
    else
        MHD_destroy_response(response);
    return queued;
}

/* Before the client has the answer, so that who has it and asks for the counts finds it counted. */
static void count_answer(const struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    bool untimed = exchange->decoded != NULL || exchange->stream != NULL;
    if (!untimed) loop->turn_us = clock_monotonic_us();
    const struct http_outcome outcome = {
        .request = &exchange->request,
        .method = exchange->method,
        .head_only = exchange->head_only,
        .status = exchange->status,
        .reply_bytes = exchange->head_only ? 0 : (int64_t)exchange->reply_bytes,
        .untimed = untimed,
        .duration_us = untimed ? 0 : loop->turn_us - exchange->started_us};
    http_metrics_count(&loop->metrics, &outcome);
}

enum MHD_Result exchange_answer(struct exchange *exchange)
{
    struct answer answer = answer_of(exchange);
    if (is_stream(&answer)) {
        stream_open(exchange);
        answer = answer_of(exchange);
    }
    assert(answer.status >= 200);
    if (not_modified(exchange, &answer)) {
        answer.status = 304;
        answer.count = 0;
    }
    bool fetched = is_download(exchange, &answer);
    if (fetched) answer.count = download_bytes(exchange->download);
    exchange->status = answer.status;
    exchange->reply_bytes = fetched ? 0 : answer.count; /* a download is counted as it is taken */
    exchange->stage = exchange->stream != NULL ? STAGE_STREAMING : STAGE_SENDING;
    exchange->loop->replying_count++;
    if (exchange->resumed) exchange->loop->resumed_count--;
    exchange->resumed = false;
    if (exchange->stream == NULL) client_replying(exchange->client);
    count_answer(exchange);
    return queue(exchange, &answer);
}
