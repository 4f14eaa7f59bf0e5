/* A restore puts a whole backup in place or changes nothing, whenever it is killed; it begins a new
 * life of the database, and refuses what is no backup in one sentence. */
#include "store/restore.h"

#include "base/crypto.h"
#include "base/failpoint.h"
#include "migrations/migrations.h"
#include "store/connection.h"
#include "store/copy.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/meta.h"
#include "store/migrate.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { NAMES_MOST = 32 };

/* The store that is backed up, in f.dir; another directory that is restored into. */
static struct store_fixture f;
static char other[FIXTURE_PATH_BYTES + 8];
static const char *backup;
static int64_t backup_index;

static void write_one(const char *name)
{
    struct deployment deployment = sample_deployment(&f.arena, "default", name);
    MUST(store_fixture_write(&f, sample_create, &deployment, &err));
}

static void on_done(struct store_copy *copy, enum err_code code, const struct err *err)
{
    cr_assert_eq(code, ERR_OK, "%s", err->detail);
    backup_index = copy->index;
}

/* A backup with "kept"; then "lost" is written. */
static void setup(void)
{
    struct store_copy copy = {.done = on_done};
    store_fixture_open(&f);
    snprintf(other, sizeof other, "%s-other", f.dir);
    write_one("kept");
    backup = store_fixture_path(&f, "backup.db");
    MUST(copy_open(&copy, backup, &err));
    MUST(writer_copy(f.writer, &copy, &err));
    for (backup_index = 0; backup_index == 0;)
        writer_step(f.writer);
    close(copy_close(&copy));
    write_one("lost");
}

static void teardown(void)
{
    failpoint_clear();
    store_fixture_remove_dir(other);
    store_fixture_close(&f);
}

TestSuite(restore, .init = setup, .fini = teardown);

static enum err_code run(const char *file, const char *dir, bool replace, struct restored *restored,
                         struct err *err)
{
    const struct restore_order order = {
        .file = file, .data_dir = dir, .replace = replace, .clock = f.config.clock};
    return store_restore(&order, restored, err);
}

static void open_other(struct store **store, struct store_db **reader)
{
    struct store_config config = f.config;
    config.data_dir = other;
    MUST(store_open(store, &config, &err));
    MUST(store_reader_open(*store, reader, &err));
}

static bool has(struct store_db *reader, const char *name)
{
    struct deployment deployment;
    struct err err;
    return deployments_get(reader, &f.arena, "default", name, &deployment, &err) == ERR_OK;
}

static size_t names_in(const char *dir, const char **names)
{
    size_t count = 0;
    DIR *folder = opendir(dir);
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL && count < NAMES_MOST;)
        if (entry->d_name[0] != '.') names[count++] = arena_strdup(&f.arena, entry->d_name);
    closedir(folder);
    return count;
}

static bool holds(const char *dir, const char *part)
{
    const char *names[NAMES_MOST];
    size_t count = names_in(dir, names);
    for (size_t i = 0; i < count; i++)
        if (strstr(names[i], part) != NULL) return true;
    return false;
}

/* ---- what it puts in place ---- */

Test(restore, backup_becomes_the_database_of_an_empty_directory)
{
    struct restored restored;
    struct store *store;
    struct store_db *reader;
    int64_t newest;
    MUST(run(backup, other, false, &restored, &err));
    SAME_INT(restored.index, backup_index);
    SAME_INT(restored.deployments, 1);
    SAME_TEXT(restored.kept, "");
    SAME_INT(restored.changed_at, f.time.wall_ms);
    open_other(&store, &reader);
    cr_expect(has(reader, "kept"));
    cr_expect_not(has(reader, "lost"));
    MUST(store_newest_index(reader, &newest, &err));
    SAME_INT(newest, restored.first_index);
    SAME_INT(store_first_index(store), restored.first_index);
    cr_expect_str_neq(store_incarnation(store), store_incarnation(f.store));
    cr_expect_arr_eq(store_hash_key(store), store_hash_key(f.store), CRYPTO_KEY_BYTES,
                     "tokens stay what they are");
    store_reader_close(reader);
    store_close(store);
    cr_expect_not(holds(other, ".restor"));
}

