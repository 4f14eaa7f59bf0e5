/* Table availability_transitions: numbered rows of one deployment, the newest of which lasts. */
#include "base/limits.h"
#include "base/number.h"
#include "model/deployment.h"
#include "store/batch.h"
#include "store/health.h"
#include "store/health_private.h"
#include "store/row.h"

enum { LAST, SEQ_FROM, BEGIN, END, MERGE, TRIM, HISTORY, SILENT };

static const char *const sql[] = {
    [LAST] = "SELECT seq, from_at, desired, ready, available, unknown"
             " FROM availability_transitions WHERE uid = ? ORDER BY seq DESC LIMIT 1",
    [SEQ_FROM] = "SELECT from_at FROM availability_transitions WHERE uid = ? AND seq = ?",
    [BEGIN] = "INSERT INTO availability_transitions (uid, seq, from_at, until_at, desired, ready,"
              " available, unknown, merged) VALUES (?, ?, ?, 0, ?, ?, ?, ?, 0)",
    [END] = "UPDATE availability_transitions SET until_at = ? WHERE uid = ? AND seq = ?",
    [MERGE] = "UPDATE availability_transitions SET desired = ?, ready = ?, available = ?,"
              " unknown = ?, merged = merged + ? WHERE uid = ? AND seq = ?",
    [TRIM] = "DELETE FROM availability_transitions WHERE uid = ?1 AND seq <= ("
             "SELECT coalesce(max(seq), 0) FROM (SELECT seq, until_at FROM"
             " availability_transitions WHERE uid = ?1 AND until_at > 0 ORDER BY seq LIMIT ?2)"
             " WHERE until_at < ?3 OR seq < (SELECT max(seq) - ?4 FROM availability_transitions"
             " WHERE uid = ?1))",
    [HISTORY] = "SELECT from_at, until_at, desired, ready, available, unknown, merged"
                " FROM availability_transitions WHERE uid = ? AND (until_at = 0 OR until_at > ?)"
                " ORDER BY seq",
    /* In the list of endpoints, where they are stale (api/endpoints.c). */
    [SILENT] = "SELECT count(*) FROM replicas INDEXED BY replicas_uid"
               " JOIN nodes ON nodes.name = replicas.node"
               " WHERE replicas.uid = ?1 AND replicas.wanted = 'run'"
               " AND replicas.phase = 'running' AND replicas.ready AND replicas.was_available"
               " AND nodes.state = 'suspect'"
               " AND (?2 IS NULL OR replicas.template_hash = ?2)",
};
const struct statement_table availability_transition_statements = STATEMENT_TABLE(sql);

struct last {
    int64_t seq; /* 0 = none */
    struct availability_span span;
};

static enum err_code load_last(struct store_db *db, const char *uid, struct last *last,
                               struct err *err)
{
    bool found;
    *last = (struct last){.seq = 0};
    auto_row row = row_open(db, STATEMENTS_AVAILABILITY_TRANSITIONS, LAST);
    row_bind_text(&row, uid);
    TRY(row_next(&row, &found, err));
    if (!found) return ERR_OK;
    last->seq = row_int(&row);
    last->span.from_at = row_int(&row);
    last->span.desired = row_int(&row);
    last->span.ready = row_int(&row);
    last->span.available = row_int(&row);
    last->span.unknown = row_int(&row);
    return ERR_OK;
}

static void bind_numbers(struct row *row, const struct availability_span *span)
{
    row_bind_int(row, span->desired);
    row_bind_int(row, span->ready);
    row_bind_int(row, span->available);
    row_bind_int(row, span->unknown);
}

static enum err_code begin(struct store_tx *tx, const char *uid, int64_t seq,
                           const struct availability_span *span, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_AVAILABILITY_TRANSITIONS, BEGIN);
    row_bind_text(&row, uid);
    row_bind_int(&row, seq);
    row_bind_int(&row, span->from_at);
    bind_numbers(&row, span);
    return row_run(&row, err);
}

static enum err_code end(struct store_tx *tx, const char *uid, int64_t seq, int64_t until_at,
                         struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_AVAILABILITY_TRANSITIONS, END);
    row_bind_int(&row, until_at);
    row_bind_text(&row, uid);
    row_bind_int(&row, seq);
    return row_run(&row, err);
}

