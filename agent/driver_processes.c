/* Processes as /proc shows them. A number is not a process: it may be another one's a moment later.
 * So whatever gets a signal is held by a pidfd first and looked at once more. */
#include "agent/driver_parts.h"
#include "base/arena.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

enum {
    PROC_PATH_BYTES = 64,
    STAT_BYTES = 1024,
    STATE_FIELD = 3,
    SESSION_FIELD = 6,
    START_FIELD = 22,
    KILL_ROUNDS_MAX = 20,
    KILL_WAIT_MS = 50
};

bool process_next(struct process_walk *walk, pid_t *process)
{
    int64_t number;
    if (walk->folder == NULL) walk->folder = opendir("/proc");
    if (walk->folder == NULL) return false;
    for (const struct dirent *entry; (entry = readdir(walk->folder)) != NULL;) {
        if (!text_to_int64(entry->d_name, 1, INT_MAX, &number)) continue;
        *process = (pid_t)number;
        return true;
    }
    closedir(walk->folder);
    walk->folder = NULL;
    return false;
}

static int open_of(pid_t process, const char *name)
{
    char path[PROC_PATH_BYTES];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static ssize_t read_of(pid_t process, const char *name, char *bytes, size_t size)
{
    int fd = open_of(process, name);
    if (fd < 0) return -1;
    ssize_t count = read(fd, bytes, size);
    close(fd);
    return count;
}

/* A number of /proc/<pid>/stat, -1 when there is no such process or it is a zombie. The name, field
 * 2, is in brackets and may hold brackets and blanks itself. */
static int64_t stat_field(pid_t process, int wanted)
{
    char line[STAT_BYTES];
    ssize_t bytes = read_of(process, "stat", line, sizeof line - 1);
    if (bytes <= 0) return -1;
    line[bytes] = '\0';
    const char *at = strrchr(line, ')');
    if (at == NULL || text_starts(at, ") Z")) return -1;
    for (int field = STATE_FIELD; at != NULL && field <= wanted; field++)
        at = strchr(at + 1, ' ');
    return at == NULL ? -1 : strtoll(at, NULL, 10);
}

/* --- shims ------------------------------------------------------------------------------------ */

static bool is_own(pid_t process)
{
    char path[PROC_PATH_BYTES];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d", (int)process);
    return stat(path, &status) == 0 && status.st_uid == geteuid();
}

/* Its command line is the name and the folder, each with a NUL behind it. */
char *shim_folder(const struct driver *driver, pid_t process)
{
    char line[sizeof SHIM_NAME + PATH_MAX];
    ssize_t bytes = read_of(process, "cmdline", line, sizeof line);
    if (bytes <= (ssize_t)sizeof SHIM_NAME || line[bytes - 1] != '\0') return NULL;
    const char *folder = line + sizeof SHIM_NAME;
    size_t run_dir_bytes = strlen(driver->run_dir);
    if (!text_equal(line, SHIM_NAME) || !is_own(process)) return NULL;
    if (!text_starts(folder, driver->run_dir) || folder[run_dir_bytes] != '/') return NULL;
    return xstrdup(folder);
}

static bool is_shim_of(const struct driver *driver, pid_t process, const char *folder)
{
    char *found = shim_folder(driver, process);
    bool is_it = text_equal(found, folder);
    free(found);
    return is_it;
}

static pid_t shim_of_record(const struct driver *driver, const char *folder)
{
    struct pid_record record;
    if (!pid_record_read(folder, &record) || !text_equal(record.boot_id, driver->boot_id)) return 0;
    bool is_same = stat_field(record.shim, START_FIELD) == record.shim_start_ticks;
    return is_same && is_shim_of(driver, record.shim, folder) ? record.shim : 0;
}

/* The agent died before the shim wrote `pid`. The shim leads its session; its child has the same
 * command line until it is executed. */
static pid_t shim_by_search(const struct driver *driver, const char *folder)
{
    struct process_walk walk = {0};
    pid_t found = 0;
    for (pid_t process; process_next(&walk, &process);)
        if (is_shim_of(driver, process, folder) && stat_field(process, SESSION_FIELD) == process)
            found = process;
    return found;
}

int shim_open(const struct driver *driver, const char *folder, pid_t *shim)
{
    *shim = shim_of_record(driver, folder);
    if (*shim == 0) *shim = shim_by_search(driver, folder);
    int fd = *shim == 0 ? -1 : pidfd_open(*shim, 0);
    if (fd < 0) return -1;
    if (is_shim_of(driver, *shim, folder) && attempt_is_locked(folder)) return fd;
    close(fd);
    return -1;
}

/* --- what a lost shim leaves behind ----------------------------------------------------------- */

static bool has_variable(pid_t process, const char *variable)
{
    char *one = NULL;
    size_t size = 0;
    bool has = false;
    int fd = open_of(process, "environ");
    if (fd < 0) return false;
    FILE *environment = fdopen(fd, "r");
    if (environment == NULL) {
        close(fd);
        return false;
    }
    while (!has && getdelim(&one, &size, '\0', environment) > 0)
        has = strcmp(one, variable) == 0;
    free(one);
    fclose(environment);
    return has;
}

static bool belongs(pid_t process, const char *variable, pid_t session)
{
    int64_t own_session = stat_field(process, SESSION_FIELD);
    if (own_session < 0 || process == getpid()) return false;
    return (session > 0 && own_session == session) || has_variable(process, variable);
}

static bool kill_if_belongs(pid_t process, const char *variable, pid_t session)
{
    if (!belongs(process, variable, session)) return false;
    int fd = pidfd_open(process, 0);
    if (fd < 0) return false;
    bool is_killed =
        belongs(process, variable, session) && pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0;
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    if (is_killed) poll(&watched, 1, KILL_WAIT_MS);
    close(fd);
    return is_killed;
}

/* Until none is found: they may have made others meanwhile. */
size_t leftovers_kill(const char *folder, pid_t session)
{
    auto_arena arena;
    arena_init(&arena);
    const char *variable = arena_printf(&arena, RUN_FOLDER_VARIABLE "=%s", folder);
    size_t killed = 0, before = 1;
    for (int round = 0; round < KILL_ROUNDS_MAX && killed != before; round++) {
        struct process_walk walk = {0};
        before = killed;
        for (pid_t process; process_next(&walk, &process);)
            killed += kill_if_belongs(process, variable, session);
    }
    return killed;
}
