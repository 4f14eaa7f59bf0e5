#include "store/deployments.h"

#include "base/arena.h"
#include "base/text.h"
#include "model/rollout.h"
#include "store/batch.h"
#include "store/deployment_labels.h"
#include "store/health.h"
#include "store/listing_run.h"
#include "store/tombstones.h"
#include "wire/deployment_wire.h"

/* clang-format off */
/* Columns in the order in which bind_*() and read_*() below go through them. */
#define STATUS_COLUMNS(X)                                                                          \
    X(state) X(message) X(observed_generation) X(revision) X(stable_revision) X(version)           \
    X(halted_reason) X(halted_since_at) X(desired) X(updated) X(ready) X(available) X(total)       \
    X(rollout_id) X(rollout_state) X(scaled_to) X(scaled_ceiling) X(active_hash)
#define SPEC_COLUMNS(X)                                                                            \
    X(description) X(annotations) X(generation) X(updated_at) X(updated_by) X(lifecycle)           \
    X(replicas) X(paused) X(settings) X(template) X(template_hash) X(next_revision)                \
    X(next_rollout) X(faults)
#define FIXED_COLUMNS(X) X(uid) X(cluster) X(name) X(created_at) X(created_by)
#define ALL_COLUMNS(X)                                                                             \
    STATUS_COLUMNS(X) SPEC_COLUMNS(X) X(endpoints_index) X(at_index) FIXED_COLUMNS(X)
#define COLUMN_OF_D(name) ", d." #name

#define COLUMNS "d.labels" ALL_COLUMNS(COLUMN_OF_D)
#define SELECT "SELECT " COLUMNS

enum {
    GET,
    GET_UID,
    COUNT,
    UIDS,
    INSERT,
    UPDATE,
    UPDATE_STATUS,
    UPDATE_LABELS,
    UPDATE_FAULTS,
    TOUCH,
    DELETE
};

static const char *const sql[] = {
    [GET] = SELECT " FROM deployments AS d WHERE d.cluster = ? AND d.name = ?",
    [GET_UID] = SELECT " FROM deployments AS d WHERE d.uid = ?",
    [COUNT] = "SELECT count(*) FROM deployments",
    [UIDS] = "SELECT uid FROM deployments ORDER BY uid",
    [INSERT] = "INSERT INTO deployments (" ALL_COLUMNS(COLUMN_NAME) "labels)"
               " VALUES (" ALL_COLUMNS(COLUMN_VALUE) "?)",
    [UPDATE] = "UPDATE deployments SET " STATUS_COLUMNS(COLUMN_SET) SPEC_COLUMNS(COLUMN_SET)
               "endpoints_index = max(endpoints_index, ?), at_index = max(at_index, ?)"
               " WHERE uid = ?",
    [UPDATE_STATUS] = "UPDATE deployments SET " STATUS_COLUMNS(COLUMN_SET)
                      "at_index = max(at_index, ?) WHERE uid = ?",
    [UPDATE_LABELS] = "UPDATE deployments SET labels = ? WHERE uid = ?",
    [UPDATE_FAULTS] = "UPDATE deployments SET faults = ? WHERE uid = ?",
    [TOUCH] = "UPDATE deployments SET at_index = max(at_index, ?1),"
              " endpoints_index = iif(?2, max(endpoints_index, ?1), endpoints_index)"
              " WHERE uid = ?3",
    [DELETE] = "DELETE FROM deployments WHERE uid = ?",
};
const struct statement_table deployment_statements = STATEMENT_TABLE(sql);
/* clang-format on */

/* ---- row → struct ---- */

static void read_status(struct row *row, struct arena *arena, struct deployment *deployment)
{
    struct deployment_status *status = &deployment->status;
    status->state = row_word(row, deployment_state_words);
    status->message = row_text(row, arena);
    status->observed_generation = row_int(row);
    status->revision = row_int(row);
    status->stable_revision = row_int(row);
    status->version = row_text(row, arena);
    status->halted_reason = row_text(row, arena);
    status->halted_since_at = row_int(row);
    status->desired = row_int(row);
    status->updated = row_int(row);
    status->ready = row_int(row);
    status->available = row_int(row);
    status->total = row_int(row);
    status->rollout_id = row_int(row);
    status->rollout_state = row_word(row, rollout_state_words);
    deployment->scaled_to = row_int(row);
    deployment->scaled_ceiling = row_int(row);
    deployment->active_hash = row_text(row, arena);
}

