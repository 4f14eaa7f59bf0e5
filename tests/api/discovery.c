/* What Prometheus is told to scrape: who asked for it, where, and with which labels. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

static struct fixture fixture;

static void put(const char *cluster, const char *name, int replicas)
{
    const char *target =
        arena_printf(&fixture.arena, "/v1/deployments/%s?cluster=%s", name, cluster);
    struct answer answer = fixture_send(&fixture, METHOD_PUT, target,
                                        fixture_document(&fixture, name, "1.2", replicas, ""));
    cr_assert_eq(answer.status, 201, "%s", answer.text);
}

static void settle(void)
{
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_agent(&fixture, "n2");
    fixture_settle(&fixture);
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "n2", "blue");
    put("default", "web", 2);
    put("default", "other", 1);
    put("blue", "web", 1);
    settle();
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(discovery, .init = open_fixture, .fini = close_fixture);

static struct answer try_patch(const char *target, const char *body)
{
    struct call call = {.method = METHOD_PATCH,
                        .target = target,
                        .token = "admin-token",
                        .body = body,
                        .content_type = "application/merge-patch+json"};
    return fixture_call(&fixture, &call);
}

static void patch(const char *target, const char *body)
{
    struct answer answer = try_patch(target, body);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
}

static void annotate(const char *target, const char *annotations)
{
    patch(target, arena_printf(&fixture.arena, "{\"annotations\": {%s}}", annotations));
}

static struct answer targets(const char *token, const char *query)
{
    struct call call = {.target = arena_printf(&fixture.arena, "/v1/sd/prometheus%s", query),
                        .token = token};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_str_eq(answer.reply.content_type, "application/json");
    return answer;
}

static size_t count(const struct answer *answer)
{
    return answer->json->count;
}

#define WEB "/v1/deployments/web"
#define SCRAPE "\"prometheus.io/scrape\": \"true\""

Test(discovery, nobody_is_scraped_who_did_not_ask)
{
    static const char *const others[] = {
        "\"prometheus.io/scrape\": \"false\"", "\"prometheus.io/scrape\": null",
        "\"prometheus.io/path\": \"/m\"", "\"prometheus.io/probe\": \"x\""};
    struct answer none = targets("read-token", "");
    cr_expect_str_eq(none.text, "[]");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        annotate(WEB, others[i]);
        struct answer answer = targets("read-token", "");
        cr_expect_eq(count(&answer), 0, "%s", others[i]);
    }
}

Test(discovery, each_replica_is_a_target_with_its_labels)
{
    patch(WEB, "{\"labels\": {\"team\": \"ml\", \"example.com/tier-1\": \"a.b\"},"
               " \"annotations\": {" SCRAPE ", \"prometheus.io/path\": \"/internal/m\"}}");
    struct answer answer = targets("read-token", "");
    cr_assert_eq(count(&answer), 2, "%s", answer.text);
    static const struct {
        const char *path, *value;
    } rows[] = {{"0.targets.0", "10.0.0.7:20000"},
                {"0.labels.__metrics_path__", "/internal/m"},
                {"0.labels.__scheme__", "http"},
                {"0.labels.__meta_dogshore_cluster", "default"},
                {"0.labels.__meta_dogshore_deployment", "web"},
                {"0.labels.__meta_dogshore_node", "n1"},
                {"0.labels.__meta_dogshore_ready", "true"},
                {"0.labels.__meta_dogshore_revision", "1"},
                {"0.labels.__meta_dogshore_role", "active"},
                {"0.labels.__meta_dogshore_version", "1.2"},
                {"0.labels.__meta_dogshore_label_team", "ml"},
                {"0.labels.__meta_dogshore_label_example_com_tier_1", "a.b"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *value = json_text_at(answer.json, rows[i].path);
        cr_expect(text_equal(value, rows[i].value), "%s is %s", rows[i].path, value);
    }
    cr_expect_str_neq(json_text_at(answer.json, "0.labels.__meta_dogshore_replica"),
                      json_text_at(answer.json, "1.labels.__meta_dogshore_replica"));
}

Test(discovery, annotations_say_where_to_scrape)
{
    static const struct {
        const char *annotations, *path, *scheme;
    } rows[] = {
        {"", NULL, "http"},
        {", \"prometheus.io/path\": \"/m/%20x\"", "/m/%20x", "http"},
        {", \"prometheus.io/scheme\": \"https\"", NULL, "https"},
        {", \"prometheus.io/scheme\": \"http\"", NULL, "http"},
        {", \"prometheus.io/port\": \"http\"", NULL, "http"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        annotate(WEB, "\"prometheus.io/path\": null, \"prometheus.io/scheme\": null,"
                      " \"prometheus.io/port\": null");
        annotate(WEB, arena_printf(&fixture.arena, SCRAPE "%s", rows[i].annotations));
        struct answer answer = targets("read-token", "");
        cr_assert_eq(count(&answer), 2, "%s: %s", rows[i].annotations, answer.text);
        const char *path = json_text_at(answer.json, "0.labels.__metrics_path__");
        cr_expect(text_equal(path, rows[i].path), "%s: %s", rows[i].annotations, path);
        cr_expect_str_eq(json_text_at(answer.json, "0.labels.__scheme__"), rows[i].scheme);
    }
}

Test(discovery, annotations_that_cannot_be_meant_are_refused_when_written)
{
    static const struct {
        const char *name, *value, *code, *said;
    } rows[] = {
        {"port", "8080", "conflict", "must be the name of one of spec.template.ports, got '8080'"},
        {"port", "none", "conflict", "spec.template.ports"},
        {"port", "", "conflict", "spec.template.ports"},
        {"scheme", "gopher", "enum", "must be 'http' or 'https', got 'gopher'"},
        {"scheme", "HTTPS", "enum", "must be 'http' or 'https'"},
        {"path", "m", "pattern", "must begin with '/'"},
        {"path", "", "pattern", "must begin with '/'"},
        {"path", "/m?a=b", "pattern", "without query"},
        {"scrape", "1", "enum", "must be 'false' or 'true', got '1'"},
        {"scrape", "True", "enum", "must be 'false' or 'true'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = try_patch(
            WEB, arena_printf(&fixture.arena, "{\"annotations\": {\"prometheus.io/%s\": \"%s\"}}",
                              rows[i].name, rows[i].value));
        cr_assert_eq(answer.status, 422, "%s %s: %s", rows[i].name, rows[i].value, answer.text);
        cr_expect_eq(json_at(answer.json, "errors")->count, 1, "%s", answer.text);
        cr_expect_str_eq(
            json_text_at(answer.json, "errors.0.pointer"),
            arena_printf(&fixture.arena, "#/annotations/prometheus.io~1%s", rows[i].name));
        cr_expect_str_eq(json_text_at(answer.json, "errors.0.code"), rows[i].code);
        cr_expect_not_null(strstr(json_text_at(answer.json, "errors.0.detail"), rows[i].said), "%s",
                           answer.text);
    }
}

/* The rules may be younger than what is stored. */
static void store_annotation(const char *name, const char *value)
{
    const char *path = arena_printf(&fixture.arena, "%s/dogshore.db", fixture.dir);
    const char *sql = arena_printf(&fixture.arena,
                                   "UPDATE deployments SET annotations = '{\"prometheus.io/%s\":"
                                   "\"%s\"}' WHERE name = 'web'",
                                   name, value);
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

Test(discovery, annotations_that_are_stored_stand_in_no_other_patch_s_way)
{
    static const char *const rows[][2] = {{"path", "m"}, {"port", "none"}, {"scheme", "gopher"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        store_annotation(rows[i][0], rows[i][1]);
        patch(WEB, arena_printf(&fixture.arena, "{\"description\": \"%zu\"}", i));
        struct answer answer = try_patch(WEB, "{\"spec\": {\"replicas\": -1}}");
        cr_expect_eq(json_at(answer.json, "errors")->count, 1, "%s", answer.text);
        cr_expect_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/spec/replicas");
        answer = try_patch(WEB, "{\"annotations\": {\"a\": \"b\"}}");
        cr_expect_eq(answer.status, 422, "who writes annotations mends them: %s", answer.text);
    }
}

Test(discovery, a_patch_that_takes_the_port_away_is_refused)
{
    annotate(WEB, "\"prometheus.io/port\": \"http\"");
    struct answer answer =
        try_patch(WEB, "{\"spec\": {\"template\": {\"command\": [\"x\"], \"ports\": null}}}");
    cr_assert_eq(answer.status, 422, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "errors.0.pointer"),
                     "#/annotations/prometheus.io~1port");
}

Test(discovery, what_has_no_port_cannot_be_scraped)
{
    struct answer answer =
        fixture_send(&fixture, METHOD_PUT, "/v1/deployments/job",
                     "{\"annotations\": {" SCRAPE "}, \"spec\": {\"template\": {\"version\": \"1\","
                     " \"command\": [\"x\"]}}}");
    cr_assert_eq(answer.status, 422, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "errors.0.pointer"),
                     "#/annotations/prometheus.io~1scrape");
}

