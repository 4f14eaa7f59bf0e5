#include "base/arena.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/number.h"
#include "server/backup_parts.h"
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum {
    READ_BYTES = 256 * 1024,
    /* A copy must not take the last of the disk: writers need some, too. */
    RESERVE_BYTES = 64 * 1024 * 1024
};

/* ---- one copy ---- */

static enum err_code check_room(const struct backups *backups, struct err *err)
{
    const char *dir = store_data_dir(backups->settings.store);
    struct statvfs disk;
    int64_t database, log;
    store_sizes(backups->settings.store, &database, &log);
    if (statvfs(dir, &disk) != 0)
        return err_set(err, ERR_IO, "cannot look at %s: %s", dir, strerrordesc_np(errno));
    int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    int64_t need = database + log + RESERVE_BYTES;
    if (free_bytes >= need) return ERR_OK;
    return err_set(err, ERR_DISK_FULL,
                   "a copy of the database needs %lld MiB of the data directory's disk, %lld are "
                   "free",
                   (long long)(need >> 20), (long long)(free_bytes >> 20));
}

/* On the writer's thread. */
static void on_copied(struct store_copy *copy, enum err_code code, const struct err *err)
{
    struct backups *backups = copy->self;
    pthread_mutex_lock(&backups->lock);
    backups->copy_code = code;
    if (code != ERR_OK) backups->copy_err = *err;
    backups->copied = true;
    pthread_cond_broadcast(&backups->changed);
    pthread_mutex_unlock(&backups->lock);
}

static enum err_code stopping(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "the server is stopping");
}

/* Until the writer has made it. */
static enum err_code wait_for_copy(struct backups *backups, struct err *err)
{
    struct writer *writer = backups->settings.writer;
    pthread_mutex_lock(&backups->lock);
    backups->copied = false;
    enum err_code code = backups->stopping ? stopping(err) : ERR_OK;
    if (code == ERR_OK) code = writer_copy(writer, &backups->copy, err);
    backups->copying = code == ERR_OK;
    while (backups->copying && !backups->copied)
        pthread_cond_wait(&backups->changed, &backups->lock);
    if (backups->copying) code = backups->copy_code;
    if (backups->copying && code != ERR_OK) err_copy(err, &backups->copy_err);
    if (code == ERR_CANCELLED) code = stopping(err);
    backups->copying = false;
    pthread_mutex_unlock(&backups->lock);
    return code;
}

enum err_code backup_copy(struct backups *backups, const char *path, bool nameless, int *fd,
                          int64_t *index, struct err *err)
{
    TRY(check_room(backups, err));
    backups->copy.done = on_copied;
    backups->copy.self = backups;
    TRY(copy_open(&backups->copy, path, err));
    if (nameless) unlink(path);
    enum err_code code = wait_for_copy(backups, err);
    *fd = copy_close(&backups->copy);
    *index = backups->copy.index;
    if (code == ERR_OK) return ERR_OK;
    close(*fd);
    if (!nameless) unlink(path);
    return code;
}

/* ---- a backup for a client ---- */

static enum err_code digest(struct backup_file *file, struct err *err)
{
    struct crypto_sha256 sum;
    char base64[CRYPTO_SHA256_BASE64_BYTES], *bytes = xmalloc(READ_BYTES);
    ssize_t got;
    crypto_sha256_begin(&sum);
    for (file->bytes = 0; (got = pread(file->fd, bytes, READ_BYTES, file->bytes)) > 0;
         file->bytes += got)
        crypto_sha256_add(&sum, bytes, (size_t)got);
    free(bytes);
    crypto_sha256_end(&sum, base64);
    snprintf(file->digest, sizeof file->digest, "sha-256=:%s:", base64);
    if (got == 0) return ERR_OK;
    return err_set(err, ERR_IO, "cannot read the copy: %s", strerrordesc_np(errno));
}

static enum err_code make_backup(struct backups *backups, struct backup_file *file, struct err *err)
{
    TRY(backup_copy(backups, backups->temporary, true, &file->fd, &file->index, err));
    enum err_code code = digest(file, err);
    if (code != ERR_OK) close(file->fd);
    return code;
}

static void log_backup(const struct backup_file *file, int64_t began_us)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, "backup");
    log_int(&line, "index", file->index);
    log_int(&line, "bytes", file->bytes);
    log_int(&line, "duration_ms", (clock_monotonic_us() - began_us) / 1000);
    log_end(&line);
}

