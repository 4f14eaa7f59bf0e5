/* A database that an earlier release wrote, with a rollout on its way, under the newest schema. */
#include "migrations/migrations.h"
#include "model/view.h"
#include "store/connection.h"
#include "store/deployments.h"
#include "store/health.h"
#include "store/migrate.h"
#include "store/nodes.h"
#include "store/quarantine.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "support/store_check.h"
#include "support/store_fixture.h"
#include "wire/deployment_wire.h"

enum { OLD_SCHEMA = 3, REPLICAS_MAX = 100 };

static struct store_fixture f;

static const char *read_rows(void)
{
    char piece[4096];
    size_t bytes;
    struct text text;
    FILE *file = fopen(DOGSHORE_SOURCE_DIR "/tests/golden/store_0003.sql", "re");
    cr_assert_not_null(file);
    text_init(&text, &f.arena);
    while ((bytes = fread(piece, 1, sizeof piece, file)) > 0)
        text_append(&text, piece, bytes);
    fclose(file);
    return text_string(&text);
}

#define REVISION(number)                                                                           \
    "INSERT INTO revisions SELECT d.uid, " #number ", r.version, r.template, r.template_hash,"     \
    " r.created_at, 'ci', NULL, 'update', 0, 'superseded', 0, '[]' FROM revisions AS r"            \
    " JOIN deployments AS d USING (uid) WHERE d.name = 'gone' AND r.number = 1;"
#define ROLLOUT(id, state_, to_, back_, message_)                                                  \
    "CREATE TEMP TABLE copy AS SELECT o.* FROM rollouts AS o JOIN deployments AS d USING (uid)"    \
    " WHERE d.name = 'gone' AND o.id = 1;"                                                         \
    "UPDATE copy SET id = " #id ", state = '" state_ "', to_revision = " #to_                      \
    ", rollback_revision = " #back_ ", message = '" message_ "';"                                  \
    "INSERT INTO rollouts SELECT * FROM copy; DROP TABLE copy;"

/* What became of the revisions of a deployment that is being deleted. */
static const char more_rows[] = REVISION(2) REVISION(3) REVISION(4) REVISION(5)
    ROLLOUT(2, "succeeded", 2, 0, "3 of 3 replicas run revision 2")
        ROLLOUT(3, "superseded", 3, 0, "revision 4 came")
            ROLLOUT(4, "succeeded", 4, 0,
                    "0 of 0 replicas run revision 4, which is not proven: none were wanted")
                ROLLOUT(5, "rolled_back", 4, 5, "rolled back to the template of revision 2");

static void write_old_database(const char *path)
{
    struct store_db *db;
    struct migration old[OLD_SCHEMA + 1] = {{.sql = NULL}};
    for (size_t i = 0; i < OLD_SCHEMA; i++)
        old[i] = migrations[i];
    fclose(fopen(path, "we"));
    MUST(connection_open(&db, f.store, path, true, &err));
    MUST(migrate(db, old, &err));
    MUST(connection_run(db, read_rows(), &err));
    MUST(connection_run(db, more_rows, &err));
    connection_close(db);
}

static void open_upgraded(void)
{
    store_fixture_open(&f);
    const char *old = store_fixture_path(&f, "old.db");
    write_old_database(old);
    store_fixture_shut(&f);
    cr_assert_eq(rename(old, store_fixture_path(&f, "dogshore.db")), 0);
    store_fixture_start(&f);
}

static void close_fixture(void)
{
    store_fixture_close(&f);
}

TestSuite(upgrade, .init = open_upgraded, .fini = close_fixture);

static int64_t number(const char *sql)
{
    sqlite3_int64 answer = -1;
    MUST(connection_number(f.reader, sql, &answer, &err));
    return answer;
}

static struct deployment web(void)
{
    struct deployment deployment;
    MUST(deployments_get(f.reader, &f.arena, "default", "web", &deployment, &err));
    return deployment;
}

