#include "store/tombstones.h"

#include "base/clock.h"
#include "model/deployment.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/row.h"
#include "store/writer.h"

enum { TOMBSTONE_KEPT_MS = 3600 * 1000, TOMBSTONES_PER_CALL = 256 };

enum { PUT, GET, EXPIRE };

static const char *const sql[] = {
    [PUT] = "INSERT INTO tombstones (cluster, name, uid, deleted_at, expires_ms)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (cluster, name) DO UPDATE SET"
            " uid = excluded.uid, deleted_at = excluded.deleted_at,"
            " expires_ms = excluded.expires_ms",
    [GET] = "SELECT deleted_at, uid FROM tombstones WHERE cluster = ? AND name = ?",
    [EXPIRE] = "DELETE FROM tombstones WHERE (cluster, name) IN"
               " (SELECT cluster, name FROM tombstones WHERE expires_ms <= ?"
               " ORDER BY expires_ms LIMIT ?)",
};
const struct statement_table tombstone_statements = STATEMENT_TABLE(sql);

enum err_code tombstones_put(struct store_tx *tx, const struct deployment *deployment,
                             struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_TOMBSTONES, PUT);
    row_bind_text(&row, deployment->cluster);
    row_bind_text(&row, deployment->name);
    row_bind_text(&row, deployment->uid);
    row_bind_int(&row, tx_wall_ms(tx));
    row_bind_int(&row, tx_now_ms(tx) + TOMBSTONE_KEPT_MS);
    return row_run(&row, err);
}

enum err_code tombstones_not_found(struct store_db *db, struct arena *arena, const char *cluster,
                                   const char *name, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TOMBSTONES, GET);
    row_bind_text(&row, cluster);
    row_bind_text(&row, name);
    bool found;
    TRY(row_next(&row, &found, err));
    if (!found)
        return err_set(err, ERR_NOT_FOUND, "no deployment \"%s\" in cluster \"%s\"", name, cluster);
    char at[CLOCK_RFC3339_BYTES];
    clock_rfc3339(row_int(&row), at);
    return err_set(err, ERR_NOT_FOUND,
                   "deployment \"%s\" in cluster \"%s\" was deleted at %s (uid %s)", name, cluster,
                   at, row_text(&row, arena));
}

enum err_code tombstones_find(struct store_db *db, const char *cluster, const char *name,
                              bool *found, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TOMBSTONES, GET);
    row_bind_text(&row, cluster);
    row_bind_text(&row, name);
    return row_next(&row, found, err);
}

enum err_code tombstones_expire(struct store_tx *tx, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_TOMBSTONES, EXPIRE);
    row_bind_int(&row, tx_now_ms(tx));
    row_bind_int(&row, TOMBSTONES_PER_CALL);
    return row_run(&row, err);
}
