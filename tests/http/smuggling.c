/* Requests whose end can be seen in two ways: each is refused and its connection closed, so that
 * the bytes behind it never become a request. What they would do is visible: they pause a
 * witness, with the admin's token. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

static struct http_server server;
static struct text witness;

static void read_witness(struct text *body)
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = "/v1/deployments/witness"}, &reply);
    cr_assert_eq(reply.status, 200, "the witness: %d %s", reply.status, text_string(&reply.body));
    text_clear(body);
    text_add(body, text_string(&reply.body));
    http_reply_release(&reply);
    http_client_close(&client);
}

static void open_server(void)
{
    text_init(&witness, NULL);
    /* What is taken for less than a request ends soon. */
    server.arguments[0] = "--arrival-timeout-ms=1000";
    server.arguments[1] = "--idle-timeout-ms=1000";
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "witness", "1", 0), 201);
    http_settled_index(&server, "witness");
    read_witness(&witness);
}

static void close_server(void)
{
    text_release(&witness);
    http_server_release(&server);
}

TestSuite(smuggling, .init = open_server, .fini = close_server, .timeout = 240);

static bool witness_is_untouched(void)
{
    struct text now;
    text_init(&now, NULL);
    read_witness(&now);
    bool same = strcmp(text_string(&now), text_string(&witness)) == 0;
    text_clear(&witness);
    text_add(&witness, text_string(&now));
    text_release(&now);
    return same;
}

struct row {
    const char *what;
    const char *head; /* below the first line and Host; the token's line is added */
    const char *tail; /* after the empty line; the second request follows */
};

/* The second request stands alone: whoever takes these bytes for one runs it. */
static void add_second(struct text *text)
{
    text_printf(text,
                "POST /v1/deployments/witness/pause HTTP/1.1\r\nHost: a\r\n"
                "Authorization: Bearer %s\r\n\r\n",
                server.admin_token);
}

static size_t count_of(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word))
        count++;
    return count;
}

/* The status; 0 when the connection ends without a reply. It must end by itself. */
static int send_and_end(const struct text *request, struct text *reply)
{
    int fd = http_raw_open(&server);
    text_clear(reply);
    http_raw_send(fd, request->bytes, request->length);
    cr_assert(http_raw_read_to_end(fd, reply, PATIENCE_MS), "the connection stays open");
    close(fd);
    return http_raw_status(text_string(reply));
}

static void build(struct text *request, const struct row *row)
{
    text_clear(request);
    text_printf(request,
                "PUT /v1/deployments/witness/scale HTTP/1.1\r\nHost: a\r\n"
                "Authorization: Bearer %s\r\nContent-Type: application/json\r\n%s\r\n%s",
                server.admin_token, row->head, row->tail);
    add_second(request);
}

static const char *problem_with(const struct row *row, struct text *request, struct text *reply)
{
    build(request, row);
    int status = send_and_end(request, reply);
    if (status != 400 && status != 413) return "is not refused";
    /* libmicrohttpd writes the head of its own refusals twice. */
    if (count_of(text_string(reply), "HTTP/1.1 ") != count_of(text_string(reply), "HTTP/1.1 4"))
        return "has a second reply";
    if (strstr(text_string(reply), "Connection: close\r\n") == NULL) return "is left open";
    return witness_is_untouched() ? NULL : "let the second request run";
}

#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define SCALED "14\r\n{\"replicas\":       7}\r\n"

