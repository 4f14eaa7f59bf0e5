/* Deployments through the API: what each answer carries and what writes mean. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(deployments, .init = open_fixture, .fini = close_fixture);

static struct answer create(const char *name, const char *version, int replicas)
{
    return fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                        fixture_document(&fixture, name, version, replicas, ""));
}

static struct answer put(const char *name, const char *version, int replicas)
{
    return fixture_send(&fixture, METHOD_PUT,
                        arena_printf(&fixture.arena, "/v1/deployments/%s", name),
                        fixture_document(&fixture, name, version, replicas, ""));
}

static bool ends_with(const char *text, const char *end)
{
    size_t bytes = strlen(text), end_bytes = strlen(end);
    return bytes >= end_bytes && strcmp(text + bytes - end_bytes, end) == 0;
}

Test(deployments, creating_one_answers_201_with_the_object_and_where_it_is)
{
    struct answer answer = create("web", "1", 2);
    cr_assert_eq(answer.status, 201, "%s", answer.text);
    cr_assert_str_eq(answer.reply.location, "/v1/deployments/web");
    cr_assert_str_eq(json_text_at(answer.json, "name"), "web");
    cr_assert_str_eq(json_text_at(answer.json, "cluster"), "default");
    cr_assert_eq(json_int_at(answer.json, "generation"), 1);
    cr_assert_eq(json_int_at(answer.json, "status.revision"), 1);
    cr_assert_eq(json_int_at(answer.json, "status.rollout.id"), 1);
    cr_assert_eq(json_int_at(answer.json, "index"), answer.reply.index);
}

Test(deployments, what_was_created_reads_the_same)
{
    struct answer created = create("web", "1", 2);
    struct answer read = fixture_get(&fixture, "/v1/deployments/web");
    cr_assert_eq(read.status, 200);
    cr_assert_str_eq(read.text, created.text);
    cr_assert_str_eq(read.reply.etag, created.reply.etag);
}

Test(deployments, creating_a_name_twice_is_a_conflict)
{
    create("web", "1", 2);
    struct answer answer = create("web", "1", 2);
    cr_assert_eq(answer.status, 409);
    cr_assert_str_eq(json_text_at(answer.json, "code"), "already_exists");
}

Test(deployments, creating_needs_a_name)
{
    struct answer answer =
        fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                     "{\"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}");
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/name");
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.code"), "required");
}

Test(deployments, a_cluster_without_nodes_is_unknown)
{
    struct answer answer = fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=blue",
                                        fixture_document(&fixture, "web", "1", 1, ""));
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "code"), "unknown_cluster");
    cr_assert_null(strstr(answer.text, "did you mean"));
}

Test(deployments, a_misspelt_cluster_is_answered_with_the_one_that_was_meant)
{
    fixture_node(&fixture, "n1", "blue");
    create("web", "1", 1);
    static const struct {
        const char *cluster, *meant;
    } rows[] = {{"defualt", "default"}, {"bleu", "blue"}, {"blue", NULL}, {"green", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *words =
            rows[i].meant == NULL
                ? "\"web\" in cluster"
                : arena_printf(&fixture.arena, "; did you mean cluster '%s'?", rows[i].meant);
        struct answer answer =
            fixture_get(&fixture, arena_printf(&fixture.arena, "/v1/deployments/web?cluster=%s",
                                               rows[i].cluster));
        const char *detail = json_text_at(answer.json, "detail");
        cr_assert_eq(answer.status, 404, "%s", answer.text);
        cr_expect_eq(strstr(detail, "did you mean") != NULL, rows[i].meant != NULL, "%s", detail);
        cr_expect_not_null(strstr(detail, words), "%s", detail);
    }
    struct answer made = fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=defualt",
                                      fixture_document(&fixture, "api", "1", 1, ""));
    cr_assert_eq(made.status, 422, "%s", made.text);
    cr_assert_not_null(
        strstr(json_text_at(made.json, "detail"), "; did you mean cluster 'default'?"), "%s",
        made.text);
}

Test(deployments, who_is_limited_to_a_cluster_is_told_of_no_other)
{
    fixture_node(&fixture, "n1", "blues");
    struct call call = {.target = "/v1/deployments/web", .token = "blue-deploy-token"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 404, "%s", answer.text);
    cr_expect_null(strstr(answer.text, "blues"), "%s", answer.text);
    call.method = METHOD_POST;
    call.target = "/v1/deployments";
    call.body = fixture_document(&fixture, "api", "1", 1, "");
    answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 422, "%s", answer.text);
    cr_expect_null(strstr(answer.text, "blues"), "%s", answer.text);
}

Test(deployments, the_same_name_in_two_clusters_is_two_deployments)
{
    fixture_node(&fixture, "n1", "blue");
    create("web", "1", 1);
    struct answer blue = fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=blue",
                                      fixture_document(&fixture, "web", "2", 1, ""));
    cr_assert_eq(blue.status, 201, "%s", blue.text);
    cr_assert_str_eq(blue.reply.location, "/v1/deployments/web?cluster=blue");
    struct answer read = fixture_get(&fixture, "/v1/deployments/web?cluster=blue");
    cr_assert_str_eq(json_text_at(read.json, "spec.template.version"), "2");
    read = fixture_get(&fixture, "/v1/deployments/web");
    cr_assert_str_eq(json_text_at(read.json, "spec.template.version"), "1");
}

Test(deployments, the_cluster_of_the_body_must_agree_with_the_query)
{
    struct answer answer = fixture_send(
        &fixture, METHOD_PUT, "/v1/deployments/web?cluster=default",
        "{\"cluster\": \"blue\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": "
        "[\"x\"]}}}");
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/cluster");
}

Test(deployments, put_creates_and_then_replaces)
{
    struct answer created = put("web", "1", 2);
    cr_assert_eq(created.status, 201, "%s", created.text);
    struct answer replaced = put("web", "2", 2);
    cr_assert_eq(replaced.status, 200, "%s", replaced.text);
    cr_assert_eq(json_int_at(replaced.json, "generation"), 2);
    cr_assert_eq(json_int_at(replaced.json, "status.revision"), 2);
    cr_assert_null(replaced.reply.location);
}

Test(deployments, a_put_that_changes_nothing_writes_nothing)
{
    put("web", "1", 2);
    int64_t index = fixture_newest_index(&fixture);
    struct answer before = fixture_get(&fixture, "/v1/deployments/web");
    struct answer again = put("web", "1", 2);
    cr_assert_eq(again.status, 200);
    cr_assert_str_eq(again.reply.etag, before.reply.etag);
    cr_assert_eq(fixture_newest_index(&fixture), index);
}

Test(deployments, what_get_answers_may_be_put_back)
{
    put("web", "1", 2);
    struct answer read = fixture_get(&fixture, "/v1/deployments/web");
    struct answer again = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web", read.text);
    cr_assert_eq(again.status, 200, "%s", again.text);
    cr_assert_str_eq(again.reply.etag, read.reply.etag);
}

Test(deployments, a_put_without_replicas_keeps_their_number)
{
    put("web", "1", 2);
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 7}");
    struct answer answer =
        fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                     "{\"spec\": {\"template\": {\"version\": \"2\", \"command\": [\"x\"]}}}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "spec.replicas"), 7);
}

Test(deployments, the_name_in_the_body_must_be_that_of_the_path)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                                        fixture_document(&fixture, "other", "1", 1, ""));
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/name");
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/other").status, 404);
}

Test(deployments, a_path_that_is_no_name_can_not_be_created)
{
    struct answer answer =
        fixture_send(&fixture, METHOD_PUT, "/v1/deployments/Web_1",
                     "{\"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}");
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/name");
}

Test(deployments, a_wrong_name_is_one_error_wherever_it_stands)
{
    static const struct {
        const char *target, *name;
    } rows[] = {
        {"/v1/deployments/Web_1", "Web_1"}, {"/v1/deployments/Web_1", "Web_2"},
        {"/v1/deployments/Web_1", "web"},   {"/v1/deployments/web", "Web_1"},
        {"/v1/deployments/web", "other"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer = fixture_send(&fixture, METHOD_PUT, rows[i].target,
                                            fixture_document(&fixture, rows[i].name, "1", 1, ""));
        cr_assert_eq(answer.status, 422, "%s", answer.text);
        cr_assert_eq(json_at(answer.json, "errors")->count, 1, "%s", answer.text);
        cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/name");
    }
}

Test(deployments, scaling_changes_replicas_and_makes_no_revision)
{
    put("web", "1", 2);
    struct answer answer =
        fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 5}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "spec.replicas"), 5);
    cr_assert_eq(json_int_at(answer.json, "status.revision"), 1);
    cr_assert_eq(json_int_at(answer.json, "generation"), 2);
}

Test(deployments, deleting_one_answers_202_and_it_goes_when_nothing_runs)
{
    put("web", "1", 0);
    fixture_settle(&fixture);
    struct answer answer = fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/web", NULL);
    cr_assert_eq(answer.status, 202, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "status.state"), "terminating");
    fixture_settle(&fixture);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web").status, 404);
}

Test(deployments, what_does_not_exist_is_404_for_every_method)
{
    static const struct {
        enum method method;
        const char *tail, *body;
    } rows[] = {
        {METHOD_GET, "", NULL},
        {METHOD_GET, "/status", NULL},
        {METHOD_GET, "/endpoints", NULL},
        {METHOD_GET, "/events", NULL},
        {METHOD_GET, "/replicas", NULL},
        {METHOD_GET, "/revisions", NULL},
        {METHOD_GET, "/revisions/1", NULL},
        {METHOD_GET, "/rollouts", NULL},
        {METHOD_GET, "/rollouts/1", NULL},
        {METHOD_DELETE, "", NULL},
        {METHOD_PUT, "/scale", "{\"replicas\": 1}"},
        {METHOD_POST, "/rollback", "{\"revision\": 1}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *target = arena_printf(&fixture.arena, "/v1/deployments/none%s", rows[i].tail);
        struct answer answer = fixture_send(&fixture, rows[i].method, target, rows[i].body);
        cr_assert_eq(answer.status, 404, "%s %s: %s", method_words[rows[i].method], target,
                     answer.text);
    }
}

Test(deployments, the_status_alone_is_the_status_of_the_object)
{
    put("web", "1", 2);
    struct answer whole = fixture_get(&fixture, "/v1/deployments/web");
    struct answer status = fixture_get(&fixture, "/v1/deployments/web/status");
    cr_assert_eq(status.status, 200);
    cr_assert_str_eq(status.reply.etag, whole.reply.etag);
    cr_assert_str_eq(json_text_at(status.json, "state"), json_text_at(whole.json, "status.state"));
    cr_assert_null(json_at(status.json, "spec"));
}

Test(deployments, env_is_in_clear_from_deploy_on_and_masked_below)
{
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "1", 1, ", \"env\": {\"KEY\": \"secret\"}"));
    static const char *const targets[] = {"/v1/deployments/web", "/v1/deployments",
                                          "/v1/deployments/web/revisions",
                                          "/v1/deployments/web/revisions/1"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct call call = {.target = targets[i], .token = "read-token"};
        struct answer masked = fixture_call(&fixture, &call);
        cr_assert_eq(masked.status, 200, "%s", masked.text);
        cr_assert_null(strstr(masked.text, "secret"), "%s shows it", targets[i]);
        cr_assert_not_null(strstr(masked.text, "••••"));
        call.token = "deploy-token";
        cr_assert_not_null(strstr(fixture_call(&fixture, &call).text, "secret"));
    }
}

Test(deployments, a_masked_value_can_not_be_put_back)
{
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "1", 1, ", \"env\": {\"KEY\": \"secret\"}"));
    struct call call = {.target = "/v1/deployments/web", .token = "read-token"};
    struct answer masked = fixture_call(&fixture, &call);
    struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web", masked.text);
    cr_assert_eq(answer.status, 422);
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), "#/spec/template/env/KEY");
}

/* ---- conditions ---- */

