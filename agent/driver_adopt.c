/* Attempts of an earlier life of the agent. The watch on the shim is there when driver_adopt()
 * returns, so that signals reach it; what is known is told by a timer. */
#include "agent/driver_parts.h"
#include "base/arena.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>

enum { ADOPT_RETRY_MS = 100 };

/* False: the shim is gone, or cannot be watched at present. */
static bool attach(struct attempt *attempt)
{
    pid_t shim;
    int fd = shim_open(attempt->driver, attempt->folder, &shim);
    return fd >= 0 && attempt_watch(attempt, fd, shim, NULL) == ERR_OK;
}

/* No notice comes from a shim that another agent started: the folder tells. */
static void watch_folder(struct attempt *attempt)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    bool is_watched = fd >= 0 && inotify_add_watch(fd, attempt->folder, IN_MOVED_TO) >= 0;
    if (fd >= 0 && !is_watched) close(fd);
    if (!is_watched || attempt_watch_pid(attempt, fd, NULL) != ERR_OK)
        loop_timer_set(attempt->driver->loop, &attempt->timer, ADOPT_RETRY_MS);
}

/* `pid` is looked for after the watch was set: it may have been written in between. */
static void announce(struct attempt *attempt)
{
    struct pid_record record;
    if (attempt->running) return;
    if (!pid_record_read(attempt->folder, &record)) watch_folder(attempt);
    if (pid_record_read(attempt->folder, &record)) attempt_tell_running(attempt, record.child);
}

/* Locked without a shim: it was killed, and its child was not executed yet and is about to die. */
void attempt_look(struct attempt *attempt)
{
    bool is_locked = attempt_is_locked(attempt->folder);
    if (attempt->shim_watch.active || (is_locked && attach(attempt)))
        announce(attempt);
    else if (is_locked)
        loop_timer_set(attempt->driver->loop, &attempt->timer, ADOPT_RETRY_MS);
    else
        attempt_conclude(attempt);
}

bool driver_adopt(struct driver *driver, struct attempt *attempt, const char *replica,
                  int64_t number)
{
    char folder[PATH_MAX];
    struct stat status;
    if (!replica_name_is_safe(replica)) return false;
    snprintf(folder, sizeof folder, "%s/%s/%" PRId64, driver->run_dir, replica, number);
    if (stat(folder, &status) != 0 || !S_ISDIR(status.st_mode)) return false;
    attempt_init(attempt, driver, folder);
    if (attempt_is_locked(folder)) attach(attempt);
    loop_timer_set(driver->loop, &attempt->timer, 0);
    return true;
}
