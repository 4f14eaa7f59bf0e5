/* Bodies that are no JSON, or JSON of the worst kind, over a socket, on every route that takes one:
 * the broken ones are 400 with their position, the others an answer; the connection lives on, and
 * nothing is written. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct http_server server;
static int connection = -1;

static void open_server(void)
{
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    connection = http_raw_open(&server);
}

static void close_server(void)
{
    close(connection);
    http_server_release(&server);
}

TestSuite(json_torture, .init = open_server, .fini = close_server, .timeout = 240);

static const struct route {
    const char *method, *path, *type;
} routes[] = {
    {"POST", "/v1/deployments", "application/json"},
    {"PUT", "/v1/deployments/web", "application/json"},
    {"PATCH", "/v1/deployments/web", "application/merge-patch+json"},
    {"PUT", "/v1/deployments/web/scale", "application/json"},
    {"POST", "/v1/deployments/web/plan", "application/json"},
    {"POST", "/v1/deployments/web/rollback", "application/json"},
    {"POST", "/v1/deployments/web/promote", "application/json"},
    {"POST", "/v1/deployments/web/pause", "application/json"},
    {"PATCH", "/v1/deployments/web/revisions/1", "application/merge-patch+json"},
    {"PUT", "/v1/nodes/n1", "application/json"},
    {"POST", "/v1/tokens", "application/json"},
};
enum { ROUTES = sizeof routes / sizeof *routes };

struct bytes {
    const char *start;
    size_t count;
};
#define BYTES(string)                                                                              \
    {                                                                                              \
        string, sizeof string - 1                                                                  \
    }

static const struct bytes broken[] = {
    /* the whole */
    BYTES("\xef\xbb\xbf{}"),
    BYTES("\xff\xfe{\0}\0"),
    BYTES("\0{\0}"),
    BYTES("{}\0"),
    BYTES("{} {}"),
    BYTES("{},"),
    BYTES("{}]"),
    BYTES("[]{}"),
    BYTES("{}#"),
    BYTES("{}/**/"),
    BYTES("//\n{}"),
    BYTES(" "),
    BYTES("\n\n\n"),
    BYTES("\v{}"),
    BYTES("\f{}"),
    BYTES("\xc2\xa0{}"),
    BYTES("\xe2\x80\x8b{}"),
    BYTES("{}\xe2\x81\xa0"),
    BYTES("<json/>"),
    BYTES("a=b&c=d"),
    BYTES("nul"),
    BYTES("nulll"),
    BYTES("TRUE"),
    BYTES("undefined"),
    BYTES("\""),
    BYTES("'a'"),
    /* objects and arrays */
    BYTES("{"),
    BYTES("}"),
    BYTES("["),
    BYTES("]"),
    BYTES("{]"),
    BYTES("[}"),
    BYTES("{\"a\"}"),
    BYTES("{\"a\":}"),
    BYTES("{:1}"),
    BYTES("{,}"),
    BYTES("{\"a\":1,}"),
    BYTES("{,\"a\":1}"),
    BYTES("{\"a\":1 \"b\":2}"),
    BYTES("{\"a\":1,,\"b\":2}"),
    BYTES("{\"a\"::1}"),
    BYTES("{\"a\":1:2}"),
    BYTES("{a:1}"),
    BYTES("{'a':1}"),
    BYTES("{1:1}"),
    BYTES("{null:1}"),
    BYTES("{[]:1}"),
    BYTES("{\"a\":1"),
    BYTES("{\"a\":[1,2}"),
    BYTES("{\"a\":[,]}"),
    BYTES("{\"a\":[1,]}"),
    BYTES("{\"a\":[1 2]}"),
    BYTES("{\"a\":[1,,2]}"),
    BYTES("{\"a\":(1)}"),
    /* duplicates, however they are written */
    BYTES("{\"a\":1,\"a\":1}"),
    BYTES("{\"a\":1,\"\\u0061\":1}"),
    BYTES("{\"\":1,\"\":1}"),
    BYTES("{\"spec\":{\"replicas\":1,\"replicas\":2}}"),
    BYTES("{\"a\":[{\"b\":1,\"b\":1}]}"),
    BYTES("{\"replicas\":1,\"replicas\":1}"),
    BYTES("{\"\xf0\x9f\x9a\x80\":1,\"\\ud83d\\ude80\":1}"),
    /* numbers */
    BYTES("{\"a\":01}"),
    BYTES("{\"a\":-01}"),
    BYTES("{\"a\":+1}"),
    BYTES("{\"a\":.5}"),
    BYTES("{\"a\":5.}"),
    BYTES("{\"a\":-}"),
    BYTES("{\"a\":--1}"),
    BYTES("{\"a\":1e}"),
    BYTES("{\"a\":1e+}"),
    BYTES("{\"a\":1e1.5}"),
    BYTES("{\"a\":0x1F}"),
    BYTES("{\"a\":0b1}"),
    BYTES("{\"a\":1_000}"),
    BYTES("{\"a\":1,000}"),
    BYTES("{\"a\":NaN}"),
    BYTES("{\"a\":-NaN}"),
    BYTES("{\"a\":Infinity}"),
    BYTES("{\"a\":-Infinity}"),
    BYTES("{\"a\":inf}"),
    BYTES("{\"a\":1e309}"),
    BYTES("{\"a\":-1e309}"),
    BYTES("{\"a\":1e99999999999999999999}"),
    BYTES("{\"a\":\xef\xbc\x91}"),
    BYTES("{\"a\":1\0}"),
    /* strings */
    BYTES("{\"a\":\"\n\"}"),
    BYTES("{\"a\":\"\t\"}"),
    BYTES("{\"a\":\"\x01\"}"),
    BYTES("{\"a\":\"\x1f\"}"),
    BYTES("{\"a\":\"\0\"}"),
    BYTES("{\"a\":\"\\u0000\"}"),
    BYTES("{\"\\u0000\":1}"),
    BYTES("{\"a\":\"\\x41\"}"),
    BYTES("{\"a\":\"\\0\"}"),
    BYTES("{\"a\":\"\\'\"}"),
    BYTES("{\"a\":\"\\u\"}"),
    BYTES("{\"a\":\"\\u12\"}"),
    BYTES("{\"a\":\"\\u12g4\"}"),
    BYTES("{\"a\":\"\\U00000041\"}"),
    BYTES("{\"a\":\"\\\"}"),
    BYTES("{\"a\":\"b}"),
    BYTES("{\"a\":\"\\ud800\"}"),
    BYTES("{\"a\":\"\\udc00\"}"),
    BYTES("{\"a\":\"\\ud800\\ud800\"}"),
    BYTES("{\"a\":\"\\ud800\\u0041\"}"),
    BYTES("{\"a\":\"\\ud800x\"}"),
    BYTES("{\"\\ud800\":1}"),
    BYTES("{\"a\":\"\xff\"}"),
    BYTES("{\"a\":\"\xc0\x80\"}"),
    BYTES("{\"a\":\"\xc0\xaf\"}"),
    BYTES("{\"a\":\"\xe0\x80\xaf\"}"),
    BYTES("{\"a\":\"\xed\xa0\x80\"}"),
    BYTES("{\"a\":\"\xf4\x90\x80\x80\"}"),
    BYTES("{\"a\":\"\xf8\x88\x80\x80\x80\"}"),
    BYTES("{\"a\":\"\xe2\x82\"}"),
    BYTES("{\"a\":\"\x80\"}"),
    BYTES("{\"\xff\":1}"),
};

