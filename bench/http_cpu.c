/* http_cpu [SECONDS]: what a status poll and a 304 cost dogshored in processor time, against
 * bare_http, which only calls libmicrohttpd. Both run in turn, five rounds each; medians are
 * printed. The client keeps CONNECTIONS connections busy with one request each, on loopback. */
#include "base/clock.h"
#include "samples.h"
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"
#include "support/process_cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { CONNECTIONS = 32, ROUNDS = 5, REPLY_BYTES_MAX = 8192, DEFAULT_SECONDS = 2 };

struct target {
    const char *name;
    pid_t pid;
    struct http_server address; /* only its port is used */
    struct text request;
    struct samples cpu_us, requests_per_second; /* of each round */
};

struct connection {
    int fd;
    size_t left; /* of the reply that is awaited */
};

/* Every reply has the length of the first: nothing changes while it is measured. */
static size_t reply_bytes(const struct target *target)
{
    struct text reply;
    text_init(&reply, NULL);
    int fd = http_raw_open(&target->address);
    http_raw_send(fd, target->request.bytes, target->request.length);
    int status = http_raw_read_reply(fd, &reply);
    if (status != 200 && status != 304) http_harness_failed("%s: %s", target->name, reply.bytes);
    size_t bytes = reply.length;
    text_release(&reply);
    close(fd);
    return bytes;
}

static void read_reply(struct connection *connection, const struct target *target, size_t bytes,
                       int64_t *done)
{
    char reply[REPLY_BYTES_MAX];
    ssize_t count = recv(connection->fd, reply, sizeof reply, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) http_harness_failed("%s closed a connection", target->name);
    if ((size_t)count > connection->left) http_harness_failed("%s: replies differ", target->name);
    connection->left -= (size_t)count;
    if (connection->left > 0) return;
    connection->left = bytes;
    http_raw_send(connection->fd, target->request.bytes, target->request.length);
    (*done)++;
}

static void open_connections(struct connection connections[CONNECTIONS], int epoll_fd,
                             const struct target *target, size_t bytes)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        connections[i] = (struct connection){http_raw_open(&target->address), bytes};
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &connections[i]}};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connections[i].fd, &event);
        http_raw_send(connections[i].fd, target->request.bytes, target->request.length);
    }
}

static void measure(struct target *target, int seconds)
{
    struct connection connections[CONNECTIONS];
    struct epoll_event events[CONNECTIONS];
    size_t bytes = reply_bytes(target);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int64_t done = 0;
    open_connections(connections, epoll_fd, target, bytes);
    int64_t cpu = process_cpu_ns(target->pid), start_us = clock_monotonic_us(), now_us = start_us;
    for (; now_us < start_us + seconds * INT64_C(1000000); now_us = clock_monotonic_us()) {
        int count = epoll_wait(epoll_fd, events, CONNECTIONS, 1000);
        for (int i = 0; i < count; i++)
            read_reply(events[i].data.ptr, target, bytes, &done);
    }
    cpu = process_cpu_ns(target->pid) - cpu;
    samples_add(&target->cpu_us, (double)cpu / 1000 / (double)done);
    samples_add(&target->requests_per_second, (double)done * 1e6 / (double)(now_us - start_us));
    for (int i = 0; i < CONNECTIONS; i++)
        close(connections[i].fd);
    close(epoll_fd);
}

static void make_request(struct target *target, const char *token, const char *etag)
{
    text_init(&target->request, NULL);
    text_printf(&target->request,
                "GET /v1/deployments/web/status HTTP/1.1\r\nHost: localhost\r\n"
                "X-Request-Id: c1519d5957a3-7xyz1\r\nAuthorization: Bearer %s\r\n",
                token);
    if (etag != NULL) text_printf(&target->request, "If-None-Match: %s\r\n", etag);
    text_add(&target->request, "\r\n");
}

/* Of the rounds so far, which are forgotten. */
static double take_median(struct samples *rounds)
{
    samples_sort(rounds);
    double median = samples_quantile(rounds, 0.5);
    samples_release(rounds);
    return median;
}

static void compare_targets(struct target *bare, struct target *whole, const char *what,
                            int seconds)
{
    for (int round = 0; round < ROUNDS; round++) {
        measure(bare, seconds);
        measure(whole, seconds);
    }
    double bare_us = take_median(&bare->cpu_us), whole_us = take_median(&whole->cpu_us);
    printf("%-8s bare %6.2f us %7.0f/s   dogshored %6.2f us %7.0f/s   ratio %.2f\n", what, bare_us,
           take_median(&bare->requests_per_second), whole_us,
           take_median(&whole->requests_per_second), whole_us / bare_us);
    fflush(stdout);
    text_release(&bare->request);
    text_release(&whole->request);
}

/* Its standard input is ours to close. */
static int start_bare(struct target *bare)
{
    int input[2], output[2];
    unsigned port = 0;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        http_harness_failed("pipe2: %s", strerror(errno));
    bare->pid = fork();
    if (bare->pid == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        execl(DOGSHORE_BARE_PROGRAM, "bare_http", NULL);
        _exit(127);
    }
    close(output[1]);
    FILE *port_file = fdopen(output[0], "r");
    if (fscanf(port_file, "%u", &port) != 1) http_harness_failed("bare_http does not start");
    fclose(port_file);
    close(input[0]);
    bare->address.port = (uint16_t)port;
    return input[1];
}

static void read_etag(struct http_server *server, char etag[128])
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, server);
    http_do(&client, &(struct http_call){.path = "/v1/deployments/web/status"}, &reply);
    snprintf(etag, 128, "%s", http_reply_header(&reply, "ETag"));
    http_reply_release(&reply);
    http_client_close(&client);
}

int main(int argc, char **argv)
{
    int64_t seconds = DEFAULT_SECONDS;
    if (argc > 1 && !text_to_int64(argv[1], 1, 600, &seconds)) return 64;
    struct http_server server = {.arguments = {"--log-level=warn"}};
    http_server_start(&server);
    http_put_deployment(&server, "web", "1", 1);
    http_settled_index(&server, "web");
    char etag[128];
    read_etag(&server, etag);
    struct target bare = {.name = "bare_http"};
    struct target whole = {.name = "dogshored", .pid = server.pid, .address = server};
    int bare_input = start_bare(&bare);
    printf("processor time per request, %d keep-alive connections, medians of %d rounds of %d s\n",
           (int)CONNECTIONS, (int)ROUNDS, (int)seconds);
    make_request(&bare, server.admin_token, NULL);
    make_request(&whole, server.admin_token, NULL);
    compare_targets(&bare, &whole, "status", (int)seconds);
    make_request(&bare, server.admin_token, etag);
    make_request(&whole, server.admin_token, etag);
    compare_targets(&bare, &whole, "304", (int)seconds);
    close(bare_input);
    waitpid(bare.pid, NULL, 0);
    http_server_release(&server);
    return 0;
}
