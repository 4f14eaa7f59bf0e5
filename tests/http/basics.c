/* What every reply of the server has in common, over a real socket. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct http_server server;
static struct http_client client;
static struct http_reply reply;

static void open_all(void)
{
    http_server_start(&server);
    http_client_open(&client, &server);
}

static void close_all(void)
{
    http_reply_release(&reply);
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(basics, .init = open_all, .fini = close_all, .timeout = 120);

static int call(const char *method, const char *path, const char *const *headers, const char *body)
{
    http_reply_release(&reply);
    http_do(&client,
            &(struct http_call){.method = method, .path = path, .headers = headers, .body = body},
            &reply);
    return reply.status;
}

static int get(const char *path)
{
    return call("GET", path, NULL, NULL);
}

static void expect_header(const char *name, const char *value)
{
    const char *got = http_reply_header(&reply, name);
    cr_assert(got != NULL && strcmp(got, value) == 0, "%s: got %s, not %s", name,
              got == NULL ? "nothing" : got, value);
}

Test(basics, replies_carry_the_common_headers)
{
    const char *const headers[] = {"X-Request-Id: my-own.id_7", NULL};
    cr_assert_eq(http_put_deployment(&server, "web", "1", 2), 201);
    cr_assert_eq(call("GET", "/v1/deployments/web/status", headers, NULL), 200);
    expect_header("X-Request-Id", "my-own.id_7");
    expect_header("Content-Type", "application/json");
    expect_header("X-Content-Type-Options", "nosniff");
    expect_header("Cache-Control", "no-cache");
    cr_assert_not_null(http_reply_header(&reply, "Date"));
    cr_assert_eq(http_reply_header(&reply, "ETag")[0], '"');
    cr_assert_gt(http_reply_index(&reply), 0);
}

Test(basics, a_request_id_that_is_not_one_is_replaced)
{
    static const char *const bad[] = {"X-Request-Id: a b", "X-Request-Id: <script>",
                                      "X-Request-Id: "
                                      "0123456789012345678901234567890123456789012345678901234567"
                                      "8901234"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const headers[] = {bad[i], NULL};
        cr_assert_eq(call("GET", "/livez", headers, NULL), 200);
        const char *id = http_reply_header(&reply, "X-Request-Id");
        cr_assert_not_null(id);
        cr_assert_null(strstr(bad[i], id), "%s was echoed", bad[i]);
    }
}

Test(basics, problems_are_documents_with_the_request_id)
{
    const char *const headers[] = {"X-Request-Id: find-me", NULL};
    cr_assert_eq(call("GET", "/v1/deployments/none", headers, NULL), 404);
    expect_header("Content-Type", "application/problem+json");
    expect_header("Cache-Control", "no-store");
    cr_assert_not_null(strstr(text_string(&reply.body), "\"request_id\":\"find-me\""));
}

Test(basics, head_is_get_without_its_body)
{
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    cr_assert_eq(get("/v1/deployments/web"), 200);
    size_t bytes = reply.body.length;
    char etag[128];
    snprintf(etag, sizeof etag, "%s", http_reply_header(&reply, "ETag"));
    cr_assert_eq(call("HEAD", "/v1/deployments/web", NULL, NULL), 200);
    cr_assert_eq(reply.body.length, 0);
    cr_assert_eq(strtoul(http_reply_header(&reply, "Content-Length"), NULL, 10), bytes);
    expect_header("ETag", etag);
    cr_assert_eq(get("/livez"), 200, "the connection must live on");
}

Test(basics, a_body_that_the_client_has_is_304)
{
    static const struct {
        const char *before, *after;
    } forms[] = {{"", ""}, {"W/", ""}, {"\"other\", ", " , \"more\""}, {"\"a,b\",", ""}};
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    cr_assert_eq(get("/v1/deployments/web/status"), 200);
    char etag[128], line[256];
    int64_t index = http_reply_index(&reply);
    snprintf(etag, sizeof etag, "%s", http_reply_header(&reply, "ETag"));
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(line, sizeof line, "If-None-Match: %s%s%s", forms[i].before, etag, forms[i].after);
        const char *const headers[] = {line, NULL};
        cr_assert_eq(call("GET", "/v1/deployments/web/status", headers, NULL), 304, "%s", line);
        cr_assert_eq(reply.body.length, 0);
        expect_header("ETag", etag);
        cr_assert_eq(http_reply_index(&reply), index);
    }
    const char *const any[] = {"If-None-Match: *", NULL};
    cr_assert_eq(call("GET", "/v1/deployments/web/status", any, NULL), 304);
    const char *const other[] = {"If-None-Match: \"other\"", NULL};
    cr_assert_eq(call("GET", "/v1/deployments/web/status", other, NULL), 200);
}

/* Replies with a cached body share their headers, but for this one. */
Test(basics, cached_replies_carry_the_id_of_their_own_request)
{
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    for (int i = 0; i < 30; i++) {
        char id[32], line[64];
        snprintf(id, sizeof id, "%s%d", i % 2 == 0 ? "even-" : "number-", i);
        snprintf(line, sizeof line, "X-Request-Id: %s", id);
        const char *const headers[] = {line, i % 3 == 0 ? "If-None-Match: *" : NULL, NULL};
        cr_assert_eq(call("GET", "/v1/deployments/web/status", headers, NULL),
                     i % 3 == 0 ? 304 : 200);
        expect_header("X-Request-Id", id);
        cr_assert_not_null(http_reply_header(&reply, "ETag"));
    }
}

