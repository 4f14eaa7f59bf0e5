/* Table probe_transitions. Of each replica and kind the row with the highest `nth` is what lasts;
 * a change ends it and begins the next. */
#include "base/limits.h"
#include "base/number.h"
#include "model/replica.h"
#include "store/batch.h"
#include "store/health.h"
#include "store/health_private.h"
#include "store/row.h"

enum { LAST, NTH_FROM, BEGIN, END, MERGE, TRIM, HISTORY };

static const char *const sql[] = {
    [LAST] = "SELECT nth, state, from_at, attempt FROM probe_transitions"
             " WHERE replica = ? AND kind = ? ORDER BY nth DESC LIMIT 1",
    [NTH_FROM] = "SELECT from_at FROM probe_transitions WHERE replica = ? AND kind = ? AND nth = ?",
    [BEGIN] = "INSERT INTO probe_transitions (replica, kind, nth, uid, state, from_at, until_at,"
              " seq, reason, attempt, merged) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, 0)",
    [END] = "UPDATE probe_transitions SET until_at = ?1, seq = 1 + (SELECT coalesce(max(seq), 0)"
            " FROM probe_transitions WHERE uid = ?2 AND seq > 0)"
            " WHERE replica = ?3 AND kind = ?4 AND nth = ?5",
    [MERGE] = "UPDATE probe_transitions SET state = ?, reason = ?, attempt = ?, merged = merged + ?"
              " WHERE replica = ? AND kind = ? AND nth = ?",
    [TRIM] = "DELETE FROM probe_transitions WHERE uid = ?1 AND seq > 0 AND seq <= ("
             "SELECT coalesce(max(seq), 0) FROM (SELECT seq, until_at FROM probe_transitions"
             " WHERE uid = ?1 AND seq > 0 ORDER BY seq LIMIT ?2)"
             " WHERE until_at < ?3 OR seq <= (SELECT max(seq) - ?4 FROM probe_transitions"
             " WHERE uid = ?1 AND seq > 0))",
    [HISTORY] = "SELECT kind, state, from_at, until_at, reason, attempt, merged"
                " FROM probe_transitions WHERE replica = ? AND (until_at = 0 OR until_at > ?)"
                " ORDER BY kind, nth",
};
const struct statement_table probe_transition_statements = STATEMENT_TABLE(sql);

/* What is being said, and the row that lasts. */
struct note {
    struct store_tx *tx;
    const struct replica *replica;
    enum health_kind kind;
    enum health_state state;
    const char *reason;
    int64_t now_at;
    int64_t nth; /* of what lasts; 0 = nothing was said yet */
    int64_t last_from_at, last_attempt;
    int last_state;
};

static void bind_key(struct row *row, const struct note *note, int64_t nth)
{
    row_bind_int(row, note->replica->number);
    row_bind_word(row, health_kind_words, (int)note->kind);
    if (nth > 0) row_bind_int(row, nth);
}

static enum err_code load_last(struct note *note, struct err *err)
{
    bool found;
    auto_row row = row_open(tx_db(note->tx), STATEMENTS_PROBE_TRANSITIONS, LAST);
    bind_key(&row, note, 0);
    TRY(row_next(&row, &found, err));
    if (!found) return ERR_OK;
    note->nth = row_int(&row);
    note->last_state = row_word(&row, health_state_words);
    note->last_from_at = row_int(&row);
    note->last_attempt = row_int(&row);
    return row_check(&row, err);
}

static enum err_code begin(struct note *note, enum health_state state, const char *reason,
                           int64_t from_at, struct err *err)
{
    auto_row row = row_open(tx_db(note->tx), STATEMENTS_PROBE_TRANSITIONS, BEGIN);
    bind_key(&row, note, ++note->nth);
    row_bind_text(&row, note->replica->deployment_uid);
    row_bind_word(&row, health_state_words, (int)state);
    row_bind_int(&row, from_at);
    row_bind_text(&row, reason);
    row_bind_int(&row, note->replica->attempt);
    note->last_from_at = from_at;
    return row_run(&row, err);
}

static enum err_code end(const struct note *note, struct err *err)
{
    auto_row row = row_open(tx_db(note->tx), STATEMENTS_PROBE_TRANSITIONS, END);
    row_bind_int(&row, max_i64(note->now_at, note->last_from_at));
    row_bind_text(&row, note->replica->deployment_uid);
    bind_key(&row, note, note->nth);
    return row_run(&row, err);
}

