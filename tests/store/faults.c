/* What the store does when its disk does not. Each story runs once for every n: with the n-th read,
 * write or sync failing, until n is beyond the end of the story. */
#include "store/connection.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "support/fault_vfs.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <sqlite3.h>

enum { CLOSURES = 60, EARLY = 24, STRIDE = 41 };

static struct store_fixture f;

static void setup(void)
{
    fault_vfs_install();
    store_fixture_open(&f);
}

static void teardown(void)
{
    fault_vfs_clear();
    store_fixture_close(&f);
}

TestSuite(faults, .init = setup, .fini = teardown);

/* A fresh directory for the next round. */
static void renew(void)
{
    fault_vfs_clear();
    store_fixture_close(&f);
    store_fixture_open(&f);
}

/* Every n at first, when each operation is a new one, then samples of what repeats. */
static int next_n(int n)
{
    return n < EARLY ? n + 1 : n + STRIDE;
}

struct story {
    struct deployment deployments[CLOSURES];
    struct store_call calls[CLOSURES];
};

static struct story story;

static const char *name_of(int i)
{
    return arena_printf(&f.arena, "web-%d", i);
}

/* Many deployments, some in batches of their own, up to the first idle checkpoint and beyond. */
static void tell(void)
{
    static char filler[6000]; /* so that few closures fill the log */
    memset(filler, 'x', sizeof filler - 1);
    for (int i = 0; i < CLOSURES; i++) {
        story.deployments[i] = sample_deployment(&f.arena, "default", name_of(i));
        story.deployments[i].description = filler;
        story.calls[i] =
            (struct store_call){.body = sample_create, .argument = &story.deployments[i]};
    }
    for (int i = 0; i < CLOSURES && f.fatals == 0; i++) {
        store_call_submit(&f, &story.calls[i], LANE_FIRST);
        if (i % 3 != 0) writer_step(f.writer);
    }
    while (f.fatals == 0 && writer_step(f.writer))
        continue;
}

static bool is_stored(int i)
{
    struct deployment deployment;
    struct err err;
    enum err_code code =
        deployments_get(f.reader, &f.arena, "default", name_of(i), &deployment, &err);
    cr_assert(code == ERR_OK || code == ERR_NOT_FOUND, "%s", err.detail);
    return code == ERR_OK;
}

/* Acknowledged is there, refused is not; of the rest either may be, but whole. */
static void expect_truth(const char *what, int n)
{
    int stored = 0;
    for (int i = 0; i < CLOSURES; i++) {
        bool there = is_stored(i);
        bool acknowledged = story.calls[i].answered && story.calls[i].code == ERR_OK;
        bool refused = story.calls[i].answered && story.calls[i].code != ERR_OK;
        cr_expect_not(acknowledged && !there, "%s %d: %d is lost", what, n, i);
        cr_expect_not(refused && there, "%s %d: %d is a phantom", what, n, i);
        stored += there ? 1 : 0;
    }
    struct event *items;
    size_t count;
    struct events_filter all = {.limit = 1000};
    MUST(events_list(f.reader, &f.arena, &all, &items, &count, &err));
    cr_expect_eq(count, stored, "%s %d: each with its event", what, n);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(items[i].index, (int64_t)i + 1, "%s %d: no gap", what, n);
}

static void expect_writes_work(void)
{
    struct deployment more = sample_deployment(&f.arena, "default", "more");
    MUST(store_fixture_write(&f, sample_create, &more, &err));
}

/* With the n-th operation failing once: nothing acknowledged is lost, and a fatal error ends in a
 * restart that finds a consistent prefix. */
static void expect_survival(const char *what, enum fault_operation operation, int code)
{
    int rounds = 0, fatal_rounds = 0;
    for (int n = 1; n < 100000; n = next_n(n)) {
        fault_vfs_arm(operation, n, code, false);
        tell();
        if (!fault_vfs_fired()) break;
        rounds++;
        fatal_rounds += f.fatals;
        fault_vfs_clear();
        if (f.fatals > 0) store_fixture_reopen(&f);
        f.fatals = 0;
        expect_truth(what, n);
        expect_writes_work();
        renew();
    }
    cr_expect_geq(rounds, EARLY, "%s: the story meets many, not %d", what, rounds);
    cr_expect_eq(fatal_rounds, rounds, "%s: each ends the server", what);
}

Test(faults, any_write_may_fail, .timeout = 120)
{
    expect_survival("write", FAULT_WRITE, SQLITE_IOERR_WRITE);
}

Test(faults, any_sync_may_fail, .timeout = 120)
{
    expect_survival("sync", FAULT_SYNC, SQLITE_IOERR_FSYNC);
}

Test(faults, any_write_of_a_checkpoint_may_fail, .timeout = 120)
{
    expect_survival("checkpoint", FAULT_CHECKPOINT, SQLITE_IOERR_WRITE);
}

