#include "store/meta.h"

#include "store/row.h"

enum { READ, READ_NEXT_INDEX, READ_EVENTS_FLOOR, WRITE, BEGIN_LIFE };

static const char *const sql[] = {
    [READ] = "SELECT next_index, next_replica, clock_ms, events_floor, epochs_floor, incarnation,"
             " hash_key FROM meta WHERE one = 1",
    [READ_NEXT_INDEX] = "SELECT next_index FROM meta WHERE one = 1",
    [READ_EVENTS_FLOOR] = "SELECT events_floor FROM meta WHERE one = 1",
    [WRITE] = "UPDATE meta SET next_index = ?, next_replica = ?, clock_ms = ?, events_floor = ?,"
              " epochs_floor = ? WHERE one = 1",
    [BEGIN_LIFE] = "UPDATE meta SET incarnation = ?1, next_index = ?2, next_replica = ?2,"
                   " epochs_floor = ?2 WHERE one = 1",
};
const struct statement_table meta_statements = STATEMENT_TABLE(sql);

enum err_code meta_read(struct store_db *db, struct meta *meta, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_META, READ);
    bool found;
    TRY(row_next(&row, &found, err));
    if (!found) return err_set(err, ERR_CONFIG, "its table meta is empty");
    meta->next_index = row_int(&row);
    meta->next_replica = row_int(&row);
    meta->clock_ms = row_int(&row);
    meta->events_floor = row_int(&row);
    meta->epochs_floor = row_int(&row);
    bool whole = row_bytes(&row, meta->incarnation, META_INCARNATION_BYTES - 1) &&
                 row_bytes(&row, meta->hash_key, CRYPTO_KEY_BYTES);
    meta->incarnation[META_INCARNATION_BYTES - 1] = '\0';
    return whole ? ERR_OK : err_set(err, ERR_CONFIG, "its table meta is damaged");
}

void meta_advance(struct meta *meta, const struct meta *to)
{
    meta->next_index = to->next_index;
    meta->next_replica = to->next_replica;
    meta->clock_ms = to->clock_ms;
    meta->events_floor = to->events_floor;
    meta->epochs_floor = to->epochs_floor;
}

enum err_code meta_write(struct store_db *db, const struct meta *meta, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_META, WRITE);
    row_bind_int(&row, meta->next_index);
    row_bind_int(&row, meta->next_replica);
    row_bind_int(&row, meta->clock_ms);
    row_bind_int(&row, meta->events_floor);
    row_bind_int(&row, meta->epochs_floor);
    return row_run(&row, err);
}

enum err_code meta_read_next_index(struct store_db *db, int64_t *next_index, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_META, READ_NEXT_INDEX);
    return row_number(&row, next_index, err);
}

enum err_code meta_read_events_floor(struct store_db *db, int64_t *floor, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_META, READ_EVENTS_FLOOR);
    return row_number(&row, floor, err);
}

static void make_incarnation(char incarnation[META_INCARNATION_BYTES])
{
    uint8_t bytes[(META_INCARNATION_BYTES - 1) / 2];
    crypto_random(bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, incarnation);
}

enum err_code meta_begin_life(struct store_db *db, int64_t first, struct err *err)
{
    char incarnation[META_INCARNATION_BYTES];
    make_incarnation(incarnation);
    auto_row row = row_open(db, STATEMENTS_META, BEGIN_LIFE);
    row_bind_text(&row, incarnation);
    row_bind_int(&row, first);
    return row_run(&row, err);
}

enum err_code meta_create(struct store_db *db, int64_t wall_ms, struct err *err)
{
    char incarnation[META_INCARNATION_BYTES];
    uint8_t key[CRYPTO_KEY_BYTES];
    char key_hex[2 * CRYPTO_KEY_BYTES + 1];
    make_incarnation(incarnation);
    crypto_random(key, sizeof key);
    crypto_hex(key, sizeof key, key_hex);

    char insert[512];
    snprintf(insert, sizeof insert,
             "INSERT INTO meta (one, incarnation, schema, hash_key, created_at, next_index,"
             " next_replica, clock_ms, events_floor)"
             " SELECT 1, '%s', user_version, x'%s', %lld, 1, 1, 0, 0 FROM pragma_user_version",
             incarnation, key_hex, (long long)wall_ms);
    return connection_run(db, insert, err);
}