static void run_job(struct backups *backups, struct backup_job *job)
{
    struct err err = {.code = ERR_OK};
    int64_t began_us = clock_monotonic_us();
    log_message(LOG_DEBUG, "backup_begins", "a client asked for it");
    enum err_code code = make_backup(backups, &job->file, &err);
    pthread_mutex_lock(&backups->lock);
    if (code == ERR_OK)
        backups->stats.backups++;
    else
        backups->stats.backups_failed++;
    if (code != ERR_OK) backups->busy = false;
    pthread_mutex_unlock(&backups->lock);
    if (code == ERR_OK)
        log_backup(&job->file, began_us);
    else
        log_message(LOG_ERROR, "backup_failed", "%s", err.detail);
    job->done(job, code, &err);
}

/* ---- the thread ---- */

static void park(struct backups *backups)
{
    int64_t due_ms = snapshots_due_ms(backups);
    if (due_ms == INT64_MAX) {
        pthread_cond_wait(&backups->changed, &backups->lock);
        return;
    }
    int64_t left_ms = due_ms - clock_boot_ms(&backups->settings.clock);
    int64_t until_us = clock_monotonic_us() + max_i64(left_ms, 0) * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    pthread_cond_timedwait(&backups->changed, &backups->lock, &until);
}

static bool snapshot_is_due(const struct backups *backups)
{
    return clock_boot_ms(&backups->settings.clock) >= snapshots_due_ms(backups);
}

/* Parks until there is something to do; false when stopping. *job NULL: a snapshot. */
static bool next_task(struct backups *backups, struct backup_job **job)
{
    pthread_mutex_lock(&backups->lock);
    while (!backups->stopping && backups->job == NULL && !snapshot_is_due(backups))
        park(backups);
    *job = backups->job;
    backups->job = NULL;
    bool go_on = !backups->stopping || *job != NULL;
    pthread_mutex_unlock(&backups->lock);
    return go_on;
}

static void *backup_thread(void *argument)
{
    struct backups *backups = argument;
    struct backup_job *job;
    while (next_task(backups, &job)) {
        if (job != NULL)
            run_job(backups, job);
        else
            snapshots_run(backups);
    }
    return NULL;
}

/* ---- life ---- */

static void init_lock(struct backups *backups)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&backups->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&backups->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void release(struct backups *backups)
{
    pthread_cond_destroy(&backups->changed);
    pthread_mutex_destroy(&backups->lock);
    free(backups);
}

static enum err_code start(struct backups *backups, struct err *err)
{
    const char *dir = store_data_dir(backups->settings.store);
    snprintf(backups->temporary, sizeof backups->temporary, "%s/backup.tmp", dir);
    unlink(backups->temporary);
    TRY(snapshots_open(backups, err));
    if (pthread_create(&backups->thread, NULL, backup_thread, backups) == 0) return ERR_OK;
    return err_set(err, ERR_IO, "cannot start the backup thread");
}

enum err_code backups_open(struct backups **backups, const struct backup_settings *settings,
                           struct err *err)
{
    struct backups *opened = xcalloc(1, sizeof *opened);
    opened->settings = *settings;
    init_lock(opened);
    enum err_code code = start(opened, err);
    if (code != ERR_OK)
        release(opened);
    else
        *backups = opened;
    return code;
}

void backups_stop(struct backups *backups)
{
    pthread_mutex_lock(&backups->lock);
    bool first = !backups->stopping;
    backups->stopping = true;
    if (backups->copying) writer_copy_cancel(backups->settings.writer, &backups->copy);
    pthread_cond_broadcast(&backups->changed);
    pthread_mutex_unlock(&backups->lock);
    if (first) pthread_join(backups->thread, NULL);
}

void backups_close(struct backups *backups)
{
    if (backups == NULL) return;
    backups_stop(backups);
    assert(!backups->telling);
    release(backups);
}

enum err_code backups_submit(struct backups *backups, struct backup_job *job, struct err *err)
{
    pthread_mutex_lock(&backups->lock);
    bool busy = backups->busy, stops = backups->stopping;
    if (!busy && !stops) {
        backups->busy = true;
        backups->job = job;
        pthread_cond_broadcast(&backups->changed);
    }
    pthread_mutex_unlock(&backups->lock);
    if (stops) return err_set(err, ERR_UNAVAILABLE, "the server is stopping");
    if (!busy) return ERR_OK;
    return err_set(err, ERR_OVERLOADED, "another backup is being made or fetched; try again later");
}

void backups_taken(struct backups *backups)
{
    pthread_mutex_lock(&backups->lock);
    backups->busy = false;
    pthread_mutex_unlock(&backups->lock);
}

void backups_stats(struct backups *backups, struct backup_stats *stats)
{
    pthread_mutex_lock(&backups->lock);
    *stats = backups->stats;
    pthread_mutex_unlock(&backups->lock);
}
