/* An agent that was killed, as driver_forget() and another driver on the same run directory. */
#include "attempt_world.h"

#include <sys/file.h>
#include <sys/resource.h>

static void new_agent(struct world *world, const char *boot_id)
{
    driver_close(world->driver);
    world->driver = world_driver(world, boot_id);
}

static void adopt(struct world *world, struct told *told)
{
    *told = TOLD;
    cr_assert(driver_adopt(world->driver, &told->attempt, "web-1", 1));
    cr_assert_eq(told->running + told->ended, 0, "told before the loop turned");
}

/* Started, running, and forgotten by an agent that is no more. */
static void orphan_shim(struct world *world, struct told *told, const char *script)
{
    *told = TOLD;
    world_open(world);
    world_start(world, told, script);
    world_runs(world, told);
    pid_t shim = told->attempt.shim;
    driver_forget(&told->attempt);
    told->attempt.shim = shim;
    new_agent(world, "boot-1");
}

static const char *pid_path(struct world *world)
{
    return arena_printf(&world->arena, "%s/pid", world_folder(world, "web-1", 1));
}

/* --- alive ------------------------------------------------------------------------------------ */

Test(driver_adopt, the_same_process_goes_on_and_its_end_is_known)
{
    struct world world;
    struct told told, adopted;
    orphan_shim(&world, &told, "echo before; read word <$HEAR; echo after; exit 9");
    adopt(&world, &adopted);
    world_runs(&world, &adopted);
    cr_assert_eq(adopted.child, told.child);
    cr_assert(is_alive(told.child));
    world_says(&world, "go");
    world_ends(&world, &adopted);
    cr_assert_str_eq(adopted.exit.reason, "exited with status 9");
    cr_assert_str_eq(world_log(&world), "before\nafter\n");
    world_close(&world);
}

Test(driver_adopt, ten_agents_in_a_row_adopt_the_same_process)
{
    struct world world;
    struct told told, adopted;
    orphan_shim(&world, &told, "read word <$HEAR; exit 9");
    for (int agent = 0; agent < 10; agent++) {
        adopt(&world, &adopted);
        world_runs(&world, &adopted);
        cr_assert_eq(adopted.child, told.child);
        driver_forget(&adopted.attempt);
        new_agent(&world, "boot-1");
    }
    adopt(&world, &adopted);
    world_says(&world, "go");
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.code, 9);
    world_close(&world);
}

Test(driver_adopt, a_signal_right_after_the_adoption_arrives)
{
    struct world world;
    struct told told, adopted;
    orphan_shim(&world, &told, "trap 'exit 6' TERM; echo ready >$SAY; sleep 1000 & wait");
    cr_assert_str_eq(world_hears(&world), "ready");
    adopt(&world, &adopted);
    driver_signal(&adopted.attempt);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.running, 1);
    cr_assert_eq(adopted.exit.code, 6);
    world_close(&world);
}

/* The agent died between the start and the execution: here the file is hidden for a while. */
Test(driver_adopt, a_process_that_was_not_executed_yet_is_told_when_it_is)
{
    struct world world;
    struct told told, adopted;
    orphan_shim(&world, &told, "read word <$HEAR; exit 9");
    const char *hidden = arena_printf(&world.arena, "%s/hidden", world.root);
    cr_assert_eq(rename(pid_path(&world), hidden), 0);
    adopt(&world, &adopted);
    loop_turn(world.loop, 0);
    cr_assert_eq(adopted.running, 0);
    cr_assert_eq(rename(hidden, pid_path(&world)), 0);
    world_runs(&world, &adopted);
    cr_assert_eq(adopted.child, told.child);
    driver_kill(&adopted.attempt);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.signal, SIGKILL);
    world_close(&world);
}

/* Its child has the same command line until it is executed: here for ever. */
Test(driver_adopt, the_shim_is_not_mistaken_for_its_child)
{
    struct world world;
    struct told told = TOLD, adopted;
    world_open(&world);
    const char *link = arena_printf(&world.arena, "%s/dogshore-shim", world.root);
    cr_assert_eq(symlink("/usr/bin/flock", link), 0);
    const char *folder = world_folder(&world, "web-1", 1);
    const char *arguments[] = {
        "dogshore-shim", folder, "sh", "-c", "echo ready >$SAY; sleep 1000; :", NULL};
    const char *environment[4];
    struct attempt_spec spec = world_spec(&world, environment, arguments);
    environment[0] = arena_printf(&world.arena, "PATH=%s:/usr/bin:/bin", world.root);
    cr_assert_eq(driver_start(world.driver, &told.attempt, &spec, &world.err), ERR_OK);
    cr_assert_str_eq(world_hears(&world), "ready");
    world_runs(&world, &told);
    driver_forget(&told.attempt);
    new_agent(&world, "boot-1");
    cr_assert_eq(unlink(pid_path(&world)), 0);
    adopt(&world, &adopted);
    driver_kill(&adopted.attempt);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.signal, SIGKILL);
    world_close(&world);
}

