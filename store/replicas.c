#include "store/replicas.h"

#include "store/batch.h"
#include "store/listing_run.h"
#include "store/replica_phases.h"

/* clang-format off */
/* Columns in the order in which bind_*() and read_*() go through them. */
#define CHANGING_COLUMNS(X)                                                                        \
    X(revision) X(node) X(wanted) X(stop_cause) X(phase) X(ready) X(available) X(was_available)    \
    X(counted) X(attempt) X(restarts) X(address) X(ports) X(pid) X(reason) X(has_exit)             \
    X(exit_code) X(exit_signal) X(exit_oom) X(log_tail) X(readiness_reason) X(check_round)         \
    X(check_passed) X(check_reason) X(cpu_millis) X(memory_mib) X(gpus) X(assigned_index)          \
    X(started_at) X(ended_at) X(readiness_since_at) X(phase_since_ms) X(ready_since_ms)            \
    X(unready_since_ms)
#define FIXED_COLUMNS(X)                                                                           \
    X(number) X(id) X(uid) X(deployment) X(cluster) X(template_hash) X(created_at)
#define COLUMN_OF_P(name) "p." #name ", "
#define COLUMNS FIXED_COLUMNS(COLUMN_OF_P) CHANGING_COLUMNS(COLUMN_OF_P) "p.at_index"
#define SELECT "SELECT " COLUMNS " FROM replicas AS p"
#define NOT_FINAL REPLICA_NOT_FINAL

enum { GET, FOR_PASS, LIST, ON_NODE, WRITE, PRUNE, ALLOCATIONS };

static const char *const sql[] = {
    [GET] = SELECT " WHERE id = ?",
    /* Also those that ended by themselves and that no pass has counted yet. */
    [FOR_PASS] = SELECT " WHERE uid = ? AND (" NOT_FINAL " OR (counted = 0 AND"
                        " (phase = 'failed' OR wanted = 'run'))) ORDER BY number",
    [LIST] = SELECT " WHERE uid = ? AND number > ? ORDER BY number LIMIT ?",
    /* The index has them by phase; sorting numbers is cheaper than sorting whole rows. */
    [ON_NODE] = SELECT " WHERE number IN (SELECT number FROM replicas WHERE node = ? AND " NOT_FINAL
                       ") ORDER BY number",
    [WRITE] = "INSERT INTO replicas (" FIXED_COLUMNS(COLUMN_NAME) CHANGING_COLUMNS(COLUMN_NAME)
              "at_index) VALUES (" FIXED_COLUMNS(COLUMN_VALUE) CHANGING_COLUMNS(COLUMN_VALUE) "?)"
              " ON CONFLICT (number) DO UPDATE SET " CHANGING_COLUMNS(COLUMN_EXCLUDED)
              "at_index = excluded.at_index",
    /* What no pass has counted yet is left for that pass. */
    [PRUNE] = "DELETE FROM replicas WHERE number IN (SELECT number FROM replicas WHERE uid = ?"
              " AND ((phase = 'stopped' AND wanted = 'stop')"
              " OR (counted = 1 AND NOT (" NOT_FINAL ")))"
              " ORDER BY number DESC LIMIT -1 OFFSET ?)",
    [ALLOCATIONS] = "SELECT node, sum(cpu_millis), sum(memory_mib), sum(gpus), count(*)"
                    " FROM replicas WHERE node IS NOT NULL AND " NOT_FINAL
                    " GROUP BY node ORDER BY node",
};
const struct statement_table replica_statements = STATEMENT_TABLE(sql);
/* clang-format on */

static void read_fixed(struct row *row, struct arena *arena, struct replica *replica)
{
    replica->number = row_int(row);
    replica->id = row_text(row, arena);
    replica->deployment_uid = row_text(row, arena);
    replica->deployment = row_text(row, arena);
    replica->cluster = row_text(row, arena);
    replica->template_hash = row_text(row, arena);
    replica->created_at = row_int(row);
}

