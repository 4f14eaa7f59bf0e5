#include "scheduler/pass_marker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

enum err_code pass_marker_open(struct pass_marker *marker, const char *data_dir,
                               char crashed_uid[static PASS_MARKER_BYTES], struct err *err)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/pass", data_dir) >= (int)sizeof path)
        return err_set(err, ERR_CONFIG, "the path of the data directory is too long");
    marker->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (marker->file < 0) return err_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    char bytes[PASS_MARKER_BYTES] = {0};
    ssize_t count = pread(marker->file, bytes, sizeof bytes - 1, 0);
    if (count < 0) bytes[0] = '\0';
    memcpy(crashed_uid, bytes, sizeof bytes);
    pass_marker_set(marker, NULL);
    return ERR_OK;
}

void pass_marker_close(struct pass_marker *marker)
{
    close(marker->file);
    marker->file = -1;
}

void pass_marker_set(struct pass_marker *marker, const char *uid)
{
    char bytes[PASS_MARKER_BYTES] = {0};
    if (uid) snprintf(bytes, sizeof bytes, "%s", uid);
    ssize_t count = pwrite(marker->file, bytes, sizeof bytes, 0);
    (void)count;
}
