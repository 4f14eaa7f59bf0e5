/* Finding candidates without looking at the fleet.
 *
 * First the lists from the least used on. A cluster with more placeable nodes than half a look, of
 * which too few of the least used fit or match, is then sampled from a random place on: so that a
 * rare label or a rare size is found after some passes, at a bounded price for each. */
#include "base/arena.h"
#include "scheduler/node_table_parts.h"

struct look {
    const struct placement_query *query;
    struct gathering *gathering;
    size_t capacity, looked;
    uint64_t number;
};

static int64_t *refusal(const struct look *look, const struct node_entry *entry)
{
    const struct placement_query *query = look->query;
    struct place_refusals *refusals = &look->gathering->refusals;
    if (query->selector != NULL && !selector_matches(query->selector, &entry->labels))
        return &refusals->selector;
    struct resources used = entry_allocated(entry);
    const struct resources *capacity = &entry->capacity, *wanted = query->resources;
    if (resources_fit(capacity, &used, wanted)) return NULL;
    struct resources part = {.cpu_millis = wanted->cpu_millis};
    if (!resources_fit(capacity, &used, &part)) return &refusals->cpu;
    part = (struct resources){.memory_mib = wanted->memory_mib};
    return resources_fit(capacity, &used, &part) ? &refusals->gpus : &refusals->memory;
}

/* False when enough were found. */
static bool look_at(struct look *look, struct node_entry *entry)
{
    struct gathering *gathering = look->gathering;
    if (gathering->count == look->capacity) return false;
    if (entry->gather == look->number) return true;
    entry->gather = look->number;
    look->looked++;
    int64_t *refused = refusal(look, entry);
    if (refused != NULL) {
        gathering->refusals.nodes++;
        (*refused)++;
        return true;
    }
    gathering->items[gathering->count++] = (struct candidate){
        .name = entry->name,
        .labels = &entry->labels,
        .state = entry->state,
        .schedulable = entry->schedulable,
        .capacity = entry->capacity,
        .allocated = entry_allocated(entry),
        .replicas = counter_read(&entry->replicas),
    };
    return true;
}

/* False when enough were found or `most` were looked at. */
static bool look_along(struct look *look, const struct list *list, size_t most)
{
    for (struct list_link *link = list->first; link != NULL; link = link->next) {
        if (look->looked == most) return false;
        if (!look_at(look, CONTAINER_OF(link, struct node_entry, in_list))) return false;
    }
    return true;
}

static void look_at_least_used(struct look *look, const struct cluster_row *row, size_t most)
{
    for (uint64_t rest = row->filled; rest != 0; rest &= rest - 1)
        if (!look_along(look, &row->lists[__builtin_ctzll(rest)], most)) return;
}

static void look_at_sample(struct look *look, const struct cluster_row *row, struct rng *rng,
                           size_t most)
{
    size_t start = (size_t)rng_below(rng, row->placeable_count);
    for (size_t i = 0; i < row->placeable_count && i < most; i++)
        if (!look_at(look, row->placeable[(start + i) % row->placeable_count])) return;
}

void node_table_gather(struct node_table *table, struct arena *arena,
                       const struct placement_query *query, struct gathering *gathering)
{
    *gathering = (struct gathering){.complete = true};
    const struct cluster_row *row = map_get(&table->rows, query->cluster);
    if (row == NULL) return;
    struct place_refusals *refusals = &gathering->refusals;
    refusals->not_ready = row->nodes - row->ready;
    refusals->cordoned = row->ready - (int64_t)row->placeable_count;
    refusals->nodes = refusals->not_ready + refusals->cordoned;
    if (row->placeable_count == 0) return;

    struct look look = {
        .query = query,
        .gathering = gathering,
        .capacity = query->wanted + NODE_TABLE_CANDIDATES,
        .number = ++table->gatherings,
    };
    if (look.capacity > row->placeable_count) look.capacity = row->placeable_count;
    gathering->items = ARENA_ARRAY(arena, struct candidate, look.capacity);
    bool small = row->placeable_count <= NODE_TABLE_LOOK_MAX;
    look_at_least_used(&look, row, small ? NODE_TABLE_LOOK_MAX : NODE_TABLE_LOOK_MAX / 2);
    if (!small && gathering->count < query->wanted)
        look_at_sample(&look, row, &table->rng, NODE_TABLE_LOOK_MAX / 2);
    gathering->complete = look.looked == row->placeable_count || gathering->count >= query->wanted;
}
