/* Entity tags and cached bodies through the life of a deployment. The fixture checks each answer
 * (equal tags, equal bytes; equal facets, equal cached bodies); these stories make it look often.
 */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "n2", "default");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(tags, .init = open_fixture, .fini = close_fixture);

static void look(void)
{
    static const char *const targets[] = {
        "/v1/deployments",
        "/v1/deployments/web",
        "/v1/deployments/web/status",
        "/v1/deployments/web/endpoints",
        "/v1/deployments/web/events",
        "/v1/deployments/web/replicas",
        "/v1/deployments/web/revisions",
        "/v1/deployments/web/revisions/1",
        "/v1/deployments/web/revisions/latest",
        "/v1/deployments/web/rollouts",
        "/v1/deployments/web/rollouts/1",
        "/v1/deployments/web/rollouts/2",
        "/v1/replicas",
        "/v1/nodes",
        "/v1/nodes/n1",
        "/v1/events",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct answer answer = fixture_get(&fixture, targets[i]);
        cr_assert(answer.status == 200 || answer.status == 404, "%s", answer.text);
    }
    struct answer list = fixture_get(&fixture, "/v1/replicas");
    const struct json *items = json_at(list.json, "items");
    for (size_t i = 0; i < items->count; i++)
        fixture_get(&fixture, arena_printf(&fixture.arena, "/v1/replicas/%s",
                                           json_text_at(&items->children[i], "id")));
}

static void live(int rounds, bool both_nodes)
{
    for (int i = 0; i < rounds; i++) {
        fixture_settle(&fixture);
        look();
        fixture_agent(&fixture, "n1");
        look();
        if (both_nodes) fixture_agent(&fixture, "n2");
        look();
        fixture_advance(&fixture, 700);
    }
}

static void put(const char *version, int replicas)
{
    struct answer answer = fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                                        fixture_document(&fixture, "web", version, replicas, ""));
    cr_assert_lt(answer.status, 300, "%s", answer.text);
    look();
}

Test(tags, hold_through_rollouts_scaling_and_the_end)
{
    put("1", 3);
    live(6, true);
    put("2", 3);
    live(6, true);
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 5}");
    live(3, true);
    fixture_send(&fixture, METHOD_POST, "/v1/deployments/web/rollback", "{\"revision\": 1}");
    live(3, true);
    fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/web", NULL);
    live(4, true);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/web").status, 404);
}

Test(tags, hold_while_a_node_falls_silent_and_returns)
{
    put("1", 4);
    live(6, true);
    live(70, false);
    look();
    live(4, true);
}

Test(tags, hold_while_replicas_fail)
{
    put("1", 2);
    live(6, true);
    put("2", 2);
    for (int round = 0; round < 20; round++) {
        struct answer list = fixture_get(&fixture, "/v1/replicas");
        const struct json *items = json_at(list.json, "items");
        for (size_t i = 0; i < items->count; i++) {
            const struct json *replica = &items->children[i];
            if (json_int_at(replica, "revision") != 2) continue;
            const char *node = json_text_at(replica, "node");
            if (node == NULL || text_equal(json_text_at(replica, "state"), "failed")) continue;
            struct call call = {
                .method = METHOD_POST,
                .target = arena_printf(&fixture.arena, "/v1/nodes/%s/report", node),
                .token = fixture_node_token(&fixture, node),
                .body = arena_printf(
                    &fixture.arena,
                    "{\"boot_id\": \"b1\", \"epoch\": 1, \"seq\": 9, \"changes\": [{\"id\": "
                    "\"%s\", "
                    "\"attempt\": 1, \"state\": \"failed\", \"reason\": \"crash_loop\", \"exit\": "
                    "{\"code\": 1}, \"log_tail\": \"no such model\"}]}",
                    json_text_at(replica, "id"))};
            fixture_call(&fixture, &call);
            look();
        }
        fixture_settle(&fixture);
        look();
        fixture_advance(&fixture, 500);
    }
    live(6, true);
    struct answer rollout = fixture_get(&fixture, "/v1/deployments/web/rollouts/2");
    cr_assert_str_eq(json_text_at(rollout.json, "state"), "rolled_back", "%s", rollout.text);
}