Test(upgrade, the_database_is_whole_and_of_the_newest_schema)
{
    cr_expect_eq(number("PRAGMA user_version"), store_schema_version());
    cr_expect_eq(number("SELECT schema FROM meta"), store_schema_version());
    cr_expect_eq(number("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    cr_expect_eq(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    cr_expect_eq(number("SELECT count(*) FROM events"), 36);
    cr_expect_eq(number("SELECT count(*) FROM tokens"), 4);
    cr_expect_eq(number("SELECT count(*) FROM idempotency"), 1);
    cr_expect_eq(number("SELECT count(*) FROM quarantine"), 0);
}

Test(upgrade, a_deployment_is_what_it_was_and_all_of_it_gets_traffic)
{
    struct deployment deployment = web();
    cr_expect_eq(deployment.generation, 2);
    cr_expect_eq(deployment.spec.replicas, 3);
    cr_expect_eq(deployment.spec.strategy.type, STRATEGY_ROLLING);
    cr_expect_eq(deployment.spec.strategy.batch_pause_seconds, 30);
    cr_expect_eq(deployment.spec.strategy.monitor_seconds, 3600);
    cr_expect_eq(deployment.status.state, DEPLOYMENT_DEPLOYING);
    cr_expect_eq(deployment.status.stable_revision, 1);
    cr_expect_null(deployment.active_hash);
    struct deployment gone;
    MUST(deployments_get(f.reader, &f.arena, "default", "gone", &gone, &err));
    cr_expect_eq(gone.lifecycle, LIFECYCLE_DELETING);
}

Test(upgrade, a_revision_that_is_stable_was_proven)
{
    struct revision revision;
    MUST(revisions_get(f.reader, &f.arena, web().uid, 1, &revision, &err));
    cr_expect_eq(revision.outcome, OUTCOME_STABLE);
    cr_expect(revision.proven);
    MUST(revisions_get(f.reader, &f.arena, web().uid, 2, &revision, &err));
    cr_expect_eq(revision.outcome, OUTCOME_ACTIVE);
    cr_expect_not(revision.proven);
}

/* Of what was superseded, its rollout tells: the others were overtaken on their way, or rolled out
 * while none were wanted. */
Test(upgrade, a_revision_that_was_superseded_was_proven_if_its_rollout_says_so)
{
    static const bool proven[] = {[2] = true, [3] = false, [4] = false, [5] = true};
    struct deployment gone;
    MUST(deployments_get(f.reader, &f.arena, "default", "gone", &gone, &err));
    for (int64_t i = 2; i <= 5; i++) {
        struct revision revision;
        MUST(revisions_get(f.reader, &f.arena, gone.uid, i, &revision, &err));
        cr_expect_eq(revision.outcome, OUTCOME_SUPERSEDED);
        cr_expect_eq(revision.proven, proven[i], "revision %lld", (long long)i);
    }
}

/* Ends became beginnings: what was being waited for is waited for anew. */
Test(upgrade, a_rollout_on_its_way_begins_its_pause_anew)
{
    struct rollout rollout;
    struct deployment deployment = web();
    MUST(rollouts_get(f.reader, &f.arena, deployment.uid, 2, &rollout, &err));
    cr_expect_eq(rollout.state, ROLLOUT_PROGRESSING);
    SAME_INT(rollout.deadline_at_ms, 7232812);
    SAME_INT(rollout.high_water, 1);
    SAME_INT(rollout.batch_since_ms, 0);
    SAME_INT(rollout.monitor_since_ms, 0);
    SAME_INT(rollout.step, 0);
    SAME_INT(rollout.step_since_ms, 0);
    SAME_INT(rollout.extended_ms, 0);
    SAME_INT(rollout.check_round, 0);
    cr_expect_not(rollout.direct);
    cr_expect_eq(rollout.promote, PROMOTE_NONE);
    MUST(rollouts_get(f.reader, &f.arena, deployment.uid, 1, &rollout, &err));
    cr_expect_eq(rollout.state, ROLLOUT_SUCCEEDED);
}

Test(upgrade, replicas_and_nodes_are_what_they_were)
{
    struct replica *replicas;
    size_t count;
    struct node node;
    struct deployment deployment = web();
    MUST(replicas_list(f.reader, &f.arena, deployment.uid, 0, REPLICAS_MAX, &replicas, &count,
                       &err));
    cr_assert_eq(count, 4);
    for (size_t i = 0; i < count; i++) {
        cr_expect(replicas[i].available && replicas[i].phase == REPLICA_RUNNING);
        cr_expect_eq(replicas[i].check_round, 0);
    }
    MUST(nodes_get(f.reader, &f.arena, "n1", &node, &err));
    cr_expect_eq(node.epoch, 1);
    SAME_INT(node.rejoin_until_ms, 3604760);
}

/* What was seen last is what health over time begins with. */
Test(upgrade, health_over_time_begins_with_what_is_known)
{
    struct replica *replicas;
    size_t count;
    struct deployment deployment = web();
    struct health_history history;
    struct availability_spans spans;
    MUST(availability_history(f.reader, &f.arena, deployment.uid, 0, &spans, &err));
    cr_assert_eq(spans.count, 1);
    SAME_INT(spans.items[0].available, deployment.status.available);
    SAME_INT(spans.items[0].until_at, 0);
    SAME_INT(spans.items[0].from_at,
             number("SELECT at FROM events ORDER BY at_index DESC LIMIT 1"));
    MUST(replicas_list(f.reader, &f.arena, deployment.uid, 0, REPLICAS_MAX, &replicas, &count,
                       &err));
    for (size_t i = 0; i < count; i++) {
        MUST(health_history(f.reader, &f.arena, &replicas[i], 0, &history, &err));
        cr_assert_eq(history.of[HEALTH_READY].count, 1);
        SAME_INT(history.of[HEALTH_READY].items[0].state, HEALTH_OK);
        SAME_INT(history.of[HEALTH_READY].items[0].from_at, replicas[i].readiness_since_at);
        cr_expect_eq(history.of[HEALTH_READINESS].count, 0);
    }
}

/* "/health check" was accepted before there was a rule for what a request line can carry. */
Test(upgrade, a_template_that_is_refused_today_is_still_read)
{
    struct revision revision;
    struct template template;
    struct deployment deployment = web();
    cr_expect_str_eq(deployment.spec.template.probes.readiness->http->path, "/health check");
    MUST(revisions_get(f.reader, &f.arena, deployment.uid, 1, &revision, &err));
    MUST(template_parse(&f.arena, revision.template_json, &template, &err));
    cr_expect_str_eq(template.probes.readiness->http->path, "/health check");
    char hash[TEMPLATE_HASH_BYTES];
    template_hash(&template, &f.arena, hash);
    SAME_TEXT(hash, revision.template_hash);
}
