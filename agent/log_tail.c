#include "agent/log_tail.h"

#include "base/arena.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

/* The size of a plain file, else 0. A replica may own its folder: what it put in place of its log
 * (a link to a file of ours, a pipe that blocks) is not followed. */
static size_t open_log(const char *path, int *fd)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
    return (size_t)info.st_size;
}

static size_t read_at(int fd, char *bytes, size_t count, size_t offset)
{
    size_t length = 0;
    while (length < count) {
        ssize_t got = pread(fd, bytes + length, count - length, (off_t)(offset + length));
        if (got <= 0) break; /* it was cut meanwhile: what there is must do */
        length += (size_t)got;
    }
    return length;
}

/* What of `bytes` begins a line: all of it when `after_line` (a line ended just before); else past
 * the first newline. One line that is longer than the window is shown by its end. */
static const char *whole_lines(const char *bytes, size_t length, bool after_line)
{
    if (after_line) return bytes;
    const char *newline = memchr(bytes, '\n', length);
    if (newline != NULL && newline + 1 < bytes + length) return newline + 1;
    const char *start = bytes; /* not in the middle of a character */
    while (start < bytes + length && ((unsigned char)*start & 0xc0) == 0x80)
        start++;
    return start;
}

/* Appends the last whole lines of a file, at most `max_bytes`. True when that was all of it. */
static bool add_tail(struct text *tail, struct arena *arena, const char *path, size_t max_bytes)
{
    int fd;
    size_t size = open_log(path, &fd);
    size_t before = size > max_bytes ? 1 : 0; /* the byte before tells whether a line begins */
    size_t wanted = (size < max_bytes ? size : max_bytes) + before;
    char *bytes = arena_alloc(arena, wanted + 1);
    size_t length = size > 0 ? read_at(fd, bytes, wanted, size - wanted) : 0;
    if (fd >= 0) close(fd);
    if (length <= before) return true;
    bool after_line = before == 0 || bytes[0] == '\n';
    const char *start = whole_lines(bytes + before, length - before, after_line);
    text_append(tail, start, (size_t)(bytes + length - start));
    return before == 0;
}

const char *log_tail_read(struct arena *arena, const char *path, size_t max_bytes)
{
    struct text newest, tail;
    text_init(&newest, arena);
    text_init(&tail, arena);
    bool more = add_tail(&newest, arena, path, max_bytes);
    if (more && newest.length < max_bytes)
        add_tail(&tail, arena, arena_printf(arena, "%s.1", path), max_bytes - newest.length);
    text_append(&tail, text_string(&newest), newest.length);
    return text_sanitise(arena, tail.bytes, tail.length, max_bytes);
}
