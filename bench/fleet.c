/* fleet [SECONDS]: a real dogshored over 10,000 deployments with five labels each and 50,000
 * replicas: latencies of status polls and filtered lists at 200 requests a second (open loop, from
 * the time at which a request was due), memory of 2,000 parked watchers, and the time in which one
 * change reaches all of them. The nodes' agents are idle polls of this program. */
#include "base/clock.h"
#include "base/rng.h"
#include "fleet_fill.h"
#include "samples.h"
#include "sleep.h"
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"
#include "support/process_cpu.h"
#include "support/process_memory.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum {
    DEPLOYMENTS = 10000,
    REPLICAS = 5,
    NODES = 500,
    EVENTS = 200000,
    RATE = 200, /* requests a second */
    DEFAULT_SECONDS = 20,
    LANES = 32, /* connections of each kind of request */
    WATCHERS = 2000,
    SECOND_US = 1000000,
    SPREAD_MS = 15, /* between the first polls of two agents */
    REPLY_BYTES = 65536
};

static void print_samples(struct samples *samples, const char *name, double cpu_us, double goal_ms)
{
    samples_sort(samples);
    printf("%-24s %6zu requests   p50 %7.2f ms   p99 %7.2f ms   most %7.2f ms   "
           "cpu %6.1f us each   (goal: p99 %g)\n",
           name, samples->count, samples_quantile(samples, 0.5), samples_quantile(samples, 0.99),
           samples_quantile(samples, 1), cpu_us / (double)samples->count, goal_ms);
    fflush(stdout);
    samples_release(samples);
}

/* ---- one request at a time on a connection ---- */

static void send_get(int fd, const char *path, const char *token)
{
    struct text request;
    text_init(&request, NULL);
    text_printf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n",
                path, token);
    if (!http_raw_send(fd, request.bytes, request.length))
        http_harness_failed("the server closed a connection");
    text_release(&request);
}

static void expect_200(int fd, struct text *reply, const char *path)
{
    text_clear(reply);
    if (http_raw_read_reply(fd, reply) != 200)
        http_harness_failed("%s: %.300s", path, reply->bytes);
}

static int64_t x_index(const struct text *reply)
{
    const char *header = strstr(reply->bytes, "X-Index: ");
    return header != NULL ? strtoll(header + strlen("X-Index: "), NULL, 10) : 0;
}

/* ---- the agents: each waits for its assignments to change, at a time of its own ---- */

struct agent {
    int fd;
    int64_t index;
    char etag[128];
};

struct agents {
    const struct http_server *server;
    _Atomic bool stop;
    pthread_t thread;
    struct agent each[NODES];
};

static void poll_assignments(const struct agents *agents, int number)
{
    const struct agent *agent = &agents->each[number];
    char token[FLEET_NODE_TOKEN_BYTES];
    fleet_node_token(number, token);
    struct text request;
    text_init(&request, NULL);
    text_printf(&request,
                "GET /v1/nodes/node-%03d/assignments?index=%lld&wait_seconds=10 HTTP/1.1\r\n"
                "Host: localhost\r\nAuthorization: Bearer %s\r\n",
                number, (long long)agent->index, token);
    if (agent->etag[0] != '\0') text_printf(&request, "If-None-Match: %s\r\n", agent->etag);
    text_add(&request, "\r\n");
    http_raw_send(agent->fd, request.bytes, request.length);
    text_release(&request);
}

static void take_assignments(struct agents *agents, int number, struct text *reply)
{
    struct agent *agent = &agents->each[number];
    text_clear(reply);
    if (http_raw_read_reply(agent->fd, reply) == 0) http_harness_failed("an agent was cut");
    const char *etag = strstr(reply->bytes, "ETag: ");
    agent->index = x_index(reply);
    if (etag != NULL)
        snprintf(agent->etag, sizeof agent->etag, "%.*s", (int)strcspn(etag + 6, "\r"), etag + 6);
    poll_assignments(agents, number);
}

static void *poll_as_agents(void *argument)
{
    struct agents *agents = argument;
    struct epoll_event events[64];
    struct text reply;
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC), started = 0;
    text_init(&reply, NULL);
    while (!agents->stop) {
        if (started < NODES) {
            struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)started};
            agents->each[started].fd = http_raw_open(agents->server);
            epoll_ctl(epoll_fd, EPOLL_CTL_ADD, agents->each[started].fd, &event);
            poll_assignments(agents, started++);
        }
        int count = epoll_wait(epoll_fd, events, 64, SPREAD_MS);
        for (int i = 0; i < count; i++)
            take_assignments(agents, (int)events[i].data.u32, &reply);
    }
    for (int i = 0; i < started; i++)
        close(agents->each[i].fd);
    close(epoll_fd);
    text_release(&reply);
    return NULL;
}

