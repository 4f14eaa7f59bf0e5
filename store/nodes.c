#include "store/nodes.h"

#include "base/arena.h"
#include "base/text.h"
#include "store/batch.h"
#include "store/health.h"
#include "store/listing_run.h"
#include "wire/deployment_wire.h"

/* clang-format off */
/* Columns in the order in which bind_node() and read_node() go through them. */
#define CHANGING_COLUMNS(X)                                                                        \
    X(cluster) X(labels) X(cpu_millis) X(memory_mib) X(gpus) X(address) X(agent_version)           \
    X(boot_id) X(drivers) X(epoch) X(report_seq) X(state) X(state_reason)                          \
    X(schedulable) X(draining) X(registered_at) X(state_since_at) X(rejoin_until_ms)
#define COLUMNS CHANGING_COLUMNS(COLUMN_NAME) "assignments_index, at_index, name"
#define SELECT "SELECT " COLUMNS " FROM nodes WHERE "

enum { CLUSTERS_COMPARED = 1000 }; /* with one that is not known, for the nearest */
enum { GET, LIST, LIST_CLUSTER, HAS_CLUSTER, CLUSTERS, PUT, SET_REPORT_SEQ, SET_REJOIN, DELETE };

static const char *const sql[] = {
    [GET] = SELECT "name = ?",
    [LIST] = SELECT "name > ? ORDER BY name LIMIT ?",
    [LIST_CLUSTER] = SELECT "cluster = ? AND name > ? ORDER BY name LIMIT ?",
    [HAS_CLUSTER] = "SELECT EXISTS (SELECT 1 FROM nodes WHERE cluster = ?)",
    [CLUSTERS] = "SELECT 'default' UNION SELECT cluster FROM nodes ORDER BY 1 LIMIT ?",
    [PUT] = "INSERT INTO nodes (" CHANGING_COLUMNS(COLUMN_NAME)
            "assignments_index, at_index, name)"
            " VALUES (" CHANGING_COLUMNS(COLUMN_VALUE) "?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET " CHANGING_COLUMNS(COLUMN_EXCLUDED)
            "assignments_index = max(assignments_index, excluded.assignments_index),"
            " at_index = max(at_index, excluded.at_index)",
    [SET_REPORT_SEQ] = "UPDATE nodes SET report_seq = ? WHERE name = ?",
    [SET_REJOIN] = "UPDATE nodes SET rejoin_until_ms = ? WHERE name = ?",
    [DELETE] = "DELETE FROM nodes WHERE name = ?",
};
const struct statement_table node_statements = STATEMENT_TABLE(sql);
/* clang-format on */

static enum err_code read_node(struct row *row, struct arena *arena, struct node *node,
                               struct err *err)
{
    node->cluster = row_text(row, arena);
    TRY(pairs_parse(arena, row_text(row, arena), &node->labels, err));
    node->capacity.cpu_millis = row_int(row);
    node->capacity.memory_mib = row_int(row);
    node->capacity.gpus = row_int(row);
    node->address = row_text(row, arena);
    node->agent_version = row_text(row, arena);
    node->boot_id = row_text(row, arena);
    TRY(row_parse_strings(arena, row_text(row, arena), &node->drivers, err));
    node->epoch = row_int(row);
    node->report_seq = row_int(row);
    node->state = row_word(row, node_state_words);
    node->state_reason = row_text(row, arena);
    node->schedulable = row_bool(row);
    node->draining = row_bool(row);
    node->registered_at = row_int(row);
    node->state_since_at = row_int(row);
    node->rejoin_until_ms = row_int(row);
    node->assignments_index = row_int(row);
    node->index = row_int(row);
    node->name = row_text(row, arena);
    return row_check(row, err);
}

static void bind_node(struct row *row, struct arena *arena, const struct node *node,
                      bool assignments)
{
    row_bind_text(row, node->cluster);
    row_bind_text(row, row_json_pairs(arena, &node->labels));
    row_bind_int(row, node->capacity.cpu_millis);
    row_bind_int(row, node->capacity.memory_mib);
    row_bind_int(row, node->capacity.gpus);
    row_bind_text(row, node->address);
    row_bind_text(row, node->agent_version);
    row_bind_text(row, node->boot_id);
    row_bind_text(row, row_json_strings(arena, &node->drivers));
    row_bind_int(row, node->epoch);
    row_bind_int(row, node->report_seq);
    row_bind_word(row, node_state_words, node->state);
    row_bind_text(row, node->state_reason);
    row_bind_bool(row, node->schedulable);
    row_bind_bool(row, node->draining);
    row_bind_int(row, node->registered_at);
    row_bind_int(row, node->state_since_at);
    row_bind_int(row, node->rejoin_until_ms);
    row_bind_int(row, assignments ? node->index : node->assignments_index);
    row_bind_int(row, node->index);
    row_bind_text(row, node->name);
}

