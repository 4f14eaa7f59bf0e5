/* Long polls: when a read waits, and that nothing is missed. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(long_polls, .init = open_fixture, .fini = close_fixture);

static const char *const targets[] = {
    "/v1/deployments",
    "/v1/deployments/web",
    "/v1/deployments/web/status",
    "/v1/deployments/web/endpoints",
    "/v1/deployments/web/events",
    "/v1/deployments/web/replicas",
    "/v1/deployments/web/revisions",
    "/v1/deployments/web/revisions/latest",
    "/v1/deployments/web/rollouts",
    "/v1/deployments/web/rollouts/1",
    "/v1/replicas",
    "/v1/nodes",
    "/v1/nodes/n1",
    "/v1/events",
};
enum { TARGETS = sizeof targets / sizeof targets[0] };

static struct answer watch(const char *target, int64_t index, int wait_seconds)
{
    return fixture_get(&fixture,
                       arena_printf(&fixture.arena, "%s?index=%" PRId64 "&wait_seconds=%d", target,
                                    index, wait_seconds));
}

Test(long_polls, what_the_client_has_waits)
{
    for (size_t i = 0; i < TARGETS; i++) {
        struct answer first = fixture_get(&fixture, targets[i]);
        cr_assert_eq(first.status, 200, "%s: %s", targets[i], first.text);
        cr_assert_geq(first.reply.index, 0, "%s", targets[i]);
        struct answer second = watch(targets[i], first.reply.index, 30);
        cr_assert(second.reply.unsatisfied, "%s", targets[i]);
        cr_assert_eq(second.status, 200);
        cr_assert_str_eq(second.text, first.text, "%s: complete all the same", targets[i]);
    }
}

Test(long_polls, without_a_wait_nothing_waits)
{
    for (size_t i = 0; i < TARGETS; i++) {
        int64_t index = fixture_get(&fixture, targets[i]).reply.index;
        cr_assert_not(watch(targets[i], index, 0).reply.unsatisfied, "%s", targets[i]);
        const char *target = arena_printf(&fixture.arena, "%s?wait_seconds=0", targets[i]);
        cr_assert_not(fixture_get(&fixture, target).reply.unsatisfied, "%s", targets[i]);
    }
}

static void expect_needs(const char *target, const char *needed)
{
    struct answer answer = fixture_get(&fixture, target);
    cr_assert_eq(answer.status, 400, "%s: %s", target, answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), "bad_parameter");
    cr_assert_str_eq(json_text_at(answer.json, "detail"),
                     arena_printf(&fixture.arena,
                                  "wait_seconds needs index, the X-Index of what you have%s",
                                  needed));
}

Test(long_polls, a_wait_says_what_it_waits_for)
{
    for (size_t i = 0; i < TARGETS; i++) {
        bool ends = text_equal(targets[i], "/v1/deployments/web/rollouts/1");
        expect_needs(arena_printf(&fixture.arena, "%s?wait_seconds=30", targets[i]),
                     ends ? ", or until" : "");
    }
    expect_needs("/v1/deployments/web/wait?wait_seconds=30", ", or for");
    static const char *const goals[] = {
        "/v1/deployments/web/rollouts/1?until=terminal&wait_seconds=30",
        "/v1/deployments/web/wait?for=complete&wait_seconds=30",
    };
    for (size_t i = 0; i < sizeof goals / sizeof goals[0]; i++)
        cr_assert(fixture_get(&fixture, goals[i]).reply.unsatisfied, "%s", goals[i]);
}

Test(long_polls, an_index_from_the_future_is_answered_at_once)
{
    int64_t newest = fixture_newest_index(&fixture);
    for (size_t i = 0; i < TARGETS; i++)
        cr_assert_not(watch(targets[i], newest + 1, 30).reply.unsatisfied, "%s", targets[i]);
}

Test(long_polls, the_newest_index_of_all_waits_too)
{
    int64_t newest = fixture_newest_index(&fixture);
    for (size_t i = 0; i < TARGETS; i++)
        cr_assert(watch(targets[i], newest, 30).reply.unsatisfied, "%s", targets[i]);
}

/* Every watcher of the deployment learns of a change of its spec, and a waiting one is not left
 * behind: the facet is above what it was answered. */
Test(long_polls, a_change_is_answered_at_once)
{
    int64_t before[TARGETS];
    for (size_t i = 0; i < TARGETS; i++)
        before[i] = fixture_get(&fixture, targets[i]).reply.index;
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "2", 2, ""));
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    for (size_t i = 0; i < TARGETS; i++) {
        if (text_starts(targets[i], "/v1/nodes")) continue;
        struct answer answer = watch(targets[i], before[i], 30);
        cr_assert_not(answer.reply.unsatisfied, "%s", targets[i]);
        cr_assert_gt(answer.reply.index, before[i], "%s", targets[i]);
    }
}

