/* What goes wrong around a process, and that nothing is left behind by it. */
#include "attempt_world.h"

#include <sys/prctl.h>
#include <sys/resource.h>

enum { NOBODY = 65534 };

/* --- descendants ------------------------------------------------------------------------------ */

/* Each says its number; all of them outlive their parents. */
static const char *const descendants[] = {
    "sleep 1000 & echo $! >$SAY; read word <$HEAR",
    "setsid sh -c 'echo $$ >$SAY; exec sleep 1000' & read word <$HEAR",
    "(setsid sh -c 'echo $$ >$SAY; exec sleep 1000' &) & wait; read word <$HEAR",
    "setsid sh -c 'setsid sh -c \"echo \\$\\$ >$SAY; sleep 1000; :\" & wait' & read word <$HEAR",
    "setsid env -i sh -c 'trap \"\" TERM INT HUP; echo $$; exec sleep 1000' >$SAY & read w <$HEAR",
};

Test(driver_faults, whatever_descends_from_the_child_ends_with_it)
{
    for (size_t i = 0; i < sizeof descendants / sizeof *descendants; i++) {
        struct world world;
        struct told told = TOLD;
        world_open(&world);
        world_start(&world, &told, descendants[i]);
        pid_t descendant = world_hears_pid(&world);
        cr_assert(is_alive(descendant));
        world_says(&world, "go");
        world_ends(&world, &told);
        cr_assert_eq(told.exit.code, 0, "%s", descendants[i]);
        cr_assert_not(is_alive(descendant), "%s", descendants[i]);
        world_close(&world);
    }
}

Test(driver_faults, many_descendants_in_sessions_of_their_own_end_with_it)
{
    struct world world;
    struct told told = TOLD;
    pid_t descendant[50];
    world_open(&world);
    world_start(&world, &told,
                "i=0; while [ $i -lt 50 ]; do i=$((i+1))\n"
                "setsid sh -c 'echo $$ >$SAY; exec sleep 1000' &\n"
                "done; read word <$HEAR");
    for (int i = 0; i < 50; i++)
        descendant[i] = world_hears_pid(&world);
    driver_kill(&told.attempt);
    world_ends(&world, &told);
    for (int i = 0; i < 50; i++)
        cr_assert_not(is_alive(descendant[i]));
    world_close(&world);
}

/* --- a lost shim ------------------------------------------------------------------------------ */

static void kill_shim_of(struct world *world, struct told *told)
{
    cr_assert_eq(kill(told->attempt.shim, SIGKILL), 0);
    world_ends(world, told);
    cr_assert_eq(told->exit.end, ATTEMPT_SHIM_LOST);
    cr_assert_str_eq(told->exit.reason, "its dogshore-shim was killed; how it ended is not known");
    cr_assert_not(is_alive(told->child));
}

/* Not stopped before it has said that the child runs: it would never say so. */
Test(driver_faults, a_stopped_shim_obeys_all_the_same)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told,
                "trap 'exit 6' TERM; read word <$HEAR; kill -STOP $PPID; echo >$SAY\n"
                "sleep 1000 & wait");
    world_runs(&world, &told);
    world_says(&world, "go");
    world_hears(&world);
    driver_signal(&told.attempt);
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 6);
    world_close(&world);
}

Test(driver_faults, a_killed_shim_leaves_nothing_behind)
{
    for (size_t i = 0; i + 1 < sizeof descendants / sizeof *descendants; i++) {
        struct world world;
        struct told told = TOLD;
        world_open(&world);
        world_start(&world, &told, descendants[i]);
        world_runs(&world, &told);
        pid_t descendant = world_hears_pid(&world);
        kill_shim_of(&world, &told);
        cr_assert_not(is_alive(descendant), "%s", descendants[i]);
        world_close(&world);
    }
}

Test(driver_faults, a_killed_shim_leaves_none_of_its_session_whatever_its_environment)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told, "env -i sh -c 'echo $$; exec sleep 1000' >$SAY & read word <$HEAR");
    world_runs(&world, &told);
    pid_t descendant = world_hears_pid(&world);
    kill_shim_of(&world, &told);
    cr_assert_not(is_alive(descendant));
    world_close(&world);
}

