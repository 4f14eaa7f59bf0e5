/* Every field of the deployment document wrong in turn: 422, the pointer of that field, and nothing
 * written. */
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

TestSuite(deployment_fields, .init = open_fixture, .fini = close_fixture);

/* Where a value goes: the document with one hole per level. */
enum place {
    TOP,
    SPEC,
    TEMPLATE,
    PROBES,
    READINESS,
    STOP,
    RESTART,
    LIMITS,
    RESOURCES,
    STRATEGY,
    PLACEMENT
};

static const char *document_with(enum place place, const char *member)
{
    const char *holes[PLACEMENT + 1];
    for (int i = 0; i <= PLACEMENT; i++)
        holes[i] = "";
    holes[place] = arena_printf(&fixture.arena, ", %s", member);
    const char *probes = arena_printf(
        &fixture.arena,
        "\"probes\": {\"liveness\": null%s, \"readiness\": {\"http\": {\"port\": \"http\"}%s}}",
        holes[PROBES], holes[READINESS]);
    const char *template = arena_printf(
        &fixture.arena,
        "\"template\": {\"version\": \"1\", \"command\": [\"x\"], \"ports\": {\"http\": 0}, %s, "
        "\"stop\": {\"drain_seconds\": 1%s}, \"restart\": {\"policy\": \"always\"%s}, "
        "\"limits\": {\"schedule_seconds\": 9%s}, \"resources\": {\"gpus\": 0%s}%s}",
        probes, holes[STOP], holes[RESTART], holes[LIMITS], holes[RESOURCES], holes[TEMPLATE]);
    return arena_printf(
        &fixture.arena,
        "{\"name\": \"web\", \"spec\": {%s, \"strategy\": {\"type\": \"rolling\"%s}, "
        "\"placement\": {\"spread_by\": \"node\"%s}%s}%s}",
        template, holes[STRATEGY], holes[PLACEMENT], holes[SPEC], holes[TOP]);
}

static bool names(const struct json *problem, const char *pointer)
{
    const struct json *errors = json_at(problem, "errors");
    for (size_t i = 0; errors != NULL && i < errors->count; i++)
        if (text_equal(json_text_at(&errors->children[i], "pointer"), pointer)) return true;
    return false;
}

/* A value that repeats a member of the base document would be a duplicate key: such rows replace it
 * by being the only one of that name, so the base leaves out what rows set. */
