/* attempt_world.h: a run directory, a driver and attempts whose programs are shell scripts.
 *
 * Scripts and test talk over two named pipes: a script says a word by `echo word >$SAY` and waits
 * for one by `read word <$HEAR`; so nobody has to guess how long anything takes. A script with a
 * trap waits by `sleep 1000 & wait`: a signal just before read(2) would be missed. All of it is
 * inline, for the programs of this rung have no library of their own.
 */
#ifndef DOGSHORE_TESTS_ATTEMPT_WORLD_H
#define DOGSHORE_TESTS_ATTEMPT_WORLD_H

#include "agent/driver.h"
#include "agent/files.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* The build says where it is. */
#ifdef DOGSHORE_BINARY_DIR
#define SHIM_PROGRAM DOGSHORE_BINARY_DIR "/dogshore-shim"
#else
#define SHIM_PROGRAM "dogshore-shim"
#endif

enum { WORLD_PATH_BYTES = 256, PATIENCE_MS = 60000, WORLD_LOG_BYTES = 1 << 20 };

struct world {
    char root[64], run_dir[WORLD_PATH_BYTES], log[WORLD_PATH_BYTES];
    char say_path[WORLD_PATH_BYTES], hear_path[WORLD_PATH_BYTES];
    FILE *say;
    int hear;
    struct clock clock;
    struct loop *loop;
    struct driver *driver;
    struct arena arena;
    struct err err;
};

/* What was told of an attempt. */
struct told {
    struct attempt attempt;
    int running, ended; /* how often */
    pid_t child;
    struct attempt_exit exit;
};

static inline void told_running(struct attempt *attempt, pid_t child)
{
    struct told *told = CONTAINER_OF(attempt, struct told, attempt);
    cr_assert_eq(told->ended, 0);
    told->running++;
    told->child = child;
}

static inline void told_ended(struct attempt *attempt, const struct attempt_exit *exit)
{
    struct told *told = CONTAINER_OF(attempt, struct told, attempt);
    told->ended++;
    told->exit = *exit;
}

static const struct attempt_events told_events = {.running = told_running, .ended = told_ended};
#define TOLD ((struct told){.attempt.events = &told_events})

static inline struct driver *world_driver(struct world *world, const char *boot_id)
{
    struct driver *driver;
    enum err_code code =
        driver_open(&driver, world->loop, world->run_dir, SHIM_PROGRAM, boot_id, &world->err);
    cr_assert_eq(code, ERR_OK, "%s", world->err.detail);
    return driver;
}

static inline void world_open(struct world *world)
{
    *world = (struct world){.clock = clock_system()};
    arena_init(&world->arena);
    snprintf(world->root, sizeof world->root, "/tmp/dogshore-driver-XXXXXX");
    cr_assert_not_null(mkdtemp(world->root));
    snprintf(world->run_dir, WORLD_PATH_BYTES, "%s/run", world->root);
    snprintf(world->log, WORLD_PATH_BYTES, "%s/log", world->root);
    snprintf(world->say_path, WORLD_PATH_BYTES, "%s/say", world->root);
    snprintf(world->hear_path, WORLD_PATH_BYTES, "%s/hear", world->root);
    cr_assert_eq(mkfifo(world->say_path, 0600), 0);
    cr_assert_eq(mkfifo(world->hear_path, 0600), 0);
    world->say = fdopen(open(world->say_path, O_RDWR | O_CLOEXEC), "r");
    setvbuf(world->say, NULL, _IONBF, 0); /* so that poll(2) knows what there is */
    world->hear = open(world->hear_path, O_RDWR | O_CLOEXEC);
    cr_assert(world->say != NULL && world->hear >= 0);
    cr_assert_eq(loop_open(&world->loop, &world->clock, &world->err), ERR_OK);
    world->driver = world_driver(world, "boot-1");
}

/* --- processes -------------------------------------------------------------------------------- */

/* 0 when there is none or it is a zombie. */
static inline char process_state(pid_t process)
{
    char path[64], line[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    const char *end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
    fclose(file);
    return end == NULL || end[2] == 'Z' || end[2] == 'X' ? 0 : end[2];
}

static inline bool is_alive(pid_t process)
{
    return process_state(process) != 0;
}

static inline bool file_holds(const char *path, const char *needle)
{
    static char bytes[64 * 1024];
    FILE *file = fopen(path, "r");
    if (file == NULL) return false;
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return memmem(bytes, count, needle, strlen(needle)) != NULL;
}

/* Processes that have to do with this world's run directory. */
static inline size_t processes_of_world(const struct world *world)
{
    size_t count = 0;
    DIR *folder = opendir("/proc");
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int64_t number;
        char path[64];
        if (!text_to_int64(entry->d_name, 1, INT_MAX, &number)) continue;
        snprintf(path, sizeof path, "/proc/%d/environ", (int)number);
        bool is_of = file_holds(path, world->root);
        snprintf(path, sizeof path, "/proc/%d/cmdline", (int)number);
        is_of = is_of || file_holds(path, world->root);
        if (is_of && is_alive((pid_t)number) && number != getpid()) count++;
    }
    closedir(folder);
    return count;
}

