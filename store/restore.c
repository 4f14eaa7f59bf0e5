#include "store/restore.h"

#include "base/arena.h"
#include "base/failpoint.h"
#include "base/file.h"
#include "store/data_dir.h"
#include "store/restore_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { COPY_BYTES = 1024 * 1024, TIME_BYTES = 40 };

static enum err_code system_error(struct err *err, const char *verb, const char *path)
{
    enum err_code code = errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    return err_set(err, code, "cannot %s %s: %s", verb, path, strerrordesc_np(errno));
}

static enum err_code fail_at(const char *failpoint, struct err *err)
{
    return err_set(err, ERR_IO, "failpoint %s", failpoint);
}

/* ---- names ---- */

/* DIR/dogshore.db with a suffix. */
static const char *name(struct restore_paths *paths, const char *suffix, char *into)
{
    snprintf(into, RESTORE_PATH_BYTES, "%s/dogshore.db%s", paths->data_dir, suffix);
    return into;
}

static enum err_code name_all(struct restore_paths *paths, const char *data_dir, struct err *err)
{
    if (strlen(data_dir) + RESTORE_SUFFIX_BYTES > RESTORE_PATH_BYTES)
        return err_set(err, ERR_CONFIG, "the path of the data directory is too long");
    paths->data_dir = data_dir;
    name(paths, "", paths->database);
    name(paths, "-wal", paths->log);
    name(paths, "-shm", paths->log_index);
    name(paths, ".restoring", paths->restoring);
    name(paths, ".restored", paths->restored);
    return ERR_OK;
}

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* ---- after the decision ---- */

/* The moment of the decision names what is moved aside, also by a later start. */
static enum err_code name_kept(const struct restore_paths *paths, char kept[RESTORE_PATH_BYTES],
                               struct err *err)
{
    struct stat status;
    struct tm utc;
    char time[TIME_BYTES];
    if (stat(paths->restored, &status) != 0) return system_error(err, "look at", paths->restored);
    gmtime_r(&status.st_mtim.tv_sec, &utc);
    strftime(time, sizeof time, "%Y%m%dT%H%M%S", &utc);
    int length = snprintf(kept, RESTORE_PATH_BYTES, "%s.before-restore-%s.%03ldZ", paths->database,
                          time, status.st_mtim.tv_nsec / 1000000);
    if (length < RESTORE_PATH_BYTES) return ERR_OK;
    return err_set(err, ERR_CONFIG, "the path of the data directory is too long");
}

static enum err_code move_aside(const char *from, const char *kept, const char *suffix,
                                struct err *err)
{
    char to[RESTORE_PATH_BYTES + RESTORE_LOG_SUFFIX_BYTES];
    snprintf(to, sizeof to, "%s%s", kept, suffix);
    if (!is_there(from)) return ERR_OK;
    if (is_there(to)) return err_set(err, ERR_CONFIG, "%s is there already", to);
    return rename(from, to) == 0 ? ERR_OK : system_error(err, "rename", from);
}

/* The log first: a database without its log is told by its name to be of the past, and a log that
 * belongs to another database would be played into it. */
static enum err_code put_in_place(const struct restore_paths *paths, const char *kept,
                                  struct err *err)
{
    TRY(move_aside(paths->log, kept, "-wal", err));
    unlink(paths->log_index);
    if (FP("restore.log_aside")) return fail_at("restore.log_aside", err);
    TRY(move_aside(paths->database, kept, "", err));
    TRY(file_sync_dir(paths->data_dir, err));
    if (FP("restore.old_aside")) return fail_at("restore.old_aside", err);
    TRY(data_dir_publish(paths->data_dir, paths->restored, paths->database, err));
    return FP("restore.in_place") ? fail_at("restore.in_place", err) : ERR_OK;
}

static void remove_undecided(const struct restore_paths *paths)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char path[RESTORE_PATH_BYTES + RESTORE_LOG_SUFFIX_BYTES];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s%s", paths->restoring, suffixes[i]);
        unlink(path);
    }
}

enum err_code restore_recover(const char *data_dir, struct err *err)
{
    struct restore_paths paths;
    char kept[RESTORE_PATH_BYTES];
    TRY(name_all(&paths, data_dir, err));
    remove_undecided(&paths);
    if (!is_there(paths.restored)) return ERR_OK;
    TRY(name_kept(&paths, kept, err));
    return put_in_place(&paths, kept, err);
}

