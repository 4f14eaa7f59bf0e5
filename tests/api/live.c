/* Live data: what a node told last, shown with its age and kept by nobody. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;
static const char *first, *second; /* replicas of web on n1 */

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 2, ""));
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    first = json_text_at(list.json, "items.0.id");
    second = json_text_at(list.json, "items.1.id");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(live, .init = open_fixture, .fini = close_fixture);

/* A report with these samples (JSON, without the brackets). */
static struct answer tell(const char *node, int epoch, const char *samples)
{
    const char *body = arena_printf(
        &fixture.arena, "{\"boot_id\": \"b1\", \"epoch\": %d, \"seq\": 0, \"samples\": [%s]}",
        epoch, samples);
    struct call call = {.method = METHOD_POST,
                        .target = arena_printf(&fixture.arena, "/v1/nodes/%s/report", node),
                        .token = fixture_node_token(&fixture, node),
                        .body = body};
    return fixture_call(&fixture, &call);
}

static const char *usage_of(const char *id, int cpu_millis)
{
    return arena_printf(&fixture.arena,
                        "{\"id\": \"%s\", \"attempt\": 1, \"usage\": {\"cpu_millis\": %d, "
                        "\"memory_bytes\": 1000, \"processes\": 2}}",
                        id, cpu_millis);
}

static const char *probed(const char *id, int attempt)
{
    return arena_printf(&fixture.arena,
                        "{\"id\": \"%s\", \"attempt\": %d, \"usage\": {}, \"probes\": "
                        "{\"readiness\": {\"state\": \"failing\", \"history\": "
                        "\"000000000000000e\", \"checks\": 4, \"failures\": 1, \"last\": {\"ok\": "
                        "false, \"reason\": \"answered 503\", \"duration_us\": 812, \"age_ms\": "
                        "400}}}}",
                        id, attempt);
}

static struct answer replica(const char *id, const char *tail)
{
    struct call call = {.target = arena_printf(&fixture.arena, "/v1/replicas/%s%s", id, tail),
                        .token = "read-token"};
    return fixture_call(&fixture, &call);
}

static struct answer look_at_node(void)
{
    return fixture_get(&fixture, "/v1/nodes/n1/live");
}

static bool is_null(const struct answer *answer, const char *path)
{
    const struct json *json = json_at(answer->json, path);
    return json != NULL && json->type == JSON_NULL;
}

static bool is_sampled(const char *id)
{
    return json_at(replica(id, "/live").json, "sampled")->boolean;
}

Test(live, a_replica_that_was_not_sampled_says_so)
{
    struct answer usage = replica(first, "/live"), probes = replica(first, "/probes");
    cr_assert_eq(usage.status, 200, "%s", usage.text);
    cr_assert_eq(probes.status, 200, "%s", probes.text);
    cr_assert_not(json_at(usage.json, "sampled")->boolean);
    cr_assert(is_null(&usage, "usage") && is_null(&usage, "age_ms"), "%s", usage.text);
    cr_assert(is_null(&probes, "probes") && is_null(&probes, "age_ms"), "%s", probes.text);
    cr_assert_str_eq(json_text_at(usage.json, "node"), "n1");
    cr_assert_str_eq(json_text_at(usage.json, "presence"), "present");
}

Test(live, usage_is_shown_with_its_age)
{
    cr_assert_eq(tell("n1", 1, usage_of(first, 120)).status, 204);
    fixture_advance(&fixture, 300);
    struct answer answer = replica(first, "/live");
    cr_assert(json_at(answer.json, "sampled")->boolean);
    cr_assert_str_eq(json_text_at(answer.json, "id"), first);
    cr_assert_str_eq(json_text_at(answer.json, "deployment"), "web");
    cr_assert_eq(json_int_at(answer.json, "age_ms"), 300);
    cr_assert_eq(json_int_at(answer.json, "usage.cpu_millis"), 120);
    cr_assert_eq(json_int_at(answer.json, "usage.memory_bytes"), 1000);
    cr_assert_eq(json_int_at(answer.json, "usage.processes"), 2);
    cr_assert_not(is_sampled(second));
}

