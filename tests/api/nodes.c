/* Nodes, and the two calls of a worker's life. */
#include "store/store.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(nodes, .init = open_fixture, .fini = close_fixture);

static struct answer as_node(enum method method, const char *tail, const char *body)
{
    struct call call = {.method = method,
                        .target = arena_printf(&fixture.arena, "/v1/nodes/n1%s", tail),
                        .token = fixture_node_token(&fixture, "n1"),
                        .body = body};
    return fixture_call(&fixture, &call);
}

static void deploy(const char *name, const char *version, int replicas)
{
    struct answer answer = fixture_send(
        &fixture, METHOD_PUT, arena_printf(&fixture.arena, "/v1/deployments/%s", name),
        fixture_document(&fixture, name, version, replicas, ", \"env\": {\"KEY\": \"clear\"}"));
    cr_assert_lt(answer.status, 300, "%s", answer.text);
    fixture_settle(&fixture);
}

/* ---- nodes ---- */

Test(nodes, registering_answers_what_an_agent_needs)
{
    struct call call = {.method = METHOD_PUT,
                        .target = "/v1/nodes/n2",
                        .token = "join-token",
                        .body = "{\"token\": \"ttttttttttttttttttttttttttttttttttttttttttttttt\", "
                                "\"address\": \"10.0.0.8\", \"boot_id\": \"b\", \"new\": true}"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 201, "%s", answer.text);
    cr_assert_str_eq(answer.reply.location, "/v1/nodes/n2");
    cr_assert_eq(json_int_at(answer.json, "epoch"), 1);
    cr_assert_str_eq(json_text_at(answer.json, "incarnation"), store_incarnation(fixture.store));
    cr_assert_gt(json_int_at(answer.json, "poll_wait_ms"), 0);
    cr_assert_null(strstr(answer.text, "tttt"), "a token is never shown");
    cr_assert_null(strstr(fixture_get(&fixture, "/v1/nodes/n2").text, "tttt"));
}

Test(nodes, a_bad_registration_is_422_naming_the_field)
{
    static const struct {
        const char *body, *pointer;
    } rows[] = {
        {"{\"address\": \"a\", \"boot_id\": \"b\"}", "#/token"},
        {"{\"token\": \"short\", \"address\": \"a\", \"boot_id\": \"b\"}", "#/token"},
        {"{\"token\": \"tttttttttttttttttttttttttttttttttttttttttttt\", \"boot_id\": \"b\"}",
         "#/address"},
        {"{\"token\": \"tttttttttttttttttttttttttttttttttttttttttttt\", \"address\": \"a\"}",
         "#/boot_id"},
        {"{\"token\": \"tttttttttttttttttttttttttttttttttttttttttttt\", \"address\": \"a\", "
         "\"boot_id\": \"b\", \"cluster\": \"Not_A_Name\"}",
         "#/cluster"},
        {"{\"token\": \"tttttttttttttttttttttttttttttttttttttttttttt\", \"address\": \"a\", "
         "\"boot_id\": \"b\", \"capacity\": {\"cpu_millis\": -1}}",
         "#/capacity/cpu_millis"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {.method = METHOD_PUT,
                            .target = "/v1/nodes/n2",
                            .token = "join-token",
                            .body = rows[i].body};
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, 422, "%s", answer.text);
        cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), rows[i].pointer);
    }
    cr_assert_eq(fixture_get(&fixture, "/v1/nodes/n2").status, 404);
}