static struct answer put_if(const char *if_match, const char *if_none_match, const char *version)
{
    struct call call = {.method = METHOD_PUT,
                        .target = "/v1/deployments/web",
                        .token = "deploy-token",
                        .body = fixture_document(&fixture, "web", version, 1, ""),
                        .if_match = if_match,
                        .if_none_match = if_none_match};
    return fixture_call(&fixture, &call);
}

Test(deployments, if_match_holds_while_the_generation_stands)
{
    struct answer created = put("web", "1", 1);
    fixture_settle(&fixture);
    struct answer moved = fixture_get(&fixture, "/v1/deployments/web");
    cr_assert_str_neq(moved.reply.etag, created.reply.etag, "the rollout moved the index");
    cr_assert_eq(put_if(created.reply.etag, NULL, "2").status, 200);
    struct answer stale = put_if(created.reply.etag, NULL, "3");
    cr_assert_eq(stale.status, 412);
    cr_assert_str_eq(json_text_at(stale.json, "code"), "precondition_failed");
}

Test(deployments, if_match_takes_a_list_and_a_star)
{
    struct answer created = put("web", "1", 1);
    const char *list = arena_printf(&fixture.arena, "\"other\", %s", created.reply.etag);
    cr_assert_eq(put_if(list, NULL, "2").status, 200);
    cr_assert_eq(put_if("*", NULL, "3").status, 200);
}

