/* What clients send is text, never code: whatever stands in a parameter, a path, a name, a label or
 * a header is looked for, kept or refused, and a deployment that nobody asked to change stays as it
 * was. The routes and their parameters come from the route table. */
#include "api/routes.h"
#include "api/target.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

/* Of SQL, LIKE, full text search, selectors, queries, formats, shells, terminals, markup, JSON. */
static const char *const corpus[] = {
    "' OR '1'='1",
    "'; DROP TABLE deployments; --",
    "\" OR \"\"=\"",
    "x') UNION SELECT hash, id, 3 FROM tokens --",
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "/**/OR/**/1=1",
    "0 OR randomblob(1000000000)",
    "%",
    "%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
    "_______",
    "[a-z]*",
    "*\" OR NEAR(a b)",
    "team=ml,",
    "team in (ml",
    "team in ()",
    "!",
    "!!team",
    "team notin (a,b)),x in (y",
    "a=b=c",
    "name = \"",
    "name = \"\\",
    "name ~ \"%\" or 1",
    "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((name = a",
    "not not not not not not not not not not not not not not name = a",
    "label. = x",
    "replicas >= 99999999999999999999999999",
    "name in (a, b, c,,)",
    "state = running and",
    "%s%s%s%s%n",
    "%1$*2147483647$d",
    "$(reboot)",
    "`id`",
    "; cat /etc/passwd |",
    "${IFS}",
    "../../../../etc/passwd",
    "..\\..\\x",
    "x\r\nX-Evil: 1",
    "x\nX-Evil: 1",
    "\r\n\r\n<html>",
    "\033[2J\033]0;x\007",
    "\302\233"
    "2J",
    "\342\200\256txt.exe",
    "\357\273\277x",
    "\xff\xfe",
    "\xed\xa0\x80",
    "\xf0\x9f\x9a\x80",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "{\"$gt\": \"\"}",
    "\",\"admin\":true,\"a\":\"",
    "null",
    "NaN",
    "-1",
    "1e309",
    "0x7fffffff",
    "true",
    "",
    " ",
    "\t",
    ",",
    ",,,,",
    ".",
    "-",
    "a,b.c,d..e",
    "=",
    "&",
};
enum { CORPUS = sizeof corpus / sizeof *corpus };

static const char *witness_before;

/* All that clients write; its status follows the nodes. */
static const char *read_witness(void)
{
    struct answer answer = fixture_get(&fixture, "/v1/deployments/witness?fields=uid,description,"
                                                 "labels,annotations,generation,updated_at,spec");
    cr_assert_eq(answer.status, 200, "the witness: %s", answer.text);
    return answer.text;
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "witness", "1", 1, ""));
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_settle(&fixture);
    witness_before = read_witness();
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(injection, .init = open_fixture, .fini = close_fixture, .timeout = 120);

static const char *encode(const char *string)
{
    struct text text;
    text_init(&text, &fixture.arena);
    target_encode(&text, string);
    return text_string(&text);
}

/* The pattern with web, n1 and 1 in it; but its parameter number `hostile` is this text. */
static const char *target_of(const char *pattern, int hostile, const char *value)
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
        text_add(&text, hostile-- == 0 ? encode(value) : usual);
        at = strchr(at, '}') + 1;
    }
    return text_string(&text);
}

static bool takes_body(const struct route *route)
{
    struct request request = {.route = route};
    return api_body_limit(&request) > 0;
}

/* But for a newline at the end. */
static bool has_controls(const char *string)
{
    for (const unsigned char *c = (const unsigned char *)string; c != NULL && *c != '\0'; c++)
        if ((*c < ' ' && c[1] != '\0') || *c == 0x7f) return true;
    return false;
}

/* Backups are the server's: here they end before any file is made. */
static bool is_run_here(const struct route *route)
{
    return route->place != PLACE_BACKUP;
}

static void send(const struct route *route, struct call call)
{
    call.method = route->method;
    call.token = route->scope == SCOPE_NODE ? fixture_node_token(&fixture, "n1") : "admin-token";
    if (call.body == NULL && takes_body(route)) call.body = "{}";
    if (call.content_type == NULL && route->method == METHOD_PATCH)
        call.content_type = "application/merge-patch+json";
    struct answer answer = fixture_call(&fixture, &call);
    const char *what = arena_printf(&fixture.arena, "%s %s: %d %s", route->operation_id,
                                    call.target, answer.status, answer.text);
    cr_assert(answer.status >= 200 && answer.status < 500, "%s", what);
    cr_assert_not(has_controls(answer.reply.location), "%s", what);
    cr_assert_not(has_controls(answer.reply.link), "%s", what);
    cr_assert_not(has_controls(answer.reply.etag), "%s", what);
    cr_assert_not(has_controls(answer.text) && answer.json != NULL, "%s", what);
}

static void send_parameter(const struct route *route, const char *name)
{
    const char *path = target_of(route->pattern, -1, NULL);
    for (size_t i = 0; i < CORPUS; i++)
        send(route, (struct call){.target = arena_printf(&fixture.arena, "%s?%s=%s", path, name,
                                                         encode(corpus[i]))});
}

static void send_parameters(const struct route *route, const char *comma_list)
{
    const char *names = arena_strdup(&fixture.arena, comma_list);
    for (const char *at = names; at != NULL && *at != '\0';) {
        size_t bytes = strcspn(at, ",");
        send_parameter(route, arena_strndup(&fixture.arena, at, bytes));
        at += bytes + (at[bytes] == ',' ? 1 : 0);
    }
}

