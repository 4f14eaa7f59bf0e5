#include "store/summary.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/text.h"
#include "store/replica_phases.h"
#include "store/row.h"

#include <stdlib.h>

enum { DEPLOYMENTS, NODES, REPLICAS, VERSION };

/* The indexes are named, so that a statement that cannot use them fails at start. */
static const char *const sql[] = {
    [DEPLOYMENTS] = "SELECT state, cluster, rollout_state, count(*), sum(rollout_id > 0)"
                    " FROM deployments INDEXED BY deployments_state"
                    " GROUP BY state, cluster, rollout_state"
                    " ORDER BY state, cluster, rollout_state",
    [NODES] = "SELECT name, cluster, state, schedulable, draining, cpu_millis, memory_mib, gpus"
              " FROM nodes ORDER BY name",
    [REPLICAS] = "SELECT node, cluster, phase, ready, available, count(*), sum(cpu_millis),"
                 " sum(memory_mib), sum(gpus) FROM replicas INDEXED BY replicas_node"
                 " WHERE " REPLICA_NOT_FINAL " GROUP BY node, cluster, phase, ready, available"
                 " ORDER BY node, cluster, phase, ready, available",
    [VERSION] = "PRAGMA data_version",
};
const struct statement_table summary_statements = STATEMENT_TABLE(sql);

struct counting {
    struct store_db *db;
    struct arena *arena;
    struct map clusters; /* name → struct cluster_summary */
    struct map nodes;    /* name → enum node_state, as int in the arena */
};

static void counting_init(struct counting *counting, struct store_db *db, struct arena *arena)
{
    *counting = (struct counting){.db = db, .arena = arena};
    map_init(&counting->clusters);
    map_init(&counting->nodes);
}

static void counting_release(struct counting *counting)
{
    map_release(&counting->clusters);
    map_release(&counting->nodes);
}

static struct fleet_counts *counts_of(struct counting *counting, const char *name)
{
    struct cluster_summary *cluster = map_get(&counting->clusters, name);
    if (cluster == NULL) {
        cluster = ARENA_NEW(counting->arena, struct cluster_summary);
        *cluster = (struct cluster_summary){.name = name};
        map_put(&counting->clusters, name, cluster);
    }
    return &cluster->counts;
}

static enum err_code count_deployments(struct counting *counting, struct err *err)
{
    auto_row row = row_open(counting->db, STATEMENTS_SUMMARY, DEPLOYMENTS);
    for (bool found;;) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        int state = row_word(&row, deployment_state_words);
        struct fleet_counts *counts = counts_of(counting, row_text(&row, counting->arena));
        int rollout_state = row_word(&row, rollout_state_words);
        int64_t deployments = row_int(&row);
        int64_t rollouts = row_int(&row);
        TRY(row_check(&row, err));
        counts->deployments.total += deployments;
        counts->deployments.states[state] += deployments;
        if (rollout_state_final(rollout_state)) continue;
        counts->rollouts.total += rollouts;
        counts->rollouts.states[rollout_state] += rollouts;
    }
}

static struct resources read_resources(struct row *row)
{
    struct resources resources;
    resources.cpu_millis = row_int(row);
    resources.memory_mib = row_int(row);
    resources.gpus = row_int(row);
    return resources;
}

static void add_resources(struct resources *sum, const struct resources *resources)
{
    sum->cpu_millis += resources->cpu_millis;
    sum->memory_mib += resources->memory_mib;
    sum->gpus += resources->gpus;
}

static bool is_there(int node_state)
{
    return node_state == NODE_READY || node_state == NODE_SUSPECT;
}

static enum err_code count_nodes(struct counting *counting, struct err *err)
{
    auto_row row = row_open(counting->db, STATEMENTS_SUMMARY, NODES);
    for (bool found;;) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        const char *name = row_text(&row, counting->arena);
        struct fleet_counts *counts = counts_of(counting, row_text(&row, counting->arena));
        int state = row_word(&row, node_state_words);
        counts->nodes.total++;
        counts->nodes.schedulable += row_bool(&row) ? 1 : 0;
        counts->nodes.draining += row_bool(&row) ? 1 : 0;
        struct resources capacity = read_resources(&row);
        TRY(row_check(&row, err));
        counts->nodes.states[state]++;
        if (is_there(state)) add_resources(&counts->capacity, &capacity);
        map_put(&counting->nodes, name, arena_copy(counting->arena, &state, sizeof state));
    }
}

