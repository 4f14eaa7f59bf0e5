/* prober.h: runs the checks of probes and canaries: HTTP (no redirects, 4 KiB of the body read) and
 * TCP, against the replica's own address only. One libcurl multi on the agent's loop; connections
 * are not kept, as a probe is to see what a new client sees.
 *
 * Ownership: a check belongs to its caller. Threads: those of the loop.
 */
#ifndef DOGSHORE_AGENT_PROBER_H
#define DOGSHORE_AGENT_PROBER_H

#include "agent/probe.h"
#include "base/err.h"

#include <stdint.h>

struct curl_loop;
struct prober;

struct check {
    /* Once per start, and not after a cancel. From the loop; from check_start() itself when the
     * check could not even begin. It may start the next one, or free the check. */
    void (*answered)(struct check *check, const struct probe_answer *answer);
    /* The prober's. */
    struct prober_slot *slot;
};

/* A redirect is an answer, it is not followed. */
struct check_target {
    const char *address; /* IPv4, IPv6 or name, no brackets */
    int64_t port;
    const char *path; /* NULL = TCP: connecting is enough */
    int64_t timeout_ms;
    int64_t expect_status;        /* 0 = 2xx and 3xx pass */
    const char *expect_substring; /* of what is read of the body; NULL = none. Borrowed until the
                                     check was answered or cancelled */
};

enum err_code prober_open(struct prober **prober, struct curl_loop *curl_loop, struct err *err);
void prober_close(struct prober *prober);
void check_start(struct prober *prober, struct check *check, const struct check_target *target);
void check_cancel(struct prober *prober, struct check *check); /* fine when none is running */

#endif