Test(restore, newest_event_tells_of_it)
{
    struct restored restored;
    struct store *store;
    struct store_db *reader;
    struct event *events;
    struct listed listed;
    MUST(run(backup, other, false, &restored, &err));
    open_other(&store, &reader);
    const struct page newest = {.sort = SORT_OWN, .limit = 1};
    MUST(events_page(reader, &f.arena, NULL, NULL, -1, &newest, &events, &listed, &err));
    cr_assert_eq(listed.count, 1);
    SAME_TEXT(events[0].reason, "restored");
    SAME_INT(events[0].index, restored.first_index);
    store_reader_close(reader);
    store_close(store);
}

Test(restore, indexes_of_what_is_lost_are_gone_and_those_of_the_backup_are_not)
{
    struct restored restored;
    struct store *store;
    struct store_db *reader;
    struct event *events;
    size_t count;
    int64_t lost = f.newest_index;
    MUST(run(backup, other, false, &restored, &err));
    open_other(&store, &reader);
    struct events_filter after = {.after = 0, .limit = 100};
    MUST(events_list(reader, &f.arena, &after, &events, &count, &err));
    after.after = events[count - 2].index; /* the newest of the backup */
    MUST(events_list(reader, &f.arena, &after, &events, &count, &err));
    SAME_INT(count, 1);
    after.after = lost;
    MUST_FAIL(events_list(reader, &f.arena, &after, &events, &count, &err), ERR_GONE, "restored");
    store_reader_close(reader);
    store_close(store);
}

Test(restore, replicas_that_it_never_made_are_foreign)
{
    struct restored restored;
    struct store *store;
    struct store_db *reader;
    char own[32], digits[16];
    MUST(run(backup, other, false, &restored, &err));
    open_other(&store, &reader);
    crypto_base32((uint64_t)restored.first_index + 1, 6, digits);
    snprintf(own, sizeof own, "web-%s", digits);
    cr_expect_not(store_replica_is_foreign(store, own));
    cr_expect(store_replica_is_foreign(store, "web-00003k"));
    cr_expect_not(store_replica_is_foreign(store, "whatever"));
    cr_expect_not(store_replica_is_foreign(f.store, "web-00003k"), "it was never restored");
    store_reader_close(reader);
    store_close(store);
}

Test(restore, two_restores_of_one_backup_are_two_lives)
{
    struct restored first, second;
    MUST(run(backup, other, false, &first, &err));
    MUST(run(backup, other, true, &second, &err));
    cr_expect_neq(first.first_index, second.first_index);
    MUST(run(backup, other, true, &second, &err));
    cr_expect(holds(other, ".before-restore-"));
}

/* However small the random step is: what is moved aside says which numbers were given. */
Test(restore, life_is_above_that_of_what_is_moved_aside)
{
    int64_t newest = 0;
    const char *link = store_fixture_path(&f, "link");
    const char *const names[] = {other, arena_printf(&f.arena, "/%s", other), link,
                                 arena_printf(&f.arena, "%s/.", other)};
    cr_assert_eq(symlink(other, link), 0);
    for (size_t i = 0; i < 2 * sizeof names / sizeof *names; i++) {
        const char *name = names[i % (sizeof names / sizeof *names)];
        struct restored restored;
        MUST(run(backup, name, true, &restored, &err));
        cr_expect_gt(restored.first_index, newest, "restore %zu, into %s", i, name);
        newest = restored.first_index;
    }
}

static void make_of(const char *path, const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    cr_assert_eq(chmod(path, 0600), 0);
}

