#include "store/quarantine.h"

#include "base/limits.h"
#include "store/row.h"
#include "store/writer.h"

enum { GET, PUT, LIFT, PRUNE };

static const char *const sql[] = {
    [GET] = "SELECT rollout, reason, at FROM quarantine WHERE uid = ? AND template_hash = ?",
    [PUT] = "INSERT INTO quarantine (uid, template_hash, rollout, reason, at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (uid, template_hash) DO UPDATE SET"
            " rollout = excluded.rollout, reason = excluded.reason, at = excluded.at",
    [LIFT] = "DELETE FROM quarantine WHERE uid = ? AND template_hash = ?",
    [PRUNE] = "DELETE FROM quarantine WHERE uid = ?1 AND rollout NOT IN ("
              "SELECT rollout FROM quarantine WHERE uid = ?1 ORDER BY rollout DESC LIMIT ?2)",
};
const struct statement_table quarantine_statements = STATEMENT_TABLE(sql);

enum err_code quarantine_get(struct store_db *db, struct arena *arena, const char *uid,
                             const char *template_hash, struct quarantine *quarantine, bool *found,
                             struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_QUARANTINE, GET);
    row_bind_text(&row, uid);
    row_bind_text(&row, template_hash);
    TRY(row_next(&row, found, err));
    if (!*found) return ERR_OK;
    quarantine->rollout = row_int(&row);
    quarantine->reason = row_text(&row, arena);
    quarantine->at = row_int(&row);
    return ERR_OK;
}

static enum err_code prune(struct store_tx *tx, const char *uid, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_QUARANTINE, PRUNE);
    row_bind_text(&row, uid);
    row_bind_int(&row, LIMIT_QUARANTINED);
    return row_run(&row, err);
}

enum err_code quarantine_put(struct store_tx *tx, const char *uid, const char *template_hash,
                             const struct quarantine *quarantine, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_QUARANTINE, PUT);
    row_bind_text(&row, uid);
    row_bind_text(&row, template_hash);
    row_bind_int(&row, quarantine->rollout);
    row_bind_text(&row, quarantine->reason);
    row_bind_int(&row, quarantine->at);
    TRY(row_run(&row, err));
    return prune(tx, uid, err);
}

enum err_code quarantine_lift(struct store_tx *tx, const char *uid, const char *template_hash,
                              struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_QUARANTINE, LIFT);
    row_bind_text(&row, uid);
    row_bind_text(&row, template_hash);
    return row_run(&row, err);
}
