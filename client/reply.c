/* reply.c: what a try ended with, as a reply. */
#include "base/json.h"
#include "client/call.h"

#include <ctype.h>

enum { RETRY_AFTER_MS_MAX = 24 * 3600 * 1000 };

static const char *header(struct client_call *call, const char *name)
{
    struct curl_header *found;
    CURLHcode code = curl_easy_header(call->transfer.easy, name, 0, CURLH_HEADER, -1, &found);
    return code == CURLHE_OK ? found->value : NULL;
}

/* "Application/JSON ; charset=utf-8" is "application/json". */
static bool is_media_type(const char *value, const char *type)
{
    if (value == NULL) return false;
    for (; *type != '\0'; type++, value++)
        if (tolower((unsigned char)*value) != *type) return false;
    value += strspn(value, " \t");
    return *value == '\0' || *value == ';';
}

/* Seconds or a date. */
static int64_t retry_after_ms(struct client_call *call)
{
    curl_off_t seconds = 0;
    if (header(call, "Retry-After") == NULL) return -1;
    curl_easy_getinfo(call->transfer.easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > RETRY_AFTER_MS_MAX / 1000) return RETRY_AFTER_MS_MAX;
    return seconds > 0 ? seconds * 1000 : 0;
}

static void read_headers(struct client_call *call)
{
    struct client_reply *reply = &call->reply;
    const char *index = header(call, "X-Index");
    if (index == NULL || !text_to_int64(index, 0, INT64_MAX, &reply->index)) reply->index = -1;
    reply->etag = arena_strdup(call->reply_arena, header(call, "ETag"));
    reply->digest = arena_strdup(call->reply_arena, header(call, "Content-Digest"));
    reply->retry_after_ms = retry_after_ms(call);
}

static bool is_success(int status)
{
    return (status >= 200 && status < 300) || status == 304;
}

static void read_body(struct client_call *call)
{
    struct client_reply *reply = &call->reply;
    const char *type = header(call, "Content-Type");
    bool is_problem = is_media_type(type, "application/problem+json");
    struct err unreadable;
    struct json *json = NULL;
    reply->body = text_string(&call->body);
    reply->body_bytes = call->body.length;
    if (reply->body_bytes > 0 && (is_problem || is_media_type(type, "application/json")) &&
        json_parse(call->reply_arena, reply->body, reply->body_bytes, &json, &unreadable) !=
            ERR_OK &&
        is_success(reply->status))
        err_set(&reply->error, ERR_MALFORMED_JSON, "HTTP %d from %s holds bad JSON: %s",
                reply->status, call->client->server, unreadable.detail);
    reply->json = json;
    if (is_success(reply->status)) return;
    if (is_problem && json != NULL)
        client_read_problem(reply, call->reply_arena);
    else
        err_set(&reply->error, err_of_slug(NULL, reply->status), "HTTP %d from %s", reply->status,
                call->client->server);
}

/* What libcurl tried and failed to do, in words that name the server. */
static void set_transport_error(struct client_call *call, CURLcode result)
{
    const char *server = call->client->server;
    struct err *err = &call->reply.error;
    long number = 0;
    curl_off_t total_us = 0;
    curl_easy_getinfo(call->transfer.easy, CURLINFO_OS_ERRNO, &number);
    curl_easy_getinfo(call->transfer.easy, CURLINFO_TOTAL_TIME_T, &total_us);
    if (result == CURLE_OPERATION_TIMEDOUT && total_us >= call->request.timeout_ms * 1000)
        err_set(err, ERR_UNAVAILABLE, "no answer from %s within %g s", server,
                (double)call->request.timeout_ms / 1000);
    else if (result == CURLE_COULDNT_CONNECT && number != 0)
        err_set(err, ERR_UNAVAILABLE, "no answer from %s: %s", server, strerror((int)number));
    else
        err_set(err, ERR_UNAVAILABLE, "no answer from %s: %s", server,
                call->trouble[0] != '\0' ? call->trouble : curl_easy_strerror(result));
}

void client_read_reply(struct client_call *call, CURLcode result)
{
    call->reply = (struct client_reply){.index = -1, .retry_after_ms = -1, .body = ""};
    if (call->too_large || result == CURLE_FILESIZE_EXCEEDED) {
        err_set(&call->reply.error, ERR_TOO_LARGE, "the answer of %s has more than %d MiB",
                call->client->server, CLIENT_REPLY_BYTES / (1024 * 1024));
        return;
    }
    if (result != CURLE_OK) {
        set_transport_error(call, result);
        return;
    }
    long status = 0;
    curl_easy_getinfo(call->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    call->reply.status = (int)status;
    read_headers(call);
    read_body(call);
}
