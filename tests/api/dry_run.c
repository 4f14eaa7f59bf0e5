/* ?dry_run=true of every write: the answer of the write, and nothing of what it does. */
#include "api/routes.h"
#include "base/crypto.h"
#include "base/text.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(dry_run, .init = open_fixture, .fini = close_fixture);

#define WEB "/v1/deployments/web"
#define CANARY "/v1/deployments/canary"
#define ABORTED "/v1/deployments/aborted"
#define ENDED "/v1/deployments/ended"

static const char registration[] = "{\"token\": \"ttttttttttttttttttttttttttttttttttttttttttttt\", "
                                   "\"address\": \"10.0.0.8\", \"boot_id\": \"b\"}";
static const char by_itself[] = "{\"token\": \"n1-ttttttttttttttttttttttttttttttttttttttttttt\", "
                                "\"address\": \"10.0.0.9\", \"boot_id\": \"c\"}";
static const char document[] =
    "{\"labels\": {\"a\": \"b\"}, \"spec\": {\"template\": {\"version\": \"9\", "
    "\"command\": [\"x\"]}}}";

struct example {
    const char *operation;
    enum method method;
    const char *target, *body;
    int status;
    bool differs; /* what is made up, as ids are, is not the same twice */
};

static const struct example examples[] = {
    {"createDeployment", METHOD_POST, "/v1/deployments",
     "{\"name\": \"api\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}",
     201, true},
    {"applyDeployment", METHOD_PUT, WEB, document, 200, false},
    {"applyDeployment", METHOD_PUT, "/v1/deployments/new", document, 201, true},
    {"patchDeployment", METHOD_PATCH, WEB, "{\"spec\": {\"template\": {\"version\": \"9\"}}}", 200,
     false},
    {"patchDeployment", METHOD_PATCH, WEB, "{}", 200, false},
    {"deleteDeployment", METHOD_DELETE, WEB, NULL, 202, false},
    {"markRevision", METHOD_PATCH, WEB "/revisions/1", "{\"tags\": [\"good\"]}", 200, false},
    {"scaleDeployment", METHOD_PUT, WEB "/scale", "{\"replicas\": 7}", 200, false},
    {"rollBackDeployment", METHOD_POST, WEB "/rollback", "{\"revision\": 1}", 200, false},
    {"pauseDeployment", METHOD_POST, WEB "/pause", NULL, 200, false},
    {"resumeDeployment", METHOD_POST, WEB "/resume", NULL, 200, false},
    {"restartDeployment", METHOD_POST, WEB "/restart", NULL, 200, true},
    {"promoteRollout", METHOD_POST, CANARY "/promote", NULL, 200, false},
    {"promoteRollout", METHOD_POST, CANARY "/promote", "{\"full\": true}", 200, false},
    {"abortRollout", METHOD_POST, CANARY "/abort", NULL, 200, false},
    {"retryRollout", METHOD_POST, ABORTED "/retry", NULL, 200, false},
    {"terminateDeployment", METHOD_POST, WEB "/terminate", NULL, 200, false},
    {"startDeployment", METHOD_POST, ENDED "/start", NULL, 200, false},
    {"registerNode", METHOD_PUT, "/v1/nodes/n2", registration, 201, false},
    {"registerNode", METHOD_PUT, "/v1/nodes/n1", by_itself, 200, false},
    {"allowNodeRejoin", METHOD_POST, "/v1/nodes/n1/rejoin", NULL, 200, false},
    {"stopUnknownReplicas", METHOD_POST, "/v1/nodes/n1/stop-unknown", NULL, 200, false},
    {"removeNode", METHOD_DELETE, "/v1/nodes/n1?force=true", NULL, 204, false},
    {"createToken", METHOD_POST, "/v1/tokens", "{\"name\": \"ci\", \"scope\": \"read\"}", 201,
     true},
    {"rotateToken", METHOD_POST, "/v1/tokens/read-token/rotate", NULL, 200, true},
    {"revokeToken", METHOD_DELETE, "/v1/tokens/read-token", NULL, 204, false},
};
enum { EXAMPLES = sizeof examples / sizeof examples[0] };

static const char *asking_for(const char *target, const char *parameter)
{
    return arena_printf(&fixture.arena, "%s%c%s", target, strchr(target, '?') != NULL ? '&' : '?',
                        parameter);
}

