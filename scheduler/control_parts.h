/* control_parts.h: the inside of `struct control`, for the files of scheduler/ alone. */
#ifndef DOGSHORE_SCHEDULER_CONTROL_PARTS_H
#define DOGSHORE_SCHEDULER_CONTROL_PARTS_H

#include "base/clock.h"
#include "base/metrics.h"

#include <stdbool.h>
#include <stdint.h>

struct live;
struct node_table;
struct presence;
struct store;

struct control {
    struct store *store;
    struct clock clock;
    struct node_table *nodes;  /* the writer thread's */
    struct presence *presence; /* of every node of the store */
    struct live *live;         /* likewise */
    struct {
        struct counter changes_taken, changes_rejected, placed, unplaced; /* the writer's */
        _Atomic int64_t reports, samples; /* those of many: whichever threads take reports */
    } stats;
    int64_t deployments_at_most; /* rows cannot be more: spares counting them; the writer's */
};

/* A node is in the store from now on, or not any more: its presence and its live data. */
void control_add_node(struct control *control, const char *name, bool heard);
void control_forget_node(struct control *control, const char *name);

/* replica.reason of those that were given up with their node. Their agent may still run them. */
#define REASON_NODE_REMOVED "node_removed"

#endif