enum err_code nodes_get(struct store_db *db, struct arena *arena, const char *name,
                        struct node *node, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_NODES, GET);
    row_bind_text(&row, name);
    bool found;
    TRY(row_next(&row, &found, err));
    if (found) return read_node(&row, arena, node, err);
    return err_set(err, ERR_NOT_FOUND, "no node \"%s\"", name);
}

enum err_code nodes_list(struct store_db *db, struct arena *arena, const char *cluster,
                         const char *after, int64_t limit, struct node **items, size_t *count,
                         struct err *err)
{
    struct node *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_NODES, cluster != NULL ? LIST_CLUSTER : LIST);
    if (cluster != NULL) row_bind_text(&row, cluster);
    row_bind_text(&row, after != NULL ? after : "");
    row_bind_int(&row, limit);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        TRY(read_node(&row, arena, &list[length], err));
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

static enum err_code read_item(struct row *row, struct arena *arena, void *item, struct err *err)
{
    return read_node(row, arena, item, err);
}

enum err_code nodes_page(struct store_db *db, struct arena *arena, const char *cluster,
                         const struct page *page, struct node **items, struct listed *listed,
                         struct err *err)
{
    void *list;
    const struct listing_query query = {
        .listing = &node_listing, .page = page, .cluster = cluster, .select = COLUMNS};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

static enum err_code cluster_exists(struct store_db *db, const char *cluster, bool *exists,
                                    struct err *err)
{
    int64_t found;
    *exists = text_equal(cluster, "default");
    if (*exists) return ERR_OK;
    auto_row row = row_open(db, STATEMENTS_NODES, HAS_CLUSTER);
    row_bind_text(&row, cluster);
    TRY(row_number(&row, &found, err));
    *exists = found != 0;
    return ERR_OK;
}

enum err_code clusters_nearest(struct store_db *db, struct arena *arena, const char *cluster,
                               const char **nearest, struct err *err)
{
    bool exists;
    const char **names = NULL;
    size_t count = 0;
    *nearest = NULL;
    TRY(cluster_exists(db, cluster, &exists, err));
    if (exists) return ERR_OK;
    auto_row row = row_open(db, STATEMENTS_NODES, CLUSTERS);
    row_bind_int(&row, CLUSTERS_COMPARED);
    for (bool found;; count++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        names = row_array_grow(arena, names, count, sizeof *names);
        names[count] = row_text(&row, arena);
    }
    *nearest = text_nearest(cluster, names, count);
    return ERR_OK;
}

enum err_code clusters_check(struct store_db *db, const char *cluster, struct err *err)
{
    bool exists;
    TRY(cluster_exists(db, cluster, &exists, err));
    if (exists) return ERR_OK;
    return err_set(err, ERR_UNKNOWN_CLUSTER,
                   "no node is registered in cluster %s, and it is not \"default\"", cluster);
}

static void touch(struct store_tx *tx, const char *name, bool assignments, int64_t index)
{
    tx_touch_written(tx, FACET_NODE, name, index);
    tx_touch_list(tx, LIST_OF_NODES, index);
    if (assignments) tx_touch_written(tx, FACET_ASSIGNMENTS, name, index);
}

enum err_code nodes_put(struct store_tx *tx, const struct node *node, bool assignments,
                        struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODES, PUT);
    bind_node(&row, tx_arena(tx), node, assignments);
    TRY(row_run(&row, err));
    touch(tx, node->name, assignments, node->index);
    return node_silence_note(tx, node->name, node->state != NODE_READY, err);
}

static enum err_code set_number(struct store_tx *tx, int statement, const char *name,
                                int64_t number, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODES, statement);
    row_bind_int(&row, number);
    row_bind_text(&row, name);
    return row_run(&row, err);
}

enum err_code nodes_set_report_seq(struct store_tx *tx, const char *name, int64_t seq,
                                   struct err *err)
{
    return set_number(tx, SET_REPORT_SEQ, name, seq, err);
}

enum err_code nodes_set_rejoin(struct store_tx *tx, const char *name, int64_t until_ms,
                               struct err *err)
{
    return set_number(tx, SET_REJOIN, name, until_ms, err);
}

enum err_code nodes_delete(struct store_tx *tx, const char *name, int64_t index, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODES, DELETE);
    row_bind_text(&row, name);
    TRY(row_run(&row, err));
    if (row_changes(&row) == 0) return err_set(err, ERR_NOT_FOUND, "no node \"%s\"", name);
    touch(tx, name, true, index);
    return node_silence_note(tx, name, false, err);
}
