/* The driver, and the start of an attempt. */
#include "agent/driver_parts.h"
#include "agent/files.h"
#include "base/arena.h"
#include "shim/spec.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* --- the driver ------------------------------------------------------------------------------- */

/* With the folders above it. */
static enum err_code make_run_dir(const char *path, struct err *err)
{
    char folder[PATH_MAX];
    int bytes = snprintf(folder, sizeof folder, "%s", path);
    if (bytes == 0 || bytes >= (int)sizeof folder)
        return err_set(err, ERR_CONFIG, "the path of the run directory is empty or too long");
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(folder_make(folder, err));
        *slash = '/';
    }
    return folder_make(folder, err);
}

/* Who may write there could have us run and kill what they like. */
static enum err_code check_run_dir(const char *path, struct err *err)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return err_set(err, ERR_CONFIG, "run directory %s: %s", path, strerrordesc_np(errno));
    if (!S_ISDIR(status.st_mode))
        return err_set(err, ERR_CONFIG, "run directory %s: not a directory", path);
    if (status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, ERR_CONFIG,
                       "run directory %s: other users may write there, or own it; it must be ours",
                       path);
    return ERR_OK;
}

/* "<folder of this program>/dogshore-shim" */
static char *shim_beside_us(struct arena *arena)
{
    char program[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", program, sizeof program - 1);
    program[bytes > 0 ? bytes : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash != NULL) *slash = '\0';
    return arena_printf(arena, "%s/" SHIM_NAME, program);
}

static enum err_code find_shim(const char *shim, struct arena *arena, const char **path,
                               struct err *err)
{
    *path = shim != NULL ? shim : shim_beside_us(arena);
    if (access(*path, X_OK) == 0) return ERR_OK;
    return err_set(err, ERR_CONFIG, "the shim program %s cannot be run: %s", *path,
                   strerrordesc_np(errno));
}

enum err_code driver_open(struct driver **driver, struct loop *loop, const char *run_dir,
                          const char *shim, const char *boot_id, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    const char *shim_path;
    char *absolute = NULL;
    TRY(find_shim(shim, &arena, &shim_path, err));
    TRY(make_run_dir(run_dir, err));
    TRY(check_run_dir(run_dir, err));
    absolute = realpath(run_dir, NULL);
    if (absolute == NULL)
        return err_set(err, ERR_CONFIG, "run directory %s: %s", run_dir, strerrordesc_np(errno));
    *driver = xcalloc(1, sizeof **driver);
    **driver = (struct driver){
        .loop = loop, .run_dir = absolute, .shim = xstrdup(shim_path), .boot_id = xstrdup(boot_id)};
    return ERR_OK;
}

void driver_close(struct driver *driver)
{
    if (driver == NULL) return;
    free(driver->run_dir);
    free(driver->shim);
    free(driver->boot_id);
    free(driver);
}

/* --- folders ---------------------------------------------------------------------------------- */

/* Earlier attempts are over; what they left is not looked at again. */
static void remove_earlier(const struct driver *driver, const char *replica, int64_t number)
{
    auto_arena arena;
    arena_init(&arena);
    char **names;
    size_t count;
    int64_t other;
    const char *parent = arena_printf(&arena, "%s/%s", driver->run_dir, replica);
    if (folder_list(&arena, parent, &names, &count, NULL) != ERR_OK) return;
    for (size_t i = 0; i < count; i++) {
        if (!attempt_number_of(names[i], &other) || other >= number) continue;
        const char *folder = arena_printf(&arena, "%s/%s", parent, names[i]);
        if (attempt_is_locked(folder)) attempt_end(driver, folder);
        if (!attempt_is_locked(folder)) folder_remove(folder);
    }
}

/* An attempt's folder is made once, ever. */
static enum err_code make_folder(const struct driver *driver, const struct attempt_spec *spec,
                                 struct arena *arena, const char **folder, struct err *err)
{
    if (!replica_name_is_safe(spec->replica))
        return err_set(err, ERR_IO, "\"%.80s\" cannot be a folder's name", spec->replica);
    const char *parent = arena_printf(arena, "%s/%s", driver->run_dir, spec->replica);
    *folder = arena_printf(arena, "%s/%" PRId64, parent, spec->number);
    TRY(folder_make(parent, err));
    if (mkdir(*folder, 0700) != 0)
        return err_set(err, ERR_IO, "cannot make %s: %s", *folder, strerrordesc_np(errno));
    remove_earlier(driver, spec->replica, spec->number);
    return spec_write(driver, *folder, spec, err);
}

/* --- processes -------------------------------------------------------------------------------- */

static enum err_code no_process(int problem, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "this machine cannot make another process: %s",
                   strerrordesc_np(problem));
}

