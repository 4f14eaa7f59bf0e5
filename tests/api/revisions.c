/* Revisions by word, what differs between them, and what keeps them. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

#define WEB "/v1/deployments/web"

static void apply(const char *version, const char *extra)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, WEB,
                                        fixture_document(&fixture, "web", version, 1, extra));
    cr_assert_lt(answer.status, 300, "%s", answer.text);
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    apply("1", ", \"env\": {\"A\": \"x\"}");
    apply("2", ", \"env\": {\"A\": \"y\", \"B\": \"z\"}");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(revisions, .init = open_fixture, .fini = close_fixture);

static struct answer get(const char *tail)
{
    return fixture_get(&fixture, arena_printf(&fixture.arena, WEB "/revisions/%s", tail));
}

static struct answer patch_as(const char *token, const char *revision, const char *body)
{
    struct call call = {.method = METHOD_PATCH,
                        .target = arena_printf(&fixture.arena, WEB "/revisions/%s", revision),
                        .token = token,
                        .content_type = "application/merge-patch+json",
                        .body = body};
    return fixture_call(&fixture, &call);
}

static struct answer patch(const char *revision, const char *body)
{
    return patch_as("deploy-token", revision, body);
}

static void expect_problem(struct answer answer, int status, const char *code)
{
    cr_assert_eq(answer.status, status, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), code);
}

/* ---- which of them was proven ---- */

static void roll_out(void)
{
    for (int i = 0; i < 3; i++) {
        fixture_agent(&fixture, "n1");
        fixture_settle(&fixture);
        fixture_advance(&fixture, 2000);
        fixture_settle(&fixture);
    }
}

