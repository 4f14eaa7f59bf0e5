/* What a client sees of the strategies: whole ways, with an agent that does what it is told. */
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

TestSuite(strategies, .init = open_fixture, .fini = close_fixture);

#define WEB "/v1/deployments/web"

static struct answer put(const char *query, const char *version, const char *strategy)
{
    const char *body =
        arena_printf(&fixture.arena,
                     "{\"spec\": {\"replicas\": 2, \"template\": {\"version\": \"%s\", "
                     "\"command\": [\"x\"], \"ports\": {\"http\": 0}}, \"strategy\": {%s, "
                     "\"monitor_seconds\": 1}}}",
                     version, strategy);
    return fixture_send(&fixture, METHOD_PUT, arena_printf(&fixture.arena, WEB "%s", query), body);
}

static void apply(const char *version, const char *strategy)
{
    struct answer answer = put("", version, strategy);
    cr_assert_lt(answer.status, 300, "%s", answer.text);
}

static struct answer act(const char *word, const char *body, int status)
{
    struct answer answer =
        fixture_send(&fixture, METHOD_POST, arena_printf(&fixture.arena, WEB "/%s", word), body);
    cr_assert_eq(answer.status, status, "%s: %s", word, answer.text);
    return answer;
}

static const char *status(const char *path)
{
    return json_text_at(fixture_get(&fixture, WEB "/status").json, path);
}

/* Lets the agent do what it is told until the rollout is in that state. */
static void reach(const char *state)
{
    for (int i = 0; i < 40; i++) {
        fixture_settle(&fixture);
        fixture_agent(&fixture, "n1");
        fixture_settle(&fixture);
        if (text_equal(status("rollout.state"), state)) return;
        fixture_advance(&fixture, 1000);
    }
    cr_assert_fail("%s is not reached: %s", state, fixture_get(&fixture, WEB "/status").text);
}

static int64_t count_role(const char *role)
{
    struct answer answer = fixture_get(&fixture, WEB "/endpoints");
    const struct json *endpoints = json_at(answer.json, "endpoints");
    int64_t count = 0;
    for (size_t i = 0; i < endpoints->count; i++) {
        const struct json *endpoint = &endpoints->children[i];
        bool active = text_equal(json_text_at(endpoint, "role"), "active");
        cr_assert_eq(json_int_at(endpoint, "weight"), active ? 1 : 0);
        if (text_equal(json_text_at(endpoint, "role"), role)) count++;
    }
    return count;
}

static bool has_event(const char *reason, const char *message)
{
    struct answer answer = fixture_get(&fixture, WEB "/events?limit=500");
    const struct json *items = json_at(answer.json, "items");
    for (size_t i = 0; i < items->count; i++)
        if (text_equal(json_text_at(&items->children[i], "reason"), reason) &&
            strstr(json_text_at(&items->children[i], "message"), message) != NULL)
            return true;
    return false;
}

static const char blue_green[] = "\"type\": \"blue_green\", \"auto_promote\": false";

Test(strategies, blue_green_shows_previews_until_they_are_promoted)
{
    apply("1", blue_green);
    reach("succeeded");
    apply("2", blue_green);
    reach("awaiting_promotion");
    cr_assert_eq(count_role("active"), 2);
    cr_assert_eq(count_role("preview"), 2);
    struct call call = {.target = WEB "/endpoints", .token = "read-token", .accept = "text/plain"};
    cr_assert_not_null(strstr(fixture_call(&fixture, &call).text, " 0 preview\n"));
    act("promote", NULL, 200);
    fixture_settle(&fixture);
    cr_assert(has_event("switched", "all traffic stays with revision 1"));
    cr_assert(has_event("switched", "all traffic goes to revision 2"));
    cr_assert_eq(count_role("active"), 2);
    cr_assert_eq(count_role("preview"), 2, "the old set is kept for a while");
    reach("succeeded");
    cr_assert_eq(count_role("active"), 2);
    cr_assert_eq(count_role("preview"), 0);
    cr_assert(has_event("switched", "every ready replica gets traffic"));
}