static const struct row lengths[] = {
    {"a length and chunks", "Content-Length: 4\r\n" CHUNKED, "0\r\n\r\n"},
    {"chunks and a length", CHUNKED "Content-Length: 4\r\n", "0\r\n\r\n"},
    {"a length of 0 and chunks", "Content-Length: 0\r\n" CHUNKED, "0\r\n\r\n"},
    {"two lengths", "Content-Length: 0\r\nContent-Length: 9\r\n", ""},
    {"the same length twice", "Content-Length: 0\r\nContent-Length: 0\r\n", ""},
    {"a list of lengths", "Content-Length: 0, 0\r\n", ""},
    {"an empty length", "Content-Length:\r\n", ""},
    {"a length with a plus", "Content-Length: +0\r\n", ""},
    {"a length with a minus", "Content-Length: -0\r\n", ""},
    {"a length with a blank within", "Content-Length: 0 0\r\n", ""},
    {"a length with a comma", "Content-Length: 0,\r\n", ""},
    {"a hexadecimal length", "Content-Length: 0x0\r\n", ""},
    {"an octal length", "Content-Length: 0o0\r\n", ""},
    {"a fraction", "Content-Length: 0.0\r\n", ""},
    {"an exponent", "Content-Length: 0e0\r\n", ""},
    {"a quoted length", "Content-Length: \"0\"\r\n", ""},
    {"a length of 2^64", "Content-Length: 18446744073709551616\r\n", ""},
    {"a length of 2^63", "Content-Length: 9223372036854775808\r\n", ""},
    {"a length with a vertical tab", "Content-Length: \v0\r\n", ""},
    {"a length with a NUL-like escape", "Content-Length: 0%00\r\n", ""},
    {"a length in full-width digits", "Content-Length: \xef\xbc\x90\r\n", ""},
};

