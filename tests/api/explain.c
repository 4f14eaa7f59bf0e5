/* What somebody who waits is told: explain, and wait until it is there. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

#define WEB "/v1/deployments/web"

static void open_fixture(void)
{
    fixture_open(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(explain, .init = open_fixture, .fini = close_fixture);

static void apply(const char *version, int replicas)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, WEB,
                                        fixture_document(&fixture, "web", version, replicas, ""));
    cr_assert_lt(answer.status, 300, "%s", answer.text);
}

static void run(void)
{
    for (int i = 0; i < 12; i++) {
        fixture_settle(&fixture);
        fixture_agent(&fixture, "n1");
        fixture_advance(&fixture, 2000);
    }
    fixture_settle(&fixture);
}

static struct answer explain(void)
{
    struct answer answer = fixture_get(&fixture, WEB "/explain");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    return answer;
}

static struct answer wait_for(const char *what)
{
    return fixture_get(&fixture, arena_printf(&fixture.arena, WEB "/wait?%s", what));
}

static void expect_problem(struct answer answer, int status, const char *code)
{
    cr_assert_eq(answer.status, status, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), code);
}

/* ---- explain ---- */

Test(explain, says_what_it_would_do_next_and_does_nothing)
{
    apply("1", 2);
    int64_t index = fixture_newest_index(&fixture);
    struct answer answer = explain();
    cr_assert_str_eq(json_text_at(answer.json, "actions.0.kind"), "scaled", "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "budget.replicas"), 2);
    cr_assert_eq(json_int_at(answer.json, "budget.ceiling"), 3);
    cr_assert(answer.reply.no_store);
    cr_assert_eq(answer.reply.etag[0], '\0');
    cr_assert_eq(fixture_newest_index(&fixture), index, "something was written");
}

Test(explain, names_the_replica_that_finds_no_node)
{
    apply("1", 1);
    fixture_settle(&fixture);
    struct answer answer = explain();
    cr_assert_eq(json_at(answer.json, "blocked_replicas")->count, 1, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "blocked_replicas.0.state"), "pending");
    cr_assert_not_null(strstr(json_text_at(answer.json, "blocked_replicas.0.reason"), "node"));
    cr_assert_not_null(json_text_at(answer.json, "waiting_for"));
    cr_assert_gt(json_int_at(answer.json, "deadline_in_ms"), 0);
}

Test(explain, tells_how_long_a_monitor_period_goes_on)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 2);
    cr_assert_eq(json_at(explain().json, "waiting_ends_in_ms")->type, JSON_NULL);
    for (int i = 0; i < 4; i++) {
        fixture_settle(&fixture);
        fixture_agent(&fixture, "n1");
    }
    fixture_settle(&fixture);
    struct answer answer = explain();
    cr_assert_not_null(strstr(json_text_at(answer.json, "waiting_for"), "monitor_seconds"), "%s",
                       answer.text);
    cr_assert_not_null(strstr(json_text_at(answer.json, "message"), "watched for"), "%s",
                       answer.text);
    int64_t left_ms = json_int_at(answer.json, "waiting_ends_in_ms");
    cr_assert_gt(left_ms, 0);
    fixture_advance(&fixture, 500);
    cr_assert_eq(json_int_at(explain().json, "waiting_ends_in_ms"), left_ms - 500);
}

Test(explain, has_nothing_to_say_of_what_is_complete)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 2);
    run();
    struct answer answer = explain();
    cr_assert_str_eq(json_text_at(answer.json, "state"), "running", "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "waiting_for")->type, JSON_NULL, "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "deadline_in_ms")->type, JSON_NULL);
    cr_assert_eq(json_at(answer.json, "actions")->count, 0);
    cr_assert_eq(json_at(answer.json, "blocked_replicas")->count, 0);
}

Test(explain, tells_of_a_deadline_that_stands_still)
{
    apply("1", 1);
    fixture_settle(&fixture);
    fixture_send(&fixture, METHOD_POST, WEB "/pause", NULL);
    fixture_settle(&fixture);
    cr_assert(json_at(explain().json, "deadline_stands_still")->boolean);
}

