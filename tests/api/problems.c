/* Problem documents, and what is open to everybody. */
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

TestSuite(problems, .init = open_fixture, .fini = close_fixture);

static void expect_well_formed(const struct answer *answer)
{
    cr_assert_str_eq(answer->reply.content_type, "application/problem+json");
    const char *code = json_text_at(answer->json, "code");
    cr_assert_not_null(code, "%s", answer->text);
    cr_assert_str_eq(json_text_at(answer->json, "type"),
                     arena_printf(&fixture.arena, "/problems/%s", code));
    cr_assert_eq(json_int_at(answer->json, "status"), answer->status);
    cr_assert_not_null(json_text_at(answer->json, "title"));
    cr_assert_not_null(json_text_at(answer->json, "detail"));
    cr_assert_not_null(json_text_at(answer->json, "instance"));
    cr_assert_str_eq(json_text_at(answer->json, "request_id"), "req-1");
    cr_assert(answer->reply.no_store);
    cr_assert_eq(answer->reply.index, -1);
    cr_assert_str_eq(answer->reply.etag, "");
}

Test(problems, of_every_kind_are_well_formed)
{
    static const struct {
        enum method method;
        const char *target, *token, *body;
        int status;
    } rows[] = {
        {METHOD_GET, "/v1//x", "admin-token", NULL, 400},
        {METHOD_GET, "/v1/deployments?x=1", "admin-token", NULL, 400},
        {METHOD_GET, "/v1/deployments", NULL, NULL, 401},
        {METHOD_DELETE, "/v1/deployments/web", "read-token", NULL, 403},
        {METHOD_GET, "/v1/deployments/web", "read-token", NULL, 404},
        {METHOD_GET, "/nowhere", "read-token", NULL, 404},
        {METHOD_POST, "/v1/deployments/web", "admin-token", NULL, 405},
        {METHOD_POST, "/v1/deployments", "admin-token", "{", 400},
        {METHOD_POST, "/v1/deployments", "admin-token", "{}", 422},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {.method = rows[i].method,
                            .target = rows[i].target,
                            .token = rows[i].token,
                            .body = rows[i].body};
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, rows[i].status, "%s: %s", rows[i].target, answer.text);
        expect_well_formed(&answer);
    }
}

Test(problems, of_a_path_that_is_not_there_lead_on)
{
    static const char *const targets[] = {"/", "/v1", "/nowhere"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct answer answer = fixture_call(&fixture, &(struct call){.target = targets[i]});
        cr_expect_eq(answer.status, 404, "%s", targets[i]);
        const char *detail = json_text_at(answer.json, "detail");
        cr_expect_not_null(strstr(detail, "/docs"), "%s: %s", targets[i], detail);
        cr_expect_not_null(strstr(detail, "/openapi.yaml"), "%s: %s", targets[i], detail);
    }
}

Test(problems, name_the_path_without_the_query)
{
    struct answer answer = fixture_get(&fixture, "/v1/deployments/web?cluster=secret");
    cr_assert_str_eq(json_text_at(answer.json, "instance"), "/v1/deployments/web");
}

Test(problems, of_hostile_targets_stay_valid)
{
    struct answer answer = fixture_get(&fixture, "/v1/\"<script>\xff\x01");
    cr_assert_eq(answer.status, 400);
    cr_assert_str_eq(json_text_at(answer.json, "instance"), "/v1/%22%3Cscript%3E%FF%01");
    expect_well_formed(&answer);
}

Test(problems, of_names_that_are_cut_stay_valid)
{
    for (int pad = 0; pad < 4; pad++) {
        struct text target;
        text_init(&target, &fixture.arena);
        text_printf(&target, "/v1/replicas/%.*s", pad, "aaaa");
        for (int i = 0; i < 300; i++)
            text_add(&target, "%E2%82%AC");
        struct answer answer = fixture_get(&fixture, text_string(&target));
        cr_assert_eq(answer.status, 404, "%s", answer.text);
        expect_well_formed(&answer);
    }
}

