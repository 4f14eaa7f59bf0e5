/* connection.h: one SQLite connection with its prepared statements (private to store/).
 *
 * Threads: a connection belongs to one thread at a time (opened with NOMUTEX). */
#ifndef DOGSHORE_STORE_CONNECTION_H
#define DOGSHORE_STORE_CONNECTION_H

#include "base/err.h"
#include "store/statement_cache.h"
#include "store/statements.h"

#include <sqlite3.h>
#include <stdbool.h>

struct store;
struct summary_memo;

enum { CONNECTION_BUSY_TIMEOUT_MS = 2000 };

struct store_db {
    sqlite3 *handle;
    struct store *store;
    bool writer;
    /* The SQLite code of an error that ends the running batch (disk full, I/O, memory); 0 = none.
     */
    int trouble;
    sqlite3_stmt **prepared[STATEMENT_GROUPS];
    struct summary_memo *summary; /* of a reader: what was counted last (summary.h) */
    struct statement_cache composed;
    bool over_budget; /* a list was stopped because it looked at too much (listing.c) */
};

/* Opens without reading the file, so that the caller can say what is wrong with it. */
enum err_code connection_open(struct store_db **db, struct store *store, const char *path,
                              bool writer, struct err *err);
/* Every statement: the schema is the newest. */
enum err_code connection_prepare(struct store_db *db, struct err *err);
void connection_close(struct store_db *db); /* NULL is fine */

/* Turns the SQLite result `code` of this connection into an error. */
enum err_code connection_error(struct store_db *db, int code, struct err *err);
/* Runs SQL text that returns nothing. */
enum err_code connection_run(struct store_db *db, const char *sql, struct err *err);
/* The first column of the first row of `sql`, an integer. */
enum err_code connection_number(struct store_db *db, const char *sql, sqlite3_int64 *number,
                                struct err *err);

#endif