Test(live, probes_are_shown_with_their_ages)
{
    tell("n1", 1, probed(first, 1));
    fixture_advance(&fixture, 300);
    struct answer answer = replica(first, "/probes");
    cr_assert_str_eq(json_text_at(answer.json, "probes.readiness.state"), "failing");
    cr_assert_str_eq(json_text_at(answer.json, "probes.readiness.history"), "000000000000000e");
    cr_assert_eq(json_int_at(answer.json, "probes.readiness.checks"), 4);
    cr_assert_eq(json_int_at(answer.json, "probes.readiness.failures"), 1);
    cr_assert_eq(json_int_at(answer.json, "probes.readiness.last.age_ms"), 700);
    cr_assert_str_eq(json_text_at(answer.json, "probes.readiness.last.reason"), "answered 503");
    cr_assert(is_null(&answer, "probes.startup") && is_null(&answer, "probes.liveness"));
    struct answer usage = replica(first, "/live");
    cr_assert(is_null(&usage, "usage.cpu_millis") && is_null(&usage, "usage.memory_bytes"));
}

Test(live, nobody_keeps_such_an_answer)
{
    tell("n1", 1, probed(first, 1));
    const char *targets[] = {
        arena_printf(&fixture.arena, "/v1/replicas/%s/live", first),
        arena_printf(&fixture.arena, "/v1/replicas/%s/probes", first),
        "/v1/deployments/web/probes",
        "/v1/nodes/n1/live",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct call call = {
            .target = targets[i], .token = "read-token", .if_none_match = "\"a.1.1\""};
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, 200, "%s", answer.text);
        cr_assert(answer.reply.no_store, "%s", targets[i]);
        cr_assert_str_eq(answer.reply.etag, "");
        cr_assert_eq(answer.reply.index, -1);
        cr_assert_null(json_at(answer.json, "index"));
        call.target = arena_printf(&fixture.arena, "%s?wait_seconds=1", targets[i]);
        cr_assert_eq(fixture_call(&fixture, &call).status, 400, "live data cannot be waited for");
    }
}

