#include "store/writer.h"

#include "base/failpoint.h"
#include "base/limits.h"
#include "store/connection.h"
#include "store/deployments.h"
#include "store/events.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <sys/stat.h>

enum { BATCH = 64 };

static struct store_fixture f;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    failpoint_clear();
    store_fixture_close(&f);
}

TestSuite(writer, .init = setup, .fini = teardown);

/* What a closure of these tests does, in this order. */
struct deed {
    const char *name; /* an event of that name; NULL = none */
    enum err_code fails;
    bool undoes, takes_replica;
    enum err_code (*extra)(struct store_tx *tx, struct err *err);
    struct store_call call;
    int64_t index, replica; /* filled in */
};

static int staged_undone[8];
static int staged_undone_count;

static void note_undone(void *self, void *argument)
{
    (void)self;
    staged_undone[staged_undone_count++ % 8] = (int)(intptr_t)argument;
}

static enum err_code do_deed(struct store_tx *tx, void *argument, struct err *err)
{
    struct deed *deed = argument;
    struct event event = {.kind = "server", .reason = "tested", .name = deed->name};
    if (deed->name != NULL) TRY(events_add(tx, &event, &deed->index, err));
    if (deed->takes_replica) deed->replica = tx_next_replica(tx);
    tx_touch(tx, FACET_NODE, deed->name != NULL ? deed->name : "none", tx_last_index(tx));
    tx_dirty(tx, "uid-of-all");
    tx_stage(tx, note_undone, NULL, (void *)(intptr_t)1);
    tx_stage(tx, note_undone, NULL, (void *)(intptr_t)2);
    if (deed->extra != NULL) TRY(deed->extra(tx, err));
    if (deed->undoes) tx_undo(tx);
    if (deed->fails != ERR_OK) return err_set(err, deed->fails, "on purpose");
    return ERR_OK;
}

static void submit(struct deed *deed, enum writer_lane lane)
{
    deed->call.body = do_deed;
    deed->call.argument = deed;
    store_call_submit(&f, &deed->call, lane);
}

/* "a b": the names of the stored events, oldest first. */
static const char *stored(void)
{
    struct event *items;
    size_t count;
    struct text text;
    struct events_filter all = {.limit = 1000};
    text_init(&text, &f.arena);
    MUST(events_list(f.reader, &f.arena, &all, &items, &count, &err));
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : " ", items[i].name);
    return text_string(&text);
}

static int64_t newest(void)
{
    int64_t index = -1;
    MUST(store_newest_index(f.reader, &index, &err));
    return index;
}

Test(writer, a_batch_commits_publishes_then_replies_then_flushes)
{
    struct deed a = {.name = "a"}, b = {.name = "b"};
    submit(&a, LANE_FIRST);
    submit(&b, LANE_FIRST);
    cr_expect(writer_step(f.writer));
    SAME_TEXT(f.trace, "pdrrf");
    SAME_TEXT(stored(), "a b");
    cr_expect_eq(a.call.code, ERR_OK);
    cr_expect_eq(f.newest_index, 2);
    cr_expect_eq(newest(), 2);
    cr_expect_not(writer_step(f.writer), "nothing is left");
}

