#include "base/heap.h"

#include "base/arena.h"

#include <assert.h>

enum { HEAP_FIRST_CAPACITY = 16 };

void heap_init(struct heap *heap)
{
    *heap = (struct heap){.nodes = NULL};
}

void heap_release(struct heap *heap)
{
    for (size_t i = 1; i <= heap->count; i++)
        heap->nodes[i]->position = 0;
    free(heap->nodes);
    heap_init(heap);
}

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void place(struct heap *heap, struct heap_node *node, size_t position)
{
    heap->nodes[position] = node;
    node->position = position;
}

static void sift_up(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    while (position > 1 && is_before(node, heap->nodes[position / 2])) {
        place(heap, heap->nodes[position / 2], position);
        position /= 2;
    }
    place(heap, node, position);
}

static void sift_down(struct heap *heap, struct heap_node *node)
{
    size_t position = node->position;
    for (size_t child = position * 2; child <= heap->count; child = position * 2) {
        if (child < heap->count && is_before(heap->nodes[child + 1], heap->nodes[child])) child++;
        if (!is_before(heap->nodes[child], node)) break;
        place(heap, heap->nodes[child], position);
        position = child;
    }
    place(heap, node, position);
}

static void grow(struct heap *heap)
{
    if (heap->count + 1 < heap->capacity) return;
    heap->capacity = heap->capacity == 0 ? HEAP_FIRST_CAPACITY : heap->capacity * 2;
    heap->nodes = xrealloc(heap->nodes, heap->capacity * sizeof *heap->nodes);
}

void heap_set(struct heap *heap, struct heap_node *node, int64_t due_ms)
{
    node->due_ms = due_ms;
    node->order = heap->next_order++;
    if (!heap_contains(node)) {
        grow(heap);
        place(heap, node, ++heap->count);
    }
    assert(heap->nodes[node->position] == node);
    sift_up(heap, node);
    sift_down(heap, node);
}

void heap_remove(struct heap *heap, struct heap_node *node)
{
    if (!heap_contains(node)) return;
    assert(node->position <= heap->count && heap->nodes[node->position] == node);
    struct heap_node *last = heap->nodes[heap->count--];
    if (last != node) {
        place(heap, last, node->position);
        sift_up(heap, last);
        sift_down(heap, last);
    }
    node->position = 0;
}

struct heap_node *heap_first(const struct heap *heap)
{
    return heap->count == 0 ? NULL : heap->nodes[1];
}