Test(strategies, an_abort_of_previews_leaves_the_active_ones_alone)
{
    apply("1", blue_green);
    reach("succeeded");
    apply("2", blue_green);
    reach("awaiting_promotion");
    struct answer answer = act("abort", "{}", 200);
    cr_assert_str_eq(json_text_at(answer.json, "spec.template.version"), "1");
    reach("succeeded");
    cr_assert_eq(count_role("active"), 2);
    cr_assert_eq(count_role("preview"), 0);
    act("retry", NULL, 200);
    reach("awaiting_promotion");
    cr_assert_str_eq(status("version"), "2");
}

static const char canary[] = "\"type\": \"canary\", \"steps\": [{\"set_replicas\": 1}, "
                             "{\"pause\": {}}, {\"set_weight\": 100}, {\"pause\": {}}]";

Test(strategies, a_canary_waits_at_each_pause)
{
    apply("1", canary);
    reach("succeeded");
    apply("2", canary);
    reach("awaiting_promotion");
    struct answer rollout = fixture_get(&fixture, WEB "/rollouts/2");
    cr_assert_eq(json_int_at(rollout.json, "step"), 1, "%s", rollout.text);
    act("promote", "{}", 200);
    fixture_settle(&fixture);
    reach("awaiting_promotion");
    rollout = fixture_get(&fixture, WEB "/rollouts/2");
    cr_assert_eq(json_int_at(rollout.json, "step"), 3, "%s", rollout.text);
    act("promote", "{\"full\": true}", 200);
    reach("succeeded");
}

/* GET of the rollout says what its newest event says. */
static void expect_rollout_says(const char *state, const char *says)
{
    struct answer rollout = fixture_get(&fixture, WEB "/rollouts/2");
    const char *message = json_text_at(rollout.json, "message");
    cr_expect_str_eq(json_text_at(rollout.json, "state"), state, "%s", rollout.text);
    cr_expect_not_null(strstr(message, says), "%s: %s", state, message);
    cr_expect(has_event(state, message), "%s: %s", state, message);
}

Test(strategies, the_message_of_a_rollout_says_what_it_waits_for)
{
    apply("1", canary);
    reach("succeeded");
    apply("2", canary);
    reach("awaiting_promotion");
    expect_rollout_says("awaiting_promotion", "waiting for promotion: 1 of ");
    expect_rollout_says("awaiting_promotion", "step 2 of 4 is a pause until it is promoted");
    act("promote", "{}", 200);
    struct answer rollout = fixture_get(&fixture, WEB "/rollouts/2");
    cr_expect_str_eq(json_text_at(rollout.json, "message"),
                     "promoted: the pause of this step ends");
    cr_expect_str_eq(status("message"), "promoted: the pause of this step ends");
    fixture_settle(&fixture);
    expect_rollout_says("progressing", "it goes on: revision 2 takes over from revision 1");
    act("pause", NULL, 200);
    fixture_settle(&fixture);
    expect_rollout_says("paused", "it is paused: template steps and the deadline stand still");
    act("resume", NULL, 200);
    fixture_settle(&fixture);
    expect_rollout_says("progressing", "it goes on: revision 2 takes over from revision 1");
    reach("awaiting_promotion");
    expect_rollout_says("awaiting_promotion", "step 4 of 4 is a pause until it is promoted");
    act("promote", "{}", 200);
    reach("succeeded");
    expect_rollout_says("succeeded", "replicas run revision 2");
}

static void expect_steps(const char *rollout, const char *states)
{
    struct answer answer =
        fixture_get(&fixture, arena_printf(&fixture.arena, WEB "/rollouts/%s", rollout));
    const struct json *steps = json_at(answer.json, "steps");
    struct text text;
    text_init(&text, &fixture.arena);
    for (size_t i = 0; i < steps->count; i++)
        text_printf(&text, "%s%s", i == 0 ? "" : " ", json_text_at(&steps->children[i], "state"));
    cr_assert_str_eq(text_string(&text), states, "%s", answer.text);
}

