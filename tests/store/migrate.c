#include "store/migrate.h"

#include "base/failpoint.h"
#include "migrations/migrations.h"
#include "store/connection.h"
#include "store/tokens.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <sys/wait.h>

static struct store_fixture f;
static struct store_db *db;

static void setup(void)
{
    store_fixture_open(&f);
    const char *path = store_fixture_path(&f, "scratch.db");
    fclose(fopen(path, "w"));
    MUST(connection_open(&db, f.store, path, true, &err));
}

static void teardown(void)
{
    failpoint_clear();
    connection_close(db);
    store_fixture_close(&f);
}

TestSuite(migrate, .init = setup, .fini = teardown);
TestSuite(schema, .init = setup, .fini = teardown);

static int64_t number(struct store_db *of, const char *sql)
{
    sqlite3_int64 answer = -1;
    MUST(connection_number(of, sql, &answer, &err));
    return answer;
}

/* The rows of a query, one a line, columns parted by '|'. */
static const char *rows(struct store_db *of, const char *sql)
{
    sqlite3_stmt *statement;
    struct text text;
    text_init(&text, &f.arena);
    cr_assert_eq(sqlite3_prepare_v2(of->handle, sql, -1, &statement, NULL), SQLITE_OK, "%s: %s",
                 sql, sqlite3_errmsg(of->handle));
    while (sqlite3_step(statement) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(statement); i++)
            text_printf(&text, "%s%s", i == 0 ? "" : "|",
                        (const char *)sqlite3_column_text(statement, i));
        text_add_char(&text, '\n');
    }
    sqlite3_finalize(statement);
    return text_string(&text);
}

/* ---- steps ---- */

static const struct migration three[] = {
    {1, "meta", "CREATE TABLE meta (schema INTEGER NOT NULL); INSERT INTO meta VALUES (0)"},
    {2, "more", "CREATE TABLE more (a INTEGER); INSERT INTO more VALUES (7)"},
    {3, "most", "ALTER TABLE more ADD COLUMN b INTEGER"},
    {0, NULL, NULL},
};
static const struct migration one[] = {
    {1, "meta", "CREATE TABLE meta (schema INTEGER NOT NULL); INSERT INTO meta VALUES (0)"},
    {0, NULL, NULL},
};
static const struct migration broken[] = {
    {1, "meta", "CREATE TABLE meta (schema INTEGER NOT NULL); INSERT INTO meta VALUES (0)"},
    {2, "bad", "CREATE TABLE more (a INTEGER); INSERT INTO nowhere VALUES (7)"},
    {0, NULL, NULL},
};

Test(migrate, all_steps_run_once_and_leave_their_version)
{
    MUST(migrate(db, three, &err));
    MUST(migrate(db, three, &err));
    cr_expect_eq(number(db, "PRAGMA user_version"), 3);
    cr_expect_eq(number(db, "SELECT schema FROM meta"), 3);
    cr_expect_eq(number(db, "PRAGMA application_id"), STORE_APPLICATION_ID);
    cr_expect_eq(number(db, "SELECT count(b IS NULL) FROM more"), 1);
    cr_expect_eq(migrate_newest(three), 3);
}

Test(migrate, an_older_database_gets_what_it_lacks)
{
    MUST(migrate(db, one, &err));
    cr_expect_eq(number(db, "PRAGMA user_version"), 1);
    MUST(migrate(db, three, &err));
    cr_expect_eq(number(db, "PRAGMA user_version"), 3);
    cr_expect_eq(number(db, "SELECT a FROM more"), 7);
}

Test(migrate, a_newer_database_is_refused)
{
    MUST(migrate(db, three, &err));
    MUST_FAIL(migrate(db, one, &err), ERR_CONFIG, "newer");
}

Test(migrate, a_step_that_fails_leaves_the_one_before)
{
    MUST_FAIL(migrate(db, broken, &err), ERR_INTERNAL, "migration 0002_bad: ");
    cr_expect_eq(number(db, "PRAGMA user_version"), 1);
    cr_expect_eq(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), 0);
    MUST(migrate(db, three, &err));
}

Test(migrate, every_step_may_fail_once_and_be_repeated)
{
    for (int step = 1; step <= 3; step++) {
        failpoint_arm("store.migrate.step", "error");
        MUST_FAIL(migrate(db, three, &err), ERR_IO, "failpoint");
        cr_expect_eq(number(db, "PRAGMA user_version"), step - 1);
        failpoint_arm("store.migrate.step", "error@2");
        if (step < 3) MUST_FAIL(migrate(db, three, &err), ERR_IO, "failpoint");
        cr_expect_eq(number(db, "PRAGMA user_version"), step < 3 ? step : 2);
    }
    failpoint_clear();
    MUST(migrate(db, three, &err));
}

Test(migrate, a_kill_in_the_first_step_leaves_no_database)
{
    int status;
    store_fixture_shut(&f);
    unlink(store_fixture_path(&f, "dogshore.db"));
    pid_t child = fork();
    if (child == 0) {
        struct store *store;
        struct err err;
        failpoint_arm("store.migrate.step", "panic");
        store_open(&store, &f.config, &err);
        _exit(0);
    }
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status));
    cr_expect_neq(access(store_fixture_path(&f, "dogshore.db"), F_OK), 0);
    store_fixture_start(&f);
}

