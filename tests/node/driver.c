#include "attempt_world.h"

/* --- how an attempt ends ---------------------------------------------------------------------- */

struct end {
    const char *arguments[4];
    const char *working_dir; /* NULL = the world's folder */
    enum attempt_end end;
    int code, signal;
    const char *reason;
};

static const struct end ends[] = {
    {{"/bin/sh", "-c", "exit 0"}, NULL, ATTEMPT_EXITED, 0, -1, "exited with status 0"},
    {{"/bin/sh", "-c", "exit 3"}, NULL, ATTEMPT_EXITED, 3, -1, "exited with status 3"},
    {{"sh", "-c", "exit 4"}, NULL, ATTEMPT_EXITED, 4, -1, "exited with status 4"},
    {{"./good"}, NULL, ATTEMPT_EXITED, 5, -1, "exited with status 5"},
    {{"/bin/sh", "-c", "kill -KILL $$"},
     NULL,
     ATTEMPT_SIGNALLED,
     -1,
     9,
     "killed by signal 9 (Killed)"},
    {{"/bin/sh", "-c", "kill -SEGV $$"},
     NULL,
     ATTEMPT_SIGNALLED,
     -1,
     11,
     "killed by signal 11 (Segmentation fault)"},
    {{"./serve"}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, "./serve: No such file or directory"},
    {{"no-such"}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, "no-such: No such file or directory"},
    {{""}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, ": No such file or directory"},
    {{"./plain"}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, "./plain: Permission denied"},
    {{"./junk"}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, "./junk: Exec format error"},
    {{"./orphan"}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, "./orphan: its interpreter does not exist"},
    {{"/"}, NULL, ATTEMPT_UNRUNNABLE, -1, -1, "/: Permission denied"},
    {{"true"},
     "/no/such/folder",
     ATTEMPT_UNRUNNABLE,
     -1,
     -1,
     "working_dir /no/such/folder: No such file or directory"},
    {{"true"}, "/dev/null", ATTEMPT_UNRUNNABLE, -1, -1, "working_dir /dev/null: Not a directory"},
};

static void put_programs(struct world *world)
{
    const struct {
        const char *name, *text;
        mode_t mode;
    } programs[] = {{"good", "#!/bin/sh\nexit 5\n", 0755},
                    {"plain", "#!/bin/sh\n", 0644},
                    {"junk", "exit 0\n", 0755},
                    {"orphan", "#!/no/such/interpreter\n", 0755}};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        put_file(arena_printf(&world->arena, "%s/%s", world->root, programs[i].name),
                 programs[i].text, programs[i].mode);
}

Test(driver, every_end_has_its_reason)
{
    struct world world;
    world_open(&world);
    put_programs(&world);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct told told = TOLD;
        const char *environment[4];
        struct attempt_spec spec = world_spec(&world, environment, ends[i].arguments);
        spec.number = (int64_t)i + 1;
        if (ends[i].working_dir != NULL) spec.working_dir = ends[i].working_dir;
        cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
        world_ends(&world, &told);
        cr_assert_str_eq(told.exit.reason, ends[i].reason);
        cr_assert_eq(told.exit.end, ends[i].end, "%s", ends[i].reason);
        cr_assert_eq(told.exit.code, ends[i].code, "%s", ends[i].reason);
        cr_assert_eq(told.exit.signal, ends[i].signal, "%s", ends[i].reason);
        cr_assert_eq(told.running, ends[i].end != ATTEMPT_UNRUNNABLE, "%s", ends[i].reason);
    }
    world_close(&world);
}

Test(driver, a_path_that_is_no_program_is_never_handed_to_a_shell)
{
    struct world world;
    const char *arguments[] = {"junk", NULL}, *environment[4];
    struct told told = TOLD;
    world_open(&world);
    put_programs(&world);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    environment[0] = arena_printf(&world.arena, "PATH=/no/such:%s", world.root);
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    world_ends(&world, &told);
    cr_assert_str_eq(told.exit.reason, "junk: Exec format error");
    world_close(&world);
}

/* --- what the child finds --------------------------------------------------------------------- */

