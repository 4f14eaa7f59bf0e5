/* node_states.h: how a request sees the nodes of the replicas it shows: presence is derived from
 * the node's state, in the same snapshot, and never stored. Each node is read once per request.
 * Ownership: in the request's arena; node_states_release() frees the index over it. */
#ifndef DOGSHORE_API_NODE_STATES_H
#define DOGSHORE_API_NODE_STATES_H

#include "api/request.h"
#include "base/map.h"
#include "model/replica.h"

struct node_states {
    struct store_db *db;
    struct arena *arena;
    struct map map;
};

void node_states_init(struct node_states *states, struct store_db *db, struct arena *arena);
void node_states_release(struct node_states *states);
#define auto_node_states __attribute__((cleanup(node_states_release))) struct node_states

/* ready → present, suspect → unknown, else lost. A replica without a node is present: nothing is
 * doubtful about it. *node_index (may be NULL): of the node's last change, 0 without one. */
enum err_code node_states_presence(struct node_states *states, const struct replica *replica,
                                   enum replica_presence *presence, int64_t *node_index,
                                   struct err *err);

#endif
