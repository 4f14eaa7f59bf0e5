/* GET /v1/summary: the fleet in numbers. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void create(const char *cluster, const char *name, int replicas)
{
    const char *target = arena_printf(&fixture.arena, "/v1/deployments?cluster=%s", cluster);
    struct answer answer = fixture_send(&fixture, METHOD_POST, target,
                                        fixture_document(&fixture, name, "1", replicas, ""));
    cr_assert_eq(answer.status, 201, "%s", answer.text);
    fixture_settle(&fixture);
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "n2", "blue");
    create("default", "web", 2);
    create("blue", "api", 1);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(summary, .init = open_fixture, .fini = close_fixture);

static int64_t number(const char *target, const char *path)
{
    struct answer answer = fixture_get(&fixture, target);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_not_null(json_at(answer.json, path), "%s: %s", path, answer.text);
    return json_int_at(answer.json, path);
}

#define SUMMARY "/v1/summary"

Test(summary, counts_by_state_over_all_clusters)
{
    cr_expect_eq(number(SUMMARY, "deployments.total"), 2);
    cr_expect_eq(number(SUMMARY, "deployments.states.deploying"), 2);
    cr_expect_eq(number(SUMMARY, "rollouts.total"), 2);
    cr_expect_eq(number(SUMMARY, "rollouts.states.progressing"), 2);
    cr_expect_eq(number(SUMMARY, "replicas.total"), 3);
    cr_expect_eq(number(SUMMARY, "replicas.states.assigned"), 3);
    cr_expect_eq(number(SUMMARY, "replicas.presence.present"), 3);
    cr_expect_eq(number(SUMMARY, "replicas.ready"), 0);
    cr_expect_eq(number(SUMMARY, "nodes.states.ready"), 2);
    cr_expect_eq(number(SUMMARY, "nodes.schedulable"), 2);
    cr_expect_eq(number(SUMMARY, "clusters.0.deployments.total"), 1);
    cr_expect_eq(number(SUMMARY, "clusters.1.replicas.total"), 2);
    cr_expect_str_eq(json_text_at(fixture_get(&fixture, SUMMARY).json, "clusters.0.name"), "blue");
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    cr_expect_eq(number(SUMMARY, "replicas.ready"), 2);
    cr_expect_eq(number(SUMMARY, "replicas.available"), 2);
    cr_expect_eq(number(SUMMARY, "replicas.states.running"), 2);
}

Test(summary, of_one_cluster_counts_nothing_else)
{
    cr_expect_eq(number(SUMMARY "?cluster=blue", "deployments.total"), 1);
    cr_expect_eq(number(SUMMARY "?cluster=blue", "nodes.total"), 1);
    cr_expect_eq(number(SUMMARY "?cluster=blue", "replicas.total"), 1);
    cr_expect_null(json_at(fixture_get(&fixture, SUMMARY "?cluster=blue").json, "clusters.1"));
}

static void expect_none(const char *cluster, const char *said)
{
    struct answer answer =
        fixture_get(&fixture, arena_printf(&fixture.arena, SUMMARY "?cluster=%s", cluster));
    cr_expect_eq(answer.status, 404, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "detail"), said);
}

Test(summary, of_a_cluster_that_is_not_there_is_no_summary_of_nothing)
{
    expect_none("blu", "there is no cluster 'blu'; did you mean 'blue'?");
    expect_none("production", "there is no cluster 'production'");
    struct answer list = fixture_get(&fixture, "/v1/deployments?cluster=blu");
    cr_expect_eq(list.status, 200, "lists may be waited on: %s", list.text);
    fixture_node(&fixture, "n3", "production");
    cr_expect_eq(number(SUMMARY "?cluster=production", "deployments.total"), 0);
}

Test(summary, of_a_limited_token_is_there_before_its_cluster)
{
    fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/api?cluster=blue", NULL);
    fixture_settle(&fixture);
    fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/n2?force=true", NULL);
    fixture_settle(&fixture);
    struct call call = {.target = SUMMARY, .token = "blue-read-token"};
    struct answer own = fixture_call(&fixture, &call);
    cr_expect_eq(own.status, 200, "%s", own.text);
    cr_expect_eq(json_int_at(own.json, "nodes.total"), 0);
}

Test(summary, of_a_limited_token_is_of_its_cluster)
{
    struct call call = {.target = SUMMARY, .token = "blue-read-token"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_expect_eq(json_int_at(answer.json, "replicas.total"), 1);
    cr_expect_str_eq(json_text_at(answer.json, "clusters.0.name"), "blue");
    cr_expect_null(json_at(answer.json, "clusters.1"));
    call.target = SUMMARY "?cluster=default";
    cr_expect_eq(fixture_call(&fixture, &call).code, ERR_FORBIDDEN);
    call.token = "join-token";
    cr_expect_eq(fixture_call(&fixture, &call).code, ERR_FORBIDDEN);
}

Test(summary, has_its_sums_of_resources)
{
    int64_t capacity = number("/v1/nodes/n1", "capacity.memory_mib");
    cr_expect_gt(capacity, 0);
    cr_expect_eq(number(SUMMARY "?cluster=default", "capacity.memory_mib"), capacity);
    int64_t allocated = number("/v1/nodes/n1", "allocated.memory_mib");
    cr_expect_eq(number(SUMMARY "?cluster=default", "allocated.memory_mib"), allocated);
}

static struct answer watched(int64_t index)
{
    return fixture_get(&fixture, arena_printf(&fixture.arena, SUMMARY "?index=%lld&wait_seconds=9",
                                              (long long)index));
}

/* Each of these moves another list. */
Test(summary, moves_when_anything_that_it_counts_does)
{
    int64_t index = fixture_get(&fixture, SUMMARY).reply.index;
    cr_expect(watched(index).reply.unsatisfied);
    fixture_node(&fixture, "n3", "default");
    cr_expect_not(watched(index).reply.unsatisfied);
    index = fixture_get(&fixture, SUMMARY).reply.index;
    cr_expect(watched(index).reply.unsatisfied);
    fixture_agent(&fixture, "n2");
    cr_expect_not(watched(index).reply.unsatisfied);
    fixture_settle(&fixture);
    index = fixture_get(&fixture, SUMMARY).reply.index;
    create("default", "other", 0);
    cr_expect_not(watched(index).reply.unsatisfied);
}

Test(summary, has_a_tag_that_stands_as_long_as_the_numbers)
{
    struct answer before = fixture_get(&fixture, SUMMARY);
    struct call call = {
        .target = SUMMARY, .token = "read-token", .if_none_match = before.reply.etag};
    cr_expect_eq(fixture_call(&fixture, &call).status, 304);
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 2}");
    cr_expect_eq(fixture_call(&fixture, &call).status, 304);
    create("default", "other", 0);
    cr_expect_eq(fixture_call(&fixture, &call).status, 200);
}

Test(summary, can_be_narrowed_to_some_fields)
{
    struct answer answer =
        fixture_get(&fixture, SUMMARY "?fields=nodes.total,clusters.name,clusters.nodes.draining");
    cr_expect_str_eq(answer.text,
                     "{\"nodes\":{\"total\":2},\"clusters\":[{\"name\":\"blue\",\"nodes\":"
                     "{\"draining\":0}},{\"name\":\"default\",\"nodes\":{\"draining\":0}}]}");
}
