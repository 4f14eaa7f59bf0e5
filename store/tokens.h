/* tokens.h: table tokens: who may do what. Only keyed hashes are stored. */
#ifndef DOGSHORE_STORE_TOKENS_H
#define DOGSHORE_STORE_TOKENS_H

#include "base/crypto.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct store;
struct store_db;
struct store_tx;

/* read < deploy < operate < admin; join may only create nodes; node speaks for one node. */
enum token_scope { TOKEN_READ, TOKEN_DEPLOY, TOKEN_OPERATE, TOKEN_ADMIN, TOKEN_JOIN, TOKEN_NODE };
extern const char *const token_scope_words[];

struct token {
    const char *id; /* "admin", "join", "node/<name>" or a random id */
    const char *name;
    int scope;           /* enum token_scope */
    const char *cluster; /* NULL = not limited */
    const char *node;    /* of a node token */
    uint8_t hash[CRYPTO_HASH_BYTES];
    int64_t created_at, expires_at; /* wall ms, 0 = never */
};

/* The keyed hash under which a secret is stored. */
void token_hash(const struct store *store, const char *secret,
                uint8_t out[static CRYPTO_HASH_BYTES]);
enum err_code tokens_find(struct store_db *db, struct arena *arena,
                          const uint8_t hash[static CRYPTO_HASH_BYTES], struct token *token,
                          struct err *err);
enum err_code tokens_get(struct store_db *db, struct arena *arena, const char *id,
                         struct token *token, struct err *err);
/* Insert or replace by id. ERR_ALREADY_EXISTS when another id holds the same hash. */
enum err_code tokens_put(struct store_tx *tx, const struct token *token, struct err *err);
enum err_code tokens_delete(struct store_tx *tx, const char *id, struct err *err);
/* Moves with every change of the table: callers that cache tokens compare it. Any thread. */
int64_t tokens_epoch(const struct store *store);

#endif