static struct answer send(const struct example *example, const char *parameter)
{
    const char *target = example->target;
    struct call call = {.method = example->method,
                        .target = parameter != NULL ? asking_for(target, parameter) : target,
                        .token = "admin-token",
                        .body = example->body};
    if (example->method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
    return fixture_call(&fixture, &call);
}

static struct answer send_dry(const struct example *example)
{
    return send(example, "dry_run=true");
}

/* ---- a small world in which each of them does something ---- */

static void apply_canary(const char *target, const char *version)
{
    const char *body =
        arena_printf(&fixture.arena,
                     "{\"spec\": {\"replicas\": 2, \"template\": {\"version\": \"%s\", "
                     "\"command\": [\"x\"]}, \"strategy\": {\"type\": \"canary\", "
                     "\"monitor_seconds\": 0, \"steps\": [{\"set_replicas\": 1}, "
                     "{\"pause\": {}}, {\"set_weight\": 100}, {\"pause\": {}}]}}}",
                     version);
    struct answer answer = fixture_send(&fixture, METHOD_PUT, target, body);
    cr_assert_lt(answer.status, 300, "%s", answer.text);
}

static void reach(const char *target, const char *state)
{
    for (int i = 0; i < 20; i++) {
        fixture_settle(&fixture);
        struct answer answer =
            fixture_get(&fixture, arena_printf(&fixture.arena, "%s/status", target));
        if (text_equal(json_text_at(answer.json, "rollout.state"), state)) return;
        fixture_agent(&fixture, "n1");
        fixture_advance(&fixture, 1000);
    }
    cr_assert_fail("%s is not reached", state);
}

static void order(const char *target)
{
    struct answer answer = fixture_send(&fixture, METHOD_POST, target, NULL);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
}

static void make_world(void)
{
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_PUT, WEB, fixture_document(&fixture, "web", "1", 2, ""));
    reach(WEB, "succeeded");
    fixture_send(&fixture, METHOD_PUT, WEB, fixture_document(&fixture, "web", "2", 2, ""));
    reach(WEB, "succeeded");
    fixture_send(&fixture, METHOD_PUT, ENDED, fixture_document(&fixture, "ended", "1", 1, ""));
    reach(ENDED, "succeeded");
    order(ENDED "/terminate");
    static const char *const canaries[] = {CANARY, ABORTED};
    for (size_t i = 0; i < 2; i++) {
        apply_canary(canaries[i], "1");
        reach(canaries[i], "succeeded");
        apply_canary(canaries[i], "2");
        reach(canaries[i], "awaiting_promotion");
    }
    order(ABORTED "/abort");
    reach(ABORTED, "succeeded");
}

/* ---- what there is ---- */

static void add_value(struct text *text, sqlite3_stmt *row, int column)
{
    if (sqlite3_column_type(row, column) == SQLITE_BLOB)
        text_printf(text, "%d bytes ", sqlite3_column_bytes(row, column));
    const char *value = (const char *)sqlite3_column_text(row, column);
    text_printf(text, "%s|", value != NULL ? value : "NULL");
}

static void add_rows(struct text *text, sqlite3 *db, const char *select)
{
    sqlite3_stmt *row;
    cr_assert_eq(sqlite3_prepare_v2(db, select, -1, &row, NULL), SQLITE_OK, "%s", select);
    while (sqlite3_step(row) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(row); i++)
            add_value(text, row, i);
        text_add_char(text, '\n');
    }
    sqlite3_finalize(row);
}

/* Every row of every table. */
static const char *dump_store(void)
{
    sqlite3 *db;
    sqlite3_stmt *tables;
    struct text text;
    text_init(&text, &fixture.arena);
    const char *path = arena_printf(&fixture.arena, "%s/dogshore.db", fixture.dir);
    cr_assert_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table'", -1,
                                    &tables, NULL),
                 SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(tables, 0);
        text_printf(&text, "-- %s\n", table);
        add_rows(&text, db, arena_printf(&fixture.arena, "SELECT * FROM \"%s\"", table));
    }
    sqlite3_finalize(tables);
    sqlite3_close(db);
    return text_string(&text);
}

/* What is kept beside the store: what was published, and what nodes hold. */
static const char *dump_memory(void)
{
    static const char *const reads[] = {"/v1/nodes", "/v1/nodes/n1/live", WEB "/endpoints",
                                        "/v1/tokens", "/v1/replicas"};
    struct text text;
    size_t position = 0;
    const char *key;
    void *index;
    text_init(&text, &fixture.arena);
    while (map_next(&fixture.published, &position, &key, &index))
        text_printf(&text, "%s %lld\n", key, (long long)*(int64_t *)index);
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
        text_printf(&text, "%s\n", fixture_get(&fixture, reads[i]).text);
    return text_string(&text);
}

/* ---- every write ---- */

static bool is_described(const char *operation)
{
    for (size_t i = 0; i < EXAMPLES; i++)
        if (text_equal(examples[i].operation, operation)) return true;
    return false;
}

