/* What the run directory holds: attempts to adopt, and shims that nobody can adopt any more. */
#include "agent/driver_parts.h"
#include "agent/files.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "shim/spec.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { KILL_WAIT_MS = 5000, END_WAIT_MS = 1000, MS_US = 1000 };

/* --- attempts --------------------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* 0 = there is none. */
static int64_t newest_attempt(struct arena *arena, const char *replica_folder)
{
    char **names;
    size_t count;
    int64_t newest = 0, number;
    if (folder_list(arena, replica_folder, &names, &count, NULL) != ERR_OK) return 0;
    for (size_t i = 0; i < count; i++)
        if (attempt_number_of(names[i], &number) && number > newest &&
            is_folder(arena_printf(arena, "%s/%s", replica_folder, names[i])))
            newest = number;
    return newest;
}

enum err_code driver_find(struct driver *driver, struct arena *arena, struct found_attempt **found,
                          size_t *count, struct err *err)
{
    char **names;
    size_t name_count;
    TRY(folder_list(arena, driver->run_dir, &names, &name_count, err));
    *found = ARENA_ARRAY(arena, struct found_attempt, name_count);
    *count = 0;
    for (size_t i = 0; i < name_count; i++) {
        if (!replica_name_is_safe(names[i])) continue;
        const char *parent = arena_printf(arena, "%s/%s", driver->run_dir, names[i]);
        int64_t newest = newest_attempt(arena, parent);
        if (newest == 0) continue;
        const char *folder = arena_printf(arena, "%s/%" PRId64, parent, newest);
        (*found)[(*count)++] = (struct found_attempt){
            .replica = names[i], .number = newest, .alive = attempt_is_locked(folder)};
    }
    return ERR_OK;
}

/* Its shim ends what descends from it; where it does not (it was stopped, say), it goes itself. */
void attempt_end(const struct driver *driver, const char *folder)
{
    pid_t shim;
    int fd = shim_open(driver, folder, &shim);
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    if (fd < 0) return;
    log_message(LOG_WARN, "attempt_ended", "%s was alive beside another attempt", folder);
    pidfd_send_signal(fd, SIGUSR1, NULL, 0);
    if (poll(&watched, 1, END_WAIT_MS) == 0) {
        pidfd_send_signal(fd, SIGKILL, NULL, 0);
        poll(&watched, 1, END_WAIT_MS);
        leftovers_kill(folder, 0);
    }
    close(fd);
}

size_t driver_end_others(struct driver *driver, const char *replica, int64_t number)
{
    auto_arena arena;
    arena_init(&arena);
    char **names;
    size_t count, ended = 0;
    int64_t other;
    if (!replica_name_is_safe(replica)) return 0;
    const char *parent = arena_printf(&arena, "%s/%s", driver->run_dir, replica);
    if (folder_list(&arena, parent, &names, &count, NULL) != ERR_OK) return 0;
    for (size_t i = 0; i < count; i++) {
        const char *folder = arena_printf(&arena, "%s/%s", parent, names[i]);
        if (!attempt_number_of(names[i], &other) || other == number) continue;
        if (!attempt_is_locked(folder)) continue;
        attempt_end(driver, folder);
        ended++;
    }
    return ended;
}

/* A folder whose lock is held stays: it is how its shim is found. */
void driver_remove(struct driver *driver, const char *replica)
{
    auto_arena arena;
    arena_init(&arena);
    char **names;
    size_t count;
    int64_t number;
    if (!replica_name_is_safe(replica)) return;
    const char *parent = arena_printf(&arena, "%s/%s", driver->run_dir, replica);
    if (folder_list(&arena, parent, &names, &count, NULL) != ERR_OK) return;
    for (size_t i = 0; i < count; i++) {
        const char *folder = arena_printf(&arena, "%s/%s", parent, names[i]);
        if (attempt_number_of(names[i], &number) && attempt_is_locked(folder)) return;
    }
    folder_remove(parent);
}

/* --- strays ----------------------------------------------------------------------------------- */

struct stray {
    char *folder;
    pid_t shim;
    int pidfd; /* -1 = it ended */
    struct stray *next;
};

/* An open file of a shim as /proc names it: a lock, wherever it was moved to. */
static bool is_lock(const char *target)
{
    const char *name = strrchr(target, '/');
    return text_equal(name, "/" SHIM_LOCK_FILE) ||
           text_equal(name, "/" SHIM_LOCK_FILE " (deleted)");
}

