#include "agent/files.h"

#include "base/arena.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>

enum { WALK_DESCRIPTORS = 8 };

static enum err_code fail(struct err *err, const char *verb, const char *path)
{
    enum err_code code = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return err_set(err, code, "cannot %s %s: %s", verb, path, strerrordesc_np(errno));
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static enum err_code write_new(const char *path, const char *bytes, size_t count, bool durable,
                               struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(err, "open", path);
    bool written = write_all(fd, bytes, count) && (!durable || fsync(fd) == 0);
    int problem = errno;
    if (close(fd) != 0 && written) {
        written = false;
        problem = errno;
    }
    errno = problem;
    return written ? ERR_OK : fail(err, "write", path);
}

static enum err_code sync_folder_of(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int bytes = slash == NULL || slash == path ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", bytes, slash == NULL ? "." : path);
    return file_sync_dir(folder, err);
}

enum err_code file_replace(const char *path, const char *bytes, size_t count, bool durable,
                           struct err *err)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return err_set(err, ERR_IO, "the path %.200s… is too long", path);
    enum err_code code = write_new(beside, bytes, count, durable, err);
    if (code == ERR_OK && rename(beside, path) != 0) code = fail(err, "rename", beside);
    if (code != ERR_OK) {
        unlink(beside);
        return code;
    }
    return durable ? sync_folder_of(path, err) : ERR_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static ssize_t read_all(int fd, char *bytes, size_t most)
{
    size_t count = 0;
    while (count < most) {
        ssize_t got = read(fd, bytes + count, most - count);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        count += (size_t)got;
    }
    return (ssize_t)count;
}

enum err_code file_read(struct arena *arena, const char *path, size_t max_bytes, char **bytes,
                        size_t *count, struct err *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return fail(err, "open", path);
    ssize_t got = -1;
    size_t most = 0;
    bool is_known = fstat(fd, &status) == 0;
    if (is_known && !S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL; /* nothing that could keep us waiting */
    } else if (is_known) {
        most = status.st_size > 0 ? (size_t)status.st_size + 1 : 4096; /* of /proc: 0 */
        if (most > max_bytes) most = max_bytes;
        *bytes = arena_alloc(arena, most + 1);
        got = read_all(fd, *bytes, most);
    }
    int problem = errno;
    close(fd);
    errno = problem;
    if (got < 0) return fail(err, "read", path);
    (*bytes)[got] = '\0';
    *count = (size_t)got;
    return ERR_OK;
}

/* --- folders ---------------------------------------------------------------------------------- */

enum err_code folder_make(const char *path, struct err *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) return ERR_OK;
    return fail(err, "make", path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err_code folder_list(struct arena *arena, const char *path, char ***names, size_t *count,
                          struct err *err)
{
    size_t capacity = 0;
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) return errno == ENOENT ? ERR_OK : fail(err, "list", path);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (*count == capacity) {
            char **more = ARENA_ARRAY(arena, char *, capacity = capacity * 2 + 16);
            if (*count > 0) memcpy(more, *names, *count * sizeof *more);
            *names = more;
        }
        (*names)[(*count)++] = arena_strdup(arena, entry->d_name);
    }
    closedir(folder);
    if (*count > 1) qsort(*names, *count, sizeof **names, by_name);
    return ERR_OK;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    int ignored = remove(path);
    (void)ignored;
    return 0;
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, WALK_DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