static enum err_code read_observed(struct row *row, struct arena *arena, struct replica *replica,
                                   struct err *err)
{
    replica->attempt = row_int(row);
    replica->restarts = row_int(row);
    replica->address = row_text(row, arena);
    TRY(row_parse_ports(arena, row_text(row, arena), &replica->ports, err));
    replica->pid = row_int(row);
    replica->reason = row_text(row, arena);
    replica->has_exit = row_bool(row);
    replica->exit_code = row_int(row);
    replica->exit_signal = row_int(row);
    replica->exit_oom = row_bool(row);
    replica->log_tail = row_text(row, arena);
    replica->readiness_reason = row_text(row, arena);
    replica->check_round = row_int(row);
    replica->check_passed = row_bool(row);
    replica->check_reason = row_text(row, arena);
    return ERR_OK;
}

static enum err_code read_replica(struct row *row, struct arena *arena, struct replica *replica,
                                  struct err *err)
{
    read_fixed(row, arena, replica);
    replica->revision = row_int(row);
    replica->node = row_text(row, arena);
    replica->wanted = row_word(row, replica_wanted_words);
    replica->stop_cause = row_word(row, stop_cause_words);
    replica->phase = row_word(row, replica_phase_words);
    replica->ready = row_bool(row);
    replica->available = row_bool(row);
    replica->was_available = row_bool(row);
    replica->counted = row_bool(row);
    TRY(read_observed(row, arena, replica, err));
    replica->resources.cpu_millis = row_int(row);
    replica->resources.memory_mib = row_int(row);
    replica->resources.gpus = row_int(row);
    replica->assigned_index = row_int(row);
    replica->started_at = row_int(row);
    replica->ended_at = row_int(row);
    replica->readiness_since_at = row_int(row);
    replica->phase_since_ms = row_int(row);
    replica->ready_since_ms = row_int(row);
    replica->unready_since_ms = row_int(row);
    replica->index = row_int(row);
    return row_check(row, err);
}

static void bind_fixed(struct row *row, const struct replica *replica)
{
    row_bind_int(row, replica->number);
    row_bind_text(row, replica->id);
    row_bind_text(row, replica->deployment_uid);
    row_bind_text(row, replica->deployment);
    row_bind_text(row, replica->cluster);
    row_bind_text(row, replica->template_hash);
    row_bind_int(row, replica->created_at);
}

static void bind_observed(struct row *row, struct arena *arena, const struct replica *replica)
{
    row_bind_int(row, replica->attempt);
    row_bind_int(row, replica->restarts);
    row_bind_text(row, replica->address);
    row_bind_text(row, row_json_ports(arena, &replica->ports));
    row_bind_int(row, replica->pid);
    row_bind_text(row, replica->reason);
    row_bind_bool(row, replica->has_exit);
    row_bind_int(row, replica->exit_code);
    row_bind_int(row, replica->exit_signal);
    row_bind_bool(row, replica->exit_oom);
    row_bind_text(row, replica->log_tail);
    row_bind_text(row, replica->readiness_reason);
    row_bind_int(row, replica->check_round);
    row_bind_bool(row, replica->check_passed);
    row_bind_text(row, replica->check_reason);
}

static void bind_replica(struct row *row, struct arena *arena, const struct replica *replica,
                         int64_t index)
{
    bind_fixed(row, replica);
    row_bind_int(row, replica->revision);
    row_bind_text(row, replica->node);
    row_bind_word(row, replica_wanted_words, replica->wanted);
    row_bind_word(row, stop_cause_words, replica->stop_cause);
    row_bind_word(row, replica_phase_words, replica->phase);
    row_bind_bool(row, replica->ready);
    row_bind_bool(row, replica->available);
    row_bind_bool(row, replica->was_available);
    row_bind_bool(row, replica->counted);
    bind_observed(row, arena, replica);
    row_bind_int(row, replica->resources.cpu_millis);
    row_bind_int(row, replica->resources.memory_mib);
    row_bind_int(row, replica->resources.gpus);
    row_bind_int(row, replica->assigned_index);
    row_bind_int(row, replica->started_at);
    row_bind_int(row, replica->ended_at);
    row_bind_int(row, replica->readiness_since_at);
    row_bind_int(row, replica->phase_since_ms);
    row_bind_int(row, replica->ready_since_ms);
    row_bind_int(row, replica->unready_since_ms);
    row_bind_int(row, index);
}