Test(faults, a_sync_that_fails_answers_nobody)
{
    struct deployment web = sample_deployment(&f.arena, "default", "web");
    struct store_call call = {.body = sample_create, .argument = &web};
    fault_vfs_arm(FAULT_SYNC, 1, SQLITE_IOERR_FSYNC, true);
    store_call_submit(&f, &call, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_not(call.answered);
    cr_expect_eq(f.fatals, 1);
    cr_expect_eq(f.publishes, 0);
}

/* A full disk is no reason to stop: refused, then on as soon as there is room. */
static void expect_patience(enum fault_operation operation)
{
    int n = 1;
    for (; n < 100000; n = next_n(n)) {
        fault_vfs_arm(operation, n, SQLITE_FULL, false);
        tell();
        if (!fault_vfs_fired()) break;
        cr_assert_eq(f.fatals, 0, "write %d", n);
        for (int i = 0; i < CLOSURES; i++)
            cr_expect(story.calls[i].code == ERR_OK || story.calls[i].code == ERR_DISK_FULL,
                      "write %d: %s", n, story.calls[i].err.detail);
        expect_truth("full", n);
        expect_writes_work();
        renew();
    }
    cr_expect_gt(n, EARLY);
}

Test(faults, the_disk_may_be_full_at_any_write, .timeout = 120)
{
    expect_patience(FAULT_WRITE);
}

Test(faults, the_disk_may_be_full_in_a_checkpoint, .timeout = 120)
{
    expect_patience(FAULT_CHECKPOINT);
}

Test(faults, reads_go_on_while_the_disk_is_full_and_writes_come_back)
{
    struct deployment web = sample_deployment(&f.arena, "default", "web");
    MUST(store_fixture_write(&f, sample_create, &web, &err));
    int publishes = f.publishes;
    fault_vfs_arm(FAULT_WRITE, 1, SQLITE_FULL, true);
    for (int i = 0; i < 20; i++) {
        struct deployment other = sample_deployment(&f.arena, "default", name_of(i));
        MUST_FAIL(store_fixture_write(&f, sample_create, &other, &err), ERR_DISK_FULL, "full");
        MUST(deployments_get(f.reader, &f.arena, "default", "web", &other, &err));
    }
    cr_expect_eq(f.publishes, publishes);
    fault_vfs_clear();
    expect_writes_work();
    cr_expect_eq(f.newest_index, 2, "no gap");
}

Test(faults, upkeep_that_fails_is_not_repeated_at_once)
{
    struct writer_stats stats;
    f.time.boot_ms += 60000;
    fault_vfs_arm(FAULT_WRITE, 1, SQLITE_FULL, true);
    writer_step(f.writer);
    cr_expect(fault_vfs_fired());
    fault_vfs_clear();
    writer_step(f.writer);
    writer_stats(f.writer, &stats);
    cr_expect_eq(stats.wal_pages, 0);
    f.time.boot_ms += 60000;
    writer_step(f.writer);
    writer_stats(f.writer, &stats);
    cr_expect_gt(stats.wal_pages, 0);
}

static enum err_code look_around(struct store_db *db, struct err *err)
{
    struct deployment *deployments;
    struct node *nodes;
    size_t count;
    struct listed listed;
    struct page all = {.sort = SORT_OWN, .limit = 100, .count = true};
    TRY(deployments_page(db, &f.arena, NULL, &all, &deployments, &listed, err));
    return nodes_list(db, &f.arena, NULL, NULL, 100, &nodes, &count, err);
}

Test(faults, any_read_of_a_reader_may_fail_and_the_next_works)
{
    int n = 1;
    for (int i = 0; i < 10; i++) {
        struct deployment web = sample_deployment(&f.arena, "default", name_of(i));
        MUST(store_fixture_write(&f, sample_create, &web, &err));
    }
    for (; n < 1000; n++) {
        struct store_db *reader;
        struct err said = {.code = ERR_OK};
        fault_vfs_arm(FAULT_READ, n, SQLITE_IOERR_READ, false);
        enum err_code opened = store_reader_open(f.store, &reader, &said);
        enum err_code code = opened == ERR_OK ? look_around(reader, &said) : opened;
        bool fired = fault_vfs_fired();
        bool told = code == ERR_UNAVAILABLE || code == ERR_IO;
        cr_expect_eq(told, fired, "read %d: %s", n, said.detail);
        if (opened == ERR_OK) {
            MUST(look_around(reader, &err));
            store_reader_close(reader);
        }
        if (!fired) break;
    }
    cr_expect_gt(n, 3);
}

static enum err_code read_in_closure(struct store_tx *tx, void *argument, struct err *err)
{
    (void)argument;
    sqlite3_db_release_memory(tx_db(tx)->handle); /* so that it must read */
    return look_around(tx_db(tx), err);
}

Test(faults, a_read_that_fails_in_a_closure_fails_its_batch_and_the_next_works)
{
    struct deployment web = sample_deployment(&f.arena, "default", "web");
    MUST(store_fixture_write(&f, sample_create, &web, &err));
    fault_vfs_arm(FAULT_READ, 1, SQLITE_IOERR_READ, false);
    MUST_FAIL(store_fixture_write(&f, read_in_closure, NULL, &err), ERR_OUTCOME_UNKNOWN, "I/O");
    cr_expect(fault_vfs_fired());
    cr_expect_eq(f.fatals, 0);
    MUST(store_fixture_write(&f, read_in_closure, NULL, &err));
    expect_writes_work();
}
