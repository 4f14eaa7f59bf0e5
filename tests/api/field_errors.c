/* What is wrong with a request is said at once, with the nearest name that is known and the number
 * of each limit: for every body and every parameter alike. */
#include "api/routes.h"
#include "base/limits.h"
#include "base/text.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_send(&fixture, METHOD_PUT, "/v1/deployments/web",
                 fixture_document(&fixture, "web", "1", 1, ""));
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(field_errors, .init = open_fixture, .fini = close_fixture);

#define WEB "/v1/deployments/web"

static struct answer send(enum method method, const char *target, const char *body)
{
    struct call call = {.method = method, .target = target, .token = "admin-token", .body = body};
    if (method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
    return fixture_call(&fixture, &call);
}

static bool names(const struct answer *answer, const char *pointer)
{
    const struct json *errors = json_member(answer->json, "errors");
    for (size_t i = 0; errors != NULL && i < errors->count; i++)
        if (text_equal(json_text_at(&errors->children[i], "pointer"), pointer)) return true;
    return false;
}

/* ---- all at once ---- */

static const char document[] =
    "{\"labls\": {}, \"spec\": {\"replicas\": -1, \"strategy\": {\"type\": \"roling\"}, "
    "\"template\": {\"version\": 1, \"command\": [], \"env\": {\"A\": 1}}}}";

static const struct {
    const char *operation;
    enum method method;
    const char *target, *body;
    const char *pointers[8];
} bodies[] = {
    {"createDeployment",
     METHOD_POST,
     "/v1/deployments",
     document,
     {"#/labls", "#/name", "#/spec/replicas", "#/spec/strategy/type", "#/spec/template/version",
      "#/spec/template/command", "#/spec/template/env/A"}},
    {"applyDeployment",
     METHOD_PUT,
     WEB,
     document,
     {"#/labls", "#/spec/replicas", "#/spec/strategy/type", "#/spec/template/version",
      "#/spec/template/command", "#/spec/template/env/A"}},
    {"patchDeployment",
     METHOD_PATCH,
     WEB,
     document,
     {"#/labls", "#/spec/replicas", "#/spec/strategy/type", "#/spec/template/version",
      "#/spec/template/command", "#/spec/template/env/A"}},
    {"planDeployment",
     METHOD_POST,
     WEB "/plan",
     document,
     {"#/labls", "#/spec/replicas", "#/spec/strategy/type", "#/spec/template/version",
      "#/spec/template/command", "#/spec/template/env/A"}},
    {"scaleDeployment",
     METHOD_PUT,
     WEB "/scale",
     "{\"replicas\": -1, \"repicas\": 2}",
     {"#/replicas", "#/repicas"}},
    {"rollBackDeployment",
     METHOD_POST,
     WEB "/rollback",
     "{\"revision\": 0, \"change_cause\": 5, \"revison\": 1}",
     {"#/revision", "#/change_cause", "#/revison"}},
    {"promoteRollout",
     METHOD_POST,
     WEB "/promote",
     "{\"full\": 1, \"ful\": true}",
     {"#/full", "#/ful"}},
    {"markRevision",
     METHOD_PATCH,
     WEB "/revisions/1",
     "{\"tags\": [\"latest\", \"7\"], \"pinned\": 1, \"change_cause\": 5, \"tag\": \"a\"}",
     {"#/tags/0", "#/tags/1", "#/pinned", "#/change_cause", "#/tag"}},
    {"registerNode",
     METHOD_PUT,
     "/v1/nodes/n1",
     "{\"token\": \"short\", \"address\": \"[::1]\", \"labels\": {\"-\": \"\"}, \"capacity\": "
     "{\"gpus\": -1}}",
     {"#/token", "#/address", "#/labels/-", "#/capacity/gpus", "#/boot_id"}},
    {"createToken",
     METHOD_POST,
     "/v1/tokens",
     "{\"name\": \"-\", \"scope\": \"deplo\", \"cluster\": \"/\", \"expires_in_seconds\": 0, "
     "\"expires\": 1}",
     {"#/name", "#/scope", "#/cluster", "#/expires_in_seconds", "#/expires"}},
};
enum { BODIES = sizeof bodies / sizeof bodies[0] };

Test(field_errors, of_every_body_come_all_at_once)
{
    for (size_t i = 0; i < BODIES; i++) {
        struct answer answer = send(bodies[i].method, bodies[i].target, bodies[i].body);
        cr_assert_eq(answer.status, 422, "%s: %s", bodies[i].operation, answer.text);
        size_t count = 0;
        for (; bodies[i].pointers[count] != NULL; count++)
            cr_assert(names(&answer, bodies[i].pointers[count]), "%s: %s is not in %s",
                      bodies[i].operation, bodies[i].pointers[count], answer.text);
        cr_assert_eq(json_at(answer.json, "errors")->count, count, "%s", answer.text);
    }
}

/* Whoever adds a body adds it above; an order that takes nothing says so. */
Test(field_errors, are_known_of_every_route_with_a_body)
{
    for (size_t i = 0; i < route_count; i++) {
        struct request request = {.route = &routes[i]};
        if (api_body_limit(&request) == 0 || routes[i].scope == SCOPE_NODE) continue;
        bool found = false;
        for (size_t j = 0; j < BODIES; j++)
            if (text_equal(routes[i].operation_id, bodies[j].operation)) found = true;
        if (found || routes[i].method != METHOD_POST) {
            cr_assert(found, "%s", routes[i].operation_id);
            continue;
        }
        char target[256];
        const char *slash = strrchr(routes[i].pattern, '/');
        bool of_node = text_starts(routes[i].pattern, "/v1/nodes/");
        bool of_token = text_starts(routes[i].pattern, "/v1/tokens/");
        const char *object = of_node ? "/v1/nodes/n1" : of_token ? "/v1/tokens/t" : WEB;
        if (strchr(routes[i].pattern, '{') == NULL)
            snprintf(target, sizeof target, "%s", routes[i].pattern);
        else
            snprintf(target, sizeof target, "%s%s", object, slash);
        struct answer answer = send(METHOD_POST, target, "{\"a\": 1}");
        cr_assert_eq(answer.status, 422, "%s: %s", target, answer.text);
        cr_assert(names(&answer, "#"), "%s: %s", target, answer.text);
    }
}

/* ---- the nearest name ---- */

static const struct {
    enum method method;
    const char *target, *body, *meant;
} near[] = {
    {METHOD_GET, "/v1/deployments?limt=5", NULL, "'limit'"},
    {METHOD_GET, "/v1/deployments?selectr=a", NULL, "'selector'"},
    {METHOD_GET, WEB "/wait?for=complet", NULL, "'complete'"},
    {METHOD_PUT, WEB "?clustre=a", "{}", "'cluster'"},
    {METHOD_DELETE, WEB "?dry_rn=true", NULL, "'dry_run'"},
    {METHOD_DELETE, "/v1/nodes/n1?forse=true", NULL, "'force'"},
    {METHOD_PATCH, WEB, "{\"spec\": {\"template\": {\"prots\": null}}}", "'ports'"},
    {METHOD_PATCH, WEB, "{\"spec\": {\"placement\": {\"spread_by\": \"nodes\"}}}", "'node'"},
    {METHOD_PUT, WEB "/scale", "{\"replica\": 1}", "'replicas'"},
    {METHOD_POST, "/v1/tokens", "{\"name\": \"a\", \"scope\": \"deplyo\"}", "'deploy'"},
    {METHOD_POST, "/v1/tokens", "{\"nmae\": \"a\", \"scope\": \"read\"}", "'name'"},
    {METHOD_PATCH, WEB "/revisions/1", "{\"pined\": true}", "'pinned'"},
};

Test(field_errors, come_with_the_nearest_name)
{
    for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
        struct answer answer = send(near[i].method, near[i].target, near[i].body);
        cr_assert_eq(answer.status / 100, 4, "%s: %s", near[i].target, answer.text);
        const char *meant = arena_printf(&fixture.arena, "did you mean %s?", near[i].meant);
        cr_assert_not_null(strstr(answer.text, meant), "%s %s: %s", near[i].target, meant,
                           answer.text);
    }
}