/* The process's end; it may be anybody's child. */
static inline void wait_for_end(pid_t process)
{
    int fd = pidfd_open(process, 0);
    if (fd < 0) return;
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&watched, 1, PATIENCE_MS), 1, "process %d does not end", (int)process);
    close(fd);
}

static inline void world_close(struct world *world)
{
    driver_close(world->driver);
    loop_close(world->loop);
    fclose(world->say);
    close(world->hear);
    cr_assert_eq(processes_of_world(world), 0, "processes are left");
    folder_remove(world->root);
    arena_release(&world->arena);
}

/* --- talk ------------------------------------------------------------------------------------- */

/* The next word that a script says. */
static inline const char *world_hears(struct world *world)
{
    char line[256];
    struct pollfd watched = {.fd = fileno(world->say), .events = POLLIN};
    cr_assert_eq(poll(&watched, 1, PATIENCE_MS), 1, "nothing is said");
    cr_assert_not_null(fgets(line, sizeof line, world->say));
    line[strcspn(line, "\n")] = '\0';
    return arena_strdup(&world->arena, line);
}

static inline pid_t world_hears_pid(struct world *world)
{
    int64_t number = 0;
    cr_assert(text_to_int64(world_hears(world), 1, INT_MAX, &number));
    return (pid_t)number;
}

static inline void world_says(struct world *world, const char *word)
{
    cr_assert_eq(dprintf(world->hear, "%s\n", word), (int)strlen(word) + 1);
}

static inline const char *world_text(struct world *world, const char *path)
{
    struct err err;
    char *bytes;
    size_t count;
    enum err_code code = file_read(&world->arena, path, 64 << 20, &bytes, &count, &err);
    cr_assert_eq(code, ERR_OK, "%s", err.detail);
    return bytes;
}

static inline const char *world_log(struct world *world)
{
    return world_text(world, world->log);
}

/* --- attempts --------------------------------------------------------------------------------- */

static inline const char *world_folder(struct world *world, const char *replica, int64_t number)
{
    return arena_printf(&world->arena, "%s/%s/%" PRId64, world->run_dir, replica, number);
}

static inline void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* A spec with the environment of every script; `environment` has room for four. */
static inline struct attempt_spec world_spec(struct world *world, const char **environment,
                                             const char *const *arguments)
{
    environment[0] = "PATH=/usr/local/bin:/usr/bin:/bin";
    environment[1] = arena_printf(&world->arena, "SAY=%s", world->say_path);
    environment[2] = arena_printf(&world->arena, "HEAR=%s", world->hear_path);
    environment[3] = NULL;
    return (struct attempt_spec){.replica = "web-1",
                                 .number = 1,
                                 .arguments = arguments,
                                 .environment = environment,
                                 .working_dir = world->root,
                                 .log_path = world->log,
                                 .log_bytes = WORLD_LOG_BYTES,
                                 .stop_signal = SIGTERM};
}

static inline void world_start_program(struct world *world, struct told *told, int64_t number,
                                       const char *const *arguments)
{
    const char *environment[4];
    struct attempt_spec spec = world_spec(world, environment, arguments);
    spec.number = number;
    enum err_code code = driver_start(world->driver, &told->attempt, &spec, &world->err);
    cr_assert_eq(code, ERR_OK, "%s", world->err.detail);
}

static inline void world_start(struct world *world, struct told *told, const char *script)
{
    const char *arguments[] = {"/bin/sh", "-c", script, NULL};
    world_start_program(world, told, 1, arguments);
}

static inline void turn_until(struct world *world, const int *flag)
{
    int64_t end_ms = clock_boot_ms(&world->clock) + PATIENCE_MS;
    while (*flag == 0 && clock_boot_ms(&world->clock) < end_ms)
        loop_turn(world->loop, PATIENCE_MS);
    cr_assert_neq(*flag, 0, "it was not told");
}

static inline void world_runs(struct world *world, struct told *told)
{
    turn_until(world, &told->running);
    cr_assert_eq(told->running, 1);
}

static inline void world_ends(struct world *world, struct told *told)
{
    turn_until(world, &told->ended);
    cr_assert_eq(told->ended, 1);
    cr_assert_null(told->attempt.driver);
}

#endif