static enum err_code merge(struct store_tx *tx, const char *uid, int64_t seq,
                           const struct availability_span *span, bool counted, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_AVAILABILITY_TRANSITIONS, MERGE);
    bind_numbers(&row, span);
    row_bind_bool(&row, counted);
    row_bind_text(&row, uid);
    row_bind_int(&row, seq);
    return row_run(&row, err);
}

static enum err_code trim(struct store_tx *tx, const char *uid, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_AVAILABILITY_TRANSITIONS, TRIM);
    row_bind_text(&row, uid);
    health_bind_trim(&row, tx);
    return row_run(&row, err);
}

static enum err_code is_rapid(struct store_db *db, const char *uid, int64_t seq, int64_t now_at,
                              bool *rapid, struct err *err)
{
    bool found;
    *rapid = false;
    if (seq < LIMIT_HEALTH_BURST) return ERR_OK;
    auto_row row = row_open(db, STATEMENTS_AVAILABILITY_TRANSITIONS, SEQ_FROM);
    row_bind_text(&row, uid);
    row_bind_int(&row, seq - LIMIT_HEALTH_BURST + 1);
    TRY(row_next(&row, &found, err));
    *rapid = found && health_is_recent(now_at, row_int(&row));
    return ERR_OK;
}

static bool same_numbers(const struct availability_span *a, const struct availability_span *b)
{
    return a->desired == b->desired && a->ready == b->ready && a->available == b->available &&
           a->unknown == b->unknown;
}

/* Those that are missing are looked for alone: of more than enough nobody is missed. */
static enum err_code count_silent(struct store_db *db, const struct deployment *deployment,
                                  int64_t *count, struct err *err)
{
    const struct deployment_status *status = &deployment->status;
    *count = 0;
    if (status->available >= status->desired) return ERR_OK;
    auto_row row = row_open(db, STATEMENTS_AVAILABILITY_TRANSITIONS, SILENT);
    row_bind_text(&row, deployment->uid);
    row_bind_text(&row, deployment->active_hash);
    return row_number(&row, count, err);
}

enum err_code availability_note(struct store_tx *tx, const struct deployment *deployment,
                                struct err *err)
{
    bool rapid;
    struct last last;
    const char *uid = deployment->uid;
    struct availability_span now = {.from_at = tx_wall_ms(tx),
                                    .desired = deployment->status.desired,
                                    .ready = deployment->status.ready,
                                    .available = deployment->status.available};
    TRY(count_silent(tx_db(tx), deployment, &now.unknown, err));
    TRY(load_last(tx_db(tx), uid, &last, err));
    if (last.seq == 0) {
        now.from_at = min_i64(now.from_at, deployment->created_at);
        return begin(tx, uid, 1, &now, err);
    }
    if (same_numbers(&last.span, &now)) return ERR_OK;
    if (health_is_merged(now.from_at, last.span.from_at))
        return merge(tx, uid, last.seq, &now, false, err);
    TRY(is_rapid(tx_db(tx), uid, last.seq, now.from_at, &rapid, err));
    if (rapid && availability_same_sum(&last.span, &now))
        return merge(tx, uid, last.seq, &now, true, err);
    TRY(end(tx, uid, last.seq, max_i64(now.from_at, last.span.from_at), err));
    TRY(begin(tx, uid, last.seq + 1, &now, err));
    return trim(tx, uid, err);
}

enum err_code availability_history(struct store_db *db, struct arena *arena, const char *uid,
                                   int64_t from_at, struct availability_spans *spans,
                                   struct err *err)
{
    *spans = (struct availability_spans){.count = 0};
    auto_row row = row_open(db, STATEMENTS_AVAILABILITY_TRANSITIONS, HISTORY);
    row_bind_text(&row, uid);
    row_bind_int(&row, from_at);
    for (;;) {
        bool found;
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        spans->items = row_array_grow(arena, spans->items, spans->count, sizeof *spans->items);
        struct availability_span *span = &spans->items[spans->count++];
        span->from_at = row_int(&row);
        span->until_at = row_int(&row);
        span->desired = row_int(&row);
        span->ready = row_int(&row);
        span->available = row_int(&row);
        span->unknown = row_int(&row);
        span->merged = row_int(&row);
    }
}
