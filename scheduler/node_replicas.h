/* node_replicas.h: what a change of a node's state means for those who have replicas there.
 *
 * Threads: the writer's, inside a closure. */
#ifndef DOGSHORE_SCHEDULER_NODE_REPLICAS_H
#define DOGSHORE_SCHEDULER_NODE_REPLICAS_H

#include "base/err.h"

struct arena;
struct node;
struct store_tx;

/* The presence of its replicas changed with node->index: their deployments are planned again; their
 * endpoints and the list of replicas, which show the presence, are announced. */
enum err_code node_replicas_touch(struct store_tx *tx, struct arena *arena, const struct node *node,
                                  struct err *err);

#endif
