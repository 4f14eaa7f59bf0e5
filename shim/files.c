#include "shim/files.h"

#include "shim/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { NAME_BYTES = 64, STAT_BYTES = 1024, START_FIELD = 22, STATE_FIELD = 3 };

int lock_take(int folder)
{
    int fd = openat(folder, SHIM_LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    close(fd);
    return -1;
}

bool file_exists(int folder, const char *name)
{
    return faccessat(folder, name, F_OK, 0) == 0;
}

bool file_write(int folder, const char *name, const char *text)
{
    char beside[NAME_BYTES];
    size_t bytes = strlen(text);
    snprintf(beside, sizeof beside, "%s.new", name);
    int fd = openat(folder, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    ssize_t written = write(fd, text, bytes);
    bool is_written = written == (ssize_t)bytes;
    if (written >= 0 && !is_written) errno = ENOSPC; /* what a short write of a small file means */
    is_written = close(fd) == 0 && is_written;
    return is_written && renameat(folder, beside, folder, name) == 0;
}

/* The name, field 2, is in brackets and may hold brackets and blanks itself. */
long long process_start_ticks(pid_t process)
{
    char path[NAME_BYTES], line[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t bytes = read(fd, line, sizeof line - 1);
    close(fd);
    if (bytes <= 0) return 0;
    line[bytes] = '\0';
    const char *at = strrchr(line, ')');
    for (int field = STATE_FIELD; at != NULL && field <= START_FIELD; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? 0 : strtoll(at, NULL, 10);
}