Test(deployments, if_match_of_a_weak_or_foreign_tag_never_holds)
{
    struct answer created = put("web", "1", 1);
    const char *weak = arena_printf(&fixture.arena, "W/%s", created.reply.etag);
    cr_assert_eq(put_if(weak, NULL, "2").status, 412);
    cr_assert_eq(put_if("\"0123456789abcdef.1.1\"", NULL, "2").status, 412);
    cr_assert_eq(put_if("\"\"", NULL, "2").status, 412);
}

Test(deployments, if_match_does_not_create)
{
    cr_assert_eq(put_if("*", NULL, "1").status, 412);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web").status, 404);
}

Test(deployments, if_none_match_star_only_creates)
{
    cr_assert_eq(put_if(NULL, "*", "1").status, 201);
    cr_assert_eq(put_if(NULL, "*", "2").status, 412);
}

Test(deployments, conditions_that_can_not_be_read_are_400)
{
    static const char *const headers[] = {"abc",      "\"a",      "\"a\" \"b\"", "W/a", "",
                                          "*, \"a\"", "'quoted'", "\"a\"x",      ","};
    put("web", "1", 1);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        cr_assert_eq(put_if(headers[i], NULL, "2").status, 400, "If-Match: %s", headers[i]);
        struct call call = {
            .target = "/v1/deployments/web", .token = "read-token", .if_none_match = headers[i]};
        cr_assert_eq(fixture_call(&fixture, &call).status, 400, "If-None-Match: %s", headers[i]);
    }
    cr_assert_eq(put_if(NULL, "\"a\"", "2").status, 400);
}

