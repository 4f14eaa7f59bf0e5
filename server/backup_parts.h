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

/* How the last run of the snapshots ended. */
enum snapshot_trouble { SNAPSHOT_FINE, SNAPSHOT_NOT_MADE, SNAPSHOT_NOT_REMOVED };

struct backups {
    struct backup_settings settings;
    char temporary[BACKUP_PATH_BYTES], snapshots[BACKUP_PATH_BYTES];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    bool stopping;
    bool busy; /* a backup is made or fetched */
    struct backup_job *job;
    bool copying, copied;
    struct backup_stats stats;
    /* What the writer said; read once `copied`. */
    struct store_copy copy;
    enum err_code copy_code;
    struct err copy_err;
    /* Snapshots: */
    int64_t snapshot_due_ms, removal_due_ms; /* boot clock; the latter INT64_MAX = nothing to do */
    enum snapshot_trouble trouble;
    struct err trouble_err;
    /* Events about them: */
    bool telling;               /* under the lock: the event below is on its way */
    enum snapshot_trouble told; /* under the lock: what the newest event says */
    enum snapshot_trouble event_trouble;
    struct err event_err;
    struct writer_job event_job;
};

/* A copy of the database as `path`, which is a name without a file; a nameless one loses that name
 * at once, so that its room is free whenever the descriptor is closed. ERR_DISK_FULL, ERR_IO, or
 * ERR_UNAVAILABLE because the server is stopping; then nothing is left. */
enum err_code backup_copy(struct backups *backups, const char *path, bool nameless, int *fd,
                          int64_t *index, struct err *err);

/* snapshots.c: names the folder, removes a leftover, finds when the next one is due. */
enum err_code snapshots_open(struct backups *backups, struct err *err);
/* When there is something to do, by the boot clock; INT64_MAX = never. */
int64_t snapshots_due_ms(const struct backups *backups);
/* Makes one if that is due, removes the oldest, and says when to come again. */
void snapshots_run(struct backups *backups);
/* snapshot_event.c: an event, in the background, if the trouble is not what was told last. */
void snapshot_tell(struct backups *backups);

#endif
