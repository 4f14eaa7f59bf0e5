/* The memory beside the store: made from it at the start. */
#include "scheduler/control.h"

#include "base/arena.h"
#include "base/limits.h"
#include "scheduler/control_parts.h"
#include "scheduler/live.h"
#include "scheduler/node_table.h"
#include "scheduler/plan/liveness.h"
#include "scheduler/presence.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/store.h"

void control_add_node(struct control *control, const char *name, bool heard)
{
    live_add_node(control->live, name);
    presence_add(control->presence, name, heard);
}

void control_forget_node(struct control *control, const char *name)
{
    presence_remove(control->presence, name);
    live_remove_node(control->live, name);
}

static void load_node(struct control *control, const struct node *node)
{
    node_table_load(control->nodes, node);
    control_add_node(control, node->name, false);
}

static enum err_code load_nodes(struct control *control, struct store_db *db, struct err *err)
{
    char after[LIMIT_NAME_BYTES + 1] = "";
    for (;;) {
        auto_arena arena;
        arena_init(&arena);
        struct node *nodes;
        size_t count;
        TRY(nodes_list(db, &arena, NULL, *after == '\0' ? NULL : after, LIMIT_LIST, &nodes, &count,
                       err));
        for (size_t i = 0; i < count; i++)
            load_node(control, &nodes[i]);
        if (count < LIMIT_LIST) return ERR_OK;
        snprintf(after, sizeof(after), "%s", nodes[count - 1].name);
    }
}

static enum err_code load_allocations(struct control *control, struct store_db *db, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct replica_allocation *allocations;
    size_t count;
    TRY(replicas_allocations(db, &arena, &allocations, &count, err));
    for (size_t i = 0; i < count; i++)
        node_table_load_allocation(control->nodes, allocations[i].node, &allocations[i].resources,
                                   allocations[i].replicas);
    return ERR_OK;
}

static enum err_code load(struct control *control, struct err *err)
{
    struct store_db *db;
    TRY(store_reader_open(control->store, &db, err));
    enum err_code code = store_read_begin(db, err);
    if (code == ERR_OK) {
        code = deployments_count(db, &control->deployments_at_most, err);
        if (code == ERR_OK) code = load_nodes(control, db, err);
        if (code == ERR_OK) code = load_allocations(control, db, err);
        store_read_end(db);
    }
    store_reader_close(db);
    return code;
}

enum err_code control_open(struct control **control, struct store *store, struct clock clock,
                           struct err *err)
{
    struct control *made = xcalloc(1, sizeof(*made));
    made->store = store;
    made->clock = clock;
    node_table_open(&made->nodes);
    presence_open(&made->presence, clock);
    live_open(&made->live);
    enum err_code code = load(made, err);
    if (code != ERR_OK) {
        control_close(made);
        return code;
    }
    *control = made;
    return ERR_OK;
}

void control_close(struct control *control)
{
    if (control == NULL) return;
    live_close(control->live);
    presence_close(control->presence);
    node_table_close(control->nodes);
    free(control);
}

bool control_node_allocated(struct control *control, const char *name, struct resources *resources,
                            int64_t *replicas)
{
    return node_table_allocated(control->nodes, name, resources, replicas);
}

int64_t control_node_epoch(struct control *control, const char *name)
{
    return node_table_epoch(control->nodes, name);
}

void control_node_seen(struct control *control, const char *name)
{
    presence_note(control->presence, name);
}

bool control_node_silence(struct control *control, const char *name, int64_t *silent_ms)
{
    int64_t seen_ms = 0;
    if (!presence_last_seen(control->presence, name, &seen_ms) || seen_ms == 0) return false;
    *silent_ms = presence_now_ms(control->presence) - seen_ms;
    if (*silent_ms < 0) *silent_ms = 0;
    return true;
}

void control_node_samples(struct control *control, const char *name,
                          const struct replica_sample *samples, size_t count)
{
    struct resources allocated;
    int64_t replicas = 0;
    node_table_allocated(control->nodes, name, &allocated, &replicas);
    live_tell(control->live, name, replicas, samples, count, clock_boot_ms(&control->clock));
    atomic_fetch_add_explicit(&control->stats.reports, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&control->stats.samples, (int64_t)count, memory_order_relaxed);
}

bool control_replica_sample(struct control *control, struct arena *arena,
                            const struct replica *replica, struct live_sample *found)
{
    if (replica->node == NULL || replica_phase_final(replica->phase)) return false;
    if (!live_look(control->live, arena, replica->node, replica->id, clock_boot_ms(&control->clock),
                   found))
        return false;
    return found->sample.attempt == 0 || found->sample.attempt >= replica->attempt;
}

void control_replica_answers(struct control *control, struct arena *arena,
                             const struct replica *replica,
                             struct probe_answers answers[static PROBE_KINDS])
{
    for (size_t i = 0; i < PROBE_KINDS; i++)
        answers[i] = (struct probe_answers){.count = 0};
    if (replica->node == NULL || replica_phase_final(replica->phase)) return;
    live_answers(control->live, arena, replica->node, replica->id, clock_boot_ms(&control->clock),
                 answers);
}

int64_t control_poll_wait_ms(struct control *control)
{
    return liveness_poll_wait_ms(presence_count(control->presence));
}

void control_stats(struct control *control, struct control_stats *stats)
{
    *stats = (struct control_stats){
        .reports = atomic_load_explicit(&control->stats.reports, memory_order_relaxed),
        .changes_taken = counter_read(&control->stats.changes_taken),
        .changes_rejected = counter_read(&control->stats.changes_rejected),
        .samples = atomic_load_explicit(&control->stats.samples, memory_order_relaxed),
        .placed = counter_read(&control->stats.placed),
        .unplaced = counter_read(&control->stats.unplaced),
        .waiting = node_table_waiting(control->nodes),
    };
}
