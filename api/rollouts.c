#include "store/rollouts.h"

#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
#include "api/view.h"
#include "base/clock.h"
#include "base/limits.h"
#include "wire/object_wire.h"

/* The spec's steps are those of the rollout that runs; an ended one may have taken others. */
static const struct canary_steps *steps_of(const struct rollout *rollout, bool is_latest,
                                           const struct strategy *strategy)
{
    bool runs = is_latest && !rollout_state_final(rollout->state);
    bool stepwise = strategy->type == STRATEGY_CANARY && !rollout->direct;
    return runs && stepwise ? &strategy->steps : NULL;
}

static enum err_code write_page(struct store_db *db, struct request *request, struct reply *reply,
                                const char *uid, const char *cluster, struct err *err)
{
    const struct list_query *query = request->input;
    struct rollout_item *items;
    struct listed listed;
    TRY(rollouts_page(db, &request->arena, uid, cluster, &query->page, &items, &listed, err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++) {
        const struct rollout_item *item = &items[i];
        const struct rollout_owner owner = {item->deployment, item->cluster};
        rollout_render(&list.writer, &item->rollout, &owner,
                       steps_of(&item->rollout, item->is_latest, &item->strategy));
    }
    list_end_page(&list, &listed);
    return ERR_OK;
}

API_READ(deployment_rollouts_read)
{
    struct deployment deployment;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    return write_page(db, request, reply, deployment.uid, NULL, err);
}

API_READ(rollouts_list_read)
{
    TRY(poll_list(db, request, reply, err));
    return write_page(db, request, reply, NULL, view_cluster(request), err);
}

/* ?until=terminal waits for the end of the rollout, by default as long as a wait may be. */
API_DECODE(rollout_decode)
{
    (void)errors;
    const char *until = query_text(request, "until");
    if (until == NULL) return ERR_OK;
    if (!text_equal(until, "terminal"))
        return err_set(err, ERR_BAD_PARAMETER, "until can only be terminal, got '%s'",
                       query_quote(request, until));
    if (query_text(request, "wait_seconds") == NULL)
        request->wait_ms = LIMIT_WAIT_SECONDS * SECOND_MS;
    return ERR_OK;
}

static enum err_code load_rollout(struct store_db *db, struct request *request,
                                  const struct deployment *deployment, struct rollout *rollout,
                                  struct err *err)
{
    int64_t id;
    const char *word = request->params[1];
    if (*word == '0' || !text_to_int64(word, 1, INT64_MAX, &id)) /* one name each */
        return err_set(err, ERR_NOT_FOUND, "a rollout is named by its number, not '%s'",
                       query_quote(request, word));
    return rollouts_get(db, &request->arena, deployment->uid, id, rollout, err);
}

API_READ(rollout_read)
{
    struct deployment deployment;
    struct rollout rollout;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(load_rollout(db, request, &deployment, &rollout, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    if (query_text(request, "until") != NULL)
        reply->unsatisfied = request->wait_ms > 0 && !rollout_state_final(rollout.state);
    /* Steps are edited without a word in the rollout's row. */
    bool is_latest = rollout.id == deployment.status.rollout_id;
    const struct canary_steps *steps = steps_of(&rollout, is_latest, &deployment.spec.strategy);
    int64_t edition = steps != NULL ? deployment.generation : 0;
    etag_set_tail(reply, request, rollout.id, rollout.index,
                  arena_printf(&request->arena, ".%lld", (long long)edition));
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    const struct rollout_owner owner = {deployment.name, deployment.cluster};
    rollout_render(&writer, &rollout, &owner, steps);
    return ERR_OK;
}
