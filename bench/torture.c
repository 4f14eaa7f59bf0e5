/* torture [SECONDS]: a real dogshored with its real deadlines, and who wears it out: 500 slow
 * clients of five kinds at once, then 10,000 idle connections. Good clients ask meanwhile, 200
 * times a second (open loop: latencies count from when a request was due), and are compared with
 * those of the same run before, so nothing else should keep the machine busy. Fails when a slow
 * client outlives its deadline, a good one is not served, or one of the goals that are printed is
 * missed. */
#include "base/clock.h"
#include "samples.h"
#include "sleep.h"
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"
#include "support/http_slow.h"
#include "support/process_cpu.h"
#include "support/process_memory.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    RATE = 200,
    DEFAULT_SECONDS = 10,
    SLOW = 500,
    IDLE = 10000,
    SPARE_FILES = 100,
    DEADLINE_MS = 10000,
    /* A connection without a first line is looked at this often. */
    GRANULARITY_MS = 2500,
    TICK_US = 50 * 1000,
    SECOND_US = 1000000,
    IDLE_GOAL_BYTES = 8 * 1024,
    IDLE_GOAL_MS = 50,
    NOISE_MS = 5 /* a baseline below it is taken for it */
};

static bool failed;

static void expect(bool right, const char *goal)
{
    if (right) return;
    printf("  MISSED: %s\n", goal);
    failed = true;
}

/* ---- good clients ---- */

struct good {
    const struct http_server *server;
    int64_t until_us;
    _Atomic bool stop;
    struct samples served_ms;
    pthread_t thread;
};

/* Every second request comes on a connection of its own. */
static void ask(struct good *good, int kept, const struct text *request, struct text *reply)
{
    int fd = good->served_ms.count % 2 == 0 ? kept : http_raw_open(good->server);
    http_raw_send(fd, request->bytes, request->length);
    if (http_raw_read_reply(fd, reply) != 200)
        http_harness_failed("a good client got: %.200s", text_string(reply));
    if (fd != kept) close(fd);
}

static void *serve_good(void *argument)
{
    struct good *good = argument;
    struct text request, reply;
    text_init(&request, NULL);
    text_init(&reply, NULL);
    text_printf(&request,
                "GET /v1/deployments/web/status HTTP/1.1\r\nHost: a\r\n"
                "Authorization: Bearer %s\r\n\r\n",
                good->server->admin_token);
    int kept = http_raw_open(good->server);
    for (int64_t due_us = clock_monotonic_us(); !good->stop && due_us < good->until_us;
         due_us += SECOND_US / RATE) {
        sleep_until_us(due_us);
        ask(good, kept, &request, &reply);
        samples_add(&good->served_ms, (double)(clock_monotonic_us() - due_us) / 1000);
    }
    close(kept);
    text_release(&request);
    text_release(&reply);
    return NULL;
}

static void good_start(struct good *good, const struct http_server *server, int64_t seconds)
{
    *good = (struct good){.server = server, .until_us = clock_monotonic_us() + seconds * SECOND_US};
    if (pthread_create(&good->thread, NULL, serve_good, good) != 0)
        http_harness_failed("pthread_create");
}

static double good_end(struct good *good, const char *name)
{
    pthread_join(good->thread, NULL);
    struct samples *served = &good->served_ms;
    samples_sort(served);
    double p99 = samples_quantile(served, 0.99);
    printf("%-34s %6zu served   p50 %6.2f ms   p99 %6.2f ms   most %6.2f ms\n", name, served->count,
           samples_quantile(served, 0.5), p99, samples_quantile(served, 1));
    fflush(stdout);
    samples_release(served);
    return p99;
}

static double measure(const struct http_server *server, int64_t seconds, const char *name)
{
    struct good good;
    good_start(&good, server, seconds);
    return good_end(&good, name);
}

/* ---- slow clients ---- */

static int64_t cut_at_us[SLOW];

/* True when none is left. */
static bool note_cut(struct http_slow *slow)
{
    bool none_left = true;
    for (int i = 0; i < SLOW; i++) {
        if (cut_at_us[i] == 0 && http_slow_is_cut(&slow[i], 0)) cut_at_us[i] = clock_monotonic_us();
        none_left = none_left && cut_at_us[i] != 0;
    }
    return none_left;
}

static void drip(struct http_slow *slow)
{
    for (int i = 0; i < SLOW; i++)
        if (cut_at_us[i] == 0) http_slow_drip(&slow[i]);
}

/* One byte a second, until all are cut. */
static void wait_for_cuts(struct http_slow *slow, int64_t begun_us)
{
    int64_t drip_us = begun_us + SECOND_US;
    while (!note_cut(slow) && clock_monotonic_us() < begun_us + 6 * DEADLINE_MS * INT64_C(1000)) {
        sleep_until_us(clock_monotonic_us() + TICK_US);
        if (clock_monotonic_us() < drip_us) continue;
        drip(slow);
        drip_us += SECOND_US;
    }
}

