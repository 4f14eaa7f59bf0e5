/* http_client.h: one request after the other over libcurl, on one connection that is kept.
 * Threads: a client belongs to one thread. A transport error is status 0 with the reason. */
#ifndef DOGSHORE_TESTS_HTTP_CLIENT_H
#define DOGSHORE_TESTS_HTTP_CLIENT_H

#include "base/text.h"
#include "support/http_server.h"

#include <pthread.h>

struct http_client {
    void *curl;
    const struct http_server *server;
};

struct http_call {
    const char *method; /* NULL = GET */
    const char *path;
    const char *token;          /* NULL = the admin's, "" = none */
    const char *const *headers; /* "Name: value", NULL at the end */
    const char *body;           /* NULL = none */
    const char *content_type;   /* NULL = application/json */
    long timeout_ms;            /* 0 = a minute and a half */
};

struct http_reply {
    int status;
    struct text headers; /* all lines of the final reply */
    struct text body;
    char error[256];
};

void http_client_open(struct http_client *client, const struct http_server *server);
void http_client_close(struct http_client *client);
/* The reply is to be released. */
void http_do(struct http_client *client, const struct http_call *call, struct http_reply *reply);
void http_reply_release(struct http_reply *reply);
/* The value of a header, NULL when absent; valid until the next call for this reply. */
const char *http_reply_header(struct http_reply *reply, const char *name);
int64_t http_reply_index(struct http_reply *reply); /* X-Index, -1 when absent */

/* One call on a client of its own; only the status matters. */
int http_status(const struct http_server *server, const char *method, const char *path,
                const char *body);

/* A call on a thread of its own, for long polls. */
struct http_async {
    const struct http_server *server;
    struct http_call call;
    struct http_reply reply;
    pthread_t thread;
};
void http_async_start(struct http_async *async);
struct http_reply *http_async_wait(struct http_async *async);

#endif
