/* The example service, as a program: what it answers, and how it behaves and misbehaves. */
#include "agent/ports.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, ARGUMENTS_MOST = 16, REPLY_BYTES = 4096, MANY = 250 };

struct example {
    pid_t pid;
    int64_t port;
    int log; /* its stdout */
    char line[512];
};

/* --- the process --------------------------------------------------------------------------------
 */

static void execute(const struct example *example, const char *const *flags, int out)
{
    char port[16];
    const char *arguments[ARGUMENTS_MOST] = {"dogshore-example", "--port", port};
    size_t count = 3;
    snprintf(port, sizeof port, "%" PRId64, example->port);
    while (*flags != NULL && count + 1 < ARGUMENTS_MOST)
        arguments[count++] = *flags++;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
    dup2(out, STDOUT_FILENO);
    setenv("DOGSHORE_REPLICA", "web-1f", 1);
    execv(DOGSHORE_BINARY_DIR "/dogshore-example", (char *const *)arguments);
    _exit(127);
}

static void launch(struct example *example, const char *const *flags)
{
    int ends[2];
    struct err err = {0};
    struct port_range *range;
    cr_assert_eq(port_range_open(&range, "20000-29999", &err), ERR_OK);
    cr_assert_eq(port_take(range, &example->port, &err), ERR_OK, "%s", err.detail);
    port_range_close(range);
    cr_assert_eq(pipe(ends), 0);
    example->pid = fork();
    if (example->pid == 0) execute(example, flags, ends[1]);
    close(ends[1]);
    example->log = ends[0];
}

/* Reads its log up to a line that has `word`, which stays in example->line. */
static bool log_says(struct example *example, const char *word)
{
    size_t length = 0;
    while (true) {
        struct pollfd log = {.fd = example->log, .events = POLLIN};
        if (poll(&log, 1, PATIENCE_MS) <= 0) return false;
        if (read(example->log, example->line + length, 1) != 1) return false;
        if (example->line[length] != '\n' && length + 2 < sizeof example->line) {
            length++;
            continue;
        }
        example->line[length] = '\0';
        if (strstr(example->line, word) != NULL) return true;
        length = 0;
    }
}

static void start(struct example *example, const char *const *flags)
{
    launch(example, flags);
    cr_assert(log_says(example, "event=start"));
}

static int wait_status(struct example *example)
{
    int status;
    cr_assert_eq(waitpid(example->pid, &status, 0), example->pid);
    close(example->log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void stop(struct example *example)
{
    kill(example->pid, SIGTERM);
    cr_assert_eq(wait_status(example), 0);
}

/* --- its clients
 * ---------------------------------------------------------------------------------- */

static int try_connect(const struct example *example)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)example->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0) return fd;
    close(fd);
    return -1;
}

static void ask(int fd, const char *request)
{
    cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
}

/* Until the other end closes, or `bytes` have come. */
static void read_reply(int fd, char *reply, size_t bytes)
{
    size_t length = 0;
    while (length < bytes) {
        struct pollfd file = {.fd = fd, .events = POLLIN};
        cr_assert_gt(poll(&file, 1, PATIENCE_MS), 0);
        ssize_t got = recv(fd, reply + length, bytes - length, 0);
        if (got <= 0) break;
        length += (size_t)got;
    }
    reply[length] = '\0';
}

/* One request on a connection of its own. */
static void get(const struct example *example, const char *path, char reply[REPLY_BYTES])
{
    char request[256];
    int fd = try_connect(example);
    cr_assert(fd >= 0);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             path);
    ask(fd, request);
    read_reply(fd, reply, REPLY_BYTES - 1);
    close(fd);
}

static void expect(const struct example *example, const char *path, int status, const char *body)
{
    char reply[REPLY_BYTES], head[32];
    get(example, path, reply);
    snprintf(head, sizeof head, "HTTP/1.1 %d ", status);
    cr_expect(text_starts(reply, head), "%s: %s", path, reply);
    const char *got = strstr(reply, "\r\n\r\n");
    cr_assert_not_null(got);
    cr_expect(text_starts(got + 4, body), "%s: %s", path, reply);
}

static const char *const plain[] = {NULL};

/* --- tests
 * ------------------------------------------------------------------------------------------ */

Test(example, it_answers_its_routes)
{
    static const char *const flags[] = {"--version", "v9", NULL};
    struct example example;
    start(&example, flags);
    cr_assert_not_null(strstr(example.line, "version=v9"));
    cr_assert(log_says(&example, "event=ready"));
    expect(&example, "/", 200, "version v9\nreplica web-1f on ");
    expect(&example, "/version.txt", 200, "v9\n");
    expect(&example, "/version.txt?x=1", 200, "v9\n");
    expect(&example, "/healthz", 200, "alive\n");
    expect(&example, "/readyz", 200, "ready\n");
    expect(&example, "/slow?ms=1", 200, "took 1 ms\n");
    expect(&example, "/slow", 200, "took 300 ms\n");
    expect(&example, "/slow?ms=x", 400, "ms must be a number");
    expect(&example, "/none", 404, "there are ");
    stop(&example);
}

Test(example, a_connection_is_kept_and_requests_may_queue_up)
{
    char reply[REPLY_BYTES];
    struct example example;
    static const char three[] = "GET /healthz HTTP/1.1\r\n\r\nGET /slow?ms=20 HTTP/1.1\r\n\r\n"
                                "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n";
    start(&example, plain);
    int fd = try_connect(&example);
    for (const char *at = three; *at != '\0'; at++) /* byte by byte */
        cr_assert_eq(send(fd, at, 1, MSG_NOSIGNAL), 1);
    read_reply(fd, reply, sizeof reply - 1);
    const char *first = strstr(reply, "alive\n");
    cr_assert_not_null(first);
    const char *second = strstr(first, "took 20 ms\n");
    cr_assert_not_null(second);
    const char *third = strstr(second, "HTTP/1.1 200 OK");
    cr_assert_not_null(third);
    cr_assert_str_eq(strstr(third, "\r\n\r\n"), "\r\n\r\n"); /* HEAD has no body */
    close(fd);
    stop(&example);
}

