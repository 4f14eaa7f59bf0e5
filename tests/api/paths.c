/* No spelling of a path reaches an object whose name was not plainly written: every trick in every
 * path parameter of every route is a 4xx, and what it was after stays as it is. */
#include "api/routes.h"
#include "base/limits.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;
static const char *web_before, *witness_before, *nodes_before;

static const char *body_of(const char *target)
{
    struct answer answer = fixture_get(&fixture, target);
    cr_assert_eq(answer.status, 200, "%s: %s", target, answer.text);
    return answer.text;
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "witness", "1", 1, ""));
    fixture_settle(&fixture);
    web_before = body_of("/v1/deployments/web");
    witness_before = body_of("/v1/deployments/witness");
    nodes_before = body_of("/v1/nodes");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(paths, .init = open_fixture, .fini = close_fixture, .timeout = 120);

static void expect_untouched(const char *what)
{
    cr_assert_str_eq(body_of("/v1/deployments/web"), web_before, "%s", what);
    cr_assert_str_eq(body_of("/v1/deployments/witness"), witness_before, "%s", what);
    cr_assert_str_eq(body_of("/v1/nodes"), nodes_before, "%s", what);
}

/* Written into the path as they stand. */
static const char *const tricks[] = {
    ".",
    "..",
    "...",
    "%2e",
    "%2e%2e",
    ".%2E",
    "%252e%252e",
    "%25%32%65",
    "..%2fwitness",
    "..%252fwitness",
    "web%2f..%2fwitness",
    "web%2F%2e%2e%2Fwitness",
    "web/../witness",
    "web/..%2fwitness",
    "web/./status",
    "web//status",
    "/web",
    "//web",
    "web%2f",
    "web%2fstatus",
    "web%5cwitness",
    "..%5cwitness",
    "web\\..\\witness",
    "web%255cwitness",
    "web%00",
    "web%00witness",
    "%00web",
    "web%2500",
    "web%0a",
    "web%0d%0a",
    "web%09",
    "web%20",
    "%20web",
    "web+",
    "web%7f",
    "web;a=b",
    "web;",
    "web,witness",
    "web%2cwitness",
    "web%3fcluster=default",
    "web%23",
    "web%26",
    "web%25",
    "web*",
    "*",
    "w?b%2f",
    "~",
    "$HOME",
    "WEB",
    "Web",
    "n%311x",
    "N1",
    "web.",
    "web%2e",
    ".web",
    "web%c2%a0",
    "w%d0%b5b",
    "%ef%bd%97eb",
    "%c0%ae%c0%ae",
    "%c0%afwitness",
    "%u002e",
    "%e0%80%ae",
    "%f8%80%80%80%ae",
    "web%",
    "web%2",
    "web%zz",
    "%77%65%62%00",
    "{name}",
    "%7bname%7d",
    "null",
    "-1",
    "0",
    "00001",
    "1.0",
    "1e0",
    "%2b1",
    "0x1",
    "9223372036854775808",
    "18446744073709551617",
};

/* The pattern with what is there, but this in its parameter number `place`. */
static const char *target_of(const char *pattern, int place, const char *value)
{
    struct text text;
    text_init(&text, &fixture.arena);
    for (const char *at = pattern; *at != '\0';) {
        if (*at != '{') {
            text_add_char(&text, *at++);
            continue;
        }
        const char *usual = "1";
        if (text_starts(at, "{name}")) usual = "web";
        if (text_starts(at, "{node}")) usual = "n1";
        text_add(&text, place-- == 0 ? value : usual);
        at = strchr(at, '}') + 1;
    }
    return text_string(&text);
}

static int params_of(const struct route *route)
{
    int count = 0;
    for (const char *c = route->pattern; *c != '\0'; c++)
        count += *c == '{';
    return count;
}

static void expect_nowhere(const struct route *route, const char *target)
{
    struct request request = {.route = route};
    struct call call = {.method = route->method, .target = target, .token = "admin-token"};
    if (api_body_limit(&request) > 0) call.body = "{}";
    if (route->method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
    if (route->scope == SCOPE_NODE) call.token = fixture_node_token(&fixture, "n1");
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert(answer.status >= 400 && answer.status < 500, "%s %s: %d %s",
              method_words[route->method], target, answer.status, answer.text);
}

Test(paths, no_trick_in_any_route_reaches_anything)
{
    for (size_t i = 0; i < route_count; i++) {
        for (int place = 0; place < params_of(&routes[i]); place++)
            for (size_t j = 0; j < sizeof tricks / sizeof *tricks; j++)
                expect_nowhere(&routes[i], target_of(routes[i].pattern, place, tricks[j]));
        expect_untouched(routes[i].operation_id);
    }
}

Test(paths, no_length_in_any_route_reaches_anything)
{
    static const int lengths[] = {63, 64, 65, 253, 255, 256, 1024, LIMIT_URI_BYTES};
    for (size_t i = 0; i < route_count; i++) {
        for (int place = 0; place < params_of(&routes[i]); place++) {
            for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
                char *name = arena_alloc(&fixture.arena, (size_t)lengths[j] + 1);
                memset(name, 'a', (size_t)lengths[j]);
                expect_nowhere(&routes[i], target_of(routes[i].pattern, place, name));
            }
        }
    }
    expect_untouched("long names");
}
