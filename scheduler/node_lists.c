/* The lists by utilisation of one cluster.
 *
 * A node's utilisation is that of its scarcest resource. Nodes without limits, and replicas that
 * ask for nothing, are told apart by how many replicas there are: n / (n + 64), which grows with
 * every replica and never gets full. */
#include "base/arena.h"
#include "scheduler/node_table_parts.h"

#include <assert.h>

enum { HALF_FULL_REPLICAS = 64 };

struct resources entry_allocated(const struct node_entry *entry)
{
    return (struct resources){
        .cpu_millis = counter_read(&entry->cpu_millis),
        .memory_mib = counter_read(&entry->memory_mib),
        .gpus = counter_read(&entry->gpus),
    };
}

static bool amount_fits(int64_t capacity, int64_t allocated, int64_t wanted)
{
    return wanted == 0 || allocated + wanted <= capacity;
}

/* cpu and memory: capacity 0 is not limited; gpus: 0 is none. */
bool resources_fit(const struct resources *capacity, const struct resources *allocated,
                   const struct resources *wanted)
{
    if (capacity->cpu_millis != 0 &&
        !amount_fits(capacity->cpu_millis, allocated->cpu_millis, wanted->cpu_millis))
        return false;
    if (capacity->memory_mib != 0 &&
        !amount_fits(capacity->memory_mib, allocated->memory_mib, wanted->memory_mib))
        return false;
    return amount_fits(capacity->gpus, allocated->gpus, wanted->gpus);
}

/* In which of NODE_LISTS steps `part` of `whole` falls; a whole of 0 is never used up. */
static int list_of(int64_t part, int64_t whole)
{
    if (whole <= 0 || part <= 0) return 0;
    if (part >= whole) return NODE_LISTS - 1;
    return (int)(part * NODE_LISTS / whole);
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

static int utilisation(const struct node_entry *entry)
{
    struct resources used = entry_allocated(entry);
    int64_t replicas = counter_read(&entry->replicas);
    int list = list_of(used.cpu_millis, entry->capacity.cpu_millis);
    list = max_int(list, list_of(used.memory_mib, entry->capacity.memory_mib));
    list = max_int(list, list_of(used.gpus, entry->capacity.gpus));
    return max_int(list, list_of(replicas, replicas + HALF_FULL_REPLICAS));
}

bool entry_is_placeable(const struct node_entry *entry)
{
    return entry->state == NODE_READY && entry->schedulable;
}

static void placeable_add(struct cluster_row *row, struct node_entry *entry)
{
    if (row->placeable_count == row->placeable_capacity) {
        row->placeable_capacity = row->placeable_capacity == 0 ? 16 : row->placeable_capacity * 2;
        row->placeable =
            xrealloc(row->placeable, row->placeable_capacity * sizeof(*row->placeable));
    }
    entry->slot = row->placeable_count++;
    row->placeable[entry->slot] = entry;
}

static void placeable_remove(struct cluster_row *row, const struct node_entry *entry)
{
    assert(row->placeable_count > 0);
    struct node_entry *moved = row->placeable[--row->placeable_count];
    row->placeable[entry->slot] = moved;
    moved->slot = entry->slot;
}

static void enlist(struct cluster_row *row, struct node_entry *entry, int number)
{
    entry->list = number;
    list_append(&row->lists[number], &entry->in_list);
    row->filled |= UINT64_C(1) << number;
}

static void strike(struct cluster_row *row, struct node_entry *entry)
{
    struct list *list = &row->lists[entry->list];
    list_remove(list, &entry->in_list);
    if (list->first == NULL) row->filled &= ~(UINT64_C(1) << entry->list);
    entry->list = NOT_LISTED;
}

void entry_unlink(struct node_entry *entry)
{
    if (entry->list == NOT_LISTED) return;
    strike(entry->row, entry);
    placeable_remove(entry->row, entry);
}

void entry_link(struct node_entry *entry)
{
    if (!entry_is_placeable(entry)) {
        entry_unlink(entry);
        return;
    }
    if (entry->list == NOT_LISTED)
        placeable_add(entry->row, entry);
    else
        strike(entry->row, entry);
    enlist(entry->row, entry, utilisation(entry));
}
