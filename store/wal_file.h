/* wal_file.h: is the write-ahead log that a stopped server left behind one of SQLite's? SQLite
 * itself ignores a log whose header it cannot read, and with it every commit in it; so such a log
 * is refused instead (private to store/). */
#ifndef DOGSHORE_STORE_WAL_FILE_H
#define DOGSHORE_STORE_WAL_FILE_H

#include "base/err.h"

/* Only before the database is opened. A log without frames is fine whatever its header says. */
enum err_code wal_file_check(const char *database, struct err *err);

#endif
