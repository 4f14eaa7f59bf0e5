/* Requests that no honest client sends: each is refused, its connection closed, nothing done. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct http_server server;

static void open_server(void)
{
    http_server_start(&server);
}

static void close_server(void)
{
    http_server_release(&server);
}

TestSuite(torture, .init = open_server, .fini = close_server, .timeout = 120);

static bool is_alive(void)
{
    return http_status(&server, "GET", "/livez", NULL) == 200;
}

#define LINE "POST /v1/deployments HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define SMUGGLED "GET /version HTTP/1.1\r\n" HOST "\r\n"

static const struct {
    const char *what;
    const char *bytes;
} ambiguous[] = {
    {"Content-Length and Transfer-Encoding",
     LINE HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"Transfer-Encoding and Content-Length",
     LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"two Content-Lengths",
     LINE HOST "Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" SMUGGLED},
    {"the same Content-Length twice",
     LINE HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" SMUGGLED},
    {"a list of Content-Lengths", LINE HOST "Content-Length: 5, 5\r\n\r\nhello" SMUGGLED},
    {"a signed Content-Length", LINE HOST "Content-Length: +5\r\n\r\nhello" SMUGGLED},
    {"a negative Content-Length", LINE HOST "Content-Length: -5\r\n\r\nhello" SMUGGLED},
    {"a hexadecimal Content-Length", LINE HOST "Content-Length: 0x5\r\n\r\nhello" SMUGGLED},
    {"an endless Content-Length",
     LINE HOST "Content-Length: 99999999999999999999999\r\n\r\n" SMUGGLED},
    {"an unknown coding", LINE HOST "Transfer-Encoding: gzip\r\n\r\n" SMUGGLED},
    {"a coding that looks like chunked", LINE HOST "Transfer-Encoding: xchunked\r\n\r\n" SMUGGLED},
    {"identity", LINE HOST "Transfer-Encoding: identity\r\n\r\n" SMUGGLED},
    {"two codings", LINE HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"chunked twice",
     LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"a blank before the colon", LINE HOST "Content-Length : 5\r\n\r\nhello" SMUGGLED},
    {"a blank within the name", LINE HOST "Content Length: 5\r\n\r\nhello" SMUGGLED},
    {"two hosts", LINE HOST "Host: b\r\nContent-Length: 0\r\n\r\n" SMUGGLED},
    {"no host", LINE "Content-Length: 0\r\n\r\n" SMUGGLED},
    {"a host with a path", LINE "Host: a/b\r\nContent-Length: 0\r\n\r\n" SMUGGLED},
    {"two authorizations",
     LINE HOST "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n" SMUGGLED},
    {"a control character in a value", LINE HOST "X-A: \001\r\n\r\n" SMUGGLED},
    {"an expectation", LINE HOST "Content-Length: 5\r\nExpect: more\r\n\r\nhello" SMUGGLED},
};

Test(torture, ambiguous_requests_are_400_and_end_the_connection)
{
    for (size_t i = 0; i < sizeof ambiguous / sizeof *ambiguous; i++) {
        struct text reply;
        text_init(&reply, NULL);
        int status =
            http_raw_exchange(&server, ambiguous[i].bytes, strlen(ambiguous[i].bytes), &reply);
        cr_assert(status == 400 || status == 413, "%s: %d", ambiguous[i].what, status);
        cr_assert_null(strstr(text_string(&reply), "\"version\""), "%s: the second request ran",
                       ambiguous[i].what);
        text_release(&reply);
    }
    cr_assert(is_alive());
}

enum { NOWHERE = -1 }; /* 400 or 404: it leads to nothing */

static const struct {
    const char *target;
    int status;
} targets[] = {
    {"/livez", 200},
    {"http://a/livez", 200},
    {"/livez?", 200},
    {"/livez?x=1", 400},
    {"livez", 400},
    {"*", 400},
    {"?", 400},
    {"https://a/livez", 400},
    {"/livez%00", 400},
    {"/livez%", 400},
    {"/livez%0", 400},
    {"/livez%zz", 400},
    {"/livez\\", 400},
    {"\\livez", 400},
    {"/livez#a", 400},
    {"/li vez", 400},
    {"/li\tvez", 400},
    {"/livez\x80", 400},
    {"/livez\x7f", 400},
    {"/\"livez\"", 400},
    {"/<livez>", 400},
    {"//livez", NOWHERE},
    {"/livez/", NOWHERE},
    {"/./livez", NOWHERE},
    {"/v1/../livez", NOWHERE},
    {"/%2e%2e/livez", NOWHERE},
    {"/..%2flivez", NOWHERE},
    {"/LIVEZ", 404},
    {"/livez;a=b", NOWHERE},
};

static int status_of_target(const char *target)
{
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    text_printf(&request, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", target);
    int status = http_raw_exchange(&server, request.bytes, request.length, &reply);
    if (status >= 400)
        cr_assert_not_null(strstr(text_string(&reply), "application/problem+json"), "%s", target);
    text_release(&request);
    text_release(&reply);
    return status;
}

Test(torture, targets_are_taken_literally)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        int status = status_of_target(targets[i].target);
        bool nowhere = status == 400 || status == 404;
        bool right = targets[i].status == NOWHERE ? nowhere : status == targets[i].status;
        cr_assert(right, "%s: %d", targets[i].target, status);
    }
}