/* ---- before it ---- */

static enum err_code write_all(int to, const char *bytes, size_t count, const char *path,
                               struct err *err)
{
    while (count > 0) {
        ssize_t put = write(to, bytes, count);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return system_error(err, "write", path);
        if (put == 0) return err_set(err, ERR_IO, "cannot write %s: it takes nothing", path);
        bytes += put;
        count -= (size_t)put;
    }
    return ERR_OK;
}

static ssize_t read_some(int from, char *bytes)
{
    ssize_t got;
    do {
        got = read(from, bytes, COPY_BYTES);
    } while (got < 0 && errno == EINTR);
    return got;
}

static enum err_code copy_bytes(int from, int to, const char *path, struct err *err)
{
    char *bytes = xmalloc(COPY_BYTES);
    enum err_code code = ERR_OK;
    ssize_t got;
    while (code == ERR_OK && (got = read_some(from, bytes)) != 0)
        code = got > 0 ? write_all(to, bytes, (size_t)got, path, err)
                       : system_error(err, "read the backup for", path);
    free(bytes);
    return code;
}

static enum err_code copy_file(const struct restore_paths *paths, int from, struct err *err)
{
    int to = open(paths->restoring, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) return system_error(err, "make", paths->restoring);
    enum err_code code = copy_bytes(from, to, paths->restoring, err);
    close(to);
    return code;
}

static enum err_code sync_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return system_error(err, "open", path);
    int synced = fsync(fd);
    close(fd);
    return synced == 0 ? ERR_OK : system_error(err, "sync", path);
}

static enum err_code prepare(const struct restore_paths *paths, const struct restore_order *order,
                             int file, struct restored *restored, struct err *err)
{
    TRY(copy_file(paths, file, err));
    if (FP("restore.copied")) return fail_at("restore.copied", err);
    TRY(restore_stamp(paths->restoring, order, restore_former_number(paths), restored, err));
    if (FP("restore.stamped")) return fail_at("restore.stamped", err);
    TRY(sync_file(paths->restoring, err));
    return FP("restore.synced") ? fail_at("restore.synced", err) : ERR_OK;
}

static enum err_code decide(const struct restore_paths *paths, struct restored *restored,
                            struct err *err)
{
    bool replaces = is_there(paths->database) || is_there(paths->log);
    TRY(data_dir_publish(paths->data_dir, paths->restoring, paths->restored, err));
    if (FP("restore.decided")) return fail_at("restore.decided", err);
    TRY(name_kept(paths, restored->kept, err));
    TRY(put_in_place(paths, restored->kept, err));
    if (!replaces) restored->kept[0] = '\0';
    return ERR_OK;
}

static enum err_code check_room(const struct restore_paths *paths,
                                const struct restore_order *order, struct err *err)
{
    const char *found = is_there(paths->database) ? paths->database : paths->log;
    if (order->replace || !is_there(found)) return ERR_OK;
    return err_set(
        err, ERR_CONFIG,
        "%s is there: with --replace it is moved aside and kept, or restore into another "
        "directory",
        found);
}

/* Under the lock of the directory. */
static enum err_code restore(const struct restore_order *order, struct restored *restored,
                             struct err *err)
{
    struct restore_paths paths;
    int file;
    TRY(name_all(&paths, order->data_dir, err));
    TRY(restore_recover(order->data_dir, err));
    TRY(restore_open_file(order->file, paths.database, &file, &restored->written_at, err));
    enum err_code code = check_room(&paths, order, err);
    if (code == ERR_OK) code = prepare(&paths, order, file, restored, err);
    close(file);
    if (code != ERR_OK) {
        remove_undecided(&paths);
        return code;
    }
    return decide(&paths, restored, err);
}

enum err_code store_restore(const struct restore_order *order, struct restored *restored,
                            struct err *err)
{
    int lock;
    char real[PATH_MAX];
    struct restore_order found = *order;
    *restored = (struct restored){.index = 0};
    TRY(crypto_start(err));
    TRY(data_dir_check(order->data_dir, real, err));
    found.data_dir = real;
    TRY(data_dir_lock(real, &lock, err));
    enum err_code code = restore(&found, restored, err);
    close(lock);
    return code;
}
