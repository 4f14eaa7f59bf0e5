/* files.h: small files written so that a crash leaves the old or the new one, and what else the
 * agent does in its folders.
 *
 * Ownership: what is read lives in the arena. Threads: any. Errors: ERR_IO, naming path and cause.
 */
#ifndef DOGSHORE_AGENT_FILES_H
#define DOGSHORE_AGENT_FILES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Under another name first, then renamed; mode 0600. `durable`: on disk, its name included, when
 * this returns. */
enum err_code file_replace(const char *path, const char *bytes, size_t count, bool durable,
                           struct err *err);
/* All of a regular file, at most `max_bytes`, with a NUL behind it. ERR_NOT_FOUND: there is none.
 */
enum err_code file_read(struct arena *arena, const char *path, size_t max_bytes, char **bytes,
                        size_t *count, struct err *err);
/* One that exists is fine. */
enum err_code folder_make(const char *path, struct err *err);
/* The names in a folder, none when there is no such folder; sorted. */
enum err_code folder_list(struct arena *arena, const char *path, char ***names, size_t *count,
                          struct err *err);
/* With everything in it; links are not followed. What cannot be removed stays. */
void folder_remove(const char *path);

#endif
