/* http_objects.h: bodies and small stories that HTTP tests share. */
#ifndef DOGSHORE_TESTS_HTTP_OBJECTS_H
#define DOGSHORE_TESTS_HTTP_OBJECTS_H

#include "support/http_client.h"

/* A deployment document of `replicas` replicas; `version` tells templates apart. Static memory,
 * good until the next call on the same thread. */
const char *http_deployment(const char *name, const char *version, int replicas);
/* PUT /v1/deployments/{name}: its status. */
int http_put_deployment(const struct http_server *server, const char *name, const char *version,
                        int replicas);
/* Waits until the deployment's index stands still: nothing is left to plan. Returns it. */
int64_t http_settled_index(const struct http_server *server, const char *name);

enum { HTTP_TOKEN_BYTES = 128 };
/* POST /v1/tokens: a token of scope read; `id` is what revokes it. `more`: further members, each
 * after a comma. */
void http_post_token(const struct http_server *server, const char *more,
                     char secret[static HTTP_TOKEN_BYTES], char id[static HTTP_TOKEN_BYTES]);

/* Waits until the server's log holds this text. */
void http_await_log(const struct http_server *server, const char *text);

#endif