static enum err_code read_spec(struct row *row, struct arena *arena, struct deployment *deployment,
                               struct err *err)
{
    deployment->description = row_text(row, arena);
    TRY(pairs_parse(arena, row_text(row, arena), &deployment->annotations, err));
    deployment->generation = row_int(row);
    deployment->updated_at = row_int(row);
    deployment->updated_by = row_text(row, arena);
    deployment->lifecycle = row_word(row, deployment_lifecycle_words);
    int64_t replicas = row_int(row);
    bool paused = row_bool(row);
    TRY(spec_settings_parse(arena, row_text(row, arena), &deployment->spec, err));
    deployment->spec.replicas = replicas;
    deployment->spec.paused = paused;
    TRY(template_parse(arena, row_text(row, arena), &deployment->spec.template, err));
    deployment->template_hash = row_text(row, arena);
    deployment->next_revision = row_int(row);
    deployment->next_rollout = row_int(row);
    deployment->faults = row_int(row);
    return ERR_OK;
}

static enum err_code read_deployment(struct row *row, struct arena *arena,
                                     struct deployment *deployment, struct err *err)
{
    *deployment = (struct deployment){.index = 0};
    TRY(pairs_parse(arena, row_text(row, arena), &deployment->labels, err));
    read_status(row, arena, deployment);
    TRY(read_spec(row, arena, deployment, err));
    deployment->endpoints_index = row_int(row);
    deployment->index = row_int(row);
    deployment->uid = row_text(row, arena);
    deployment->cluster = row_text(row, arena);
    deployment->name = row_text(row, arena);
    deployment->created_at = row_int(row);
    deployment->created_by = row_text(row, arena);
    return row_check(row, err);
}

enum err_code deployments_get(struct store_db *db, struct arena *arena, const char *cluster,
                              const char *name, struct deployment *deployment, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_DEPLOYMENTS, GET);
    row_bind_text(&row, cluster);
    row_bind_text(&row, name);
    bool found;
    TRY(row_next(&row, &found, err));
    if (found) return read_deployment(&row, arena, deployment, err);
    return tombstones_not_found(db, arena, cluster, name, err);
}

enum err_code deployments_get_uid(struct store_db *db, struct arena *arena, const char *uid,
                                  struct deployment *deployment, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_DEPLOYMENTS, GET_UID);
    row_bind_text(&row, uid);
    bool found;
    TRY(row_next(&row, &found, err));
    if (found) return read_deployment(&row, arena, deployment, err);
    return err_set(err, ERR_NOT_FOUND, "no deployment with uid %s", uid);
}

/* ---- lists ---- */

static enum err_code read_item(struct row *row, struct arena *arena, void *item, struct err *err)
{
    return read_deployment(row, arena, item, err);
}

enum err_code deployments_page(struct store_db *db, struct arena *arena, const char *cluster,
                               const struct page *page, struct deployment **items,
                               struct listed *listed, struct err *err)
{
    void *list;
    const struct listing_query query = {
        .listing = &deployment_listing, .page = page, .cluster = cluster, .select = COLUMNS};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

enum err_code deployments_count(struct store_db *db, int64_t *count, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_DEPLOYMENTS, COUNT);
    return row_number(&row, count, err);
}

enum err_code deployments_uids(struct store_db *db, struct arena *arena, struct strings *uids,
                               struct err *err)
{
    *uids = (struct strings){.count = 0};
    auto_row row = row_open(db, STATEMENTS_DEPLOYMENTS, UIDS);
    for (bool found;; uids->count++) {
        TRY(row_next(&row, &found, err));
        if (!found) return ERR_OK;
        uids->items = row_array_grow(arena, uids->items, uids->count, sizeof *uids->items);
        uids->items[uids->count] = row_text(&row, arena);
    }
}

/* ---- struct → row ---- */

static void bind_status(struct row *row, const struct deployment *deployment)
{
    const struct deployment_status *status = &deployment->status;
    row_bind_word(row, deployment_state_words, status->state);
    row_bind_text(row, status->message);
    row_bind_int(row, status->observed_generation);
    row_bind_int(row, status->revision);
    row_bind_int(row, status->stable_revision);
    row_bind_text(row, status->version);
    row_bind_text(row, status->halted_reason);
    row_bind_int(row, status->halted_since_at);
    row_bind_int(row, status->desired);
    row_bind_int(row, status->updated);
    row_bind_int(row, status->ready);
    row_bind_int(row, status->available);
    row_bind_int(row, status->total);
    row_bind_int(row, status->rollout_id);
    row_bind_word(row, rollout_state_words, status->rollout_state);
    row_bind_int(row, deployment->scaled_to);
    row_bind_int(row, deployment->scaled_ceiling);
    row_bind_text(row, deployment->active_hash);
}

static const char *settings_json(struct arena *arena, const struct deployment_spec *spec)
{
    struct text text;
    text_init(&text, arena);
    spec_settings_canonical(&text, spec);
    return text_string(&text);
}

static const char *template_json(struct arena *arena, const struct template *template)
{
    struct text text;
    text_init(&text, arena);
    template_canonical(&text, template);
    return text_string(&text);
}

