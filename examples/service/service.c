#include "examples/service/service.h"

#include "base/text.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>

enum { CRASH_STATUS = 3, REQUESTS_PER_LINE = 100, SLOW_MS = 300, SLOW_MS_MOST = 3600 * 1000 };

/* One line of the log, on stdout and at once. */
static void say(const struct service *service, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(const struct service *service, const char *format, ...)
{
    char when[CLOCK_RFC3339_BYTES];
    va_list args;
    clock_rfc3339(clock_wall_ms(&service->clock), when);
    printf("%s version=%s ", when, service->behaviour.version);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void refuse(struct http_reply *reply, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void refuse(struct http_reply *reply, int status, const char *format, ...)
{
    va_list args;
    reply->status = status;
    va_start(args, format);
    vsnprintf(reply->body, sizeof reply->body, format, args);
    va_end(args);
}

/* --- routes ------------------------------------------------------------------------------------
 */

static const char *from_environment(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL ? value : otherwise;
}

/* Fills a refusal when it is not. */
static bool is_ready(const struct service *service, struct http_reply *reply)
{
    const struct behaviour *behaviour = &service->behaviour;
    int64_t age_ms = clock_boot_ms(&service->clock) - service->started_ms;
    if (behaviour->never_ready)
        refuse(reply, 503, "still loading the model\n");
    else if (age_ms < behaviour->start_delay_ms)
        refuse(reply, 503, "warming up, %" PRId64 " ms left\n", behaviour->start_delay_ms - age_ms);
    return reply->status == 200;
}

static void answer_ready(const struct service *service, const char *query, struct http_reply *reply)
{
    (void)query;
    if (is_ready(service, reply)) snprintf(reply->body, sizeof reply->body, "ready\n");
}

static void answer_alive(const struct service *service, const char *query, struct http_reply *reply)
{
    (void)service;
    (void)query;
    snprintf(reply->body, sizeof reply->body, "alive\n");
}

static void answer_version(const struct service *service, const char *query,
                           struct http_reply *reply)
{
    (void)query;
    if (!is_ready(service, reply)) return;
    reply->delay_ms = service->behaviour.slow_ms;
    snprintf(reply->body, sizeof reply->body, "%s\n", service->behaviour.version);
}

static void answer_front(const struct service *service, const char *query, struct http_reply *reply)
{
    (void)query;
    if (!is_ready(service, reply)) return;
    reply->delay_ms = service->behaviour.slow_ms;
    snprintf(reply->body, sizeof reply->body, "version %s\nreplica %s on %s\n",
             service->behaviour.version, from_environment("DOGSHORE_REPLICA", "-"), service->host);
}

static void answer_slow(const struct service *service, const char *query, struct http_reply *reply)
{
    if (!is_ready(service, reply)) return;
    reply->delay_ms = SLOW_MS;
    if (text_starts(query, "ms=") && !text_to_int64(query + 3, 0, SLOW_MS_MOST, &reply->delay_ms))
        refuse(reply, 400, "ms must be a number from 0 to %d\n", SLOW_MS_MOST);
    else
        snprintf(reply->body, sizeof reply->body, "took %" PRId64 " ms\n", reply->delay_ms);
}

static const struct route {
    const char *path;
    void (*answer)(const struct service *service, const char *query, struct http_reply *reply);
} routes[] = {
    {"/", answer_front},       {"/version.txt", answer_version}, {"/healthz", answer_alive},
    {"/readyz", answer_ready}, {"/slow", answer_slow},
};

static const struct route *find_route(const char *target, size_t path_bytes)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strlen(routes[i].path) == path_bytes && text_starts(target, routes[i].path))
            return &routes[i];
    return NULL;
}

static void handle(struct http_server *http, const char *target, struct http_reply *reply)
{
    struct service *service = CONTAINER_OF(http, struct service, http);
    int64_t fail_after = service->behaviour.fail_after_requests;
    size_t path_bytes = strcspn(target, "?");
    const struct route *route = find_route(target, path_bytes);
    service->requests++;
    if (service->requests % REQUESTS_PER_LINE == 0)
        say(service, "event=requests count=%" PRId64, service->requests);
    if (fail_after > 0 && service->requests > fail_after)
        refuse(reply, 500, "out of luck since request %" PRId64 "\n", fail_after + 1);
    else if (route == NULL)
        refuse(reply, 404, "there are /, /version.txt, /healthz, /readyz and /slow?ms=300\n");
    else
        route->answer(service, target + path_bytes + (target[path_bytes] == '?'), reply);
}

/* --- life --------------------------------------------------------------------------------------
 */

static void on_warmed_up(struct loop_timer *timer)
{
    struct service *service = CONTAINER_OF(timer, struct service, warmed_up);
    say(service, "event=ready after_ms=%" PRId64,
        clock_boot_ms(&service->clock) - service->started_ms);
}

static void on_crash(struct loop_timer *timer)
{
    struct service *service = CONTAINER_OF(timer, struct service, crash);
    say(service, "event=crash msg=\"as --crash-after-seconds asked\"");
    _exit(CRASH_STATUS);
}

static void stop(struct service *service)
{
    say(service, "event=stopping in_flight=%zu", http_server_in_flight(&service->http));
    http_server_stop(&service->http);
}

static void on_terminate(struct loop_signal *signal)
{
    struct service *service = CONTAINER_OF(signal, struct service, terminate);
    if (service->behaviour.ignore_term)
        say(service, "event=term_ignored");
    else
        stop(service);
}

static void on_interrupt(struct loop_signal *signal)
{
    stop(CONTAINER_OF(signal, struct service, interrupt));
}

static void on_stopped(struct http_server *http)
{
    loop_stop(CONTAINER_OF(http, struct service, http)->loop);
}

static enum err_code start(struct service *service, struct err *err)
{
    const struct behaviour *behaviour = &service->behaviour;
    service->http.handle = handle;
    service->http.stopped = on_stopped;
    service->http.loop = service->loop;
    service->warmed_up.fire = on_warmed_up;
    service->crash.fire = on_crash;
    service->terminate.arrived = on_terminate;
    service->interrupt.arrived = on_interrupt;
    service->started_ms = clock_boot_ms(&service->clock);
    TRY(loop_signal_add(service->loop, &service->terminate, SIGTERM, err));
    TRY(loop_signal_add(service->loop, &service->interrupt, SIGINT, err));
    TRY(http_server_start(&service->http, behaviour->address, behaviour->port, err));
    say(service, "event=start address=%s port=%" PRId64 " replica=%s attempt=%s pid=%d",
        behaviour->address, behaviour->port, from_environment("DOGSHORE_REPLICA", "-"),
        from_environment("DOGSHORE_ATTEMPT", "-"), (int)getpid());
    if (!behaviour->never_ready)
        loop_timer_set(service->loop, &service->warmed_up, behaviour->start_delay_ms);
    if (behaviour->crash_after_seconds > 0)
        loop_timer_set(service->loop, &service->crash, behaviour->crash_after_seconds * 1000);
    return ERR_OK;
}

enum err_code service_run(struct service *service, struct err *err)
{
    service->clock = clock_system();
    gethostname(service->host, sizeof service->host - 1);
    TRY(loop_open(&service->loop, &service->clock, err));
    enum err_code code = start(service, err);
    if (code == ERR_OK) {
        loop_run(service->loop);
        say(service, "event=stopped requests=%" PRId64, service->requests);
    }
    loop_close(service->loop);
    return code;
}
