/* Events: order, filters, cursors, and what waits for the next one. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "b1", "blue");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=blue",
                 fixture_document(&fixture, "sky", "1", 1, ""));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(events, .init = open_fixture, .fini = close_fixture);

static void expect_order(const struct json *items, int sign)
{
    for (size_t i = 1; i < items->count; i++) {
        int64_t step = json_int_at(&items->children[i], "index") -
                       json_int_at(&items->children[i - 1], "index");
        cr_assert_gt(step * sign, 0);
    }
}

Test(events, are_newest_first_or_oldest_first_after_an_index)
{
    struct answer newest = fixture_get(&fixture, "/v1/events");
    expect_order(json_at(newest.json, "items"), -1);
    struct answer since = fixture_get(&fixture, "/v1/events?after=0");
    expect_order(json_at(since.json, "items"), 1);
    cr_assert_eq(json_at(since.json, "items")->count, json_at(newest.json, "items")->count);
    cr_assert_eq(since.reply.index, fixture_newest_index(&fixture));
}

/* Follows the cursors from a target on; returns the number of events. */
static size_t count_pages(const char *base, int sign)
{
    size_t count = 0;
    int64_t last = -1;
    const char *target = base;
    while (target != NULL) {
        struct answer page = fixture_get(&fixture, target);
        cr_assert_eq(page.status, 200, "%s: %s", target, page.text);
        const struct json *items = json_at(page.json, "items");
        expect_order(items, sign);
        for (size_t i = 0; i < items->count; i++, count++) {
            int64_t index = json_int_at(&items->children[i], "index");
            cr_assert(last < 0 || (index - last) * sign > 0);
            last = index;
        }
        const char *cursor = json_text_at(page.json, "next_cursor");
        target = cursor == NULL ? NULL : arena_printf(&fixture.arena, "%s&cursor=%s", base, cursor);
    }
    return count;
}

Test(events, page_in_both_directions_without_gaps)
{
    size_t all = json_at(fixture_get(&fixture, "/v1/events?limit=500").json, "items")->count;
    cr_assert_gt(all, 3);
    cr_assert_eq(count_pages("/v1/events?limit=2", -1), all);
    cr_assert_eq(count_pages("/v1/events?limit=2&after=0", 1), all);
    cr_assert_eq(count_pages("/v1/events?limit=1&cluster=blue", -1),
                 json_at(fixture_get(&fixture, "/v1/events?cluster=blue").json, "items")->count);
}

Test(events, of_a_deployment_are_its_own)
{
    struct answer answer = fixture_get(&fixture, "/v1/deployments/web/events");
    const struct json *items = json_at(answer.json, "items");
    cr_assert_gt(items->count, 0);
    cr_assert_null(strstr(answer.text, "sky"));
    cr_assert_str_eq(json_text_at(&items->children[items->count - 1], "reason"), "created");
    cr_assert_str_eq(json_text_at(&items->children[items->count - 1], "actor"), "admin-token");
    cr_assert_str_eq(json_text_at(&items->children[items->count - 1], "request_id"), "req-1");
}

Test(events, of_another_object_do_not_wake_a_watcher)
{
    int64_t index = fixture_newest_index(&fixture);
    const char *web = arena_printf(
        &fixture.arena, "/v1/deployments/web/events?index=%" PRId64 "&wait_seconds=9", index);
    const char *blue = arena_printf(
        &fixture.arena, "/v1/events?cluster=blue&index=%" PRId64 "&wait_seconds=9", index);
    const char *all =
        arena_printf(&fixture.arena, "/v1/events?index=%" PRId64 "&wait_seconds=9", index);
    cr_assert(fixture_get(&fixture, all).reply.unsatisfied);
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 0}");
    cr_assert_not(fixture_get(&fixture, all).reply.unsatisfied);
    cr_assert_not(fixture_get(&fixture, web).reply.unsatisfied);
    cr_assert(fixture_get(&fixture, blue).reply.unsatisfied);
}

Test(events, bad_parameters_are_400)
{
    static const char *const queries[] = {"after=-1", "after=x", "since=1", "cursor=zz",
                                          "limit=501"};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        const char *target = arena_printf(&fixture.arena, "/v1/events?%s", queries[i]);
        cr_assert_eq(fixture_get(&fixture, target).status, 400, "%s", target);
    }
}

Test(events, a_cursor_keeps_its_direction)
{
    struct answer page = fixture_get(&fixture, "/v1/events?limit=1");
    const char *cursor = json_text_at(page.json, "next_cursor");
    const char *turned =
        arena_printf(&fixture.arena, "/v1/events?limit=1&after=0&cursor=%s", cursor);
    cr_assert_eq(fixture_get(&fixture, turned).status, 400);
}
