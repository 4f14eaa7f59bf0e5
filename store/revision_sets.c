#include "store/revisions.h"
#include "store/row.h"
#include "store/writer.h"

enum { LIST, PUT, DELETE };

static const char *const sql[] = {
    [LIST] = "SELECT template_hash, revision, wanted, failures, retry_at_ms FROM revision_sets"
             " WHERE uid = ? ORDER BY template_hash",
    [PUT] = "INSERT INTO revision_sets"
            " (uid, template_hash, revision, wanted, failures, retry_at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (uid, template_hash) DO UPDATE SET"
            " revision = excluded.revision, wanted = excluded.wanted,"
            " failures = excluded.failures, retry_at_ms = excluded.retry_at_ms",
    [DELETE] = "DELETE FROM revision_sets WHERE uid = ? AND template_hash = ?",
};
const struct statement_table revision_set_statements = STATEMENT_TABLE(sql);

enum err_code revision_sets_list(struct store_db *db, struct arena *arena, const char *uid,
                                 struct revision_set **items, size_t *count, struct err *err)
{
    struct revision_set *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_REVISION_SETS, LIST);
    row_bind_text(&row, uid);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        struct revision_set *set = &list[length];
        set->template_hash = row_text(&row, arena);
        set->revision = row_int(&row);
        set->wanted = row_int(&row);
        set->failures = row_int(&row);
        set->retry_at_ms = row_int(&row);
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

enum err_code revision_sets_put(struct store_tx *tx, const char *uid,
                                const struct revision_set *set, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REVISION_SETS, PUT);
    row_bind_text(&row, uid);
    row_bind_text(&row, set->template_hash);
    row_bind_int(&row, set->revision);
    row_bind_int(&row, set->wanted);
    row_bind_int(&row, set->failures);
    row_bind_int(&row, set->retry_at_ms);
    return row_run(&row, err);
}

enum err_code revision_sets_delete(struct store_tx *tx, const char *uid, const char *template_hash,
                                   struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REVISION_SETS, DELETE);
    row_bind_text(&row, uid);
    row_bind_text(&row, template_hash);
    return row_run(&row, err);
}
