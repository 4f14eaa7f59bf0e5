/* token_wire.h: tokens as JSON. A secret is shown once, in the answer to what made it. Field tables
 * as in deployment_wire.h. */
#ifndef DOGSHORE_WIRE_TOKEN_WIRE_H
#define DOGSHORE_WIRE_TOKEN_WIRE_H

#include "model/token.h"

#include <stdbool.h>

struct arena;
struct field_errors;
struct json;
struct json_writer;

/* POST /v1/tokens. */
struct token_request {
    const char *name;
    int scope;                  /* enum token_scope, never TOKEN_NODE */
    const char *cluster;        /* NULL = not limited */
    int64_t expires_in_seconds; /* 0 = never */
};
bool token_request_decode(const struct json *json, struct arena *arena,
                          struct token_request *request, struct field_errors *errors);

/* used_at: wall ms of its last use, 0 = not known. */
void token_render(struct json_writer *writer, const struct token *token, int64_t used_at);
void token_secret_render(struct json_writer *writer, const struct token *token, int64_t used_at,
                         const char *secret);

/* GET /v1/whoami: the holder itself. */
void whoami_render(struct json_writer *writer, const struct token *token);

#endif