/* JSON, but nothing that a route wants. */
static const struct bytes strange[] = {
    BYTES("null"),
    BYTES("true"),
    BYTES("0"),
    BYTES("-0"),
    BYTES("\"\""),
    BYTES("[]"),
    BYTES("[[[[[]]]]]"),
    BYTES("{\"\":1}"),
    BYTES("{\"a\":1e308}"),
    BYTES("{\"a\":-0.0}"),
    BYTES("{\"a\":5e-324}"),
    BYTES("{\"a\":9007199254740993}"),
    BYTES("{\"a\":1E+2}"),
    BYTES("{\"a\":123456789012345678901234567890}"),
    BYTES("{\"a\":\"\\ud83d\\ude80\"}"),
    BYTES("{\"a\":\"\\u007f\\u0080\\uffff\\ufffe\"}"),
    BYTES("{\"\\ufeff\":1}"),
    BYTES("{\"__proto__\":{\"a\":1}}"),
    BYTES("{\"constructor\":1}"),
    BYTES("{\"spec\":null}"),
    BYTES("{\"spec\":[]}"),
    BYTES("{\"spec\":{\"template\":\"x\"}}"),
    BYTES("{\"name\":{}}"),
    BYTES("{\"labels\":[]}"),
    BYTES("{\"labels\":{\"a\":{}}}"),
    BYTES("{\"replicas\":\"1\"}"),
    BYTES("{\"replicas\":1e0}"),
    BYTES("{\"replicas\":1.0e99}"),
    BYTES("{\"replicas\":[]}"),
    BYTES("{\"Replicas\":1}"),
    BYTES("{\"replicas \":1}"),
    BYTES("{\"repl\\u0131cas\":1}"),
    BYTES("{\"revision\":{}}"),
    BYTES("{\"revision\":-1}"),
    BYTES("{\"full\":\"true\"}"),
    BYTES("{\"tags\":[[]]}"),
    BYTES("{\"tags\":{}}"),
    BYTES("{\"token\":[]}"),
    BYTES("\r\n\t {\"a\" \r\n\t : \r\n\t 1 \r\n\t } \r\n\t"),
};