static void expect_proven(const char *revision, const char *outcome, bool proven)
{
    struct answer answer = get(revision);
    cr_assert_str_eq(json_text_at(answer.json, "outcome"), outcome, "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "proven")->boolean, proven, "%s", answer.text);
}

Test(revisions, what_was_superseded_says_whether_it_was_ever_proven)
{
    fixture_node(&fixture, "n1", "default");
    fixture_settle(&fixture);
    expect_proven("2", "active", false);
    const char *etag = arena_strdup(&fixture.arena, get("2").reply.etag);
    roll_out();
    apply("3", "");
    fixture_settle(&fixture);
    roll_out();
    expect_proven("1", "superseded", false);
    expect_proven("2", "superseded", true);
    expect_proven("3", "stable", true);
    cr_assert_str_neq(get("2").reply.etag, etag);
    struct answer proven = fixture_get(&fixture, WEB "/revisions?q=proven%20%3D%20true");
    cr_assert_eq(json_int_at(proven.json, "items.0.number"), 3, "%s", proven.text);
    cr_assert_eq(json_int_at(proven.json, "items.1.number"), 2);
    cr_assert_null(json_at(proven.json, "items.2"));
}

/* ---- marks ---- */

Test(revisions, a_tag_names_a_revision_for_reads_and_rollbacks)
{
    struct answer answer = patch("1", "{\"tags\": [\"good\", \"v1.0\"], \"pinned\": true}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "tags.1"), "v1.0");
    cr_assert(json_at(answer.json, "pinned")->boolean);
    struct answer read = get("good");
    cr_assert_eq(json_int_at(read.json, "number"), 1);
    cr_assert_str_eq(read.text, answer.text);
    cr_assert_str_eq(read.reply.etag, get("1").reply.etag);
    answer = fixture_send(&fixture, METHOD_POST, WEB "/rollback", "{\"revision\": \"good\"}");
    cr_assert_eq(json_int_at(answer.json, "status.revision"), 3, "%s", answer.text);
}

Test(revisions, a_tag_that_is_none_comes_with_the_nearest)
{
    patch("1", "{\"tags\": [\"golden\", \"canary\"]}");
    static const char meant[] = "did you mean 'golden'?";
    struct answer answer = get("goldne");
    expect_problem(answer, 404, "not_found");
    cr_assert_not_null(strstr(answer.text, meant), "%s", answer.text);
    answer = get("goldne/diff?against=spec");
    cr_assert_not_null(strstr(answer.text, meant), "%s", answer.text);
    answer = fixture_send(&fixture, METHOD_POST, WEB "/rollback", "{\"revision\": \"goldne\"}");
    expect_problem(answer, 404, "not_found");
    cr_assert_not_null(strstr(answer.text, meant), "%s", answer.text);
    cr_assert_null(strstr(get("xyz").text, "did you mean"));
}

Test(revisions, what_a_patch_leaves_out_stays)
{
    patch("1", "{\"tags\": [\"good\"], \"pinned\": true, \"change_cause\": \"because\"}");
    struct answer answer = patch("1", "{\"pinned\": false}");
    cr_assert_str_eq(json_text_at(answer.json, "tags.0"), "good");
    cr_assert_str_eq(json_text_at(answer.json, "change_cause"), "because");
    answer = patch("good", "{\"tags\": null, \"change_cause\": null}");
    cr_assert_eq(json_at(answer.json, "tags")->count, 0, "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "change_cause")->type, JSON_NULL);
}

Test(revisions, a_tag_moves_to_the_revision_that_takes_it)
{
    patch("1", "{\"tags\": [\"good\", \"old\"]}");
    patch("2", "{\"tags\": [\"good\"]}");
    cr_assert_eq(json_int_at(get("good").json, "number"), 2);
    struct answer first = get("1");
    cr_assert_eq(json_at(first.json, "tags")->count, 1);
    cr_assert_str_eq(json_text_at(first.json, "tags.0"), "old");
}

Test(revisions, the_same_marks_again_write_nothing)
{
    patch("1", "{\"tags\": [\"a\", \"b\"]}");
    int64_t index = fixture_newest_index(&fixture);
    cr_assert_eq(patch("1", "{\"tags\": [\"b\", \"a\"], \"pinned\": false}").status, 200);
    cr_assert_eq(patch("1", "{}").status, 200);
    cr_assert_eq(fixture_newest_index(&fixture), index);
}

Test(revisions, what_nothing_keeps_any_more_is_pruned)
{
    patch("1", "{\"pinned\": true}");
    for (char version[2] = "3"; version[0] <= '5'; version[0]++) {
        const char *document =
            arena_printf(&fixture.arena,
                         "{\"spec\": {\"replicas\": 0, \"revision_history_limit\": 0, "
                         "\"template\": {\"version\": \"%s\", \"command\": [\"x\"]}}}",
                         version);
        fixture_send(&fixture, METHOD_PUT, WEB, document);
        fixture_settle(&fixture);
    }
    cr_assert_eq(get("1").status, 200);
    cr_assert_eq(get("2").status, 404);
    struct answer answer = patch("1", "{\"pinned\": false}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(get("1").status, 404);
}

Test(revisions, a_tag_may_look_like_a_version)
{
    struct answer answer =
        patch("1", "{\"tags\": [\"1.0\", \"2026-01-31\", \"1e9\", \"latest-2\"]}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(get("1.0").json, "number"), 1);
    cr_assert_eq(json_int_at(get("1e9").json, "number"), 1);
}

static const struct {
    const char *body, *pointer;
} wrong[] = {
    {"{\"tags\": [\"stable\"]}", "#/tags/0"},
    {"{\"tags\": [\"ok\", \"latest\"]}", "#/tags/1"},
    {"{\"tags\": [\"live\"]}", "#/tags/0"},
    {"{\"tags\": [\"spec\"]}", "#/tags/0"},
    {"{\"tags\": [\"Latest\"]}", "#/tags/0"},
    {"{\"tags\": [\"STABLE\"]}", "#/tags/0"},
    {"{\"tags\": [\"7\"]}", "#/tags/0"},
    {"{\"tags\": [\"007\"]}", "#/tags/0"},
    {"{\"tags\": [\"99999999999999999999\"]}", "#/tags/0"},
    {"{\"tags\": [\"\"]}", "#/tags/0"},
    {"{\"tags\": [\"a b\"]}", "#/tags/0"},
    {"{\"tags\": [\"a\", \"a\"]}", "#/tags/1"},
    {"{\"tags\": \"a\"}", "#/tags"},
    {"{\"pinned\": \"yes\"}", "#/pinned"},
    {"{\"change_cause\": 1}", "#/change_cause"},
    {"{\"template\": {}}", "#/template"},
    {"{\"tag\": [\"a\"]}", "#/tag"},
};

Test(revisions, wrong_marks_are_named)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct answer answer = patch("1", wrong[i].body);
        expect_problem(answer, 422, "invalid");
        cr_assert_str_eq(json_text_at(answer.json, "errors.0.pointer"), wrong[i].pointer, "%s",
                         answer.text);
    }
}

Test(revisions, a_patch_is_a_merge_patch_by_who_may_deploy)
{
    expect_problem(patch_as("read-token", "1", "{}"), 403, "forbidden");
    struct call call = {.method = METHOD_PATCH,
                        .target = WEB "/revisions/1",
                        .token = "deploy-token",
                        .body = "{}"};
    expect_problem(fixture_call(&fixture, &call), 415, "unsupported_media_type");
    expect_problem(patch("9", "{}"), 404, "not_found");
    expect_problem(patch("nothing", "{}"), 404, "not_found");
    call.content_type = "application/merge-patch+json";
    call.if_match = "\"0123456789abcdef.1.1\"";
    expect_problem(fixture_call(&fixture, &call), 412, "precondition_failed");
}

/* ---- conditions ---- */

static struct answer patch_if(const char *revision, const char *etag, const char *body)
{
    struct call call = {.method = METHOD_PATCH,
                        .target = arena_printf(&fixture.arena, WEB "/revisions/%s", revision),
                        .token = "deploy-token",
                        .content_type = "application/merge-patch+json",
                        .if_match = etag,
                        .body = body};
    return fixture_call(&fixture, &call);
}

static const char *etag_of(const char *revision)
{
    return arena_strdup(&fixture.arena, get(revision).reply.etag);
}

Test(revisions, of_two_patches_with_the_same_tag_one_wins)
{
    const char *etag = etag_of("1");
    struct answer won = patch_if("1", etag, "{\"tags\": [\"mine\"]}");
    cr_assert_eq(won.status, 200, "%s", won.text);
    cr_assert_str_eq(won.reply.etag, etag_of("1"));
    expect_problem(patch_if("1", etag, "{\"tags\": [\"yours\"]}"), 412, "precondition_failed");
    cr_assert_str_eq(json_text_at(get("1").json, "tags.0"), "mine");
    cr_assert_eq(patch_if("1", etag_of("1"), "{\"tags\": [\"yours\"]}").status, 200);
}

Test(revisions, each_mark_changes_the_tag_and_a_lost_tag_does_too)
{
    static const char *const marks[] = {"{\"pinned\": true}", "{\"change_cause\": \"why\"}",
                                        "{\"tags\": [\"a\"]}"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *etag = etag_of("1");
        cr_assert_eq(patch_if("1", etag, marks[i]).status, 200);
        cr_assert_str_neq(etag_of("1"), etag, "%s", marks[i]);
    }
    const char *etag = etag_of("1");
    patch("2", "{\"tags\": [\"a\"]}");
    expect_problem(patch_if("1", etag, "{\"pinned\": false}"), 412, "precondition_failed");
}

Test(revisions, what_its_deployment_does_leaves_the_tag_of_a_revision)
{
    const char *etag = etag_of("1");
    apply("3", "");
    fixture_send(&fixture, METHOD_PUT, WEB "/scale", "{\"replicas\": 4}");
    patch("2", "{\"tags\": [\"other\"]}");
    cr_assert_str_eq(etag_of("1"), etag);
    struct call call = {
        .target = WEB "/revisions/1", .token = "deploy-token", .if_none_match = etag};
    cr_assert_eq(fixture_call(&fixture, &call).status, 304);
    cr_assert_eq(patch_if("1", etag, "{\"pinned\": true}").status, 200);
}

Test(revisions, the_tag_of_another_object_does_not_match)
{
    struct answer deployment = fixture_get(&fixture, WEB);
    expect_problem(patch_if("1", arena_strdup(&fixture.arena, deployment.reply.etag), "{}"), 412,
                   "precondition_failed");
    expect_problem(patch_if("1", etag_of("2"), "{}"), 412, "precondition_failed");
    cr_assert_eq(patch_if("1", "*", "{}").status, 200);
    expect_problem(patch_if("9", "*", "{}"), 404, "not_found");
    struct call call = {.method = METHOD_PATCH,
                        .target = WEB "/revisions/1",
                        .token = "deploy-token",
                        .content_type = "application/merge-patch+json",
                        .if_none_match = "*",
                        .body = "{}"};
    expect_problem(fixture_call(&fixture, &call), 412, "precondition_failed");
}

Test(revisions, a_patch_that_changes_nothing_answers_what_is_stored)
{
    patch("1", "{\"tags\": [\"a\", \"b\"]}");
    struct answer answer = patch("1", "{\"tags\": [\"b\", \"a\"]}");
    cr_assert_str_eq(answer.text, get("1").text);
    cr_assert_str_eq(answer.reply.etag, etag_of("1"));
}

/* ---- diff ---- */

Test(revisions, a_diff_names_what_the_revision_changes)
{
    struct answer answer = get("2/diff?against=1");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "against"), 1);
    cr_assert_eq(json_at(answer.json, "changes")->count, 3, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "changes.0.pointer"), "/template/version");
    cr_assert_str_eq(json_text_at(answer.json, "changes.1.pointer"), "/template/env/A");
    cr_assert_str_eq(json_text_at(answer.json, "changes.1.from"), "x");
    cr_assert_str_eq(json_text_at(answer.json, "changes.1.to"), "y");
    cr_assert_str_eq(json_text_at(answer.json, "changes.2.op"), "add");
}

