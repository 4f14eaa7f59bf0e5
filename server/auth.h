/* auth.h: from an Authorization header to a token row.
 *
 * A secret is looked up by its keyed hash, so neither the store nor this cache can tell it. The
 * cache is one loop's, small, and empty again as soon as the tokens' epoch moves. Unknown secrets
 * are not cached: they must not push known ones out.
 *
 * Threads: a struct auth belongs to its loop.
 */
#ifndef DOGSHORE_SERVER_AUTH_H
#define DOGSHORE_SERVER_AUTH_H

#include "store/tokens.h"

struct arena;
struct auth_entry;
struct clock;
struct store;
struct store_db;
struct token_uses;

enum { AUTH_ENTRIES = 1024, AUTH_USE_MS = 60 * 1000 };

struct auth {
    const struct store *store;
    struct token_uses *uses;
    struct auth_entry *entries[AUTH_ENTRIES];
};

void auth_init(struct auth *auth, const struct store *store, struct token_uses *uses);
void auth_release(struct auth *auth);

/* `token` stays NULL when the header is absent, not a bearer token or unknown; else it lives in the
 * arena and may have expired. Errors are the store's. */
enum err_code auth_find(struct auth *auth, struct store_db *db, const char *authorization,
                        struct arena *arena, const struct token **token, struct err *err);
/* Is there still a token with this hash? What was found may have been revoked or rotated since. */
enum err_code auth_holds(struct auth *auth, struct store_db *db,
                         const uint8_t hash[static CRYPTO_HASH_BYTES], struct arena *arena,
                         bool *holds, struct err *err);
/* A token that was found just now is used; told to `uses` once per AUTH_USE_MS of boot time. */
void auth_note_use(struct auth *auth, const struct token *token, int64_t now_ms,
                   const struct clock *clock);

#endif