Test(deployments, conditions_guard_scale_rollback_and_delete)
{
    static const struct {
        enum method method;
        const char *target, *body;
    } rows[] = {
        {METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 3}"},
        {METHOD_POST, "/v1/deployments/web/rollback", "{\"revision\": 1}"},
        {METHOD_DELETE, "/v1/deployments/web", NULL},
    };
    struct answer old = put("web", "1", 1);
    struct answer current = put("web", "2", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {.method = rows[i].method,
                            .target = rows[i].target,
                            .token = "deploy-token",
                            .body = rows[i].body,
                            .if_match = old.reply.etag};
        cr_assert_eq(fixture_call(&fixture, &call).status, 412, "%s", rows[i].target);
        call.if_match = current.reply.etag;
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_lt(answer.status, 300, "%s: %s", rows[i].target, answer.text);
        current = fixture_get(&fixture, "/v1/deployments/web");
    }
}

Test(deployments, conditions_where_they_mean_nothing_are_refused)
{
    struct call call = {.method = METHOD_POST,
                        .target = "/v1/deployments",
                        .token = "deploy-token",
                        .body = fixture_document(&fixture, "web", "1", 1, ""),
                        .if_match = "*"};
    cr_assert_eq(fixture_call(&fixture, &call).status, 400);
}