/* An agent without a free descriptor knows nothing of the process, and so not that it ended. */
Test(driver_adopt, an_agent_that_can_open_no_file_takes_nothing_for_lost)
{
    struct world world;
    struct told told, adopted;
    struct rlimit files, none = {0};
    orphan_shim(&world, &told, "read word <$HEAR; exit 9");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
    none.rlim_max = files.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    adopt(&world, &adopted);
    for (int turn = 0; turn < 3; turn++)
        loop_turn(world.loop, PATIENCE_MS);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &files), 0);
    cr_assert_eq(adopted.ended, 0);
    world_runs(&world, &adopted);
    cr_assert_eq(adopted.child, told.child);
    world_says(&world, "go");
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.code, 9);
    world_close(&world);
}

/* Whatever the files say: two attempts of a replica never run side by side. */
Test(driver_adopt, what_is_alive_of_other_attempts_is_ended)
{
    struct world world;
    struct told told;
    orphan_shim(&world, &told, "setsid env -i sleep 1000 & trap '' TERM; read word <$HEAR");
    cr_assert_eq(driver_end_others(world.driver, "web-1", 1), 0);
    cr_assert(is_alive(told.child));
    cr_assert_eq(driver_end_others(world.driver, "web-1", 9), 1);
    cr_assert_not(is_alive(told.child));
    cr_assert_not(is_alive(told.attempt.shim));
    world_close(&world);
}

Test(driver_adopt, the_start_of_an_attempt_ends_an_earlier_one)
{
    struct world world;
    struct told told, next = TOLD;
    const char *arguments[] = {"true", NULL};
    orphan_shim(&world, &told, "read word <$HEAR");
    cr_assert_eq(kill(told.attempt.shim, SIGSTOP), 0);
    world_start_program(&world, &next, 2, arguments);
    cr_assert_not(is_alive(told.child));
    world_ends(&world, &next);
    cr_assert_eq(next.exit.code, 0);
    world_close(&world);
}

/* --- ended while nobody was there ------------------------------------------------------------- */

Test(driver_adopt, an_end_that_nobody_saw_is_told_at_the_adoption)
{
    struct world world;
    struct told told, adopted;
    orphan_shim(&world, &told, "read word <$HEAR; exit 7");
    world_says(&world, "go");
    wait_for_end(told.attempt.shim);
    adopt(&world, &adopted);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.running, 0);
    cr_assert_str_eq(adopted.exit.reason, "exited with status 7");
    world_close(&world);
}

static pid_t lose_shim(struct world *world, struct told *told)
{
    orphan_shim(world, told, "setsid sh -c 'echo $$ >$SAY; exec sleep 1000' & read word <$HEAR");
    pid_t grandchild = world_hears_pid(world);
    cr_assert_eq(kill(told->attempt.shim, SIGKILL), 0);
    wait_for_end(told->attempt.shim);
    wait_for_end(told->child);
    cr_assert(is_alive(grandchild));
    return grandchild;
}

Test(driver_adopt, a_shim_that_was_killed_meanwhile_leaves_nothing)
{
    struct world world;
    struct told told, adopted;
    pid_t grandchild = lose_shim(&world, &told);
    adopt(&world, &adopted);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.end, ATTEMPT_SHIM_LOST);
    cr_assert_not(is_alive(grandchild));
    adopt(&world, &adopted);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.end, ATTEMPT_SHIM_LOST);
    world_close(&world);
}

Test(driver_adopt, a_reboot_is_told_apart)
{
    struct world world;
    struct told told, adopted;
    pid_t grandchild = lose_shim(&world, &told);
    new_agent(&world, "boot-2");
    adopt(&world, &adopted);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.end, ATTEMPT_REBOOTED);
    kill(grandchild, SIGKILL);
    wait_for_end(grandchild);
    world_close(&world);
}

