/* Who may do what: the whole matrix of routes and tokens, made from the route table. */
#include "api/routes.h"
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

TestSuite(authorization, .init = open_fixture, .fini = close_fixture);

/* A path that fits the pattern: the node is n1, everything else x1. */
static const char *target_of(const char *pattern)
{
    struct text text;
    text_init(&text, &fixture.arena);
    for (const char *at = pattern; *at != '\0';) {
        if (*at != '{') {
            text_add_char(&text, *at++);
            continue;
        }
        text_add(&text, text_starts(at, "{node}") ? "n1" : "x1");
        at = strchr(at, '}') + 1;
    }
    return text_string(&text);
}

enum { ANONYMOUS, UNKNOWN, READ, DEPLOY, OPERATE, ADMIN, JOIN, NODE_ITSELF, NODE_OTHER, HOLDERS };

static const char *secret_of(int holder)
{
    static const char *const secrets[] = {NULL,           "no-such",       "read-token",
                                          "deploy-token", "operate-token", "admin-token",
                                          "join-token"};
    if (holder == NODE_ITSELF) return fixture_node_token(&fixture, "n1");
    if (holder == NODE_OTHER) return fixture_node_token(&fixture, "n2");
    return secrets[holder];
}

static bool may(enum route_scope scope, int holder)
{
    switch (scope) {
    case SCOPE_OPEN:
        return true;
    case SCOPE_READ:
        return holder >= READ && holder <= ADMIN;
    case SCOPE_DEPLOY:
        return holder >= DEPLOY && holder <= ADMIN;
    case SCOPE_OPERATE:
        return holder >= OPERATE && holder <= ADMIN;
    case SCOPE_ADMIN:
        return holder == ADMIN;
    case SCOPE_JOIN:
        return holder == JOIN || holder == NODE_ITSELF || holder == OPERATE || holder == ADMIN;
    case SCOPE_NODE:
        return holder == NODE_ITSELF;
    case SCOPE_ANY:
        return holder >= READ;
    case SCOPE_NONE:
        break;
    }
    return false;
}

static void check_cell(const struct route *route, int holder)
{
    struct call call = {.method = route->method,
                        .target = target_of(route->pattern),
                        .token = secret_of(holder),
                        .body = route->method == METHOD_PUT || route->method == METHOD_POST ? "{}"
                                                                                            : NULL};
    struct answer answer = fixture_call(&fixture, &call);
    const char *cell = arena_printf(&fixture.arena, "%s by %d: %d %s", route->operation_id, holder,
                                    answer.status, answer.text);
    bool refused = answer.status == 401 || answer.status == 403;
    cr_assert_eq(refused, !may(route->scope, holder), "%s", cell);
    if (!refused) return;
    bool no_token = holder == ANONYMOUS || holder == UNKNOWN;
    cr_assert_eq(answer.status, no_token ? 401 : 403, "%s", cell);
    cr_assert_eq(answer.reply.www_authenticate, no_token, "%s", cell);
    cr_assert_not(answer.reached_store, "%s", cell);
}

Test(authorization, every_route_lets_in_exactly_its_scope)
{
    fixture_node(&fixture, "n1", "default");
    fixture_node(&fixture, "n2", "default");
    for (size_t i = 0; i < route_count; i++) {
        if (routes[i].method == METHOD_DELETE && routes[i].scope == SCOPE_OPERATE) continue;
        for (int holder = 0; holder < HOLDERS; holder++)
            check_cell(&routes[i], holder);
    }
    for (size_t i = 0; i < route_count; i++)
        if (routes[i].method == METHOD_DELETE && routes[i].scope == SCOPE_OPERATE)
            for (int holder = 0; holder <= DEPLOY; holder++)
                check_cell(&routes[i], holder);
}

Test(authorization, the_route_table_is_sound)
{
    struct err err;
    cr_assert_eq(routes_check(&err), ERR_OK, "%s", err.detail);
}