/* One without a node is present: nothing is doubtful about it. */
static enum replica_presence presence_on(const struct counting *counting, const char *node)
{
    const int *state = node != NULL ? map_get(&counting->nodes, node) : NULL;
    if (node == NULL) return PRESENCE_PRESENT;
    return state == NULL ? PRESENCE_LOST : presence_of_node_state(*state);
}

static enum err_code count_replicas(struct counting *counting, struct err *err)
{
    auto_row row = row_open(counting->db, STATEMENTS_SUMMARY, REPLICAS);
    for (bool found;;) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        const char *node = row_text(&row, counting->arena);
        struct fleet_counts *counts = counts_of(counting, row_text(&row, counting->arena));
        int phase = row_word(&row, replica_phase_words);
        bool ready = row_bool(&row), available = row_bool(&row);
        int64_t replicas = row_int(&row);
        struct resources allocated = read_resources(&row);
        enum replica_presence presence = presence_on(counting, node);
        TRY(row_check(&row, err));
        counts->replicas.total += replicas;
        counts->replicas.states[phase] += replicas;
        counts->replicas.ready += ready ? replicas : 0;
        counts->replicas.available += available ? replicas : 0;
        counts->replicas.presences[presence] += replicas;
        if (node != NULL && presence != PRESENCE_LOST)
            add_resources(&counts->allocated, &allocated);
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct cluster_summary *)a)->name,
                  ((const struct cluster_summary *)b)->name);
}

static void settle(const struct counting *counting, struct cluster_summaries *clusters)
{
    void *cluster;
    const char *name;
    *clusters = (struct cluster_summaries){
        .items = ARENA_ARRAY(counting->arena, struct cluster_summary, counting->clusters.count)};
    for (size_t position = 0; map_next(&counting->clusters, &position, &name, &cluster);)
        clusters->items[clusters->count++] = *(const struct cluster_summary *)cluster;
    if (clusters->count > 1)
        qsort(clusters->items, clusters->count, sizeof *clusters->items, compare_names);
}

static enum err_code count_all(struct counting *counting, struct err *err)
{
    counts_of(counting, "default");
    TRY(count_deployments(counting, err));
    TRY(count_nodes(counting, err));
    return count_replicas(counting, err);
}

static enum err_code count_clusters(struct store_db *db, struct arena *arena,
                                    struct cluster_summaries *clusters, struct err *err)
{
    struct counting counting;
    counting_init(&counting, db, arena);
    enum err_code code = count_all(&counting, err);
    if (code == ERR_OK) settle(&counting, clusters);
    counting_release(&counting);
    return code;
}

/* ---- what was counted last, for as long as nobody commits anything ---- */

struct summary_memo {
    struct arena arena;
    struct cluster_summaries clusters;
    int64_t version;
};

void summary_memo_free(struct summary_memo *memo)
{
    if (memo == NULL) return;
    arena_release(&memo->arena);
    free(memo);
}

static enum err_code count_anew(struct store_db *db, int64_t version, struct err *err)
{
    struct summary_memo *memo = xcalloc(1, sizeof *memo);
    arena_init(&memo->arena);
    memo->version = version;
    enum err_code code = count_clusters(db, &memo->arena, &memo->clusters, err);
    summary_memo_free(code == ERR_OK ? db->summary : memo);
    if (code == ERR_OK) db->summary = memo;
    return code;
}

/* The version stands for what others have committed: a writer's own changes do not move it. */
static enum err_code look(struct store_db *db, const struct cluster_summaries **clusters,
                          struct err *err)
{
    int64_t version;
    auto_row row = row_open(db, STATEMENTS_SUMMARY, VERSION);
    TRY(row_number(&row, &version, err));
    bool known = db->summary != NULL && db->summary->version == version && !db->writer;
    if (!known) TRY(count_anew(db, version, err));
    *clusters = &db->summary->clusters;
    return ERR_OK;
}

enum err_code summary_read(struct store_db *db, struct arena *arena, const char *cluster,
                           struct summary *summary, struct err *err)
{
    const struct cluster_summaries *all;
    TRY(look(db, &all, err));
    *summary = (struct summary){0};
    struct cluster_summaries *shown = &summary->clusters;
    shown->items = ARENA_ARRAY(arena, struct cluster_summary, all->count);
    for (size_t i = 0; i < all->count; i++) {
        const struct cluster_summary *item = &all->items[i];
        if (cluster != NULL && !text_equal(item->name, cluster)) continue;
        fleet_counts_add(&summary->counts, &item->counts);
        shown->items[shown->count] = *item;
        shown->items[shown->count++].name = arena_strdup(arena, item->name);
    }
    return ERR_OK;
}