static void start_agents(struct agents *agents, const struct http_server *server)
{
    agents->server = server;
    if (pthread_create(&agents->thread, NULL, poll_as_agents, agents) != 0) abort();
}

static void stop_agents(struct agents *agents)
{
    agents->stop = true;
    pthread_join(agents->thread, NULL);
}

/* ---- the load: RATE requests a second, each when it is due ---- */

struct load {
    const struct http_server *server;
    int64_t start_us, end_us, period_us; /* of all lanes together */
    void (*make_path)(struct rng *rng, char *path, size_t bytes);
};

struct lane {
    const struct load *load;
    int number;
    pthread_t thread;
    struct samples samples; /* ms */
};

static void make_status_path(struct rng *rng, char *path, size_t bytes)
{
    snprintf(path, bytes, "/v1/deployments/svc-%05llu/status",
             (unsigned long long)(rng_next(rng) % DEPLOYMENTS));
}

static void make_list_path(struct rng *rng, char *path, size_t bytes)
{
    snprintf(path, bytes,
             "/v1/deployments?limit=100&selector=team=team-%02llu,env%%21=dev"
             "&q=state=running%%20and%%20replicas%%3E=3%%20and%%20not%%20name~%%22%llu1%%22",
             (unsigned long long)(rng_next(rng) % 20), (unsigned long long)(rng_next(rng) % 10));
}

static void *run_lane(void *argument)
{
    struct lane *lane = argument;
    const struct load *load = lane->load;
    struct rng rng;
    struct text reply;
    char path[256];
    rng_seed(&rng, (uint64_t)lane->number + 1);
    text_init(&reply, NULL);
    int fd = http_raw_open(load->server);
    int64_t due_us = load->start_us + lane->number * load->period_us;
    for (; due_us < load->end_us; due_us += LANES * load->period_us) {
        load->make_path(&rng, path, sizeof path);
        sleep_until_us(due_us);
        send_get(fd, path, load->server->admin_token);
        expect_200(fd, &reply, path);
        samples_add(&lane->samples, (double)(clock_monotonic_us() - due_us) / 1000);
    }
    close(fd);
    text_release(&reply);
    return NULL;
}

static void run_load(struct load *load, const char *name, int64_t seconds, double goal_ms)
{
    struct lane lanes[LANES];
    struct samples all = {.count = 0};
    load->period_us = SECOND_US / RATE;
    load->start_us = clock_monotonic_us() + SECOND_US / 10;
    load->end_us = load->start_us + seconds * SECOND_US;
    int64_t cpu_ns = process_cpu_ns(load->server->pid);
    for (int i = 0; i < LANES; i++) {
        lanes[i] = (struct lane){.load = load, .number = i};
        if (pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]) != 0) abort();
    }
    for (int i = 0; i < LANES; i++) {
        pthread_join(lanes[i].thread, NULL);
        samples_add_all(&all, &lanes[i].samples);
        samples_release(&lanes[i].samples);
    }
    cpu_ns = process_cpu_ns(load->server->pid) - cpu_ns;
    print_samples(&all, name, (double)cpu_ns / 1000, goal_ms);
}

/* After a start every deployment is looked at once. */
static void await_rest(const struct http_server *server)
{
    int64_t spent_ns;
    do {
        int64_t before_ns = process_cpu_ns(server->pid);
        sleep_until_us(clock_monotonic_us() + SECOND_US / 2);
        spent_ns = process_cpu_ns(server->pid) - before_ns;
    } while (spent_ns > 20 * 1000 * 1000);
}

/* ---- watchers ---- */

static int64_t parked(const struct http_server *server)
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, server);
    http_do(&client, &(struct http_call){.path = "/metrics"}, &reply);
    const char *line = strstr(text_string(&reply.body), "\ndogshore_http_parked_requests ");
    int64_t count = line != NULL ? strtoll(strchr(line + 1, ' '), NULL, 10) : -1;
    http_reply_release(&reply);
    http_client_close(&client);
    return count;
}