/* Whoever adds a write adds it above, or says why it cannot be tried. */
Test(dry_run, is_known_to_every_write_but_reports)
{
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        if (route->place != PLACE_WRITER) {
            cr_assert_not(text_equal(route_common_parameters(route), "dry_run"));
            continue;
        }
        bool is_report = text_equal(route->operation_id, "reportReplicas");
        cr_assert_neq(is_described(route->operation_id), is_report, "%s", route->operation_id);
        cr_assert_neq(text_equal(route_common_parameters(route), "dry_run"), is_report, "%s",
                      route->operation_id);
    }
}

static void expect_dry(const struct answer *answer, const char *operation)
{
    const struct json *told = json_member(answer->json, "dry_run");
    cr_assert(answer->reply.dry_run, "%s", operation);
    cr_assert_str_eq(answer->reply.etag, "");
    cr_assert_null(answer->reply.location);
    cr_assert_eq(answer->reply.index, -1);
    cr_assert_null(json_member(answer->json, "token"), "%s shows a secret", operation);
    if (answer->text[0] == '\0') return;
    cr_assert(told != NULL && told->type == JSON_BOOL && told->boolean, "%s", answer->text);
}

static const char *without_mark(const char *text)
{
    static const char mark[] = ",\"dry_run\":true}";
    size_t bytes = strlen(text), mark_bytes = sizeof mark - 1;
    if (bytes < mark_bytes) return text;
    return arena_printf(&fixture.arena, "%.*s}", (int)(bytes - mark_bytes), text);
}

Test(dry_run, answers_what_the_write_answers_and_leaves_nothing)
{
    for (size_t i = 0; i < EXAMPLES; i++) {
        const struct example *example = &examples[i];
        make_world();
        const char *store = dump_store(), *memory = dump_memory();
        struct answer dry = send_dry(example);
        cr_assert_eq(dry.status, example->status, "%s: %s", example->operation, dry.text);
        expect_dry(&dry, example->operation);
        cr_assert_str_eq(dump_store(), store, "%s", example->operation);
        cr_assert_str_eq(dump_memory(), memory, "%s", example->operation);

        struct answer done = send(example, "dry_run=false");
        cr_assert_eq(done.status, example->status, "%s: %s", example->operation, done.text);
        cr_assert_not(done.reply.dry_run);
        cr_assert_null(json_member(done.json, "dry_run"));
        if (!example->differs)
            cr_assert_str_eq(without_mark(dry.text), done.text, "%s", example->operation);
        close_fixture();
        open_fixture();
    }
}

/* What it said can be done stays possible: nothing of it is in the way. */
Test(dry_run, can_be_asked_again_and_again)
{
    make_world();
    for (size_t i = 0; i < EXAMPLES; i++)
        for (int j = 0; j < 2; j++) {
            struct answer answer = send_dry(&examples[i]);
            cr_assert_eq(answer.status, examples[i].status, "%s: %s", examples[i].operation,
                         answer.text);
        }
}

Test(dry_run, is_true_or_false)
{
    static const char *const bad[] = {"dry_run",     "dry_run=",     "dry_run=1",
                                      "dry_run=yes", "dry_run=True", "dry_run=true&dry_run=true"};
    make_world();
    const char *store = dump_store();
    for (size_t i = 0; i < EXAMPLES; i++)
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            struct answer answer = send(&examples[i], bad[j]);
            cr_assert_eq(answer.status, 400, "%s: %s", bad[j], answer.text);
            cr_assert_not_null(strstr(answer.text, "dry_run"));
            cr_assert_not(answer.reached_store);
        }
    cr_assert_str_eq(dump_store(), store);
}

Test(dry_run, of_a_write_comes_with_the_nearest_name)
{
    struct answer answer = send(&examples[0], "dryrun=true");
    cr_assert_eq(answer.status, 400);
    cr_assert_not_null(strstr(answer.text, "did you mean 'dry_run'?"), "%s", answer.text);
}

