/* node_table.h: what placement knows about every node: capacity, allocations, state, labels.
 *
 * Ownership: the table belongs to the control (control_parts.h). It is rebuilt from the store
 * by control_open() and changed only inside writer closures: each change stages its undo
 * (tx_stage), so that a failed closure, a dry run or a failed batch leaves no trace. Names and
 * labels handed out are the table's and valid until the closure ends.
 *
 * Threads: the writer's, except node_table_allocated() and node_table_count(), which any thread
 * may call. The one lock they share with the writer is held for writing only while a node is added
 * or removed.
 *
 * Nodes that may take replicas (ready, schedulable, not draining) hang in lists by utilisation, one
 * row of lists per cluster, so that finding the least loaded ones costs the number found and never
 * the fleet. Invariants: a node is in exactly one list iff it may take replicas; `allocated` is the
 * sum of resources of the replicas on it that are not final.
 */
#ifndef DOGSHORE_SCHEDULER_NODE_TABLE_H
#define DOGSHORE_SCHEDULER_NODE_TABLE_H

#include "model/node.h"
#include "scheduler/plan/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct node_table;
struct store_tx;

enum {
    NODE_TABLE_CANDIDATES = 64,    /* gathered beyond the number wanted */
    NODE_TABLE_LOOK_MAX = 2048,    /* nodes looked at for one gathering */
    NODE_TABLE_WAKE_LOOK_MAX = 64, /* waiting deployments looked at when room appears */
    NODE_TABLE_WAKE_MIN = 8,       /* woken, if so many fit, even when not all can have the room */
    NODE_TABLE_RETRY_MS = 15000,   /* a waiting deployment looks again by itself */
    NODE_TABLE_RESUME_MS = 100,    /* likewise when the gathering had not seen all nodes; doubles */
    NODE_TABLE_RESUME_MAX_MS = 1600
};

void node_table_open(struct node_table **table);
void node_table_close(struct node_table *table); /* NULL is fine */

/* Rebuilding it at the start, outside of closures: nodes first, then what they hold. */
void node_table_load(struct node_table *table, const struct node *node);
void node_table_load_allocation(struct node_table *table, const char *node,
                                const struct resources *resources, int64_t replicas);

/* ---- nodes ---- */

struct node_facts {
    const char *name;
    const char *cluster;
    int state;      /* enum node_state */
    bool placeable; /* ready, schedulable and not draining */
    const struct pairs *labels;
    struct resources capacity, allocated;
    int64_t replicas;
};
/* False if no such node. `name` NULL (a pending replica's) is no node. */
bool node_table_get(const struct node_table *table, const char *name, struct node_facts *facts);

/* The row as it was written to the store: adds the node or follows its change (state, capacity,
 * labels, cordon, cluster). A node that begins to take replicas or grows wakes who waits. */
void node_table_put(struct store_tx *tx, struct node_table *table, const struct node *node);
/* The node is gone; its allocations with it. */
void node_table_remove(struct store_tx *tx, struct node_table *table, const char *name);

/* direction +1: a replica was placed there; -1: it ended (final phase or row gone). Freed room
 * wakes who waits. A node that the table does not know is no error: it was removed. */
void node_table_allocate(struct store_tx *tx, struct node_table *table, const char *node,
                         const struct resources *resources, int direction);

/* Any thread. Follows each change at once, so it may run ahead of the last commit by one batch.
 * False if no such node. */
bool node_table_allocated(struct node_table *table, const char *name, struct resources *resources,
                          int64_t *replicas);
/* Of the agent that may speak for it; 0 if no such node. Any thread. */
int64_t node_table_epoch(struct node_table *table, const char *name);
/* Nodes in that state (enum node_state), or of every state with -1. Any thread. */
int64_t node_table_count(const struct node_table *table, int state);

/* ---- placement ---- */

struct placement_query {
    const char *uid; /* the deployment that asks */
    const char *cluster;
    const struct selector *selector;   /* NULL = every node of the cluster */
    const struct resources *resources; /* of one replica */
    size_t wanted;                     /* replicas to place */
};
struct gathering {
    struct candidate *items; /* least loaded first; each takes replicas, matches and fits one */
    size_t count;
    struct place_refusals refusals; /* of the nodes that were looked at and left out */
    bool complete; /* false: nodes are left that were not looked at, and too few were found */
};
/* At most wanted + NODE_TABLE_CANDIDATES nodes. replicas_of_deployment is left 0. In a cluster too
 * big for one look, each call looks at the least loaded nodes and at others by chance. */
void node_table_gather(struct node_table *table, struct arena *arena,
                       const struct placement_query *query, struct gathering *gathering);

/* ---- deployments with replicas that found no node ---- */

/* query->uid waits for room for one replica: when a node of the cluster gets that much room, it is
 * marked dirty and waits no longer. The wake is a bounded hint, so the pass also wants to run again
 * by itself after the returned ms: NODE_TABLE_RETRY_MS, or while gatherings are not complete first
 * NODE_TABLE_RESUME_MS and then each time twice that, at most NODE_TABLE_RESUME_MAX_MS. Waiting
 * twice is waiting once. */
int64_t node_table_wait(struct store_tx *tx, struct node_table *table,
                        const struct placement_query *query, const struct gathering *gathering);
/* Everything is placed, or the deployment is gone. Fine when it did not wait. */
void node_table_unwait(struct store_tx *tx, struct node_table *table, const char *uid);
/* How many wait. Any thread. */
int64_t node_table_waiting(const struct node_table *table);

#endif
