/* backup.h: copies of the database while it is served: for a client that asks for one, and
 * snapshots by the clock. One thread, one copy at a time; the writer does the copying between its
 * batches (store/copy.h).
 *
 * A backup is a file without a name in the data directory: whatever happens to the process, its
 * room is free again. A snapshot is DIR/snapshots/dogshore-<time>-<index>.db, which appears whole
 * or not at all; the oldest ones beyond `keep` are removed after a new one is there; files with
 * another name stay. A snapshot that fails, or one that cannot be removed, is a line in the log and
 * an event when the trouble begins and ends, and is tried again.
 *
 * Threads: submit, stop and stats from any; job.done() runs on this module's thread.
 */
#ifndef DOGSHORE_SERVER_BACKUP_H
#define DOGSHORE_SERVER_BACKUP_H

#include "base/clock.h"
#include "base/err.h"

#include <stdint.h>

struct backups;
struct store;
struct writer;

enum { BACKUP_DIGEST_BYTES = 80 };

/* A whole copy. Whoever has it closes the file and says backups_taken(). */
struct backup_file {
    int fd;
    int64_t bytes;
    int64_t index;                    /* the newest that is in it */
    char digest[BACKUP_DIGEST_BYTES]; /* RFC 9530: "sha-256=:…:" */
};

/* Lives in the submitter's memory until done() was called. */
struct backup_job {
    /* code ERR_OK: the file is the submitter's. */
    void (*done)(struct backup_job *job, enum err_code code, const struct err *err);
    struct backup_file file;
};

struct backup_settings {
    struct store *store;
    struct writer *writer;
    struct clock clock;
    int64_t snapshot_every_ms; /* 0 = none */
    int64_t keep_snapshots;
};

/* Removes what a killed process left, and starts the thread. The writer runs, or will. */
enum err_code backups_open(struct backups **backups, const struct backup_settings *settings,
                           struct err *err);
/* Ends what is being made (its done() learns it) and takes no more. Before the writer stops. */
void backups_stop(struct backups *backups);
void backups_close(struct backups *backups); /* NULL is fine; stops first */

/* ERR_OVERLOADED while another backup is made or fetched; done() is not called then. */
enum err_code backups_submit(struct backups *backups, struct backup_job *job, struct err *err);
/* The client has its backup, or has gone. */
void backups_taken(struct backups *backups);

struct backup_stats {
    int64_t backups, backups_failed;     /* since the start */
    int64_t snapshots, snapshots_failed; /* since the start; made or not */
    int64_t snapshot_at;                 /* wall ms of the newest one, 0 = there is none */
    int64_t snapshot_index, snapshot_bytes;
};
void backups_stats(struct backups *backups, struct backup_stats *stats);

#endif