Test(problems, exist_before_a_request_does)
{
    struct reply reply;
    struct err err;
    err_set(&err, ERR_TOO_MANY_REQUESTS, "slow down");
    api_problem(&reply, &fixture.arena, NULL, &err, NULL);
    cr_assert_eq(reply.status, 429);
    cr_assert_gt(reply.retry_after_seconds, 0);
    cr_assert_not_null(strstr(text_string(&reply.body), "\"request_id\":null"));
}

Test(problems, keep_what_went_wrong_inside_to_the_log)
{
    struct reply reply;
    struct err err;
    err_set(&err, ERR_INTERNAL, "near \"SELEC\": syntax error");
    api_problem(&reply, &fixture.arena, NULL, &err, NULL);
    cr_assert_eq(reply.status, 500);
    cr_assert_null(strstr(text_string(&reply.body), "SELEC"));
    err_set(&err, ERR_IO, "disk I/O error");
    api_problem(&reply, &fixture.arena, NULL, &err, NULL);
    cr_assert_eq(reply.status, 503);
    cr_assert_gt(reply.retry_after_seconds, 0);
}

Test(problems, ask_to_come_back_where_that_helps)
{
    static const struct {
        enum err_code code;
        int status;
    } rows[] = {{ERR_UNAVAILABLE, 503}, {ERR_OUTCOME_UNKNOWN, 503}, {ERR_DISK_FULL, 507}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reply reply;
        struct err err;
        err_set(&err, rows[i].code, "not now");
        api_problem(&reply, &fixture.arena, NULL, &err, NULL);
        cr_assert_eq(reply.status, rows[i].status);
        cr_assert_gt(reply.retry_after_seconds, 0);
    }
}

/* ---- conditions that do not hold ---- */

Test(problems, of_conditions_say_which_tag_would_do)
{
    static const char *const web = "/v1/deployments/web/scale";
    const char *document = fixture_document(&fixture, "web", "1", 1, "");
    struct answer made = fixture_send(&fixture, METHOD_POST, "/v1/deployments", document);
    cr_assert_eq(made.status, 201, "%s", made.text);
    fixture_send(&fixture, METHOD_PUT, web, "{\"replicas\": 2}");
    const char *stale = made.reply.etag;
    const struct {
        const char *if_match, *said;
    } rows[] = {
        {stale, "does not name generation 2"},
        {"\"abc\"", "names no tag of this database"},
        {"\"01m7zj4s2v64amxy1skw44edbk.1.7\"", "from before it was restored from a backup"},
        {arena_printf(&fixture.arena, "W/%s", stale), "never matches a weak tag"},
        {arena_printf(&fixture.arena, "W/\"a\", \"b\""), "names no tag of this database"},
        {arena_printf(&fixture.arena, "W/\"a\", %s", stale), "does not name generation 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct call call = {.method = METHOD_PUT,
                            .target = web,
                            .token = "admin-token",
                            .body = "{\"replicas\": 3}",
                            .if_match = rows[i].if_match};
        struct answer answer = fixture_call(&fixture, &call);
        cr_expect_eq(answer.status, 412, "%s: %s", rows[i].if_match, answer.text);
        cr_expect_not_null(strstr(json_text_at(answer.json, "detail"), rows[i].said), "%s: %s",
                           rows[i].if_match, answer.text);
    }
}

/* ---- open to everybody ---- */

static struct answer get_open(const char *target)
{
    struct call call = {.target = target};
    return fixture_call(&fixture, &call);
}

Test(problems, are_not_what_monitors_get)
{
    cr_assert_str_eq(get_open("/livez").text, "{\"status\":\"alive\"}");
    cr_assert_str_eq(get_open("/readyz").text, "{\"status\":\"ready\"}");
    struct answer version = get_open("/version");
    cr_assert_str_eq(json_text_at(version.json, "version"), "0.1.0");
    struct answer contract = get_open("/openapi.yaml");
    cr_assert_str_eq(contract.reply.content_type, "application/yaml");
    cr_assert(text_starts(contract.text, "openapi: 3.1.0\n"));
}

Test(problems, say_why_the_server_is_not_ready)
{
    fixture.why_not_ready = "the server is shutting down";
    struct answer answer = get_open("/readyz");
    cr_assert_eq(answer.status, 503);
    cr_assert_str_eq(json_text_at(answer.json, "detail"), "the server is shutting down");
    cr_assert_eq(get_open("/livez").status, 200);
}
