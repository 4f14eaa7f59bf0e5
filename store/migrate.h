/* migrate.h: brings a database to the newest schema (private to store/). */
#ifndef DOGSHORE_STORE_MIGRATE_H
#define DOGSHORE_STORE_MIGRATE_H

#include "base/err.h"

#include <stdint.h>

struct migration;
struct store_db;

enum { STORE_APPLICATION_ID = 0x44475348 }; /* "DGSH" */

int64_t migrate_newest(const struct migration *list);
/* Runs those of `list` above the database's user_version, each in a transaction of its own. A
 * newer database is refused. */
enum err_code migrate(struct store_db *db, const struct migration *list, struct err *err);

#endif
