/* Pages of other origins: what a browser asks and needs to be told. */
#include "base/text.h"
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define DASHBOARD "https://dash.example.com"
#define STATUS "/v1/deployments/web/status"

static struct http_server server;
static struct http_client client;
static struct http_reply reply;

static void start(const char *flag)
{
    server.arguments[0] = flag;
    http_server_start(&server);
    http_client_open(&client, &server);
}

static void close_all(void)
{
    http_reply_release(&reply);
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(cors, .fini = close_all, .timeout = 120);

static int call(const char *method, const char *path, const char *origin, const char *token)
{
    char line[128];
    snprintf(line, sizeof line, "Origin: %s", origin == NULL ? "" : origin);
    const char *const headers[] = {origin == NULL ? NULL : line, NULL};
    http_reply_release(&reply);
    http_do(&client,
            &(struct http_call){.method = method, .path = path, .headers = headers, .token = token},
            &reply);
    return reply.status;
}

static int preflight(const char *path, const char *origin, const char *method)
{
    char origin_line[128], method_line[128];
    snprintf(origin_line, sizeof origin_line, "Origin: %s", origin);
    snprintf(method_line, sizeof method_line, "Access-Control-Request-Method: %s", method);
    const char *const headers[] = {origin_line, method_line,
                                   "Access-Control-Request-Headers: authorization,if-none-match",
                                   NULL};
    http_reply_release(&reply);
    http_do(&client,
            &(struct http_call){.method = "OPTIONS", .path = path, .headers = headers, .token = ""},
            &reply);
    return reply.status;
}

/* NULL: it must not be there. */
static void expect_header(const char *name, const char *value)
{
    const char *got = http_reply_header(&reply, name);
    cr_assert(text_equal(got, value), "%s: %s, not %s", name, got == NULL ? "absent" : got,
              value == NULL ? "absent" : value);
}

static bool names(const char *header, const char *word)
{
    const char *value = http_reply_header(&reply, header);
    return value != NULL && strstr(value, word) != NULL;
}

Test(cors, an_allowed_page_reads_answers_and_problems)
{
    start("--allow-origin=http://localhost:3000,http://[::1]:8443," DASHBOARD);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    static const struct {
        const char *path, *token;
        int status;
    } cases[] = {{STATUS, NULL, 200},
                 {"/v1/deployments", NULL, 200},
                 {"/v1/deployments/none", NULL, 404},
                 {STATUS "?no=1", NULL, 400},
                 {STATUS, "", 401}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(call("GET", cases[i].path, DASHBOARD, cases[i].token), cases[i].status);
        expect_header("Access-Control-Allow-Origin", DASHBOARD);
        expect_header("Access-Control-Allow-Credentials", NULL);
        expect_header("Vary", "Origin");
        cr_assert(names("Access-Control-Expose-Headers", "ETag"));
        cr_assert(names("Access-Control-Expose-Headers", "X-Index"));
    }
}

Test(cors, pages_do_not_get_each_others_headers)
{
    start("--allow-origin=http://localhost:3000," DASHBOARD);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    static const struct {
        const char *origin, *allowed;
    } cases[] = {{DASHBOARD, DASHBOARD},
                 {NULL, NULL},
                 {"http://localhost:3000", "http://localhost:3000"},
                 {"https://evil.example.com", NULL},
                 {DASHBOARD ".evil.example", NULL},
                 {"https://dash.example.co", NULL},
                 {"http://localhost:3000," DASHBOARD, NULL},
                 {"null", NULL},
                 {NULL, NULL}};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            cr_assert_eq(call("GET", STATUS, cases[i].origin, NULL), 200);
            expect_header("Access-Control-Allow-Origin", cases[i].allowed);
            expect_header("Vary", "Origin");
        }
}

Test(cors, a_preflight_is_answered_without_a_token)
{
    start("--allow-origin=" DASHBOARD);
    cr_assert_eq(preflight("/v1/deployments/web", DASHBOARD, "PATCH"), 204);
    expect_header("Access-Control-Allow-Origin", DASHBOARD);
    cr_assert(names("Access-Control-Allow-Methods", "PATCH"));
    cr_assert(names("Access-Control-Allow-Methods", "DELETE"));
    cr_assert(names("Access-Control-Allow-Headers", "Authorization"));
    cr_assert(names("Access-Control-Allow-Headers", "If-None-Match"));
    cr_assert(names("Access-Control-Allow-Headers", "Idempotency-Key"));
    cr_assert_not_null(http_reply_header(&reply, "Access-Control-Max-Age"));
    /* Whatever is wrong with the query, the page shall read it in the answer. */
    cr_assert_eq(preflight(STATUS "?no=1", DASHBOARD, "GET"), 204);
    cr_assert_eq(preflight("/v1/nothing", DASHBOARD, "GET"), 404);
    expect_header("Access-Control-Allow-Origin", DASHBOARD);
}

Test(cors, other_preflights_are_refused)
{
    start("--allow-origin=" DASHBOARD);
    cr_assert_eq(preflight(STATUS, "https://evil.example.com", "GET"), 405);
    expect_header("Access-Control-Allow-Origin", NULL);
    cr_assert_eq(call("OPTIONS", STATUS, DASHBOARD, ""), 405);
}

Test(cors, a_star_is_every_page)
{
    start("--allow-origin=*");
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    cr_assert_eq(call("GET", STATUS, "http://10.0.0.7:8080", NULL), 200);
    expect_header("Access-Control-Allow-Origin", "*");
    expect_header("Vary", NULL);
    cr_assert_eq(preflight(STATUS, "null", "GET"), 204);
    expect_header("Access-Control-Allow-Origin", "*");
}

Test(cors, what_no_browser_would_send_is_no_origin)
{
    static const char *const bad[] = {"",
                                      "dash.example.com",
                                      "https://",
                                      "https://dash.example.com/",
                                      "https://Dash.example.com",
                                      "https://a.example,",
                                      ",https://a.example",
                                      "https://a.example, https://b.example",
                                      "https://a.example,*",
                                      "ftp://a.example",
                                      "http://:80",
                                      "http://a:",
                                      "http://a:b:c",
                                      "http://a:80",
                                      "https://a.example:443",
                                      "https://a.example:65536",
                                      "https://a.example:0443",
                                      "https://[::1",
                                      "https://a%41"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        server.arguments[0] = "--allow-origin";
        server.arguments[1] = bad[i];
        cr_assert_eq(http_server_run(&server), 64, "%s", bad[i]);
        char *log = http_server_log(&server);
        cr_assert_not_null(strstr(log, "--allow-origin"), "%s: %s", bad[i], log);
        free(log);
    }
}

Test(cors, without_the_flag_nothing_is_said)
{
    start("--log-level=info");
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    cr_assert_eq(call("GET", STATUS, DASHBOARD, NULL), 200);
    expect_header("Access-Control-Allow-Origin", NULL);
    expect_header("Vary", NULL);
    cr_assert_eq(preflight(STATUS, DASHBOARD, "GET"), 405);
    expect_header("Access-Control-Allow-Origin", NULL);
}