Test(explain, is_for_readers_of_what_exists)
{
    expect_problem(fixture_get(&fixture, WEB "/explain"), 404, "not_found");
    apply("1", 1);
    expect_problem(fixture_get(&fixture, WEB "/explain?index=3"), 400, "unknown_parameter");
    struct call call = {.target = WEB "/explain", .token = "read-token"};
    cr_assert_eq(fixture_call(&fixture, &call).status, 200);
}

/* ---- wait ---- */

static void expect_wait(const char *what, bool reached, bool parks)
{
    struct answer answer = wait_for(what);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "reached")->boolean, reached, "%s: %s", what, answer.text);
    cr_assert_eq(answer.reply.unsatisfied, parks, "%s: %s", what, answer.text);
}

Test(explain, a_wait_parks_until_it_is_there)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 2);
    expect_wait("for=available", false, true);
    expect_wait("for=available&wait_seconds=0", false, false);
    expect_wait("for=complete&wait_seconds=5", false, true);
    run();
    expect_wait("for=available", true, false);
    expect_wait("for=complete", true, false);
    struct answer answer = wait_for("for=complete");
    cr_assert_str_eq(json_text_at(answer.json, "state"), "running");
    cr_assert_str_eq(json_text_at(answer.json, "rollout.state"), "succeeded");
}

Test(explain, a_new_spec_is_not_taken_for_the_old_one)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 2);
    run();
    apply("2", 2);
    expect_wait("for=complete", false, true);
    expect_wait("for=available", false, true);
}

Test(explain, a_wait_ends_where_only_another_order_leads_on)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 1);
    run();
    expect_wait("for=terminated", false, false);
    fixture_send(&fixture, METHOD_POST, WEB "/terminate", NULL);
    expect_wait("for=terminated", false, true);
    expect_wait("for=available", false, false);
    run();
    expect_wait("for=terminated", true, false);
}

Test(explain, a_wait_ends_at_once_while_a_rollout_stands_still)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 1);
    run();
    fixture_send(&fixture, METHOD_POST, WEB "/pause", NULL);
    expect_wait("for=complete", false, true); /* the pass has not seen it */
    fixture_settle(&fixture);
    expect_wait("for=complete", true, false);
    apply("2", 1);
    fixture_settle(&fixture);
    expect_wait("for=complete", false, false);
    expect_wait("for=available", true, false);
    fixture_send(&fixture, METHOD_POST, WEB "/resume", NULL);
    expect_wait("for=complete", false, true);
}

Test(explain, a_wait_ends_at_once_while_a_promote_is_awaited_and_not_after_it)
{
    static const char canary[] =
        "{\"spec\":{\"replicas\":2,\"template\":{\"version\":\"2\",\"command\":[\"serve\"],"
        "\"ports\":{\"http\":0}},\"strategy\":{\"type\":\"canary\",\"monitor_seconds\":1,"
        "\"steps\":[{\"set_replicas\":1},{\"pause\":{}}]}}}";
    fixture_node(&fixture, "n1", "default");
    apply("1", 2);
    run();
    struct answer answer = fixture_send(&fixture, METHOD_PUT, WEB, canary);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    expect_wait("for=complete", false, true);
    run();
    expect_wait("for=complete", false, false);
    answer = fixture_send(&fixture, METHOD_POST, WEB "/promote", NULL);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "status.rollout.state"), "progressing");
    expect_wait("for=complete", false, true);
}

Test(explain, what_is_deleted_has_ended)
{
    fixture_node(&fixture, "n1", "default");
    apply("1", 1);
    run();
    fixture_send(&fixture, METHOD_DELETE, WEB, NULL);
    expect_wait("for=terminated", false, true);
    run();
    expect_wait("for=terminated", true, false);
    expect_problem(wait_for("for=complete"), 404, "not_found");
    expect_problem(fixture_get(&fixture, "/v1/deployments/none/wait?for=terminated"), 404,
                   "not_found");
}

Test(explain, a_wait_is_for_something)
{
    apply("1", 1);
    expect_problem(wait_for(""), 400, "bad_parameter");
    expect_problem(wait_for("for=ever"), 400, "bad_parameter");
    expect_problem(wait_for("for=complete&wait_seconds=61"), 400, "bad_parameter");
}
