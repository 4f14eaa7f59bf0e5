#include "store/connection.h"

#include "base/arena.h"
#include "base/text.h"
#include "store/summary.h"

#include <assert.h>

/* What a connection is told before it looks at the file, and once the file is known to be ours.
 * mmap stays off: a truncated file or a failing disk would then be a SIGBUS instead of an error. */
static const char first_settings[] = "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;";
static const char later_settings[] = "PRAGMA cache_size = -16384;";

static const struct statement_table *const tables[STATEMENT_GROUPS] = {
    [STATEMENTS_TRANSACTION] = &transaction_statements,
    [STATEMENTS_FACETS] = &facet_statements,
    [STATEMENTS_META] = &meta_statements,
    [STATEMENTS_DEPLOYMENTS] = &deployment_statements,
    [STATEMENTS_DEPLOYMENT_LABELS] = &deployment_label_statements,
    [STATEMENTS_TOMBSTONES] = &tombstone_statements,
    [STATEMENTS_REVISIONS] = &revision_statements,
    [STATEMENTS_REVISION_SETS] = &revision_set_statements,
    [STATEMENTS_QUARANTINE] = &quarantine_statements,
    [STATEMENTS_ROLLOUTS] = &rollout_statements,
    [STATEMENTS_REPLICAS] = &replica_statements,
    [STATEMENTS_NODES] = &node_statements,
    [STATEMENTS_NODE_ORPHANS] = &node_orphan_statements,
    [STATEMENTS_EVENTS] = &event_statements,
    [STATEMENTS_TOKENS] = &token_statements,
    [STATEMENTS_IDEMPOTENCY] = &idempotency_statements,
    [STATEMENTS_SUMMARY] = &summary_statements,
    [STATEMENTS_LABEL_COUNTS] = &label_count_statements,
    [STATEMENTS_SCRAPE_TARGETS] = &scrape_target_statements,
    [STATEMENTS_PROBE_TRANSITIONS] = &probe_transition_statements,
    [STATEMENTS_AVAILABILITY_TRANSITIONS] = &availability_transition_statements,
    [STATEMENTS_NODE_SILENCES] = &node_silence_statements,
};

static enum err_code constraint_error(struct store_db *db, int extended, struct err *err)
{
    bool taken = extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY;
    return err_set(err, taken ? ERR_ALREADY_EXISTS : ERR_INTERNAL, "%s",
                   sqlite3_errmsg(db->handle));
}

enum err_code connection_error(struct store_db *db, int code, struct err *err)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint_error(db, sqlite3_extended_errcode(db->handle), err);
    case SQLITE_INTERRUPT:
        if (db->over_budget)
            return err_set(err, ERR_QUERY_TOO_WIDE,
                           "too many rows would have to be looked at: narrow the list to a "
                           "cluster or a deployment, by labels or by state, or leave out count, "
                           "search or sort");
        return err_set(err, ERR_UNAVAILABLE, "the database is busy");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_UNAVAILABLE, "the database is busy");
    case SQLITE_FULL:
        db->trouble = code;
        return err_set(err, ERR_DISK_FULL, "the disk that holds the data directory is full");
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return err_set(err, ERR_INTERNAL, "database: %s", sqlite3_errmsg(db->handle));
    default: /* I/O, memory, corruption: the transaction cannot be relied on */
        db->trouble = code;
        return err_set(err, db->writer ? ERR_OUTCOME_UNKNOWN : ERR_UNAVAILABLE, "database: %s",
                       sqlite3_errstr(code));
    }
}

enum err_code connection_run(struct store_db *db, const char *sql, struct err *err)
{
    int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ERR_OK : connection_error(db, code, err);
}

enum err_code connection_number(struct store_db *db, const char *sql, sqlite3_int64 *number,
                                struct err *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(statement);
    if (code == SQLITE_ROW) *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    if (code == SQLITE_ROW) return ERR_OK;
    if (code == SQLITE_DONE) return err_set(err, ERR_INTERNAL, "no answer to %s", sql);
    return connection_error(db, code, err);
}

static enum err_code configure(struct store_db *db, struct err *err)
{
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, CONNECTION_BUSY_TIMEOUT_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    /* Checkpoints are the writer's own decision (checkpoint.c). */
    sqlite3_wal_autocheckpoint(db->handle, 0);
    return connection_run(db, first_settings, err);
}

enum err_code connection_open(struct store_db **db, struct store *store, const char *path,
                              bool writer, struct err *err)
{
    struct store_db *opened = xcalloc(1, sizeof *opened);
    opened->store = store;
    opened->writer = writer;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                (writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int code = sqlite3_open_v2(path, &opened->handle, flags, NULL);
    enum err_code result =
        code == SQLITE_OK ? configure(opened, err)
                          : err_set(err, ERR_IO, "cannot open %s: %s", path, sqlite3_errstr(code));
    if (result != ERR_OK) {
        connection_close(opened);
        return result;
    }
    *db = opened;
    return ERR_OK;
}

static bool changes_rows(const char *sql)
{
    return text_starts(sql, "INSERT") || text_starts(sql, "UPDATE") || text_starts(sql, "DELETE");
}

static enum err_code prepare_one(struct store_db *db, const char *sql, sqlite3_stmt **statement,
                                 struct err *err)
{
    assert(sql != NULL);
    if (!db->writer && changes_rows(sql)) return ERR_OK;
    int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
    if (code == SQLITE_OK) return ERR_OK;
    connection_error(db, code, err);
    return err_wrap(err, "cannot prepare \"%.80s…\"", sql);
}

enum err_code connection_prepare(struct store_db *db, struct err *err)
{
    TRY(connection_run(db, later_settings, err));
    for (int group = 0; group < STATEMENT_GROUPS; group++) {
        const struct statement_table *table = tables[group];
        db->prepared[group] = xcalloc((size_t)table->count, sizeof(sqlite3_stmt *));
        for (int i = 0; i < table->count; i++)
            TRY(prepare_one(db, table->sql[i], &db->prepared[group][i], err));
    }
    return ERR_OK;
}

void connection_close(struct store_db *db)
{
    if (db == NULL) return;
    for (int group = 0; group < STATEMENT_GROUPS; group++) {
        for (int i = 0; db->prepared[group] != NULL && i < tables[group]->count; i++)
            sqlite3_finalize(db->prepared[group][i]);
        free(db->prepared[group]);
    }
    statement_cache_clear(&db->composed);
    summary_memo_free(db->summary);
    int code = sqlite3_close(db->handle);
    assert(code == SQLITE_OK);
    free(db);
}
