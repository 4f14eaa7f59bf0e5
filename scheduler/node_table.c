/* What the control plane knows of its nodes, and how a change of it is taken back.
 *
 * Undo: before an entry changes, a mark of how it is goes to tx_stage(). A mark names the node and
 * holds values, never pointers into the table, since an entry may come and go between marks. Marks
 * are restored newest first. */
#include "scheduler/node_table.h"

#include "base/arena.h"
#include "base/text.h"
#include "scheduler/node_table_parts.h"
#include "store/writer.h"

#include <assert.h>

/* How a node is, apart from the table. */
struct entry_mark {
    const char *name;
    bool present;
    bool whole; /* the fields of the node too, not only what is allocated */
    struct node node;
    struct resources allocated;
    int64_t replicas;
};

/* ---- entries ---- */

static char *pack(char **free_bytes, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = memcpy(*free_bytes, text, bytes);
    *free_bytes += bytes;
    return copy;
}

/* One block: the items, then their text. */
static struct pairs pairs_clone(const struct pairs *pairs)
{
    if (pairs->count == 0) return (struct pairs){.items = NULL};
    size_t bytes = pairs->count * sizeof(*pairs->items);
    for (size_t i = 0; i < pairs->count; i++)
        bytes += strlen(pairs->items[i].key) + strlen(pairs->items[i].value) + 2;
    struct pair *items = xmalloc(bytes);
    char *text = (char *)(items + pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        items[i].key = pack(&text, pairs->items[i].key);
        items[i].value = pack(&text, pairs->items[i].value);
    }
    return (struct pairs){.items = items, .count = pairs->count};
}

static struct node_entry *find(const struct node_table *table, const char *name)
{
    return name == NULL ? NULL : map_get(&table->by_name, name);
}

static void count_state(struct node_table *table, const struct node_entry *entry, int64_t step)
{
    struct counter *count = &table->states[entry->state];
    counter_set(count, counter_read(count) + step);
    entry->row->nodes += step;
    if (entry->state == NODE_READY) entry->row->ready += step;
}

static void detach(struct node_table *table, struct node_entry *entry)
{
    struct cluster_row *row = entry->row;
    entry_unlink(entry);
    count_state(table, entry, -1);
    entry->row = NULL;
    row_release_empty(table, row);
}

static struct node_entry *entry_new(struct node_table *table, const char *name)
{
    struct node_entry *entry = xcalloc(1, sizeof(*entry));
    entry->name = xstrdup(name);
    entry->list = NOT_LISTED;
    pthread_rwlock_wrlock(&table->lock);
    map_put(&table->by_name, name, entry);
    pthread_rwlock_unlock(&table->lock);
    return entry;
}

static void entry_free(struct node_entry *entry)
{
    free(entry->labels.items);
    free(entry->name);
    free(entry);
}

static void entry_drop(struct node_table *table, struct node_entry *entry)
{
    detach(table, entry);
    pthread_rwlock_wrlock(&table->lock);
    map_remove(&table->by_name, entry->name);
    pthread_rwlock_unlock(&table->lock);
    entry_free(entry);
}

static struct node_entry *entry_set(struct node_table *table, const struct node *node)
{
    assert(node->state >= 0 && node->state < NODE_STATES);
    struct node_entry *entry = find(table, node->name);
    struct pairs labels = pairs_clone(&node->labels);
    if (entry == NULL)
        entry = entry_new(table, node->name);
    else
        detach(table, entry);
    free(entry->labels.items);
    entry->labels = labels;
    entry->capacity = node->capacity;
    entry->state = node->state;
    counter_set(&entry->epoch, node->epoch);
    entry->schedulable = node->schedulable && !node->draining;
    entry->row = row_ensure(table, node->cluster);
    count_state(table, entry, +1);
    entry_link(entry);
    return entry;
}

static void entry_charge(struct node_entry *entry, const struct resources *allocated,
                         int64_t replicas)
{
    counter_set(&entry->cpu_millis, allocated->cpu_millis);
    counter_set(&entry->memory_mib, allocated->memory_mib);
    counter_set(&entry->gpus, allocated->gpus);
    counter_set(&entry->replicas, replicas);
    entry_link(entry);
}

/* ---- undo ---- */

static void restore(void *self, void *argument)
{
    struct node_table *table = self;
    const struct entry_mark *mark = argument;
    struct node_entry *entry = find(table, mark->name);
    if (!mark->present) {
        if (entry != NULL) entry_drop(table, entry);
        return;
    }
    if (mark->whole) entry = entry_set(table, &mark->node);
    assert(entry != NULL);
    entry_charge(entry, &mark->allocated, mark->replicas);
}

static struct pairs pairs_copy(struct arena *arena, const struct pairs *pairs)
{
    struct pairs copy = {.items = ARENA_ARRAY(arena, struct pair, pairs->count),
                         .count = pairs->count};
    for (size_t i = 0; i < pairs->count; i++) {
        copy.items[i].key = arena_strdup(arena, pairs->items[i].key);
        copy.items[i].value = arena_strdup(arena, pairs->items[i].value);
    }
    return copy;
}

