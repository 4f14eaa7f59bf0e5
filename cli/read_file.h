/* read_file.h: a whole small file, or standard input. */
#ifndef DOGSHORE_CLI_READ_FILE_H
#define DOGSHORE_CLI_READ_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct file_content {
    const char *bytes; /* NUL-terminated */
    size_t count;
    bool readable_by_others;
};

/* "-" is standard input. Errors: ERR_IO, when it cannot be read or is larger than `most`. */
enum err_code read_file(struct arena *arena, const char *path, size_t most,
                        struct file_content *content, struct err *err);

#endif