Test(long_polls, other_objects_do_not_wake_a_watcher)
{
    static const char *const quiet[] = {"/v1/deployments/web", "/v1/deployments/web/endpoints",
                                        "/v1/deployments/web/events", "/v1/nodes", "/v1/nodes/n1"};
    int64_t before[sizeof quiet / sizeof quiet[0]];
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        before[i] = fixture_get(&fixture, quiet[i]).reply.index;
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "other", "1", 0, ""));
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        cr_assert(watch(quiet[i], before[i], 30).reply.unsatisfied, "%s", quiet[i]);
}

Test(long_polls, a_deployment_that_left_the_list_is_a_change_of_it)
{
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "short", "1", 0, ""));
    fixture_settle(&fixture);
    int64_t index = fixture_get(&fixture, "/v1/deployments").reply.index;
    fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/short", NULL);
    fixture_settle(&fixture);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/short").status, 404);
    struct answer answer = watch("/v1/deployments", index, 30);
    cr_assert_not(answer.reply.unsatisfied);
    cr_assert_eq(json_at(answer.json, "items")->count, 1);
}

/* A list may be read by a server that has not yet heard of a commit that the read has seen: it gets
 * the older index then, so the publication that follows still wakes it. */
Test(long_polls, a_list_is_as_new_as_what_was_published)
{
    struct answer first = fixture_get(&fixture, "/v1/deployments");
    map_release(&fixture.published);
    map_init(&fixture.published);
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web/scale", "{\"replicas\": 0}");
    map_release(&fixture.published);
    map_init(&fixture.published);
    int64_t *stale = ARENA_NEW(&fixture.arena, int64_t);
    *stale = first.reply.index;
    map_put(&fixture.published, arena_printf(&fixture.arena, "%d deployments", (int)FACET_LIST),
            stale);
    struct answer second = fixture_get(&fixture, "/v1/deployments");
    cr_assert_eq(second.reply.index, first.reply.index);
    cr_assert_str_neq(second.reply.etag, first.reply.etag, "the bytes differ, so does the tag");
    cr_assert(watch("/v1/deployments", first.reply.index, 30).reply.unsatisfied);
}

Test(long_polls, after_a_restart_a_list_still_waits_for_its_own_changes)
{
    fixture_restart(&fixture);
    struct answer first = fixture_get(&fixture, "/v1/nodes");
    cr_assert_eq(first.reply.index, fixture_newest_index(&fixture));
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "other", "1", 0, ""));
    cr_assert(watch("/v1/nodes", first.reply.index, 30).reply.unsatisfied);
    fixture_node(&fixture, "n2", "default");
    cr_assert_not(watch("/v1/nodes", first.reply.index, 30).reply.unsatisfied);
}

Test(long_polls, a_304_waits_as_well)
{
    struct answer first = fixture_get(&fixture, "/v1/deployments/web");
    struct call call = {.target = arena_printf(
                            &fixture.arena, "/v1/deployments/web?index=%" PRId64 "&wait_seconds=5",
                            first.reply.index),
                        .token = "deploy-token",
                        .if_none_match = first.reply.etag};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 304);
    cr_assert(answer.reply.unsatisfied);
}

Test(long_polls, what_is_missing_is_404_at_once)
{
    struct answer answer = watch("/v1/deployments/none", 1, 30);
    cr_assert_eq(answer.status, 404);
    cr_assert_not(answer.reply.unsatisfied);
}

/* ---- until=terminal ---- */

static const char rollout[] = "/v1/deployments/web/rollouts/1";

Test(long_polls, until_terminal_waits_while_the_rollout_goes_on)
{
    struct answer answer =
        fixture_get(&fixture, arena_printf(&fixture.arena, "%s?until=terminal", rollout));
    cr_assert_eq(answer.status, 200);
    cr_assert(answer.reply.unsatisfied, "a minute is the default");
    answer = fixture_get(&fixture,
                         arena_printf(&fixture.arena, "%s?until=terminal&wait_seconds=0", rollout));
    cr_assert_not(answer.reply.unsatisfied);
    cr_assert_str_eq(json_text_at(answer.json, "state"), "progressing");
}

Test(long_polls, until_terminal_answers_when_the_rollout_has_ended)
{
    for (int i = 0; i < 3; i++) {
        fixture_agent(&fixture, "n1");
        fixture_settle(&fixture);
        fixture_advance(&fixture, 2000);
        fixture_settle(&fixture);
    }
    struct answer answer =
        fixture_get(&fixture, arena_printf(&fixture.arena, "%s?until=terminal", rollout));
    cr_assert_str_eq(json_text_at(answer.json, "state"), "succeeded", "%s", answer.text);
    cr_assert_not(answer.reply.unsatisfied);
}

Test(long_polls, until_has_one_word)
{
    struct answer answer =
        fixture_get(&fixture, arena_printf(&fixture.arena, "%s?until=done", rollout));
    cr_assert_eq(answer.status, 400);
    cr_assert_str_eq(json_text_at(answer.json, "code"), "bad_parameter");
}
