/* An online copy holds everything that was acknowledged before it was ordered, whole, whatever is
 * written meanwhile, and neither the write-ahead log nor a second one gets in its way. */
#include "base/failpoint.h"
#include "store/copy.h"
#include "store/deployments.h"
#include "store/events.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

enum { FILL = 2000, STEPS_MOST = 100000, LOG_PAGES_MOST = 4096 };

static struct store_fixture f;

struct ordered {
    struct store_copy copy;
    const char *path;
    int ended;
    enum err_code code;
    struct err err;
};

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    failpoint_clear();
    store_fixture_close(&f);
}

TestSuite(backup, .init = setup, .fini = teardown);

static void on_done(struct store_copy *copy, enum err_code code, const struct err *err)
{
    struct ordered *ordered = copy->self;
    ordered->ended++;
    ordered->code = code;
    if (code != ERR_OK) ordered->err = *err;
}

static void order(struct ordered *ordered, const char *name)
{
    *ordered = (struct ordered){.copy = {.done = on_done, .self = ordered},
                                .path = store_fixture_path(&f, name)};
    MUST(copy_open(&ordered->copy, ordered->path, &err));
    MUST(writer_copy(f.writer, &ordered->copy, &err));
}

static void write_one(int number)
{
    struct deployment deployment =
        sample_deployment(&f.arena, "default", arena_printf(&f.arena, "web-%05d", number));
    MUST(store_fixture_write(&f, sample_create, &deployment, &err));
}

static void fill(int count)
{
    enum { BATCH = 100 };
    static struct deployment deployments[BATCH];
    static struct store_call calls[BATCH];
    for (int i = 0; i < count; i++) {
        const char *name = arena_printf(&f.arena, "filled-%05d", i);
        deployments[i % BATCH] = sample_deployment(&f.arena, "default", name);
        calls[i % BATCH] =
            (struct store_call){.body = sample_create, .argument = &deployments[i % BATCH]};
        store_call_submit(&f, &calls[i % BATCH], LANE_FIRST);
        while (i % BATCH == BATCH - 1 && writer_step(f.writer))
            continue;
    }
}

static void end_idle(struct ordered *ordered)
{
    for (int i = 0; i < STEPS_MOST && ordered->ended == 0; i++)
        writer_step(f.writer);
    cr_assert_eq(ordered->ended, 1);
}

static sqlite3 *open_copy(const char *path)
{
    sqlite3 *handle;
    cr_assert_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    return handle;
}

static const char *ask(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement;
    cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "%s", sql);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "%s", sql);
    const char *answer = arena_strdup(&f.arena, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return answer;
}

