/* heap.h: timers. A binary min-heap of intrusive nodes ordered by due time, then insertion.
 * Ownership: nodes are the caller's. Threads: none of its own. */
#ifndef DOGSHORE_BASE_HEAP_H
#define DOGSHORE_BASE_HEAP_H

#include "base/container_of.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_node {
    int64_t due_ms;
    uint64_t order;
    size_t position; /* 0 = not in a heap */
};

struct heap {
    struct heap_node **nodes; /* 1-based */
    size_t count, capacity;
    uint64_t next_order;
};

void heap_init(struct heap *heap);
void heap_release(struct heap *heap);
/* Inserts, or moves a node that is already in. */
void heap_set(struct heap *heap, struct heap_node *node, int64_t due_ms);
void heap_remove(struct heap *heap, struct heap_node *node); /* fine when not in */
struct heap_node *heap_first(const struct heap *heap);       /* NULL when empty */
static inline bool heap_contains(const struct heap_node *node)
{
    return node->position != 0;
}

#endif