Test(basics, cached_replies_to_pipelined_requests_are_told_apart)
{
    enum { REQUESTS = 20 };
    struct text requests, raw;
    text_init(&requests, NULL);
    text_init(&raw, NULL);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    for (int i = 0; i < REQUESTS; i++)
        text_printf(&requests,
                    "%s /v1/deployments/web/status HTTP/1.1\r\nHost: a\r\n"
                    "Authorization: Bearer %s\r\nX-Request-Id: nr-%d-\r\n%s\r\n",
                    i % 3 == 1 ? "HEAD" : "GET", server.admin_token, i,
                    i == REQUESTS - 1 ? "Connection: close\r\n" : "");
    cr_assert_eq(http_raw_exchange(&server, requests.bytes, requests.length, &raw), 200);
    const char *at = text_string(&raw);
    for (int i = 0; i < REQUESTS; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "X-Request-Id: nr-%d-\r\n", i);
        at = strstr(at, expected);
        cr_assert_not_null(at, "%s is missing or out of order", expected);
    }
    text_release(&requests);
    text_release(&raw);
}

Test(basics, a_body_is_never_older_than_the_write_before_it)
{
    for (int replicas = 0; replicas < 40; replicas++) {
        char expected[64];
        snprintf(expected, sizeof expected, "\"spec\":{\"replicas\":%d,", replicas);
        cr_assert_geq(http_put_deployment(&server, "web", "1", replicas), 200);
        for (int i = 0; i < 3; i++) {
            cr_assert_eq(get("/v1/deployments/web"), 200);
            cr_assert_not_null(strstr(text_string(&reply.body), expected), "%s in %s", expected,
                               text_string(&reply.body));
        }
    }
}

Test(basics, a_write_can_be_conditional)
{
    const char *const create_only[] = {"If-None-Match: *", NULL};
    char document[1024], line[256];
    snprintf(document, sizeof document, "%s", http_deployment("web", "1", 1));
    cr_assert_eq(call("PUT", "/v1/deployments/web", create_only, document), 201);
    snprintf(line, sizeof line, "If-Match: %s", http_reply_header(&reply, "ETag"));
    cr_assert_eq(call("PUT", "/v1/deployments/web", create_only, document), 412);
    const char *const match[] = {line, NULL};
    cr_assert_eq(call("PUT", "/v1/deployments/web", match, http_deployment("web", "2", 1)), 200);
    cr_assert_eq(call("PUT", "/v1/deployments/web", match, http_deployment("web", "3", 1)), 412);
}

