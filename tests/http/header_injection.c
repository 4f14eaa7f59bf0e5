/* Whatever a client sends, the head of its reply holds the server's own headers only, each on one
 * line of plain characters: in a parameter that Link repeats, a name that Location repeats, a
 * request id that comes back, a path that a problem names. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <string.h>

static struct http_server server;

/* Of an attack as it would stand in a Link; what looks for it finds both. */
#define LINK_ATTACK ">; rel=\"evil\", <http://evil/>; rel=\"next"

static void open_server(void)
{
    static const char *const names[] = {"first", "second"};
    char path[64], document[1024];
    http_server_start(&server);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/v1/deployments/%s", names[i]);
        snprintf(document, sizeof document,
                 "{\"description\": \"a>; rel=\\\"evil\\\", <http://evil/>; rel=\\\"next\\\" b\", "
                 "\"spec\": {\"replicas\": 0, \"template\": {\"version\": \"1\", \"command\": "
                 "[\"x\"]}}}");
        cr_assert_eq(http_status(&server, "PUT", path, document), 201);
    }
}

static void close_server(void)
{
    http_server_release(&server);
}

TestSuite(header_injection, .init = open_server, .fini = close_server, .timeout = 120);

static const char *const values[] = {
    "\r\nX-Evil: 1",
    "\nX-Evil: 1",
    "\rX-Evil: 1",
    "a\r\n X-Evil: 1",
    "a\r\n\r\n<html>",
    "\xc4\x8d\xc4\x8aX-Evil: 1",         /* CR and LF when cut to bytes */
    "\xe5\x98\x8d\xe5\x98\x8aX-Evil: 1", /* likewise */
    "\xc2\x85X-Evil: 1",                 /* next line */
    "\xe2\x80\xa8X-Evil: 1",             /* line separator */
    "%0d%0aX-Evil: 1",
    "%250d%250aX-Evil: 1",
    "\\r\\nX-Evil: 1",
    "\vX-Evil: 1",
    "\033[2J",
    "\x7f",
    "\"; X-Evil: 1",
    LINK_ATTACK,
    "a, b",
    "a;b=c",
};
enum { VALUES = sizeof values / sizeof *values };

static const char *const own_headers[] = {
    "Accept-Patch",
    "Allow",
    "Cache-Control",
    "Connection",
    "Content-Length",
    "Content-Security-Policy",
    "Content-Type",
    "Date",
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Retry-After",
    "Transfer-Encoding",
    "WWW-Authenticate",
    "X-Content-Type-Options",
    "X-Index",
    "X-Request-Id",
};

static bool is_own(const char *line, size_t bytes)
{
    for (size_t i = 0; i < sizeof own_headers / sizeof *own_headers; i++) {
        size_t name_bytes = strlen(own_headers[i]);
        if (bytes > name_bytes && strncmp(line, own_headers[i], name_bytes) == 0 &&
            line[name_bytes] == ':')
            return true;
    }
    return false;
}

static void check_line(const char *line, size_t bytes, const char *what)
{
    cr_assert(is_own(line, bytes), "%s: %.*s", what, (int)bytes, line);
    for (size_t i = 0; i < bytes; i++)
        cr_assert(line[i] >= ' ' && line[i] < 0x7f, "%s: %.*s", what, (int)bytes, line);
    if (strncmp(line, "Link:", 5) != 0) return;
    const char *first = memchr(line, '>', bytes);
    cr_assert_null(memchr(first + 1, '>', bytes - (size_t)(first + 1 - line)), "%s: %.*s", what,
                   (int)bytes, line);
}

static void check_head(const char *reply, const char *what)
{
    const char *end = strstr(reply, "\r\n\r\n");
    cr_assert_not_null(end, "%s: %s", what, reply);
    const char *line = strstr(reply, "\r\n") + 2;
    while (line < end) {
        const char *next = strstr(line, "\r\n");
        check_line(line, (size_t)(next - line), what);
        line = next + 2;
    }
}

static int exchange(const struct text *request, struct text *reply, const char *what)
{
    text_clear(reply);
    int status = http_raw_exchange(&server, request->bytes, request->length, reply);
    cr_assert(status >= 200 && status < 500, "%s: %d %s", what, status, text_string(reply));
    check_head(text_string(reply), what);
    return status;
}

static void add_encoded(struct text *text, const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        text_printf(text, "%%%02X", (unsigned)(unsigned char)*c);
}

