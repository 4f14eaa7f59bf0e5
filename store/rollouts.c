#include "store/rollouts.h"

#include "store/batch.h"
#include "store/listing_run.h"
#include "store/replica_phases.h"
#include "wire/deployment_wire.h"

/* clang-format off */
/* Columns in the order in which bind_rollout() and read_rollout() go through them. */
#define CHANGING_COLUMNS(X)                                                                        \
    X(from_revision) X(to_revision) X(rollback_revision) X(strategy) X(state) X(reason)            \
    X(message) X(desired) X(old) X(updated) X(ready) X(available) X(started_at) X(finished_at)     \
    X(deadline_at_ms) X(deadline_left_ms) X(deadline_in_ms) X(monitor_since_ms)                    \
    X(batch_since_ms) X(direct) X(promote) X(step) X(step_since_ms) X(keep_old_since_ms)           \
    X(extended_ms) X(check_round) X(high_water) X(failed_replicas) X(failed_replica)
#define SELECT "SELECT " CHANGING_COLUMNS(COLUMN_NAME) "at_index, id FROM rollouts WHERE uid = ?"

#define COLUMN_OF_O(name) "o." #name ", "
#define PAGE_COLUMNS                                                                               \
    CHANGING_COLUMNS(COLUMN_OF_O)                                                                  \
    "o.at_index, o.id, d.name, d.cluster, o.id = d.rollout_id, d.settings"

#define ENDED "state IN ('succeeded', 'rolled_back', 'failed', 'superseded', 'aborted')"

enum { GET, LIST, CHECKS_ON_NODE, HAS_ENDED, PUT, PRUNE };

static const char *const sql[] = {
    [GET] = SELECT " AND id = ?",
    [LIST] = SELECT " AND id < ? ORDER BY id DESC LIMIT ?",
    [CHECKS_ON_NODE] = "SELECT d.uid, d.template_hash, d.settings, r.check_round, r.step"
                       " FROM rollouts AS r CROSS JOIN deployments AS d"
                       " ON d.uid = r.uid AND d.rollout_id = r.id"
                       " WHERE r.check_round > 0 AND r.uid IN (SELECT uid FROM replicas"
                       " WHERE node = ? AND " REPLICA_NOT_FINAL ") ORDER BY r.uid",
    [HAS_ENDED] = "SELECT count(*) FROM rollouts WHERE uid = ? AND id = ? AND " ENDED,
    [PUT] = "INSERT INTO rollouts (" CHANGING_COLUMNS(COLUMN_NAME) "at_index, id, uid)"
            " VALUES (" CHANGING_COLUMNS(COLUMN_VALUE) "?, ?, ?)"
            " ON CONFLICT (uid, id) DO UPDATE SET " CHANGING_COLUMNS(COLUMN_EXCLUDED)
            "at_index = excluded.at_index",
    [PRUNE] = "DELETE FROM rollouts WHERE uid = ?1 AND id IN ("
              " SELECT id FROM rollouts WHERE uid = ?1 ORDER BY id DESC LIMIT -1 OFFSET ?2)"
              " AND " ENDED,
};
const struct statement_table rollout_statements = STATEMENT_TABLE(sql);
/* clang-format on */

static enum err_code read_rollout(struct row *row, struct arena *arena, struct rollout *rollout,
                                  struct err *err)
{
    *rollout = (struct rollout){.from_revision = row_int(row)};
    rollout->to_revision = row_int(row);
    rollout->rollback_revision = row_int(row);
    rollout->strategy = row_word(row, strategy_type_words);
    rollout->state = row_word(row, rollout_state_words);
    rollout->reason = row_text(row, arena);
    rollout->message = row_text(row, arena);
    rollout->progress.desired = row_int(row);
    rollout->progress.old = row_int(row);
    rollout->progress.updated = row_int(row);
    rollout->progress.ready = row_int(row);
    rollout->progress.available = row_int(row);
    rollout->started_at = row_int(row);
    rollout->finished_at = row_int(row);
    rollout->deadline_at_ms = row_int(row);
    rollout->deadline_left_ms = row_int(row);
    rollout->deadline_in_ms = row_int(row);
    rollout->monitor_since_ms = row_int(row);
    rollout->batch_since_ms = row_int(row);
    rollout->direct = row_bool(row);
    rollout->promote = row_word(row, promote_order_words);
    rollout->step = row_int(row);
    rollout->step_since_ms = row_int(row);
    rollout->keep_old_since_ms = row_int(row);
    rollout->extended_ms = row_int(row);
    rollout->check_round = row_int(row);
    rollout->high_water = row_int(row);
    rollout->failed_replicas = row_int(row);
    rollout->failed_replica = row_text(row, arena);
    rollout->index = row_int(row);
    rollout->id = row_int(row);
    return row_check(row, err);
}

/* No body may depend on "now", so what is left of the deadline is as old as the row. */
static int64_t deadline_in_ms(const struct rollout *rollout, int64_t now_ms)
{
    if (rollout_state_final(rollout->state)) return 0;
    if (rollout->deadline_at_ms == 0) return rollout->deadline_left_ms;
    return rollout->deadline_at_ms > now_ms ? rollout->deadline_at_ms - now_ms : 0;
}

