/* token.h: who may do what. A secret is known by its keyed hash alone. */
#ifndef DOGSHORE_MODEL_TOKEN_H
#define DOGSHORE_MODEL_TOKEN_H

#include "base/crypto.h"

#include <stdint.h>

/* read < deploy < operate < admin; join may only create nodes; node speaks for one node. */
enum token_scope { TOKEN_READ, TOKEN_DEPLOY, TOKEN_OPERATE, TOKEN_ADMIN, TOKEN_JOIN, TOKEN_NODE };
extern const char *const token_scope_words[];
/* Those that can be asked for: a node's token comes with its registration. */
extern const char *const token_request_words[];

struct token {
    const char *id; /* "admin", "join", "node/<name>" or a random id */
    const char *name;
    int scope;           /* enum token_scope */
    const char *cluster; /* NULL = not limited */
    const char *node;    /* of a node token */
    uint8_t hash[CRYPTO_HASH_BYTES];
    int64_t created_at, expires_at; /* wall ms, 0 = never */
};

#endif