Test(driver_faults, the_processes_of_others_survive_a_killed_shim)
{
    struct world world;
    struct told lost = TOLD, other = TOLD;
    world_open(&world);
    world_start(&world, &lost, "read word <$HEAR");
    const char *arguments[] = {"sleep", "1000", NULL}, *environment[4];
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    spec.replica = "web-10";
    cr_assert_eq(driver_start(world.driver, &other.attempt, &spec, &world.err), ERR_OK);
    world_runs(&world, &lost);
    world_runs(&world, &other);
    kill_shim_of(&world, &lost);
    cr_assert(is_alive(other.child));
    driver_kill(&other.attempt);
    world_ends(&world, &other);
    cr_assert_eq(other.exit.signal, SIGKILL);
    world_close(&world);
}

Test(driver_faults, a_burnt_attempt_is_never_started_again)
{
    struct world world;
    struct told told = TOLD;
    const char *arguments[] = {"true", NULL}, *environment[4];
    world_open(&world);
    world_start(&world, &told, "read word <$HEAR");
    world_runs(&world, &told);
    kill_shim_of(&world, &told);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_IO);
    spec.number = 2;
    told = TOLD;
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 0);
    world_close(&world);
}

/* --- output ----------------------------------------------------------------------------------- */

static int64_t cpu_ticks(struct world *world, pid_t process)
{
    const char *path = arena_printf(&world->arena, "/proc/%d/stat", (int)process);
    const char *at = strrchr(world_text(world, path), ')');
    for (int field = 3; field <= 14; field++)
        at = strchr(at + 1, ' ');
    char *end;
    int64_t user = strtoll(at, &end, 10);
    return user + strtoll(end, NULL, 10);
}

/* The child uses a quarter of a second of processor time, its shim next to nothing. */
Test(driver_faults, a_child_that_closes_its_output_costs_nothing)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    world_start(&world, &told,
                "echo begin; exec >/dev/null 2>&1\n"
                "while read a b c d e f g h i j k l m user system rest </proc/$$/stat &&\n"
                "      [ $((user + system)) -lt 25 ]; do :; done\n"
                "echo ready >$SAY; read word <$HEAR; exit 4");
    cr_assert_str_eq(world_hears(&world), "ready");
    cr_assert_lt(cpu_ticks(&world, told.attempt.shim), 10);
    world_says(&world, "go");
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 4);
    cr_assert_str_eq(world_log(&world), "begin\n");
    world_close(&world);
}

static void flood(struct world *world, int64_t log_bytes, const char *script)
{
    const char *arguments[] = {"/bin/sh", "-c", script, NULL}, *environment[4];
    struct told told = TOLD;
    world_open(world);
    struct attempt_spec spec = world_spec(world, environment, arguments);
    spec.log_bytes = log_bytes;
    cr_assert_eq(driver_start(world->driver, &told.attempt, &spec, &world->err), ERR_OK);
    world_ends(world, &told);
    cr_assert_eq(told.exit.code, 0);
}

static int64_t number_at(const char *line)
{
    cr_assert(text_starts(line, "line "), "%.20s", line);
    return strtoll(line + 5, NULL, 10);
}

static const char *last_line(const char *text)
{
    size_t bytes = strlen(text);
    cr_assert(bytes > 1 && text[bytes - 1] == '\n');
    const char *before = memrchr(text, '\n', bytes - 1);
    return before == NULL ? text : before + 1;
}

static const int64_t log_limits[] = {100, 4096, 65536, 100000};

Test(driver_faults, a_flood_of_lines_is_rotated_between_two_of_them)
{
    for (size_t i = 0; i < sizeof log_limits / sizeof *log_limits; i++) {
        struct world world;
        flood(&world, log_limits[i],
              "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; done");
        const char *newer = world_log(&world);
        const char *older = world_text(&world, arena_printf(&world.arena, "%s.1", world.log));
        if (*newer == '\0') newer = older; /* rotated at the very end */
        cr_assert_eq(number_at(last_line(newer)), 20000);
        cr_assert(newer == older || number_at(newer) == number_at(last_line(older)) + 1);
        number_at(older);
        cr_assert_leq((int64_t)strlen(newer), log_limits[i]);
        cr_assert_leq((int64_t)strlen(older), log_limits[i]);
        cr_assert_gt((int64_t)strlen(older), log_limits[i] / 4);
        world_close(&world);
    }
}

