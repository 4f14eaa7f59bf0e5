/* statement_cache.h: prepared statements of texts that are composed at run time, by their text
 * (private to store/).
 *
 * The one that was used longest ago makes room for a new one. Ownership: the cache owns statements
 * and texts; a statement is borrowed until the next call. Threads: as the connection's. */
#ifndef DOGSHORE_STORE_STATEMENT_CACHE_H
#define DOGSHORE_STORE_STATEMENT_CACHE_H

#include "base/err.h"

#include <sqlite3.h>
#include <stdint.h>

struct store_db;

enum { STATEMENT_CACHE_SIZE = 64 };

struct statement_cache {
    struct cached_statement {
        char *sql; /* NULL: free */
        uint64_t hash;
        int64_t used;
        sqlite3_stmt *statement;
    } items[STATEMENT_CACHE_SIZE];
    int64_t uses;
};

/* The statement is not running, and nothing is bound to it. */
enum err_code statement_cache_get(struct store_db *db, const char *sql, sqlite3_stmt **statement,
                                  struct err *err);
void statement_cache_clear(struct statement_cache *cache);

#endif
