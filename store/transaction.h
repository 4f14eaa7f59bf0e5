/* transaction.h: transactions and savepoints of one connection (private to store/). */
#ifndef DOGSHORE_STORE_TRANSACTION_H
#define DOGSHORE_STORE_TRANSACTION_H

#include "base/err.h"

#include <stdbool.h>

struct store_db;

enum err_code transaction_begin_read(struct store_db *reader, struct err *err);
void transaction_end_read(struct store_db *reader);

/* IMMEDIATE: a transaction that starts by reading cannot always go on to write. */
enum err_code transaction_begin(struct store_db *db, struct err *err);
/* The SQLite result, since what it is decides what follows; *err is filled unless SQLITE_OK. */
int transaction_commit(struct store_db *db, struct err *err);
void transaction_rollback(struct store_db *db); /* fine when there is none */
/* False once SQLite has ended the transaction by itself. */
bool transaction_is_open(const struct store_db *db);

enum err_code savepoint_begin(struct store_db *db, struct err *err);
enum err_code savepoint_keep(struct store_db *db, struct err *err);
enum err_code savepoint_undo(struct store_db *db, struct err *err);

#endif