static const struct {
    enum place place;
    const char *member, *pointer;
} wrong[] = {
    {TOP, "\"cluster\": 1", "#/cluster"},
    {TOP, "\"cluster\": \"Blue!\"", "#/cluster"},
    {TOP, "\"description\": 5", "#/description"},
    {TOP, "\"labels\": []", "#/labels"},
    {TOP, "\"labels\": {\"-bad\": \"x\"}", "#/labels/-bad"},
    {TOP, "\"labels\": {\"a\": 1}", "#/labels/a"},
    {TOP, "\"labels\": {\"a\": \"no spaces allowed\"}", "#/labels/a"},
    {TOP, "\"annotations\": {\"a\": {}}", "#/annotations/a"},
    {TOP, "\"specs\": {}", "#/specs"},
    {SPEC, "\"replicas\": -1", "#/spec/replicas"},
    {SPEC, "\"replicas\": 10001", "#/spec/replicas"},
    {SPEC, "\"replicas\": 1.5", "#/spec/replicas"},
    {SPEC, "\"replicas\": \"3\"", "#/spec/replicas"},
    {SPEC, "\"replicas\": 1e300", "#/spec/replicas"},
    {SPEC, "\"replicas\": null", "#/spec/replicas"},
    {SPEC, "\"replica\": 3", "#/spec/replica"},
    {SPEC, "\"scaling\": {}", "#/spec/scaling"},
    {SPEC, "\"revision_history_limit\": -1", "#/spec/revision_history_limit"},
    {SPEC, "\"revision_history_limit\": 1001", "#/spec/revision_history_limit"},
    {SPEC, "\"paused\": \"no\"", "#/spec/paused"},
    {TEMPLATE, "\"image\": 5", "#/spec/template/image"},
    {TEMPLATE, "\"artifact\": \"x\"", "#/spec/template/artifact"},
    {TEMPLATE, "\"user\": \"root\"", "#/spec/template/user"},
    {TEMPLATE, "\"instance_type\": \"big\"", "#/spec/template/instance_type"},
    {TEMPLATE, "\"secrets\": {}", "#/spec/template/secrets"},
    {TEMPLATE, "\"working_dir\": \"relative\"", "#/spec/template/working_dir"},
    {TEMPLATE, "\"env\": [\"A=b\"]", "#/spec/template/env"},
    {TEMPLATE, "\"env\": {\"9A\": \"b\"}", "#/spec/template/env/9A"},
    {TEMPLATE, "\"env\": {\"A\": 1}", "#/spec/template/env/A"},
    {TEMPLATE, "\"env\": {\"A\": \"••••0123abcd\"}", "#/spec/template/env/A"},
    {TEMPLATE, "\"envs\": {}", "#/spec/template/envs"},
    {PROBES, "\"startup\": {}", "#/spec/template/probes/startup"},
    {PROBES, "\"startup\": {\"http\": {\"port\": \"web\"}}",
     "#/spec/template/probes/startup/http/port"},
    {PROBES, "\"startup\": {\"http\": {\"path\": \"x\"}}",
     "#/spec/template/probes/startup/http/path"},
    {PROBES, "\"startup\": {\"http\": {\"path\": \"/x#y\"}}",
     "#/spec/template/probes/startup/http/path"},
    {PROBES, "\"startup\": {\"exec\": {}}", "#/spec/template/probes/startup/exec"},
    {PROBES, "\"ready\": {}", "#/spec/template/probes/ready"},
    {READINESS, "\"tcp\": {\"port\": \"http\"}", "#/spec/template/probes/readiness"},
    {READINESS, "\"initial_delay_seconds\": -1",
     "#/spec/template/probes/readiness/initial_delay_seconds"},
    {READINESS, "\"period_seconds\": 0", "#/spec/template/probes/readiness/period_seconds"},
    {READINESS, "\"timeout_seconds\": 0", "#/spec/template/probes/readiness/timeout_seconds"},
    {READINESS, "\"success_threshold\": 0", "#/spec/template/probes/readiness/success_threshold"},
    {READINESS, "\"failure_threshold\": 0", "#/spec/template/probes/readiness/failure_threshold"},
    {STOP, "\"signal\": \"STOP IT\"", "#/spec/template/stop/signal"},
    {STOP, "\"grace_seconds\": -1", "#/spec/template/stop/grace_seconds"},
    {RESTART, "\"backoff_initial_seconds\": -1", "#/spec/template/restart/backoff_initial_seconds"},
    {RESTART, "\"backoff_max_seconds\": 604801", "#/spec/template/restart/backoff_max_seconds"},
    {RESTART, "\"backoff_initial_seconds\": 61", "#/spec/template/restart/backoff_initial_seconds"},
    {LIMITS, "\"prepare_seconds\": 0", "#/spec/template/limits/prepare_seconds"},
    {LIMITS, "\"healthy_seconds\": 0", "#/spec/template/limits/healthy_seconds"},
    {RESOURCES, "\"cpu_millis\": -1", "#/spec/template/resources/cpu_millis"},
    {RESOURCES, "\"memory_mib\": 67108865", "#/spec/template/resources/memory_mib"},
    {STRATEGY, "\"max_surge\": \"25\"", "#/spec/strategy/max_surge"},
    {STRATEGY, "\"max_surge\": \"-1%\"", "#/spec/strategy/max_surge"},
    {STRATEGY, "\"max_unavailable\": \"101%\"", "#/spec/strategy/max_unavailable"},
    {STRATEGY, "\"max_unavailable\": -1", "#/spec/strategy/max_unavailable"},
    {STRATEGY, "\"max_surge\": 0", "#/spec/strategy/max_unavailable"},
    {STRATEGY, "\"batch_pause_seconds\": -1", "#/spec/strategy/batch_pause_seconds"},
    {STRATEGY, "\"min_ready_seconds\": -1", "#/spec/strategy/min_ready_seconds"},
    {STRATEGY, "\"min_ready_seconds\": 600", "#/spec/strategy/progress_deadline_seconds"},
    {STRATEGY, "\"monitor_seconds\": \"10s\"", "#/spec/strategy/monitor_seconds"},
    {STRATEGY, "\"progress_deadline_seconds\": 0", "#/spec/strategy/progress_deadline_seconds"},
    {STRATEGY, "\"max_failure_ratio\": 1.1", "#/spec/strategy/max_failure_ratio"},
    {STRATEGY, "\"auto_rollback\": 1", "#/spec/strategy/auto_rollback"},
    {STRATEGY, "\"steps\": {}", "#/spec/strategy/steps"},
    {STRATEGY, "\"preview_replicas\": 0", "#/spec/strategy/preview_replicas"},
    {STRATEGY, "\"auto_promote\": 1", "#/spec/strategy/auto_promote"},
    {STRATEGY, "\"keep_old_seconds\": -1", "#/spec/strategy/keep_old_seconds"},
    {TEMPLATE, "\"restart_token\": 7", "#/spec/template/restart_token"},
    {PLACEMENT, "\"node_selector\": \"a in (\"", "#/spec/placement/node_selector"},
    {PLACEMENT, "\"node_selector\": {}", "#/spec/placement/node_selector"},
    {PLACEMENT, "\"spread\": \"node\"", "#/spec/placement/spread"},
};

