/* Table node_silences: numbered rows of one node, the newest of which may last. */
#include "base/limits.h"
#include "store/health.h"
#include "store/health_private.h"
#include "store/row.h"
#include "store/writer.h"

enum { LAST, BEGIN, END, TRIM, HISTORY };

static const char *const sql[] = {
    [LAST] = "SELECT seq, from_at, until_at FROM node_silences WHERE node = ?"
             " ORDER BY seq DESC LIMIT 1",
    [BEGIN] = "INSERT INTO node_silences (node, seq, from_at, until_at) VALUES (?, ?, ?, 0)",
    [END] = "UPDATE node_silences SET until_at = max(from_at, ?) WHERE node = ? AND seq = ?",
    /* Of any node: one that is gone for good adds no row of its own that would take them away. */
    [TRIM] = "DELETE FROM node_silences WHERE (node = ?1 AND seq <= ?2) OR (node, seq) IN ("
             "SELECT node, seq FROM node_silences WHERE until_at > 0 AND until_at < ?3"
             " ORDER BY until_at LIMIT ?4)",
    [HISTORY] = "SELECT from_at, until_at FROM node_silences WHERE node = ?"
                " AND (until_at = 0 OR until_at > ?) ORDER BY seq",
};
const struct statement_table node_silence_statements = STATEMENT_TABLE(sql);

struct last {
    int64_t seq; /* 0 = none */
    bool lasts;
};

static enum err_code load_last(struct store_db *db, const char *node, struct last *last,
                               struct err *err)
{
    bool found;
    *last = (struct last){.seq = 0};
    auto_row row = row_open(db, STATEMENTS_NODE_SILENCES, LAST);
    row_bind_text(&row, node);
    TRY(row_next(&row, &found, err));
    if (!found) return ERR_OK;
    last->seq = row_int(&row);
    row_int(&row); /* from_at */
    last->lasts = row_int(&row) == 0;
    return ERR_OK;
}

static enum err_code begin(struct store_tx *tx, const char *node, int64_t seq, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_SILENCES, BEGIN);
    row_bind_text(&row, node);
    row_bind_int(&row, seq);
    row_bind_int(&row, tx_wall_ms(tx));
    return row_run(&row, err);
}

static enum err_code end(struct store_tx *tx, const char *node, int64_t seq, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_SILENCES, END);
    row_bind_int(&row, tx_wall_ms(tx));
    row_bind_text(&row, node);
    row_bind_int(&row, seq);
    return row_run(&row, err);
}

static enum err_code trim(struct store_tx *tx, const char *node, int64_t seq, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_NODE_SILENCES, TRIM);
    row_bind_text(&row, node);
    row_bind_int(&row, seq - LIMIT_HEALTH_TRANSITIONS);
    row_bind_int(&row, health_floor_at(tx));
    row_bind_int(&row, HEALTH_TRIM_STEP);
    return row_run(&row, err);
}

enum err_code node_silence_note(struct store_tx *tx, const char *node, bool silent, struct err *err)
{
    struct last last;
    TRY(load_last(tx_db(tx), node, &last, err));
    if (last.lasts == silent) return ERR_OK;
    if (!silent) return end(tx, node, last.seq, err);
    TRY(begin(tx, node, last.seq + 1, err));
    return trim(tx, node, last.seq + 1, err);
}

enum err_code node_silences(struct store_db *db, struct arena *arena, const char *node,
                            int64_t from_at, struct silence **items, size_t *count, struct err *err)
{
    struct silence *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_NODE_SILENCES, HISTORY);
    row_bind_text(&row, node);
    row_bind_int(&row, from_at);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        list[length].from_at = row_int(&row);
        list[length].until_at = row_int(&row);
    }
    *items = list;
    *count = length;
    return ERR_OK;
}