static void give_numbers(const char *index, const char *replica)
{
    make_of(arena_printf(&f.arena, "%s/dogshore.db", other),
            arena_printf(&f.arena, "UPDATE meta SET next_index = %s, next_replica = %s", index,
                         replica));
}

/* It may be moved aside because it is damaged. */
Test(restore, absurd_numbers_of_what_is_moved_aside_are_ignored)
{
    static const char *const absurd[] = {"1 << 60", "9223372036854775807", "(1 << 21) << 32"};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        struct restored restored;
        MUST(run(backup, other, true, &restored, &err));
        give_numbers(absurd[i], "77 << 32");
        MUST(run(backup, other, true, &restored, &err));
        cr_expect_gt(restored.first_index, INT64_C(77) << 32, "the other number holds");
        cr_expect_lt(restored.first_index, INT64_C(1) << 53, "%s", absurd[i]);
    }
}

Test(restore, last_life_is_given_and_none_after_it)
{
    struct restored restored;
    MUST(run(backup, other, true, &restored, &err));
    give_numbers("((1 << 21) - 2) << 32", "1");
    MUST(run(backup, other, true, &restored, &err));
    SAME_INT(restored.first_index, ((INT64_C(1) << 21) - 1) << 32);
    const char *last = arena_printf(&f.arena, "%s/last.db", f.dir);
    cr_assert_eq(rename(arena_printf(&f.arena, "%s/dogshore.db", other), last), 0);
    MUST_FAIL(run(last, other, true, &restored, &err), ERR_LIMIT, "restored too often");
}

Test(restore, older_backup_is_migrated)
{
    enum { OLD_SCHEMA = 3 };
    struct migration old_schema[OLD_SCHEMA + 1] = {{.sql = NULL}};
    struct restored restored;
    struct store *store;
    struct store_db *db;
    const char *old = store_fixture_path(&f, "old.db");
    for (size_t i = 0; i < OLD_SCHEMA; i++)
        old_schema[i] = migrations[i];
    fclose(fopen(old, "we"));
    MUST(connection_open(&db, f.store, old, true, &err));
    MUST(migrate(db, old_schema, &err));
    MUST(meta_create(db, 1, &err));
    connection_close(db);
    MUST(run(old, other, false, &restored, &err));
    SAME_INT(restored.from_schema, OLD_SCHEMA);
    open_other(&store, &db);
    store_reader_close(db);
    store_close(store);
}

/* ---- what it refuses ---- */

Test(restore, database_that_is_there_is_only_replaced_on_order)
{
    struct restored restored;
    struct store *store;
    struct store_db *reader;
    MUST(run(backup, other, false, &restored, &err));
    MUST_FAIL(run(backup, other, false, &restored, &err), ERR_CONFIG, "--replace");
    MUST(run(backup, other, true, &restored, &err));
    cr_expect_eq(strncmp(restored.kept, other, strlen(other)), 0, "%s", restored.kept);
    cr_expect_eq(access(restored.kept, R_OK), 0);
    open_other(&store, &reader);
    store_reader_close(reader);
    store_close(store);
}

Test(restore, directory_of_a_running_server_is_refused_by_its_pid)
{
    struct restored restored;
    char words[64];
    snprintf(words, sizeof words, "in use by process %d", (int)getpid());
    MUST_FAIL(run(backup, f.dir, true, &restored, &err), ERR_CONFIG, words);
    write_one("goes-on");
}

static void expect_refused(const char *file, const char *words)
{
    struct restored restored;
    MUST_FAIL(run(file, other, false, &restored, &err), ERR_CONFIG, words);
    cr_expect_not(holds(other, "dogshore.db"), "%s: nothing is left", words);
}

static void put_bytes(const char *path, off_t offset, const void *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pwrite(fd, bytes, count, offset), (ssize_t)count);
    close(fd);
}

