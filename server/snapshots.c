/* DIR/snapshots: a copy by the clock, the oldest removed. */
#include "base/arena.h"
#include "base/failpoint.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "server/backup_parts.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

enum {
    NAME_BYTES = 96,
    RETRY_MS = 10 * 60 * 1000, /* after one that failed, unless they are more frequent */
    NAMES_MOST = 20000
};

static const char prefix[] = "dogshore-", suffix[] = ".db", unfinished[] = "snapshot.tmp";
static const char digits[] = "0123456789";

struct names {
    char (*items)[NAME_BYTES];
    size_t count, room;
};

/* ---- the folder ---- */

/* "dogshore-20260131T092653Z-412.db": the time and the index of what is in it. Any other file in
 * the folder is somebody else's, such as a backup that an operator keeps there. */
static bool is_snapshot(const char *name)
{
    static const char shape[] = "dogshore-########T######Z-"; /* #: a digit */
    size_t at = 0;
    for (; shape[at] != '\0'; at++) {
        bool fits = shape[at] == '#' ? name[at] >= '0' && name[at] <= '9' : name[at] == shape[at];
        if (!fits) return false;
    }
    size_t index_length = strspn(name + at, digits);
    return index_length > 0 && text_equal(name + at + index_length, suffix) &&
           strlen(name) < NAME_BYTES;
}

/* By index, which a clock that was set back does not turn round; then by time. */
static int compare_ages(const void *left, const void *right)
{
    const char *a = left, *b = right;
    int64_t index_a = strtoll(strrchr(a, '-') + 1, NULL, 10);
    int64_t index_b = strtoll(strrchr(b, '-') + 1, NULL, 10);
    return index_a != index_b ? compare_i64(index_a, index_b) : strcmp(a, b);
}

static void add_name(struct names *names, const char *name)
{
    if (names->count == names->room) {
        names->room = names->room == 0 ? 16 : 2 * names->room;
        names->items = xrealloc(names->items, names->room * sizeof *names->items);
    }
    memcpy(names->items[names->count++], name, strlen(name) + 1); /* is_snapshot() saw to it */
}

/* Oldest first; to be freed. */
static enum err_code list(const struct backups *backups, struct names *names, struct err *err)
{
    *names = (struct names){.count = 0};
    DIR *dir = opendir(backups->snapshots);
    if (dir == NULL && errno == ENOENT) return ERR_OK;
    if (dir == NULL)
        return err_set(err, ERR_IO, "cannot read %s: %s", backups->snapshots,
                       strerrordesc_np(errno));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL && names->count < NAMES_MOST;)
        if (is_snapshot(entry->d_name)) add_name(names, entry->d_name);
    closedir(dir);
    if (names->count > 0) qsort(names->items, names->count, sizeof *names->items, compare_ages);
    return ERR_OK;
}

static void path_of(const struct backups *backups, const char *name, char path[BACKUP_PATH_BYTES])
{
    snprintf(path, BACKUP_PATH_BYTES, "%.*s/%s", BACKUP_PATH_BYTES - NAME_BYTES - 2,
             backups->snapshots, name);
}

static enum err_code make_folder(const struct backups *backups, struct err *err)
{
    if (mkdir(backups->snapshots, 0700) == 0 || errno == EEXIST) return ERR_OK;
    return err_set(err, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO, "cannot make %s: %s",
                   backups->snapshots, strerrordesc_np(errno));
}

static enum err_code remove_oldest(const struct backups *backups, struct err *err)
{
    struct names names;
    char path[BACKUP_PATH_BYTES];
    TRY(list(backups, &names, err));
    size_t keep = (size_t)backups->settings.keep_snapshots;
    size_t spare = names.count > keep ? names.count - keep : 0;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < spare && code == ERR_OK; i++) {
        path_of(backups, names.items[i], path);
        if (FP("snapshot.remove") || unlink(path) != 0)
            code = err_set(err, ERR_IO, "cannot remove %s: %s", path, strerrordesc_np(errno));
    }
    free(names.items);
    return code;
}

/* ---- one snapshot ---- */