static enum err_code trim(const struct note *note, struct err *err)
{
    auto_row row = row_open(tx_db(note->tx), STATEMENTS_PROBE_TRANSITIONS, TRIM);
    row_bind_text(&row, note->replica->deployment_uid);
    health_bind_trim(&row, note->tx);
    return row_run(&row, err);
}

/* Takes the place of what lasts, which began at the same time or shortly before. */
static enum err_code merge(const struct note *note, bool counted, struct err *err)
{
    auto_row row = row_open(tx_db(note->tx), STATEMENTS_PROBE_TRANSITIONS, MERGE);
    row_bind_word(&row, health_state_words, (int)note->state);
    row_bind_text(&row, note->reason);
    row_bind_int(&row, note->replica->attempt);
    row_bind_bool(&row, counted);
    bind_key(&row, note, note->nth);
    return row_run(&row, err);
}

static enum err_code is_rapid(const struct note *note, bool *rapid, struct err *err)
{
    *rapid = false;
    if (note->nth < LIMIT_HEALTH_BURST) return ERR_OK;
    auto_row row = row_open(tx_db(note->tx), STATEMENTS_PROBE_TRANSITIONS, NTH_FROM);
    bind_key(&row, note, note->nth - LIMIT_HEALTH_BURST + 1);
    bool found;
    TRY(row_next(&row, &found, err));
    if (!found) return ERR_OK;
    *rapid = health_is_recent(note->now_at, row_int(&row));
    return ERR_OK;
}

static enum err_code begin_first(struct note *note, struct err *err)
{
    int64_t created_at = note->replica->created_at;
    bool before = note->kind == HEALTH_READY && created_at < note->now_at;
    if (note->state == HEALTH_UNKNOWN) return ERR_OK;
    if (!before) return begin(note, note->state, note->reason, note->now_at, err);
    if (note->state == HEALTH_FAILING)
        return begin(note, note->state, note->reason, created_at, err);
    TRY(begin(note, HEALTH_FAILING, "starting", created_at, err));
    TRY(end(note, err));
    return begin(note, note->state, note->reason, note->now_at, err);
}

static bool is_known(const struct note *note)
{
    if (note->last_attempt != note->replica->attempt) return false;
    return note->last_state == (int)note->state || note->state == HEALTH_UNKNOWN;
}

enum err_code health_note(struct store_tx *tx, const struct replica *replica, enum health_kind kind,
                          enum health_state state, const char *reason, struct err *err)
{
    bool rapid;
    struct note note = {.tx = tx,
                        .replica = replica,
                        .kind = kind,
                        .state = state,
                        .reason = reason == NULL ? "" : reason,
                        .now_at = tx_wall_ms(tx)};
    TRY(load_last(&note, err));
    if (note.nth == 0) return begin_first(&note, err);
    if (is_known(&note)) return ERR_OK;
    if (health_is_merged(note.now_at, note.last_from_at)) return merge(&note, false, err);
    TRY(is_rapid(&note, &rapid, err));
    if (rapid) return merge(&note, true, err);
    TRY(end(&note, err));
    TRY(begin(&note, state, note.reason, note.now_at, err));
    return trim(&note, err);
}

/* ---- reading ---- */

static enum err_code read_span(struct row *row, struct arena *arena, struct health_span *span,
                               struct err *err)
{
    span->kind = row_word(row, health_kind_words);
    span->state = row_word(row, health_state_words);
    span->from_at = row_int(row);
    span->until_at = row_int(row);
    span->reason = row_text(row, arena);
    span->attempt = row_int(row);
    span->merged = row_int(row);
    return row_check(row, err);
}

enum err_code health_history(struct store_db *db, struct arena *arena,
                             const struct replica *replica, int64_t from_at,
                             struct health_history *history, struct err *err)
{
    *history = (struct health_history){.of = {{.items = NULL}}};
    auto_row row = row_open(db, STATEMENTS_PROBE_TRANSITIONS, HISTORY);
    row_bind_int(&row, replica->number);
    row_bind_int(&row, from_at);
    for (;;) {
        bool found;
        struct health_span span;
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        TRY(read_span(&row, arena, &span, err));
        struct health_spans *spans = &history->of[span.kind];
        spans->items = row_array_grow(arena, spans->items, spans->count, sizeof span);
        spans->items[spans->count++] = span;
    }
}
