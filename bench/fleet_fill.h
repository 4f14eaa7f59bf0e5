/* fleet_fill.h: a fleet in a store, as if it had been deployed. At rest every row agrees with the
 * others, so that a server which opens it finds nothing to do. */
#ifndef DOGSHORE_BENCH_FLEET_FILL_H
#define DOGSHORE_BENCH_FLEET_FILL_H

#include "fleet_store.h"
#include "model/replica.h"

/* Five labels a deployment: app.kubernetes.io/name (a value each), env (3 values), owner (900),
 * team (20), tier (4). Names are "svc-00000" …, nodes "node-000" …, clusters "default", which has
 * half of all, and "c00" …; the replicas of a deployment are on nodes of its cluster. */
void fleet_fill(struct fleet *fleet);

/* Node number `number`, as it is filled or written again. */
fleet_put fleet_put_node;
/* The `nth` replica of a deployment, written as one in that phase. */
enum err_code fleet_put_replica(struct store_tx *tx, const struct fleet_size *size,
                                int64_t deployment, int64_t nth, enum replica_phase phase,
                                struct err *err);

enum { FLEET_NODE_TOKEN_BYTES = 64 };
/* The bearer token of node number `node`. */
void fleet_node_token(int64_t node, char token[FLEET_NODE_TOKEN_BYTES]);

#endif