Test(example, what_is_no_plain_request_is_refused_and_closed)
{
    static const struct {
        const char *request, *head;
    } cases[] = {
        {"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 405 "},
        {"\x01\x02\r\n\r\n", "HTTP/1.1 400 "},
        {"GET /\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/2\r\n\r\n", "HTTP/1.1 400 "},
    };
    struct example example;
    start(&example, plain);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char reply[REPLY_BYTES];
        int fd = try_connect(&example);
        ask(fd, cases[i].request);
        read_reply(fd, reply, sizeof reply - 1);
        cr_expect(text_starts(reply, cases[i].head), "case %zu: %s", i, reply);
        close(fd);
    }
    stop(&example);
}

Test(example, requests_in_flight_are_finished_after_term)
{
    static int clients[MANY];
    struct example example;
    start(&example, plain);
    for (size_t i = 0; i < MANY; i++) {
        char reply[REPLY_BYTES];
        clients[i] = try_connect(&example);
        cr_assert(clients[i] >= 0);
        ask(clients[i], "GET /healthz HTTP/1.1\r\n\r\n");
        read_reply(clients[i], reply, 1); /* so it was accepted */
        ask(clients[i], "GET /slow?ms=1500 HTTP/1.1\r\n\r\n");
    }
    expect(&example, "/healthz", 200, "alive\n"); /* whatever came before was read */
    kill(example.pid, SIGTERM);
    cr_assert(log_says(&example, "event=stopping"));
    cr_expect_not_null(strstr(example.line, "in_flight=250"), "%s", example.line);
    for (size_t i = 0; i < MANY; i++) {
        char reply[REPLY_BYTES];
        read_reply(clients[i], reply, sizeof reply - 1);
        cr_expect_not_null(strstr(reply, "Connection: close\r\n\r\ntook 1500 ms\n"),
                           "client %zu: %s", i, reply);
        close(clients[i]);
    }
    cr_assert(log_says(&example, "event=stopped"));
    cr_assert_eq(wait_status(&example), 0);
    cr_assert_eq(try_connect(&example), -1);
}

Test(example, clients_that_leave_in_mid_request_are_forgotten)
{
    struct example example;
    start(&example, plain);
    for (int i = 0; i < 50; i++) {
        int fd = try_connect(&example);
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, i % 2 ? &at_once : &(struct linger){0},
                   sizeof at_once);
        ask(fd, i % 3 ? "GET /slow?ms=100 HTTP/1.1\r\n\r\n" : "GET / HT");
        close(fd);
    }
    expect(&example, "/healthz", 200, "alive\n");
    stop(&example);
}

Test(example, it_warms_up_as_long_as_it_is_told)
{
    static const char *const flags[] = {"--start-delay-ms", "3600000", NULL};
    struct example example;
    start(&example, flags);
    expect(&example, "/readyz", 503, "warming up, 3");
    expect(&example, "/", 503, "warming up, 3");
    expect(&example, "/healthz", 200, "alive\n");
    stop(&example);
}

Test(example, it_gets_ready_after_its_delay)
{
    static const char *const flags[] = {"--start-delay-ms=200", NULL};
    struct example example;
    start(&example, flags);
    cr_assert(log_says(&example, "event=ready after_ms="));
    expect(&example, "/readyz", 200, "ready\n");
    stop(&example);
}

Test(example, it_is_never_ready_when_told_so)
{
    static const char *const flags[] = {"--never-ready", NULL};
    struct example example;
    start(&example, flags);
    expect(&example, "/readyz", 503, "still loading the model\n");
    expect(&example, "/healthz", 200, "alive\n");
    stop(&example);
}

Test(example, it_fails_after_so_many_requests_with_its_liveness)
{
    static const char *const flags[] = {"--fail-after", "2", NULL};
    struct example example;
    start(&example, flags);
    expect(&example, "/", 200, "version ");
    expect(&example, "/readyz", 200, "ready\n");
    expect(&example, "/healthz", 500, "out of luck since request 3\n");
    expect(&example, "/", 500, "out of luck since request 3\n");
    stop(&example);
}

Test(example, it_crashes_when_told_so)
{
    static const char *const flags[] = {"--crash-after-seconds", "1", NULL};
    struct example example;
    start(&example, flags);
    cr_assert(log_says(&example, "event=crash"));
    cr_assert_eq(wait_status(&example), 3);
}

Test(example, it_exits_at_once_with_a_status)
{
    static const char *const flags[] = {"--exit-code", "7", NULL};
    struct example example;
    launch(&example, flags);
    cr_assert_eq(wait_status(&example), 7);
}

Test(example, it_ignores_term_when_told_so)
{
    static const char *const flags[] = {"--ignore-term", NULL};
    struct example example;
    start(&example, flags);
    kill(example.pid, SIGTERM);
    cr_assert(log_says(&example, "event=term_ignored"));
    expect(&example, "/", 200, "version ");
    kill(example.pid, SIGKILL);
    cr_assert_eq(wait_status(&example), 256 + SIGKILL);
}

Test(example, an_address_in_use_is_an_error)
{
    struct example first, second;
    start(&first, plain);
    second.port = first.port;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    second.pid = fork();
    if (second.pid == 0) execute(&second, plain, ends[1]);
    close(ends[1]);
    second.log = ends[0];
    cr_assert_eq(wait_status(&second), 1);
    stop(&first);
}