Test(migrate, an_upgraded_schema_equals_a_fresh_one)
{
    static const char dump[] = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name";
    const char *fresh = rows(f.reader, dump);
    for (const struct migration *step = migrations; step->sql != NULL; step++) {
        struct migration only[] = {*step, {0, NULL, NULL}};
        MUST(migrate(db, only, &err));
        if (step->version == 1)
            MUST(connection_run(db,
                                "INSERT INTO meta VALUES (1, '0123456789abcdef', 1, zeroblob(32),"
                                " 0, 1, 1, 0, 0)",
                                &err));
    }
    SAME_TEXT(rows(db, dump), fresh);
    cr_expect_eq(number(db, "SELECT schema FROM meta"), store_schema_version());
}

/* ---- rules for every table ---- */

Test(schema, every_table_is_strict_with_a_not_null_primary_key)
{
    SAME_TEXT(rows(f.reader, "SELECT name FROM pragma_table_list WHERE schema = 'main'"
                             " AND name NOT LIKE 'sqlite_%' AND (type <> 'table' OR NOT strict)"),
              "");
    SAME_TEXT(rows(f.reader, "SELECT t.name FROM pragma_table_list AS t WHERE schema = 'main'"
                             " AND t.name NOT LIKE 'sqlite_%' AND NOT EXISTS"
                             " (SELECT 1 FROM pragma_table_info(t.name) AS c WHERE c.pk > 0)"),
              "");
    SAME_TEXT(rows(f.reader, "SELECT t.name, c.name FROM pragma_table_list AS t,"
                             " pragma_table_info(t.name) AS c WHERE t.schema = 'main'"
                             " AND t.name NOT LIKE 'sqlite_%' AND c.pk > 0 AND NOT c.\"notnull\""),
              "");
    SAME_TEXT(rows(f.reader, "SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')"
                             " OR sql LIKE '%AUTOINCREMENT%' OR sql LIKE '%VIRTUAL%'"),
              "");
}

/* A CHECK lists every word of the model; it may know words that are not written yet. */
static const struct {
    const char *table, *column;
    const char *const *words;
} enums[] = {
    {"deployments", "lifecycle", deployment_lifecycle_words},
    {"deployments", "state", deployment_state_words},
    {"deployments", "rollout_state", rollout_state_words},
    {"revisions", "source", revision_source_words},
    {"revisions", "outcome", revision_outcome_words},
    {"rollouts", "strategy", strategy_type_words},
    {"rollouts", "state", rollout_state_words},
    {"rollouts", "promote", promote_order_words},
    {"replicas", "wanted", replica_wanted_words},
    {"replicas", "stop_cause", stop_cause_words},
    {"replicas", "phase", replica_phase_words},
    {"nodes", "state", node_state_words},
    {"tokens", "scope", token_scope_words},
};

Test(schema, checks_list_the_words_of_the_model)
{
    for (size_t i = 0; i < sizeof enums / sizeof *enums; i++) {
        const char *column = enums[i].column;
        const char *table =
            rows(f.reader, arena_printf(&f.arena, "SELECT sql FROM sqlite_schema WHERE name = '%s'",
                                        enums[i].table));
        for (const char *const *word = enums[i].words; *word != NULL; word++) {
            const char *either = arena_printf(&f.arena, " %s = '%s'", column, *word);
            const char *in = strstr(table, arena_printf(&f.arena, "%s IN (", column));
            const char *quoted = arena_printf(&f.arena, "'%s'", *word);
            bool checked =
                strstr(table, either) != NULL || (in != NULL && strstr(in, quoted) != NULL);
            cr_expect(checked, "%s.%s: %s", enums[i].table, column, *word);
        }
    }
}

/* Statements that may walk a whole table: counts and what is read once at start. */
static const char *const walkers[] = {
    "SELECT count(*) FROM events", "SELECT count(*) FROM deployments", "SELECT count(*) FROM nodes",
    "SELECT count(*) FROM tokens", "SELECT uid FROM deployments ORDER BY uid",
    "SELECT at_index FROM events ORDER BY at_index LIMIT 1 OFFSET ?",
    "SELECT node, sum(cpu_millis)",
    /* /v1/summary, through covering indexes */
    "SELECT node, cluster, phase", "SELECT name, cluster, state",
    "SELECT state, cluster, rollout_state",
    "SELECT d.uid, r.id, r.node, n.state", /* through an index of those that opted in */
};

static bool may_walk(const char *sql)
{
    for (size_t i = 0; i < sizeof walkers / sizeof *walkers; i++)
        if (text_starts(sql, walkers[i])) return true;
    return false;
}

/* What one node runs is found by an index that has the counted columns before the number. */
static bool may_sort(const char *sql)
{
    return strstr(sql, "FROM replicas AS p WHERE node = ?") != NULL;
}

static const char *plan_of(const char *sql)
{
    return rows(f.reader, arena_printf(&f.arena, "EXPLAIN QUERY PLAN %s", sql));
}

Test(schema, no_query_walks_a_table_or_sorts)
{
    int seen = 0;
    sqlite3_stmt *statement = NULL;
    while ((statement = sqlite3_next_stmt(f.reader->handle, statement)) != NULL) {
        const char *sql = sqlite3_sql(statement);
        if (!text_starts(sql, "SELECT") || may_walk(sql)) continue;
        const char *plan = plan_of(sql);
        bool walks = strstr(plan, "|SCAN ") != NULL && strstr(plan, "json_each") == NULL &&
                     strstr(plan, "SCAN CONSTANT ROW") == NULL &&
                     strstr(sql, "SELECT count(*) FROM (") == NULL;
        cr_expect_not(walks, "%s\n%s", sql, plan);
        bool sorts = strstr(plan, "TEMP B-TREE FOR ORDER") != NULL;
        cr_expect_not(sorts && !may_sort(sql), "%s\n%s", sql, plan);
        seen++;
    }
    cr_expect_geq(seen, 20);
}
