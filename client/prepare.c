/* prepare.c: a request as libcurl is told it. */
#include "base/crypto.h"
#include "client/call.h"

#include <assert.h>

enum { UPLOAD_BUFFER_BYTES = 16 * 1024, IDEMPOTENCY_KEY_BYTES = 16 };

static bool is_success(const struct client_call *call)
{
    long status = 0;
    curl_easy_getinfo(call->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status < 300;
}

/* The reply's bytes, up to the limit. */
static size_t take(char *bytes, size_t size, size_t count, void *self)
{
    struct client_call *call = self;
    const struct client_request *request = &call->request;
    size_t length = size * count;
    if (request->take != NULL && is_success(call))
        return request->take(request->take_self, bytes, length) ? length : CURL_WRITEFUNC_ERROR;
    if (length > CLIENT_REPLY_BYTES - call->body.length) {
        call->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    text_append(&call->body, bytes, length);
    return length;
}

/* Visible ASCII and, within a header, blanks: what can't begin another header or request. */
static bool is_plain(const char *value, char least)
{
    if (*value == '\0') return false;
    for (; *value != '\0'; value++)
        if (*value < least || *value > '~') return false;
    return true;
}

static enum err_code check_request(const struct client_call *call, struct err *err)
{
    const struct client_request *request = &call->request;
    const char *const headers[] = {request->accept,          request->content_type,
                                   request->if_match,        request->if_none_match,
                                   request->idempotency_key, request->last_event_id};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (headers[i] != NULL && *headers[i] != '\0' && !is_plain(headers[i], ' '))
            return err_set(err, ERR_USAGE, "a header may hold printable ASCII only");
    size_t letters = strspn(request->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (letters == 0 || request->method[letters] != '\0')
        return err_set(err, ERR_USAGE, "the method must be of capital letters");
    if (request->path[0] != '/' || !is_plain(request->path, '!'))
        return err_set(err, ERR_USAGE, "the path must begin with / and be percent-encoded");
    return call->token != NULL ? client_check_token(call->token, err) : ERR_OK;
}

/* An empty value is sent as no header at all. */
static void add_header(struct client_call *call, const char *name, const char *value)
{
    const char *line =
        arena_printf(&call->arena, "%s:%s%s", name, *value != '\0' ? " " : "", value);
    struct curl_slist *longer = curl_slist_append(call->headers, line);
    assert(longer != NULL);
    call->headers = longer;
}

static bool is_write(const struct client_request *request)
{
    return !text_equal(request->method, "GET") && !text_equal(request->method, "HEAD");
}

/* The same key in each try, libcurl's own on a stale connection included. */
static const char *idempotency_key(struct client_call *call)
{
    if (call->request.idempotency_key != NULL) return call->request.idempotency_key;
    if (!is_write(&call->request)) return "";
    uint8_t bits[IDEMPOTENCY_KEY_BYTES];
    crypto_random(bits, sizeof bits);
    char *key = arena_alloc(&call->arena, 2 * sizeof bits + 1);
    crypto_hex(bits, sizeof bits, key);
    return key;
}

static void add_headers(struct client_call *call)
{
    const struct client_request *request = &call->request;
    const char *content_type = request->content_type, *key = idempotency_key(call);
    if (request->body == NULL)
        content_type = "";
    else if (content_type == NULL)
        content_type = "application/json";
    add_header(call, "Accept", request->accept != NULL ? request->accept : "application/json");
    add_header(call, "Content-Type", content_type);
    add_header(call, "Expect", "");
    if (call->token != NULL)
        add_header(call, "Authorization", arena_printf(&call->arena, "Bearer %s", call->token));
    if (request->if_match != NULL) add_header(call, "If-Match", request->if_match);
    if (request->if_none_match != NULL) add_header(call, "If-None-Match", request->if_none_match);
    if (*key != '\0') add_header(call, "Idempotency-Key", key);
    if (request->last_event_id != NULL && *request->last_event_id != '\0')
        add_header(call, "Last-Event-ID", request->last_event_id);
}

static void set_method(CURL *easy, const struct client_request *request)
{
    bool has_body = request->body != NULL;
    if (has_body || text_equal(request->method, "POST")) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, has_body ? request->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
    }
    if (text_equal(request->method, "HEAD"))
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_options(struct client_call *call)
{
    const struct client *client = call->client;
    CURL *easy = call->transfer.easy;
    curl_set_common(easy);
    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    if (client->ca_file != NULL) curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    set_method(easy, &call->request);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->request.timeout_ms);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
    if (call->request.take == NULL)
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)CLIENT_REPLY_BYTES);
    else
        curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->trouble);
}

enum err_code client_prepare(struct client_call *call, struct err *err)
{
    TRY(check_request(call, err));
    call->transfer.easy = curl_easy_init();
    if (call->transfer.easy == NULL) return err_set(err, ERR_INTERNAL, "libcurl cannot be started");
    add_headers(call);
    set_options(call);
    return ERR_OK;
}
