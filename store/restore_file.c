/* Is this file a backup? */
#include "store/data_dir.h"
#include "store/migrate.h"
#include "store/restore_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* https://www.sqlite.org/fileformat2.html#the_database_header */
enum {
    HEADER_BYTES = 100,
    WRITE_VERSION_OFFSET = 18,
    WRITE_VERSION_WAL = 2,
    APPLICATION_ID_OFFSET = 68
};

static enum err_code cannot(const char *verb, const char *path, struct err *err)
{
    return err_set(err, ERR_CONFIG, "cannot %s %s: %s", verb, path, strerrordesc_np(errno));
}

static enum err_code check_not_live(const char *path, const struct stat *status,
                                    const char *database, struct err *err)
{
    struct stat live, log_status;
    char log[RESTORE_PATH_BYTES];
    if (lstat(database, &live) == 0 && live.st_dev == status->st_dev &&
        live.st_ino == status->st_ino)
        return err_set(err, ERR_CONFIG, "%s is the database of that directory, not a backup", path);
    snprintf(log, sizeof log, "%s-wal", path);
    if (lstat(log, &log_status) != 0) return ERR_OK;
    return err_set(
        err, ERR_CONFIG,
        "%s has a write-ahead log beside it: it is a database in use or one that was not "
        "closed, not a backup",
        path);
}

/* A database, as opposed to a backup, has a log, which is beside the name under which it is in use:
 * under another name nobody can tell whether there is one. */
static enum err_code check_own_name(const char *path, const struct stat *status, struct err *err)
{
    struct stat named;
    bool own = status->st_nlink == 1 && lstat(path, &named) == 0 && !S_ISLNK(named.st_mode);
    if (own) return ERR_OK;
    return err_set(err, ERR_CONFIG,
                   "%s is a link to a database whose write-ahead log may be elsewhere: name the "
                   "file itself, or make a backup of it",
                   path);
}

static enum err_code check_header(const char *path, const struct stat *status, int fd,
                                  struct err *err)
{
    static const char magic[] = "SQLite format 3"; /* with its NUL */
    uint8_t header[HEADER_BYTES];
    ssize_t got = pread(fd, header, sizeof header, 0);
    if (got < 0) return cannot("read", path, err);
    if (got < (ssize_t)sizeof header || memcmp(header, magic, sizeof magic) != 0)
        return err_set(err, ERR_CONFIG, "%s is not a backup: it is no database", path);
    const uint8_t *id = header + APPLICATION_ID_OFFSET;
    uint32_t application =
        (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | (uint32_t)id[3];
    if (application != STORE_APPLICATION_ID)
        return err_set(
            err, ERR_CONFIG,
            "%s is not a backup: it is the database of another program (application id %u)", path,
            application);
    return header[WRITE_VERSION_OFFSET] == WRITE_VERSION_WAL ? check_own_name(path, status, err)
                                                             : ERR_OK;
}

static enum err_code check_file(const char *path, const char *database, int fd, int64_t *written_at,
                                struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0) return cannot("look at", path, err);
    *written_at = (int64_t)status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1000000;
    if (!S_ISREG(status.st_mode)) return err_set(err, ERR_CONFIG, "%s is not a regular file", path);
    TRY(data_dir_check_owned(path, &status, true, err));
    TRY(check_not_live(path, &status, database, err));
    return check_header(path, &status, fd, err);
}

enum err_code restore_open_file(const char *path, const char *database, int *fd,
                                int64_t *written_at, struct err *err)
{
    /* A pipe must not hold us. */
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) return cannot("open", path, err);
    enum err_code code = check_file(path, database, opened, written_at, err);
    if (code != ERR_OK)
        close(opened);
    else
        *fd = opened;
    return code;
}