static void bind_spec(struct row *row, struct arena *arena, const struct deployment *deployment)
{
    row_bind_text(row, deployment->description);
    row_bind_text(row, row_json_pairs(arena, &deployment->annotations));
    row_bind_int(row, deployment->generation);
    row_bind_int(row, deployment->updated_at);
    row_bind_text(row, deployment->updated_by);
    row_bind_word(row, deployment_lifecycle_words, deployment->lifecycle);
    row_bind_int(row, deployment->spec.replicas);
    row_bind_bool(row, deployment->spec.paused);
    row_bind_text(row, settings_json(arena, &deployment->spec));
    row_bind_text(row, template_json(arena, &deployment->spec.template));
    row_bind_text(row, deployment->template_hash);
    row_bind_int(row, deployment->next_revision);
    row_bind_int(row, deployment->next_rollout);
    row_bind_int(row, deployment->faults);
}

static void touch(struct store_tx *tx, const struct deployment *deployment, bool endpoints)
{
    tx_touch_deployment(tx, deployment->cluster, deployment->name, endpoints, true,
                        deployment->index);
    tx_touch_list(tx, LIST_OF_DEPLOYMENTS, deployment->index);
}

enum err_code deployments_insert(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, INSERT);
    bind_status(&row, deployment);
    bind_spec(&row, tx_arena(tx), deployment);
    row_bind_int(&row, deployment->index); /* its endpoints are as new as itself */
    row_bind_int(&row, deployment->index);
    row_bind_text(&row, deployment->uid);
    row_bind_text(&row, deployment->cluster);
    row_bind_text(&row, deployment->name);
    row_bind_int(&row, deployment->created_at);
    row_bind_text(&row, deployment->created_by);
    row_bind_text(&row, row_json_pairs(tx_arena(tx), &deployment->labels));
    enum err_code code = row_run(&row, err);
    if (code == ERR_ALREADY_EXISTS)
        return err_set(err, code, "deployment \"%s\" exists already in cluster \"%s\"",
                       deployment->name, deployment->cluster);
    if (code != ERR_OK) return code;
    touch(tx, deployment, true);
    TRY(availability_note(tx, deployment, err));
    return deployment_labels_insert(tx, deployment, err);
}

/* The row of `uid` must have been there. */
static enum err_code run_update(struct row *row, const char *uid, struct err *err)
{
    TRY(row_run(row, err));
    if (row_changes(row) == 1) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "no deployment with uid %s", uid);
}

enum err_code deployments_update(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, UPDATE);
    bind_status(&row, deployment);
    bind_spec(&row, tx_arena(tx), deployment);
    row_bind_int(&row, deployment->endpoints_index);
    row_bind_int(&row, deployment->index);
    row_bind_text(&row, deployment->uid);
    TRY(run_update(&row, deployment->uid, err));
    touch(tx, deployment, false);
    return availability_note(tx, deployment, err);
}

enum err_code deployments_update_status(struct store_tx *tx, const struct deployment *deployment,
                                        struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, UPDATE_STATUS);
    bind_status(&row, deployment);
    row_bind_int(&row, deployment->index);
    row_bind_text(&row, deployment->uid);
    TRY(run_update(&row, deployment->uid, err));
    touch(tx, deployment, false);
    return availability_note(tx, deployment, err);
}

enum err_code deployments_set_labels(struct store_tx *tx, const struct deployment *deployment,
                                     struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, UPDATE_LABELS);
    row_bind_text(&row, row_json_pairs(tx_arena(tx), &deployment->labels));
    row_bind_text(&row, deployment->uid);
    TRY(run_update(&row, deployment->uid, err));
    tx_touch_list(tx, LIST_OF_REPLICAS, deployment->index);
    tx_touch_list(tx, LIST_OF_ROLLOUTS, deployment->index);
    return deployment_labels_replace(tx, deployment, err);
}

enum err_code deployments_touch(struct store_tx *tx, const char *uid, const char *cluster,
                                const char *name, bool endpoints, int64_t index, struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, TOUCH);
    row_bind_int(&row, index);
    row_bind_bool(&row, endpoints);
    row_bind_text(&row, uid);
    TRY(run_update(&row, uid, err));
    tx_touch_deployment(tx, cluster, name, endpoints, true, index);
    tx_touch_list(tx, LIST_OF_DEPLOYMENTS, index);
    return ERR_OK;
}

enum err_code deployments_set_faults(struct store_tx *tx, const char *uid, int64_t faults,
                                     struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, UPDATE_FAULTS);
    row_bind_int(&row, faults);
    row_bind_text(&row, uid);
    return run_update(&row, uid, err);
}

enum err_code deployments_delete(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err)
{
    auto_row row = row_open(tx_db(tx), STATEMENTS_DEPLOYMENTS, DELETE);
    row_bind_text(&row, deployment->uid);
    TRY(run_update(&row, deployment->uid, err));
    touch(tx, deployment, true);
    tx_touch_list(tx, LIST_OF_REPLICAS, deployment->index);
    tx_touch_list(tx, LIST_OF_ROLLOUTS, deployment->index);
    return tombstones_put(tx, deployment, err);
}