Test(deployments, a_masked_body_has_a_tag_of_its_own)
{
    struct answer created = put("web", "1", 1);
    struct call call = {.target = "/v1/deployments/web",
                        .token = "read-token",
                        .if_none_match = created.reply.etag};
    struct answer masked = fixture_call(&fixture, &call);
    cr_assert_eq(masked.status, 200);
    call.if_none_match = masked.reply.etag;
    cr_assert_eq(fixture_call(&fixture, &call).status, 304);
    call.token = "deploy-token";
    cr_assert_eq(fixture_call(&fixture, &call).status, 200);
}

Test(deployments, if_none_match_answers_304_without_a_body)
{
    struct answer created = put("web", "1", 1);
    static const char *const targets[] = {"/v1/deployments/web", "/v1/deployments/web/status"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct call call = {
            .target = targets[i], .token = "deploy-token", .if_none_match = created.reply.etag};
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, 304);
        cr_assert_str_eq(answer.text, "");
        cr_assert_str_eq(answer.reply.etag, created.reply.etag);
        call.if_none_match = "\"x\"";
        cr_assert_eq(fixture_call(&fixture, &call).status, 200);
        call.if_none_match = arena_printf(&fixture.arena, "\"x\", W/%s", created.reply.etag);
        cr_assert_eq(fixture_call(&fixture, &call).status, 304, "weak comparison");
    }
}

/* ---- the list ---- */

Test(deployments, the_list_pages_through_all_in_order)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++)
        create(names[4 - i], "1", 0);
    const char *target = "/v1/deployments?limit=2";
    size_t seen = 0;
    while (target != NULL) {
        struct answer page = fixture_get(&fixture, target);
        cr_assert_eq(page.status, 200, "%s", page.text);
        const struct json *items = json_at(page.json, "items");
        cr_assert_leq(items->count, 2);
        for (size_t i = 0; i < items->count; i++)
            cr_assert_str_eq(json_text_at(&items->children[i], "name"), names[seen++]);
        const char *cursor = json_text_at(page.json, "next_cursor");
        target = cursor == NULL
                     ? NULL
                     : arena_printf(&fixture.arena, "/v1/deployments?limit=2&cursor=%s", cursor);
        cr_assert_eq(cursor == NULL, page.reply.link == NULL);
        if (cursor != NULL) cr_assert(ends_with(page.reply.link, ">; rel=\"next\""));
    }
    cr_assert_eq(seen, 5);
}

Test(deployments, the_next_link_carries_the_filters)
{
    create("a", "1", 0);
    create("b", "1", 0);
    struct answer page =
        fixture_get(&fixture, "/v1/deployments?selector=team%20in%20(ml,web)&limit=1");
    cr_assert_eq(page.status, 200, "%s", page.text);
    const char *link =
        arena_strndup(&fixture.arena, page.reply.link + 1, strcspn(page.reply.link, ">") - 1);
    struct answer next = fixture_get(&fixture, link);
    cr_assert_eq(next.status, 200, "%s", next.text);
    cr_assert_str_eq(json_text_at(next.json, "items.0.name"), "b");
}

Test(deployments, a_selector_chooses_by_label)
{
    create("a", "1", 0);
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 "{\"name\": \"b\", \"labels\": {\"team\": \"web\"}, \"spec\": {\"replicas\": 0, "
                 "\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}");
    struct answer answer = fixture_get(&fixture, "/v1/deployments?selector=team%3Dweb");
    cr_assert_eq(json_at(answer.json, "items")->count, 1);
    cr_assert_str_eq(json_text_at(answer.json, "items.0.name"), "b");
    answer = fixture_get(&fixture, "/v1/deployments?selector=!team");
    cr_assert_eq(json_at(answer.json, "items")->count, 0);
}

Test(deployments, the_list_shows_every_cluster_that_the_token_may_see)
{
    fixture_node(&fixture, "n1", "blue");
    create("a", "1", 0);
    fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=blue",
                 fixture_document(&fixture, "b", "1", 0, ""));
    cr_assert_eq(json_at(fixture_get(&fixture, "/v1/deployments").json, "items")->count, 2);
    struct answer one = fixture_get(&fixture, "/v1/deployments?cluster=default");
    cr_assert_str_eq(json_text_at(one.json, "items.0.name"), "a");
    struct call call = {.target = "/v1/deployments", .token = "blue-read-token"};
    struct answer blue = fixture_call(&fixture, &call);
    cr_assert_eq(json_at(blue.json, "items")->count, 1);
    cr_assert_str_eq(json_text_at(blue.json, "items.0.name"), "b");
}