static int send_body(const struct route *route, struct bytes body, bool chunked, struct text *reply)
{
    struct text request;
    text_init(&request, NULL);
    text_printf(&request,
                "%s %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n",
                route->method, route->path, server.admin_token, route->type);
    if (chunked)
        text_printf(&request, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n", body.count);
    else
        text_printf(&request, "Content-Length: %zu\r\n\r\n", body.count);
    text_append(&request, body.start, body.count);
    if (chunked) text_add(&request, "\r\n0\r\n\r\n");
    cr_assert(http_raw_send(connection, request.bytes, request.length));
    int status = http_raw_read_reply(connection, reply);
    text_release(&request);
    return status;
}

static int64_t newest_index(void)
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = "/v1/events?limit=1"}, &reply);
    cr_assert_eq(reply.status, 200);
    int64_t index = http_reply_index(&reply);
    http_reply_release(&reply);
    http_client_close(&client);
    return index;
}

Test(json_torture, what_is_broken_is_400_with_its_position_and_writes_nothing)
{
    struct text reply;
    text_init(&reply, NULL);
    int64_t index = newest_index();
    for (size_t i = 0; i < ROUTES; i++) {
        for (size_t j = 0; j < sizeof broken / sizeof *broken; j++) {
            int status = send_body(&routes[i], broken[j], j % 2 == 1, &reply);
            cr_assert_eq(status, 400, "%s %s %zu %s: %d %s", routes[i].method, routes[i].path, j,
                         broken[j].start, status, text_string(&reply));
            cr_assert_not_null(strstr(reply.bytes, "\"code\":\"malformed_json\""), "%s",
                               reply.bytes);
            cr_assert_not_null(strstr(reply.bytes, "\"detail\":\"line "), "%s", reply.bytes);
        }
    }
    cr_assert_eq(newest_index(), index);
    text_release(&reply);
}