Test(live, of_what_is_not_there_is_404)
{
    static const char *const targets[] = {
        "/v1/replicas/web-zzz/live",
        "/v1/replicas/web-zzz/probes",
        "/v1/deployments/none/probes",
        "/v1/nodes/none/live",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        cr_assert_eq(fixture_get(&fixture, targets[i]).status, 404, "%s", targets[i]);
}

Test(live, of_another_cluster_is_404_and_needs_scope_read)
{
    const char *targets[] = {
        arena_printf(&fixture.arena, "/v1/replicas/%s/live", first),
        arena_printf(&fixture.arena, "/v1/replicas/%s/probes", first),
        "/v1/deployments/web/probes",
        "/v1/nodes/n1/live",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct call call = {.target = targets[i], .token = "blue-read-token"};
        cr_assert_eq(fixture_call(&fixture, &call).status, 404, "%s", targets[i]);
        call.token = fixture_node_token(&fixture, "n1");
        cr_assert_eq(fixture_call(&fixture, &call).status, 403, "%s", targets[i]);
        call.token = NULL;
        cr_assert_eq(fixture_call(&fixture, &call).status, 401, "%s", targets[i]);
    }
}

Test(live, samples_come_with_changes_and_beside_bad_ones)
{
    const char *samples =
        arena_printf(&fixture.arena, "7, {\"id\": \"%s\", \"usage\": {\"cpu_millis\": -5}}, %s",
                     second, usage_of(first, 8));
    cr_assert_eq(tell("n1", 1, samples).status, 204);
    cr_assert(is_sampled(first));
    cr_assert_not(is_sampled(second), "its sample was not readable");
    struct answer answer = fixture_report(
        &fixture, "n1",
        arena_printf(&fixture.arena,
                     "\"samples\": [%s], \"changes\": [{\"id\": \"%s\", \"attempt\": 1, "
                     "\"state\": \"running\", \"ready\": false}]",
                     usage_of(second, 3), second));
    cr_assert(answer.status == 204 && answer.reached_store, "%s", answer.text);
    cr_assert(is_sampled(second));
}

Test(live, only_its_own_node_speaks_of_a_replica)
{
    fixture_node(&fixture, "n2", "default");
    tell("n2", 1, usage_of(first, 120));
    cr_assert_not(is_sampled(first));
    tell("n1", 1, usage_of("ghost-1", 120));
    cr_assert_eq(replica("ghost-1", "/live").status, 404);
    struct answer node = look_at_node();
    cr_assert(is_null(&node, "usage"), "%s", node.text);
}

Test(live, a_fenced_agent_is_not_listened_to)
{
    cr_assert_eq(tell("n1", 7, usage_of(first, 120)).status, 409);
    cr_assert_not(is_sampled(first));
}

/* One change of the first replica; `more` is put behind its members. */
static void report(int attempt, const char *state, const char *more)
{
    struct answer answer = fixture_report(
        &fixture, "n1",
        arena_printf(&fixture.arena,
                     "\"changes\": [{\"id\": \"%s\", \"attempt\": %d, \"state\": \"%s\"%s}]", first,
                     attempt, state, more));
    cr_assert_eq(answer.status, 204, "%s", answer.text);
}

Test(live, a_sample_is_of_the_attempt_that_runs)
{
    tell("n1", 1, probed(first, 1));
    report(2, "running", "");
    cr_assert_not(is_sampled(first), "that process is gone");
    tell("n1", 1, probed(first, 2));
    cr_assert(is_sampled(first));
    report(2, "failed", "");
    cr_assert_not(is_sampled(first), "it has ended");
}

/* Its verdicts come at once, what it uses with its first sample. */
Test(live, verdicts_of_an_attempt_say_nothing_of_what_it_uses)
{
    tell("n1", 1, usage_of(first, 120));
    report(2, "running", ", \"probes\": {\"readiness\": {\"state\": \"failing\"}}");
    struct answer answer = replica(first, "/live");
    cr_assert_not(json_at(answer.json, "sampled")->boolean, "%s", answer.text);
    cr_assert(is_null(&answer, "usage") && is_null(&answer, "age_ms"), "%s", answer.text);
    struct answer node = look_at_node();
    cr_assert_eq(json_int_at(node.json, "sampled"), 0);
    cr_assert(is_null(&node, "usage"), "%s", node.text);
    struct answer probes = replica(first, "/probes");
    cr_assert_str_eq(json_text_at(probes.json, "probes.readiness.state"), "failing", "%s",
                     probes.text);
    tell("n1", 1, probed(first, 2));
    cr_assert(is_sampled(first));
}

Test(live, a_restart_of_the_server_begins_with_nothing)
{
    tell("n1", 1, usage_of(first, 120));
    fixture_restart(&fixture);
    cr_assert_not(is_sampled(first));
    struct answer node = look_at_node();
    cr_assert(is_null(&node, "last_seen_ms"), "%s", node.text);
}

Test(live, a_node_adds_up_its_replicas)
{
    struct answer before = look_at_node();
    cr_assert_eq(json_int_at(before.json, "replicas"), 2);
    cr_assert_eq(json_int_at(before.json, "sampled"), 0);
    cr_assert(is_null(&before, "usage"));
    tell("n1", 1,
         arena_printf(&fixture.arena, "%s, %s, %s", usage_of(first, 120), usage_of(second, 30),
                      usage_of("ghost-1", 1000)));
    fixture_advance(&fixture, 450);
    struct answer answer = look_at_node();
    cr_assert_str_eq(json_text_at(answer.json, "name"), "n1");
    cr_assert_str_eq(json_text_at(answer.json, "state"), "ready");
    cr_assert_eq(json_int_at(answer.json, "last_seen_ms"), 450);
    cr_assert_eq(json_int_at(answer.json, "sampled"), 2);
    cr_assert_eq(json_int_at(answer.json, "usage.cpu_millis"), 150, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "usage.memory_bytes"), 2000);
    cr_assert_eq(json_int_at(answer.json, "usage.processes"), 4);
    tell("n1", 1, probed(second, 1));
    answer = look_at_node();
    cr_assert_eq(json_int_at(answer.json, "usage.cpu_millis"), 120,
                 "what is not known adds nothing");
}

Test(live, probes_of_a_deployment_come_in_pages)
{
    tell("n1", 1, probed(second, 1));
    struct answer page = fixture_get(&fixture, "/v1/deployments/web/probes?limit=1");
    cr_assert_eq(json_at(page.json, "items")->count, 1, "%s", page.text);
    cr_assert_str_eq(json_text_at(page.json, "items.0.id"), first);
    cr_assert_not(json_at(page.json, "items.0.sampled")->boolean);
    cr_assert_not_null(page.reply.link);
    const char *cursor = json_text_at(page.json, "next_cursor");
    page =
        fixture_get(&fixture, arena_printf(&fixture.arena,
                                           "/v1/deployments/web/probes?limit=1&cursor=%s", cursor));
    cr_assert_str_eq(json_text_at(page.json, "items.0.id"), second);
    cr_assert_str_eq(json_text_at(page.json, "items.0.probes.readiness.state"), "failing");
    cr_assert_null(json_text_at(page.json, "next_cursor"));
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web/probes?limit=0").status, 400);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web/probes?cursor=x").status, 400);
}

Test(live, what_a_removed_node_told_is_gone)
{
    tell("n1", 1, usage_of(first, 120));
    fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/n1?force=true", NULL);
    cr_assert_eq(look_at_node().status, 404);
    cr_assert_not(is_sampled(first));
}
