#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

enum err_code file_sync_dir(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int failure = errno;
    if (fd >= 0) close(fd);
    if (synced) return ERR_OK;
    bool full = failure == ENOSPC || failure == EDQUOT;
    return err_set(err, full ? ERR_DISK_FULL : ERR_IO, "cannot sync %s: %s", path,
                   strerrordesc_np(failure));
}
