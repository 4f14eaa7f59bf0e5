/* The shim by itself: its files, what it refuses, what it does when it is run by hand. */
#include "attempt_world.h"

#include <sys/file.h>
#include <sys/resource.h>

enum { NOBODY = 65534, EXIT_NO_INPUT = 66, EXIT_TAKEN = 75 };

static const char spec_text[] =
    "argument=/bin/sh\0argument=-c\0argument=echo started\0environment=A=b\0working_dir=/\0"
    "log_bytes=4096\0stop_signal=15\0boot_id=boot-1\0unknown=key";

/* A folder with a spec and nothing else. */
static const char *folder_with_spec(struct world *world)
{
    const char *folder = arena_printf(&world->arena, "%s/attempt", world->root);
    const char *path = arena_printf(&world->arena, "%s/spec", folder);
    cr_assert_eq(folder_make(folder, NULL), ERR_OK);
    FILE *spec = fopen(path, "w");
    fwrite(spec_text, 1, sizeof spec_text, spec);
    fprintf(spec, "log=%s", world->log); /* the last record needs no NUL */
    fclose(spec);
    return folder;
}

static int status_of(pid_t process)
{
    int status = 0;
    cr_assert_eq(waitpid(process, &status, 0), process);
    cr_assert(WIFEXITED(status), "status %#x", (unsigned)status);
    return WEXITSTATUS(status);
}

static int run_shim(const char *folder)
{
    pid_t shim = fork();
    if (shim == 0) {
        execl(SHIM_PROGRAM, "dogshore-shim", folder, (char *)NULL);
        _exit(127);
    }
    return status_of(shim);
}

static const char *file_of(struct world *world, const char *folder, const char *name)
{
    return world_text(world, arena_printf(&world->arena, "%s/%s", folder, name));
}

static bool has_file(struct world *world, const char *folder, const char *name)
{
    return access(arena_printf(&world->arena, "%s/%s", folder, name), F_OK) == 0;
}

Test(shim, an_attempt_is_run_and_its_end_is_written)
{
    struct world world;
    world_open(&world);
    const char *folder = folder_with_spec(&world);
    cr_assert_eq(run_shim(folder), 0);
    cr_assert_str_eq(file_of(&world, folder, "exit"), "end=exited\ncode=0\n");
    cr_assert_not_null(strstr(file_of(&world, folder, "pid"), "\nboot_id=boot-1\n"));
    cr_assert_str_eq(world_log(&world), "started\n");
    world_close(&world);
}

/* Nobody could tell it from a stranger; but that is no crash of its own. */
Test(shim, a_child_whose_pid_cannot_be_written_does_not_go_on)
{
    struct world world;
    world_open(&world);
    const char *folder = folder_with_spec(&world);
    cr_assert_eq(mkdir(arena_printf(&world.arena, "%s/pid.new", folder), 0700), 0);
    cr_assert_eq(run_shim(folder), 0);
    cr_assert_not(has_file(&world, folder, "pid"));
    const char *expected =
        arena_printf(&world.arena, "end=not_forked\nerrno=%d\nwhat=fork\n", EISDIR);
    cr_assert_str_eq(file_of(&world, folder, "exit"), expected);
    world_close(&world);
}

Test(shim, an_attempt_is_run_once)
{
    static const char *const signs[] = {"pid", "exit"};
    struct world world;
    world_open(&world);
    const char *folder = folder_with_spec(&world);
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const char *path = arena_printf(&world.arena, "%s/%s", folder, signs[i]);
        put_file(path, "", 0600);
        cr_assert_eq(run_shim(folder), EXIT_TAKEN);
        cr_assert_eq(unlink(path), 0);
    }
    cr_assert_neq(access(world.log, F_OK), 0, "it was started");
    world_close(&world);
}

