/* copy.h: an online copy of the database, made by the writer between its batches.
 *
 * SQLite's backup reads through the writer's own connection: pages that a commit changes after they
 * were copied are copied again by that very commit, so it never begins anew, and between two pieces
 * nothing is locked, so the write-ahead log is checkpointed as ever. (A copy through a connection
 * of its own starts again at every commit; a VACUUM INTO keeps the log from shrinking until it
 * ends.) The writer spends about COPY_PIECE_US on it between two batches.
 *
 * The copy is the database as of one commit: everything that was acknowledged before it was ordered
 * is in it. It is an ordinary database file without a log beside it.
 *
 * Ownership: the copy belongs to its opener, who closes it after done(). Threads: open, cancel and
 * close from any; done() runs on the writer's thread, as everything between writer_copy() and it.
 */
#ifndef DOGSHORE_STORE_COPY_H
#define DOGSHORE_STORE_COPY_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_backup;

enum { COPY_PIECE_PAGES = 32, COPY_PIECE_US = 1000 };

struct store_copy {
    /* The opener's: set before writer_copy() (writer.h), which has it made. */
    void (*done)(struct store_copy *copy, enum err_code code, const struct err *err);
    void *self;
    /* Of what was copied, once done() says ERR_OK. */
    int64_t index;
    /* The copy's own: */
    struct sqlite3 *target;
    struct sqlite3_backup *backup;
    int fd; /* of the file: its name may go */
    atomic_bool cancelled;
};

/* Makes the file `path` (mode 0600; it must not exist) for a copy. ERR_DISK_FULL, ERR_IO. */
enum err_code copy_open(struct store_copy *copy, const char *path, struct err *err);
/* Frees all but the descriptor, which is returned: the whole copy once done() said so. */
int copy_close(struct store_copy *copy);

#endif
