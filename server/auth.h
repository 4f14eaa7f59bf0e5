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
struct store;
struct store_db;

enum { AUTH_ENTRIES = 1024 };

struct auth {
    const struct store *store;
    struct auth_entry *entries[AUTH_ENTRIES];
};

void auth_init(struct auth *auth, const struct store *store);
void auth_release(struct auth *auth);

/* `token` stays NULL when the header is absent, not a bearer token, unknown or expired at wall_ms;
 * else it lives in the arena. Errors are the store's. */
enum err_code auth_find(struct auth *auth, struct store_db *db, const char *authorization,
                        int64_t wall_ms, struct arena *arena, const struct token **token,
                        struct err *err);

#endif
