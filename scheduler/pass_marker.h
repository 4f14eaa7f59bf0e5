/* pass_marker.h: which deployment's pass is running, on disk, so that a pass that crashes the
 * server is known after the restart.
 *
 * DIR/pass holds the uid of the running pass, or nothing. It is written into the page cache and
 * never flushed: it survives the death of the process, which is all it is for, and costs a pass
 * no fsync. Threads: open on the main thread, set on the writer thread.
 */
#ifndef DOGSHORE_SCHEDULER_PASS_MARKER_H
#define DOGSHORE_SCHEDULER_PASS_MARKER_H

#include "base/err.h"

enum { PASS_MARKER_BYTES = 32 };

struct pass_marker {
    int file;
};

/* `crashed_uid` is the deployment whose pass did not end, or "". */
enum err_code pass_marker_open(struct pass_marker *marker, const char *data_dir,
                               char crashed_uid[static PASS_MARKER_BYTES], struct err *err);
void pass_marker_close(struct pass_marker *marker);
/* NULL: no pass is running. A disk that refuses costs the guard, never the pass. */
void pass_marker_set(struct pass_marker *marker, const char *uid);

#endif