Test(strategies, a_canary_shows_its_steps_while_it_takes_them)
{
    apply("1", canary);
    reach("succeeded");
    expect_steps("1", "");
    apply("2", canary);
    reach("awaiting_promotion");
    expect_steps("2", "done current pending pending");
    cr_assert(has_event("awaiting_promotion", "step 2 of 4 is a pause until it is promoted"));
    struct answer before = fixture_get(&fixture, WEB "/rollouts/2");
    cr_assert_eq(json_int_at(before.json, "steps.0.value"), 1);
    cr_assert_eq(json_at(before.json, "steps.1.value")->type, JSON_NULL);
    apply("2", "\"type\": \"canary\", \"steps\": [{\"set_replicas\": 1}, {\"pause\": {}}]");
    expect_steps("2", "done current");
    struct answer after = fixture_get(&fixture, WEB "/rollouts/2");
    cr_assert_str_neq(before.reply.etag, after.reply.etag, "the steps were edited");
    act("promote", "{\"full\": true}", 200);
    reach("succeeded");
    expect_steps("2", "");
}

static const char checked[] =
    "\"type\": \"canary\", \"steps\": [{\"set_replicas\": 1}, {\"check\": {\"path\": "
    "\"/ok\", \"expect_status\": 204, \"times\": 2}}, {\"pause\": {}}]";

static struct answer assignments(void)
{
    return fixture_call(&fixture, &(struct call){.target = "/v1/nodes/n1/assignments",
                                                 .token = fixture_node_token(&fixture, "n1")});
}

/* How many of the node's replicas are asked for a check, or are not. */
static int64_t count_asked(bool asked)
{
    struct answer answer = assignments();
    const struct json *replicas = json_at(answer.json, "replicas");
    int64_t count = 0;
    for (size_t i = 0; i < replicas->count; i++)
        if ((json_int_at(&replicas->children[i], "check.round") > 0) == asked) count++;
    return count;
}

static void reach_check(void)
{
    apply("1", checked);
    reach("succeeded");
    cr_assert_eq(count_asked(false), 2, "a first deploy has no steps");
    apply("2", checked);
    for (int i = 0; i < 5; i++) {
        fixture_settle(&fixture);
        if (count_asked(false) < 2) return;
        fixture_agent(&fixture, "n1");
    }
}

/* How many replicas answered their last check in which way. */
static void expect_checks(const char *want)
{
    static const char *const words[] = {"failed", "none", "passed"};
    struct answer answer = fixture_get(&fixture, "/v1/replicas");
    const struct json *items = json_at(answer.json, "items");
    int64_t counts[3] = {0};
    for (size_t i = 0; i < items->count; i++) {
        const struct json *check = json_at(&items->children[i], "check");
        cr_assert_not_null(check, "%s", answer.text);
        if (check->type == JSON_NULL)
            counts[1]++;
        else
            counts[json_at(check, "passed")->boolean ? 2 : 0]++;
    }
    struct text text;
    text_init(&text, &fixture.arena);
    for (size_t i = 0; i < 3; i++)
        text_printf(&text, "%s%lld %s", i == 0 ? "" : ", ", (long long)counts[i], words[i]);
    cr_assert_str_eq(text_string(&text), want, "%s", answer.text);
}

Test(strategies, canaries_alone_are_asked_for_the_check)
{
    reach_check();
    cr_assert_eq(count_asked(true), 1, "%s", assignments().text);
    cr_assert_eq(count_asked(false), 1, "the old one");
    int64_t index = json_int_at(assignments().json, "index");
    reach("awaiting_promotion");
    cr_assert_eq(count_asked(true), 0, "the round is over");
    cr_assert_gt(json_int_at(assignments().json, "index"), index, "a poll that waits hears of it");
    expect_checks("0 failed, 2 none, 1 passed");
}