static const struct {
    const char *method;
    const char *before, *after; /* of the value, in the target */
} targets[] = {
    {"GET", "/v1/deployments?limit=1&search=", ""},
    {"GET", "/v1/deployments?limit=1&selector=a!%3D", ""},
    {"GET", "/v1/deployments?limit=1&q=not+name+%3D+%22", "%22"},
    {"GET", "/v1/deployments?limit=1&fields=", ""},
    {"GET", "/v1/deployments?limit=1&sort=", ""},
    {"GET", "/v1/deployments?limit=1&state=", ""},
    {"GET", "/v1/deployments?limit=1&cluster=", ""},
    {"GET", "/v1/deployments?limit=1&count=", ""},
    {"GET", "/v1/deployments?cursor=", ""},
    {"GET", "/v1/deployments?", "=1"},
    {"GET", "/v1/events?limit=1&search=", ""},
    {"GET", "/v1/labels?limit=1&prefix=", ""},
    {"GET", "/v1/deployments/", ""},
    {"GET", "/v1/deployments/first/revisions/", ""},
    {"GET", "/v1/deployments/first/revisions/1/diff?against=", ""},
    {"GET", "/v1/tokens/", ""},
    {"DELETE", "/v1/deployments/", ""},
    {"OPTIONS", "/v1/deployments/", ""},
    {"GET", "/", ""},
};

Test(header_injection, nothing_of_a_target_becomes_a_header)
{
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    size_t links = 0;
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        for (size_t j = 0; j < VALUES; j++) {
            text_clear(&request);
            text_printf(&request, "%s %s", targets[i].method, targets[i].before);
            add_encoded(&request, values[j]);
            text_printf(&request,
                        "%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                        "Connection: close\r\n\r\n",
                        targets[i].after, server.admin_token);
            exchange(&request, &reply, targets[i].before);
            links += strstr(text_string(&reply), "\r\nLink: <") != NULL;
        }
    }
    cr_assert_gt(links, 4, "hardly a Link repeated anything");
    text_release(&request);
    text_release(&reply);
}

static const char *const headers[] = {
    "X-Request-Id",     "Idempotency-Key", "Last-Event-ID",   "If-None-Match",
    "If-Match",         "Accept",          "Content-Type",    "Host",
    "Authorization",    "X-Forwarded-For", "Accept-Encoding", "Origin",
    "X-Forwarded-Host",
};

Test(header_injection, nothing_of_a_header_becomes_another)
{
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        bool is_host = strcmp(headers[i], "Host") == 0;
        bool is_token = strcmp(headers[i], "Authorization") == 0;
        for (size_t j = 0; j < VALUES; j++) {
            text_clear(&request);
            text_add(&request, "PUT /v1/deployments/first?dry_run=true HTTP/1.1\r\n");
            if (!is_host) text_add(&request, "Host: a\r\n");
            if (!is_token)
                text_printf(&request, "Authorization: Bearer %s\r\n", server.admin_token);
            text_printf(&request, "%s: a%s\r\nConnection: close\r\n\r\n", headers[i], values[j]);
            int status = exchange(&request, &reply, headers[i]);
            cr_assert_geq(status, 400, "%s: %s: %d", headers[i], values[j], status);
        }
    }
    text_release(&request);
    text_release(&reply);
}

/* In names that come back in Location, and in whatever else a body holds. */
static const char *const bodies[] = {
    "{\"name\": \"a\\r\\nX-Evil: 1\", \"spec\": {\"template\": {\"version\": \"1\"}}}",
    "{\"name\": \"a\\nX-Evil: 1\"}",
    "{\"name\": \"a%0d%0aX-Evil: 1\"}",
    "{\"name\": \"a\\u010d\\u010aX-Evil: 1\"}",
    "{\"name\": \"a\", \"cluster\": \"b\\r\\nX-Evil: 1\"}",
    "{\"name\": \"a\", \"X-Evil\\r\\n: 1\": 1}",
    "{\"name\": \"a\", \"labels\": {\"b\\r\\nX-Evil: 1\": \"c\"}}",
    "{\"name\": \"a\", \"labels\": {\"b\": \"c\\r\\nX-Evil: 1\"}}",
};

Test(header_injection, nothing_of_a_body_becomes_a_header)
{
    static const char *const paths[] = {"/v1/deployments", "/v1/tokens"};
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        for (size_t j = 0; j < 2; j++) {
            text_clear(&request);
            text_printf(&request,
                        "POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                        "Content-Type: application/json\r\nConnection: close\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        paths[j], server.admin_token, strlen(bodies[i]), bodies[i]);
            cr_assert_eq(exchange(&request, &reply, bodies[i]), 422, "%s", reply.bytes);
        }
    }
    text_release(&request);
    text_release(&reply);
}