/* Whether the open file is a lock, but not the one at `lock_path`. */
static bool is_other_lock(int descriptors, const char *name, const char *lock_path)
{
    char target[PATH_MAX];
    struct stat held, present;
    ssize_t bytes = readlinkat(descriptors, name, target, sizeof target - 1);
    target[bytes > 0 ? bytes : 0] = '\0';
    if (!is_lock(target) || fstatat(descriptors, name, &held, 0) != 0) return false;
    return stat(lock_path, &present) != 0 || present.st_ino != held.st_ino ||
           present.st_dev != held.st_dev;
}

static bool holds_other_lock(pid_t shim, const char *lock_path)
{
    char path[64];
    bool holds = false;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)shim);
    DIR *descriptors = opendir(path);
    if (descriptors == NULL) return false;
    for (const struct dirent *entry; !holds && (entry = readdir(descriptors)) != NULL;)
        holds = is_other_lock(dirfd(descriptors), entry->d_name, lock_path);
    closedir(descriptors);
    return holds;
}

/* One that has not opened its lock yet is young, not stray. */
static bool is_stray(pid_t shim, const char *folder)
{
    char lock_path[PATH_MAX];
    struct stat status;
    if (stat(folder, &status) != 0) return true;
    snprintf(lock_path, sizeof lock_path, "%s/" SHIM_LOCK_FILE, folder);
    return holds_other_lock(shim, lock_path);
}

static bool stray_open(const struct driver *driver, pid_t process, struct stray *stray)
{
    char *folder = shim_folder(driver, process), *again = NULL;
    stray->pidfd = folder != NULL && is_stray(process, folder) ? pidfd_open(process, 0) : -1;
    if (stray->pidfd >= 0) again = shim_folder(driver, process);
    bool is_same = again != NULL && text_equal(folder, again);
    free(again);
    stray->folder = folder;
    stray->shim = process;
    if (is_same) return true;
    if (stray->pidfd >= 0) close(stray->pidfd);
    free(folder);
    return false;
}

static struct stray *find_strays(const struct driver *driver, struct arena *arena)
{
    struct process_walk walk = {0};
    struct stray *strays = NULL, stray;
    for (pid_t process; process_next(&walk, &process);) {
        if (!stray_open(driver, process, &stray)) continue;
        stray.next = strays;
        strays = arena_copy(arena, &stray, sizeof stray);
        log_message(LOG_WARN, "stray_shim", "%s is gone and its process %d is stopped",
                    stray.folder, (int)process);
    }
    return strays;
}

/* Sends it to all and waits until they ended, at most `wait_ms` in all. */
static void signal_and_wait(struct stray *strays, int number, int64_t wait_ms)
{
    int64_t end_us = clock_monotonic_us() + wait_ms * MS_US;
    for (const struct stray *stray = strays; stray != NULL; stray = stray->next)
        if (stray->pidfd >= 0) pidfd_send_signal(stray->pidfd, number, NULL, 0);
    for (struct stray *stray = strays; stray != NULL; stray = stray->next) {
        struct pollfd watched = {.fd = stray->pidfd, .events = POLLIN};
        int64_t left_ms = (end_us - clock_monotonic_us()) / MS_US;
        if (stray->pidfd < 0 || poll(&watched, 1, left_ms > 0 ? (int)left_ms : 0) <= 0) continue;
        if (number == SIGKILL) leftovers_kill(stray->folder, 0);
        siginfo_t ended;
        waitid(P_PIDFD, (id_t)stray->pidfd, &ended, WEXITED | WNOHANG);
        close(stray->pidfd);
        stray->pidfd = -1;
    }
}

size_t driver_stop_strays(struct driver *driver, int64_t grace_ms)
{
    auto_arena arena;
    arena_init(&arena);
    size_t count = 0;
    struct stray *strays = find_strays(driver, &arena);
    if (strays == NULL) return 0;
    signal_and_wait(strays, SIGTERM, grace_ms);
    signal_and_wait(strays, SIGUSR1, KILL_WAIT_MS);
    signal_and_wait(strays, SIGKILL, KILL_WAIT_MS);
    for (struct stray *stray = strays; stray != NULL; stray = stray->next, count++) {
        if (stray->pidfd >= 0) close(stray->pidfd);
        free(stray->folder);
    }
    return count;
}
