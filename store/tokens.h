/* tokens.h: table tokens: who may do what. Only keyed hashes are stored. Every change touches the
 * list "tokens" with the newest index, so its event is written before. */
#ifndef DOGSHORE_STORE_TOKENS_H
#define DOGSHORE_STORE_TOKENS_H

#include "base/err.h"
#include "model/token.h"
#include "store/listing.h"

#include <stddef.h>

struct arena;
struct store;
struct store_db;
struct store_tx;

/* The keyed hash under which a secret is stored. */
void token_hash(const struct store *store, const char *secret,
                uint8_t out[static CRYPTO_HASH_BYTES]);
enum err_code tokens_find(struct store_db *db, struct arena *arena,
                          const uint8_t hash[static CRYPTO_HASH_BYTES], struct token *token,
                          struct err *err);
enum err_code tokens_get(struct store_db *db, struct arena *arena, const char *id,
                         struct token *token, struct err *err);
/* A page of those of a cluster; NULL = all. Its own order is by id. */
enum err_code tokens_page(struct store_db *db, struct arena *arena, const char *cluster,
                          const struct page *page, struct token **items, struct listed *listed,
                          struct err *err);
/* Those that were made for people and programs: all but the nodes' own. */
enum err_code tokens_count(struct store_db *db, int64_t *count, struct err *err);
/* Those of scope admin, of no cluster, that never expire, without `but` (NULL = none): who can
 * still make tokens in ten years. */
enum err_code tokens_count_lasting_admins(struct store_db *db, const char *but, int64_t *count,
                                          struct err *err);
/* Insert or replace by id. ERR_ALREADY_EXISTS when another id holds the same hash. */
enum err_code tokens_put(struct store_tx *tx, const struct token *token, struct err *err);
enum err_code tokens_delete(struct store_tx *tx, const char *id, struct err *err);
/* Moves with every change of the table: callers that cache tokens compare it. Any thread. */
int64_t tokens_epoch(const struct store *store);

#endif