Test(authorization, the_table_prints_one_line_a_route)
{
    struct text text;
    text_init(&text, &fixture.arena);
    routes_print(&text);
    size_t lines = 0;
    for (const char *c = text_string(&text); *c != '\0'; c++)
        if (*c == '\n') lines++;
    cr_assert_eq(lines, route_count);
    cr_assert_not_null(strstr(text_string(&text),
                              "listDeployments cluster,selector,state,sort,q,search,count,"
                              "limit,cursor,index,wait_seconds,fields\n"));
}

Test(authorization, a_403_names_the_scope_that_is_needed)
{
    struct call call = {
        .method = METHOD_DELETE, .target = "/v1/deployments/web", .token = "read-token"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 403);
    cr_assert_not_null(strstr(json_text_at(answer.json, "detail"), "deploy"));
}

/* ---- tokens limited to cluster blue ---- */

static void make_two_clusters(void)
{
    fixture_node(&fixture, "blue-1", "blue");
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "white", "1", 1, ""));
    fixture_send(&fixture, METHOD_POST, "/v1/deployments?cluster=blue",
                 fixture_document(&fixture, "sky", "1", 1, ""));
    fixture_settle(&fixture);
}

static int status_of(enum method method, const char *target, const char *token, const char *body)
{
    struct call call = {.method = method, .target = target, .token = token, .body = body};
    return fixture_call(&fixture, &call).status;
}

Test(authorization, a_limited_token_lives_in_its_cluster)
{
    make_two_clusters();
    cr_assert_eq(status_of(METHOD_GET, "/v1/deployments/sky", "blue-read-token", NULL), 200);
    cr_assert_eq(status_of(METHOD_GET, "/v1/deployments/white", "blue-read-token", NULL), 404);
    cr_assert_eq(status_of(METHOD_GET, "/v1/deployments/sky?cluster=blue", "blue-read-token", NULL),
                 200);
    cr_assert_eq(
        status_of(METHOD_GET, "/v1/deployments/white?cluster=default", "blue-read-token", NULL),
        403);
    cr_assert_eq(status_of(METHOD_GET, "/v1/nodes/blue-1", "blue-read-token", NULL), 200);
    cr_assert_eq(status_of(METHOD_GET, "/v1/nodes/n1", "blue-read-token", NULL), 404);
    cr_assert_eq(status_of(METHOD_DELETE, "/v1/nodes/n1?force=true", "blue-operate-token", NULL),
                 404);
}

Test(authorization, a_limited_token_writes_in_its_cluster_alone)
{
    make_two_clusters();
    const char *plain = "{\"spec\": {\"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}";
    const char *named = "{\"cluster\": \"default\", \"spec\": {\"template\": {\"version\": \"1\", "
                        "\"command\": [\"x\"]}}}";
    const char *token = "blue-deploy-token";
    cr_assert_eq(status_of(METHOD_PUT, "/v1/deployments/sea", token, plain), 201);
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/sea?cluster=blue").status, 200);
    cr_assert_eq(status_of(METHOD_PUT, "/v1/deployments/sea", token, named), 403);
    cr_assert_eq(status_of(METHOD_DELETE, "/v1/deployments/white", token, NULL), 404);
    cr_assert_eq(status_of(METHOD_PUT, "/v1/deployments/white/scale", token, "{\"replicas\": 0}"),
                 404);
}

Test(authorization, lists_hide_other_clusters_from_a_limited_token)
{
    static const char *const targets[] = {"/v1/deployments", "/v1/replicas", "/v1/nodes",
                                          "/v1/events"};
    make_two_clusters();
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct call call = {.target = targets[i], .token = "blue-read-token"};
        struct answer answer = fixture_call(&fixture, &call);
        const struct json *items = json_at(answer.json, "items");
        cr_assert_eq(answer.status, 200, "%s", answer.text);
        cr_assert_gt(items->count, 0, "%s", targets[i]);
        for (size_t j = 0; j < items->count; j++)
            cr_assert_str_eq(json_text_at(&items->children[j], "cluster"), "blue", "%s",
                             targets[i]);
    }
}