Test(nodes, a_name_must_be_a_name)
{
    struct call call = {.method = METHOD_PUT,
                        .target = "/v1/nodes/No_Name",
                        .token = "join-token",
                        .body = "{\"token\": \"tttttttttttttttttttttttttttttttttttttttttttt\", "
                                "\"address\": \"a\", \"boot_id\": \"b\"}"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/name");
}

Test(nodes, are_listed_by_name_with_what_is_on_them)
{
    fixture_node(&fixture, "a2", "default");
    deploy("web", "1", 2);
    struct answer page = fixture_get(&fixture, "/v1/nodes?limit=1");
    cr_assert_str_eq(json_text_at(page.json, "items.0.name"), "a2");
    cr_assert_eq(json_int_at(page.json, "items.0.replicas"), 1);
    const char *cursor = json_text_at(page.json, "next_cursor");
    page =
        fixture_get(&fixture, arena_printf(&fixture.arena, "/v1/nodes?limit=1&cursor=%s", cursor));
    cr_assert_str_eq(json_text_at(page.json, "items.0.name"), "n1");
    cr_assert_null(json_text_at(page.json, "next_cursor"));
}

Test(nodes, the_tag_of_one_moves_with_what_is_placed_on_it)
{
    struct answer before = fixture_get(&fixture, "/v1/nodes/n1");
    cr_assert_str_eq(fixture_get(&fixture, "/v1/nodes/n1").reply.etag, before.reply.etag);
    deploy("web", "1", 2);
    cr_assert_str_neq(fixture_get(&fixture, "/v1/nodes/n1").reply.etag, before.reply.etag);
}

Test(nodes, a_ready_one_is_removed_only_by_force)
{
    struct answer answer = fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/n1", NULL);
    cr_assert_eq(answer.status, 409, "%s", answer.text);
    answer = fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/n1?force=maybe", NULL);
    cr_assert_eq(answer.status, 400);
    answer = fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/n1?force=true", NULL);
    cr_assert_eq(answer.status, 204, "%s", answer.text);
    cr_assert_eq(fixture_get(&fixture, "/v1/nodes/n1").status, 404);
    cr_assert_eq(as_node(METHOD_GET, "/assignments", NULL).status, 401, "its token went with it");
}

/* ---- rejoining ---- */

static struct answer join(const char *name, const char *token)
{
    struct call call = {.method = METHOD_PUT,
                        .target = arena_printf(&fixture.arena, "/v1/nodes/%s", name),
                        .token = "join-token",
                        .body = arena_printf(&fixture.arena,
                                             "{\"token\": \"%s\", \"address\": \"a\", "
                                             "\"boot_id\": \"b2\"}",
                                             token)};
    return fixture_call(&fixture, &call);
}

#define NEW_TOKEN "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"

Test(nodes, one_that_lost_its_token_is_let_in_by_an_operator)
{
    struct answer refused = join("n1", NEW_TOKEN);
    cr_assert_eq(refused.status, 409, "%s", refused.text);
    cr_assert_str_eq(json_text_at(refused.json, "code"), "conflict");
    cr_assert_not_null(strstr(refused.text, "POST /v1/nodes/n1/rejoin"));
    for (int i = 0; i < 2; i++) {
        struct answer allowed = fixture_send(&fixture, METHOD_POST, "/v1/nodes/n1/rejoin", NULL);
        cr_assert_eq(allowed.status, 200, "%s", allowed.text);
        cr_assert_str_eq(json_text_at(allowed.json, "name"), "n1");
        cr_assert_eq(json_int_at(allowed.json, "allowed_for_ms"), 3600 * 1000);
    }
    struct answer joined = join("n1", NEW_TOKEN);
    cr_assert_eq(joined.status, 200, "%s", joined.text);
    cr_assert_eq(json_int_at(joined.json, "epoch"), 2);
    cr_assert_eq(as_node(METHOD_GET, "/assignments", NULL).status, 401, "the old token is void");
    struct call poll = {.target = "/v1/nodes/n1/assignments", .token = NEW_TOKEN};
    cr_assert_eq(fixture_call(&fixture, &poll).status, 200);
    cr_assert_eq(join("n1", "q" NEW_TOKEN).status, 409, "once");
}

Test(nodes, a_rejoin_is_an_operators_to_allow)
{
    static const struct {
        const char *token, *target;
        int status;
    } rows[] = {
        {"read-token", "/v1/nodes/n1/rejoin", 403},
        {"deploy-token", "/v1/nodes/n1/rejoin", 403},
        {"join-token", "/v1/nodes/n1/rejoin", 403},
        {NULL, "/v1/nodes/n1/rejoin", 401},
        {"operate-token", "/v1/nodes/n9/rejoin", 404},
        {"operate-token", "/v1/nodes/n1/rejoin", 200},
        {"blue-operate-token", "/v1/nodes/n1/rejoin", 404},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {
            .method = METHOD_POST, .target = rows[i].target, .token = rows[i].token};
        cr_assert_eq(fixture_call(&fixture, &call).status, rows[i].status, "row %zu", i);
    }
}

Test(nodes, a_rejoin_takes_an_empty_body_or_none)
{
    static const struct {
        const char *body;
        int status;
    } rows[] = {{"{}", 200}, {"{\"force\": true}", 422}, {"[]", 422}, {"{", 400}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer answer =
            fixture_send(&fixture, METHOD_POST, "/v1/nodes/n1/rejoin", rows[i].body);
        cr_assert_eq(answer.status, rows[i].status, "%s", answer.text);
    }
}

/* ---- assignments ---- */

Test(nodes, assignments_are_the_whole_desired_set)
{
    deploy("web", "1", 2);
    struct answer answer = as_node(METHOD_GET, "/assignments", NULL);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "replicas")->count, 2);
    cr_assert_str_eq(json_text_at(answer.json, "replicas.0.wanted"), "run");
    cr_assert_str_eq(json_text_at(answer.json, "replicas.0.deployment"), "web");
    cr_assert_eq(json_int_at(answer.json, "index"), answer.reply.index);
    cr_assert_eq(json_int_at(answer.json, "epoch"), 1);
    cr_assert(answer.reply.no_store);
    const struct json *templates = json_at(answer.json, "templates");
    cr_assert_eq(templates->count, 1, "replicas of one template share it");
    cr_assert_str_eq(templates->children[0].key,
                     json_text_at(answer.json, "replicas.0.template_hash"));
    cr_assert_str_eq(json_text_at(&templates->children[0], "env.KEY"), "clear");
    cr_assert_eq(json_int_at(&templates->children[0], "stop.grace_seconds"), 10,
                 "defaults are filled in");
}