Test(injection, into_every_parameter_of_every_route_fails_no_route)
{
    for (size_t i = 0; i < route_count; i++) {
        if (!is_run_here(&routes[i])) continue;
        send_parameters(&routes[i], routes[i].parameters);
        send_parameters(&routes[i], route_common_parameters(&routes[i]));
    }
    cr_assert_str_eq(read_witness(), witness_before);
}

Test(injection, into_every_path_reaches_nothing_else)
{
    for (size_t i = 0; i < route_count; i++) {
        int params = 0;
        for (const char *c = routes[i].pattern; *c != '\0'; c++)
            params += *c == '{';
        for (int hostile = 0; hostile < params && is_run_here(&routes[i]); hostile++)
            for (size_t j = 0; j < CORPUS; j++)
                send(&routes[i],
                     (struct call){.target = target_of(routes[i].pattern, hostile, corpus[j])});
    }
    cr_assert_str_eq(read_witness(), witness_before);
}

Test(injection, into_every_header_fails_no_route)
{
    for (size_t i = 0; i < route_count; i++) {
        if (!is_run_here(&routes[i])) continue;
        const char *target = target_of(routes[i].pattern, -1, NULL);
        for (size_t j = 0; j < CORPUS; j++) {
            const char *value = corpus[j];
            send(&routes[i], (struct call){.target = target, .accept = value});
            send(&routes[i], (struct call){.target = target, .if_match = value});
            send(&routes[i], (struct call){.target = target, .if_none_match = value});
            send(&routes[i], (struct call){.target = target, .idempotency_key = value});
            send(&routes[i], (struct call){.target = target,
                                           .last_event_id = value,
                                           .accept = "text/event-stream"});
            if (takes_body(&routes[i]))
                send(&routes[i],
                     (struct call){.target = target, .content_type = value, .body = "{}"});
        }
    }
    cr_assert_str_eq(read_witness(), witness_before);
}

/* ---- into bodies ---- */

static const char *quote(const char *string)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &fixture.arena);
    json_writer_init(&writer, &text);
    json_string(&writer, string);
    return text_string(&text);
}

#define TEMPLATE "\"template\": {\"version\": \"1\", \"command\": [\"x\"]"
static const struct {
    enum method method;
    const char *target;
    const char *before, *after; /* of the hostile string, with its quotes */
} bodies[] = {
    {METHOD_POST, "/v1/deployments", "{\"name\": ", ", \"spec\": {" TEMPLATE "}}}"},
    {METHOD_PUT, "/v1/deployments/web", "{\"name\": ", ", \"spec\": {" TEMPLATE "}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"labels\": {\"team\": ", "}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"labels\": {", ": \"x\"}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"annotations\": {\"note\": ", "}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"annotations\": {", ": \"x\"}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"description\": ", "}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"cluster\": ", "}"},
    {METHOD_PATCH, "/v1/deployments/web", "{", ": 1}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"version\": ", "}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"command\": [", "]}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"env\": {\"A\": ", "}}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"env\": {", ": \"\"}}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"ports\": {", ": 0}}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"image\": ", "}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"template\": {\"user\": ", "}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"placement\": {\"node_selector\": ", "}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"strategy\": {\"type\": ", "}}}"},
    {METHOD_PATCH, "/v1/deployments/web", "{\"spec\": {\"strategy\": {\"max_surge\": ", "}}}"},
    {METHOD_PATCH, "/v1/deployments/web/revisions/1", "{\"change_cause\": ", "}"},
    {METHOD_PATCH, "/v1/deployments/web/revisions/1", "{\"tags\": [", "]}"},
    {METHOD_POST, "/v1/deployments/web/rollback", "{\"tag\": ", "}"},
    {METHOD_POST, "/v1/deployments/web/rollback", "{\"revision\": 1, \"change_cause\": ", "}"},
    {METHOD_POST, "/v1/deployments/web/plan", "{\"spec\": {\"template\": {\"version\": ", "}}}"},
    {METHOD_POST, "/v1/tokens", "{\"scope\": \"read\", \"name\": ", "}"},
    {METHOD_POST, "/v1/tokens", "{\"name\": \"a\", \"scope\": ", "}"},
    {METHOD_POST, "/v1/tokens", "{\"name\": \"a\", \"scope\": \"read\", \"cluster\": ", "}"},
    {METHOD_PUT, "/v1/nodes/n2", "{\"address\": \"a\", \"boot_id\": \"b\", \"token\": ", "}"},
    {METHOD_PUT, "/v1/nodes/n2", "{\"cluster\": ", "}"},
    {METHOD_PUT, "/v1/nodes/n2", "{\"labels\": {\"a\": ", "}}"},
};

Test(injection, into_every_kind_of_body_is_kept_or_refused)
{
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        for (size_t j = 0; j < CORPUS; j++) {
            const char *string = quote(corpus[j]);
            struct call call = {.method = bodies[i].method,
                                .target = bodies[i].target,
                                .token = "admin-token",
                                .body = arena_printf(&fixture.arena, "%s%s%s", bodies[i].before,
                                                     string, bodies[i].after)};
            if (call.method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
            struct answer answer = fixture_call(&fixture, &call);
            cr_assert(answer.status >= 200 && answer.status < 500, "%s%s%s: %d %s",
                      bodies[i].before, string, bodies[i].after, answer.status, answer.text);
            cr_assert_not(has_controls(answer.text), "%s", answer.text);
        }
    }
    fixture_settle(&fixture);
    cr_assert_str_eq(read_witness(), witness_before);
}
