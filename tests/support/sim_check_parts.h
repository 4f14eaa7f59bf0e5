/* sim_check_parts.h: what the files of the checks share. Only they include it. */
#ifndef DOGSHORE_TESTS_SIM_CHECK_PARTS_H
#define DOGSHORE_TESTS_SIM_CHECK_PARTS_H

#include "sim_check.h"

enum { SIM_ROWS_MAX = 100000 };

/* A deployment as a commit left it. */
struct seen {
    struct arena arena;
    struct deployment deployment;
    struct replica *replicas;
    int *node_states; /* of each replica's; NODE_LEFT when there is none or it has ended */
    size_t count;
    struct rollout *rollouts; /* the newest ones, newest first */
    size_t rollout_count;
};

/* One that is gone. */
struct gone {
    const char *uid, *cluster, *name;
    struct gone *next;
};

/* NULL = it was not there. */
const struct replica *seen_replica(const struct seen *seen, const char *id, int *node_state);
/* The newest rollout, if it runs; else NULL. */
const struct rollout *seen_running(const struct seen *seen);
/* About the node of the i-th replica in `after`, as a pass in this commit may have seen it: the
 * state it had before or has now, ready if it was one of them; and whether lost was. */
int seen_node_state(const struct seen *before, const struct seen *after, size_t i);
bool seen_lost(const struct seen *before, const struct seen *after, size_t i);
/* Takes traffic or could: available, on a node that is ready, not ordered to stop. */
bool seen_serves(const struct replica *replica, int node_state);

/* sim_check_rules.c: floor, ceiling, traffic; `before` NULL = it is new. */
void sim_check_orders(struct sim *sim, const struct seen *before, const struct seen *after);

/* Of all deployments that were deleted. */
/* In the commit that is looked at. */
bool sim_check_nodes_changed(const struct sim *sim);
const struct gone *sim_check_gone(const struct sim *sim);

#endif
