#include "support/http_objects.h"

#include <string.h>

enum { DOCUMENT_BYTES = 1024, QUIET_SECONDS = 1 };

const char *http_deployment(const char *name, const char *version, int replicas)
{
    static _Thread_local char document[DOCUMENT_BYTES];
    snprintf(document, sizeof document,
             "{\"name\":\"%s\",\"spec\":{\"replicas\":%d,\"template\":{\"version\":\"%s\","
             "\"command\":[\"./serve\"]}}}",
             name, replicas, version);
    return document;
}

int http_put_deployment(const struct http_server *server, const char *name, const char *version,
                        int replicas)
{
    char path[256];
    snprintf(path, sizeof path, "/v1/deployments/%s", name);
    return http_status(server, "PUT", path, http_deployment(name, version, replicas));
}

/* A poll that ends with the index that it began with has seen nothing move. */
int64_t http_settled_index(const struct http_server *server, const char *name)
{
    struct http_client client;
    int64_t index = 0, before = -1;
    http_client_open(&client, server);
    while (index != before) {
        char path[256];
        struct http_reply reply;
        before = index;
        snprintf(path, sizeof path, "/v1/deployments/%s/status?index=%lld&wait_seconds=%d", name,
                 (long long)index, QUIET_SECONDS);
        http_do(&client, &(struct http_call){.path = path}, &reply);
        if (reply.status != 200) http_harness_failed("%s: status %d", path, reply.status);
        index = http_reply_index(&reply);
        http_reply_release(&reply);
    }
    http_client_close(&client);
    return index;
}

static void copy_member(const char *json, const char *name, char out[static HTTP_TOKEN_BYTES])
{
    char begin[32];
    snprintf(begin, sizeof begin, "\"%s\":\"", name);
    const char *at = strstr(json, begin);
    if (at == NULL) http_harness_failed("no %s in %s", name, json);
    at += strlen(begin);
    snprintf(out, HTTP_TOKEN_BYTES, "%.*s", (int)strcspn(at, "\""), at);
}

void http_post_token(const struct http_server *server, const char *more,
                     char secret[static HTTP_TOKEN_BYTES], char id[static HTTP_TOKEN_BYTES])
{
    struct http_client client;
    struct http_reply reply;
    char body[256];
    snprintf(body, sizeof body, "{\"name\": \"eyes\", \"scope\": \"read\"%s}", more);
    http_client_open(&client, server);
    http_do(&client, &(struct http_call){.method = "POST", .path = "/v1/tokens", .body = body},
            &reply);
    if (reply.status != 201) http_harness_failed("POST /v1/tokens: %s", text_string(&reply.body));
    copy_member(text_string(&reply.body), "token", secret);
    copy_member(text_string(&reply.body), "id", id);
    http_reply_release(&reply);
    http_client_close(&client);
}

/* Requests pace the look-ups: what is awaited is an answer to something, not to time. */
void http_await_log(const struct http_server *server, const char *text)
{
    char *log = http_server_log(server);
    while (strstr(log, text) == NULL) {
        free(log);
        http_status(server, "GET", "/livez", NULL);
        log = http_server_log(server);
    }
    free(log);
}
