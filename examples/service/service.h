/* service.h: what the example service answers, and how it misbehaves when it is asked to. */
#ifndef DOGSHORE_EXAMPLES_SERVICE_SERVICE_H
#define DOGSHORE_EXAMPLES_SERVICE_SERVICE_H

#include "base/clock.h"
#include "base/err.h"
#include "examples/service/http.h"

#include <stdbool.h>
#include <stdint.h>

/* From the command line; 0 = it does not do that. */
struct behaviour {
    const char *address, *version;
    int64_t port;
    int64_t start_delay_ms;
    int64_t fail_after_requests;
    int64_t crash_after_seconds;
    int64_t slow_ms;
    bool never_ready;
    bool ignore_term;
};

struct service {
    struct behaviour behaviour;
    struct clock clock;
    struct loop *loop;
    struct http_server http;
    struct loop_timer warmed_up, crash;
    struct loop_signal terminate, interrupt;
    int64_t started_ms; /* boot clock */
    int64_t requests;
    char host[256];
};

/* `behaviour` is set, the rest zero. Returns once it was told to stop and has done so. */
enum err_code service_run(struct service *service, struct err *err);

#endif
