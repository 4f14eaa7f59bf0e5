/* Raw request targets: what is refused before any handler sees it. */
#include "base/limits.h"
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

TestSuite(targets, .init = open_fixture, .fini = close_fixture);

static void expect(const char *target, int status)
{
    struct answer answer = fixture_get(&fixture, target);
    cr_assert_eq(answer.status, status, "%s: %d %s", target, answer.status, answer.text);
    cr_assert_not(answer.reached_store && status == 400, "%s reached the store", target);
}

Test(targets, malformed_ones_are_400)
{
    static const char *const bad[] = {
        "",
        "v1/deployments",
        "*",
        "http://host/v1/deployments",
        "/v1//deployments",
        "/v1/deployments/",
        "//",
        "/v1/deployments/%00",
        "/v1/deployments/a%00b",
        "/v1/deployments/a%0ab",
        "/v1/deployments/a%1f",
        "/v1/deployments/a%7f",
        "/v1/deployments/a%c2%85",
        "/v1/deployments/a\nb",
        "/v1/deployments/a b",
        "/v1/deployments/a\x7f",
        "/v1/deployments/\xc3\xa9",
        "/v1/deployments/%",
        "/v1/deployments/%4",
        "/v1/deployments/%4g",
        "/v1/deployments/%-1",
        "/v1/deployments/a%2fb",
        "/v1/deployments/a%2Fb",
        "/v1/tokens%2fadmin",
        "/v1/deployments/a%5cb",
        "/v1/deployments/a\\b",
        "/v1/deployments/.",
        "/v1/deployments/..",
        "/v1/deployments/%2e",
        "/v1/deployments/%2E%2e",
        "/v1/deployments/.%2e/nodes",
        "/v1/./deployments",
        "/v1/deployments/../nodes",
        "/v1/deployments/%ff",
        "/v1/deployments/%c0%af",
        "/v1/deployments/%ed%a0%80",
        "/v1/deployments/%f4%90%80%80",
        "/v1/deployments#top",
        "/v1/deployments?limit=%",
        "/v1/deployments?limit=%zz",
        "/v1/deployments?limit=%00",
        "/v1/deployments?selector=%0a",
        "/v1/deployments?selector=%ff",
        "/v1/deployments?%ff=1",
        "/v1/deployments?a\\b=1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        expect(bad[i], 400);
}

Test(targets, unknown_paths_are_404)
{
    static const char *const unknown[] = {
        "/",
        "/v1",
        "/v2/deployments",
        "/v1/deployment",
        "/V1/deployments",
        "/v1/Deployments",
        "/v1/deployments/web/statuses",
        "/v1/deployments/web/rollouts/1/more",
        "/v1/deployments/web/rollouts/1/more/and/more/and/more/and/more/and/more/and/more",
        "/v1/nodes/n1/assignment",
        "/livez/x",
        "/v1/%7bname%7d",
    };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        expect(unknown[i], 404);
}

Test(targets, escapes_of_plain_characters_mean_the_same_path)
{
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 0, ""));
    expect("/v1/deployments/%77eb", 200);
    expect("/%76%31/deployments/web", 200);
    expect("/v1/deployments?", 200);
    expect("/v1/deployments?&limit=1&", 200);
    expect("/v1/deployments?%6cimit=1", 200);
    expect("/v1/deployments?selector=team+in+(ml)", 200);
}

Test(targets, names_that_can_not_exist_are_404)
{
    static const char *const targets[] = {
        "/v1/deployments/%C3%A9t%C3%A9",
        "/v1/deployments/a'b",
        "/v1/deployments/%25",
        "/v1/deployments/web/revisions/0",
        "/v1/deployments/web/revisions/-1",
        "/v1/deployments/web/revisions/first",
        "/v1/deployments/web/revisions/99999999999999999999",
        "/v1/deployments/web/revisions/stable",
        "/v1/deployments/web/rollouts/x",
        "/v1/deployments/web/rollouts/0",
        "/v1/deployments/web/rollouts/2",
        "/v1/replicas/nothing",
        "/v1/replicas/%25s%25n",
        "/v1/nodes/none",
        "/v1/nodes/';drop%20table%20nodes;--",
    };
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 0, ""));
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
        expect(targets[i], 404);
}

Test(targets, a_name_of_any_length_is_only_not_found)
{
    for (int bytes = 1; bytes < LIMIT_URI_BYTES - 100; bytes += 97) {
        char *name = arena_alloc(&fixture.arena, (size_t)bytes + 1);
        memset(name, 'a', (size_t)bytes);
        expect(arena_printf(&fixture.arena, "/v1/deployments/%s", name), 404);
        expect(arena_printf(&fixture.arena, "/v1/nodes/%s", name), 404);
        expect(arena_printf(&fixture.arena, "/v1/replicas/%s", name), 404);
    }
}

Test(targets, too_long_ones_are_414)
{
    char target[LIMIT_URI_BYTES + 2];
    memset(target, 'a', sizeof target);
    target[0] = '/';
    target[LIMIT_URI_BYTES] = '\0';
    expect(target, 404);
    target[LIMIT_URI_BYTES] = 'a';
    target[LIMIT_URI_BYTES + 1] = '\0';
    expect(target, 414);
}

Test(targets, a_method_that_a_path_lacks_is_405_with_what_it_has)
{
    static const struct {
        enum method method;
        const char *target, *allow;
    } rows[] = {
        {METHOD_DELETE, "/v1/deployments", "GET, HEAD, POST"},
        {METHOD_POST, "/v1/deployments/web", "GET, HEAD, PUT, PATCH, DELETE"},
        {METHOD_GET, "/v1/deployments/web/scale", "PUT"},
        {METHOD_PUT, "/v1/nodes/n1/report", "POST"},
        {METHOD_POST, "/livez", "GET, HEAD"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct answer answer = fixture_send(&fixture, rows[i].method, rows[i].target, NULL);
        cr_assert_eq(answer.status, 405);
        cr_assert_str_eq(answer.reply.allow, rows[i].allow);
        cr_assert_str_eq(json_text_at(answer.json, "code"), "method_not_allowed");
    }
}

/* Every byte at every place of a target: an answer each time, and never a 500. */
Test(targets, no_byte_anywhere_breaks_the_server)
{
    static const char *const seeds[] = {"/v1/deployments/web?index=1&wait_seconds=0&cluster=blue",
                                        "/v1/replicas?limit=%35&cursor=QUJD",
                                        "/v1/deployments/w%65b/rollouts/1?until=terminal"};
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        char target[128];
        size_t bytes = strlen(seeds[i]);
        for (size_t at = 0; at < bytes; at++) {
            for (int byte = 1; byte < 256; byte += 3) {
                memcpy(target, seeds[i], bytes + 1);
                target[at] = (char)byte;
                struct answer answer = fixture_get(&fixture, target);
                cr_assert(answer.status >= 200 && answer.status < 500, "%s: %d", target,
                          answer.status);
            }
        }
    }
}
