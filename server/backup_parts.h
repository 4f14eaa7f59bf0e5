/* backup_parts.h: what the files of backup.h share. Threads: the backup thread's, but for what the
 * lock guards. */
#ifndef DOGSHORE_SERVER_BACKUP_PARTS_H
#define DOGSHORE_SERVER_BACKUP_PARTS_H

#include "server/backup.h"
#include "store/copy.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdbool.h>

enum { BACKUP_PATH_BYTES = 4096 };

struct backups {
    struct backup_settings settings;
    char temporary[BACKUP_PATH_BYTES], snapshots[BACKUP_PATH_BYTES];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    bool stopping, stopped;
    bool busy; /* a backup is made or fetched */
    struct backup_job *job;
    bool copying, copied;
    struct backup_stats stats;
    /* What the writer said; read once `copied`. */
    struct store_copy copy;
    enum err_code copy_code;
    struct err copy_err;
    /* Snapshots: */
    int64_t snapshot_due_ms; /* boot clock */
    bool snapshot_fails;     /* the last one did */
    bool telling;            /* under the lock: the event below is on its way */
    struct writer_job event_job;
    struct err event_err; /* of the trouble; code ERR_OK: it is over */
};

/* A copy of the database as `path`, which is a name without a file; a nameless one loses that name
 * at once, so that its room is free whenever the descriptor is closed. ERR_DISK_FULL, ERR_IO, or
 * ERR_UNAVAILABLE because the server is stopping; then nothing is left. */
enum err_code backup_copy(struct backups *backups, const char *path, bool nameless, int *fd,
                          int64_t *index, struct err *err);

/* snapshots.c: names the folder, removes a leftover, finds when the next one is due. */
enum err_code snapshots_open(struct backups *backups, struct err *err);
/* Makes one and removes the oldest; says when the next one is due. */
void snapshots_make(struct backups *backups);
/* snapshot_event.c: an event of trouble that begins or ends; in the background. */
void snapshot_tell(struct backups *backups, const struct err *err);

#endif