Test(torture, a_target_that_is_too_long_is_414)
{
    char target[6000];
    memset(target, 'a', sizeof target);
    target[0] = '/';
    target[sizeof target - 1] = '\0';
    cr_assert_eq(status_of_target(target), 414);
    target[4096] = '\0';
    cr_assert_eq(status_of_target(target), 404, "the longest one is understood");
}

Test(torture, paths_reach_no_other_object)
{
    static const char *const paths[] = {
        "/v1/deployments/..%2fnodes",   "/v1/deployments/%2e%2e",
        "/v1/deployments/web%2fstatus", "/v1/deployments/web%5c..%5cother",
        "/v1/deployments//status",      "/v1/deployments/web/../other",
        "/v1/deployments/web/status/",  "/v1/deployments/web%0d%0aX-Evil:%201",
        "/v1/deployments/%c0%af",       "/v1/deployments/web;x",
    };
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int status = http_status(&server, "GET", paths[i], NULL);
        cr_assert(status >= 400 && status < 500, "%s: %d", paths[i], status);
    }
}

Test(torture, nothing_of_a_request_becomes_a_header)
{
    static const char *const targets_[] = {"/v1/deployments/web%0d%0aX-Evil:%201",
                                           "/v1/deployments?cursor=%0d%0aX-Evil:%201",
                                           "/nowhere%0aX-Evil:%201"};
    struct http_client client;
    http_client_open(&client, &server);
    for (size_t i = 0; i < sizeof targets_ / sizeof *targets_; i++) {
        struct http_reply reply;
        const char *const headers[] = {"X-Request-Id: a%0d%0aX-Evil: 1", NULL};
        http_do(&client, &(struct http_call){.path = targets_[i], .headers = headers}, &reply);
        cr_assert(reply.status >= 400 && reply.status < 500, "%d", reply.status);
        cr_assert_null(http_reply_header(&reply, "X-Evil"));
        http_reply_release(&reply);
    }
    http_client_close(&client);
}

Test(torture, headers_that_are_too_big_or_too_many_are_431)
{
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    text_add(&request, "GET /livez HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 68; i++)
        text_printf(&request, "X-Header-%d: %d\r\n", i, i);
    text_add(&request, "\r\n");
    cr_assert_eq(http_raw_exchange(&server, request.bytes, request.length, &reply), 431);
    cr_assert_not_null(strstr(reply.bytes, "\"code\":\"headers_too_large\""));
    text_clear(&request);
    text_clear(&reply);
    text_add(&request, "GET /livez HTTP/1.1\r\nHost: a\r\nX-Big: ");
    for (int i = 0; i < 6000; i++)
        text_add_char(&request, 'x');
    text_add(&request, "\r\n\r\n");
    cr_assert_eq(http_raw_exchange(&server, request.bytes, request.length, &reply), 431);
    cr_assert_not_null(strstr(reply.bytes, "\"code\":\"headers_too_large\""));
    /* Beyond the memory of a connection libmicrohttpd answers itself. */
    text_clear(&reply);
    request.length -= 4;
    for (int i = 0; i < 30000; i++)
        text_add_char(&request, 'x');
    text_add(&request, "\r\n\r\n");
    cr_assert_eq(http_raw_exchange(&server, request.bytes, request.length, &reply), 431);
    text_release(&request);
    text_release(&reply);
}

/* What libmicrohttpd answers before it calls us: a short answer of its own and the end. */
static const char *const hopeless[] = {
    "\r\n\r\n\r\n",
    "GET\r\n\r\n",
    "GET /livez\r\n\r\n",
    "GET /livez HTTP/2.0\r\nHost: a\r\n\r\n",
    "GET /livez HTTP/9.9\r\nHost: a\r\n\r\n",
    "GET /livez HTTP/1.1\r\nno colon here\r\n\r\n",
    "\x16\x03\x01\x02\x01\x01", /* the beginning of TLS */
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "POST /v1/deployments HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "POST /v1/deployments HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "ffffffffffffffffff\r\n",
    "POST /v1/deployments HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nshort",
};

Test(torture, hopeless_bytes_end_the_connection_only)
{
    for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++) {
        struct text reply;
        text_init(&reply, NULL);
        int status = http_raw_exchange(&server, hopeless[i], strlen(hopeless[i]), &reply);
        cr_assert(status == 0 || status >= 400, "%zu: %d", i, status);
        text_release(&reply);
    }
    cr_assert(is_alive());
}

/* A generator of its own, so that a failure replays. */
static unsigned next_random(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

Test(torture, random_mutations_of_a_request_do_no_harm)
{
    static const char good[] = "PUT /v1/deployments/web?cluster=default HTTP/1.1\r\n"
                               "Host: a\r\nAuthorization: Bearer x\r\nContent-Length: 11\r\n"
                               "X-Request-Id: abc\r\n\r\n{\"a\":[1,2]}";
    unsigned state = 7420;
    /* Requests that a mutation left incomplete end soon. */
    http_server_stop(&server);
    server.arguments[0] = "--arrival-timeout-ms=400";
    http_server_start(&server);
    for (int round = 0; round < 300; round++) {
        char bytes[sizeof good];
        memcpy(bytes, good, sizeof good);
        for (unsigned i = 0; i < 1 + next_random(&state) % 4; i++)
            bytes[next_random(&state) % (sizeof good - 1)] = (char)next_random(&state);
        struct text reply;
        text_init(&reply, NULL);
        int status = http_raw_exchange(&server, bytes, sizeof good - 1, &reply);
        cr_assert(status == 0 || (status >= 400 && status != 500), "round %d: %d", round, status);
        text_release(&reply);
    }
    cr_assert(is_alive());
}