Test(writer, each_facet_is_published_once_with_its_newest_index)
{
    struct deed a = {.name = "a"}, b = {.name = "a"}, c = {.name = "c"};
    submit(&a, LANE_FIRST);
    submit(&b, LANE_FIRST);
    submit(&c, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_eq(f.touched_count, 5); /* with the lists of nodes and of the fleet */
    cr_expect_eq(store_fixture_published(&f, FACET_LIST, "nodes"), 3);
    cr_expect_eq(store_fixture_published(&f, FACET_NODE, "a"), 2);
    cr_expect_eq(store_fixture_published(&f, FACET_NODE, "c"), 3);
    cr_expect_eq(store_fixture_published(&f, FACET_EVENTS, ""), 3);
    cr_assert_eq(f.dirty_count, 1);
    SAME_TEXT(f.dirty[0], "uid-of-all");
}

Test(writer, a_closure_that_fails_leaves_nothing_behind)
{
    struct deed a = {.name = "a", .takes_replica = true};
    struct deed b = {.name = "b", .takes_replica = true, .fails = ERR_CONFLICT};
    struct deed c = {.name = "c", .takes_replica = true};
    submit(&a, LANE_FIRST);
    submit(&b, LANE_FIRST);
    submit(&c, LANE_FIRST);
    writer_step(f.writer);
    SAME_TEXT(stored(), "a c");
    cr_expect_eq(b.call.code, ERR_CONFLICT);
    SAME_TEXT(b.call.err.detail, "on purpose");
    cr_expect_eq(a.index, 1);
    cr_expect_eq(c.index, 2, "no gap");
    cr_expect_eq(a.replica + 1, c.replica, "no gap");
    cr_expect_eq(store_fixture_published(&f, FACET_NODE, "b"), 0);
    cr_assert_eq(staged_undone_count, 2);
    cr_expect_eq(staged_undone[0], 2, "newest first");
    cr_expect_eq(staged_undone[1], 1);
}

Test(writer, a_dry_run_succeeds_and_leaves_nothing_behind)
{
    struct deed a = {.name = "a", .undoes = true};
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
    cr_expect(a.call.answered);
    cr_expect_eq(a.call.code, ERR_OK);
    SAME_TEXT(stored(), "");
    SAME_TEXT(f.trace, "rf");
    cr_expect_eq(staged_undone_count, 2);
    cr_expect_eq(newest(), 0);
}

Test(writer, users_go_before_reports_and_both_in_order)
{
    struct deed a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"}, d = {.name = "d"};
    submit(&a, LANE_REPORTS);
    submit(&b, LANE_REPORTS);
    submit(&c, LANE_FIRST);
    submit(&d, LANE_FIRST);
    writer_step(f.writer);
    SAME_TEXT(stored(), "c d a b");
}

Test(writer, a_rush_of_users_leaves_room_for_reports)
{
    static struct deed users[2 * LIMIT_BATCH_CLOSURES], report = {.name = "report"};
    for (size_t i = 0; i < 2 * LIMIT_BATCH_CLOSURES; i++) {
        users[i].name = "user";
        submit(&users[i], LANE_FIRST);
    }
    submit(&report, LANE_REPORTS);
    writer_step(f.writer);
    cr_expect(report.call.answered);
    cr_expect_eq(report.index, LIMIT_BATCH_CLOSURES / 8 * 7 + 1);
    cr_expect_not(users[LIMIT_BATCH_CLOSURES - 1].call.answered);
    while (writer_step(f.writer))
        continue;
    cr_expect(users[2 * LIMIT_BATCH_CLOSURES - 1].call.answered);
}

Test(writer, a_full_queue_refuses)
{
    static struct deed deeds[LIMIT_WRITE_QUEUE];
    struct deed late = {.name = "late"};
    for (size_t i = 0; i < LIMIT_WRITE_QUEUE; i++)
        submit(&deeds[i], LANE_REPORTS);
    MUST_FAIL(writer_submit(f.writer, LANE_FIRST, &late.call.job, &err), ERR_UNAVAILABLE, "wait");
    struct writer_stats stats;
    writer_stats(f.writer, &stats);
    cr_expect_eq(stats.queue, LIMIT_WRITE_QUEUE);
    while (writer_step(f.writer))
        continue;
    writer_stats(f.writer, &stats);
    cr_expect_eq(stats.closures, LIMIT_WRITE_QUEUE);
    cr_expect_eq(stats.batches, LIMIT_WRITE_QUEUE / LIMIT_BATCH_CLOSURES);
}

Test(writer, a_stopped_writer_finishes_what_it_has_and_takes_no_more)
{
    struct deed a = {.name = "a"}, late = {.name = "late"};
    submit(&a, LANE_FIRST);
    writer_stop(f.writer);
    MUST_FAIL(writer_submit(f.writer, LANE_FIRST, &late.call.job, &err), ERR_UNAVAILABLE, "stop");
    cr_expect(writer_wait(f.writer));
    writer_step(f.writer);
    cr_expect(a.call.answered);
    cr_expect_not(writer_wait(f.writer));
}

static enum err_code remember_actor(struct store_tx *tx, struct err *err)
{
    (void)err;
    SAME_TEXT(tx_actor(tx), "server");
    cr_expect_null(tx_request_id(tx));
    tx_set_actor(tx, "ann", "r1");
    SAME_TEXT(tx_actor(tx), "ann");
    SAME_TEXT(tx_request_id(tx), "r1");
    return ERR_OK;
}

Test(writer, an_actor_is_named_for_one_closure_only)
{
    struct deed a = {.extra = remember_actor}, b = {.extra = remember_actor};
    submit(&a, LANE_FIRST);
    submit(&b, LANE_FIRST);
    writer_step(f.writer);
}

/* ---- the counters and the clock ---- */

Test(writer, counters_go_on_after_a_restart)
{
    struct deed a = {.name = "a", .takes_replica = true};
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
    store_fixture_reopen(&f);
    struct deed b = {.name = "b", .takes_replica = true};
    submit(&b, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_eq(b.index, a.index + 1);
    cr_expect_eq(b.replica, a.replica + 1);
}

static int64_t seen_ms, seen_wall_ms;

static enum err_code look_at_the_clock(struct store_tx *tx, struct err *err)
{
    (void)err;
    seen_ms = tx_now_ms(tx);
    seen_wall_ms = tx_wall_ms(tx);
    return ERR_OK;
}

static int64_t clock_in_a_closure(void)
{
    struct deed deed = {.name = "look", .extra = look_at_the_clock};
    submit(&deed, LANE_FIRST);
    writer_step(f.writer);
    return seen_ms;
}

Test(writer, the_cluster_clock_stands_still_while_no_server_runs)
{
    cr_expect_eq(clock_in_a_closure(), 0);
    cr_expect_eq(seen_wall_ms, f.time.wall_ms);
    f.time.boot_ms += 5000;
    cr_expect_eq(clock_in_a_closure(), 5000);
    f.time.boot_ms += 2000;
    store_fixture_shut(&f); /* an orderly end saves it */
    f.time.boot_ms = 77;    /* another boot, a year later */
    f.time.wall_ms += 1000LL * 3600 * 24 * 365;
    store_fixture_start(&f);
    cr_expect_eq(store_clock_ms(f.store), 7000);
    cr_expect_eq(clock_in_a_closure(), 7000);
}

Test(writer, an_idle_server_saves_its_clock_now_and_then)
{
    f.time.boot_ms += 59999;
    cr_expect_not(writer_step(f.writer));
    struct writer_stats before, after;
    writer_stats(f.writer, &before);
    f.time.boot_ms += 1;
    cr_expect_not(writer_step(f.writer));
    cr_expect_not(writer_step(f.writer));
    sqlite3_int64 saved;
    MUST(connection_number(f.reader, "SELECT clock_ms FROM meta", &saved, &err));
    cr_expect_eq(saved, 60000);
    writer_stats(f.writer, &after);
    cr_expect_eq(f.publishes, 0);
}

/* ---- disk full ---- */

static enum err_code fill_the_disk(struct store_tx *tx, struct err *err)
{
    struct event event = {.kind = "server", .reason = "tested", .name = "filler"};
    int64_t index;
    event.message =
        "a long enough line, a long enough line, a long enough line, a long enough line";
    TRY(connection_run(tx_db(tx), "PRAGMA max_page_count = 1", err));
    for (;;)
        TRY(events_add(tx, &event, &index, err));
}

static enum err_code fill_the_disk_unnoticed(struct store_tx *tx, struct err *err)
{
    struct err ignored;
    (void)err;
    fill_the_disk(tx, &ignored);
    return ERR_OK;
}

/* SQLite takes back the one statement and leaves the transaction open. */
static enum err_code fill_the_disk_in_one_statement(struct store_tx *tx, struct err *err)
{
    struct err ignored;
    (void)err;
    connection_run(
        tx_db(tx),
        "PRAGMA max_page_count = 1;"
        "WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n LIMIT 9999)"
        " INSERT INTO events SELECT i, 1, 'a', 'r', 'k', 'c', 'lost', 'u', 'r', 'm', '{}'"
        " FROM n",
        &ignored);
    cr_expect_eq(ignored.code, ERR_DISK_FULL);
    cr_expect_eq(sqlite3_get_autocommit(tx_db(tx)->handle), 0);
    return ERR_OK;
}

static enum err_code free_the_disk(struct store_tx *tx, struct err *err)
{
    return connection_run(tx_db(tx), "PRAGMA max_page_count = 1000000", err);
}

/* 64 closures wait; the one at `full_at` meets a full disk. */
static void expect_batch_fails(size_t full_at,
                               enum err_code (*fill)(struct store_tx *tx, struct err *err))
{
    static struct deed deeds[BATCH];
    int64_t before = newest();
    int publishes = f.publishes;
    staged_undone_count = 0;
    for (size_t i = 0; i < BATCH; i++) {
        deeds[i] = (struct deed){
            .name = "lost", .extra = i == full_at ? fill : NULL, .undoes = i > full_at};
        submit(&deeds[i], LANE_FIRST);
    }
    cr_expect(writer_step(f.writer));
    for (size_t i = 0; i <= full_at; i++) {
        cr_assert(deeds[i].call.answered);
        cr_expect_eq(deeds[i].call.code, ERR_DISK_FULL, "closure %zu of %zu", i, full_at);
    }
    for (size_t i = full_at + 1; i < BATCH; i++)
        cr_expect_not(deeds[i].call.answered, "what did not run is left for the next batch");
    cr_expect_eq(staged_undone_count, 2 * (int)(full_at + 1));
    cr_expect_eq(f.publishes, publishes);
    cr_expect_eq(newest(), before);
    SAME_TEXT(stored(), "");
}

static void expect_recovery(void)
{
    struct deed space = {.extra = free_the_disk}, a = {.name = "kept"};
    while (writer_step(f.writer))
        continue;
    submit(&space, LANE_FIRST);
    writer_step(f.writer);
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_eq(a.call.code, ERR_OK, "%s", a.call.err.detail);
    SAME_TEXT(stored(), "kept");
    cr_expect_eq(a.index, 1, "no gap");
    cr_expect_eq(f.fatals, 0);
}

Test(writer, a_full_disk_at_any_closure_fails_its_batch_whole)
{
    for (size_t k = 0; k < BATCH; k++) {
        expect_batch_fails(k, fill_the_disk);
        while (writer_step(f.writer))
            continue;
        struct deed space = {.extra = free_the_disk};
        submit(&space, LANE_FIRST);
        writer_step(f.writer);
    }
    expect_recovery();
}

Test(writer, a_closure_that_overlooks_a_full_disk_fails_its_batch_too)
{
    expect_batch_fails(5, fill_the_disk_unnoticed);
    expect_recovery();
}

Test(writer, a_full_disk_fails_the_batch_even_if_the_transaction_lives_on)
{
    expect_batch_fails(5, fill_the_disk_in_one_statement);
    expect_recovery();
}

static enum err_code end_the_transaction(struct store_tx *tx, struct err *err)
{
    return connection_run(tx_db(tx), "ROLLBACK", err);
}

Test(writer, a_transaction_that_ended_by_itself_fails_its_batch)
{
    struct deed a = {.name = "a"}, b = {.name = "b", .extra = end_the_transaction};
    struct deed c = {.name = "c"};
    submit(&a, LANE_FIRST);
    submit(&b, LANE_FIRST);
    submit(&c, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_eq(a.call.code, ERR_OUTCOME_UNKNOWN);
    cr_expect_eq(b.call.code, ERR_OUTCOME_UNKNOWN);
    cr_expect_not(c.call.answered);
    cr_expect_eq(f.publishes, 0);
    SAME_TEXT(stored(), "");
    writer_step(f.writer);
    cr_expect_eq(c.call.code, ERR_OK);
    SAME_TEXT(stored(), "c");
    cr_expect_eq(c.index, 1);
}

/* ---- failpoints that err ---- */

Test(writer, a_batch_that_cannot_begin_changes_nothing)
{
    struct deed a = {.name = "a"};
    failpoint_arm("writer.batch.begin", "error");
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_eq(a.call.code, ERR_UNAVAILABLE);
    SAME_TEXT(f.trace, "rf");
    SAME_TEXT(stored(), "");
}

Test(writer, a_failpoint_fails_one_closure)
{
    static const char *const names[] = {"writer.closure.before", "writer.closure.after"};
    for (size_t i = 0; i < 2; i++) {
        struct deed a = {.name = "a", .undoes = true}, b = {.name = "b", .undoes = true};
        failpoint_arm(names[i], "error@2");
        submit(&a, LANE_FIRST);
        submit(&b, LANE_FIRST);
        writer_step(f.writer);
        cr_expect_eq(a.call.code, ERR_OK);
        cr_expect_eq(b.call.code, ERR_UNAVAILABLE);
    }
}

Test(writer, an_error_from_commit_is_fatal_and_answers_nobody)
{
    static const char *const names[] = {"writer.commit.before", "writer.commit.after"};
    for (size_t i = 0; i < 2; i++) {
        struct deed a = {.name = "a"}, late = {.name = "late"};
        f.fatals = 0;
        failpoint_arm(names[i], "error");
        submit(&a, LANE_FIRST);
        cr_expect(writer_step(f.writer));
        cr_expect_eq(f.fatals, 1);
        cr_expect_not(a.call.answered);
        cr_expect_eq(f.publishes, 0);
        MUST_FAIL(writer_submit(f.writer, LANE_FIRST, &late.call.job, &err), ERR_UNAVAILABLE, "");
        cr_expect_not(writer_step(f.writer));
        failpoint_clear();
        store_fixture_shut(&f);
        /* A disk that failed is not asked to move the log into the database. */
        cr_expect_eq(access(store_fixture_path(&f, "dogshore.db-wal"), F_OK), 0);
        store_fixture_start(&f);
        /* Nobody was told, so either outcome is right; here it is known. */
        SAME_TEXT(stored(), i == 0 ? "" : "a");
    }
}

Test(writer, an_error_from_a_checkpoint_is_fatal)
{
    failpoint_arm("writer.checkpoint", "error");
    for (size_t i = 0; i < 100 && f.fatals == 0; i++) {
        struct deployment deployment =
            sample_deployment(&f.arena, "default", arena_printf(&f.arena, "web-%zu", i));
        MUST(store_fixture_write(&f, sample_create, &deployment, &err));
        writer_step(f.writer); /* with nothing to do: checkpoints when due */
    }
    cr_expect_eq(f.fatals, 1);
}

/* ---- snapshots and the write-ahead log ---- */

static void make(const char *name)
{
    struct deed a = {.name = name};
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
}

Test(writer, a_read_transaction_sees_one_moment)
{
    make("a");
    MUST(store_read_begin(f.reader, &err));
    make("b");
    SAME_TEXT(stored(), "a");
    cr_expect_eq(newest(), 1);
    store_read_end(f.reader);
    SAME_TEXT(stored(), "a b");
    cr_expect_eq(newest(), 2);
    MUST(store_read_begin(f.reader, &err));
    store_read_end(f.reader);
    store_read_end(f.reader); /* harmless */
}

Test(writer, readers_cannot_write)
{
    MUST_FAIL(connection_run(f.reader, "DELETE FROM events", &err), ERR_UNAVAILABLE, "readonly");
}

static off_t log_bytes(void)
{
    struct stat status;
    const char *path = store_fixture_path(&f, "dogshore.db-wal");
    return stat(path, &status) == 0 ? status.st_size : 0;
}

static enum err_code write_much(struct store_tx *tx, struct err *err)
{
    struct event event = {.kind = "server", .reason = "tested", .name = "much"};
    char message[1000];
    int64_t index;
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    event.message = message;
    for (int i = 0; i < 800; i++)
        TRY(events_add(tx, &event, &index, err));
    return ERR_OK;
}

static enum err_code write_much_once(void)
{
    struct deed a = {.extra = write_much};
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
    return a.call.code;
}

Test(writer, the_log_stays_small_without_readers)
{
    for (int i = 0; i < 200; i++) {
        cr_assert_eq(write_much_once(), ERR_OK);
        cr_assert_leq(log_bytes(), 4096 * 4400);
    }
}

Test(writer, the_log_is_bounded_even_when_a_reader_pins_it)
{
    enum err_code code = ERR_OK;
    MUST(store_read_begin(f.reader, &err));
    for (int i = 0; i < 1000 && code == ERR_OK; i++)
        code = write_much_once();
    cr_expect_eq(code, ERR_UNAVAILABLE, "writes stop before the log is too big");
    cr_expect_leq(log_bytes(), 64 << 20);
    cr_expect_eq(f.fatals, 0);
    cr_expect_eq(write_much_once(), ERR_UNAVAILABLE);
    cr_expect_leq(log_bytes(), 64 << 20);
    store_read_end(f.reader);
    cr_expect_eq(write_much_once(), ERR_OK, "and go on when the reader is gone");
    cr_expect_leq(log_bytes(), 16 << 20);
}

Test(writer, a_closure_that_writes_nothing_costs_no_commit)
{
    struct deed a = {.undoes = true};
    off_t before = log_bytes();
    submit(&a, LANE_FIRST);
    writer_step(f.writer);
    cr_expect_eq(a.call.code, ERR_OK);
    cr_expect_eq(log_bytes(), before);
}
