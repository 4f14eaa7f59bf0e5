#include "wire/token_wire.h"

#include "base/limits.h"
#include "wire/objects.h"

/* A row and what is known besides. */
struct token_view {
    struct token token;
    int64_t used_at;
    const char *secret;
};

static const struct field token_fields[] = {
    FIELD_AS("id", string, struct token_view, token.id),
    FIELD_AS("name", string, struct token_view, token.name),
    FIELD_AS("scope", word, struct token_view, token.scope, .words = token_scope_words),
    FIELD_AS("cluster", string, struct token_view, token.cluster, .flags = FIELD_NULLABLE),
    FIELD_AS("node", string, struct token_view, token.node, .flags = FIELD_NULLABLE),
    FIELD_AS("created_at", time, struct token_view, token.created_at),
    FIELD_AS("expires_at", time, struct token_view, token.expires_at, .flags = FIELD_NULLABLE),
    FIELD_AS("last_used_at", time, struct token_view, used_at, .flags = FIELD_NULLABLE),
};
const struct object_type token_type =
    OBJECT_TYPE("Token", struct token_view, token_fields, .flags = OBJECT_ANSWER);

static const struct field token_secret_fields[] = {
    FIELD_WHOLE("", inline, .object = &token_type),
    FIELD_AS("token", string, struct token_view, secret),
};
const struct object_type token_secret_type =
    OBJECT_TYPE("TokenSecret", struct token_view, token_secret_fields, .flags = OBJECT_ANSWER);

static const struct field whoami_fields[] = {
    FIELD(string, struct token, id),
    FIELD(string, struct token, name),
    FIELD(word, struct token, scope, .words = token_scope_words),
    FIELD(string, struct token, cluster, .flags = FIELD_NULLABLE),
    FIELD(string, struct token, node, .flags = FIELD_NULLABLE),
    FIELD(time, struct token, expires_at, .flags = FIELD_NULLABLE),
};
const struct object_type whoami_type =
    OBJECT_TYPE("Whoami", struct token, whoami_fields, .flags = OBJECT_ANSWER);

static const struct field token_request_fields[] = {
    FIELD(string, struct token_request, name, .flags = FIELD_REQUIRED, .min = 1,
          .max = LIMIT_NAME_BYTES, .rule = &rule_name),
    FIELD(word, struct token_request, scope, .flags = FIELD_REQUIRED, .words = token_request_words),
    FIELD(string, struct token_request, cluster, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_NAME_BYTES, .rule = &rule_name),
    FIELD(int, struct token_request, expires_in_seconds, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_TOKEN_SECONDS),
};
const struct object_type token_request_type =
    OBJECT_TYPE("TokenRequest", struct token_request, token_request_fields);

bool token_request_decode(const struct json *json, struct arena *arena,
                          struct token_request *request, struct field_errors *errors)
{
    return object_decode(&token_request_type, json, arena, request, errors);
}

void token_render(struct json_writer *writer, const struct token *token, int64_t used_at)
{
    struct token_view view = {.token = *token, .used_at = used_at};
    object_render(&token_type, writer, &view, NULL);
}

void token_secret_render(struct json_writer *writer, const struct token *token, int64_t used_at,
                         const char *secret)
{
    struct token_view view = {.token = *token, .used_at = used_at, .secret = secret};
    object_render(&token_secret_type, writer, &view, NULL);
}

void whoami_render(struct json_writer *writer, const struct token *token)
{
    object_render(&whoami_type, writer, token, NULL);
}
