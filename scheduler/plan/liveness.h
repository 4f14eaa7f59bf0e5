/* liveness.h: is a node still there? A pure judgement on when it was last heard of.
 *
 *   ready ─ 1.5 waits of silence ─► suspect ─ 3 waits ─► lost       anything heard ─► ready
 *
 * One wait is how long a poll is parked, so a healthy node is heard of once per wait at least.
 * Silence is only held against a node when the server itself was listening: nothing is judged
 * within one lost-period after the start, and the server's own stalls are taken off. A state moves
 * one step at a time. Units: milliseconds of the boot clock. Threads: none.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_LIVENESS_H
#define DOGSHORE_SCHEDULER_PLAN_LIVENESS_H

#include "model/node.h"

enum {
    LIVENESS_TICK_MS = 250,
    LIVENESS_STALL_MS = 1000 /* a tick that comes later than this is the server's own fault */
};

struct liveness_node {
    int state;                /* enum node_state */
    int64_t last_arrival_ms;  /* of a poll or report; 0 = none since the start */
    int64_t forgiven_then_ms; /* liveness_server.forgiven_ms at that arrival */
};

struct liveness_server {
    int64_t now_ms;
    int64_t start_ms;
    int64_t wait_ms;     /* liveness_poll_wait_ms() */
    int64_t forgiven_ms; /* sum of all liveness_stall_ms() since the start */
};

struct liveness_verdict {
    int state;        /* enum node_state */
    int64_t check_ms; /* judge again then; 0 = only when something arrives */
};

/* How long polls are parked: 10 s, from 5,000 nodes on 1 s per 500 of them. */
int64_t liveness_poll_wait_ms(int64_t nodes);
int64_t liveness_suspect_after_ms(int64_t wait_ms);
int64_t liveness_lost_after_ms(int64_t wait_ms);

/* Lateness of a tick to be forgiven to every node; 0 unless it is a stall. */
int64_t liveness_stall_ms(int64_t last_tick_ms, int64_t now_ms);

struct liveness_verdict liveness_judge(const struct liveness_node *node,
                                       const struct liveness_server *server);

#endif