Test(authorization, another_clusters_replica_is_not_there)
{
    make_two_clusters();
    struct answer all = fixture_get(&fixture, "/v1/replicas?cluster=default");
    const char *target =
        arena_printf(&fixture.arena, "/v1/replicas/%s", json_text_at(all.json, "items.0.id"));
    cr_assert_eq(fixture_get(&fixture, target).status, 200);
    cr_assert_eq(status_of(METHOD_GET, target, "blue-read-token", NULL), 404);
}

Test(authorization, what_is_hidden_reads_like_what_is_not_there)
{
    make_two_clusters();
    struct answer all = fixture_get(&fixture, "/v1/replicas?cluster=default");
    const char *const hidden[] = {
        "/v1/nodes/n1",
        arena_printf(&fixture.arena, "/v1/replicas/%s", json_text_at(all.json, "items.0.id"))};
    for (size_t i = 0; i < 2; i++) {
        char absent[128];
        snprintf(absent, sizeof absent, "%s", hidden[i]);
        absent[strlen(absent) - 1] = 'z';
        struct call call = {.target = hidden[i], .token = "blue-read-token"};
        const char *one = json_text_at(fixture_call(&fixture, &call).json, "detail");
        call.target = absent;
        const char *other = json_text_at(fixture_call(&fixture, &call).json, "detail");
        cr_assert_eq(strlen(one), strlen(other), "%s | %s", one, other);
        cr_assert_eq(strcspn(one, "\""), strcspn(other, "\""), "%s | %s", one, other);
    }
}

/* ---- nodes ---- */

static const char *registration(const char *token, const char *more)
{
    return arena_printf(&fixture.arena,
                        "{\"token\": \"%s\", \"address\": \"10.0.0.9\", \"boot_id\": \"b2\"%s}",
                        token, more);
}

Test(authorization, the_join_token_creates_names_and_takes_none_over)
{
    fixture_node(&fixture, "n1", "default");
    const char *body = registration(fixture_node_token(&fixture, "thief"), "");
    cr_assert_eq(status_of(METHOD_PUT, "/v1/nodes/n1", "join-token", body), 409);
    cr_assert_eq(status_of(METHOD_PUT, "/v1/nodes/n2", "join-token", body), 201);
}

Test(authorization, a_node_registers_again_with_its_own_token)
{
    fixture_node(&fixture, "n1", "default");
    const char *own = fixture_node_token(&fixture, "n1");
    struct call call = {.method = METHOD_PUT,
                        .target = "/v1/nodes/n1",
                        .token = own,
                        .body = registration(own, "")};
    struct answer answer = fixture_call(&fixture, &call);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "epoch"), 2);
    call.target = "/v1/nodes/n2";
    cr_assert_eq(fixture_call(&fixture, &call).status, 403);
}

Test(authorization, a_limited_operator_registers_in_its_cluster)
{
    fixture_node(&fixture, "n1", "default");
    const char *token = "blue-operate-token";
    const char *own = fixture_node_token(&fixture, "n2");
    cr_assert_eq(status_of(METHOD_PUT, "/v1/nodes/n2", token,
                           registration(own, ", \"cluster\": \"default\"")),
                 403);
    cr_assert_eq(status_of(METHOD_PUT, "/v1/nodes/n2", token, registration(own, "")), 201);
    cr_assert_str_eq(json_text_at(fixture_get(&fixture, "/v1/nodes/n2").json, "cluster"), "blue");
    struct call taken = {.method = METHOD_PUT,
                         .target = "/v1/nodes/n1",
                         .token = token,
                         .body = registration(own, "")};
    struct answer answer = fixture_call(&fixture, &taken);
    cr_assert_eq(answer.status, 409, "%s", answer.text);
    cr_expect_str_eq(json_text_at(answer.json, "detail"),
                     "the name n1 is taken: names of nodes are unique among all clusters");
    cr_assert_eq(
        status_of(METHOD_PUT, "/v1/nodes/n2", own, registration(own, ", \"cluster\": \"default\"")),
        409, "or it would let itself into every cluster");
    cr_assert_eq(status_of(METHOD_PUT, "/v1/nodes/n2", own, registration(own, "")), 200);
    cr_assert_str_eq(json_text_at(fixture_get(&fixture, "/v1/nodes/n2").json, "cluster"), "blue");
}
