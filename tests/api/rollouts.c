/* Revisions, rollouts and the way back. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

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

TestSuite(rollouts, .init = open_fixture, .fini = close_fixture);

static void put_version(const char *version)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                                        fixture_document(&fixture, "web", version, 1, ""));
    cr_assert_lt(answer.status, 300, "%s", answer.text);
}

/* Lets the agent do what it is told until the rollout has ended. */
static void finish(void)
{
    for (int i = 0; i < 20; i++) {
        fixture_settle(&fixture);
        fixture_agent(&fixture, "n1");
        fixture_settle(&fixture);
        fixture_advance(&fixture, 2000);
        struct answer answer = fixture_get(&fixture, "/v1/deployments/web/status");
        if (text_equal(json_text_at(answer.json, "rollout.state"), "succeeded")) return;
    }
    cr_assert_fail("the rollout does not end");
}

static struct answer get(const char *tail)
{
    return fixture_get(&fixture, arena_printf(&fixture.arena, "/v1/deployments/web/%s", tail));
}

Test(rollouts, revisions_are_listed_newest_first)
{
    put_version("1");
    put_version("2");
    put_version("3");
    struct answer answer = get("revisions?limit=2");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "items.0.number"), 3);
    cr_assert_eq(json_int_at(answer.json, "items.1.number"), 2);
    const char *cursor = json_text_at(answer.json, "next_cursor");
    answer = get(arena_printf(&fixture.arena, "revisions?cursor=%s", cursor));
    cr_assert_eq(json_at(answer.json, "items")->count, 1);
    cr_assert_eq(json_int_at(answer.json, "items.0.number"), 1);
    cr_assert_null(json_text_at(answer.json, "next_cursor"));
}

Test(rollouts, a_revision_is_named_by_number_or_word)
{
    put_version("1");
    finish();
    put_version("2");
    cr_assert_str_eq(json_text_at(get("revisions/1").json, "template.version"), "1");
    cr_assert_str_eq(json_text_at(get("revisions/2").json, "template.version"), "2");
    cr_assert_str_eq(json_text_at(get("revisions/latest").json, "template.version"), "2");
    cr_assert_str_eq(json_text_at(get("revisions/stable").json, "template.version"), "1");
    cr_assert_eq(get("revisions/3").status, 404);
}

Test(rollouts, before_anything_is_proven_there_is_no_stable_revision)
{
    put_version("1");
    struct answer answer = get("revisions/stable");
    cr_assert_eq(answer.status, 404);
    cr_assert_not_null(strstr(json_text_at(answer.json, "detail"), "proven"));
}

Test(rollouts, the_tag_of_a_revision_stands_while_nothing_changes)
{
    put_version("1");
    struct answer answer = get("revisions/1");
    struct call call = {.target = "/v1/deployments/web/revisions/1",
                        .token = "deploy-token",
                        .if_none_match = answer.reply.etag};
    cr_assert_eq(fixture_call(&fixture, &call).status, 304);
    finish();
    cr_assert_eq(fixture_call(&fixture, &call).status, 200, "its outcome changed");
}

Test(rollouts, each_template_has_its_rollout)
{
    put_version("1");
    finish();
    put_version("2");
    struct answer list = get("rollouts");
    cr_assert_eq(json_at(list.json, "items")->count, 2, "%s", list.text);
    cr_assert_eq(json_int_at(list.json, "items.0.id"), 2);
    struct answer one = get("rollouts/2");
    cr_assert_eq(json_int_at(one.json, "from_revision"), 1, "%s", one.text);
    cr_assert_eq(json_int_at(one.json, "to_revision"), 2);
    cr_assert_str_eq(json_text_at(get("rollouts/1").json, "state"), "succeeded");
    struct answer page = get("rollouts?limit=1");
    const char *cursor = json_text_at(page.json, "next_cursor");
    page = get(arena_printf(&fixture.arena, "rollouts?limit=1&cursor=%s", cursor));
    cr_assert_eq(json_int_at(page.json, "items.0.id"), 1);
    cr_assert_null(json_text_at(page.json, "next_cursor"));
}

static struct answer roll_back(const char *body)
{
    return fixture_send(&fixture, METHOD_POST, "/v1/deployments/web/rollback", body);
}

Test(rollouts, rolling_back_makes_a_new_revision_that_is_a_copy)
{
    put_version("1");
    finish();
    put_version("2");
    finish();
    struct answer answer = roll_back("{\"revision\": 1, \"change_cause\": \"errors\"}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "status.revision"), 3);
    cr_assert_eq(json_int_at(answer.json, "status.rollout.id"), 3);
    cr_assert_str_eq(json_text_at(answer.json, "spec.template.version"), "1");
    struct answer revision = get("revisions/3");
    cr_assert_eq(json_int_at(revision.json, "copy_of"), 1);
    cr_assert_str_eq(json_text_at(revision.json, "source"), "rollback");
    cr_assert_str_eq(json_text_at(revision.json, "change_cause"), "errors");
}

Test(rollouts, rolling_back_to_stable_finds_what_was_proven)
{
    put_version("1");
    finish();
    put_version("2");
    struct answer answer = roll_back("{\"revision\": \"stable\"}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "spec.template.version"), "1");
}

Test(rollouts, rolling_back_to_what_is_not_there_is_404_and_writes_nothing)
{
    static const char *const bodies[] = {"{\"revision\": 9}", "{\"revision\": \"stable\"}",
                                         "{\"revision\": \"golden\"}"};
    put_version("1");
    int64_t index = fixture_newest_index(&fixture);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        cr_assert_eq(roll_back(bodies[i]).status, 404, "%s", bodies[i]);
    cr_assert_eq(fixture_newest_index(&fixture), index);
}

Test(rollouts, a_revision_that_nobody_wanted_replicas_of_is_superseded_by_the_next)
{
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "1", 0, ""));
    finish();
    cr_assert_str_eq(json_text_at(get("revisions/1").json, "outcome"), "active", "not proven");
    put_version("2");
    cr_assert_str_eq(json_text_at(get("revisions/1").json, "outcome"), "superseded");
    cr_assert_str_eq(json_text_at(get("rollouts/1").json, "state"), "succeeded", "it stays final");
}
