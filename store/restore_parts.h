/* restore_parts.h: what the files of restore.h share (private to store/). */
#ifndef DOGSHORE_STORE_RESTORE_PARTS_H
#define DOGSHORE_STORE_RESTORE_PARTS_H

#include "base/crypto.h"
#include "store/restore.h"

/* What the longest name adds to that of the data directory:
 * "/dogshore.db.before-restore-20260102T030405.678Z" and what SQLite adds to a database's. */
enum { RESTORE_LOG_SUFFIX_BYTES = sizeof "-journal", RESTORE_SUFFIX_BYTES = 128 };

struct restore_paths {
    const char *data_dir;
    char database[RESTORE_PATH_BYTES], log[RESTORE_PATH_BYTES], log_index[RESTORE_PATH_BYTES];
    char restoring[RESTORE_PATH_BYTES], restored[RESTORE_PATH_BYTES];
};

/* Before a database is opened, by whoever has the lock of its directory. Finishes a restore that
 * was decided and removes what an undecided one has left. */
enum err_code restore_recover(const char *data_dir, struct err *err);
/* Opens what may be a backup by all that can be told without SQLite: a regular file that others
 * cannot have written, not `database` itself, without a log beside it, of this program. */
enum err_code restore_open_file(const char *path, const char *database, int *fd,
                                int64_t *written_at, struct err *err);
/* The highest counter of the database that is there now; 0 = there is none, it cannot be read, or
 * it is beyond what any server gives. */
int64_t restore_former_number(const struct restore_paths *paths);
/* Checks the copy `path` of a backup, migrates it, and begins its new life, which is above that of
 * `former_number`, too. */
enum err_code restore_stamp(const char *path, const struct restore_order *order,
                            int64_t former_number, struct restored *restored, struct err *err);

#endif
