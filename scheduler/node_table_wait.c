/* Clusters' rows, and the deployments that wait for room in one. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/node_table_parts.h"
#include "store/writer.h"

struct cluster_row *row_ensure(struct node_table *table, const char *cluster)
{
    struct cluster_row *row = map_get(&table->rows, cluster);
    if (row != NULL) return row;
    row = xcalloc(1, sizeof(*row));
    row->name = xstrdup(cluster);
    map_put(&table->rows, cluster, row);
    return row;
}

void row_release_empty(struct node_table *table, struct cluster_row *row)
{
    if (row->nodes > 0 || row->waiter_count > 0) return;
    map_remove(&table->rows, row->name);
    free(row->placeable);
    free(row->name);
    free(row);
}

/* ---- waiters ---- */

static void append(struct cluster_row *row, struct waiter *waiter)
{
    waiter->row = row;
    list_append(&row->waiters, &waiter->in_row);
    row->waiter_count++;
}

static void detach(struct waiter *waiter)
{
    list_remove(&waiter->row->waiters, &waiter->in_row);
    waiter->row->waiter_count--;
}

static struct waiter *waiter_add(struct node_table *table, const char *cluster, const char *uid,
                                 const struct resources *resources)
{
    struct waiter *waiter = xcalloc(1, sizeof(*waiter));
    waiter->uid = xstrdup(uid);
    waiter->resources = *resources;
    append(row_ensure(table, cluster), waiter);
    map_put(&table->waiters, uid, waiter);
    counter_set(&table->waiting, (int64_t)table->waiters.count);
    return waiter;
}

static void waiter_drop(struct node_table *table, struct waiter *waiter)
{
    struct cluster_row *row = waiter->row;
    detach(waiter);
    map_remove(&table->waiters, waiter->uid);
    counter_set(&table->waiting, (int64_t)table->waiters.count);
    free(waiter->uid);
    free(waiter);
    row_release_empty(table, row);
}

void waiters_release(struct node_table *table)
{
    size_t position = 0;
    void *value;
    while (map_next(&table->waiters, &position, NULL, &value))
        waiter_drop(table, value);
}

/* How a deployment waited; cluster NULL = it did not. */
struct waiter_mark {
    const char *uid, *cluster;
    struct resources resources;
};

static void restore(void *self, void *argument)
{
    struct node_table *table = self;
    const struct waiter_mark *mark = argument;
    struct waiter *waiter = map_get(&table->waiters, mark->uid);
    if (waiter != NULL) waiter_drop(table, waiter);
    if (mark->cluster != NULL) waiter_add(table, mark->cluster, mark->uid, &mark->resources);
}

static void stage(struct store_tx *tx, struct node_table *table, const char *uid,
                  const struct waiter *waiter)
{
    struct arena *arena = tx_arena(tx);
    struct waiter_mark *mark = ARENA_NEW(arena, struct waiter_mark);
    mark->uid = arena_strdup(arena, uid);
    if (waiter != NULL) {
        mark->cluster = arena_strdup(arena, waiter->row->name);
        mark->resources = waiter->resources;
    }
    tx_stage(tx, restore, table, mark);
}

/* So that many that wait for what no node has do not keep the writer busy with looking. */
static int64_t look_again_in_ms(struct waiter *waiter, bool complete)
{
    int64_t resume_ms = waiter->resume_ms == 0 ? NODE_TABLE_RESUME_MS : 2 * waiter->resume_ms;
    if (resume_ms > NODE_TABLE_RESUME_MAX_MS) resume_ms = NODE_TABLE_RESUME_MAX_MS;
    waiter->resume_ms = complete ? 0 : resume_ms;
    return complete ? NODE_TABLE_RETRY_MS : resume_ms;
}

int64_t node_table_wait(struct store_tx *tx, struct node_table *table,
                        const struct placement_query *query, const struct gathering *gathering)
{
    struct waiter *waiter = map_get(&table->waiters, query->uid);
    stage(tx, table, query->uid, waiter);
    if (waiter == NULL) waiter = waiter_add(table, query->cluster, query->uid, query->resources);
    waiter->resources = *query->resources;
    return look_again_in_ms(waiter, gathering->complete);
}

void node_table_unwait(struct store_tx *tx, struct node_table *table, const char *uid)
{
    struct waiter *waiter = map_get(&table->waiters, uid);
    if (waiter == NULL) return;
    stage(tx, table, uid, waiter);
    waiter_drop(table, waiter);
}

/* Those that do not fit go to the end, so that the next event looks at others. */
static void look_again_last(struct waiter *waiter)
{
    struct cluster_row *row = waiter->row;
    detach(waiter);
    append(row, waiter);
}

static void take(struct resources *allocated, const struct resources *resources)
{
    allocated->cpu_millis += resources->cpu_millis;
    allocated->memory_mib += resources->memory_mib;
    allocated->gpus += resources->gpus;
}

/* One freed place must not make a thousand deployments plan again: it wakes those that it has room
 * for, one replica each, and some more in case the first cannot use it (their node selector). */
void waiters_wake(struct store_tx *tx, struct node_table *table, const struct node_entry *entry)
{
    if (!entry_is_placeable(entry)) return;
    struct resources used = entry_allocated(entry), promised = used;
    size_t looks = entry->row->waiter_count, woken = 0;
    if (looks > NODE_TABLE_WAKE_LOOK_MAX) looks = NODE_TABLE_WAKE_LOOK_MAX;
    struct list_link *link = entry->row->waiters.first;
    for (struct list_link *next; looks > 0; looks--, link = next) {
        struct waiter *waiter = CONTAINER_OF(link, struct waiter, in_row);
        next = link->next;
        bool room = resources_fit(&entry->capacity, &promised, &waiter->resources);
        if (!room && (woken >= NODE_TABLE_WAKE_MIN ||
                      !resources_fit(&entry->capacity, &used, &waiter->resources))) {
            look_again_last(waiter);
            continue;
        }
        take(&promised, &waiter->resources);
        woken++;
        tx_dirty(tx, waiter->uid);
        node_table_unwait(tx, table, waiter->uid);
    }
}

int64_t node_table_waiting(const struct node_table *table)
{
    return counter_read(&table->waiting);
}