static void name_snapshot(int64_t wall_ms, int64_t index, char name[NAME_BYTES])
{
    time_t seconds = wall_ms / 1000;
    struct tm utc;
    char at[32];
    gmtime_r(&seconds, &utc);
    strftime(at, sizeof at, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(name, NAME_BYTES, "%s%s-%lld%s", prefix, at, (long long)index, suffix);
}

/* Whole and on the disk before it has its name. */
static enum err_code publish(const struct backups *backups, int fd, const char *from,
                             const char *to, struct err *err)
{
    if (FP("backup.sync") || fsync(fd) != 0)
        return err_set(err, ERR_IO, "cannot sync a snapshot: %s", strerrordesc_np(errno));
    if (FP("snapshot.rename") || rename(from, to) != 0)
        return err_set(err, ERR_IO, "cannot rename %s: %s", from, strerrordesc_np(errno));
    if (FP("snapshot.renamed")) return err_set(err, ERR_IO, "failpoint snapshot.renamed");
    return file_sync_dir(backups->snapshots, err);
}

static enum err_code make(struct backups *backups, struct backup_stats *made, struct err *err)
{
    char from[BACKUP_PATH_BYTES], to[BACKUP_PATH_BYTES], name[NAME_BYTES];
    struct stat status;
    int fd;
    TRY(make_folder(backups, err));
    path_of(backups, unfinished, from);
    unlink(from);
    TRY(backup_copy(backups, from, false, &fd, &made->snapshot_index, err));
    made->snapshot_at = clock_wall_ms(&backups->settings.clock);
    name_snapshot(made->snapshot_at, made->snapshot_index, name);
    path_of(backups, name, to);
    made->snapshot_bytes = fstat(fd, &status) == 0 ? status.st_size : 0;
    enum err_code code = publish(backups, fd, from, to, err);
    close(fd);
    if (code != ERR_OK) unlink(from);
    return code;
}

static void note_made(struct backups *backups, const struct backup_stats *made, int64_t began_us)
{
    struct log_line line;
    pthread_mutex_lock(&backups->lock);
    backups->stats.snapshots++;
    backups->stats.snapshot_at = made->snapshot_at;
    backups->stats.snapshot_index = made->snapshot_index;
    backups->stats.snapshot_bytes = made->snapshot_bytes;
    pthread_mutex_unlock(&backups->lock);
    log_begin(&line, LOG_INFO, "snapshot");
    log_int(&line, "index", made->snapshot_index);
    log_int(&line, "bytes", made->snapshot_bytes);
    log_int(&line, "duration_ms", (clock_monotonic_us() - began_us) / 1000);
    log_end(&line);
}

static void note_trouble(struct backups *backups, enum snapshot_trouble trouble,
                         const struct err *err)
{
    log_message(LOG_ERROR, "snapshot_failed", "%s", err->detail);
    backups->trouble = trouble;
    backups->trouble_err = *err;
}

static void note_not_made(struct backups *backups, const struct err *err)
{
    pthread_mutex_lock(&backups->lock);
    backups->stats.snapshots_failed++;
    pthread_mutex_unlock(&backups->lock);
    note_trouble(backups, SNAPSHOT_NOT_MADE, err);
}

/* ---- by the clock ---- */

static int64_t now_ms(const struct backups *backups)
{
    return clock_boot_ms(&backups->settings.clock);
}

/* False: there is no new one. The oldest ones are removed only after a new one was made. */
static bool make_one(struct backups *backups)
{
    struct backup_stats made = {.snapshots = 0};
    struct err err = {.code = ERR_OK};
    int64_t began_us = clock_monotonic_us();
    int64_t every_ms = backups->settings.snapshot_every_ms;
    enum err_code code = make(backups, &made, &err);
    bool failed = code != ERR_OK && code != ERR_UNAVAILABLE;
    if (code == ERR_OK) note_made(backups, &made, began_us);
    if (failed) note_not_made(backups, &err);
    backups->snapshot_due_ms = now_ms(backups) + (failed ? min_i64(every_ms, RETRY_MS) : every_ms);
    backups->removal_due_ms = INT64_MAX;
    return code == ERR_OK;
}

/* One that fails is tried again by itself: it says nothing about the snapshots that are made. */
static void remove_spare(struct backups *backups)
{
    struct err err = {.code = ERR_OK};
    backups->removal_due_ms = INT64_MAX;
    backups->trouble = SNAPSHOT_FINE;
    if (remove_oldest(backups, &err) == ERR_OK) return;
    backups->removal_due_ms = now_ms(backups) + RETRY_MS;
    note_trouble(backups, SNAPSHOT_NOT_REMOVED, &err);
}

int64_t snapshots_due_ms(const struct backups *backups)
{
    if (backups->settings.snapshot_every_ms == 0) return INT64_MAX;
    return min_i64(backups->snapshot_due_ms, backups->removal_due_ms);
}

void snapshots_run(struct backups *backups)
{
    bool due = now_ms(backups) >= backups->snapshot_due_ms;
    if (!due || make_one(backups)) remove_spare(backups);
    snapshot_tell(backups);
}

/* ---- at the start ---- */

/* The newest one of an earlier start counts: a server that restarts often makes them, too. */
static void look_at_newest(struct backups *backups, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return;
    int64_t made_ms = (int64_t)status.st_mtim.tv_sec * 1000;
    int64_t age_ms = clock_wall_ms(&backups->settings.clock) - made_ms;
    int64_t left_ms = backups->settings.snapshot_every_ms - max_i64(age_ms, 0);
    backups->snapshot_due_ms += max_i64(left_ms, 0);
    backups->stats.snapshot_at = made_ms;
    backups->stats.snapshot_bytes = status.st_size;
}

static void read_index(struct backups *backups, const char *name)
{
    char index[NAME_BYTES];
    const char *dash = strrchr(name, '-') + 1;
    snprintf(index, sizeof index, "%.*s", (int)strspn(dash, digits), dash);
    if (!text_to_int64(index, 0, INT64_MAX, &backups->stats.snapshot_index))
        backups->stats.snapshot_index = 0;
}

enum err_code snapshots_open(struct backups *backups, struct err *err)
{
    const char *dir = store_data_dir(backups->settings.store);
    struct names names;
    char path[BACKUP_PATH_BYTES];
    snprintf(backups->snapshots, sizeof backups->snapshots, "%s/snapshots", dir);
    backups->snapshot_due_ms = now_ms(backups);
    backups->removal_due_ms = INT64_MAX;
    path_of(backups, unfinished, path);
    unlink(path);
    TRY(list(backups, &names, err));
    if (names.count > 0) {
        path_of(backups, names.items[names.count - 1], path);
        look_at_newest(backups, path);
        read_index(backups, names.items[names.count - 1]);
    }
    free(names.items);
    return ERR_OK;
}
