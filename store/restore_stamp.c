/* A copy of a backup becomes a database that a server may go on with. */
#include "base/failpoint.h"
#include "base/number.h"
#include "migrations/migrations.h"
#include "model/event.h"
#include "store/connection.h"
#include "store/events_private.h"
#include "store/life.h"
#include "store/meta.h"
#include "store/migrate.h"
#include "store/replica_phases.h"
#include "store/restore_parts.h"
#include "store/transaction.h"

enum { WORDS_BYTES = 160 };

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

static enum err_code read_number(struct store_db *db, const char *sql, int64_t *number,
                                 struct err *err)
{
    sqlite3_int64 value;
    TRY(connection_number(db, sql, &value, err));
    *number = value;
    return ERR_OK;
}

static enum err_code describe(struct store_db *db, struct restored *restored, struct err *err)
{
    TRY(read_number(db, "SELECT count(*) FROM deployments", &restored->deployments, err));
    TRY(read_number(db, "SELECT count(*) FROM nodes", &restored->nodes, err));
    TRY(read_number(db, "SELECT count(*) FROM replicas WHERE " REPLICA_NOT_FINAL,
                    &restored->replicas, err));
    return read_number(db,
                       "SELECT coalesce((SELECT at FROM events ORDER BY at_index DESC LIMIT 1), 0)",
                       &restored->changed_at, err);
}

/* The counters of the new life are above all that were ever given here: by the backup and by what
 * is moved aside for it. By chance they differ from those of a restore elsewhere. */
static enum err_code choose_life(const struct meta *meta, int64_t former_number, int64_t *first,
                                 struct err *err)
{
    uint32_t chance;
    crypto_random(&chance, sizeof chance);
    int64_t newest = max_i64(former_number, max_i64(meta->next_index, meta->next_replica));
    int64_t left = LIFE_MAX - life_of(newest);
    if (left <= 0)
        return err_set(err, ERR_LIMIT, "this database was restored too often: no life is left");
    *first = (life_of(newest) + 1 + chance % min_i64(left, LIFE_STEP_MOST)) << LIFE_BITS;
    return ERR_OK;
}

static enum err_code add_event(struct store_db *db, const struct restore_order *order,
                               const struct restored *restored, struct err *err)
{
    char message[WORDS_BYTES], data[WORDS_BYTES];
    long long index = restored->index, first = restored->first_index;
    snprintf(message, sizeof message, "the database was restored from a backup of index %lld",
             index);
    snprintf(data, sizeof data, "{\"backup_index\":%lld,\"first_index\":%lld}", index, first);
    const struct event event = {.index = first,
                                .at = clock_wall_ms(&order->clock),
                                .actor = "server",
                                .kind = "server",
                                .reason = "restored",
                                .message = message,
                                .data = data};
    return events_insert(db, &event, err);
}

/* replica_is_of_backup() until their nodes have told of them. */
static const char mark_replicas[] = "UPDATE replicas SET stop_cause = 'node'"
                                    " WHERE wanted = 'run' AND node IS NOT NULL"
                                    " AND " REPLICA_NOT_FINAL;

/* What fails leaves the copy worthless: nothing needs to be undone. */
static enum err_code begin_life(struct store_db *db, const struct restore_order *order,
                                const struct restored *restored, struct err *err)
{
    TRY(transaction_begin(db, err));
    TRY(add_event(db, order, restored, err));
    TRY(connection_run(db, mark_replicas, err));
    TRY(meta_begin_life(db, restored->first_index + 1, err));
    return transaction_commit(db, err) == SQLITE_OK ? ERR_OK : err->code;
}

static enum err_code stamp(struct store_db *db, const struct restore_order *order,
                           int64_t former_number, struct restored *restored, struct err *err)
{
    struct meta meta;
    TRY(check_integrity(db, order->file, err));
    if (FP("restore.checked")) return err_set(err, ERR_IO, "failpoint restore.checked");
    TRY(read_number(db, "PRAGMA user_version", &restored->from_schema, err));
    if (migrate(db, migrations, err) != ERR_OK) return err_wrap(err, "%s", order->file);
    TRY(check_foreign_keys(db, order->file, err));
    TRY(connection_prepare(db, err));
    TRY(meta_read(db, &meta, err));
    restored->index = meta.next_index - 1;
    TRY(describe(db, restored, err));
    TRY(choose_life(&meta, former_number, &restored->first_index, err));
    return begin_life(db, order, restored, err);
}

enum err_code restore_stamp(const char *path, const struct restore_order *order,
                            int64_t former_number, struct restored *restored, struct err *err)
{
    struct store_db *db;
    TRY(connection_open(&db, NULL, path, true, err));
    enum err_code code = stamp(db, order, former_number, restored, err);
    connection_close(db);
    return code;
}
