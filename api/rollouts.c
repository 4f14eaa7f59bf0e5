#include "store/rollouts.h"

#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
#include "base/limits.h"
#include "wire/object_wire.h"

enum { MILLISECONDS = 1000 };

/* The spec's steps are those of the rollout that runs; an ended one may have taken others. */
static const struct canary_steps *steps_of(const struct deployment *deployment,
                                           const struct rollout *rollout)
{
    const struct strategy *strategy = &deployment->spec.strategy;
    bool runs =
        rollout->id == deployment->status.rollout_id && !rollout_state_final(rollout->state);
    bool stepwise = strategy->type == STRATEGY_CANARY && !rollout->direct;
    return runs && stepwise ? &strategy->steps : NULL;
}

API_READ(rollouts_list_read)
{
    const struct list_query *query = request->input;
    struct deployment deployment;
    struct rollout *items;
    size_t count;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    TRY(rollouts_list(db, &request->arena, deployment.uid, query->after_number, query->limit + 1,
                      &items, &count, err));
    bool more = list_cut(&count, query->limit);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < count; i++)
        rollout_render(&list.writer, &items[i], steps_of(&deployment, &items[i]));
    list_end_number(&list, more, more ? items[count - 1].id : 0);
    return ERR_OK;
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
        request->wait_ms = LIMIT_WAIT_SECONDS * MILLISECONDS;
    return ERR_OK;
}

static enum err_code load_rollout(struct store_db *db, struct request *request,
                                  const struct deployment *deployment, struct rollout *rollout,
                                  struct err *err)
{
    int64_t id;
    if (!text_to_int64(request->params[1], 1, INT64_MAX, &id))
        return err_set(err, ERR_NOT_FOUND, "a rollout is named by its number, not '%s'",
                       query_quote(request, request->params[1]));
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
    const struct canary_steps *steps = steps_of(&deployment, &rollout);
    int64_t edition = steps != NULL ? deployment.generation : 0;
    etag_set_tail(reply, request, rollout.id, rollout.index,
                  arena_printf(&request->arena, ".%lld", (long long)edition));
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    rollout_render(&writer, &rollout, steps);
    return ERR_OK;
}