Test(driver_faults, a_flood_without_lines_stays_within_the_cap)
{
    for (size_t i = 0; i < sizeof log_limits / sizeof *log_limits; i++) {
        struct world world;
        struct stat newer, older;
        flood(&world, log_limits[i], "head -c 3000000 /dev/zero");
        cr_assert_eq(stat(world.log, &newer), 0);
        cr_assert_eq(stat(arena_printf(&world.arena, "%s.1", world.log), &older), 0);
        cr_assert_leq(newer.st_size, log_limits[i]);
        cr_assert_leq(older.st_size, log_limits[i]);
        cr_assert_gt(older.st_size, log_limits[i] / 4);
        world_close(&world);
    }
}

Test(driver_faults, a_log_that_cannot_be_written_does_not_keep_the_child_waiting)
{
    struct world world;
    const char *arguments[] = {"head", "-c", "3000000", "/dev/zero", NULL}, *environment[4];
    struct told told = TOLD;
    world_open(&world);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    spec.log_path = "/dev/full";
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 0);
    spec.log_path = "/no/such/folder/log";
    spec.number = 2;
    told = TOLD;
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    world_ends(&world, &told);
    cr_assert_eq(told.exit.code, 0);
    world_close(&world);
}

Test(driver_faults, the_next_attempt_goes_on_in_the_same_log)
{
    struct world world;
    const char *arguments[] = {"echo", "hello", NULL};
    world_open(&world);
    for (int64_t number = 1; number <= 3; number++) {
        struct told told = TOLD;
        world_start_program(&world, &told, number, arguments);
        world_ends(&world, &told);
    }
    cr_assert_str_eq(world_log(&world), "hello\nhello\nhello\n");
    world_close(&world);
}

/* --- a machine without room ------------------------------------------------------------------- */

/* Root has no limit of processes, so it becomes somebody who has. */
static void become_limited(struct world *world)
{
    if (geteuid() == 0) {
        cr_assert_eq(chown(world->root, NOBODY, NOBODY), 0);
        cr_assert_eq(chown(world->run_dir, NOBODY, NOBODY), 0);
        cr_assert_eq(setresuid(NOBODY, NOBODY, NOBODY), 0);
        prctl(PR_SET_DUMPABLE, 1);
    }
}

Test(driver_faults, a_machine_that_cannot_make_a_process_says_so)
{
    struct world world;
    const char *arguments[] = {"true", NULL}, *environment[4];
    struct told told = TOLD;
    struct rlimit limit;
    world_open(&world);
    become_limited(&world);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    cr_assert_eq(getrlimit(RLIMIT_NPROC, &limit), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NPROC, &none), 0);
    enum err_code code = driver_start(world.driver, &told.attempt, &spec, &world.err);
    cr_assert_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
    cr_assert_eq(code, ERR_UNAVAILABLE);
    cr_assert_str_eq(world.err.detail, "this machine cannot make another process: "
                                       "Resource temporarily unavailable");
    cr_assert_null(told.attempt.driver);
    cr_assert(driver_adopt(world.driver, &told.attempt, "web-1", 1));
    world_ends(&world, &told);
    cr_assert_eq(told.exit.end, ATTEMPT_NOT_FORKED);
    cr_assert_str_eq(told.exit.reason, world.err.detail);
    world_close(&world);
}

Test(driver_faults, without_descriptors_nothing_is_started_and_nothing_left)
{
    struct world world;
    const char *arguments[] = {"sleep", "1000", NULL}, *environment[4];
    struct rlimit limit;
    int next = dup(0);
    world_open(&world);
    close(next);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    int free_one = dup(0), failures = 0;
    close(free_one);
    for (int room = 0; room < 8; room++) {
        struct told told = TOLD;
        const struct rlimit few = {.rlim_cur = (rlim_t)(free_one + room),
                                   .rlim_max = limit.rlim_max};
        spec.number = room + 1;
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
        enum err_code code = driver_start(world.driver, &told.attempt, &spec, &world.err);
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        if (code != ERR_OK) {
            failures++;
            cr_assert_null(told.attempt.driver);
            cr_assert_eq(processes_of_world(&world), 0, "left with room for %d", room);
            continue;
        }
        driver_kill(&told.attempt);
        world_ends(&world, &told);
    }
    cr_assert(failures > 0 && failures < 8);
    world_close(&world);
}