static void report_cuts(int64_t begun_us)
{
    for (int kind = 0; kind < HTTP_SLOW_KINDS; kind++) {
        int64_t first_us = INT64_MAX, last_us = 0;
        bool all = true;
        for (int i = kind; i < SLOW; i += HTTP_SLOW_KINDS) {
            all = all && cut_at_us[i] != 0;
            if (cut_at_us[i] < first_us) first_us = cut_at_us[i];
            if (cut_at_us[i] > last_us) last_us = cut_at_us[i];
        }
        printf("  %-20s cut after %5.1f to %5.1f s\n", http_slow_words[kind],
               (double)(first_us - begun_us) / SECOND_US, (double)(last_us - begun_us) / SECOND_US);
        expect(all && last_us - begun_us < (DEADLINE_MS + GRANULARITY_MS) * INT64_C(1000),
               "each is cut by its deadline");
    }
}

/* Their coming is told apart from their staying: among what they ask for is much. */
static void open_slow(const struct http_server *server, struct http_slow *slow)
{
    struct good good;
    good_start(&good, server, 1);
    for (int i = 0; i < SLOW; i++)
        http_slow_open(&slow[i], server, (enum http_slow_kind)(i % HTTP_SLOW_KINDS));
    good_end(&good, "while 500 slow clients come");
}

static void torture_slow(const struct http_server *server, double baseline_ms)
{
    static struct http_slow slow[SLOW];
    struct good good;
    int64_t cpu_ns = process_cpu_ns(server->pid), begun_us = clock_monotonic_us();
    open_slow(server, slow);
    good_start(&good, server, 3600);
    wait_for_cuts(slow, begun_us);
    good.stop = true;
    double p99_ms = good_end(&good, "until they are cut");
    report_cuts(begun_us);
    printf("  processor time of the server: %.0f ms in %.1f s\n",
           (double)(process_cpu_ns(server->pid) - cpu_ns) / 1e6,
           (double)(clock_monotonic_us() - begun_us) / SECOND_US);
    double floor_ms = baseline_ms > NOISE_MS ? baseline_ms : NOISE_MS;
    expect(p99_ms <= 2 * floor_ms, "p99 at most twice that of the baseline");
    for (int i = 0; i < SLOW; i++)
        http_slow_close(&slow[i]);
}

/* ---- idle connections ---- */

static void open_idle(const struct http_server *server, int *fds)
{
    static const char request[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    struct text reply;
    text_init(&reply, NULL);
    for (int i = 0; i < IDLE; i++) {
        fds[i] = http_raw_open(server);
        http_raw_send(fds[i], request, sizeof request - 1);
        if (http_raw_read_reply(fds[i], &reply) != 200)
            http_harness_failed("connection %d: %.200s", i, text_string(&reply));
    }
    text_release(&reply);
}

static void torture_idle(const struct http_server *server, int64_t seconds)
{
    static int fds[IDLE];
    int64_t before = process_resident_bytes(server->pid);
    open_idle(server, fds);
    double each = (double)(process_resident_bytes(server->pid) - before) / IDLE;
    int64_t cpu_ns = process_cpu_ns(server->pid), begun_us = clock_monotonic_us();
    sleep_until_us(begun_us + 2 * SECOND_US);
    double cpu_share = (double)(process_cpu_ns(server->pid) - cpu_ns) / 1e3 /
                       (double)(clock_monotonic_us() - begun_us);
    printf("10,000 idle connections: %.1f KiB each, %.2f %% of a processor\n", each / 1024,
           100 * cpu_share);
    expect(each <= IDLE_GOAL_BYTES, "at most 8 KiB each (80 MB together)");
    double p99_ms = measure(server, seconds, "with 10,000 idle connections");
    expect(p99_ms <= IDLE_GOAL_MS, "p99 at most 50 ms");
    for (int i = 0; i < IDLE; i++)
        close(fds[i]);
}

static void allow_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < IDLE + SPARE_FILES)
        http_harness_failed("needs %d open files (ulimit -n)", IDLE + SPARE_FILES);
}

int main(int argc, char **argv)
{
    static struct http_server server;
    int64_t seconds = argc > 1 ? strtoll(argv[1], NULL, 10) : DEFAULT_SECONDS;
    if (seconds <= 0) seconds = DEFAULT_SECONDS;
    allow_files();
    http_server_start(&server);
    if (http_put_deployment(&server, "web", "1", 0) != 201) http_harness_failed("no deployment");
    http_settled_index(&server, "web");
    measure(&server, 1, "to warm up");
    double baseline_ms = measure(&server, seconds, "alone");
    torture_slow(&server, baseline_ms);
    torture_idle(&server, seconds);
    http_server_release(&server);
    return failed ? 1 : 0;
}
