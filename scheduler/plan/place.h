/* place.h: which node takes a replica: a pure choice.
 *
 * A node fits when it is ready, schedulable, matches the selector and has room. Of those that fit,
 * the one with the fewest replicas of this deployment wins (spread_by node), then the least used,
 * then the first by name; the node that failed last is taken only when no other fits. The order of
 * the candidates never matters. Threads: none; nothing is allocated.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_PLACE_H
#define DOGSHORE_SCHEDULER_PLAN_PLACE_H

#include "model/deployment.h"
#include "model/node.h"
#include "model/selector.h"

struct candidate {
    const char *name;
    const struct pairs *labels;
    int state; /* enum node_state */
    bool schedulable;
    struct resources capacity; /* cpu, memory: 0 = not limited; gpus: 0 = it has none */
    struct resources allocated;
    int64_t replicas;               /* all that it holds: breaks ties where nothing is limited */
    int64_t replicas_of_deployment; /* not final ones */
};

struct place_request {
    struct resources resources;
    const struct selector *selector; /* NULL = every node */
    const char *selector_text;       /* for the sentence; NULL = every node */
    int spread_by;                   /* enum spread_by */
    const char *avoid_node;          /* where it failed last; NULL = nowhere */
};

/* Why nodes do not fit; each node counts once, by the first reason in this order. */
struct place_refusals {
    int64_t nodes;
    int64_t not_ready, cordoned, selector, cpu, memory, gpus;
};

/* Index of the chosen candidate, or -1. `refusals` may be NULL. */
ptrdiff_t place_choose(const struct candidate *candidates, size_t count,
                       const struct place_request *request, struct place_refusals *refusals);

/* "no node fits: 3 of 5 lack memory, 2 do not match gpu=a100", cut to `bytes`. */
void place_explain(const struct place_refusals *refusals, const struct place_request *request,
                   char *sentence, size_t bytes);

#endif
