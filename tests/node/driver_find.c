#include "attempt_world.h"

static void start_replica(struct world *world, struct told *told, const char *replica,
                          int64_t number, const char *script)
{
    const char *arguments[] = {"/bin/sh", "-c", script, NULL}, *environment[4];
    struct attempt_spec spec = world_spec(world, environment, arguments);
    spec.replica = replica;
    spec.number = number;
    *told = TOLD;
    enum err_code code = driver_start(world->driver, &told->attempt, &spec, &world->err);
    cr_assert_eq(code, ERR_OK, "%s", world->err.detail);
}

static void end_replica(struct world *world, struct told *told)
{
    driver_kill(&told->attempt);
    world_ends(world, told);
}

Test(driver_find, the_newest_attempt_of_each_replica_is_found)
{
    struct world world;
    struct told dead, living;
    struct found_attempt *found;
    size_t count;
    world_open(&world);
    for (int64_t number = 9; number <= 10; number++) {
        start_replica(&world, &dead, "db-7", number, "exit 0");
        world_ends(&world, &dead);
    }
    start_replica(&world, &living, "web-1", 3, "read word <$HEAR");
    world_runs(&world, &living);
    folder_make(arena_printf(&world.arena, "%s/empty", world.run_dir), NULL);
    folder_make(arena_printf(&world.arena, "%s/Other", world.run_dir), NULL);
    put_file(arena_printf(&world.arena, "%s/web-1/record", world.run_dir), "", 0600);
    put_file(arena_printf(&world.arena, "%s/web-1/8", world.run_dir), "", 0600);
    folder_make(arena_printf(&world.arena, "%s/web-1/%" PRId64, world.run_dir, INT64_MAX), NULL);
    put_file(arena_printf(&world.arena, "%s/file", world.run_dir), "", 0600);
    enum err_code code = driver_find(world.driver, &world.arena, &found, &count, &world.err);
    cr_assert_eq(code, ERR_OK, "%s", world.err.detail);
    cr_assert_eq(count, 2);
    cr_assert_str_eq(found[0].replica, "db-7");
    cr_assert_eq(found[0].number, 10);
    cr_assert_not(found[0].alive);
    cr_assert_str_eq(found[1].replica, "web-1");
    cr_assert_eq(found[1].number, 3);
    cr_assert(found[1].alive);
    end_replica(&world, &living);
    world_close(&world);
}

Test(driver_find, what_is_alive_is_not_removed)
{
    struct world world;
    struct told told;
    world_open(&world);
    start_replica(&world, &told, "web-1", 1, "read word <$HEAR");
    world_runs(&world, &told);
    driver_remove(world.driver, "web-1");
    driver_remove(world.driver, "web-2");
    cr_assert_eq(access(world_folder(&world, "web-1", 1), F_OK), 0);
    end_replica(&world, &told);
    driver_remove(world.driver, "web-1");
    cr_assert_neq(access(world_folder(&world, "web-1", 1), F_OK), 0);
    world_close(&world);
}

/* --- strays ----------------------------------------------------------------------------------- */

enum { GRACE_MS = 200 };

static void forget_running(struct world *world, struct told *told)
{
    world_runs(world, told);
    driver_forget(&told->attempt);
}

static void hide(struct world *world, const char *replica)
{
    const char *from = arena_printf(&world->arena, "%s/%s", world->run_dir, replica);
    const char *to = arena_printf(&world->arena, "%s/hidden-%s", world->root, replica);
    cr_assert_eq(rename(from, to), 0);
}

Test(driver_find, a_shim_whose_folder_is_gone_is_stopped)
{
    struct world world;
    struct told polite, deaf, kept;
    world_open(&world);
    start_replica(&world, &polite, "web-1", 1,
                  "trap 'echo stopped >$SAY; exit' TERM; echo ready >$SAY; sleep 1000 & wait");
    cr_assert_str_eq(world_hears(&world), "ready");
    start_replica(&world, &deaf, "web-2", 1, "trap '' TERM; echo ready >$SAY; exec sleep 1000");
    cr_assert_str_eq(world_hears(&world), "ready");
    start_replica(&world, &kept, "web-3", 1, "exec sleep 1000");
    forget_running(&world, &polite);
    forget_running(&world, &deaf);
    world_runs(&world, &kept);
    hide(&world, "web-1");
    folder_remove(arena_printf(&world.arena, "%s/web-2", world.run_dir));
    cr_assert_eq(driver_stop_strays(world.driver, GRACE_MS), 2);
    cr_assert_str_eq(world_hears(&world), "stopped");
    cr_assert_not(is_alive(polite.child));
    cr_assert_not(is_alive(deaf.child));
    cr_assert(is_alive(kept.child));
    cr_assert_eq(driver_stop_strays(world.driver, GRACE_MS), 0);
    end_replica(&world, &kept);
    world_close(&world);
}

Test(driver_find, a_shim_is_stray_when_its_folder_is_another_one_by_now)
{
    struct world world;
    struct told old, new;
    world_open(&world);
    start_replica(&world, &old, "web-1", 1, "exec sleep 1000");
    forget_running(&world, &old);
    hide(&world, "web-1");
    start_replica(&world, &new, "web-1", 1, "exec sleep 1000");
    world_runs(&world, &new);
    cr_assert_eq(driver_stop_strays(world.driver, GRACE_MS), 1);
    cr_assert_not(is_alive(old.child));
    cr_assert(is_alive(new.child));
    end_replica(&world, &new);
    world_close(&world);
}

Test(driver_find, the_shims_of_another_run_directory_are_no_strays)
{
    struct world world, other;
    struct told told;
    world_open(&world);
    world_open(&other);
    start_replica(&other, &told, "web-1", 1, "exec sleep 1000");
    world_runs(&other, &told);
    hide(&other, "web-1");
    cr_assert_eq(driver_stop_strays(world.driver, GRACE_MS), 0);
    cr_assert(is_alive(told.child));
    driver_forget(&told.attempt);
    cr_assert_eq(driver_stop_strays(other.driver, GRACE_MS), 1);
    world_close(&other);
    world_close(&world);
}
