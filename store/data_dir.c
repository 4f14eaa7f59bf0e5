#include "store/data_dir.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { WRITABLE_BY_OTHERS = S_IWGRP | S_IWOTH, PID_BYTES = 24 };

static enum err_code system_error(struct err *err, enum err_code code, const char *verb,
                                  const char *path)
{
    return err_set(err, code, "cannot %s %s: %s", verb, path, strerrordesc_np(errno));
}

enum err_code data_dir_check_owned(const char *path, const struct stat *status, bool allow_root,
                                   struct err *err)
{
    bool fine = status->st_uid == geteuid() || (allow_root && status->st_uid == 0);
    if (!fine)
        return err_set(err, ERR_CONFIG, "%s belongs to user %u, not to user %u who runs this", path,
                       status->st_uid, geteuid());
    if ((status->st_mode & WRITABLE_BY_OTHERS) == 0) return ERR_OK;
    return err_set(err, ERR_CONFIG, "%s may be written by others (mode %04o); chmod %04o it", path,
                   status->st_mode & 07777, S_ISDIR(status->st_mode) ? 0700 : 0600);
}

enum err_code data_dir_check(const char *path, char real[static PATH_MAX], struct err *err)
{
    struct stat status;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return system_error(err, ERR_CONFIG, "make", path);
    if (stat(path, &status) != 0) return system_error(err, ERR_CONFIG, "use", path);
    if (!S_ISDIR(status.st_mode)) return err_set(err, ERR_CONFIG, "%s is not a directory", path);
    if (realpath(path, real) == NULL) return system_error(err, ERR_CONFIG, "use", path);
    return data_dir_check_owned(path, &status, false, err);
}

/* The holder writes its pid just after it took the lock, so that for an instant there is none. */
static enum err_code in_use(const char *path, int fd, struct err *err)
{
    char pid[PID_BYTES] = "";
    ssize_t length = pread(fd, pid, sizeof pid - 1, 0);
    int64_t number;
    pid[length > 0 ? strcspn(pid, "\n") : 0] = '\0';
    if (!text_to_int64(pid, 1, INT_MAX, &number))
        return err_set(err, ERR_CONFIG, "%s is in use by another process", path);
    return err_set(err, ERR_CONFIG, "%s is in use by process %d", path, (int)number);
}

static enum err_code write_pid(int fd, const char *path, struct err *err)
{
    char pid[PID_BYTES];
    int length = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)length, 0) == length) return ERR_OK;
    return system_error(err, ERR_IO, "write the lock of", path);
}

enum err_code data_dir_lock(const char *path, int *fd, struct err *err)
{
    char lock_path[PATH_MAX];
    if (snprintf(lock_path, sizeof lock_path, "%s/lock", path) >= (int)sizeof lock_path)
        return err_set(err, ERR_CONFIG, "the path of the data directory is too long");
    int opened = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (opened < 0) return system_error(err, ERR_CONFIG, "open", lock_path);
    enum err_code code = ERR_OK;
    if (flock(opened, LOCK_EX | LOCK_NB) == 0)
        code = write_pid(opened, path, err);
    else if (errno == EWOULDBLOCK)
        code = in_use(path, opened, err);
    else
        code = system_error(err, ERR_IO, "lock", lock_path);
    if (code != ERR_OK)
        close(opened);
    else
        *fd = opened;
    return code;
}

static enum err_code check_missing(const char *database, bool *exists, struct err *err)
{
    char log[PATH_MAX];
    struct stat status;
    *exists = false;
    if (errno != ENOENT) return system_error(err, ERR_IO, "look at", database);
    snprintf(log, sizeof log, "%s-wal", database);
    if (lstat(log, &status) != 0) return ERR_OK;
    return err_set(err, ERR_CONFIG, "%s is missing, but its write-ahead log is there", database);
}

enum err_code data_dir_check_database(const char *database, bool *exists, struct err *err)
{
    struct stat status;
    if (lstat(database, &status) != 0) return check_missing(database, exists, err);
    *exists = true;
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_CONFIG, "%s is not a regular file", database);
    TRY(data_dir_check_owned(database, &status, false, err));
    if ((status.st_mode & S_IWUSR) == 0)
        return err_set(err, ERR_CONFIG, "%s is read-only (mode %04o)", database,
                       status.st_mode & 07777);
    if (status.st_nlink != 1)
        return err_set(err, ERR_CONFIG, "%s has more than one hard link", database);
    if (status.st_size == 0) return err_set(err, ERR_CONFIG, "%s is empty: truncated", database);
    if ((status.st_mode & 07777) != 0600 && chmod(database, 0600) != 0)
        return system_error(err, ERR_IO, "chmod", database);
    return ERR_OK;
}

enum err_code data_dir_make_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return system_error(err, ERR_IO, "make", path);
    close(fd);
    return ERR_OK;
}

enum err_code data_dir_publish(const char *data_dir, const char *from, const char *to,
                               struct err *err)
{
    if (rename(from, to) != 0) return system_error(err, ERR_IO, "rename", from);
    return file_sync_dir(data_dir, err);
}