static void mark_node(struct arena *arena, struct entry_mark *mark, const struct node_entry *entry)
{
    mark->whole = true;
    mark->node = (struct node){
        .name = mark->name,
        .cluster = arena_strdup(arena, entry->row->name),
        .labels = pairs_copy(arena, &entry->labels),
        .capacity = entry->capacity,
        .state = entry->state,
        .epoch = counter_read(&entry->epoch),
        .schedulable = entry->schedulable,
    };
}

static void stage(struct store_tx *tx, struct node_table *table, const char *name, bool whole)
{
    struct arena *arena = tx_arena(tx);
    struct entry_mark *mark = ARENA_NEW(arena, struct entry_mark);
    const struct node_entry *entry = find(table, name);
    mark->name = arena_strdup(arena, name);
    mark->present = entry != NULL;
    if (entry != NULL) {
        mark->allocated = entry_allocated(entry);
        mark->replicas = counter_read(&entry->replicas);
        if (whole) mark_node(arena, mark, entry);
    }
    tx_stage(tx, restore, table, mark);
}

/* ---- the table ---- */

void node_table_open(struct node_table **table)
{
    struct node_table *made = xcalloc(1, sizeof(*made));
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&made->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    map_init(&made->by_name);
    map_init(&made->rows);
    map_init(&made->waiters);
    rng_seed(&made->rng, 1);
    *table = made;
}

void node_table_close(struct node_table *table)
{
    if (table == NULL) return;
    waiters_release(table);
    size_t position = 0;
    void *value;
    while (map_next(&table->by_name, &position, NULL, &value))
        entry_drop(table, value);
    map_release(&table->by_name);
    map_release(&table->rows);
    map_release(&table->waiters);
    pthread_rwlock_destroy(&table->lock);
    free(table);
}

void node_table_load(struct node_table *table, const struct node *node)
{
    entry_set(table, node);
}

void node_table_load_allocation(struct node_table *table, const char *node,
                                const struct resources *resources, int64_t replicas)
{
    struct node_entry *entry = find(table, node);
    if (entry != NULL) entry_charge(entry, resources, replicas);
}

bool node_table_get(const struct node_table *table, const char *name, struct node_facts *facts)
{
    const struct node_entry *entry = find(table, name);
    if (entry == NULL) return false;
    *facts = (struct node_facts){
        .name = entry->name,
        .cluster = entry->row->name,
        .state = entry->state,
        .placeable = entry_is_placeable(entry),
        .labels = &entry->labels,
        .capacity = entry->capacity,
        .allocated = entry_allocated(entry),
        .replicas = counter_read(&entry->replicas),
    };
    return true;
}

void node_table_put(struct store_tx *tx, struct node_table *table, const struct node *node)
{
    stage(tx, table, node->name, true);
    waiters_wake(tx, table, entry_set(table, node));
}

void node_table_remove(struct store_tx *tx, struct node_table *table, const char *name)
{
    struct node_entry *entry = find(table, name);
    if (entry == NULL) return;
    stage(tx, table, name, true);
    entry_drop(table, entry);
}

void node_table_allocate(struct store_tx *tx, struct node_table *table, const char *node,
                         const struct resources *resources, int direction)
{
    assert(direction == 1 || direction == -1);
    struct node_entry *entry = find(table, node);
    if (entry == NULL) return;
    stage(tx, table, node, false);
    struct resources allocated = entry_allocated(entry);
    allocated.cpu_millis += direction * resources->cpu_millis;
    allocated.memory_mib += direction * resources->memory_mib;
    allocated.gpus += direction * resources->gpus;
    int64_t replicas = counter_read(&entry->replicas) + direction;
    assert(replicas >= 0);
    entry_charge(entry, &allocated, replicas);
    if (direction < 0) waiters_wake(tx, table, entry);
}

bool node_table_allocated(struct node_table *table, const char *name, struct resources *resources,
                          int64_t *replicas)
{
    pthread_rwlock_rdlock(&table->lock);
    const struct node_entry *entry = find(table, name);
    if (entry != NULL) {
        *resources = entry_allocated(entry);
        *replicas = counter_read(&entry->replicas);
    }
    pthread_rwlock_unlock(&table->lock);
    return entry != NULL;
}

int64_t node_table_epoch(struct node_table *table, const char *name)
{
    pthread_rwlock_rdlock(&table->lock);
    const struct node_entry *entry = find(table, name);
    int64_t epoch = entry != NULL ? counter_read(&entry->epoch) : 0;
    pthread_rwlock_unlock(&table->lock);
    return epoch;
}

int64_t node_table_count(const struct node_table *table, int state)
{
    if (state >= 0) return counter_read(&table->states[state]);
    int64_t count = 0;
    for (int i = 0; i < NODE_STATES; i++)
        count += counter_read(&table->states[i]);
    return count;
}
