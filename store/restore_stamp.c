/* A copy of a backup becomes a database that a server may go on with. */
#include "base/failpoint.h"
#include "migrations/migrations.h"
#include "store/connection.h"
#include "store/life.h"
#include "store/meta.h"
#include "store/migrate.h"
#include "store/restore_parts.h"

static enum err_code check_integrity(struct store_db *db, const char *file, struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, "PRAGMA integrity_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    const char *answer =
        code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : sqlite3_errstr(code);
    bool fine = code == SQLITE_ROW && answer != NULL && strcmp(answer, "ok") == 0;
    if (!fine) err_set(err, ERR_CONFIG, "%s is damaged: %.200s", file, answer ? answer : "");
    sqlite3_finalize(statement);
    return fine ? ERR_OK : ERR_CONFIG;
}

static enum err_code check_foreign_keys(struct store_db *db, const char *file, struct err *err)
{
    sqlite3_int64 orphans;
    TRY(connection_number(db, "SELECT count(*) FROM pragma_foreign_key_check", &orphans, err));
    if (orphans == 0) return ERR_OK;
    return err_set(err, ERR_CONFIG, "%s is damaged: %lld rows lack the row that they belong to",
                   file, orphans);
}

static enum err_code count(struct store_db *db, const char *sql, int64_t *number, struct err *err)
{
    sqlite3_int64 value;
    TRY(connection_number(db, sql, &value, err));
    *number = value;
    return ERR_OK;
}

static enum err_code describe(struct store_db *db, struct restored *restored, struct err *err)
{
    TRY(count(db, "SELECT next_index - 1 FROM meta", &restored->index, err));
    TRY(count(db, "SELECT count(*) FROM deployments", &restored->deployments, err));
    TRY(count(db, "SELECT count(*) FROM nodes", &restored->nodes, err));
    TRY(count(db, "SELECT count(*) FROM replicas WHERE phase NOT IN ('stopped', 'failed')",
              &restored->replicas, err));
    return count(db, "SELECT coalesce((SELECT at FROM events ORDER BY at_index DESC LIMIT 1), 0)",
                 &restored->changed_at, err);
}

/* The counters of the new life are above all that were ever given. */
static enum err_code choose_life(struct store_db *db, int64_t *first, struct err *err)
{
    int64_t index, replica;
    uint32_t chance;
    TRY(count(db, "SELECT next_index FROM meta", &index, err));
    TRY(count(db, "SELECT next_replica FROM meta", &replica, err));
    crypto_random(&chance, sizeof chance);
    int64_t life = life_of(index > replica ? index : replica) + 1 + chance % LIFE_STEP_MOST;
    *first = life << LIFE_BITS;
    return ERR_OK;
}

static enum err_code begin_life(struct store_db *db, const struct restore_order *order,
                                const struct restored *restored, struct err *err)
{
    uint8_t bytes[(META_INCARNATION_BYTES - 1) / 2];
    char incarnation[META_INCARNATION_BYTES], sql[1024];
    long long first = restored->first_index, now = clock_wall_ms(&order->clock);
    crypto_random(bytes, sizeof bytes);
    crypto_hex(bytes, sizeof bytes, incarnation);
    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE;"
             "INSERT INTO events (at_index, at, actor, kind, reason, message, data) VALUES"
             " (%lld, %lld, 'server', 'server', 'restored',"
             "  'the database was restored from a backup of index %lld',"
             "  '{\"backup_index\":%lld,\"first_index\":%lld}');"
             "UPDATE meta SET incarnation = '%s', next_index = %lld, next_replica = %lld;"
             "COMMIT",
             first, now, (long long)restored->index, (long long)restored->index, first, incarnation,
             first + 1, first + 1);
    return connection_run(db, sql, err);
}

static enum err_code stamp(struct store_db *db, const struct restore_order *order,
                           struct restored *restored, struct err *err)
{
    TRY(check_integrity(db, order->file, err));
    if (FP("restore.checked")) return err_set(err, ERR_IO, "failpoint restore.checked");
    TRY(count(db, "PRAGMA user_version", &restored->from_schema, err));
    if (migrate(db, migrations, err) != ERR_OK) return err_wrap(err, "%s", order->file);
    TRY(check_foreign_keys(db, order->file, err));
    TRY(describe(db, restored, err));
    TRY(choose_life(db, &restored->first_index, err));
    return begin_life(db, order, restored, err);
}

enum err_code restore_stamp(const char *path, const struct restore_order *order,
                            struct restored *restored, struct err *err)
{
    struct store_db *db;
    TRY(connection_open(&db, NULL, path, true, err));
    enum err_code code = stamp(db, order, restored, err);
    connection_close(db);
    return code;
}