static struct answer poll(int64_t index)
{
    return as_node(
        METHOD_GET,
        arena_printf(&fixture.arena, "/assignments?index=%" PRId64 "&wait_seconds=10", index),
        NULL);
}

Test(nodes, assignments_send_templates_once)
{
    deploy("web", "1", 1);
    struct answer first = as_node(METHOD_GET, "/assignments", NULL);
    struct answer waiting = poll(first.reply.index);
    cr_assert(waiting.reply.unsatisfied);
    cr_assert_eq(json_at(waiting.json, "templates")->count, 0);
    deploy("api", "9", 1);
    struct answer second = poll(first.reply.index);
    cr_assert_not(second.reply.unsatisfied);
    cr_assert_eq(json_at(second.json, "replicas")->count, 2, "%s", second.text);
    cr_assert_eq(json_at(second.json, "templates")->count, 1);
    cr_assert_str_eq(json_at(second.json, "templates")->children[0].key,
                     json_text_at(second.json, "replicas.1.template_hash"));
    cr_assert_eq(json_at(poll(0).json, "templates")->count, 2);
    struct answer future = poll(fixture_newest_index(&fixture) + 1000);
    cr_assert_not(future.reply.unsatisfied);
    cr_assert_eq(json_at(future.json, "templates")->count, 2, "another database gave that index");
}

Test(nodes, a_stop_is_ordered_and_never_left_out)
{
    deploy("web", "1", 2);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    int64_t index = as_node(METHOD_GET, "/assignments", NULL).reply.index;
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 1}");
    fixture_settle(&fixture);
    struct answer answer = poll(index);
    cr_assert_not(answer.reply.unsatisfied);
    cr_assert_eq(json_at(answer.json, "replicas")->count, 2);
    int stops = 0;
    for (size_t i = 0; i < 2; i++)
        if (text_equal(json_text_at(&json_at(answer.json, "replicas")->children[i], "wanted"),
                       "stop"))
            stops++;
    cr_assert_eq(stops, 1);
}

/* ---- reports ---- */

