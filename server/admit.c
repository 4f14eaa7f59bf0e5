/* The first handler call of a request: headers are complete, nothing of the body was read. */
#include "api/routes.h"
#include "base/arena.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/config.h"
#include "server/cors.h"
#include "server/exchange.h"
#include "server/head.h"
#include "server/loop.h"

enum {
    METHOD_BYTES_MAX = 16, /* in the log */
    REQUEST_NUMBER_BYTES = 16
};

static void refuse(struct exchange *exchange, const struct err *err)
{
    exchange_fail(exchange, err);
    exchange->decided = true;
}

static void refuse_and_close(struct exchange *exchange, const struct err *err)
{
    refuse(exchange, err);
    exchange->close = true;
}

/* Unique enough to find a request in the logs: random per loop and start, then a counter. */
static const char *new_request_id(struct exchange *exchange)
{
    const struct loop *loop = exchange->loop;
    size_t prefix_bytes = sizeof loop->id - 1;
    char *id = arena_alloc(&exchange->request.arena, prefix_bytes + 1 + REQUEST_NUMBER_BYTES);
    memcpy(id, loop->id, prefix_bytes);
    id[prefix_bytes] = '-';
    crypto_base32(++exchange->loop->request_count, 1, id + prefix_bytes + 1);
    return id;
}

/* "GET, HEAD, PUT" of what the route table has for this path; "" for an unknown one. The query is
 * looked at when its own request comes. */
static const char *allowed_methods(struct exchange *exchange)
{
    struct text allow;
    struct arena *arena = &exchange->request.arena;
    const char *target = exchange->request.target;
    const char *path = arena_strndup(arena, target, strcspn(target, "?"));
    text_init(&allow, arena);
    for (unsigned i = 0; i < METHOD_COUNT; i++) {
        struct request probe = {
            .api = exchange->request.api, .method = (enum method)i, .target = path};
        struct reply reply;
        arena_init(&probe.arena);
        reply_init(&reply, &probe);
        bool has = api_route(&probe, &reply) == ERR_OK;
        if (has) text_printf(&allow, "%s%s", allow.length == 0 ? "" : ", ", method_words[i]);
        if (has && probe.method == METHOD_GET) text_add(&allow, ", HEAD");
        arena_release(&probe.arena);
    }
    return text_string(&allow);
}

/* OPTIONS is for browsers alone, which ask what a page may do, before any token (cors.h). */
static void answer_options(struct exchange *exchange, const struct head *head)
{
    const char *allow = allowed_methods(exchange);
    const char *origins = exchange->loop->service->config->allow_origin;
    struct err err;
    bool known = *allow != '\0';
    if (known && head->preflight_method != NULL && cors_allows(origins, head->origin)) {
        exchange->preflight_methods = allow;
        exchange->reply.status = 204;
        exchange->decided = true;
        return;
    }
    if (known)
        err_set(&err, ERR_METHOD_NOT_ALLOWED, "OPTIONS is not allowed here");
    else
        err_set(&err, ERR_NOT_FOUND, "no route has this path");
    refuse(exchange, &err);
    if (known) exchange->reply.allow = allow;
}

static void authorize(struct exchange *exchange, const struct head *head)
{
    struct loop *loop = exchange->loop;
    struct request *request = &exchange->request;
    const struct token *token = NULL;
    struct err err;
    exchange->tokens_epoch = tokens_epoch(loop->service->store);
    if (request->route->scope != SCOPE_OPEN) {
        enum err_code code =
            auth_find(&loop->auth, loop->db, head->authorization, &request->arena, &token, &err);
        if (code != ERR_OK) {
            err_set(&err, ERR_UNAVAILABLE, "the store cannot be read now");
            refuse(exchange, &err);
            return;
        }
    }
    request->authorization = head->authorization;
    exchange->decided = api_authorize(request, token, &exchange->reply) != ERR_OK;
    request->authorization = NULL; /* a secret, and libmicrohttpd's memory */
    if (request->principal.anonymous) return;
    auth_note_use(&loop->auth, token, loop->now_ms, &loop->service->clock);
    memcpy(exchange->token_hash, token->hash, sizeof exchange->token_hash);
}

static void route(struct exchange *exchange, const struct head *head)
{
    struct err err;
    if (!head->known_method) {
        err_set(&err, ERR_NOT_IMPLEMENTED, "this method is not implemented");
        refuse(exchange, &err);
    } else if (head->options) {
        answer_options(exchange, head);
    } else {
        exchange->decided = api_route(&exchange->request, &exchange->reply) != ERR_OK;
        if (!exchange->decided) authorize(exchange, head);
    }
}

static void check_length(struct exchange *exchange, int64_t content_length)
{
    struct err err;
    exchange->body_bytes_max = api_body_limit(&exchange->request);
    if (content_length <= (int64_t)exchange->body_bytes_max) return;
    if (exchange->body_bytes_max == 0)
        err_set(&err, ERR_TOO_LARGE, "this request takes no body");
    else
        err_set(&err, ERR_TOO_LARGE, "the body has %lld bytes, at most %zu are accepted here",
                (long long)content_length, exchange->body_bytes_max);
    refuse(exchange, &err);
}

/* What was refused has its body read and dropped, so that the connection lives on, unless that is
 * far more than any body may be, or the client waits for a word before it sends. */
static void limit_body(struct exchange *exchange, const struct head *head)
{
    if (!exchange->decided) check_length(exchange, head->content_length);
    if (!exchange->decided) return;
    exchange->body_bytes_max = LIMIT_DROPPED_BODY_BYTES;
    if (head->content_length > LIMIT_DROPPED_BODY_BYTES || head->expects_continue)
        exchange->close = true;
}

static void take_head(struct exchange *exchange, const struct head *head)
{
    struct request *request = &exchange->request;
    request->method = head->method;
    request->content_type = head->content_type;
    request->accept = head->accept;
    request->if_match = head->if_match;
    request->if_none_match = head->if_none_match;
    request->idempotency_key = head->idempotency_key;
    request->last_event_id = head->last_event_id;
    request->id = head->request_id != NULL ? head->request_id : new_request_id(exchange);
    exchange->head_only = head->head_only;
    exchange->origin = head->origin;
}

static const char *method_for_log(struct exchange *exchange, const struct head *head,
                                  const char *method)
{
    if (head->head_only) return "HEAD";
    if (head->known_method && !head->options) return method_words[head->method];
    return text_sanitise(&exchange->request.arena, method, strlen(method), METHOD_BYTES_MAX);
}

void exchange_admit(struct exchange *exchange, const char *method, const char *version)
{
    struct request *request = &exchange->request;
    struct head head;
    struct err err;
    request->api = (struct api *)&exchange->loop->service->api;
    enum err_code code =
        head_read(exchange->handle, request->target, method, version, &request->arena, &head, &err);
    take_head(exchange, &head);
    exchange->method = method_for_log(exchange, &head, method);
    reply_init(&exchange->reply, request);
    if (code != ERR_OK) {
        refuse_and_close(exchange, &err);
        return;
    }
    request->target = head_origin_form(request->target);
    if (exchange->loop->draining) {
        err_set(&err, ERR_UNAVAILABLE, "the server is stopping");
        refuse_and_close(exchange, &err);
        return;
    }
    route(exchange, &head);
    limit_body(exchange, &head);
}
