#include "store/label_counts.h"

#include "base/arena.h"
#include "base/text.h"
#include "store/row.h"

enum { KEYS, VALUES };

static const char *const sql[] = {
    [KEYS] = "SELECT key, value, count(*) FROM deployment_labels WHERE key > ?1 AND key >= ?2"
             " AND (?3 IS NULL OR cluster = ?3) GROUP BY key, value ORDER BY key, value",
    [VALUES] = "SELECT value, count(*) FROM deployment_labels WHERE key = ?1"
               " AND (?2 IS NULL OR cluster = ?2) GROUP BY value ORDER BY value",
};
const struct statement_table label_count_statements = STATEMENT_TABLE(sql);

static void add_value(struct arena *arena, struct label_key *key, const char *value,
                      int64_t deployments)
{
    struct label_values *values = &key->values;
    values->items = row_array_grow(arena, values->items, values->count, sizeof *values->items);
    values->items[values->count++] =
        (struct label_value){.value = value, .deployments = deployments};
}

static void count_value(struct label_key *key, int64_t deployments)
{
    key->value_count++;
    key->deployments += deployments;
}

/* ---- a page of keys ---- */

static bool starts(const char *text, const char *prefix)
{
    return prefix == NULL || text_starts(text, prefix);
}

/* Rows of one key follow each other. NULL: it would be one too many. */
static struct label_key *key_of(struct arena *arena, struct label_keys *keys, const char *name,
                                int64_t limit)
{
    if (keys->count > 0 && text_equal(keys->items[keys->count - 1].key, name))
        return &keys->items[keys->count - 1];
    if (keys->count == (size_t)limit) return NULL;
    keys->items = row_array_grow(arena, keys->items, keys->count, sizeof *keys->items);
    keys->items[keys->count] = (struct label_key){.key = name};
    return &keys->items[keys->count++];
}

static enum err_code read_keys(struct store_db *db, struct arena *arena,
                               const struct label_query *query, struct label_keys *keys, bool *more,
                               struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_LABEL_COUNTS, KEYS);
    row_bind_text(&row, query->after != NULL ? query->after : "");
    row_bind_text(&row, query->prefix != NULL ? query->prefix : "");
    row_bind_text(&row, query->cluster);
    for (bool found;;) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        const char *name = row_text(&row, arena);
        if (!starts(name, query->prefix)) return ERR_OK;
        struct label_key *key = key_of(arena, keys, name, query->limit);
        *more = key == NULL;
        if (*more) return ERR_OK;
        const char *value = row_text(&row, arena);
        int64_t deployments = row_int(&row);
        count_value(key, deployments);
        if (key->value_count <= LABEL_VALUES_SHOWN) add_value(arena, key, value, deployments);
    }
}

/* ---- one key, a page of its values ---- */

static bool is_of_page(const struct label_query *query, const char *value)
{
    return starts(value, query->prefix) &&
           (query->after == NULL || strcmp(value, query->after) > 0);
}

static enum err_code read_values(struct store_db *db, struct arena *arena,
                                 const struct label_query *query, struct label_keys *keys,
                                 bool *more, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_LABEL_COUNTS, VALUES);
    row_bind_text(&row, query->key);
    row_bind_text(&row, query->cluster);
    for (bool found;;) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        const char *value = row_text(&row, arena);
        int64_t deployments = row_int(&row);
        struct label_key *key = key_of(arena, keys, query->key, 1);
        count_value(key, deployments);
        if (!is_of_page(query, value)) continue;
        *more = key->values.count == (size_t)query->limit;
        if (!*more) add_value(arena, key, value, deployments);
    }
}

enum err_code label_counts_read(struct store_db *db, struct arena *arena,
                                const struct label_query *query, struct label_keys *keys,
                                bool *more, struct err *err)
{
    *keys = (struct label_keys){0};
    *more = false;
    if (query->key != NULL) return read_values(db, arena, query, keys, more, err);
    return read_keys(db, arena, query, keys, more, err);
}
