/* files.h: the small files of an attempt's folder, which the shim knows by a descriptor.
 *
 * Threads: one. Errors: -1 or false, errno says why.
 */
#ifndef DOGSHORE_SHIM_FILES_H
#define DOGSHORE_SHIM_FILES_H

#include <stdbool.h>
#include <sys/types.h>

/* Opens and locks the attempt's lock file. -1: it is held, or there is no folder any more. The
 * lock lasts as long as the process. */
int lock_take(int folder);
bool file_exists(int folder, const char *name);
/* Whole or not at all: under another name first, then renamed. */
bool file_write(int folder, const char *name, const char *text);
/* Clock ticks since boot, which together with the number names a process for good; 0 = gone. */
long long process_start_ticks(pid_t process);

#endif
