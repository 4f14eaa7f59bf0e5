#include "base/crypto.h"
#include "store/events.h"
#include "store/store.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store_fixture f;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(open, .init = setup, .fini = teardown);

static const char *database(void)
{
    return store_fixture_path(&f, "dogshore.db");
}

/* `damage` is done to a closed store; then opening must say `words` and change nothing. */
static void expect_refused(enum err_code code, const char *words)
{
    struct stat before, after;
    struct store *store = NULL;
    int known = lstat(database(), &before);
    MUST_FAIL(store_open(&store, &f.config, &err), code, words);
    cr_expect_null(store);
    cr_assert_eq(lstat(database(), &after), known);
    if (known != 0) return;
    cr_expect_eq(before.st_ino, after.st_ino, "never recreated");
    cr_expect_eq(before.st_size, after.st_size, "never repaired");
}

static void run_sql(const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(database(), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void overwrite(const char *name, off_t offset, const void *bytes, size_t count)
{
    int fd = open(store_fixture_path(&f, name), O_WRONLY | O_CREAT, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(pwrite(fd, bytes, count, offset), (ssize_t)count);
    close(fd);
}

static int mode_of(const char *path)
{
    struct stat status;
    cr_assert_eq(stat(path, &status), 0);
    return status.st_mode & 07777;
}

/* ---- what is fine ---- */

Test(open, a_directory_is_made_for_its_owner_alone)
{
    store_fixture_shut(&f);
    f.config.data_dir = store_fixture_path(&f, "new");
    struct store *store;
    MUST(store_open(&store, &f.config, &err));
    cr_expect_eq(mode_of(f.config.data_dir), 0700);
    cr_expect_eq(mode_of(store_fixture_path(&f, "new/dogshore.db")), 0600);
    cr_expect_eq(mode_of(store_fixture_path(&f, "new/dogshore.db-wal")), 0600);
    cr_expect_eq(mode_of(store_fixture_path(&f, "new/lock")), 0600);
    store_close(store);
    store_fixture_remove_dir(f.config.data_dir);
}

Test(open, a_directory_may_be_reached_over_links)
{
    struct store *store;
    const char *link = store_fixture_path(&f, "link"), *folder = store_fixture_path(&f, "folder");
    store_fixture_shut(&f);
    cr_assert_eq(mkdir(folder, 0700), 0);
    cr_assert_eq(symlink("folder", link), 0);
    f.config.data_dir = link;
    MUST(store_open(&store, &f.config, &err));
    SAME_TEXT(store_data_dir(store), folder);
    store_close(store);
    f.config.data_dir = store_fixture_path(&f, "link/new");
    MUST(store_open(&store, &f.config, &err));
    cr_expect_eq(mode_of(store_fixture_path(&f, "folder/new/dogshore.db")), 0600);
    store_close(store);
    store_fixture_remove_dir(store_fixture_path(&f, "folder/new"));
    store_fixture_remove_dir(folder);
}

Test(open, a_database_keeps_its_incarnation_and_key)
{
    char incarnation[32];
    uint8_t key[CRYPTO_KEY_BYTES];
    snprintf(incarnation, sizeof incarnation, "%s", store_incarnation(f.store));
    memcpy(key, store_hash_key(f.store), sizeof key);
    cr_expect_eq(strspn(incarnation, "0123456789abcdef"), 16);
    store_fixture_reopen(&f);
    SAME_TEXT(incarnation, store_incarnation(f.store));
    cr_expect_arr_eq(key, store_hash_key(f.store), sizeof key);
}

Test(open, two_databases_differ)
{
    struct store_fixture other;
    store_fixture_open(&other);
    cr_expect_not(text_equal(store_incarnation(f.store), store_incarnation(other.store)));
    cr_expect_neq(memcmp(store_hash_key(f.store), store_hash_key(other.store), CRYPTO_KEY_BYTES),
                  0);
    store_fixture_close(&other);
}

Test(open, a_creation_that_was_cut_short_starts_anew)
{
    store_fixture_shut(&f);
    unlink(database());
    overwrite("dogshore.db.new", 0, "half", 4);
    overwrite("dogshore.db.new-journal", 0, "half", 4);
    store_fixture_start(&f);
    cr_expect_neq(access(store_fixture_path(&f, "dogshore.db.new"), F_OK), 0);
}

Test(open, a_file_that_others_may_read_is_closed_to_them)
{
    store_fixture_shut(&f);
    chmod(database(), 0644);
    store_fixture_start(&f);
    cr_expect_eq(mode_of(database()), 0600);
}

Test(open, a_simulation_takes_no_lock)
{
    store_fixture_shut(&f);
    f.config.volatile_writes = true;
    store_fixture_start(&f);
    struct store *second;
    MUST(store_open(&second, &f.config, &err));
    store_close(second);
}

/* ---- the directory and its lock ---- */

Test(open, a_second_server_is_refused_by_name)
{
    char words[64];
    snprintf(words, sizeof words, "is in use by process %d", (int)getpid());
    expect_refused(ERR_CONFIG, words);
}

static _Noreturn void hold_the_store(int ready)
{
    struct store *store;
    struct err err;
    char said = store_open(&store, &f.config, &err) == ERR_OK ? 'y' : 'n';
    if (write(ready, &said, 1) != 1) _exit(1);
    for (;;)
        pause();
}

Test(open, another_process_holds_it_until_it_dies)
{
    int ready[2], status;
    char said = '?', words[256];
    store_fixture_shut(&f);
    cr_assert_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) hold_the_store(ready[1]);
    cr_assert_eq(read(ready[0], &said, 1), 1);
    cr_assert_eq(said, 'y');
    snprintf(words, sizeof words, "%s is in use by process %d", f.dir, (int)child);
    expect_refused(ERR_CONFIG, words);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    store_fixture_start(&f);
}

Test(open, a_directory_that_others_may_write_is_refused)
{
    store_fixture_shut(&f);
    static const mode_t modes[] = {0770, 0702, 0777};
    for (size_t i = 0; i < 3; i++) {
        chmod(f.dir, modes[i]);
        expect_refused(ERR_CONFIG, "may be written by others");
    }
    chmod(f.dir, 0700);
}

Test(open, a_directory_of_somebody_else_is_refused)
{
    if (geteuid() != 0) cr_skip_test("only root can give a directory away");
    store_fixture_shut(&f);
    cr_assert_eq(chown(f.dir, 65534, 0), 0);
    expect_refused(ERR_CONFIG, "belongs to user 65534");
}

Test(open, a_path_that_is_no_directory_is_refused)
{
    store_fixture_shut(&f);
    f.config.data_dir = database();
    expect_refused(ERR_CONFIG, "is not a directory");
    f.config.data_dir = "/proc/nowhere/at/all";
    expect_refused(ERR_CONFIG, "cannot make /proc/nowhere/at/all");
}

/* ---- the file ---- */

Test(open, garbage_is_not_a_database)
{
    char garbage[8192];
    store_fixture_shut(&f);
    memset(garbage, 'g', sizeof garbage);
    overwrite("dogshore.db", 0, garbage, sizeof garbage);
    expect_refused(ERR_CONFIG, "is not a database");
}

Test(open, a_database_of_another_program_is_refused)
{
    store_fixture_shut(&f);
    run_sql("PRAGMA application_id = 1");
    expect_refused(ERR_CONFIG, "belongs to another program (application id 1)");
}

Test(open, a_newer_schema_is_refused)
{
    store_fixture_shut(&f);
    run_sql("PRAGMA user_version = 1000000");
    expect_refused(ERR_CONFIG,
                   arena_printf(&f.arena,
                                "schema version 1000000 was written by a newer program; this one "
                                "knows up to %d",
                                (int)store_schema_version()));
}

static off_t size_of_database(void)
{
    struct stat status;
    cr_assert_eq(stat(database(), &status), 0);
    return status.st_size;
}

Test(open, a_truncated_file_is_refused)
{
    store_fixture_shut(&f);
    off_t size = size_of_database();
    const off_t lengths[] = {size - 4096, size / 2, size / 2 + 100, 4096, 100, 0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        cr_assert_eq(truncate(database(), lengths[i]), 0);
        struct store *store = NULL;
        struct err err;
        cr_expect_eq(store_open(&store, &f.config, &err), ERR_CONFIG, "%lld bytes",
                     (long long)lengths[i]);
        cr_expect_eq(size_of_database(), lengths[i]);
        cr_expect(strstr(err.detail, "dogshore.db") != NULL, "%s", err.detail);
    }
}

Test(open, an_overwritten_page_is_refused)
{
    char garbage[4096];
    for (int i = 0; i < 20; i++) {
        struct deployment deployment =
            sample_deployment(&f.arena, "default", arena_printf(&f.arena, "web-%d", i));
        MUST(store_fixture_write(&f, sample_create, &deployment, &err));
    }
    store_fixture_shut(&f);
    memset(garbage, 0x5a, sizeof garbage);
    overwrite("dogshore.db", 3 * 4096, garbage, sizeof garbage);
    expect_refused(ERR_CONFIG, "is damaged");
}

Test(open, a_read_only_file_is_refused)
{
    store_fixture_shut(&f);
    chmod(database(), 0400);
    expect_refused(ERR_CONFIG, "is read-only (mode 0400)");
    chmod(database(), 0620);
    expect_refused(ERR_CONFIG, "may be written by others (mode 0620)");
}

Test(open, a_link_or_folder_in_its_place_is_refused)
{
    store_fixture_shut(&f);
    const char *moved = store_fixture_path(&f, "moved.db");
    cr_assert_eq(rename(database(), moved), 0);
    cr_assert_eq(symlink(moved, database()), 0);
    expect_refused(ERR_CONFIG, "is not a regular file");
    unlink(database());
    cr_assert_eq(link(moved, database()), 0);
    expect_refused(ERR_CONFIG, "more than one hard link");
}

/* ---- the write-ahead log ---- */

/* A store that was killed after it had written: its log holds everything. */
static void leave_a_log_behind(void)
{
    int status;
    store_fixture_shut(&f);
    pid_t child = fork();
    if (child == 0) {
        store_fixture_start(&f);
        struct deployment deployment = sample_deployment(&f.arena, "default", "web");
        struct err err;
        store_fixture_write(&f, sample_create, &deployment, &err);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status));
}

static int64_t newest_event(void)
{
    struct event *items;
    struct listed listed;
    const struct page newest = {.sort = SORT_OWN, .limit = 1};
    MUST(events_page(f.reader, &f.arena, NULL, NULL, -1, &newest, &items, &listed, &err));
    return listed.count == 0 ? 0 : items[0].index;
}

Test(open, the_log_of_a_killed_server_is_read)
{
    leave_a_log_behind();
    store_fixture_start(&f);
    cr_expect_eq(newest_event(), 1);
}

Test(open, a_log_that_is_garbage_is_refused)
{
    char garbage[64];
    leave_a_log_behind();
    memset(garbage, 'g', sizeof garbage);
    overwrite("dogshore.db-wal", 0, garbage, sizeof garbage);
    expect_refused(ERR_CONFIG, "dogshore.db-wal is damaged");
}

Test(open, a_flipped_bit_in_the_header_of_the_log_is_refused)
{
    leave_a_log_behind();
    overwrite("dogshore.db-wal", 17, "\x01\x02", 2);
    expect_refused(ERR_CONFIG, "dogshore.db-wal is damaged");
}

Test(open, a_log_without_frames_is_no_loss)
{
    store_fixture_shut(&f);
    overwrite("dogshore.db-wal", 0, "torn header", 11);
    store_fixture_start(&f);
    cr_expect_eq(newest_event(), 0);
}

Test(open, a_torn_tail_of_the_log_costs_only_what_was_not_committed)
{
    char garbage[5000];
    struct stat status;
    leave_a_log_behind();
    memset(garbage, 'g', sizeof garbage);
    cr_assert_eq(stat(store_fixture_path(&f, "dogshore.db-wal"), &status), 0);
    overwrite("dogshore.db-wal", status.st_size, garbage, sizeof garbage);
    store_fixture_start(&f);
    cr_expect_eq(newest_event(), 1);
}

Test(open, a_log_whose_database_is_missing_is_refused)
{
    leave_a_log_behind();
    unlink(database());
    expect_refused(ERR_CONFIG, "is missing, but its write-ahead log is there");
}
