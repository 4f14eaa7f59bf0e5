#include "support/http_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 90000, URL_BYTES = 8192 };

void http_client_open(struct http_client *client, const struct http_server *server)
{
    client->server = server;
    client->curl = curl_easy_init();
    if (client->curl == NULL) http_harness_failed("curl_easy_init");
}

void http_client_close(struct http_client *client)
{
    curl_easy_cleanup(client->curl);
    client->curl = NULL;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *argument)
{
    text_append(argument, bytes, size * count);
    return size * count;
}

/* A new status line begins a new reply: 100 Continue goes before the real one. */
static size_t on_header(char *bytes, size_t size, size_t count, void *argument)
{
    struct text *headers = argument;
    if (size * count >= 5 && memcmp(bytes, "HTTP/", 5) == 0) text_clear(headers);
    text_append(headers, bytes, size * count);
    return size * count;
}

static struct curl_slist *headers_of(const struct http_client *client, const struct http_call *call)
{
    struct curl_slist *list = NULL;
    char line[512];
    const char *token = call->token != NULL ? call->token : client->server->admin_token;
    if (*token != '\0') {
        snprintf(line, sizeof line, "Authorization: Bearer %s", token);
        list = curl_slist_append(list, line);
    }
    const char *type = call->content_type != NULL ? call->content_type : "application/json";
    snprintf(line, sizeof line, "Content-Type: %s", type);
    if (call->body != NULL) list = curl_slist_append(list, line);
    list = curl_slist_append(list, "Expect:");
    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL; i++)
        list = curl_slist_append(list, call->headers[i]);
    return list;
}

static void set_method(CURL *curl, const struct http_call *call)
{
    const char *method = call->method != NULL ? call->method : "GET";
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (call->body == NULL) return;
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
}

void http_do(struct http_client *client, const struct http_call *call, struct http_reply *reply)
{
    CURL *curl = client->curl;
    memset(reply, 0, sizeof *reply);
    text_init(&reply->headers, NULL);
    text_init(&reply->body, NULL);
    curl_easy_reset(curl);
    char url[URL_BYTES];
    snprintf(url, sizeof url, "http://%s%s", client->server->address, call->path);
    struct curl_slist *headers = headers_of(client, call);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     call->timeout_ms > 0 ? call->timeout_ms : TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply->headers);
    set_method(curl, call);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    reply->status = code == CURLE_OK ? (int)status : 0;
    snprintf(reply->error, sizeof reply->error, "%s", curl_easy_strerror(code));
    curl_slist_free_all(headers);
}

void http_reply_release(struct http_reply *reply)
{
    text_release(&reply->headers);
    text_release(&reply->body);
}

/* Cuts the value out of its line in place: a header may be asked for again, its line is then
 * ended by a NUL, so the search goes over NULs. */
const char *http_reply_header(struct http_reply *reply, const char *name)
{
    size_t name_bytes = strlen(name);
    char *line = reply->headers.bytes, *end = line + reply->headers.length;
    while (line != NULL && line < end) {
        char *next = line + strcspn(line, "\r\n");
        if (strncasecmp(line, name, name_bytes) == 0 && line[name_bytes] == ':') {
            *next = '\0';
            char *value = line + name_bytes + 1;
            return value + strspn(value, " ");
        }
        while (next < end && (*next == '\r' || *next == '\n' || *next == '\0'))
            next++;
        line = next;
    }
    return NULL;
}

int64_t http_reply_index(struct http_reply *reply)
{
    const char *value = http_reply_header(reply, "X-Index");
    return value == NULL ? -1 : strtoll(value, NULL, 10);
}

int http_status(const struct http_server *server, const char *method, const char *path,
                const char *body)
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, server);
    http_do(&client, &(struct http_call){.method = method, .path = path, .body = body}, &reply);
    int status = reply.status;
    http_reply_release(&reply);
    http_client_close(&client);
    return status;
}

static void *async_thread(void *argument)
{
    struct http_async *async = argument;
    struct http_client client;
    http_client_open(&client, async->server);
    http_do(&client, &async->call, &async->reply);
    http_client_close(&client);
    return NULL;
}

void http_async_start(struct http_async *async)
{
    if (pthread_create(&async->thread, NULL, async_thread, async) != 0)
        http_harness_failed("pthread_create");
}

struct http_reply *http_async_wait(struct http_async *async)
{
    pthread_join(async->thread, NULL);
    return &async->reply;
}
