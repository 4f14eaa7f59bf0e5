/* checkpoint.h: when the write-ahead log is moved into the database (private to store/).
 *
 * Commits and checkpoints overlapping on two connections can corrupt a WAL database (SQLite before
 * 3.51.3), so both happen on the writer's connection, in the writer thread. The policy trades the
 * rare long pause against the usual short one:
 *
 *   log pages  500        at idle: PASSIVE
 *              2000       between batches: PASSIVE, again after each further 2000
 *              8192       TRUNCATE, waiting a few ms for readers, again after each further 1024
 *              12288      nothing is written until the log has shrunk: a reader pins it
 *
 * so that the log stays below 64 MiB (16384 pages of 4 KiB) whatever readers do. */
#ifndef DOGSHORE_STORE_CHECKPOINT_H
#define DOGSHORE_STORE_CHECKPOINT_H

#include "base/err.h"

#include <stdbool.h>

struct store_db;

enum {
    CHECKPOINT_IDLE_PAGES = 500,
    CHECKPOINT_BUSY_PAGES = 2000,
    CHECKPOINT_TRUNCATE_PAGES = 8192,
    CHECKPOINT_TRUNCATE_STEP_PAGES = 1024,
    CHECKPOINT_REFUSE_PAGES = 12288,
    CHECKPOINT_TRUNCATE_WAIT_MS = 20
};

struct checkpoint {
    int pages;    /* in the log after the last commit */
    int done;     /* of them, already in the database */
    int tried_at; /* pages at the last attempt */
    int count;    /* attempts that ran */
    bool disk_full;
};

/* Follows the log of `db` from now on. */
void checkpoint_watch(struct checkpoint *checkpoint, struct store_db *db);
bool checkpoint_is_due(const struct checkpoint *checkpoint, bool idle);
/* After a batch, or with nothing to do. Anything but ERR_OK is fatal: full disks and readers in the
 * way are no errors. */
enum err_code checkpoint_if_due(struct checkpoint *checkpoint, struct store_db *db, bool idle,
                                struct err *err);
/* Before a batch: ERR_UNAVAILABLE or ERR_DISK_FULL while the log may not grow. `*fatal` as above.
 */
enum err_code checkpoint_allow_write(struct checkpoint *checkpoint, struct store_db *db,
                                     bool *fatal, struct err *err);

#endif
