#include "model/token.h"

#include <stddef.h>

const char *const token_scope_words[] = {
    [TOKEN_READ] = "read",
    [TOKEN_DEPLOY] = "deploy",
    [TOKEN_OPERATE] = "operate",
    [TOKEN_ADMIN] = "admin",
    [TOKEN_JOIN] = "join",
    [TOKEN_NODE] = "node",
    NULL,
};

const char *const token_request_words[] = {
    [TOKEN_READ] = "read",   [TOKEN_DEPLOY] = "deploy", [TOKEN_OPERATE] = "operate",
    [TOKEN_ADMIN] = "admin", [TOKEN_JOIN] = "join",     NULL,
};