Test(driver_adopt, there_is_nothing_to_adopt_without_a_folder)
{
    struct world world;
    struct told told = TOLD;
    world_open(&world);
    cr_assert_not(driver_adopt(world.driver, &told.attempt, "web-1", 1));
    cr_assert_null(told.attempt.driver);
    world_close(&world);
}

Test(driver_adopt, an_agent_that_died_before_the_start_has_burnt_the_attempt)
{
    struct world world;
    struct told adopted;
    world_open(&world);
    const char *folder = world_folder(&world, "web-1", 1);
    cr_assert_eq(folder_make(arena_printf(&world.arena, "%s/web-1", world.run_dir), NULL), ERR_OK);
    cr_assert_eq(folder_make(folder, NULL), ERR_OK);
    adopt(&world, &adopted);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.end, ATTEMPT_SHIM_LOST);
    world_close(&world);
}

/* The shim was killed, and a child that was not executed yet holds its lock a little longer. */
Test(driver_adopt, a_lock_without_a_shim_is_waited_for)
{
    struct world world;
    struct told told, adopted;
    pid_t grandchild = lose_shim(&world, &told);
    const char *lock = arena_printf(&world.arena, "%s/lock", world_folder(&world, "web-1", 1));
    int fd = open(lock, O_RDWR | O_CLOEXEC);
    cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    adopt(&world, &adopted);
    loop_turn(world.loop, 0);
    cr_assert(is_alive(grandchild));
    cr_assert_eq(adopted.ended, 0);
    close(fd);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.end, ATTEMPT_SHIM_LOST);
    cr_assert_not(is_alive(grandchild));
    world_close(&world);
}

/* --- a number that is another process by now -------------------------------------------------- */

static pid_t start_stranger(void)
{
    pid_t stranger = fork();
    if (stranger == 0) {
        execl("/bin/sleep", "sleep", "1000", (char *)NULL);
        _exit(127);
    }
    cr_assert(stranger > 0);
    return stranger;
}

static void end_stranger(pid_t stranger)
{
    cr_assert(is_alive(stranger), "the stranger got a signal");
    kill(stranger, SIGKILL);
    waitpid(stranger, NULL, 0);
}

static int64_t start_ticks(struct world *world, pid_t process)
{
    const char *path = arena_printf(&world->arena, "/proc/%d/stat", (int)process);
    const char *at = strrchr(world_text(world, path), ')');
    for (int field = 3; field <= 22; field++)
        at = strchr(at + 1, ' ');
    return strtoll(at, NULL, 10);
}

static void forge_pid(struct world *world, pid_t stranger, int64_t ticks)
{
    put_file(pid_path(world),
             arena_printf(&world->arena,
                          "shim=%d\nshim_start=%" PRId64 "\nchild=%d\nchild_start=%" PRId64
                          "\nboot_id=boot-1\n",
                          (int)stranger, ticks, (int)stranger, ticks),
             0600);
}

Test(driver_adopt, a_stranger_with_the_number_of_a_dead_shim_gets_no_signal)
{
    for (int is_exact = 0; is_exact < 2; is_exact++) {
        struct world world;
        struct told told, adopted;
        pid_t stranger = start_stranger(), grandchild = lose_shim(&world, &told);
        forge_pid(&world, stranger, is_exact ? start_ticks(&world, stranger) : 1);
        adopt(&world, &adopted);
        driver_signal(&adopted.attempt);
        driver_kill(&adopted.attempt);
        world_ends(&world, &adopted);
        cr_assert_eq(adopted.exit.end, ATTEMPT_SHIM_LOST);
        cr_assert_not(is_alive(grandchild));
        end_stranger(stranger);
        world_close(&world);
    }
}

Test(driver_adopt, the_living_shim_is_found_though_its_pid_file_names_a_stranger)
{
    struct world world;
    struct told told, adopted;
    pid_t stranger = start_stranger();
    orphan_shim(&world, &told, "read word <$HEAR");
    forge_pid(&world, stranger, start_ticks(&world, stranger));
    adopt(&world, &adopted);
    cr_assert_eq(adopted.attempt.shim, told.attempt.shim);
    driver_kill(&adopted.attempt);
    world_ends(&world, &adopted);
    cr_assert_eq(adopted.exit.signal, SIGKILL);
    cr_assert_not(is_alive(told.child));
    end_stranger(stranger);
    world_close(&world);
}