static void expect_wrong(const char *document, const char *pointer)
{
    int64_t index = fixture_newest_index(&fixture);
    struct answer post = fixture_send(&fixture, METHOD_POST, "/v1/deployments", document);
    cr_assert_eq(post.status, 422, "%s: %s", document, post.text);
    cr_assert_str_eq(json_text_at(post.json, "code"), "invalid");
    cr_assert(names(post.json, pointer), "%s is not named: %s", pointer, post.text);
    struct answer put = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web", document);
    cr_assert_eq(put.status, 422, "%s", put.text);
    cr_assert(names(put.json, pointer), "%s is not named: %s", pointer, put.text);
    cr_assert_eq(fixture_newest_index(&fixture), index, "something was written");
}

Test(deployment_fields, each_wrong_one_is_named_and_nothing_is_written)
{
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect_wrong(document_with(wrong[i].place, wrong[i].member), wrong[i].pointer);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web").status, 404);
}

/* Members that the base document has itself. */
static const struct {
    const char *document, *pointer;
} whole[] = {
    {"{}", "#/spec"},
    {"{\"spec\": null}", "#/spec"},
    {"{\"spec\": []}", "#/spec"},
    {"{\"name\": \"web\", \"spec\": {}}", "#/spec/template"},
    {"{\"name\": 7, \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}",
     "#/name"},
    {"{\"name\": \"-\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}",
     "#/name"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"command\": [\"x\"]}}}",
     "#/spec/template/version"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"\", \"command\": [\"x\"]}}}",
     "#/spec/template/version"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": 2, \"command\": [\"x\"]}}}",
     "#/spec/template/version"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\"}}}",
     "#/spec/template/command"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": []}}}",
     "#/spec/template/command"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": \"x\"}}}",
     "#/spec/template/command"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\", 1]}}}",
     "#/spec/template/command/1"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"\"]}}}",
     "#/spec/template/command/0"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": "
     "[\"$(PORT)\"]}}}",
     "#/spec/template/command/0"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"], "
     "\"ports\": {\"http\": 80}}}}",
     "#/spec/template/ports/http"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"], "
     "\"ports\": {\"HTTP\": 0}}}}",
     "#/spec/template/ports/HTTP"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}, "
     "\"strategy\": {\"type\": \"canary\"}}}",
     "#/spec/strategy/steps"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}, "
     "\"placement\": {\"spread_by\": \"rack\"}}}",
     "#/spec/placement/spread_by"},
    {"{\"name\": \"web\", \"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"], "
     "\"restart\": {\"policy\": \"sometimes\"}}}}",
     "#/spec/template/restart/policy"},
};

Test(deployment_fields, each_wrong_whole_is_named_and_nothing_is_written)
{
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        expect_wrong(whole[i].document, whole[i].pointer);
}

Test(deployment_fields, what_was_refused_changes_nothing_until_it_is_fixed)
{
    const char *target = "/v1/deployments/web";
    const char *first = document_with(SPEC, "\"replicas\": 1");
    const char *fixed = document_with(STRATEGY, "\"min_ready_seconds\": 5");
    struct answer answer = fixture_send(&fixture, METHOD_PUT, target, first);
    cr_assert_eq(answer.status, 201, "%s", answer.text);
    expect_wrong(document_with(STRATEGY, "\"min_ready_seconds\": 600"),
                 "#/spec/strategy/progress_deadline_seconds");
    answer = fixture_get(&fixture, target);
    cr_assert_eq(json_int_at(answer.json, "generation"), 1, "%s", answer.text);
    answer = fixture_send(&fixture, METHOD_PUT, target, fixed);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "generation"), 2, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "spec.strategy.min_ready_seconds"), 5, "%s", answer.text);
}