enum err_code replicas_get(struct store_db *db, struct arena *arena, const char *id,
                           struct replica *replica, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_REPLICAS, GET);
    row_bind_text(&row, id);
    bool found;
    TRY(row_next(&row, &found, err));
    if (found) return read_replica(&row, arena, replica, err);
    return err_set(err, ERR_NOT_FOUND, "no replica \"%s\"", id);
}

/* The rows of a statement that is open and bound. */
static enum err_code read_all(struct row *row, struct arena *arena, struct replica **items,
                              size_t *count, struct err *err)
{
    struct replica *list = NULL;
    size_t length = 0;
    for (bool found;; length++) {
        TRY(row_next(row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        TRY(read_replica(row, arena, &list[length], err));
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

enum err_code replicas_for_pass(struct store_db *db, struct arena *arena, const char *uid,
                                struct replica **items, size_t *count, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_REPLICAS, FOR_PASS);
    row_bind_text(&row, uid);
    return read_all(&row, arena, items, count, err);
}

enum err_code replicas_list(struct store_db *db, struct arena *arena, const char *uid,
                            int64_t after, int64_t limit, struct replica **items, size_t *count,
                            struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_REPLICAS, LIST);
    row_bind_text(&row, uid);
    row_bind_int(&row, after);
    row_bind_int(&row, limit);
    return read_all(&row, arena, items, count, err);
}

static enum err_code read_item(struct row *row, struct arena *arena, void *item, struct err *err)
{
    return read_replica(row, arena, item, err);
}

enum err_code replicas_page(struct store_db *db, struct arena *arena, const char *uid,
                            const char *cluster, const struct page *page, struct replica **items,
                            struct listed *listed, struct err *err)
{
    void *list;
    const struct listing_query query = {.listing = &replica_listing,
                                        .page = page,
                                        .uid = uid,
                                        .cluster = cluster,
                                        .select = COLUMNS};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

enum err_code replicas_on_node(struct store_db *db, struct arena *arena, const char *node,
                               struct replica **items, size_t *count, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_REPLICAS, ON_NODE);
    row_bind_text(&row, node);
    return read_all(&row, arena, items, count, err);
}

enum err_code replicas_write(struct store_tx *tx, const struct replica *replica,
                             struct replica_effects effects, int64_t index, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REPLICAS, WRITE);
    bind_replica(&row, tx_arena(tx), replica, index);
    TRY(row_run(&row, err));
    tx_touch_deployment(tx, replica->cluster, replica->deployment, effects.endpoints, false, index);
    tx_touch_list(tx, LIST_OF_REPLICAS, index);
    if (effects.assignments && replica->node != NULL)
        tx_touch(tx, FACET_ASSIGNMENTS, replica->node, index);
    return ERR_OK;
}

enum err_code replicas_prune(struct store_tx *tx, const char *uid, int64_t limit, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_REPLICAS, PRUNE);
    row_bind_text(&row, uid);
    row_bind_int(&row, limit);
    return row_run(&row, err);
}

enum err_code replicas_allocations(struct store_db *db, struct arena *arena,
                                   struct replica_allocation **items, size_t *count,
                                   struct err *err)
{
    struct replica_allocation *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_REPLICAS, ALLOCATIONS);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        list[length].node = row_text(&row, arena);
        list[length].resources.cpu_millis = row_int(&row);
        list[length].resources.memory_mib = row_int(&row);
        list[length].resources.gpus = row_int(&row);
        list[length].replicas = row_int(&row);
    }
    *items = list;
    *count = length;
    return ERR_OK;
}
