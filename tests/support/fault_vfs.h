/* fault_vfs.h: a disk that fails on demand: a SQLite VFS around the ordinary one.
 *
 * Install it before the first store_open() of the process; it becomes the default. Failing
 * operations are counted over all files of the process. Besides, it remembers what was written and
 * not yet synced, so that a test can ask what a disk might hold after a loss of power: everything
 * synced, and of the rest whatever sectors the seed picks, in no order.
 *
 * Threads: one. */
#ifndef DOGSHORE_TESTS_FAULT_VFS_H
#define DOGSHORE_TESTS_FAULT_VFS_H

#include <stdbool.h>

enum fault_operation {
    FAULT_READ,
    FAULT_WRITE,
    FAULT_CHECKPOINT, /* a write to the database itself, not to its log */
    FAULT_SYNC,
    FAULT_OPERATIONS
};

void fault_vfs_install(void);
/* The `nth` operation from now on (1 = the next) returns `code`, and so do all after it if
 * `for_ever`. */
void fault_vfs_arm(enum fault_operation operation, int nth, int code, bool for_ever);
void fault_vfs_clear(void);
bool fault_vfs_fired(void);

/* Called before each sync, when most is at stake. NULL = none. */
void fault_vfs_before_sync(void (*hook)(void *self), void *self);
/* Writes the files of the database as they might be after a loss of power now. */
void fault_vfs_power_loss(unsigned seed, const char *directory);

#endif