Test(deployments, bad_list_parameters_are_400_and_say_the_rule)
{
    static const struct {
        const char *query, *code;
    } rows[] = {
        {"limit=0", "bad_parameter"},
        {"limit=501", "bad_parameter"},
        {"limit=x", "bad_parameter"},
        {"limit=", "bad_parameter"},
        {"limit", "bad_parameter"},
        {"limit=1&limit=2", "bad_parameter"},
        {"limit=99999999999999999999", "bad_parameter"},
        {"limt=1", "unknown_parameter"},
        {"zzz=1", "unknown_parameter"},
        {"LIMIT=1", "unknown_parameter"},
        {"selector=a%3D%3D%3Db", "bad_parameter"},
        {"selector=a+in+(b", "bad_parameter"},
        {"cluster=", "bad_parameter"},
        {"cluster=Not_A_Name", "bad_parameter"},
        {"cursor=abc", "bad_cursor"},
        {"cursor=", "bad_cursor"},
        {"cursor=!!!!", "bad_cursor"},
        {"index=-1", "bad_parameter"},
        {"wait_seconds=61", "bad_parameter"},
        {"wait_seconds=1.5", "bad_parameter"},
        {"index=9007199254740993", "bad_parameter"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *target = arena_printf(&fixture.arena, "/v1/deployments?%s", rows[i].query);
        struct answer answer = fixture_get(&fixture, target);
        cr_assert_eq(answer.status, 400, "%s: %s", target, answer.text);
        cr_assert_str_eq(json_text_at(answer.json, "code"), rows[i].code, "%s", target);
    }
    struct answer near = fixture_get(&fixture, "/v1/deployments?limt=1");
    cr_assert_not_null(strstr(json_text_at(near.json, "detail"), "did you mean 'limit'"));
}

Test(deployments, a_cursor_belongs_to_one_list)
{
    create("a", "1", 0);
    create("b", "1", 0);
    const char *cursor =
        json_text_at(fixture_get(&fixture, "/v1/deployments?limit=1").json, "next_cursor");
    static const char *const others[] = {"/v1/deployments?cluster=default&cursor=%s",
                                         "/v1/deployments?selector=team&cursor=%s",
                                         "/v1/replicas?cursor=%s", "/v1/events?cursor=%s"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct text target;
        text_init(&target, &fixture.arena);
        const char *hole = strstr(others[i], "%s");
        text_append(&target, others[i], (size_t)(hole - others[i]));
        text_add(&target, cursor);
        struct answer answer = fixture_get(&fixture, text_string(&target));
        cr_assert_eq(answer.status, 400, "%s", text_string(&target));
        cr_assert_str_eq(json_text_at(answer.json, "code"), "bad_cursor");
    }
    const char *wider = arena_printf(&fixture.arena, "/v1/deployments?limit=9&cursor=%s", cursor);
    cr_assert_eq(fixture_get(&fixture, wider).status, 200, "another limit is the same list");
}

Test(deployments, the_tag_of_a_list_stands_while_its_bytes_do)
{
    create("a", "1", 0);
    struct answer first = fixture_get(&fixture, "/v1/deployments");
    struct answer again = fixture_get(&fixture, "/v1/deployments");
    cr_assert_str_eq(first.reply.etag, again.reply.etag);
    struct call call = {
        .target = "/v1/deployments", .token = "admin-token", .if_none_match = first.reply.etag};
    cr_assert_eq(fixture_call(&fixture, &call).status, 304);
    fixture_node(&fixture, "n1", "default");
    cr_assert_eq(fixture_call(&fixture, &call).status, 304, "nodes are no part of it");
    create("b", "1", 0);
    cr_assert_eq(fixture_call(&fixture, &call).status, 200);
}