static struct answer report(const char *more)
{
    return as_node(
        METHOD_POST, "/report",
        arena_printf(&fixture.arena, "{\"boot_id\": \"b1\", \"epoch\": 1, \"seq\": 1%s}", more));
}

Test(nodes, a_report_is_taken_without_a_body)
{
    deploy("web", "1", 1);
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    const char *id = json_text_at(list.json, "items.0.id");
    struct answer answer = report(arena_printf(
        &fixture.arena,
        ", \"changes\": [{\"id\": \"%s\", \"attempt\": 1, \"state\": \"starting\"}], \"later\": 1",
        id));
    cr_assert_eq(answer.status, 204, "%s", answer.text);
    cr_assert(answer.reached_store);
    list = fixture_get(&fixture, "/v1/replicas");
    cr_assert_str_eq(json_text_at(list.json, "items.0.state"), "starting");
}

Test(nodes, samples_alone_never_reach_the_writer)
{
    int64_t index = fixture_newest_index(&fixture);
    static const char *const reports[] = {"", ", \"samples\": []",
                                          ", \"samples\": [{\"id\": \"x\", \"usage\": {}}]",
                                          ", \"changes\": [], \"full\": false"};
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
        struct answer answer = report(reports[i]);
        cr_assert_eq(answer.status, 204, "%s", answer.text);
        cr_assert_not(answer.reached_store);
    }
    cr_assert_eq(fixture_newest_index(&fixture), index);
    cr_assert(report(", \"full\": true").reached_store, "a full report compares");
}

Test(nodes, bad_items_of_a_report_spoil_nothing_else)
{
    deploy("web", "1", 1);
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    const char *id = json_text_at(list.json, "items.0.id");
    struct answer answer = report(arena_printf(
        &fixture.arena,
        ", \"changes\": [{\"id\": \"broken\", \"attempt\": \"x\", \"state\": \"running\"}, "
        "{\"id\": \"%s\", \"attempt\": 1, \"state\": \"running\", \"ready\": true}]",
        id));
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    const struct json *rejected = json_at(answer.json, "rejected");
    cr_assert_eq(rejected->count, 1, "%s", answer.text);
    cr_assert_str_eq(json_text_at(&rejected->children[0], "id"), "broken");
    cr_assert_str_eq(json_text_at(&rejected->children[0], "code"), "invalid");
    list = fixture_get(&fixture, "/v1/replicas");
    cr_assert_str_eq(json_text_at(list.json, "items.0.state"), "running");
}

Test(nodes, a_replica_that_is_not_known_is_to_be_stopped)
{
    report(", \"changes\": [{\"id\": \"ghost-1\", \"attempt\": 1, \"state\": \"running\"}]");
    struct answer answer = as_node(METHOD_GET, "/assignments", NULL);
    cr_assert_eq(json_at(answer.json, "replicas")->count, 1, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "replicas.0.id"), "ghost-1");
    cr_assert_str_eq(json_text_at(answer.json, "replicas.0.wanted"), "stop");
}

Test(nodes, an_older_agent_of_the_same_name_is_fenced)
{
    const char *own = fixture_node_token(&fixture, "n1");
    as_node(METHOD_PUT, "",
            arena_printf(&fixture.arena,
                         "{\"token\": \"%s\", \"address\": \"a\", \"boot_id\": \"b2\"}", own));
    struct answer answer = report(", \"full\": true");
    cr_assert_eq(answer.status, 409, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), "fenced");
    cr_assert_eq(json_int_at(as_node(METHOD_GET, "/assignments", NULL).json, "epoch"), 2,
                 "its next poll tells it too");
}

Test(nodes, a_broken_envelope_is_refused)
{
    static const char *const bodies[] = {
        "{}", "[]", "{\"boot_id\": \"b\", \"epoch\": 0, \"seq\": 1}",
        "{\"boot_id\": \"b\", \"epoch\": 1, \"seq\": 1, \"changes\": {}}",
        "{\"boot_id\": \"b\", \"epoch\": \"1\", \"seq\": 1}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        cr_assert_eq(as_node(METHOD_POST, "/report", bodies[i]).status, 422, "%s", bodies[i]);
}