static void bind_rollout(struct row *row, const struct rollout *rollout, int64_t now_ms)
{
    row_bind_int(row, rollout->from_revision);
    row_bind_int(row, rollout->to_revision);
    row_bind_int(row, rollout->rollback_revision);
    row_bind_word(row, strategy_type_words, rollout->strategy);
    row_bind_word(row, rollout_state_words, rollout->state);
    row_bind_text(row, rollout->reason);
    row_bind_text(row, rollout->message);
    row_bind_int(row, rollout->progress.desired);
    row_bind_int(row, rollout->progress.old);
    row_bind_int(row, rollout->progress.updated);
    row_bind_int(row, rollout->progress.ready);
    row_bind_int(row, rollout->progress.available);
    row_bind_int(row, rollout->started_at);
    row_bind_int(row, rollout->finished_at);
    row_bind_int(row, rollout->deadline_at_ms);
    row_bind_int(row, rollout->deadline_left_ms);
    row_bind_int(row, deadline_in_ms(rollout, now_ms));
    row_bind_int(row, rollout->monitor_since_ms);
    row_bind_int(row, rollout->batch_since_ms);
    row_bind_bool(row, rollout->direct);
    row_bind_word(row, promote_order_words, rollout->promote);
    row_bind_int(row, rollout->step);
    row_bind_int(row, rollout->step_since_ms);
    row_bind_int(row, rollout->keep_old_since_ms);
    row_bind_int(row, rollout->extended_ms);
    row_bind_int(row, rollout->check_round);
    row_bind_int(row, rollout->high_water);
    row_bind_int(row, rollout->failed_replicas);
    row_bind_text(row, rollout->failed_replica);
    row_bind_int(row, rollout->index);
    row_bind_int(row, rollout->id);
}

enum err_code rollouts_get(struct store_db *db, struct arena *arena, const char *uid, int64_t id,
                           struct rollout *rollout, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_ROLLOUTS, GET);
    row_bind_text(&row, uid);
    row_bind_int(&row, id);
    bool found;
    TRY(row_next(&row, &found, err));
    if (found) return read_rollout(&row, arena, rollout, err);
    return err_set(err, ERR_NOT_FOUND, "no rollout %lld", (long long)id);
}

enum err_code rollouts_list(struct store_db *db, struct arena *arena, const char *uid,
                            int64_t before, int64_t limit, struct rollout **items, size_t *count,
                            struct err *err)
{
    struct rollout *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_ROLLOUTS, LIST);
    row_bind_text(&row, uid);
    row_bind_int(&row, before > 0 ? before : INT64_MAX);
    row_bind_int(&row, limit);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        TRY(read_rollout(&row, arena, &list[length], err));
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

static enum err_code read_item(struct row *row, struct arena *arena, void *place, struct err *err)
{
    struct rollout_item *item = place;
    struct deployment_spec spec = {.replicas = 0};
    TRY(read_rollout(row, arena, &item->rollout, err));
    item->deployment = row_text(row, arena);
    item->cluster = row_text(row, arena);
    item->is_latest = row_bool(row);
    if (!item->is_latest || rollout_state_final(item->rollout.state)) return ERR_OK;
    TRY(spec_settings_parse(arena, row_text(row, arena), &spec, err));
    item->strategy = spec.strategy;
    return ERR_OK;
}

enum err_code rollouts_page(struct store_db *db, struct arena *arena, const char *uid,
                            const char *cluster, const struct page *page,
                            struct rollout_item **items, struct listed *listed, struct err *err)
{
    void *list;
    const struct listing_query query = {.listing = uid != NULL ? &deployment_rollout_listing
                                                               : &rollout_listing,
                                        .page = page,
                                        .uid = uid,
                                        .cluster = cluster,
                                        .select = PAGE_COLUMNS};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

/* False when the step is no check any more, for the spec was edited. */
static enum err_code read_check(struct row *row, struct arena *arena, struct rollout_check *item,
                                bool *asks, struct err *err)
{
    struct deployment_spec spec = {.replicas = 0};
    item->uid = row_text(row, arena);
    item->template_hash = row_text(row, arena);
    TRY(spec_settings_parse(arena, row_text(row, arena), &spec, err));
    item->round = row_int(row);
    int64_t step = row_int(row);
    const struct canary_steps *steps = &spec.strategy.steps;
    *asks = step < (int64_t)steps->count && steps->items[step].kind == CANARY_CHECK;
    if (*asks) item->check = steps->items[step].check;
    return ERR_OK;
}

enum err_code rollouts_checks_on_node(struct store_db *db, struct arena *arena, const char *node,
                                      struct rollout_check **items, size_t *count, struct err *err)
{
    struct rollout_check *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_ROLLOUTS, CHECKS_ON_NODE);
    row_bind_text(&row, node);
    for (bool found, asks;; length += asks) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        TRY(read_check(&row, arena, &list[length], &asks, err));
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

/* What has ended stays so, and its row may still be written. */
static enum err_code count_end(struct store_tx *tx, const char *uid, const struct rollout *rollout,
                               struct err *err)
{
    int64_t before;
    if (!rollout_state_final(rollout->state)) return ERR_OK;
    auto_row row = row_open(tx_db(tx), STATEMENTS_ROLLOUTS, HAS_ENDED);
    row_bind_text(&row, uid);
    row_bind_int(&row, rollout->id);
    TRY(row_number(&row, &before, err));
    if (before == 0) tx->batch->rollouts_ended[rollout->state]++;
    return ERR_OK;
}

enum err_code rollouts_put(struct store_tx *tx, const char *uid, const struct rollout *rollout,
                           struct err *err)
{
    TRY(count_end(tx, uid, rollout, err));
    auto_row row = row_open(tx_db(tx), STATEMENTS_ROLLOUTS, PUT);
    bind_rollout(&row, rollout, tx_now_ms(tx));
    row_bind_text(&row, uid);
    TRY(row_run(&row, err));
    tx_touch_list(tx, LIST_OF_ROLLOUTS, rollout->index);
    return ERR_OK;
}

enum err_code rollouts_prune(struct store_tx *tx, const char *uid, int64_t limit, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_ROLLOUTS, PRUNE);
    row_bind_text(&row, uid);
    row_bind_int(&row, limit);
    return row_run(&row, err);
}