/* All signals are blocked until the shim is ready to read them; none is ignored. */
static void set_signals(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &all);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setflags(attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static void set_descriptors(posix_spawn_file_actions_t *actions, int notice)
{
    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(actions, notice, SHIM_NOTICE_FD);
}

/* The shim has no environment: ours is none of its business. Returns errno. */
static int spawn_shim(const struct driver *driver, char *folder, int notice, pid_t *shim)
{
    char name[] = SHIM_NAME;
    char *arguments[] = {name, folder, NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    set_descriptors(&actions, notice);
    set_signals(&attributes);
    int problem = posix_spawn(shim, driver->shim, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return problem;
}

/* A shim that cannot be watched: no child may be left of it. It was not reaped, so its number is
 * its own. */
static void give_up_shim(const struct attempt *attempt, pid_t shim)
{
    kill(shim, SIGKILL);
    siginfo_t ended;
    waitid(P_PID, (id_t)shim, &ended, WEXITED | WNOWAIT);
    leftovers_kill(attempt->folder, shim);
    waitid(P_PID, (id_t)shim, &ended, WEXITED);
    attempt_burn(attempt->folder);
}

static enum err_code watch_shim(struct attempt *attempt, pid_t shim, int notice, struct err *err)
{
    int pidfd = pidfd_open(shim, 0);
    int problem = errno;
    enum err_code code = attempt_watch_pid(attempt, notice, err);
    if (pidfd < 0) code = no_process(problem, err);
    if (pidfd >= 0 && code == ERR_OK) return attempt_watch(attempt, pidfd, shim, err);
    if (pidfd >= 0) close(pidfd);
    return code;
}

static enum err_code spawn(struct attempt *attempt, struct err *err)
{
    int notice[2];
    pid_t shim;
    if (pipe2(notice, O_CLOEXEC | O_NONBLOCK) != 0) return no_process(errno, err);
    int problem = spawn_shim(attempt->driver, attempt->folder, notice[1], &shim);
    close(notice[1]);
    if (problem == 0) {
        enum err_code code = watch_shim(attempt, shim, notice[0], err);
        if (code != ERR_OK) give_up_shim(attempt, shim);
        return code;
    }
    close(notice[0]);
    attempt_write_not_forked(attempt->folder, problem);
    if (problem == EAGAIN || problem == ENOMEM) return no_process(problem, err);
    return err_set(err, ERR_IO, "cannot run %s: %s", attempt->driver->shim,
                   strerrordesc_np(problem));
}

enum err_code driver_start(struct driver *driver, struct attempt *attempt,
                           const struct attempt_spec *spec, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    const char *folder = NULL;
    assert(spec->log_bytes > 0 && spec->log_path[0] == '/');
    if (spec->arguments[0] == NULL) return err_set(err, ERR_IO, "the command is empty");
    TRY(make_folder(driver, spec, &arena, &folder, err));
    attempt_init(attempt, driver, folder);
    enum err_code code = spawn(attempt, err);
    if (code != ERR_OK) attempt_release(attempt);
    return code;
}