static const struct row codings[] = {
    {"identity", "Transfer-Encoding: identity\r\n", ""},
    {"gzip", "Transfer-Encoding: gzip\r\n", ""},
    {"gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"},
    {"chunked, identity", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"},
    {"chunked twice", CHUNKED CHUNKED, "0\r\n\r\n"},
    {"chunked and another", CHUNKED "Transfer-Encoding: x\r\n", "0\r\n\r\n"},
    {"xchunked", "Transfer-Encoding: xchunked\r\n", ""},
    {"a vertical tab", "Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"},
    {"quotes", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"},
    {"a parameter", "Transfer-Encoding: chunked;a=b\r\n", "0\r\n\r\n"},
    {"a comma", "Transfer-Encoding: chunked,\r\n", "0\r\n\r\n"},
    {"an empty coding", "Transfer-Encoding:\r\n", ""},
    {"a coding with a long s", "Transfer-Encoding: chun\xc5\xbfked\r\n", ""},
};

static const struct row lines[] = {
    {"a blank before the colon", "Content-Length : 0\r\n", ""},
    {"a tab before the colon", "Content-Length\t: 0\r\n", ""},
    {"a blank before the name", " Content-Length: 0\r\n", ""},
    {"a line without a colon", "Content-Length 0\r\n", ""},
    {"no name", ": 0\r\n", ""},
    {"a name in quotes", "\"Content-Length\": 0\r\n", ""},
    {"a folded value", "X-A: b\r\n c\r\n", ""},
    {"a value folded with a tab", "X-A: b\r\n\tc\r\n", ""},
    {"a coding in a folded value", "X-A: b\r\n Transfer-Encoding: chunked\r\n", "0\r\n\r\n"},
    {"a folded coding", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"},
    {"a folded length", "Content-Length: 1\r\n 0\r\n", "0123456789"},
    {"LF alone ends a line", "X-A: b\nX-B: c\r\n", ""},
    {"a coding after LF alone", "X-A: b\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
    {"CR alone ends a line", "X-A: b\rX-B: c\r\n", ""},
    {"a coding after CR alone", "X-A: b\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
    {"LF alone ends the headers", "X-A: b\n\n", ""},
    {"LF after CR LF ends the headers", "X-A: b\r\n\n", ""},
    {"CR CR LF", "X-A: b\r\r\n", ""},
    {"two hosts", "Host: b\r\n", ""},
    {"two tokens", "Authorization: Bearer x\r\n", ""},
    {"two kinds of content", "Content-Type: text/plain\r\n", ""},
    {"a control character", "X-A: \001\r\n", ""},
    {"an escape", "X-A: \033[2J\r\n", ""},
    {"DEL", "X-A: \177\r\n", ""},
};

static const struct row chunks[] = {
    {"a size with a plus", CHUNKED, "+0\r\n\r\n"},
    {"a size with a minus", CHUNKED, "-1\r\n\r\n"},
    {"a size with 0x", CHUNKED, "0x0\r\n\r\n"},
    {"no size", CHUNKED, "\r\n\r\n"},
    {"a size that is none", CHUNKED, "zz\r\n\r\n"},
    {"a size of 2^64", CHUNKED, "10000000000000000\r\n\r\n"},
    {"a size of 2^64 and 20", CHUNKED,
     "1000000000000000014\r\n{\"replicas\":       7}\r\n0\r\n\r\n"},
    {"a size that ends with a blank and more", CHUNKED, "0 0\r\n\r\n"},
    {"a chunk longer than its size", CHUNKED, "1\r\n{\"replicas\": 7}\r\n0\r\n\r\n"},
    {"a chunk without its end", CHUNKED, "e\r\n{\"replicas\":7}0\r\n\r\n"},
};

static void expect_all_refused(const struct row *rows, size_t count)
{
    struct text request, reply, problems;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    text_init(&problems, NULL);
    for (size_t i = 0; i < count; i++) {
        const char *problem = problem_with(&rows[i], &request, &reply);
        if (problem != NULL)
            text_printf(&problems, "%s %s: %d\n", rows[i].what, problem,
                        http_raw_status(text_string(&reply)));
    }
    cr_assert_eq(problems.length, 0, "%s", text_string(&problems));
    text_release(&request);
    text_release(&reply);
    text_release(&problems);
}

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

Test(smuggling, lengths_that_can_be_read_in_two_ways_are_refused)
{
    expect_all_refused(lengths, COUNT(lengths));
}

Test(smuggling, codings_that_can_be_read_in_two_ways_are_refused)
{
    expect_all_refused(codings, COUNT(codings));
}

Test(smuggling, lines_that_can_be_read_in_two_ways_are_refused)
{
    expect_all_refused(lines, COUNT(lines));
}

Test(smuggling, chunks_that_can_be_read_in_two_ways_are_refused)
{
    expect_all_refused(chunks, COUNT(chunks));
}

/* Who may and what follows is settled before a trailer comes. */
Test(smuggling, trailers_change_nothing)
{
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    text_printf(&request,
                "POST /v1/deployments/witness/pause HTTP/1.1\r\nHost: a\r\n" CHUNKED
                "\r\n0\r\nAuthorization: Bearer %s\r\nContent-Length: 900\r\n"
                "Transfer-Encoding: gzip\r\n\r\n"
                "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                server.admin_token);
    cr_assert_eq(send_and_end(&request, &reply), 401, "%s", text_string(&reply));
    cr_assert_not_null(strstr(text_string(&reply), "{\"status\":\"alive\"}"));
    cr_assert(witness_is_untouched());
    text_release(&request);
    text_release(&reply);
}

/* Two good requests with odd but plain lines, in two pieces, cut at each place in turn. */
Test(smuggling, plain_requests_are_served_however_they_arrive)
{
    static const char two[] =
        "GET /livez HTTP/1.1\r\nHost:a\r\nX-Empty:\r\nX-Blank:  \r\nX-A: \t b  c \t \r\n\r\n"
        "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct text reply;
    text_init(&reply, NULL);
    for (size_t cut = 1; cut < sizeof two - 1; cut++) {
        int fd = http_raw_open(&server);
        struct pollfd file = {.fd = fd, .events = POLLIN};
        text_clear(&reply);
        http_raw_send(fd, two, cut);
        poll(&file, 1, 2);
        http_raw_send(fd, two + cut, sizeof two - 1 - cut);
        cr_assert(http_raw_read_to_end(fd, &reply, PATIENCE_MS));
        cr_assert_eq(count_of(text_string(&reply), "HTTP/1.1 200 OK\r\n"), 2, "cut at %zu: %s", cut,
                     text_string(&reply));
        close(fd);
    }
    text_release(&reply);
}
