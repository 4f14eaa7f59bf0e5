#include "base/heap.h"

#include "base/rng.h"

#include <criterion/criterion.h>

enum { NODES = 2000 };

static struct heap_node *take_first(struct heap *heap)
{
    struct heap_node *first = heap_first(heap);
    heap_remove(heap, first);
    return first;
}

Test(heap, an_empty_heap_has_no_first)
{
    struct heap heap;
    heap_init(&heap);
    cr_assert_null(heap_first(&heap));
    struct heap_node node = {.due_ms = 1};
    heap_remove(&heap, &node);
    cr_assert_not(heap_contains(&node));
    heap_release(&heap);
}

Test(heap, nodes_come_in_order_of_due_time)
{
    static struct heap_node nodes[NODES];
    struct heap heap;
    struct rng rng;
    heap_init(&heap);
    rng_seed(&rng, 1);
    for (int i = 0; i < NODES; i++)
        heap_set(&heap, &nodes[i], (int64_t)rng_below(&rng, 500) - 250);
    int64_t last_ms = INT64_MIN;
    for (int i = 0; i < NODES; i++) {
        const struct heap_node *node = take_first(&heap);
        cr_assert_geq(node->due_ms, last_ms);
        cr_assert_not(heap_contains(node));
        last_ms = node->due_ms;
    }
    cr_assert_null(heap_first(&heap));
    heap_release(&heap);
}

Test(heap, equal_due_times_come_in_order_of_insertion)
{
    static struct heap_node nodes[100];
    struct heap heap;
    heap_init(&heap);
    for (int i = 0; i < 100; i++)
        heap_set(&heap, &nodes[i], 7);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(take_first(&heap), &nodes[i]);
    heap_release(&heap);
}

Test(heap, setting_again_moves_a_node)
{
    struct heap_node a = {0}, b = {0}, c = {0};
    struct heap heap;
    heap_init(&heap);
    heap_set(&heap, &a, 10);
    heap_set(&heap, &b, 20);
    heap_set(&heap, &c, 30);
    heap_set(&heap, &c, 5);
    cr_assert_eq(heap_first(&heap), &c);
    heap_set(&heap, &c, 40);
    cr_assert_eq(heap_first(&heap), &a);
    cr_assert_eq(heap.count, 3);
    heap_release(&heap);
    cr_assert_not(heap_contains(&a));
}

/* The slow, obvious answer to compare with. */
static const struct heap_node *least_of(const struct heap_node *nodes, int count)
{
    const struct heap_node *least = NULL;
    for (int i = 0; i < count; i++) {
        const struct heap_node *node = &nodes[i];
        if (!heap_contains(node)) continue;
        bool before = least == NULL || node->due_ms < least->due_ms ||
                      (node->due_ms == least->due_ms && node->order < least->order);
        if (before) least = node;
    }
    return least;
}

Test(heap, random_moves_and_removals_keep_the_order)
{
    enum { POOL = 40 };
    struct heap_node nodes[POOL] = {0};
    struct heap heap;
    struct rng rng;
    heap_init(&heap);
    rng_seed(&rng, 42);
    for (int i = 0; i < 20000; i++) {
        struct heap_node *node = &nodes[rng_below(&rng, POOL)];
        if (rng_below(&rng, 3) == 0)
            heap_remove(&heap, node);
        else
            heap_set(&heap, node, (int64_t)rng_below(&rng, 30));
        cr_assert_eq(heap_first(&heap), least_of(nodes, POOL), "step %d", i);
    }
    heap_release(&heap);
}