Test(basics, methods_that_a_path_does_not_have_are_405_or_501)
{
    cr_assert_eq(call("DELETE", "/v1/events", NULL, NULL), 405);
    expect_header("Allow", "GET, HEAD");
    cr_assert_eq(call("OPTIONS", "/v1/deployments", NULL, NULL), 405);
    expect_header("Allow", "GET, HEAD, POST");
    cr_assert_eq(call("OPTIONS", "/v1/nothing", NULL, NULL), 404);
    static const char *const unknown[] = {"TRACE", "BREW", "get", "G@T", "PROPFIND"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_assert_eq(call(unknown[i], "/livez", NULL, NULL), 501, "%s", unknown[i]);
}

Test(basics, bodies_may_be_chunked_and_announced)
{
    const char *const chunked[] = {"Transfer-Encoding: chunked", NULL};
    const char *const announced[] = {"Expect: 100-continue", NULL};
    cr_assert_eq(call("PUT", "/v1/deployments/web", chunked, http_deployment("web", "1", 1)), 201);
    cr_assert_eq(call("PUT", "/v1/deployments/web", announced, http_deployment("web", "2", 1)),
                 200);
}

Test(basics, an_announced_body_that_is_refused_is_never_asked_for)
{
    static const char head[] = "PUT /v1/deployments/web HTTP/1.1\r\nHost: a\r\n"
                               "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n";
    struct text raw;
    text_init(&raw, NULL);
    int fd = http_raw_open(&server);
    cr_assert(http_raw_send(fd, head, sizeof head - 1));
    cr_assert(http_raw_read_to_end(fd, &raw, 60000));
    cr_assert_eq(http_raw_status(text_string(&raw)), 401, "%s", text_string(&raw));
    close(fd);
    text_release(&raw);
}

Test(basics, requests_may_be_pipelined)
{
    static const char two[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
                              "GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct text raw;
    text_init(&raw, NULL);
    cr_assert_eq(http_raw_exchange(&server, two, sizeof two - 1, &raw), 200);
    const char *second = strstr(text_string(&raw) + 1, "HTTP/1.1 200");
    cr_assert_not_null(second);
    cr_assert_not_null(strstr(second, "\"version\""));
    text_release(&raw);
}

Test(basics, a_refused_body_does_not_cost_the_connection)
{
    static const char two[] = "PUT /v1/deployments/web HTTP/1.1\r\nHost: a\r\n"
                              "Content-Length: 5\r\n\r\nhello"
                              "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct text raw;
    text_init(&raw, NULL);
    cr_assert_eq(http_raw_exchange(&server, two, sizeof two - 1, &raw), 401);
    cr_assert_not_null(strstr(text_string(&raw), "{\"status\":\"alive\"}"), "%s", raw.bytes);
    text_release(&raw);
}

Test(basics, http_1_0_needs_no_host)
{
    static const char request[] = "GET /livez HTTP/1.0\r\n\r\n";
    struct text raw;
    text_init(&raw, NULL);
    cr_assert_eq(http_raw_exchange(&server, request, sizeof request - 1, &raw), 200);
    text_release(&raw);
}

Test(basics, the_contract_is_served)
{
    cr_assert_eq(get("/openapi.yaml"), 200);
    cr_assert_not_null(strstr(text_string(&reply.body), "openapi: 3.1"));
    cr_assert_eq(get("/readyz"), 200);
    cr_assert_eq(get("/version"), 200);
}

Test(basics, requests_are_logged_with_their_actor_and_id)
{
    const char *const headers[] = {"X-Request-Id: in-the-log", NULL};
    char document[1024];
    snprintf(document, sizeof document, "%s", http_deployment("web", "1", 1));
    cr_assert_eq(call("PUT", "/v1/deployments/web", headers, document), 201);
    cr_assert_eq(get("/livez"), 200, "the line of the write is there when the next is answered");
    char *log = http_server_log(&server);
    cr_assert_not_null(strstr(log, "event=request method=PUT path=/v1/deployments/web status=201"));
    cr_assert_not_null(strstr(log, "request_id=in-the-log actor=admin peer=127.0.0.1"));
    cr_assert_null(strstr(log, "path=/livez"), "reads are for level debug");
    free(log);
}