Test(json_torture, what_is_strange_is_answered)
{
    struct text reply;
    text_init(&reply, NULL);
    for (size_t i = 0; i < ROUTES; i++) {
        for (size_t j = 0; j < sizeof strange / sizeof *strange; j++) {
            int status = send_body(&routes[i], strange[j], j % 2 == 1, &reply);
            cr_assert(status >= 200 && status < 500, "%s %s %s: %d %s", routes[i].method,
                      routes[i].path, strange[j].start, status, text_string(&reply));
        }
    }
    text_release(&reply);
}

/* ---- large ones ---- */

static void repeat(struct text *text, const char *word, int times)
{
    for (int i = 0; i < times; i++)
        text_add(text, word);
}

static const struct {
    const char *before, *word, *middle, *closing, *after;
    int times;
    int status; /* 0: whatever is no failure */
} large[] = {
    {"", "[", "", "]", "", 32, 0},
    {"", "[", "", "]", "", 33, 400},
    {"", "[", "", "]", "", 100000, 400},
    {"", "{\"a\":", "1", "}", "", 31, 0},
    {"", "{\"a\":", "1", "}", "", 33, 400},
    {"", "{\"a\":", "", "", "", 50000, 400},
    {"{\"a\":[", "0,", "0", "", "]}", 120000, 0},
    {"{\"a\":\"", "\\u0041", "", "", "\"}", 40000, 0},
    {"{\"a\":\"", "\\\\", "", "", "\"}", 120000, 0},
    {"{\"a\":", "9", "", "", "}", 63, 0},
    {"{\"a\":", "9", "", "", "}", 64, 400},
    {"{\"a\":0.", "9", "", "", "}", 200000, 400},
    {"{\"a\":1e", "9", "", "", "}", 200000, 400},
    {"{\"", "a", "", "", "\":1}", 250000, 0},
    {"{\"name\":\"", "a", "", "", "\"}", 250000, 0},
    {"", " ", "", "", "", 262144, 400},
    {"", " ", "", "", "{}", 262142, 0},
    {"{}", "\n", "", "", "", 262142, 0},
};

Test(json_torture, what_is_deep_long_or_wide_is_answered)
{
    struct text body, reply;
    text_init(&body, NULL);
    text_init(&reply, NULL);
    for (size_t i = 0; i < sizeof large / sizeof *large; i++) {
        text_clear(&body);
        text_add(&body, large[i].before);
        repeat(&body, large[i].word, large[i].times);
        text_add(&body, large[i].middle);
        repeat(&body, large[i].closing, large[i].times);
        text_add(&body, large[i].after);
        for (size_t j = 0; j < ROUTES; j++) {
            struct bytes bytes = {body.bytes, body.length};
            int status = send_body(&routes[j], bytes, i % 2 == 1, &reply);
            bool right =
                large[i].status == 0 ? status >= 200 && status < 500 : status == large[i].status;
            cr_assert(right, "%s %s %zu: %d %s", routes[j].method, routes[j].path, i, status,
                      text_string(&reply));
        }
    }
    text_release(&body);
    text_release(&reply);
}

/* Thousands of fields are wrong: they are counted, and the answer stays small. */
Test(json_torture, a_body_of_errors_alone_has_a_small_answer)
{
    struct text body, reply;
    text_init(&body, NULL);
    text_init(&reply, NULL);
    text_add(&body, "{");
    for (int i = 0; i < 15000; i++)
        text_printf(&body, "%s\"field-%d\":1", i == 0 ? "" : ",", i);
    text_add(&body, "}");
    struct bytes bytes = {body.bytes, body.length};
    for (size_t j = 0; j < ROUTES; j++) {
        int status = send_body(&routes[j], bytes, false, &reply);
        cr_assert(status == 422 || status == 201 || status == 200, "%s: %d %s", routes[j].path,
                  status, text_string(&reply));
        cr_assert_lt(reply.length, 64 * 1024, "%s", routes[j].path);
    }
    text_release(&body);
    text_release(&reply);
}
