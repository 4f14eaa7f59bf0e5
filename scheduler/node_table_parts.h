/* node_table_parts.h: the inside of the node table, for node_table*.c alone.
 *
 *   table ─ by_name ─► entry ─ row ─► cluster_row ─► lists by utilisation ─► entry …
 *         ├ rows ────► cluster_row ─► placeable: the same entries as an array
 *         └ waiters ─► waiter ─ row ─► cluster_row ─► waiting, oldest first
 */
#ifndef DOGSHORE_SCHEDULER_NODE_TABLE_PARTS_H
#define DOGSHORE_SCHEDULER_NODE_TABLE_PARTS_H

#include "base/list.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/rng.h"
#include "scheduler/node_table.h"

#include <pthread.h>

enum {
    NODE_LISTS = 64, /* one bit each in cluster_row.filled */
    NOT_LISTED = -1
};

struct node_entry {
    struct list_link in_list;
    struct cluster_row *row;
    int list;        /* index in row->lists or NOT_LISTED */
    size_t slot;     /* in row->placeable, when listed */
    uint64_t gather; /* number of the last gathering that took it */
    char *name;
    struct pairs labels; /* one block */
    int state;
    bool schedulable; /* and not draining */
    struct resources capacity;
    struct counter epoch; /* counters: written by the writer alone */
    struct counter cpu_millis, memory_mib, gpus, replicas; /* allocated */
};

struct waiter {
    struct list_link in_row;
    struct cluster_row *row;
    char *uid;
    struct resources resources;
    int64_t resume_ms; /* after the last gathering; 0 = that one was complete */
};

struct cluster_row {
    char *name;
    struct list lists[NODE_LISTS];
    uint64_t filled;               /* bit n: lists[n] is not empty */
    struct node_entry **placeable; /* in no order */
    size_t placeable_count, placeable_capacity;
    int64_t nodes, ready; /* of any state; ready: placeable or not */
    struct list waiters;
    size_t waiter_count;
};

struct node_table {
    pthread_rwlock_t lock;  /* guards by_name and the life of entries against other threads */
    struct map by_name;     /* struct node_entry */
    struct map rows;        /* struct cluster_row */
    struct map waiters;     /* struct waiter */
    struct counter waiting; /* how many */
    struct counter states[NODE_STATES];
    struct rng rng;
    uint64_t gatherings;
};

struct resources entry_allocated(const struct node_entry *entry);
bool resources_fit(const struct resources *capacity, const struct resources *allocated,
                   const struct resources *wanted);

struct cluster_row *row_ensure(struct node_table *table, const char *cluster);
/* A row without nodes and waiters is let go. */
void row_release_empty(struct node_table *table, struct cluster_row *row);

/* Hangs the entry where it belongs now; at the end of its list, so that equals take turns. */
void entry_link(struct node_entry *entry);
void entry_unlink(struct node_entry *entry);
bool entry_is_placeable(const struct node_entry *entry);

/* The node may have got room: marks the waiting deployments dirty that can use it. */
void waiters_wake(struct store_tx *tx, struct node_table *table, const struct node_entry *entry);
void waiters_release(struct node_table *table);

#endif
