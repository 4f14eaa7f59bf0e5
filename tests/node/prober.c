/* Checks against a small server that behaves as badly as the request's path says. */
#include "agent/prober.h"

#include "base/clock.h"
#include "base/heap.h"
#include "base/loop.h"
#include "base/text.h"
#include "client/curl_loop.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MANY = 300,
    REQUEST_BYTES = 2048,
    PATIENCE_MS = 30000,
    LONG_MS = 20000,
    TURNS_MOST = 100000
};

/* --- the server ---------------------------------------------------------------------------------
 */

struct bad_server {
    int listener;
    int64_t port;
    pthread_t thread;
    int held[MANY + 8]; /* connections that get no answer, or theirs later */
    size_t held_count;
    size_t together;             /* of them wait for each other */
    char request[REQUEST_BYTES]; /* the last one */
};

static void put(int fd, const char *bytes)
{
    send(fd, bytes, strlen(bytes), MSG_NOSIGNAL);
}

static void stream_for_ever(int fd, const char *head, const char *piece)
{
    put(fd, head);
    while (send(fd, piece, strlen(piece), MSG_NOSIGNAL) > 0)
        continue;
}

static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void hold(struct bad_server *server, int fd)
{
    server->held[server->held_count++] = dup(fd);
}

/* Answers when all have come, so none is answered unless all run at once. */
static void answer_together(struct bad_server *server, int fd)
{
    hold(server, fd);
    if (++server->together < MANY) return;
    for (size_t i = 0; i < server->held_count; i++)
        put(server->held[i], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

struct behaviour {
    const char *path;
    const char *answer;   /* sent whole, then closed */
    const char *for_ever; /* repeated after it */
    void (*act)(int fd);
    void (*keep)(struct bad_server *server, int fd);
};

#define BLANKS_4 "    "
#define BLANKS_16 BLANKS_4 BLANKS_4 BLANKS_4 BLANKS_4
#define BLANKS_64 BLANKS_16 BLANKS_16 BLANKS_16 BLANKS_16
#define BLANKS_256 BLANKS_64 BLANKS_64 BLANKS_64 BLANKS_64
#define BLANKS_1024 BLANKS_256 BLANKS_256 BLANKS_256 BLANKS_256
#define BLANKS_1020                                                                                \
    BLANKS_256 BLANKS_256 BLANKS_256 BLANKS_64 BLANKS_64 BLANKS_64 BLANKS_16 BLANKS_16 BLANKS_16   \
        BLANKS_4 BLANKS_4 BLANKS_4
#define BLANKS_4092 BLANKS_1024 BLANKS_1024 BLANKS_1024 BLANKS_1020
#define BODY_HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

static const struct behaviour behaviours[] = {
    {.path = "/ok", .answer = BODY_HEAD "Content-Length: 2\r\n\r\nok"},
    {.path = "/empty", .answer = "HTTP/1.1 204 No Content\r\n\r\n"},
    {.path = "/redirect",
     .answer = "HTTP/1.1 302 Found\r\nLocation: /404\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/404",
     .answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 38\r\n\r\n"
               "no  such\r\n\tpage \x1b[31m\x07 \xff caf\xc3\xa9\n\n there\n"},
    {.path = "/500", .answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"},
    {.path = "/no-length", .answer = "HTTP/1.1 503 Busy\r\n\r\nwarming up"},
    {.path = "/endless", .answer = BODY_HEAD "\r\n", .for_ever = "and on and on and on "},
    {.path = "/endless-500", .answer = "HTTP/1.1 500 Oops\r\n\r\n", .for_ever = "broken "},
    /* A word as the last that is read of a body, and one byte behind that. */
    {.path = "/late", .answer = BODY_HEAD "\r\n" BLANKS_4092 "here"},
    {.path = "/later", .answer = BODY_HEAD "\r\n" BLANKS_4092 " here"},
    {.path = "/2gib",
     .answer = BODY_HEAD "Content-Length: 2147483648\r\n\r\n",
     .for_ever = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {.path = "/chunks",
     .answer = BODY_HEAD "Transfer-Encoding: chunked\r\n\r\n",
     .for_ever = "a\r\n0123456789\r\n"},
    {.path = "/headers", .answer = BODY_HEAD, .for_ever = "X-More: and on and on and on\r\n"},
    {.path = "/continue", .answer = "", .for_ever = "HTTP/1.1 100 Continue\r\n\r\n"},
    {.path = "/one-header",
     .answer = "HTTP/1.1 200 OK\r\nX-More: ",
     .for_ever = "and on and on and on "},
    {.path = "/folded", .answer = "HTTP/1.1 200 OK\r\n X-Folded: 1\r\nContent-Length: 2\r\n\r\nok"},
    {.path = "/garbage", .answer = "\x01\x02 220 mail.example ESMTP\r\n\r\n"},
    {.path = "/bad-chunk", .answer = BODY_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello"},
    {.path = "/bad-length", .answer = BODY_HEAD "Content-Length: many\r\n\r\nok"},
    {.path = "/short", .answer = BODY_HEAD "Content-Length: 100\r\n\r\nok"},
    {.path = "/close"},
    {.path = "/reset", .act = reset},
    {.path = "/silent", .keep = hold},
    {.path = "/together", .keep = answer_together},
};

static const struct behaviour *behaviour_of(const char *request)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++) {
        size_t bytes = strlen(behaviours[i].path);
        if (!text_starts(request, "GET ")) continue;
        if (strncmp(request + 4, behaviours[i].path, bytes) == 0 &&
            (request[4 + bytes] == ' ' || request[4 + bytes] == '?'))
            return &behaviours[i];
    }
    return NULL;
}

static void serve(struct bad_server *server, int fd)
{
    size_t length = 0;
    while (length + 1 < REQUEST_BYTES) {
        ssize_t got = recv(fd, server->request + length, REQUEST_BYTES - 1 - length, 0);
        if (got <= 0) return;
        length += (size_t)got;
        server->request[length] = '\0';
        if (strstr(server->request, "\r\n\r\n") != NULL) break;
    }
    const struct behaviour *behaviour = behaviour_of(server->request);
    if (behaviour == NULL) return;
    if (behaviour->keep != NULL) behaviour->keep(server, fd);
    if (behaviour->act != NULL) behaviour->act(fd);
    if (behaviour->for_ever != NULL)
        stream_for_ever(fd, behaviour->answer, behaviour->for_ever);
    else if (behaviour->answer != NULL)
        put(fd, behaviour->answer);
}

static void *run_server(void *self)
{
    struct bad_server *server = self;
    int fd;
    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        serve(server, fd);
        close(fd);
    }
    return NULL;
}

static int bound_socket(int family, const char *address, int64_t *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    bool ipv6 = family == AF_INET6;
    struct sockaddr *any = ipv6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
    socklen_t bytes = ipv6 ? sizeof in6 : sizeof in;
    inet_pton(family, address, ipv6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (bind(fd, any, bytes) != 0 || getsockname(fd, any, &bytes) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(ipv6 ? in6.sin6_port : in.sin_port);
    return fd;
}

static bool server_start(struct bad_server *server, int family, const char *address)
{
    *server = (struct bad_server){0};
    server->listener = bound_socket(family, address, &server->port);
    if (server->listener < 0) return false;
    cr_assert_eq(listen(server->listener, MANY + 8), 0);
    cr_assert_eq(pthread_create(&server->thread, NULL, run_server, server), 0);
    return true;
}

static void server_stop(struct bad_server *server)
{
    shutdown(server->listener, SHUT_RDWR); /* ends accept() */
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (size_t i = 0; i < server->held_count; i++)
        close(server->held[i]);
}

/* --- the node's side
 * ------------------------------------------------------------------------------ */

struct node {
    struct clock clock;
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct prober *prober;
    struct bad_server server;
    size_t answers; /* of all its checks */
};

struct test_check {
    struct check check;
    struct node *node;
    struct probe_answer answer;
    size_t answers;
};

static void on_answer(struct check *check, const struct probe_answer *answer)
{
    struct test_check *test = CONTAINER_OF(check, struct test_check, check);
    test->answer = *answer;
    test->answers++;
    test->node->answers++;
}

static void node_open(struct node *node)
{
    struct err err = {0};
    *node = (struct node){.clock = clock_system()};
    cr_assert_eq(curl_global_init(CURL_GLOBAL_DEFAULT), CURLE_OK);
    cr_assert_eq(loop_open(&node->loop, &node->clock, &err), ERR_OK, "%s", err.detail);
    cr_assert_eq(curl_loop_open(&node->curl_loop, node->loop, 4, &err), ERR_OK, "%s", err.detail);
    cr_assert_eq(prober_open(&node->prober, node->curl_loop, &err), ERR_OK, "%s", err.detail);
    cr_assert(server_start(&node->server, AF_INET, "127.0.0.1"));
}

static void node_close(struct node *node)
{
    prober_close(node->prober);
    curl_loop_close(node->curl_loop);
    loop_close(node->loop);
    server_stop(&node->server);
    curl_global_cleanup();
}

static struct test_check test_check(struct node *node)
{
    return (struct test_check){.check = {.answered = on_answer}, .node = node};
}

static void start(struct test_check *test, const char *path, int64_t timeout_ms)
{
    struct check_target target = {.address = "127.0.0.1",
                                  .port = test->node->server.port,
                                  .path = path,
                                  .timeout_ms = timeout_ms};
    check_start(test->node->prober, &test->check, &target);
}

static void wait_for(struct node *node, size_t answers)
{
    for (int i = 0; i < TURNS_MOST && node->answers < answers; i++)
        loop_turn(node->loop, PATIENCE_MS);
    cr_assert_eq(node->answers, answers);
}

static struct probe_answer ask(struct node *node, const struct check_target *target)
{
    struct test_check test = test_check(node);
    size_t before = node->answers;
    check_start(node->prober, &test.check, target);
    wait_for(node, before + 1);
    cr_assert_null(test.check.slot);
    return test.answer;
}

static struct probe_answer ask_path(struct node *node, const char *path, int64_t timeout_ms)
{
    struct check_target target = {
        .address = "127.0.0.1", .port = node->server.port, .path = path, .timeout_ms = timeout_ms};
    return ask(node, &target);
}

/* --- tests
 * ------------------------------------------------------------------------------------------ */

struct expectation {
    const char *path;
    int64_t timeout_ms;
    const char *reason; /* "" = it passes */
};

static const struct expectation expectations[] = {
    {"/ok", LONG_MS, ""},
    {"/ok?deep=1&x=%20", LONG_MS, ""},
    /* What is folded has nothing to do with a header of the answer before. */
    {"/folded", LONG_MS, "sent no valid HTTP answer"},
    {"/folded", LONG_MS, "sent no valid HTTP answer"},
    {"/empty", LONG_MS, ""},
    {"/redirect", LONG_MS, ""},
    {"/404", LONG_MS, "answered 404 «no such page ?[31m? ? café there»"},
    {"/500", LONG_MS, "answered 500"},
    {"/no-length", LONG_MS, "answered 503 «warming up»"},
    {"/endless", LONG_MS, ""},
    {"/endless-500", LONG_MS,
     "answered 500 «broken broken broken broken broken broken broken broken broken broken broken "
     "broken broken broken br…»"},
    {"/2gib", LONG_MS, ""},
    {"/chunks", LONG_MS, ""},
    {"/headers", LONG_MS, "sent no valid HTTP answer"},
    {"/continue", LONG_MS, "sent no valid HTTP answer"},
    {"/one-header", LONG_MS, "sent no valid HTTP answer"},
    {"/garbage", LONG_MS, "sent no valid HTTP answer"},
    {"/bad-chunk", LONG_MS, "sent no valid HTTP answer"},
    {"/bad-length", LONG_MS, "sent no valid HTTP answer"},
    {"/short", LONG_MS, "closed before the answer was complete"},
    {"/close", LONG_MS, "closed without an answer"},
    {"/reset", LONG_MS, "connection reset"},
    {"/bad-chunk", LONG_MS, "sent no valid HTTP answer"}, /* the error before is forgotten */
    {"/silent", 50, "timed out after 50 ms"},
    {"/silent", 1000, "timed out after 1 s"},
};

Test(prober, each_way_to_answer_is_told_apart)
{
    struct node node;
    node_open(&node);
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const struct expectation *expected = &expectations[i];
        struct probe_answer answer = ask_path(&node, expected->path, expected->timeout_ms);
        cr_expect_str_eq(answer.reason, expected->reason, "%s: '%s'", expected->path,
                         answer.reason);
        cr_expect_eq(answer.ok, expected->reason[0] == '\0', "%s", expected->path);
        cr_expect(answer.duration_us > 0, "%s", expected->path);
    }
    node_close(&node);
}

static const struct {
    const char *path;
    int64_t status;
    const char *substring;
    const char *reason; /* "" = it passes */
} canaries[] = {
    {"/ok", 200, NULL, ""},
    {"/ok", 200, "ok", ""},
    {"/ok", 200, "OK", "answered 200 without «OK»"},
    {"/ok", 200, "okay", "answered 200 without «okay»"},
    {"/ok", 200, "a\tb\r\n \x1b[31m", "answered 200 without «a b ?[31m»"},
    {"/ok", 200,
     "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
     "0123456789 0123456789",
     "answered 200 without «0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
     "0123456789 0123456789 0123456789 0…»"},
    {"/ok", 201, "ok", "answered 200 «ok»"},
    {"/empty", 204, NULL, ""},
    {"/empty", 204, "ok", "answered 204 without «ok»"},
    {"/empty", 200, NULL, "answered 204"},
    {"/redirect", 200, NULL, "answered 302"},
    {"/redirect", 302, NULL, ""},
    {"/404", 404, "caf\xc3\xa9\n", ""}, /* behind what is no text */
    {"/404", 200, "page", "answered 404 «no such page ?[31m? ? café there»"},
    {"/500", 200, NULL, "answered 500"},
    {"/endless", 200, "and on", ""},
    {"/endless", 200, "the end", "answered 200 without «the end»"},
    {"/late", 200, "here", ""},
    {"/later", 200, "here", "answered 200 without «here»"},
    {"/close", 200, "ok", "closed without an answer"},
    {"/ok", 0, "ok", ""},
    {"/redirect", 0, NULL, ""},
    {"/ok", 200, NULL, ""}, /* nothing is left of the one before */
};

Test(prober, a_canary_is_asked_for_a_status_and_a_word)
{
    struct node node;
    node_open(&node);
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++) {
        const struct check_target target = {.address = "127.0.0.1",
                                            .port = node.server.port,
                                            .path = canaries[i].path,
                                            .timeout_ms = LONG_MS,
                                            .expect_status = canaries[i].status,
                                            .expect_substring = canaries[i].substring};
        struct probe_answer answer = ask(&node, &target);
        cr_expect_str_eq(answer.reason, canaries[i].reason, "%zu: '%s'", i, answer.reason);
        cr_expect_eq(answer.ok, canaries[i].reason[0] == '\0', "%zu", i);
    }
    cr_assert(ask_path(&node, "/redirect", LONG_MS).ok);
    node_close(&node);
}

Test(prober, the_request_is_what_a_new_client_sends_with_the_path_as_it_is)
{
    struct node node;
    node_open(&node);
    cr_assert(ask_path(&node, "/ok?a=/../b&c=\"d\"&e=\xc3\xa4|#f", LONG_MS).ok);
    const char *request = node.server.request;
    cr_assert(text_starts(request, "GET /ok?a=/../b&c=\"d\"&e=\xc3\xa4|#f HTTP/1.1\r\n"), "%s",
              request);
    cr_assert_not_null(strstr(request, "\r\nHost: 127.0.0.1:"));
    cr_assert_not_null(strstr(request, "\r\nUser-Agent: dogshore-probe/" DOGSHORE_VERSION "\r\n"));
    cr_assert_not_null(strstr(request, "\r\nConnection: close\r\n"));
    node_close(&node);
}

Test(prober, a_port_that_nothing_listens_on_refuses)
{
    struct node node;
    struct check_target target = {.address = "127.0.0.1", .timeout_ms = LONG_MS};
    node_open(&node);
    int fd = bound_socket(AF_INET, "127.0.0.1", &target.port);
    struct probe_answer answer = ask(&node, &target);
    cr_assert(!answer.ok);
    cr_assert_str_eq(answer.reason, "connection refused");
    target.path = "/ok";
    answer = ask(&node, &target);
    cr_assert(!answer.ok);
    cr_assert_str_eq(answer.reason, "connection refused");
    close(fd);
    node_close(&node);
}

Test(prober, connecting_is_enough_for_tcp)
{
    struct node node;
    node_open(&node);
    for (int i = 0; i < 3; i++) {
        struct probe_answer answer = ask_path(&node, NULL, LONG_MS);
        cr_assert(answer.ok, "%s", answer.reason);
        cr_assert_str_eq(answer.reason, "");
        cr_assert(ask_path(&node, "/ok", LONG_MS).ok); /* the same handle does both */
    }
    node_close(&node);
}

/* Its backlog is full, so that the handshake is not answered. */
Test(prober, a_connection_that_is_not_made_times_out)
{
    struct node node;
    struct check_target target = {.address = "127.0.0.1", .timeout_ms = 100};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int clients[8];
    node_open(&node);
    int fd = bound_socket(AF_INET, "127.0.0.1", &target.port);
    cr_assert_eq(listen(fd, 0), 0);
    in.sin_port = htons((uint16_t)target.port);
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(clients[i], (struct sockaddr *)&in, sizeof in);
    }
    struct probe_answer answer = ask(&node, &target);
    cr_assert(!answer.ok);
    cr_assert_str_eq(answer.reason, "timed out after 100 ms");
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
        close(clients[i]);
    close(fd);
    node_close(&node);
}

Test(prober, an_ipv6_address_needs_no_brackets)
{
    struct node node;
    struct bad_server server;
    node_open(&node);
    if (!server_start(&server, AF_INET6, "::1")) cr_skip_test("this machine has no IPv6");
    struct check_target target = {
        .address = "::1", .port = server.port, .path = "/ok", .timeout_ms = LONG_MS};
    struct probe_answer answer = ask(&node, &target);
    cr_assert(answer.ok, "%s", answer.reason);
    cr_assert_not_null(strstr(server.request, "\r\nHost: [::1]:"));
    server_stop(&server);
    node_close(&node);
}

Test(prober, a_name_that_is_none_is_not_resolved)
{
    struct node node;
    struct check_target target = {
        .address = "no-such-host.invalid", .port = 80, .path = "/", .timeout_ms = LONG_MS};
    node_open(&node);
    struct probe_answer answer = ask(&node, &target);
    cr_assert(!answer.ok);
    cr_assert_str_eq(answer.reason, "could not resolve no-such-host.invalid");
    node_close(&node);
}

Test(prober, a_cancelled_check_is_not_answered_and_can_start_again)
{
    struct node node;
    node_open(&node);
    struct test_check test = test_check(&node);
    check_cancel(node.prober, &test.check); /* none is running */
    for (int i = 0; i < 20; i++) {
        start(&test, "/silent", LONG_MS);
        for (int turn = 0; turn < i % 4; turn++)
            loop_turn(node.loop, 0);
        check_cancel(node.prober, &test.check);
        cr_assert_null(test.check.slot);
        check_cancel(node.prober, &test.check);
    }
    cr_assert_eq(test.answers, 0);
    start(&test, "/ok", LONG_MS);
    wait_for(&node, 1);
    cr_assert(test.answer.ok, "%s", test.answer.reason);
    node_close(&node);
}

Test(prober, closing_cancels_what_runs)
{
    struct node node;
    struct test_check tests[20];
    node_open(&node);
    for (size_t i = 0; i < 20; i++) {
        tests[i] = test_check(&node);
        start(&tests[i], i % 2 == 0 ? "/silent" : NULL, LONG_MS);
    }
    node_close(&node);
    for (size_t i = 0; i < 20; i++)
        cr_assert_eq(tests[i].answers, 0);
}

struct chained {
    struct test_check test;
    int left;
};

static void start_next(struct check *check, const struct probe_answer *answer)
{
    struct chained *chained =
        CONTAINER_OF(CONTAINER_OF(check, struct test_check, check), struct chained, test);
    on_answer(check, answer);
    if (chained->left-- > 0) start(&chained->test, "/ok", LONG_MS);
}

Test(prober, the_next_check_may_start_from_the_answer)
{
    struct node node;
    node_open(&node);
    struct chained chained = {.test = test_check(&node), .left = 50};
    chained.test.check.answered = start_next;
    start(&chained.test, "/ok", LONG_MS);
    wait_for(&node, 51);
    cr_assert(chained.test.answer.ok);
    node_close(&node);
}

static size_t open_files(void)
{
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++)
        if (fcntl(fd, F_GETFD) >= 0) count++;
    return count;
}

Test(prober, many_checks_run_at_once)
{
    static struct test_check tests[MANY];
    struct node node;
    node_open(&node);
    for (size_t i = 0; i < MANY; i++) {
        tests[i] = test_check(&node);
        start(&tests[i], "/together", PATIENCE_MS);
    }
    wait_for(&node, MANY);
    for (size_t i = 0; i < MANY; i++)
        cr_assert(tests[i].answer.ok && tests[i].answers == 1, "%s", tests[i].answer.reason);
    node_close(&node);
    cr_assert(open_files() < 20);
}

static int64_t peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

Test(prober, endless_answers_cost_no_memory)
{
    static const char *const paths[] = {"/2gib", "/endless", "/chunks", "/endless-500", "/headers"};
    struct node node;
    node_open(&node);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        ask_path(&node, paths[i], LONG_MS);
    int64_t before = peak_kib();
    for (int i = 0; i < 200; i++)
        ask_path(&node, paths[(size_t)i % (sizeof paths / sizeof *paths)], LONG_MS);
    /* The sanitizer keeps what was freed for a while. */
    cr_assert(peak_kib() - before < 64 * 1024, "%ld KiB more", (long)(peak_kib() - before));
    node_close(&node);
}
