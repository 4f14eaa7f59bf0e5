#include "store/idempotency.h"

#include "base/limits.h"
#include "base/text.h"
#include "store/row.h"
#include "store/writer.h"

enum {
    KEPT_MS = 24 * 3600 * 1000,
    REMOVED_PER_PUT = 2, /* more than one is added, so that a table that is too big shrinks */
    REMOVED_PER_CALL = 256
};

static const char *const kept_words[] = {
    [KEPT_WHOLE] = "whole", [KEPT_SECRET] = "secret", [KEPT_LARGE] = "large", NULL};

#define NEWEST(column) "(SELECT " column " FROM idempotency ORDER BY seq DESC LIMIT 1)"

enum { FIND, PUT, TRIM };

static const char *const sql[] = {
    [FIND] = "SELECT payload, kept, status, body, etag, x_index, location FROM idempotency"
             " WHERE request = ? AND expires_ms > ?",
    [PUT] = "INSERT OR REPLACE INTO idempotency (request, payload, kept, status, body, etag,"
            " x_index, location, expires_ms, sum_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
            " ? + ifnull(" NEWEST("sum_bytes") ", 0))",
    [TRIM] = "DELETE FROM idempotency WHERE seq IN (SELECT seq FROM"
             " (SELECT seq, expires_ms, sum_bytes FROM idempotency ORDER BY seq LIMIT ?)"
             " WHERE expires_ms <= ? OR seq <= " NEWEST("seq") " - ?"
                                                               " OR sum_bytes <= " NEWEST(
                                                                   "sum_bytes") " - ?)",
};
const struct statement_table idempotency_statements = STATEMENT_TABLE(sql);

enum err_code idempotency_find(struct store_tx *tx, struct arena *arena,
                               const uint8_t request[static CRYPTO_HASH_BYTES],
                               struct idempotency *found_row, bool *found, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_IDEMPOTENCY, FIND);
    row_bind_bytes(&row, request, CRYPTO_HASH_BYTES);
    row_bind_int(&row, tx_now_ms(tx));
    TRY(row_next(&row, found, err));
    if (!*found) return ERR_OK;
    memcpy(found_row->request, request, CRYPTO_HASH_BYTES);
    if (!row_bytes(&row, found_row->payload, CRYPTO_HASH_BYTES))
        return err_set(err, ERR_INTERNAL, "database: a row of idempotency has a damaged hash");
    found_row->kept = row_word(&row, kept_words);
    found_row->status = (int)row_int(&row);
    found_row->body = row_text(&row, arena);
    if (found_row->body == NULL) found_row->body = "";
    found_row->etag = row_text(&row, arena);
    found_row->index = row_int(&row);
    found_row->location = row_text(&row, arena);
    return row_check(&row, err);
}

static enum err_code trim(struct store_tx *tx, int64_t most, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_IDEMPOTENCY, TRIM);
    row_bind_int(&row, most);
    row_bind_int(&row, tx_now_ms(tx));
    row_bind_int(&row, LIMIT_IDEMPOTENT_REPLIES);
    row_bind_int(&row, LIMIT_IDEMPOTENT_BODIES_BYTES);
    return row_run(&row, err);
}

static enum err_code put(struct store_tx *tx, const struct idempotency *added, struct err *err)
{
    const char *body = added->kept == KEPT_WHOLE ? added->body : "";
    auto_row row = row_open(tx_db(tx), STATEMENTS_IDEMPOTENCY, PUT);
    row_bind_bytes(&row, added->request, CRYPTO_HASH_BYTES);
    row_bind_bytes(&row, added->payload, CRYPTO_HASH_BYTES);
    row_bind_word(&row, kept_words, added->kept);
    row_bind_int(&row, added->status);
    row_bind_text(&row, body[0] == '\0' ? NULL : body);
    row_bind_text(&row, added->etag);
    row_bind_int(&row, added->index);
    row_bind_text(&row, added->location);
    row_bind_int(&row, tx_now_ms(tx) + KEPT_MS);
    row_bind_int(&row, (int64_t)strlen(body));
    return row_run(&row, err);
}

enum err_code idempotency_put(struct store_tx *tx, const struct idempotency *row, struct err *err)
{
    TRY(put(tx, row, err));
    return trim(tx, REMOVED_PER_PUT, err);
}

enum err_code idempotency_expire(struct store_tx *tx, struct err *err)
{
    return trim(tx, REMOVED_PER_CALL, err);
}
