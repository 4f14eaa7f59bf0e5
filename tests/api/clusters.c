/* GET /v1/clusters. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "gpu");
    fixture_node(&fixture, "n2", "blue");
    fixture_node(&fixture, "n3", "gpu");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=gpu",
                 fixture_document(&fixture, "web", "1", 2, ""));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(clusters, .init = open_fixture, .fini = close_fixture);

static const char *names(const struct answer *answer)
{
    struct text text;
    const struct json *items = json_at(answer->json, "items");
    text_init(&text, &fixture.arena);
    for (size_t i = 0; items != NULL && i < items->count; i++)
        text_printf(&text, "%s ", json_text_at(&items->children[i], "name"));
    return text_string(&text);
}

Test(clusters, are_those_with_nodes_and_the_default_one)
{
    struct answer answer = fixture_get(&fixture, "/v1/clusters");
    cr_expect_str_eq(names(&answer), "blue default gpu ");
    cr_expect_eq(json_int_at(answer.json, "items.1.nodes.total"), 0);
    cr_expect_eq(json_int_at(answer.json, "items.2.nodes.total"), 2);
    cr_expect_eq(json_int_at(answer.json, "items.2.nodes.states.ready"), 2);
    cr_expect_eq(json_int_at(answer.json, "items.2.deployments.states.deploying"), 1);
    cr_expect_eq(json_int_at(answer.json, "items.2.replicas.total"), 2);
    cr_expect_eq(json_int_at(answer.json, "items.2.capacity.cpu_millis"),
                 2 * json_int_at(answer.json, "items.0.capacity.cpu_millis"));
    cr_expect_not_null(json_at(answer.json, "items.2.allocated.memory_mib"));
}

Test(clusters, come_in_pages)
{
    struct answer first = fixture_get(&fixture, "/v1/clusters?limit=2");
    cr_expect_str_eq(names(&first), "blue default ");
    const char *cursor = json_text_at(first.json, "next_cursor");
    cr_assert_not_null(cursor);
    struct answer rest = fixture_get(
        &fixture, arena_printf(&fixture.arena, "/v1/clusters?limit=2&cursor=%s", cursor));
    cr_expect_str_eq(names(&rest), "gpu ");
    cr_expect_null(json_text_at(rest.json, "next_cursor"));
    cr_expect_eq(
        fixture_get(&fixture, arena_printf(&fixture.arena, "/v1/labels?cursor=%s", cursor)).code,
        ERR_BAD_CURSOR);
}

Test(clusters, of_a_limited_token_are_its_own)
{
    struct call call = {.target = "/v1/clusters", .token = "blue-read-token"};
    struct answer own = fixture_call(&fixture, &call);
    cr_expect_str_eq(names(&own), "blue ");
    struct answer asked = fixture_get(&fixture, "/v1/clusters?cluster=gpu");
    cr_expect_str_eq(names(&asked), "gpu ");
    call.target = "/v1/clusters?cluster=gpu";
    cr_expect_eq(fixture_call(&fixture, &call).code, ERR_FORBIDDEN);
}

Test(clusters, are_watched_with_the_fleet)
{
    struct answer now = fixture_get(&fixture, "/v1/clusters");
    const char *target = arena_printf(&fixture.arena, "/v1/clusters?index=%lld&wait_seconds=9",
                                      (long long)now.reply.index);
    cr_expect(fixture_get(&fixture, target).reply.unsatisfied);
    fixture_node(&fixture, "n4", "new");
    struct answer then = fixture_get(&fixture, target);
    cr_expect_not(then.reply.unsatisfied);
    cr_expect_str_eq(names(&then), "blue default gpu new ");
    struct call call = {
        .target = "/v1/clusters", .token = "read-token", .if_none_match = then.reply.etag};
    cr_expect_eq(fixture_call(&fixture, &call).status, 304);
}

Test(clusters, can_be_narrowed_to_some_fields)
{
    struct answer answer = fixture_get(&fixture, "/v1/clusters?limit=1&fields=name,nodes.total");
    const char *body = "{\"items\":[{\"name\":\"blue\",\"nodes\":{\"total\":1}}],";
    cr_expect(text_starts(answer.text, body), "%s", answer.text);
}
