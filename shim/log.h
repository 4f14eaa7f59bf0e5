/* log.h: the child's output, appended to a file that is rotated to "<path>.1".
 *
 * Two files of at most `limit_bytes` each are kept, however much there is. A rotation comes between
 * two lines where it can. What cannot be written (the disk is full, say) is dropped: the child is
 * never kept waiting for ever. Threads: one.
 */
#ifndef DOGSHORE_SHIM_LOG_H
#define DOGSHORE_SHIM_LOG_H

#include <limits.h>
#include <sys/types.h>

enum { LOG_CHUNK_BYTES = 16 * 1024 };

struct log_file {
    char path[PATH_MAX];
    int fd; /* -1: cannot be opened at present */
    long long bytes, limit_bytes;
};

void log_file_open(struct log_file *log, const char *path, long long limit_bytes);
/* Takes what `pipe` holds at this moment, up to one chunk: so many bytes, 0 at its end, -1 when
 * there is nothing to take. */
ssize_t log_file_take(struct log_file *log, int pipe);

#endif
