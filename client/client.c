/* A call goes
 *
 *     client_start ─► try ─► answer ─► done
 *                      ▲        └──► wait (back-off, Retry-After) ──┐
 *                      └────────────────────────────────────────────┘
 *
 * Each arrow is a turn of the loop, so `done` never runs within client_start(). */
#include "client/client.h"

#include "base/crypto.h"
#include "client/call.h"

#include <assert.h>

enum { CONNECTIONS_KEPT = 4, BACK_OFF_FIRST_MS = 200, BACK_OFF_MOST_MS = 5000 };

static enum err_code start_libraries(struct err *err)
{
    TRY(crypto_start(err));
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code == CURLE_OK) return ERR_OK;
    return err_set(err, ERR_INTERNAL, "libcurl cannot be started: %s", curl_easy_strerror(code));
}

static char *copy_of(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

enum err_code client_open(struct client **client, struct loop *loop,
                          const struct client_settings *settings, struct err *err)
{
    TRY(start_libraries(err));
    if (settings->token != NULL) TRY(client_check_token(settings->token, err));
    char *server;
    TRY(client_check_server(settings->server, &server, err));
    struct client *new = xcalloc(1, sizeof *new);
    new->loop = loop;
    new->server = server;
    new->token = copy_of(settings->token);
    new->ca_file = copy_of(settings->ca_file);
    new->user_agent = copy_of(settings->user_agent);
    uint64_t seed;
    crypto_random(&seed, sizeof seed);
    rng_seed(&new->rng, seed);
    enum err_code code = curl_loop_open(&new->curl_loop, loop, CONNECTIONS_KEPT, err);
    if (code == ERR_OK)
        *client = new;
    else
        client_close(new);
    return code;
}

void client_close(struct client *client)
{
    if (client == NULL) return;
    while (client->calls != NULL)
        client_cancel(client->calls);
    curl_loop_close(client->curl_loop);
    free(client->server);
    free(client->token);
    free(client->ca_file);
    free(client->user_agent);
    free(client);
}

void client_set_token(struct client *client, const char *token)
{
    free(client->token);
    client->token = copy_of(token);
}

static void unlink_call(struct client_call *call)
{
    *call->link = call->next;
    if (call->next != NULL) call->next->link = call->link;
}

static void free_call(struct client_call *call)
{
    curl_easy_cleanup(call->transfer.easy);
    curl_slist_free_all(call->headers);
    text_release(&call->body);
    arena_release(&call->arena);
    free(call);
}

/* The client may be gone when `done` returns. */
static void end(struct client_call *call)
{
    unlink_call(call);
    call->ended = true;
    call->done(call->self, &call->reply);
    free_call(call);
}

void client_cancel(struct client_call *call)
{
    if (call->ended) return;
    curl_loop_cancel(call->client->curl_loop, &call->transfer);
    loop_timer_cancel(call->client->loop, &call->timer);
    unlink_call(call);
    free_call(call);
}

static bool is_worth_retrying(const struct client_reply *reply, CURLcode result)
{
    switch ((int)result) {
    case CURLE_OK:
        return reply->status == 429 || (reply->status >= 502 && reply->status <= 504);
    case CURLE_WRITE_ERROR: /* too large */
    case CURLE_FILESIZE_EXCEEDED:
    case CURLE_UNSUPPORTED_PROTOCOL: /* no HTTP */
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return false;
    }
    return true;
}

/* Half of a doubling back-off and a random part of the other half, so that clients that failed
 * together do not come back together. */
static int64_t back_off_ms(struct client_call *call)
{
    int64_t most_ms = BACK_OFF_FIRST_MS;
    for (unsigned i = 1; i < call->tries && most_ms < BACK_OFF_MOST_MS; i++)
        most_ms *= 2;
    if (most_ms > BACK_OFF_MOST_MS) most_ms = BACK_OFF_MOST_MS;
    int64_t delay_ms = most_ms / 2;
    delay_ms += (int64_t)rng_below(&call->client->rng, (uint64_t)(most_ms - delay_ms) + 1);
    return delay_ms > call->reply.retry_after_ms ? delay_ms : call->reply.retry_after_ms;
}

static bool retry(struct client_call *call, CURLcode result)
{
    if (!is_worth_retrying(&call->reply, result)) return false;
    int64_t elapsed_ms = loop_now_ms(call->client->loop) - call->started_ms;
    int64_t delay_ms = back_off_ms(call);
    if (elapsed_ms + delay_ms > call->request.retry_for_ms) return false;
    loop_timer_set(call->client->loop, &call->timer, delay_ms);
    return true;
}

static void transfer_done(struct curl_transfer *transfer, CURLcode result)
{
    struct client_call *call = CONTAINER_OF(transfer, struct client_call, transfer);
    client_read_reply(call, result);
    if (!retry(call, result)) end(call);
}

static enum err_code begin_try(struct client_call *call, struct err *err)
{
    if (call->transfer.easy == NULL) TRY(client_prepare(call, err));
    call->tries++;
    call->trouble[0] = '\0';
    text_release(&call->body);
    text_init(&call->body, NULL);
    return curl_loop_start(call->client->curl_loop, &call->transfer, err);
}

static void try_due(struct loop_timer *timer)
{
    struct client_call *call = CONTAINER_OF(timer, struct client_call, timer);
    struct err err = {.code = ERR_OK};
    if (begin_try(call, &err) == ERR_OK) return;
    call->reply =
        (struct client_reply){.index = -1, .retry_after_ms = -1, .body = "", .error = err};
    end(call);
}

static void copy_request(struct client_call *call, const struct client_request *request)
{
    struct arena *arena = &call->arena;
    struct client_request *copy = &call->request;
    *copy = *request;
    copy->method = arena_strdup(arena, request->method != NULL ? request->method : "GET");
    copy->path = arena_strdup(arena, request->path);
    copy->content_type = arena_strdup(arena, request->content_type);
    copy->accept = arena_strdup(arena, request->accept);
    copy->if_match = arena_strdup(arena, request->if_match);
    copy->if_none_match = arena_strdup(arena, request->if_none_match);
    copy->idempotency_key = arena_strdup(arena, request->idempotency_key);
    copy->last_event_id = arena_strdup(arena, request->last_event_id);
    if (copy->timeout_ms == 0) copy->timeout_ms = CLIENT_TIMEOUT_MS;
    if (request->body != NULL && request->body_bytes == 0) copy->body_bytes = strlen(request->body);
    if (request->body != NULL) copy->body = arena_copy(arena, request->body, copy->body_bytes);
    const char *token = request->token != NULL ? request->token : call->client->token;
    call->token = arena_strdup(arena, token);
    call->url = arena_printf(arena, "%s%s", call->client->server, request->path);
}

struct client_call *client_call_start(struct client *client, const struct client_request *request,
                                      struct arena *reply_arena, client_done *done, void *self)
{
    assert(request->path != NULL && done != NULL);
    struct client_call *call = xcalloc(1, sizeof *call);
    call->client = client;
    call->done = done;
    call->self = self;
    arena_init(&call->arena);
    call->reply_arena = reply_arena != NULL ? reply_arena : &call->arena;
    copy_request(call, request);
    text_init(&call->body, NULL);
    call->transfer.done = transfer_done;
    call->timer.fire = try_due;
    call->started_ms = loop_now_ms(client->loop);
    call->next = client->calls;
    call->link = &client->calls;
    if (call->next != NULL) call->next->link = &call->next;
    client->calls = call;
    loop_timer_set(client->loop, &call->timer, 0);
    return call;
}

struct client_call *client_start(struct client *client, const struct client_request *request,
                                 client_done *done, void *self)
{
    return client_call_start(client, request, NULL, done, self);
}