Test(driver, the_child_has_its_environment_and_no_other)
{
    struct world world;
    const char *arguments[] = {"env", NULL};
    struct told told = TOLD;
    world_open(&world);
    world_start_program(&world, &told, 1, arguments);
    world_ends(&world, &told);
    const char *wanted =
        arena_printf(&world.arena,
                     "DOGSHORE_RUN_FOLDER=%s\nPATH=/usr/local/bin:/usr/bin:/bin\n"
                     "SAY=%s\nHEAR=%s\n",
                     world_folder(&world, "web-1", 1), world.say_path, world.hear_path);
    cr_assert_str_eq(world_log(&world), wanted);
    world_close(&world);
}

Test(driver, the_child_inherits_nothing)
{
    struct world world;
    const char *arguments[] = {"ls", "/proc/self/fd", NULL};
    struct told told = TOLD;
    world_open(&world);
    world_start_program(&world, &told, 1, arguments);
    world_ends(&world, &told);
    cr_assert_str_eq(world_log(&world), "0\n1\n2\n3\n"); /* 3 is ls's own */
    world_close(&world);
}

Test(driver, the_child_can_gain_no_privileges_and_has_plain_signals)
{
    static const char *const lines[] = {"NoNewPrivs:\t1\n", "Umask:\t0022\n",
                                        "SigBlk:\t0000000000000000\n",
                                        "SigIgn:\t0000000000000000\n"};
    struct world world;
    const char *arguments[] = {"cat", "/proc/self/status", "/proc/self/limits", NULL};
    struct told told = TOLD;
    signal(SIGPIPE, SIG_IGN);
    world_open(&world);
    world_start_program(&world, &told, 1, arguments);
    world_ends(&world, &told);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_assert_not_null(strstr(world_log(&world), lines[i]), "%s", world_log(&world));
    cr_assert_not_null(strstr(world_log(&world), "Max core file size        0 "));
    world_close(&world);
}

Test(driver, the_spec_is_for_our_eyes_only)
{
    struct world world;
    struct told told = TOLD;
    struct stat status;
    world_open(&world);
    world_start(&world, &told, "read word <$HEAR");
    world_runs(&world, &told);
    const char *folder = world_folder(&world, "web-1", 1);
    cr_assert_eq(stat(arena_printf(&world.arena, "%s/spec", folder), &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0600);
    cr_assert_eq(stat(folder, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0700);
    world_says(&world, "go");
    world_ends(&world, &told);
    world_close(&world);
}

/* --- signals ---------------------------------------------------------------------------------- */

Test(driver, running_is_told_with_the_pid_of_the_child)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told, "echo $$ >$SAY; read word <$HEAR; exit 7");
    world_runs(&world, &told);
    cr_assert_eq(world_hears_pid(&world), told.child);
    cr_assert_eq(getpgid(told.child), told.child);
    world_says(&world, "go");
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 7);
    world_close(&world);
}

Test(driver, the_stop_signal_reaches_the_whole_group)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(
        &world, &told,
        "trap : TERM\n"
        "sh -c 'trap \"echo second >$SAY; exit\" TERM; echo ready >$SAY; sleep 1000 & wait' &\n"
        "wait $!; wait $!; exit 5\n");
    cr_assert_str_eq(world_hears(&world), "ready");
    driver_signal(&told.attempt);
    cr_assert_str_eq(world_hears(&world), "second");
    world_ends(&world, &told);
    cr_assert_str_eq(told.exit.reason, "exited with status 5");
    world_close(&world);
}

Test(driver, the_stop_signal_is_the_one_of_the_spec)
{
    struct world world;
    const char *script = "trap 'exit 6' USR2; echo ready >$SAY; sleep 1000 & wait";
    const char *arguments[] = {"/bin/sh", "-c", script, NULL}, *environment[4];
    struct told told = TOLD;
    world_open(&world);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    spec.stop_signal = SIGUSR2;
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    cr_assert_str_eq(world_hears(&world), "ready");
    driver_signal(&told.attempt);
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 6);
    world_close(&world);
}

