/* What a PUT would do, asked beforehand. */
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

TestSuite(plan, .init = open_fixture, .fini = close_fixture);

struct wish {
    const char *version, *strategy, *template, *spec;
    int replicas;
};

static const char *document(struct wish wish)
{
    return arena_printf(&fixture.arena,
                        "{\"spec\": {\"replicas\": %d, \"template\": {\"version\": \"%s\", "
                        "\"command\": [\"x\"], \"ports\": {\"http\": 0}%s}, \"strategy\": "
                        "{%s%s\"monitor_seconds\": 1}%s}}",
                        wish.replicas, wish.version, wish.template ? wish.template : "",
                        wish.strategy ? wish.strategy : "", wish.strategy ? ", " : "",
                        wish.spec ? wish.spec : "");
}

static struct answer plan(struct wish wish)
{
    int64_t index = fixture_newest_index(&fixture);
    struct answer answer = fixture_send(&fixture, METHOD_POST, WEB "/plan", document(wish));
    cr_assert_eq(fixture_newest_index(&fixture), index, "something was written");
    return answer;
}

static struct answer planned(struct wish wish)
{
    struct answer answer = plan(wish);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert(answer.reply.no_store);
    return answer;
}

/* One that runs as it is wanted. */
static void deploy(struct wish wish)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, WEB, document(wish));
    cr_assert_lt(answer.status, 300, "%s", answer.text);
    for (int i = 0; i < 10; i++) {
        fixture_settle(&fixture);
        fixture_agent(&fixture, "n1");
        fixture_advance(&fixture, 2000);
    }
    fixture_settle(&fixture);
    answer = fixture_get(&fixture, WEB "/status");
    cr_assert_str_eq(json_text_at(answer.json, "rollout.state"), "succeeded", "%s", answer.text);
}

static const struct json *last_step(const struct answer *answer)
{
    const struct json *steps = json_at(answer->json, "timeline.steps");
    cr_assert_gt(steps->count, 0, "%s", answer->text);
    return &steps->children[steps->count - 1];
}

static void expect_end(const struct answer *answer, const char *end)
{
    cr_assert_str_eq(json_text_at(answer->json, "timeline.end"), end, "%s", answer->text);
}

/* ---- what differs ---- */

Test(plan, of_a_new_deployment_adds_everything)
{
    fixture_node(&fixture, "n1", "default");
    struct answer answer = planned((struct wish){.version = "1", .replicas = 3});
    cr_assert(json_at(answer.json, "creates")->boolean);
    cr_assert(json_at(answer.json, "template_changed")->boolean);
    cr_assert(json_at(answer.json, "direct")->boolean);
    cr_assert_eq(json_int_at(answer.json, "revision"), 1);
    cr_assert_str_eq(json_text_at(answer.json, "changes.0.op"), "add");
    cr_assert_eq(json_int_at(answer.json, "action_counts.create"), 3, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "placement.fit"), 3);
    expect_end(&answer, "settled");
    cr_assert_eq(json_int_at(last_step(&answer), "updated_available"), 3, "%s", answer.text);
    cr_assert_str_eq(json_text_at(last_step(&answer), "rollout_state"), "succeeded");
}

Test(plan, of_the_same_document_is_nothing)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 2});
    struct answer answer = planned((struct wish){.version = "1", .replicas = 2});
    cr_assert_eq(json_at(answer.json, "changes")->count, 0, "%s", answer.text);
    cr_assert_not(json_at(answer.json, "template_changed")->boolean);
    cr_assert_eq(json_at(answer.json, "revision")->type, JSON_NULL);
    cr_assert_eq(json_at(answer.json, "actions")->count, 0, "%s", answer.text);
    expect_end(&answer, "settled");
}

Test(plan, names_each_field_that_differs)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 2});
    struct answer answer = planned((struct wish){.version = "2", .replicas = 4});
    cr_assert_eq(json_at(answer.json, "changes")->count, 2, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "changes.0.pointer"), "/spec/replicas");
    cr_assert_eq(json_int_at(answer.json, "changes.0.from"), 2);
    cr_assert_eq(json_int_at(answer.json, "changes.0.to"), 4);
    cr_assert_str_eq(json_text_at(answer.json, "changes.1.pointer"), "/spec/template/version");
    cr_assert_eq(json_int_at(answer.json, "revision"), 2);
    cr_assert_not(json_at(answer.json, "direct")->boolean);
}

/* ---- the way ---- */

static const struct {
    const char *strategy, *end;
    int64_t replicas;
} ways[] = {
    {"\"type\": \"rolling\"", "settled", 3},
    {"\"type\": \"ramped\"", "settled", 5},
    {"\"type\": \"best_effort\"", "settled", 5},
    {"\"type\": \"rolling\", \"max_surge\": 0, \"max_unavailable\": 1", "settled", 1},
    {"\"type\": \"rolling\", \"batch_pause_seconds\": 5", "settled", 4},
    {"\"type\": \"recreate\"", "settled", 3},
    {"\"type\": \"blue_green\"", "settled", 3},
    {"\"type\": \"blue_green\", \"auto_promote_after_seconds\": 60", "settled", 3},
    {"\"type\": \"blue_green\", \"auto_promote\": false", "waits", 3},
    {"\"type\": \"canary\", \"steps\": [{\"set_weight\": 20}, {\"pause\": {\"seconds\": 60}}, "
     "{\"check\": {}}]",
     "settled", 5},
    {"\"type\": \"canary\", \"steps\": [{\"set_replicas\": 1}, {\"pause\": {}}]", "waits", 5},
};

