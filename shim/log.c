#include "shim/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

static void open_file(struct log_file *log)
{
    struct stat status;
    log->bytes = 0;
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (log->fd >= 0 && fstat(log->fd, &status) == 0) log->bytes = status.st_size;
}

void log_file_open(struct log_file *log, const char *path, long long limit_bytes)
{
    snprintf(log->path, sizeof log->path, "%s", path);
    log->limit_bytes = limit_bytes;
    open_file(log);
}

/* Where it cannot be renamed it begins anew. */
static void rotate(struct log_file *log)
{
    char older[PATH_MAX + sizeof ".1"];
    if (log->fd < 0) return;
    snprintf(older, sizeof older, "%s.1", log->path);
    if (rename(log->path, older) != 0 && ftruncate(log->fd, 0) != 0) return;
    close(log->fd);
    open_file(log);
}

static void put(struct log_file *log, const char *bytes, size_t count)
{
    if (log->fd < 0) open_file(log);
    if ((long long)count > log->limit_bytes - log->bytes) return; /* it could not be rotated */
    while (log->fd >= 0 && count > 0) {
        ssize_t written = write(log->fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;
        log->bytes += written;
        bytes += written;
        count -= (size_t)written;
    }
}

/* How many of the bytes belong into the present file, given that it is nearly full: up to its last
 * line end that fits. */
static size_t last_lines(const char *bytes, size_t count, long long room)
{
    size_t most = room < (long long)count ? (size_t)(room > 0 ? room : 0) : count;
    const char *end = most > 0 ? memrchr(bytes, '\n', most) : NULL;
    if (end != NULL) return (size_t)(end - bytes) + 1;
    return most == count ? count : 0;
}

static size_t chunk_bytes(const struct log_file *log)
{
    long long half = (log->limit_bytes + 1) / 2;
    return half < LOG_CHUNK_BYTES ? (size_t)half : LOG_CHUNK_BYTES;
}

/* A file is nearly full when another whole chunk might not fit. */
static void append(struct log_file *log, const char *bytes, size_t count)
{
    long long room = log->limit_bytes - log->bytes;
    if ((long long)(count + chunk_bytes(log)) <= room) {
        put(log, bytes, count);
        return;
    }
    size_t last = last_lines(bytes, count, room);
    put(log, bytes, last);
    bool is_line_end = last > 0 && bytes[last - 1] == '\n';
    if (last < count || is_line_end) rotate(log);
    put(log, bytes + last, count - last);
}

ssize_t log_file_take(struct log_file *log, int pipe)
{
    char bytes[LOG_CHUNK_BYTES];
    ssize_t count = read(pipe, bytes, chunk_bytes(log));
    if (count > 0) append(log, bytes, (size_t)count);
    return count;
}