Test(dry_run, is_no_matter_of_reads_and_reports)
{
    static const struct example others[] = {
        {"", METHOD_GET, "/v1/deployments", NULL, 0, false},
        {"", METHOD_GET, WEB "/status", NULL, 0, false},
        {"", METHOD_POST, WEB "/plan", document, 0, false},
        {"", METHOD_POST, "/v1/nodes/n1/report", "{}", 0, false},
        {"", METHOD_GET, "/v1/nodes/n1/assignments", NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct answer answer = send_dry(&others[i]);
        cr_assert_eq(answer.status, 400, "%s: %s", others[i].target, answer.text);
        cr_assert_str_eq(json_text_at(answer.json, "code"), "unknown_parameter");
    }
}

/* ---- what stands in the way of the write ---- */

Test(dry_run, fails_as_the_write_does)
{
    static const struct example failing[] = {
        {"", METHOD_POST, "/v1/deployments", "{\"name\": \"web\", \"spec\": {}}", 422, false},
        {"", METHOD_POST, "/v1/deployments",
         "{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": "
         "[\"x\"]}}}",
         409, false},
        {"", METHOD_POST, "/v1/deployments?cluster=none",
         "{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": "
         "[\"x\"]}}}",
         422, false},
        {"", METHOD_PATCH, WEB, "{\"spec\": {\"replicas\": -1}}", 422, false},
        {"", METHOD_PUT, WEB "/scale", "{", 400, false},
        {"", METHOD_POST, WEB "/rollback", "{\"revision\": 9}", 404, false},
        {"", METHOD_POST, WEB "/promote", NULL, 409, false},
        {"", METHOD_DELETE, "/v1/deployments/none", NULL, 404, false},
        {"", METHOD_DELETE, "/v1/nodes/n1", NULL, 409, false},
        {"", METHOD_POST, "/v1/tokens", "{\"name\": \"-\", \"scope\": \"rot\"}", 422, false},
        {"", METHOD_DELETE, "/v1/tokens/admin-token", NULL, 409, false},
    };
    make_world();
    const char *store = dump_store(), *memory = dump_memory();
    for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
        struct answer dry = send_dry(&failing[i]);
        struct answer done = send(&failing[i], NULL);
        cr_assert_eq(dry.status, failing[i].status, "%s: %s", failing[i].target, dry.text);
        cr_assert_str_eq(dry.text, done.text);
        cr_assert_not(dry.reply.dry_run);
    }
    cr_assert_str_eq(dump_store(), store);
    cr_assert_str_eq(dump_memory(), memory);
}

Test(dry_run, needs_the_scope_and_the_condition_of_the_write)
{
    make_world();
    struct call call = {.method = METHOD_PUT,
                        .target = WEB "?dry_run=true",
                        .token = "read-token",
                        .body = document};
    cr_assert_eq(fixture_call(&fixture, &call).status, 403);
    call.token = "deploy-token";
    call.if_match = "\"other.1\"";
    cr_assert_eq(fixture_call(&fixture, &call).status, 412);
    call.if_match = fixture_get(&fixture, WEB).reply.etag;
    cr_assert_eq(fixture_call(&fixture, &call).status, 200);
    cr_assert_eq(fixture_call(&fixture, &call).status, 200, "the generation has not moved");
}

Test(dry_run, leaves_its_idempotency_key_free)
{
    make_world();
    struct call call = {.method = METHOD_PUT,
                        .target = WEB "/scale?dry_run=true",
                        .token = "deploy-token",
                        .body = "{\"replicas\": 7}",
                        .idempotency_key = "k1"};
    for (int i = 0; i < 2; i++) {
        struct answer dry = fixture_call(&fixture, &call);
        cr_assert_eq(dry.status, 200, "%s", dry.text);
        cr_assert_not(dry.reply.replayed);
    }
    call.target = WEB "/scale";
    struct answer done = fixture_call(&fixture, &call);
    cr_assert_eq(done.status, 200, "%s", done.text);
    cr_assert_not(done.reply.replayed);
    cr_assert(fixture_call(&fixture, &call).reply.replayed);
    call.target = WEB "/scale?dry_run=true";
    struct answer dry = fixture_call(&fixture, &call);
    cr_assert_eq(dry.status, 200, "%s", dry.text);
    cr_assert_not(dry.reply.replayed);
    call.idempotency_key = "not visible";
    cr_assert_eq(fixture_call(&fixture, &call).status, 400, "a key has a shape all the same");
}

Test(dry_run, of_a_new_token_opens_nothing)
{
    struct example make = {
        "", METHOD_POST, "/v1/tokens", "{\"name\": \"ci\", \"scope\": \"read\"}", 201, false};
    struct answer dry = send_dry(&make);
    cr_assert_eq(dry.status, 201);
    cr_assert_str_eq(json_text_at(dry.json, "name"), "ci");
    const char *target =
        arena_printf(&fixture.arena, "/v1/tokens/%s", json_text_at(dry.json, "id"));
    cr_assert_eq(fixture_get(&fixture, target).status, 404);
    struct example rotate = {"", METHOD_POST, "/v1/tokens/read-token/rotate", NULL, 200, false};
    cr_assert_eq(send_dry(&rotate).status, 200);
    struct call call = {.target = "/v1/whoami", .token = "read-token"};
    cr_assert_eq(fixture_call(&fixture, &call).status, 200, "its secret is the old one");
}
