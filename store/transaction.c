#include "store/transaction.h"

#include "store/row.h"

enum { BEGIN_READ, BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE, ROLLBACK_TO };

static const char *const sql[] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [SAVEPOINT] = "SAVEPOINT closure",
    [RELEASE] = "RELEASE closure",
    [ROLLBACK_TO] = "ROLLBACK TO closure",
};
const struct statement_table transaction_statements = STATEMENT_TABLE(sql);

static enum err_code run(struct store_db *db, int which, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TRANSACTION, which);
    return row_run(&row, err);
}

enum err_code transaction_begin_read(struct store_db *reader, struct err *err)
{
    return run(reader, BEGIN_READ, err);
}

void transaction_end_read(struct store_db *reader)
{
    if (transaction_is_open(reader)) run(reader, COMMIT, NULL);
}

enum err_code transaction_begin(struct store_db *db, struct err *err)
{
    return run(db, BEGIN, err);
}

int transaction_commit(struct store_db *db, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_TRANSACTION, COMMIT);
    int code = sqlite3_step(row.statement);
    if (code == SQLITE_DONE) return SQLITE_OK;
    connection_error(db, code, err);
    return code;
}

void transaction_rollback(struct store_db *db)
{
    if (transaction_is_open(db)) run(db, ROLLBACK, NULL);
}

bool transaction_is_open(const struct store_db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

enum err_code savepoint_begin(struct store_db *db, struct err *err)
{
    return run(db, SAVEPOINT, err);
}

enum err_code savepoint_keep(struct store_db *db, struct err *err)
{
    return run(db, RELEASE, err);
}

enum err_code savepoint_undo(struct store_db *db, struct err *err)
{
    TRY(run(db, ROLLBACK_TO, err));
    return run(db, RELEASE, err);
}
