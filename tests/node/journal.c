#include "agent/journal.h"

#include "agent/files.h"
#include "base/arena.h"
#include "base/text.h"
#include "wire/deployment_wire.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/stat.h>

#define TEMPLATE "{\"version\":\"v1\",\"command\":[\"./serve\"],\"env\":{\"KEY\":\"secret\"}}"

struct world {
    struct arena arena;
    char folder[64];
    struct replica_record record, read;
    struct err err;
};

static void world_open(struct world *world)
{
    static struct template template;
    static struct port ports[] = {{"admin", 20001}, {"http", 20002}};
    *world = (struct world){.folder = "/tmp/dogshore-journal.XXXXXX"};
    arena_init(&world->arena);
    cr_assert_not_null(mkdtemp(world->folder));
    cr_assert_eq(template_parse(&world->arena, TEMPLATE, &template, &world->err), ERR_OK);
    world->record = (struct replica_record){
        .id = "web-1f",
        .deployment = "web",
        .cluster = "default",
        .revision = 7,
        .template_hash = "5be0",
        .template = &template,
        .ports = {ports, 2},
        .attempt = 3,
        .boot_id = "b-1",
        .phase = LOCAL_TERMINATING,
        .ran = true,
        .startup_passed = true,
        .ready = true,
        .was_ready = true,
        .crashes = 2,
        .failed_starts = 1,
        .backoff_ms = 4000,
        .reason = "answered 503 «loading»",
        .failed = true,
        .has_exit = true,
        .exit_code = 0,
        .exit_signal = -1,
    };
}

static void world_close(struct world *world)
{
    folder_remove(world->folder);
    arena_release(&world->arena);
}

static enum err_code reread(struct world *world)
{
    return journal_read(&world->arena, world->folder, "journal", &world->read, &world->err);
}

Test(journal, what_was_written_is_read)
{
    struct world world;
    world_open(&world);
    cr_assert_eq(journal_write(world.folder, "journal", &world.record, true, &world.err), ERR_OK,
                 "%s", world.err.detail);
    cr_assert_eq(reread(&world), ERR_OK, "%s", world.err.detail);
    const struct replica_record *a = &world.record, *b = &world.read;
    cr_expect_str_eq(a->id, b->id);
    cr_expect_str_eq(a->deployment, b->deployment);
    cr_expect_str_eq(a->cluster, b->cluster);
    cr_expect_str_eq(a->template_hash, b->template_hash);
    cr_expect_str_eq(a->boot_id, b->boot_id);
    cr_expect_str_eq(a->reason, b->reason);
    cr_expect_eq(a->revision, b->revision);
    cr_expect_eq(a->attempt, b->attempt);
    cr_expect_eq(a->phase, b->phase);
    cr_expect(b->ran && b->startup_passed && b->ready && b->was_ready && b->failed && b->has_exit);
    cr_expect_eq(a->crashes, b->crashes);
    cr_expect_eq(a->failed_starts, b->failed_starts);
    cr_expect_eq(a->backoff_ms, b->backoff_ms);
    cr_expect_eq(a->exit_code, b->exit_code);
    cr_expect_eq(a->exit_signal, b->exit_signal);
    cr_expect_eq(ports_get(&b->ports, "admin"), 20001);
    cr_expect_eq(ports_get(&b->ports, "http"), 20002);
    cr_expect_str_eq(pairs_get(&b->template->env, "KEY"), "secret");
    cr_expect_str_eq(b->template->stop.signal, "SIGTERM");
    world_close(&world);
}

Test(journal, little_is_needed)
{
    struct world world;
    world_open(&world);
    const struct replica_record record = {
        .id = "web-1", .deployment = "", .cluster = "", .reason = "", .exit_code = -1};
    cr_assert_eq(journal_write(world.folder, "journal", &record, false, &world.err), ERR_OK);
    cr_assert_eq(reread(&world), ERR_OK, "%s", world.err.detail);
    cr_expect_str_eq(world.read.id, "web-1");
    cr_expect_str_eq(world.read.deployment, "");
    cr_expect_null(world.read.template);
    cr_expect_eq(world.read.phase, LOCAL_WAITING);
    cr_expect_eq(world.read.exit_code, -1);
    world_close(&world);
}

