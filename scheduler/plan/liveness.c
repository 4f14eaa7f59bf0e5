/* The judgement on a node's silence. */
#include "scheduler/plan/liveness.h"

#include "base/number.h"

enum {
    POLL_WAIT_MIN_MS = 10 * 1000,
    POLL_WAIT_MS_PER_NODE = 2, /* 1 s per 500 nodes */
    LOST_WAITS = 3
};

int64_t liveness_poll_wait_ms(int64_t nodes)
{
    return max_i64(POLL_WAIT_MIN_MS, nodes * POLL_WAIT_MS_PER_NODE);
}

int64_t liveness_suspect_after_ms(int64_t wait_ms)
{
    return wait_ms + wait_ms / 2;
}

int64_t liveness_lost_after_ms(int64_t wait_ms)
{
    return LOST_WAITS * wait_ms;
}

int64_t liveness_stall_ms(int64_t last_tick_ms, int64_t now_ms)
{
    int64_t late_ms = now_ms - last_tick_ms - LIVENESS_TICK_MS;
    return late_ms > LIVENESS_STALL_MS ? late_ms : 0;
}

/* When the node was heard of for the last time, had the server never stalled since. A node that has
 * not been heard of yet is given the time from the start. */
static int64_t heard_ms(const struct liveness_node *node, const struct liveness_server *server)
{
    if (node->last_arrival_ms == 0) return server->start_ms + server->forgiven_ms;
    return node->last_arrival_ms + server->forgiven_ms - node->forgiven_then_ms;
}

/* ready ─► suspect ─► lost, one step at a time; a lost node stays lost until something arrives. */
static int state_after(int state, int64_t silent_ms, int64_t wait_ms)
{
    if (state == NODE_READY && silent_ms >= liveness_suspect_after_ms(wait_ms)) return NODE_SUSPECT;
    if (state == NODE_SUSPECT && silent_ms >= liveness_lost_after_ms(wait_ms)) return NODE_LOST;
    return state;
}

struct liveness_verdict liveness_judge(const struct liveness_node *node,
                                       const struct liveness_server *server)
{
    int64_t suspect_ms = liveness_suspect_after_ms(server->wait_ms);
    int64_t lost_ms = liveness_lost_after_ms(server->wait_ms);
    int64_t grace_ms = server->start_ms + lost_ms;
    int64_t heard = heard_ms(node, server);
    int state = node->state;
    if (state == NODE_LEFT) return (struct liveness_verdict){state, 0};
    if (node->last_arrival_ms != 0 && server->now_ms - heard < suspect_ms)
        return (struct liveness_verdict){NODE_READY, max_i64(heard + suspect_ms, grace_ms)};
    if (state == NODE_LOST) return (struct liveness_verdict){state, 0};
    if (server->now_ms < grace_ms) return (struct liveness_verdict){state, grace_ms};
    state = state_after(state, server->now_ms - heard, server->wait_ms);
    if (state == NODE_LOST) return (struct liveness_verdict){state, 0};
    int64_t due_ms = heard + (state == NODE_READY ? suspect_ms : lost_ms);
    return (struct liveness_verdict){state, max_i64(due_ms, server->now_ms)};
}