Test(restore, what_is_no_backup_is_refused)
{
    static const char text[4096] = "this is a diary, not a database";
    const char *diary = store_fixture_path(&f, "diary.txt");
    const char *foreign = store_fixture_path(&f, "foreign.db");
    put_bytes(diary, 0, text, sizeof text);
    make_of(foreign, "PRAGMA application_id = 7; CREATE TABLE t (a)");
    expect_refused(diary, "it is no database");
    expect_refused(foreign, "another program");
    expect_refused(f.dir, "not a regular file");
    expect_refused(store_fixture_path(&f, "missing.db"), "No such file");
    expect_refused("/dev/null", "not a regular file");
}

Test(restore, live_database_is_refused_under_other_names_too)
{
    const char *live = store_fixture_path(&f, "dogshore.db");
    const char *symbolic = store_fixture_path(&f, "symbolic.db");
    const char *hard = store_fixture_path(&f, "hard.db");
    cr_assert_eq(symlink(live, symbolic), 0);
    expect_refused(symbolic, "is a link to a database");
    cr_assert_eq(link(live, hard), 0);
    expect_refused(hard, "is a link to a database");
}

Test(restore, live_database_is_refused)
{
    expect_refused(store_fixture_path(&f, "dogshore.db"), "write-ahead log beside it");
}

Test(restore, database_of_the_directory_itself_is_refused)
{
    struct restored restored;
    MUST(run(backup, other, false, &restored, &err));
    const char *itself = arena_printf(&f.arena, "%s/dogshore.db", other);
    MUST_FAIL(run(itself, other, true, &restored, &err), ERR_CONFIG, "not a backup");
}

Test(restore, backup_that_others_may_write_is_refused)
{
    cr_assert_eq(chmod(backup, 0666), 0);
    expect_refused(backup, "may be written by others");
}

Test(restore, damaged_backup_is_refused)
{
    char noise[4096 * 3];
    memset(noise, 0x5a, sizeof noise);
    put_bytes(backup, 4096 * 6, noise, sizeof noise);
    expect_refused(backup, "backup.db");
}

Test(restore, truncated_backup_is_refused)
{
    cr_assert_eq(truncate(backup, 4096 * 5), 0);
    expect_refused(backup, "backup.db");
}

Test(restore, backup_of_a_newer_program_is_refused)
{
    make_of(backup, "PRAGMA user_version = 999");
    expect_refused(backup, "newer program");
}

Test(restore, database_that_was_restored_too_often_is_refused)
{
    struct restored restored;
    make_of(backup, "UPDATE meta SET next_replica = (1 << 53) - 1");
    MUST_FAIL(run(backup, other, false, &restored, &err), ERR_LIMIT, "restored too often");
    cr_expect_not(holds(other, "dogshore.db"), "nothing is left");
}

/* ---- when it is killed ---- */

/* A former database with "former", whose server was killed: "logged" is in its log alone. */
static _Noreturn void live_and_be_killed(void)
{
    struct store_config config = f.config;
    struct store_fixture former = {.config = config};
    former.config.data_dir = other;
    arena_init(&former.arena);
    store_fixture_start(&former);
    struct deployment deployment = sample_deployment(&former.arena, "default", "former");
    store_fixture_write(&former, sample_create, &deployment, NULL);
    kill(getpid(), SIGKILL);
    _exit(1);
}