static void await_parked(const struct http_server *server)
{
    while (parked(server) < WATCHERS)
        sleep_until_us(clock_monotonic_us() + SECOND_US / 20);
}

static void park_watchers(const struct http_server *server, int fds[WATCHERS])
{
    char path[128];
    int64_t index = http_settled_index(server, "svc-00042");
    snprintf(path, sizeof path, "/v1/deployments/svc-00042/status?index=%lld&wait_seconds=60",
             (long long)index);
    for (int i = 0; i < WATCHERS; i++) {
        fds[i] = http_raw_open(server);
        send_get(fds[i], path, server->admin_token);
    }
    await_parked(server);
}

static void *scale(void *argument)
{
    const struct http_server *server = argument;
    if (http_status(server, "PUT", "/v1/deployments/svc-00042/scale", "{\"replicas\": 6}") >= 300)
        http_harness_failed("scale failed");
    return NULL;
}

/* From the moment at which the change was sent to the last watcher's answer. */
static int64_t wake_all_us(const struct http_server *server, const int fds[WATCHERS])
{
    static char reply[REPLY_BYTES];
    struct epoll_event events[64];
    pthread_t writer;
    int left = WATCHERS, epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < WATCHERS; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &event);
    }
    int64_t start_us = clock_monotonic_us();
    if (pthread_create(&writer, NULL, scale, (void *)server) != 0) abort();
    while (left > 0) {
        int count = epoll_wait(epoll_fd, events, 64, 60000);
        if (count <= 0) http_harness_failed("%d watchers were not woken", left);
        for (int i = 0; i < count; i++, left--) {
            if (recv(events[i].data.fd, reply, sizeof reply, 0) <= 0)
                http_harness_failed("a watcher was cut");
            epoll_ctl(epoll_fd, EPOLL_CTL_DEL, events[i].data.fd, NULL);
        }
    }
    int64_t end_us = clock_monotonic_us();
    pthread_join(writer, NULL);
    close(epoll_fd);
    return end_us - start_us;
}

static void measure_watchers(const struct http_server *server)
{
    static int fds[WATCHERS];
    int64_t before = process_resident_bytes(server->pid);
    park_watchers(server, fds);
    double each = (double)(process_resident_bytes(server->pid) - before) / WATCHERS;
    printf("%d parked watchers: %.1f KB each (goal: 20)\n", (int)WATCHERS, each / 1024);
    printf("one change reached all of them within %.1f ms (goal: 100)\n",
           (double)wake_all_us(server, fds) / 1000);
    for (int i = 0; i < WATCHERS; i++)
        close(fds[i]);
}

static void raise_open_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    int64_t seconds = DEFAULT_SECONDS;
    if (argc > 1 && !text_to_int64(argv[1], 1, 600, &seconds)) return 64;
    struct http_server server = {
        .arguments = {"--log-level=warn", "--max-connections=4000", "--max-connections-per-ip=0"}};
    static const struct fleet_size size = {.deployments = DEPLOYMENTS,
                                           .replicas = REPLICAS,
                                           .rollouts = 1,
                                           .nodes = NODES,
                                           .events = EVENTS,
                                           .clusters = 1};
    raise_open_files();
    http_server_start(&server); /* makes the data directory and the first tokens */
    http_server_stop(&server);
    struct fleet fleet;
    fleet_open(&fleet, server.data_dir, &size);
    fleet_fill(&fleet);
    fleet_close(&fleet);
    http_server_start(&server);
    static struct agents agents;
    start_agents(&agents, &server);
    http_settled_index(&server, "svc-00000");
    int64_t start_us = clock_monotonic_us(), start_ns = process_cpu_ns(server.pid);
    await_rest(&server);
    printf("at rest after %.1f s and %.1f s of cpu\n",
           (double)(clock_monotonic_us() - start_us) / SECOND_US,
           (double)(process_cpu_ns(server.pid) - start_ns) / 1e9);
    printf("%d deployments with 5 labels each, %d replicas, %d requests a second for %lld s\n",
           (int)DEPLOYMENTS, (int)(DEPLOYMENTS * REPLICAS), (int)RATE, (long long)seconds);
    struct load load = {.server = &server, .make_path = make_status_path};
    run_load(&load, "GET status", seconds, 2);
    load.make_path = make_list_path;
    run_load(&load, "selector + q, 100 items", seconds, 20);
    measure_watchers(&server);
    stop_agents(&agents);
    http_server_release(&server);
    return 0;
}