Test(shim, nothing_is_run_while_somebody_else_holds_the_lock)
{
    struct world world;
    world_open(&world);
    const char *folder = folder_with_spec(&world);
    const char *lock = arena_printf(&world.arena, "%s/lock", folder);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    cr_assert_eq(run_shim(folder), EXIT_TAKEN);
    cr_assert_not(has_file(&world, folder, "pid") || has_file(&world, folder, "exit"));
    close(fd);
    world_close(&world);
}

static const char *const bad_specs[] = {"",
                                        "junk",
                                        "argument=true",
                                        "argument=true\nworking_dir=/\nlog=/dev/null\nboot_id=b\n"
                                        "stop_signal=15\nlog_bytes=0",
                                        "argument=true\nworking_dir=/\nlog=/dev/null\nboot_id=b\n"
                                        "stop_signal=99\nlog_bytes=100",
                                        "working_dir=/\nlog=/dev/null\nboot_id=b\n"
                                        "stop_signal=15\nlog_bytes=100"};

Test(shim, a_spec_that_lacks_something_starts_nothing)
{
    struct world world;
    world_open(&world);
    const char *folder = arena_printf(&world.arena, "%s/attempt", world.root);
    const char *path = arena_printf(&world.arena, "%s/spec", folder);
    cr_assert_eq(run_shim(folder), EXIT_NO_INPUT);
    cr_assert_eq(folder_make(folder, NULL), ERR_OK);
    cr_assert_eq(run_shim(folder), EXIT_NO_INPUT);
    for (size_t i = 0; i < sizeof bad_specs / sizeof *bad_specs; i++) {
        char *bytes = arena_strdup(&world.arena, bad_specs[i]);
        FILE *spec = fopen(path, "w");
        for (char *at = bytes; *at != '\0'; at++)
            fputc(*at == '\n' ? '\0' : *at, spec);
        fclose(spec);
        cr_assert_eq(run_shim(folder), EXIT_NO_INPUT, "%s", bad_specs[i]);
        cr_assert_not(has_file(&world, folder, "pid") || has_file(&world, folder, "exit"));
    }
    world_close(&world);
}

/* The limit of processes holds for others than root only. The program is opened before, since its
 * folder may be closed to them. */
static _Noreturn void run_limited(const char *folder)
{
    const struct rlimit none = {0};
    char name[] = "dogshore-shim";
    char *arguments[] = {name, strdup(folder), NULL}, *environment[] = {NULL};
    int program = open(SHIM_PROGRAM, O_RDONLY | O_CLOEXEC);
    if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0) _exit(126);
    if (setrlimit(RLIMIT_NPROC, &none) != 0) _exit(126);
    fexecve(program, arguments, environment);
    _exit(127);
}

Test(shim, a_child_that_cannot_be_forked_is_the_machines_fault)
{
    struct world world;
    world_open(&world);
    const char *folder = folder_with_spec(&world);
    if (geteuid() == 0) {
        cr_assert_eq(chmod(world.root, 0755), 0);
        cr_assert_eq(chown(folder, NOBODY, NOBODY), 0);
        cr_assert_eq(chmod(arena_printf(&world.arena, "%s/spec", folder), 0644), 0);
    }
    pid_t shim = fork();
    if (shim == 0) run_limited(folder);
    cr_assert_eq(status_of(shim), 0);
    cr_assert_str_eq(file_of(&world, folder, "exit"), "end=not_forked\nerrno=11\nwhat=fork\n");
    cr_assert_not(has_file(&world, folder, "pid"));
    world_close(&world);
}

Test(shim, a_folder_that_vanishes_does_not_keep_it_from_ending)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told, "echo ready >$SAY; read word <$HEAR");
    cr_assert_str_eq(world_hears(&world), "ready");
    world_runs(&world, &told);
    folder_remove(arena_printf(&world.arena, "%s/web-1", world.run_dir));
    world_says(&world, "go");
    world_ends(&world, &told);
    cr_assert_eq(told.exit.end, ATTEMPT_SHIM_LOST);
    world_close(&world);
}