/* The statement stays in the log, as if its writer were killed. */
static void make_logged(const char *path, const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void wait_killed(pid_t child)
{
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status %d", status);
}

static void make_former(void)
{
    pid_t child = fork();
    if (child == 0) live_and_be_killed();
    wait_killed(child);
}

static void restore_until(const char *failpoint)
{
    struct restored restored;
    struct err err;
    pid_t child = fork();
    if (child == 0) {
        failpoint_arm(failpoint, "panic");
        run(backup, other, true, &restored, &err);
        _exit(0);
    }
    wait_killed(child);
}

static const struct {
    const char *failpoint;
    bool decided;
} moments[] = {
    {"restore.copied", false},   {"restore.checked", false}, {"restore.stamped", false},
    {"restore.synced", false},   {"restore.decided", true},  {"restore.log_aside", true},
    {"restore.old_aside", true}, {"restore.in_place", true},
};

static void expect_old_or_new(const char *moment, bool is_new)
{
    struct store *store;
    struct store_db *reader;
    open_other(&store, &reader);
    cr_expect_eq(has(reader, "kept"), is_new, "%s", moment);
    cr_expect_eq(has(reader, "former"), !is_new, "%s", moment);
    cr_expect_eq(store_first_index(store) > 0, is_new, "%s", moment);
    store_reader_close(reader);
    store_close(store);
    cr_expect_not(holds(other, ".restor"), "%s: leftovers are removed", moment);
    cr_expect_eq(holds(other, ".before-restore-"), is_new, "%s: the former one is kept", moment);
}

Test(restore, kill_at_any_moment_leaves_the_old_state_or_the_new_one)
{
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        make_former();
        restore_until(moments[i].failpoint);
        expect_old_or_new(moments[i].failpoint, moments[i].decided);
        store_fixture_remove_dir(other);
    }
}

/* Its highest number is in its log alone. */
Test(restore, life_is_above_that_of_a_killed_server)
{
    struct restored first, second;
    MUST(run(backup, other, false, &first, &err));
    make_former();
    const char *database = arena_printf(&f.arena, "%s/dogshore.db", other);
    make_logged(database, "UPDATE meta SET next_replica = next_replica + (100 << 32)");
    MUST(run(backup, other, true, &second, &err));
    cr_expect_gt(second.first_index, first.first_index + (INT64_C(99) << 32));
    cr_expect(holds(other, "Z-wal"), "it keeps its log");
}

Test(restore, former_database_that_cannot_be_read_holds_nothing_up)
{
    static const char endless[] =
        "CREATE VIEW meta AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)"
        " SELECT count(*) AS next_index, 1 AS next_replica, 1 AS one FROM n";
    struct restored restored;
    MUST(run(backup, other, false, &restored, &err));
    const char *database = arena_printf(&f.arena, "%s/dogshore.db", other);
    cr_assert_eq(truncate(database, 50), 0);
    MUST(run(backup, other, true, &restored, &err));
    cr_expect(holds(other, ".before-restore-"));
    cr_assert_eq(unlink(database), 0);
    make_of(database, endless);
    MUST(run(backup, other, true, &restored, &err));
    cr_assert_eq(unlink(database), 0);
    cr_assert_eq(mkfifo(database, 0600), 0);
    MUST(run(backup, other, true, &restored, &err));
}

/* What was moved aside is whole: it has its log. */
Test(restore, former_database_can_be_taken_back)
{
    struct restored restored;
    struct store *store;
    struct store_db *reader;
    make_former();
    cr_assert_eq(access(arena_printf(&f.arena, "%s/dogshore.db-wal", other), F_OK), 0);
    MUST(run(backup, other, true, &restored, &err));
    const char *database = arena_printf(&f.arena, "%s/dogshore.db", other);
    cr_assert_eq(rename(restored.kept, database), 0);
    cr_assert_eq(rename(arena_printf(&f.arena, "%s-wal", restored.kept),
                        arena_printf(&f.arena, "%s-wal", database)),
                 0);
    open_other(&store, &reader);
    cr_expect(has(reader, "former"));
    store_reader_close(reader);
    store_close(store);
}

Test(restore, failure_before_the_decision_changes_nothing)
{
    struct restored restored;
    const char *names[NAMES_MOST];
    make_former();
    size_t count = names_in(other, names);
    for (size_t i = 0; i < sizeof moments / sizeof *moments && !moments[i].decided; i++) {
        failpoint_arm(moments[i].failpoint, "error");
        MUST_FAIL(run(backup, other, true, &restored, &err), ERR_IO, moments[i].failpoint);
        SAME_INT(names_in(other, names), count);
    }
    expect_old_or_new("none", false);
}