Test(revisions, a_diff_is_against_what_was_asked_for)
{
    static const struct {
        const char *tail;
        int64_t against, changes;
    } cases[] = {
        {"1/diff?against=2", 2, 3},      {"2/diff?against=spec", 2, 0},
        {"1/diff?against=live", 2, 3},   {"latest/diff?against=latest", 2, 0},
        {"1/diff?against=latest", 2, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer = get(cases[i].tail);
        cr_assert_eq(answer.status, 200, "%s", answer.text);
        cr_assert_eq(json_int_at(answer.json, "against"), cases[i].against);
        cr_assert_eq(json_at(answer.json, "changes")->count, cases[i].changes, "%s", answer.text);
        cr_assert_eq(json_at(answer.json, "same")->boolean, cases[i].changes == 0);
    }
}

Test(revisions, who_may_not_see_env_sees_that_it_differs)
{
    struct call call = {.target = WEB "/revisions/2/diff?against=1", .token = "read-token"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(json_at(answer.json, "changes")->count, 3, "%s", answer.text);
    cr_assert_null(strstr(answer.text, "\"x\""));
    cr_assert_not_null(strstr(json_text_at(answer.json, "changes.1.to"), "••••"));
}

Test(revisions, a_diff_needs_two_sides)
{
    expect_problem(get("2/diff"), 400, "bad_parameter");
    expect_problem(get("2/diff?against=9"), 404, "not_found");
    expect_problem(get("9/diff?against=spec"), 404, "not_found");
    expect_problem(get("2/diff?against=stable"), 404, "not_found");
    expect_problem(get("2/diff?against=nothing"), 404, "not_found");
}