static void expect_sound(const struct ordered *ordered)
{
    sqlite3 *handle = open_copy(ordered->path);
    SAME_TEXT(ask(handle, "PRAGMA integrity_check"), "ok");
    SAME_TEXT(ask(handle, "PRAGMA journal_mode"), "delete");
    SAME_TEXT(ask(handle, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
    SAME_TEXT(ask(handle, "SELECT next_index - 1 FROM meta"),
              arena_printf(&f.arena, "%lld", (long long)ordered->copy.index));
    sqlite3_close(handle);
}

Test(backup, copy_of_a_quiet_database_is_whole)
{
    struct ordered ordered;
    struct stat status;
    fill(300);
    order(&ordered, "copy.db");
    end_idle(&ordered);
    cr_assert_eq(ordered.code, ERR_OK, "%s", ordered.err.detail);
    close(copy_close(&ordered.copy));
    SAME_INT(ordered.copy.index, f.newest_index);
    expect_sound(&ordered);
    cr_assert_eq(stat(ordered.path, &status), 0);
    SAME_INT(status.st_mode & 07777, 0600);
    cr_expect_neq(access(store_fixture_path(&f, "copy.db-wal"), F_OK), 0);
}

Test(backup, copy_under_writes_has_all_that_was_acknowledged_before_it)
{
    struct ordered ordered;
    int written = 0;
    fill(FILL);
    order(&ordered, "copy.db");
    for (; ordered.ended == 0 && written < STEPS_MOST; written++) {
        write_one(written);
        struct writer_stats stats;
        writer_stats(f.writer, &stats);
        cr_assert_lt(stats.wal_pages, LOG_PAGES_MOST, "the log is checkpointed meanwhile");
    }
    cr_assert_eq(ordered.code, ERR_OK, "%s", ordered.err.detail);
    cr_expect_gt(written, 1, "something was written meanwhile");
    close(copy_close(&ordered.copy));
    expect_sound(&ordered);
    SAME_INT(ordered.copy.index, f.newest_index);
    sqlite3 *handle = open_copy(ordered.path);
    SAME_TEXT(ask(handle, "SELECT count(*) FROM deployments WHERE name LIKE 'filled-%'"),
              arena_printf(&f.arena, "%d", FILL));
    SAME_TEXT(ask(handle, "SELECT count(*) = max(at_index) FROM events"), "1");
    sqlite3_close(handle);
}

Test(backup, undone_writes_are_not_in_it)
{
    struct ordered ordered;
    fill(FILL);
    order(&ordered, "copy.db");
    for (int i = 0; ordered.ended == 0 && i < STEPS_MOST; i++) {
        struct deployment deployment = sample_deployment(&f.arena, "default", "undone");
        failpoint_arm("writer.closure.after", "error");
        cr_expect_neq(store_fixture_write(&f, sample_create, &deployment, NULL), ERR_OK);
    }
    close(copy_close(&ordered.copy));
    cr_assert_eq(ordered.code, ERR_OK, "%s", ordered.err.detail);
    expect_sound(&ordered);
    sqlite3 *handle = open_copy(ordered.path);
    SAME_TEXT(ask(handle, "SELECT count(*) FROM deployments WHERE name = 'undone'"), "0");
    sqlite3_close(handle);
}

Test(backup, only_one_copy_is_made_at_a_time)
{
    struct ordered first, second = {.copy = {.done = on_done, .self = &second}};
    fill(300);
    order(&first, "first.db");
    MUST(copy_open(&second.copy, store_fixture_path(&f, "second.db"), &err));
    MUST_FAIL(writer_copy(f.writer, &second.copy, &err), ERR_UNAVAILABLE, "another copy");
    end_idle(&first);
    close(copy_close(&first.copy));
    close(copy_close(&second.copy));
    SAME_INT(second.ended, 0);
}

/* Else nobody would ever tell it that it has ended. */
Test(backup, writer_that_stopped_or_died_takes_no_copy)
{
    struct ordered ordered = {.copy = {.done = on_done, .self = &ordered},
                              .path = store_fixture_path(&f, "copy.db")};
    MUST(copy_open(&ordered.copy, ordered.path, &err));
    writer_stop(f.writer);
    MUST_FAIL(writer_copy(f.writer, &ordered.copy, &err), ERR_UNAVAILABLE, "closed");
    store_fixture_reopen(&f);
    failpoint_arm("writer.commit.before", "error");
    struct deployment deployment = sample_deployment(&f.arena, "default", "web");
    struct store_call call = {.body = sample_create, .argument = &deployment};
    store_call_submit(&f, &call, LANE_FIRST);
    writer_step(f.writer);
    SAME_INT(f.fatals, 1);
    MUST_FAIL(writer_copy(f.writer, &ordered.copy, &err), ERR_UNAVAILABLE, "closed");
    SAME_INT(ordered.ended, 0);
    close(copy_close(&ordered.copy));
}

Test(backup, copy_can_be_given_up)
{
    struct ordered ordered;
    fill(FILL);
    order(&ordered, "copy.db");
    writer_step(f.writer);
    SAME_INT(ordered.ended, 0);
    writer_copy_cancel(f.writer, &ordered.copy);
    end_idle(&ordered);
    close(copy_close(&ordered.copy));
    SAME_INT(ordered.code, ERR_CANCELLED);
    write_one(1);
}

Test(backup, full_disk_ends_it_and_nothing_else)
{
    struct ordered ordered;
    fill(300);
    order(&ordered, "copy.db");
    failpoint_arm("backup.piece", "error");
    end_idle(&ordered);
    close(copy_close(&ordered.copy));
    SAME_INT(ordered.code, ERR_DISK_FULL);
    write_one(1);
    order(&ordered, "again.db");
    end_idle(&ordered);
    close(copy_close(&ordered.copy));
    cr_assert_eq(ordered.code, ERR_OK, "%s", ordered.err.detail);
}

Test(backup, file_that_is_there_is_not_overwritten)
{
    struct ordered ordered = {.copy = {.done = on_done, .self = &ordered}};
    const char *path = store_fixture_path(&f, "there.db");
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    close(fd);
    MUST_FAIL(copy_open(&ordered.copy, path, &err), ERR_IO, "there.db");
}
