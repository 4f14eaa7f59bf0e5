#include "store/tokens.h"

#include "base/text.h"
#include "store/batch.h"
#include "store/listing_run.h"
#include "store/store_private.h"

#define COLUMNS "id, name, scope, cluster, node, hash, created_at, expires_at"

enum { FIND, GET, COUNT, COUNT_LASTING_ADMINS, PUT, DELETE };

static const char *const sql[] = {
    [FIND] = "SELECT " COLUMNS " FROM tokens WHERE hash = ?",
    [GET] = "SELECT " COLUMNS " FROM tokens WHERE id = ?",
    /* The table is bounded (LIMIT_TOKENS, LIMIT_NODES), and tokens are made and revoked rarely. */
    [COUNT] = "SELECT count(*) FROM tokens WHERE node IS NULL",
    [COUNT_LASTING_ADMINS] = "SELECT count(*) FROM tokens WHERE scope = 'admin'"
                             " AND cluster IS NULL AND expires_at = 0 AND id <> ?",
    [PUT] = "INSERT INTO tokens (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, scope = excluded.scope,"
            " cluster = excluded.cluster, node = excluded.node, hash = excluded.hash,"
            " created_at = excluded.created_at, expires_at = excluded.expires_at",
    [DELETE] = "DELETE FROM tokens WHERE id = ?",
};
const struct statement_table token_statements = STATEMENT_TABLE(sql);

void token_hash(const struct store *store, const char *secret,
                uint8_t out[static CRYPTO_HASH_BYTES])
{
    crypto_hash_raw(store_hash_key(store), secret, strlen(secret), out);
}

static enum err_code read_columns(struct row *row, struct arena *arena, struct token *token,
                                  struct err *err)
{
    token->id = row_text(row, arena);
    token->name = row_text(row, arena);
    token->scope = row_word(row, token_scope_words);
    token->cluster = row_text(row, arena);
    token->node = row_text(row, arena);
    if (!row_bytes(row, token->hash, CRYPTO_HASH_BYTES))
        return err_set(err, ERR_INTERNAL, "database: token %s has a damaged hash", token->id);
    token->created_at = row_int(row);
    token->expires_at = row_int(row);
    return row_check(row, err);
}

static enum err_code read_token(struct row *row, struct arena *arena, struct token *token,
                                bool *found, struct err *err)
{
    TRY(row_next(row, found, err));
    return *found ? read_columns(row, arena, token, err) : ERR_OK;
}

enum err_code tokens_find(struct store_db *db, struct arena *arena,
                          const uint8_t hash[static CRYPTO_HASH_BYTES], struct token *token,
                          struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TOKENS, FIND);
    row_bind_bytes(&row, hash, CRYPTO_HASH_BYTES);
    bool found;
    TRY(read_token(&row, arena, token, &found, err));
    return found ? ERR_OK : err_set(err, ERR_NOT_FOUND, "no such token");
}

enum err_code tokens_get(struct store_db *db, struct arena *arena, const char *id,
                         struct token *token, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TOKENS, GET);
    row_bind_text(&row, id);
    bool found;
    TRY(read_token(&row, arena, token, &found, err));
    return found ? ERR_OK : err_set(err, ERR_NOT_FOUND, "no token \"%s\"", id);
}

static enum err_code read_item(struct row *row, struct arena *arena, void *item, struct err *err)
{
    return read_columns(row, arena, item, err);
}

enum err_code tokens_page(struct store_db *db, struct arena *arena, const char *cluster,
                          const struct page *page, struct token **items, struct listed *listed,
                          struct err *err)
{
    void *list;
    const struct listing_query query = {
        .listing = &token_listing, .page = page, .cluster = cluster, .select = COLUMNS};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

enum err_code tokens_count(struct store_db *db, int64_t *count, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TOKENS, COUNT);
    return row_number(&row, count, err);
}

enum err_code tokens_count_lasting_admins(struct store_db *db, const char *but, int64_t *count,
                                          struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TOKENS, COUNT_LASTING_ADMINS);
    row_bind_text(&row, but != NULL ? but : "");
    return row_number(&row, count, err);
}

static void note_change(struct store_tx *tx)
{
    tx->batch->tokens_changed++;
    tx_touch_list(tx, LIST_OF_TOKENS, tx_last_index(tx));
}

enum err_code tokens_put(struct store_tx *tx, const struct token *token, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_TOKENS, PUT);
    row_bind_text(&row, token->id);
    row_bind_text(&row, token->name);
    row_bind_word(&row, token_scope_words, token->scope);
    row_bind_text(&row, token->cluster);
    row_bind_text(&row, token->node);
    row_bind_bytes(&row, token->hash, CRYPTO_HASH_BYTES);
    row_bind_int(&row, token->created_at);
    row_bind_int(&row, token->expires_at);
    enum err_code code = row_run(&row, err);
    if (code == ERR_ALREADY_EXISTS) return err_set(err, code, "another token has this secret");
    if (code == ERR_OK) note_change(tx);
    return code;
}

enum err_code tokens_delete(struct store_tx *tx, const char *id, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_TOKENS, DELETE);
    row_bind_text(&row, id);
    TRY(row_run(&row, err));
    if (row_changes(&row) == 0) return err_set(err, ERR_NOT_FOUND, "no token \"%s\"", id);
    note_change(tx);
    return ERR_OK;
}

int64_t tokens_epoch(const struct store *store)
{
    return store->tokens_epoch;
}