Test(discovery, labels_that_become_the_same_name_are_one)
{
    patch(WEB, "{\"labels\": {\"a.b\": \"1\", \"a_b\": \"2\", \"a-b\": \"3\"},"
               " \"annotations\": {" SCRAPE "}}");
    struct answer answer = targets("read-token", "");
    cr_assert_eq(count(&answer), 2, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "0.labels.__meta_dogshore_label_a_b"), "3",
                     "the first in order of their keys");
}

Test(discovery, a_cluster_and_its_tokens_see_their_own)
{
    annotate(WEB, SCRAPE);
    annotate(WEB "?cluster=blue", SCRAPE);
    struct answer all = targets("read-token", "");
    struct answer asked = targets("read-token", "?cluster=blue");
    struct answer limited = targets("blue-read-token", "");
    cr_expect_eq(count(&all), 3);
    cr_assert_eq(count(&asked), 1);
    cr_expect_str_eq(json_text_at(asked.json, "0.labels.__meta_dogshore_cluster"), "blue");
    cr_expect_str_eq(limited.text, asked.text);
}

Test(discovery, what_runs_no_more_is_no_target)
{
    annotate(WEB, SCRAPE);
    fixture_send(&fixture, METHOD_PUT, WEB "/scale", "{\"replicas\": 1}");
    fixture_settle(&fixture);
    struct answer one = targets("read-token", "");
    cr_expect_eq(count(&one), 1, "its stop was ordered: %s", one.text);
    fixture_send(&fixture, METHOD_POST, WEB "/terminate", NULL);
    settle();
    struct answer none = targets("read-token", "");
    cr_expect_eq(count(&none), 0);
}

Test(discovery, the_replicas_of_a_lost_node_are_no_targets)
{
    annotate(WEB, SCRAPE);
    for (int second = 0; second < 120; second++) {
        fixture_advance(&fixture, 1000);
        fixture_settle(&fixture);
    }
    struct answer node = fixture_get(&fixture, "/v1/nodes/n1");
    cr_assert_str_eq(json_text_at(node.json, "state"), "lost", "%s", node.text);
    struct answer none = targets("read-token", "");
    cr_expect_eq(count(&none), 0, "%s", none.text);
}

Test(discovery, metrics_are_for_tokens_of_every_cluster)
{
    static const struct {
        const char *token;
        int status;
    } rows[] = {{NULL, 401},
                {"join-token", 403},
                {"read-token", 200},
                {"blue-read-token", 403},
                {"blue-admin-token", 403}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call call = {.target = "/metrics", .token = rows[i].token};
        cr_expect_eq(fixture_call(&fixture, &call).status, rows[i].status, "%s", rows[i].token);
        fixture.api.metrics_open = true;
        cr_expect_eq(fixture_call(&fixture, &call).status, 200);
        fixture.api.metrics_open = false;
    }
}