Test(deployment_fields, all_wrong_ones_are_named_at_once)
{
    struct answer answer = fixture_send(
        &fixture, METHOD_POST, "/v1/deployments",
        "{\"name\": \"_\", \"labels\": 1, \"spec\": {\"replicas\": -1, \"template\": {\"version\": "
        "1, \"command\": 2}}}");
    cr_assert_eq(json_at(answer.json, "errors")->count, 5, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "detail"), "5 fields are wrong");
}

Test(deployment_fields, beyond_the_limit_wrong_ones_are_only_counted)
{
    struct text body;
    text_init(&body, &fixture.arena);
    text_add(&body, "{\"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}");
    for (int i = 0; i < 100; i++)
        text_printf(&body, ", \"unknown%d\": 1", i);
    text_add(&body, "}");
    struct answer answer =
        fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web", text_string(&body));
    cr_assert_eq(answer.status, 422);
    cr_assert_eq(json_at(answer.json, "errors")->count, 64);
    cr_assert_str_eq(json_text_at(answer.json, "detail"),
                     "100 fields are wrong, the first 64 are listed");
}

Test(deployment_fields, an_unknown_one_comes_with_the_nearest_known)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                                        document_with(SPEC, "\"replcas\": 3"));
    cr_assert_str_eq(json_text_at(answer.json, "errors.0.code"), "unknown_field");
    cr_assert_not_null(strstr(json_text_at(answer.json, "errors.0.detail"), "replicas"));
}

Test(deployment_fields, a_word_that_is_none_comes_with_the_nearest)
{
    static const struct {
        const char *type, *words;
    } types[] = {
        {"bluegreen", "got 'bluegreen'; did you mean 'blue_green'?"},
        {"roling", "got 'roling'; did you mean 'rolling'?"},
        {"xyz", "canary, got 'xyz'\""},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        const char *document = arena_printf(
            &fixture.arena,
            "{\"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}, \"strategy\": "
            "{\"type\": \"%s\"}}}",
            types[i].type);
        struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web", document);
        cr_assert_str_eq(json_text_at(answer.json, "errors.0.code"), "enum", "%s", answer.text);
        cr_assert_not_null(strstr(answer.text, types[i].words), "%s", answer.text);
    }
}

/* ---- the small bodies ---- */

static const struct {
    enum method method;
    const char *tail, *body, *pointer;
} small[] = {
    {METHOD_PUT, "scale", "{}", "#/replicas"},
    {METHOD_PUT, "scale", "{\"replicas\": -1}", "#/replicas"},
    {METHOD_PUT, "scale", "{\"replicas\": 10001}", "#/replicas"},
    {METHOD_PUT, "scale", "{\"replicas\": \"2\"}", "#/replicas"},
    {METHOD_PUT, "scale", "{\"replicas\": 2, \"force\": true}", "#/force"},
    {METHOD_PUT, "scale", "[]", "#"},
    {METHOD_PUT, "scale", "3", "#"},
    {METHOD_POST, "rollback", "{}", "#/revision"},
    {METHOD_POST, "rollback", "{\"revision\": 0}", "#/revision"},
    {METHOD_POST, "rollback", "{\"revision\": 1.5}", "#/revision"},
    {METHOD_POST, "rollback", "{\"revision\": null}", "#/revision"},
    {METHOD_POST, "rollback", "{\"revision\": \"no tag!\"}", "#/revision"},
    {METHOD_POST, "rollback", "{\"revision\": 1, \"change_cause\": 5}", "#/change_cause"},
    {METHOD_POST, "rollback", "{\"revison\": 1}", "#/revison"},
};

Test(deployment_fields, bodies_of_actions_are_checked_alike)
{
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    int64_t index = fixture_newest_index(&fixture);
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        const char *target = arena_printf(&fixture.arena, "/v1/deployments/web/%s", small[i].tail);
        struct answer answer = fixture_send(&fixture, small[i].method, target, small[i].body);
        cr_assert_eq(answer.status, 422, "%s: %s", small[i].body, answer.text);
        cr_assert(names(answer.json, small[i].pointer), "%s: %s", small[i].body, answer.text);
    }
    cr_assert_eq(fixture_newest_index(&fixture), index);
}
