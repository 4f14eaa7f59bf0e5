#include "base/limits.h"
#include "store/nodes.h"
#include "store/row.h"
#include "store/writer.h"

enum { LIST, LIST_STOPPED, COUNT, ADD, STOP, REMOVE };

/* at_index: when its stop was ordered; 0 = it is left running. */
static const char *const sql[] = {
    [LIST] = "SELECT id FROM node_orphans WHERE node = ? ORDER BY id",
    [LIST_STOPPED] = "SELECT id FROM node_orphans WHERE node = ? AND at_index > 0 ORDER BY id",
    [COUNT] = "SELECT count(*) FROM node_orphans WHERE node = ?",
    [ADD] = "INSERT INTO node_orphans (node, id, at_index) VALUES (?, ?, ?)"
            " ON CONFLICT (node, id) DO NOTHING",
    [STOP] = "UPDATE node_orphans SET at_index = ? WHERE node = ? AND id = ? AND at_index = 0",
    [REMOVE] = "DELETE FROM node_orphans WHERE node = ? AND id = ?",
};
const struct statement_table node_orphan_statements = STATEMENT_TABLE(sql);

static enum err_code list(struct store_db *db, int statement, struct arena *arena, const char *node,
                          struct strings *ids, struct err *err)
{
    *ids = (struct strings){.count = 0};
    auto_row row = row_open(db, STATEMENTS_NODE_ORPHANS, statement);
    row_bind_text(&row, node);
    for (bool found;; ids->count++) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        ids->items = row_array_grow(arena, ids->items, ids->count, sizeof *ids->items);
        ids->items[ids->count] = row_text(&row, arena);
    }
}

enum err_code node_orphans_list(struct store_db *db, struct arena *arena, const char *node,
                                struct strings *ids, struct err *err)
{
    return list(db, LIST, arena, node, ids, err);
}

enum err_code node_orphans_stopped(struct store_db *db, struct arena *arena, const char *node,
                                   struct strings *ids, struct err *err)
{
    return list(db, LIST_STOPPED, arena, node, ids, err);
}

static enum err_code check_room(struct store_tx *tx, const char *node, struct err *err)
{
    int64_t count;
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_ORPHANS, COUNT);
    row_bind_text(&row, node);
    TRY(row_number(&row, &count, err));
    if (count < LIMIT_ORPHANS_PER_NODE) return ERR_OK;
    return err_set(err, ERR_LIMIT, "node \"%s\" has %d unknown replicas already", node,
                   LIMIT_ORPHANS_PER_NODE);
}

static enum err_code add(struct store_tx *tx, const char *node, const char *id,
                         int64_t stopped_index, int64_t index, struct err *err)
{
    TRY(check_room(tx, node, err));
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_ORPHANS, ADD);
    row_bind_text(&row, node);
    row_bind_text(&row, id);
    row_bind_int(&row, stopped_index);
    TRY(row_run(&row, err));
    if (row_changes(&row) == 0) return ERR_OK;
    tx_touch(tx, FACET_NODE, node, index);
    tx_touch(tx, FACET_ASSIGNMENTS, node, index);
    return ERR_OK;
}

enum err_code node_orphans_add(struct store_tx *tx, const char *node, const char *id, int64_t index,
                               struct err *err)
{
    return add(tx, node, id, index, index, err);
}

enum err_code node_orphans_leave(struct store_tx *tx, const char *node, const char *id,
                                 int64_t index, struct err *err)
{
    return add(tx, node, id, 0, index, err);
}

enum err_code node_orphans_stop(struct store_tx *tx, const char *node, const char *id,
                                int64_t index, bool *ordered, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_ORPHANS, STOP);
    row_bind_int(&row, index);
    row_bind_text(&row, node);
    row_bind_text(&row, id);
    TRY(row_run(&row, err));
    *ordered = row_changes(&row) == 1;
    if (!*ordered) return ERR_OK;
    tx_touch(tx, FACET_NODE, node, index);
    tx_touch(tx, FACET_ASSIGNMENTS, node, index);
    return ERR_OK;
}

enum err_code node_orphans_remove(struct store_tx *tx, const char *node, const char *id,
                                  bool *removed, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_ORPHANS, REMOVE);
    row_bind_text(&row, node);
    row_bind_text(&row, id);
    TRY(row_run(&row, err));
    *removed = row_changes(&row) == 1;
    return ERR_OK;
}
