/* restore.h: makes a backup the database of a data directory.
 *
 *     FILE ─► dogshore.db.restoring (copied, checked, migrated, stamped, synced)
 *          ─► dogshore.db.restored  (the decision: one rename)
 *          ─► the old database aside ─► dogshore.db
 *
 * What is killed before the decision has changed nothing; what is killed after it is finished by
 * the next start. The backup gets a new incarnation and a new life (life.h), so tags, cursors and
 * indexes of the former one are refused or answered at once. That life is above the one of the
 * database that is moved aside, too, if that can still be read.
 *
 * Threads: the main thread, with no store of that directory open. Nothing here may run while the
 * lock is another's.
 */
#ifndef DOGSHORE_STORE_RESTORE_H
#define DOGSHORE_STORE_RESTORE_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { RESTORE_PATH_BYTES = 4096 };

struct restore_order {
    const char *file;
    const char *data_dir; /* made with mode 0700 when missing */
    bool replace;         /* a database that is there is moved aside; else it is refused */
    struct clock clock;
};

/* What is in place now. */
struct restored {
    int64_t index;                        /* the backup's newest */
    int64_t first_index;                  /* of the new life */
    int64_t deployments, nodes, replicas; /* replicas: those that had not ended */
    int64_t written_at;                   /* of the file; wall ms */
    int64_t changed_at;                   /* its newest event; wall ms, 0 = none is kept */
    int64_t from_schema;                  /* before it was migrated */
    char kept[RESTORE_PATH_BYTES];        /* where the former database is; "" = there was none */
};

/* ERR_CONFIG for a file or a directory that cannot be used, ERR_LIMIT when the database was
 * restored too often, ERR_DISK_FULL, ERR_IO. */
enum err_code store_restore(const struct restore_order *order, struct restored *restored,
                            struct err *err);

#endif