Test(driver, who_ignores_the_stop_signal_goes_on_until_it_is_killed)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told,
                "trap 'echo heard >$SAY' TERM; echo ready >$SAY\n"
                "while :; do sleep 1000 & wait $!; done");
    cr_assert_str_eq(world_hears(&world), "ready");
    for (int i = 0; i < 3; i++) {
        driver_signal(&told.attempt);
        cr_assert_str_eq(world_hears(&world), "heard");
    }
    world_runs(&world, &told);
    cr_assert_eq(told.ended, 0);
    driver_kill(&told.attempt);
    world_ends(&world, &told);
    cr_assert_str_eq(told.exit.reason, "killed by signal 9 (Killed)");
    world_close(&world);
}

Test(driver, a_stop_that_comes_before_the_process_does_is_not_lost)
{
    struct world world;
    world_open(&world);
    for (int64_t number = 1; number <= 20; number++) {
        const char *arguments[] = {"sleep", "1000", NULL};
        struct told told = TOLD;
        world_start_program(&world, &told, number, arguments);
        if (number % 2 == 0) driver_signal(&told.attempt);
        if (number % 2 == 1) driver_kill(&told.attempt);
        world_ends(&world, &told);
        cr_assert_eq(told.exit.end, ATTEMPT_SIGNALLED);
        cr_assert_eq(told.exit.signal, number % 2 == 0 ? SIGTERM : SIGKILL);
    }
    world_close(&world);
}

Test(driver, signals_after_the_end_go_nowhere)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told, "exit 0");
    world_ends(&world, &told);
    driver_signal(&told.attempt);
    driver_kill(&told.attempt);
    driver_forget(&told.attempt);
    world_close(&world);
}

/* --- attempts and folders --------------------------------------------------------------------- */

Test(driver, an_attempt_is_started_once)
{
    struct world world;
    const char *arguments[] = {"true", NULL}, *environment[4];
    struct told told = TOLD;
    world_open(&world);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    world_ends(&world, &told);
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_IO);
    cr_assert_null(told.attempt.driver);
    world_close(&world);
}

Test(driver, the_next_attempt_removes_what_is_left_of_the_one_before)
{
    struct world world;
    struct stat status;
    world_open(&world);
    for (int64_t number = 1; number <= 3; number++) {
        const char *arguments[] = {"true", NULL};
        struct told told = TOLD;
        world_start_program(&world, &told, number, arguments);
        world_ends(&world, &told);
    }
    cr_assert_neq(stat(world_folder(&world, "web-1", 1), &status), 0);
    cr_assert_neq(stat(world_folder(&world, "web-1", 2), &status), 0);
    cr_assert_eq(stat(world_folder(&world, "web-1", 3), &status), 0);
    driver_remove(world.driver, "web-1");
    cr_assert_neq(stat(arena_printf(&world.arena, "%s/web-1", world.run_dir), &status), 0);
    world_close(&world);
}

Test(driver, a_replica_id_is_no_path)
{
    static const char *const names[] = {"", ".", "..", "../web", "/web", "web/1", "Web"};
    struct world world;
    const char *arguments[] = {"true", NULL}, *environment[4];
    world_open(&world);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct told told = TOLD;
        spec.replica = names[i];
        cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_IO);
        cr_assert_not(driver_adopt(world.driver, &told.attempt, names[i], 1));
        driver_remove(world.driver, names[i]);
    }
    cr_assert_eq(access(world.run_dir, F_OK), 0);
    world_close(&world);
}

Test(driver, a_shim_that_is_missing_is_named)
{
    struct world world;
    struct driver *driver;
    world_open(&world);
    enum err_code code =
        driver_open(&driver, world.loop, world.run_dir, "/no/such/shim", "b", &world.err);
    cr_assert_eq(code, ERR_CONFIG);
    cr_assert_str_eq(world.err.detail, "the shim program /no/such/shim cannot be run: "
                                       "No such file or directory");
    world_close(&world);
}

Test(driver, a_run_directory_that_others_may_write_is_refused)
{
    struct world world;
    struct driver *driver;
    world_open(&world);
    cr_assert_eq(chmod(world.run_dir, 0777), 0);
    enum err_code code =
        driver_open(&driver, world.loop, world.run_dir, SHIM_PROGRAM, "b", &world.err);
    cr_assert_eq(code, ERR_CONFIG);
    world_close(&world);
}
