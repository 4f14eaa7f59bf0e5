#include "base/clock.h"
#include "base/failpoint.h"
#include "store/connection.h"
#include "store/copy_step.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

enum {
    /* https://www.sqlite.org/fileformat2.html: the versions that say whether a log is in use. */
    FORMAT_VERSIONS_OFFSET = 18,
    FORMAT_VERSION_WITHOUT_LOG = 1
};

/* What fails leaves no copy, so nothing of it needs to be undone or to be durable before its end.
 */
static const char settings[] = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                               "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -1024;";

static enum err_code target_error(const struct store_copy *copy, int code, struct err *err)
{
    int primary = code & 0xff;
    /* An error of the target's disk is told as I/O error, too, when it comes late. */
    bool full = primary == SQLITE_FULL ||
                (copy->target != NULL && sqlite3_system_errno(copy->target) == ENOSPC);
    if (full) return err_set(err, ERR_DISK_FULL, "the disk has no room for a copy of the database");
    return err_set(err, ERR_IO, "cannot copy the database: %s", sqlite3_errstr(code));
}

static enum err_code open_target(struct store_copy *copy, const char *path, struct err *err)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(path, &copy->target, flags, NULL);
    if (code == SQLITE_OK) code = sqlite3_exec(copy->target, settings, NULL, NULL, NULL);
    return code == SQLITE_OK ? ERR_OK : target_error(copy, code, err);
}

enum err_code copy_open(struct store_copy *copy, const char *path, struct err *err)
{
    *copy = (struct store_copy){.done = copy->done, .self = copy->self};
    if (FP("backup.open")) return err_set(err, ERR_DISK_FULL, "failpoint backup.open");
    copy->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (copy->fd < 0)
        return err_set(err, errno == ENOSPC ? ERR_DISK_FULL : ERR_IO, "cannot make %s: %s", path,
                       strerrordesc_np(errno));
    enum err_code code = open_target(copy, path, err);
    if (code != ERR_OK) {
        close(copy_close(copy));
        unlink(path);
    }
    return code;
}

int copy_close(struct store_copy *copy)
{
    if (copy->backup != NULL) sqlite3_backup_finish(copy->backup);
    if (copy->target != NULL) sqlite3_close(copy->target);
    copy->backup = NULL;
    copy->target = NULL;
    return copy->fd;
}

/* The source's header says that a log is in use; the copy is whole without one. */
static enum err_code mark_whole(struct store_copy *copy, struct err *err)
{
    static const char versions[] = {FORMAT_VERSION_WITHOUT_LOG, FORMAT_VERSION_WITHOUT_LOG};
    ssize_t written = pwrite(copy->fd, versions, sizeof versions, FORMAT_VERSIONS_OFFSET);
    if (written == sizeof versions) return ERR_OK;
    return err_set(err, ERR_IO, "cannot write a copy of the database: %s", strerrordesc_np(errno));
}

static enum err_code finish(struct store_copy *copy, struct err *err)
{
    int code = sqlite3_backup_finish(copy->backup);
    copy->backup = NULL;
    if (code != SQLITE_OK) return target_error(copy, code, err);
    return mark_whole(copy, err);
}

static enum err_code begin(struct store_copy *copy, struct store_db *db, struct err *err)
{
    if (copy->backup != NULL) return ERR_OK;
    copy->backup = sqlite3_backup_init(copy->target, "main", db->handle, "main");
    if (copy->backup != NULL) return ERR_OK;
    return target_error(copy, sqlite3_errcode(copy->target), err);
}

/* Busy: a reader recovers the log's index at that moment; the next piece will do. */
static bool goes_on(int code)
{
    return code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED;
}

static enum err_code run_piece(struct store_copy *copy, struct store_db *db, bool *ended,
                               struct err *err)
{
    int64_t end_us = clock_monotonic_us() + COPY_PIECE_US;
    int code;
    *ended = true;
    if (FP("backup.piece"))
        return err_set(err, ERR_DISK_FULL, "the disk has no room for a copy of the database");
    if (atomic_load(&copy->cancelled)) return err_set(err, ERR_CANCELLED, "the copy was given up");
    TRY(begin(copy, db, err));
    do {
        code = sqlite3_backup_step(copy->backup, COPY_PIECE_PAGES);
    } while (code == SQLITE_OK && clock_monotonic_us() < end_us);
    *ended = !goes_on(code);
    if (!*ended) return ERR_OK;
    return code == SQLITE_DONE ? finish(copy, err) : target_error(copy, code, err);
}

bool copy_step(struct store_copy *copy, struct store_db *db, enum err_code *code, struct err *err)
{
    bool ended;
    *code = run_piece(copy, db, &ended, err);
    if (!ended) return true;
    if (copy->backup != NULL) sqlite3_backup_finish(copy->backup);
    copy->backup = NULL;
    return false;
}
