/* Tokens that are not valid any more, or not here: each route of the route table against an expired
 * token, a revoked one, the secret before a rotation, and a token of another cluster, of every
 * scope. The objects are there, so only the token can be the reason. */
#include "api/routes.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;
static const char *replica, *witness_before;

static const char *const scopes[] = {"read", "deploy", "operate", "admin", "join"};
enum { SCOPES = sizeof scopes / sizeof *scopes };

static const char *read_witness(void)
{
    struct answer answer = fixture_get(&fixture, "/v1/deployments/white");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    return answer.text;
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "blue-1", "blue");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "white", "1", 1, ""));
    fixture_settle(&fixture);
    struct answer replicas = fixture_get(&fixture, "/v1/replicas");
    replica = json_text_at(replicas.json, "items.0.id");
    witness_before = read_witness();
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(authorization_ends, .init = open_fixture, .fini = close_fixture, .timeout = 120);

/* Something that is there. */
static const char *target_of(const char *pattern)
{
    struct text text;
    text_init(&text, &fixture.arena);
    for (const char *at = pattern; *at != '\0';) {
        if (*at != '{') {
            text_add_char(&text, *at++);
            continue;
        }
        const char *value = "1";
        if (text_starts(at, "{name}")) value = "white";
        if (text_starts(at, "{node}")) value = "n1";
        if (text_starts(at, "{replica}")) value = replica;
        if (text_starts(at, "{token}")) value = "operate-token";
        text_add(&text, value);
        at = strchr(at, '}') + 1;
    }
    return text_string(&text);
}

static struct answer try(const struct route *route, const char *target, const char *secret)
{
    struct request request = {.route = route};
    struct call call = {.method = route->method,
                        .target = target,
                        .token = secret,
                        .body = api_body_limit(&request) > 0 ? "{}" : NULL};
    if (text_equal(route->operation_id, "registerNode"))
        call.body = arena_printf(&fixture.arena,
                                 "{\"token\": \"%s\", \"address\": \"a\", \"boot_id\": \"b\"}",
                                 fixture_node_token(&fixture, "thief"));
    if (route->method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
    return fixture_call(&fixture, &call);
}

static struct answer make_token(const char *scope, const char *more)
{
    const char *body =
        arena_printf(&fixture.arena, "{\"name\": \"a\", \"scope\": \"%s\"%s}", scope, more);
    struct answer made = fixture_send(&fixture, METHOD_POST, "/v1/tokens", body);
    cr_assert_eq(made.status, 201, "%s", made.text);
    return made;
}

static const char *secret_of(const struct answer *made)
{
    return json_text_at(made->json, "token");
}

static void expect_closed_everywhere(const char *secret, const char *what)
{
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].scope == SCOPE_OPEN) continue;
        struct answer answer = try(&routes[i], target_of(routes[i].pattern), secret);
        cr_assert_eq(answer.status, 401, "%s, %s: %d %s", routes[i].operation_id, what,
                     answer.status, answer.text);
        cr_assert(answer.reply.www_authenticate, "%s, %s", routes[i].operation_id, what);
        cr_assert_not(answer.reached_store, "%s, %s", routes[i].operation_id, what);
    }
    cr_assert_str_eq(read_witness(), witness_before, "%s", what);
}

Test(authorization_ends, an_expired_token_of_any_scope_opens_nothing)
{
    const char *secrets[SCOPES];
    for (int i = 0; i < SCOPES; i++) {
        struct answer made = make_token(scopes[i], ", \"expires_in_seconds\": 60");
        secrets[i] = secret_of(&made);
        struct call whoami = {.target = "/v1/whoami", .token = secrets[i]};
        cr_assert_eq(fixture_call(&fixture, &whoami).status, 200, "%s", scopes[i]);
    }
    fixture_advance(&fixture, 60 * 1000);
    for (int i = 0; i < SCOPES; i++)
        expect_closed_everywhere(secrets[i], scopes[i]);
}

Test(authorization_ends, a_revoked_token_of_any_scope_opens_nothing)
{
    for (int i = 0; i < SCOPES; i++) {
        struct answer made = make_token(scopes[i], "");
        cr_assert_eq(fixture_send(&fixture, METHOD_DELETE, made.reply.location, NULL).status, 204);
        expect_closed_everywhere(secret_of(&made), scopes[i]);
    }
}

Test(authorization_ends, the_secret_before_a_rotation_opens_nothing)
{
    for (int i = 0; i < SCOPES; i++) {
        struct answer made = make_token(scopes[i], "");
        const char *rotate = arena_printf(&fixture.arena, "%s/rotate", made.reply.location);
        cr_assert_eq(fixture_send(&fixture, METHOD_POST, rotate, NULL).status, 200);
        expect_closed_everywhere(secret_of(&made), scopes[i]);
    }
}

Test(authorization_ends, a_removed_nodes_token_opens_nothing)
{
    const char *secret = fixture_node_token(&fixture, "blue-1");
    cr_assert_lt(fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/blue-1?force=true", NULL).status,
                 300);
    expect_closed_everywhere(secret, "node");
}

Test(authorization_ends, near_misses_open_nothing)
{
    struct answer made = make_token("admin", "");
    const char *secret = secret_of(&made);
    const char *const misses[] = {
        arena_printf(&fixture.arena, "%s ", secret),
        arena_printf(&fixture.arena, "%sa", secret),
        arena_printf(&fixture.arena, "%.*s", (int)strlen(secret) - 1, secret),
        arena_printf(&fixture.arena, " %s", secret),
        "",
        "dgs_",
        "' OR 1=1 --",
    };
    for (size_t i = 0; i < sizeof misses / sizeof *misses; i++)
        expect_closed_everywhere(misses[i], misses[i]);
}

static bool takes(const struct route *route, const char *parameter)
{
    return route->parameters != NULL && strstr(route->parameters, parameter) != NULL;
}

static bool is_of_an_object(const struct route *route)
{
    return strstr(route->pattern, "{node}") != NULL ||
           strstr(route->pattern, "{replica}") != NULL || strstr(route->pattern, "{token}") != NULL;
}

/* Refused by name, or not there, whatever the scope; and nothing of it is in the answer. Names of
 * nodes are global: that one is taken cannot be hidden. */
static void expect_hidden(const struct route *route, const char *secret)
{
    const char *target = target_of(route->pattern);
    if (takes(route, "cluster"))
        target = arena_printf(&fixture.arena, "%s?cluster=default", target);
    struct answer answer = try(route, target, secret);
    bool taken = answer.status == 409 && text_equal(route->operation_id, "registerNode");
    cr_assert(answer.status == 403 || answer.status == 404 || taken, "%s by %s: %d %s", target,
              secret, answer.status, answer.text);
    cr_assert_null(strstr(answer.text, "uid"), "%s by %s: %s", target, secret, answer.text);
}

Test(authorization_ends, a_token_of_another_cluster_reaches_no_object_of_this_one)
{
    static const char *const secrets[] = {"blue-read-token", "blue-deploy-token",
                                          "blue-operate-token", "blue-admin-token"};
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        if (route->scope == SCOPE_OPEN || (!takes(route, "cluster") && !is_of_an_object(route)))
            continue;
        for (size_t j = 0; j < sizeof secrets / sizeof *secrets; j++)
            expect_hidden(route, secrets[j]);
        expect_hidden(route, fixture_node_token(&fixture, "blue-1"));
    }
    cr_assert_str_eq(read_witness(), witness_before);
}