/* ---- the numbers of limits ---- */

/* The item so often, '#' in it being its number. */
static const char *repeated(const char *item, const char *between, int count)
{
    struct text text;
    text_init(&text, &fixture.arena);
    for (int i = 0; i < count; i++) {
        size_t bytes = strcspn(item, "#");
        if (i > 0) text_add(&text, between);
        text_append(&text, item, bytes);
        if (item[bytes] == '#') text_printf(&text, "%d%s", i, item + bytes + 1);
    }
    return text_string(&text);
}

static void expect_number(const char *what, const char *patch, const char *number)
{
    struct answer answer = send(METHOD_PATCH, WEB, patch);
    cr_assert_eq(answer.status, 422, "%s: %s", what, answer.text);
    cr_assert_not_null(strstr(json_text_at(answer.json, "errors.0.detail"), number), "%s: %s", what,
                       answer.text);
}

static const char *in(const char *before, const char *middle, const char *after)
{
    return arena_printf(&fixture.arena, "%s%s%s", before, middle, after);
}

#define TEMPLATE "{\"spec\": {\"template\": "

Test(field_errors, name_the_number_of_a_limit)
{
    expect_number("replicas", "{\"spec\": {\"replicas\": 10001}}", "10000");
    expect_number("history", "{\"spec\": {\"revision_history_limit\": 1001}}", "1000");
    expect_number("description", in("{\"description\": \"", repeated("x", "", 1025), "\"}"),
                  "1024");
    expect_number("labels", in("{\"labels\": {", repeated("\"k#\": \"\"", ",", 65), "}}"), "64");
    expect_number("label", in("{\"labels\": {\"a\": \"", repeated("x", "", 64), "\"}}"), "63");
    expect_number("annotations", in("{\"annotations\": {", repeated("\"k#\": \"\"", ",", 65), "}}"),
                  "64");
    expect_number("annotation", in("{\"annotations\": {\"a\": \"", repeated("x", "", 4097), "\"}}"),
                  "4096");
    expect_number("version", in(TEMPLATE "{\"version\": \"", repeated("x", "", 129), "\"}}}"),
                  "128");
    expect_number("command", in(TEMPLATE "{\"command\": [", repeated("\"x\"", ",", 257), "]}}}"),
                  "256");
    expect_number("argument", in(TEMPLATE "{\"command\": [\"", repeated("x", "", 8193), "\"]}}}"),
                  "8192");
    expect_number("env", in(TEMPLATE "{\"env\": {", repeated("\"K#\": \"\"", ",", 257), "}}}}"),
                  "256");
    expect_number("value", in(TEMPLATE "{\"env\": {\"A\": \"", repeated("x", "", 32769), "\"}}}}"),
                  "32768");
    expect_number("ports", in(TEMPLATE "{\"ports\": {", repeated("\"p#\": 0", ",", 17), "}}}}"),
                  "16");
    expect_number("seconds", TEMPLATE "{\"stop\": {\"grace_seconds\": 604801}}}}", "604800");
    expect_number("gpus", TEMPLATE "{\"resources\": {\"gpus\": 1025}}}}", "1024");
}