Test(strategies, a_failed_check_takes_the_canary_back_and_into_quarantine)
{
    reach_check();
    fixture.failed_check = "answered 500";
    reach("rolled_back");
    struct answer rollout = fixture_get(&fixture, WEB "/rollouts/2");
    cr_assert_str_eq(json_text_at(rollout.json, "reason"), "check_failed", "%s", rollout.text);
    cr_assert_not_null(strstr(rollout.text, "answered 500"));
    cr_assert_not_null(strstr(json_text_at(rollout.json, "message"),
                              "; rolled back to the template of revision 1, as revision 3"));
    cr_assert_null(strstr(rollout.text, "rolling back"), "it is over: %s", rollout.text);
    expect_steps("2", "");
    expect_checks("1 failed, 3 none, 0 passed");
    cr_assert(has_event("quarantined", "check_failed"));
    struct answer answer = put("", "2", checked);
    cr_assert_eq(answer.status, 409, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), "quarantined");
    cr_assert_eq(put("?force=true", "2", checked).status, 200);
}

Test(strategies, a_terminated_deployment_starts_again)
{
    apply("1", "\"type\": \"recreate\"");
    reach("succeeded");
    act("terminate", NULL, 200);
    for (int i = 0; i < 3; i++) {
        fixture_settle(&fixture);
        fixture_agent(&fixture, "n1");
    }
    fixture_settle(&fixture);
    cr_assert_str_eq(status("state"), "terminated");
    cr_assert_eq(count_role("active"), 0);
    struct answer answer = act("start", NULL, 200);
    cr_assert_eq(json_int_at(answer.json, "spec.replicas"), 2);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    cr_assert_str_eq(status("state"), "running");
    cr_assert_eq(count_role("active"), 2);
}

/* ---- refusals ---- */

static void expect_problem(struct answer answer, int status_code, const char *code)
{
    cr_assert_eq(answer.status, status_code, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), code);
}

Test(strategies, an_action_takes_no_body_and_a_promote_only_full)
{
    apply("1", canary);
    expect_problem(act("pause", "{\"for\": 3}", 422), 422, "invalid");
    expect_problem(act("pause", "[]", 422), 422, "invalid");
    expect_problem(act("pause", "{", 400), 400, "malformed_json");
    expect_problem(act("promote", "{\"ful\": true}", 422), 422, "invalid");
    expect_problem(act("promote", "{\"full\": \"yes\"}", 422), 422, "invalid");
    expect_problem(act("pause?force=true", NULL, 400), 400, "unknown_parameter");
    expect_problem(put("?force=yes", "1", canary), 400, "bad_parameter");
}

Test(strategies, what_makes_no_sense_is_409_and_what_is_not_there_404)
{
    static const char *const words[] = {"pause", "resume", "restart",   "promote",
                                        "abort", "retry",  "terminate", "start"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        act(words[i], NULL, 404);
    apply("1", canary);
    expect_problem(act("promote", NULL, 409), 409, "illegal_state");
    expect_problem(act("abort", NULL, 409), 409, "illegal_state");
    expect_problem(act("retry", NULL, 409), 409, "illegal_state");
}

Test(strategies, actions_need_the_right_to_deploy_and_keep_conditions)
{
    apply("1", canary);
    struct call call = {.method = METHOD_POST, .target = WEB "/pause", .token = "read-token"};
    expect_problem(fixture_call(&fixture, &call), 403, "forbidden");
    call.token = "deploy-token";
    call.if_match = fixture_get(&fixture, WEB).reply.etag;
    cr_assert_eq(fixture_call(&fixture, &call).status, 200);
    call.target = WEB "/resume";
    expect_problem(fixture_call(&fixture, &call), 412, "precondition_failed");
}
