/* file.h: what the standard library leaves to do for files. Threads: any. */
#ifndef DOGSHORE_BASE_FILE_H
#define DOGSHORE_BASE_FILE_H

#include "base/err.h"

/* Makes the names in a folder durable, as after a rename. ERR_IO, ERR_DISK_FULL. */
enum err_code file_sync_dir(const char *path, struct err *err);

#endif