Test(journal, only_its_owner_may_read_it)
{
    struct world world;
    struct stat status;
    world_open(&world);
    const char *folder = arena_printf(&world.arena, "%s/web-1f", world.folder);
    cr_assert_eq(journal_write(folder, "journal", &world.record, true, &world.err), ERR_OK);
    cr_assert_eq(stat(arena_printf(&world.arena, "%s/journal", folder), &status), 0);
    cr_expect_eq(status.st_mode & 07777, 0600);
    cr_assert_eq(stat(folder, &status), 0);
    cr_expect_eq(status.st_mode & 07777, 0700);
    world_close(&world);
}

Test(journal, one_that_is_not_there_is_told_apart)
{
    struct world world;
    world_open(&world);
    cr_assert_eq(reread(&world), ERR_NOT_FOUND);
    world_close(&world);
}

static const char *const broken[] = {
    "",
    "{",
    "[]",
    "{\"attempt\":3}",
    "{\"id\":\"web-1\",\"phase\":\"dancing\"}",
    "{\"id\":\"web-1\",\"attempt\":\"three\"}",
    "{\"id\":\"web-1\",\"template\":{}}",
    "{\"id\":\"web-1\",\"template\":{\"command\":[\"x\"],\"probes\":{\"liveness\":{}}}}",
};

enum { BROKEN = sizeof broken / sizeof *broken };

Test(journal, a_broken_one_is_an_error_that_names_it)
{
    for (size_t i = 0; i < BROKEN; i++) {
        struct world world;
        world_open(&world);
        const char *path = arena_printf(&world.arena, "%s/journal", world.folder);
        cr_assert_eq(file_replace(path, broken[i], strlen(broken[i]), false, NULL), ERR_OK);
        enum err_code code = reread(&world);
        cr_expect(code != ERR_OK && code != ERR_NOT_FOUND, "%s", broken[i]);
        cr_expect_not_null(strstr(world.err.detail, path), "%s", world.err.detail);
        world_close(&world);
    }
}

/* Whoever reads a pipe waits for its writer. */
Test(journal, one_that_is_no_file_is_not_waited_for)
{
    struct world world;
    world_open(&world);
    cr_assert_eq(mkfifo(arena_printf(&world.arena, "%s/journal", world.folder), 0600), 0);
    cr_assert_eq(reread(&world), ERR_IO);
    world_close(&world);
}

Test(journal, one_of_a_newer_agent_is_read)
{
    static const char newer[] = "{\"id\":\"web-1\",\"attempt\":2,\"phase\":\"running\",\"mood\":1,"
                                "\"template\":{\"version\":\"1\",\"command\":[\"x\"],\"hat\":2}}";
    struct world world;
    world_open(&world);
    const char *path = arena_printf(&world.arena, "%s/journal", world.folder);
    cr_assert_eq(file_replace(path, newer, sizeof newer - 1, false, NULL), ERR_OK);
    cr_assert_eq(reread(&world), ERR_OK, "%s", world.err.detail);
    cr_expect_eq(world.read.attempt, 2);
    cr_expect_str_eq(world.read.template->version, "1");
    world_close(&world);
}

Test(journal, a_write_that_fails_leaves_the_old_one)
{
    struct world world;
    world_open(&world);
    cr_assert_eq(journal_write(world.folder, "journal", &world.record, false, &world.err), ERR_OK);
    world.record.attempt = 4;
    cr_assert_eq(mkdir(arena_printf(&world.arena, "%s/journal.new", world.folder), 0700), 0);
    cr_assert_eq(journal_write(world.folder, "journal", &world.record, false, &world.err), ERR_IO);
    cr_assert_eq(reread(&world), ERR_OK);
    cr_expect_eq(world.read.attempt, 3);
    world_close(&world);
}