Test(plan, tells_the_way_of_each_strategy)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 3});
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct answer answer = planned((struct wish){
            .version = "2", .replicas = (int)ways[i].replicas, .strategy = ways[i].strategy});
        expect_end(&answer, ways[i].end);
        const struct json *last = last_step(&answer);
        if (text_equal(ways[i].end, "waits")) {
            cr_assert_not_null(strstr(json_text_at(answer.json, "timeline.why"), "promote"), "%s",
                               answer.text);
            continue;
        }
        cr_assert_str_eq(json_text_at(last, "rollout_state"), "succeeded", "%s", answer.text);
        cr_assert_eq(json_int_at(last, "updated_available"), ways[i].replicas, "%s", answer.text);
        cr_assert_eq(json_int_at(last, "old"), 0, "%s", answer.text);
    }
}

Test(plan, of_blue_green_tells_who_holds_the_traffic_and_when_it_moves)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 2});
    struct answer answer = planned(
        (struct wish){.version = "2",
                      .replicas = 2,
                      .strategy = "\"type\": \"blue_green\", \"auto_promote_after_seconds\": 60"});
    cr_assert_eq(json_int_at(answer.json, "timeline.steps.0.held_by"), 1, "%s", answer.text);
    cr_assert_eq(json_at(answer.json, "timeline.steps.0.switched_to")->type, JSON_NULL);
    const struct json *steps = json_at(answer.json, "timeline.steps");
    int64_t switches = 0;
    for (size_t i = 1; i < steps->count; i++) {
        cr_assert_eq(json_at(&steps->children[i], "held_by")->type, JSON_NULL);
        if (json_int_at(&steps->children[i], "switched_to") == 2) switches++;
    }
    cr_assert_eq(switches, 1, "%s", answer.text);
}

Test(plan, never_takes_more_or_leaves_fewer_than_the_strategy_says)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 4});
    struct answer answer =
        planned((struct wish){.version = "2",
                              .replicas = 4,
                              .strategy = "\"max_surge\": 1, \"max_unavailable\": 0",
                              .template = ", \"probes\": {\"readiness\": {\"http\": {}, "
                                          "\"initial_delay_seconds\": 7}}"});
    const struct json *steps = json_at(answer.json, "timeline.steps");
    for (size_t i = 0; i < steps->count; i++) {
        const struct json *step = &steps->children[i];
        int64_t total = json_int_at(step, "updated") + json_int_at(step, "old");
        cr_assert_leq(total, 5, "%s", answer.text);
        cr_assert_geq(json_int_at(step, "available"), 4, "%s", answer.text);
    }
    cr_assert_geq(json_int_at(last_step(&answer), "at_ms"), 4 * 7000, "one after the other");
}

Test(plan, tells_of_limits_that_are_too_short)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 1});
    struct answer answer =
        planned((struct wish){.version = "2",
                              .replicas = 1,
                              .strategy = "\"progress_deadline_seconds\": 30",
                              .template = ", \"probes\": {\"readiness\": {\"http\": {}, "
                                          "\"initial_delay_seconds\": 60}}"});
    expect_end(&answer, "fails");
    cr_assert_not_null(strstr(json_text_at(answer.json, "timeline.why"), "30"), "%s", answer.text);
}

Test(plan, cuts_what_is_too_long_to_tell)
{
    fixture_node(&fixture, "n1", "default");
    deploy((struct wish){.version = "1", .replicas = 1});
    struct answer answer = planned((struct wish){
        .version = "2", .replicas = 9000, .strategy = "\"max_surge\": 1, \"max_unavailable\": 0"});
    expect_end(&answer, "cut");
    cr_assert_leq(json_at(answer.json, "timeline.steps")->count, 200);
}

/* ---- what stands against it ---- */

Test(plan, says_why_nothing_finds_room)
{
    fixture_node(&fixture, "n1", "default");
    struct answer answer = planned((struct wish){
        .version = "1", .replicas = 3, .template = ", \"resources\": {\"cpu_millis\": 40000}"});
    cr_assert_eq(json_int_at(answer.json, "placement.wanted"), 3);
    cr_assert_eq(json_int_at(answer.json, "placement.fit"), 1, "%s", answer.text);
    cr_assert_not_null(strstr(json_text_at(answer.json, "placement.reason"), "cpu"), "%s",
                       answer.text);
    answer = planned((struct wish){.version = "1",
                                   .replicas = 1,
                                   .spec = ", \"placement\": {\"node_selector\": \"gpu=a100\"}"});
    cr_assert_eq(json_int_at(answer.json, "placement.fit"), 0);
    cr_assert_not_null(strstr(json_text_at(answer.json, "placement.reason"), "gpu=a100"));
}

Test(plan, is_as_strict_as_a_put)
{
    struct answer answer = plan((struct wish){.version = "", .replicas = 1});
    cr_assert_eq(answer.status, 422, "%s", answer.text);
    answer = fixture_send(&fixture, METHOD_POST, WEB "/plan", "{");
    cr_assert_eq(answer.status, 400);
    answer = fixture_send(&fixture, METHOD_POST, WEB "/plan?cluster=none",
                          document((struct wish){.version = "1", .replicas = 1}));
    cr_assert_str_eq(json_text_at(answer.json, "code"), "unknown_cluster", "%s", answer.text);
    answer = fixture_send(&fixture, METHOD_POST, WEB "/plan?force=true",
                          document((struct wish){.version = "1", .replicas = 1}));
    cr_assert_eq(answer.status, 400, "%s", answer.text);
    struct call call = {.method = METHOD_POST,
                        .target = WEB "/plan",
                        .token = "read-token",
                        .body = document((struct wish){.version = "1", .replicas = 1})};
    cr_assert_eq(fixture_call(&fixture, &call).status, 403);
    call.token = "deploy-token";
    call.if_match = "*";
    cr_assert_eq(fixture_call(&fixture, &call).status, 412);
}
