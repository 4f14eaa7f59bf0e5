#include "store/statement_cache.h"

#include "base/arena.h"
#include "base/map.h"
#include "store/connection.h"

#include <assert.h>

static struct cached_statement *find(struct statement_cache *cache, const char *sql, uint64_t hash)
{
    for (size_t i = 0; i < STATEMENT_CACHE_SIZE; i++) {
        struct cached_statement *item = &cache->items[i];
        if (item->sql != NULL && item->hash == hash && strcmp(item->sql, sql) == 0) return item;
    }
    return NULL;
}

static void release(struct cached_statement *item)
{
    sqlite3_finalize(item->statement);
    free(item->sql);
    *item = (struct cached_statement){.sql = NULL};
}

static struct cached_statement *make_room(struct statement_cache *cache)
{
    struct cached_statement *oldest = &cache->items[0];
    for (size_t i = 0; i < STATEMENT_CACHE_SIZE; i++) {
        if (cache->items[i].sql == NULL) return &cache->items[i];
        if (cache->items[i].used < oldest->used) oldest = &cache->items[i];
    }
    assert(!sqlite3_stmt_busy(oldest->statement));
    release(oldest);
    return oldest;
}

enum err_code statement_cache_get(struct store_db *db, const char *sql, sqlite3_stmt **statement,
                                  struct err *err)
{
    struct statement_cache *cache = &db->composed;
    uint64_t hash = map_hash(sql);
    struct cached_statement *item = find(cache, sql, hash);
    if (item == NULL) {
        sqlite3_stmt *made;
        int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, NULL);
        if (code != SQLITE_OK) return connection_error(db, code, err);
        item = make_room(cache);
        *item = (struct cached_statement){.sql = xstrdup(sql), .hash = hash, .statement = made};
    }
    item->used = ++cache->uses;
    assert(!sqlite3_stmt_busy(item->statement));
    *statement = item->statement;
    return ERR_OK;
}

void statement_cache_clear(struct statement_cache *cache)
{
    for (size_t i = 0; i < STATEMENT_CACHE_SIZE; i++)
        if (cache->items[i].sql != NULL) release(&cache->items[i]);
}
