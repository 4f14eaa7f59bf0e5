/* Clients that take their time: each is cut by its deadline, nobody else waits. The limits are
 * shortened by flags; that a test ends at all is the proof, no clock is read. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, CROWD = 500 };

static struct http_server server = {
    .arguments = {"--arrival-timeout-ms=600", "--reply-timeout-ms=600", "--log-level=debug"}};

static void open_server(void)
{
    http_server_start(&server);
}

static void close_server(void)
{
    http_server_release(&server);
}

TestSuite(slow, .init = open_server, .fini = close_server, .timeout = 240);

static const char head[] =
    "PUT /v1/deployments/web HTTP/1.1\r\nHost: a\r\nX-Filler: aaaaaaaaaa\r\n";

static void expect_408(int fd)
{
    struct text reply;
    text_init(&reply, NULL);
    cr_assert(http_raw_read_to_end(fd, &reply, PATIENCE_MS), "the connection is never cut");
    cr_assert_eq(http_raw_status(text_string(&reply)), 408, "%s", reply.bytes);
    cr_assert_not_null(strstr(reply.bytes, "\"code\":\"request_timeout\""));
    text_release(&reply);
    close(fd);
}

static void expect_log(const char *text)
{
    char *log = http_server_log(&server);
    cr_assert_not_null(strstr(log, text), "no %s in the log", text);
    free(log);
}

Test(slow, a_first_line_that_never_ends_is_cut)
{
    int fd = http_raw_open(&server);
    http_raw_send(fd, "GET /li", 7);
    expect_408(fd);
}

Test(slow, headers_that_never_end_are_cut)
{
    int fd = http_raw_open(&server);
    http_raw_send(fd, head, sizeof head - 1);
    expect_408(fd);
}

Test(slow, a_body_that_never_ends_is_cut)
{
    struct text request;
    text_init(&request, NULL);
    text_printf(&request, "%sAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{", head,
                server.admin_token);
    int fd = http_raw_open(&server);
    http_raw_send(fd, request.bytes, request.length);
    expect_408(fd);
    text_release(&request);
}

Test(slow, a_second_request_that_never_ends_is_cut)
{
    static const char whole[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    struct text reply;
    text_init(&reply, NULL);
    int fd = http_raw_open(&server);
    http_raw_send(fd, whole, sizeof whole - 1);
    cr_assert_eq(http_raw_read_reply(fd, &reply), 200);
    struct pollfd file = {.fd = fd, .events = POLLIN};
    poll(&file, 1, 100); /* the next request comes after a pause */
    http_raw_send(fd, "GET /li", 7);
    expect_408(fd);
    text_release(&reply);
}

/* Bytes keep coming, so an inactivity limit would never fire. */
Test(slow, one_byte_now_and_then_does_not_help)
{
    int fd = http_raw_open(&server);
    struct pollfd file = {.fd = fd, .events = POLLIN};
    size_t sent = 0;
    for (; sent < sizeof head - 1; sent++) {
        http_raw_send(fd, &head[sent], 1);
        if (poll(&file, 1, 40) > 0) break;
    }
    cr_assert_lt(sent, sizeof head - 1, "all of the headers were taken");
    expect_408(fd);
}

Test(slow, a_body_whose_sender_has_left_is_dropped)
{
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    text_printf(&request, "%sAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{", head,
                server.admin_token);
    cr_assert_eq(http_raw_exchange(&server, request.bytes, request.length, &reply), 0);
    text_release(&request);
    text_release(&reply);
}

Test(slow, a_reply_that_nobody_takes_is_cut)
{
    static const char request[] = "GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n";
    int fd = http_raw_open(&server);
    int small = 4096;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    struct pollfd file = {.fd = fd};
    bool taken = true;
    for (int i = 0; i < 2000 && taken; i++)
        taken = send(fd, request, sizeof request - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    cr_assert_gt(poll(&file, 1, PATIENCE_MS), 0, "the connection is never cut");
    cr_assert(file.revents & (POLLHUP | POLLERR));
    expect_log("reason=reply_timeout");
    close(fd);
}

Test(slow, a_crowd_of_slow_clients_is_cut_while_a_good_one_is_served)
{
    static int crowd[CROWD];
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = http_raw_open(&server);
        http_raw_send(crowd[i], head, sizeof head - 1 - (size_t)(i % 50));
    }
    struct http_client client;
    http_client_open(&client, &server);
    for (int i = 0; i < 100; i++) {
        struct http_reply reply;
        http_do(&client, &(struct http_call){.path = "/v1/deployments"}, &reply);
        cr_assert_eq(reply.status, 200, "%s", reply.error);
        http_reply_release(&reply);
    }
    http_client_close(&client);
    for (int i = 0; i < CROWD; i++)
        expect_408(crowd[i]);
}

Test(slow, a_connection_without_a_request_is_closed_without_a_word)
{
    static const char whole[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    struct text reply;
    text_init(&reply, NULL);
    http_server_stop(&server);
    server.arguments[3] = "--idle-timeout-ms=300";
    http_server_start(&server);
    int fresh = http_raw_open(&server), used = http_raw_open(&server);
    http_raw_send(used, whole, sizeof whole - 1);
    cr_assert_eq(http_raw_read_reply(used, &reply), 200);
    text_clear(&reply);
    cr_assert(http_raw_read_to_end(used, &reply, PATIENCE_MS));
    cr_assert(http_raw_read_to_end(fresh, &reply, PATIENCE_MS));
    cr_assert_eq(reply.length, 0, "%s", reply.bytes);
    expect_log("reason=idle");
    close(fresh);
    close(used);
    text_release(&reply);
}
