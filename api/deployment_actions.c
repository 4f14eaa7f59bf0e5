/* deployment_actions.c: what is ordered of a deployment by name: POST …/pause, resume, restart,
 * promote, abort, retry, terminate, start. What an order means is scheduler/control.h's business.
 */
#include "api/api.h"
#include "api/body.h"
#include "api/deployments.h"
#include "api/handlers.h"
#include "scheduler/control.h"
#include "wire/deployment_wire.h"

API_DECODE(deployment_action_decode)
{
    return body_empty(request, errors, err);
}

static enum err_code act(control_order *order, struct store_tx *tx, struct request *request,
                         struct reply *reply, struct err *err)
{
    struct precondition precondition;
    struct change change;
    TRY(deployment_condition(tx, request, &precondition, err));
    TRY(order(request->api->control, tx, &request->arena, request->cluster, request->params[0],
              &precondition, &change, err));
    return deployment_change_reply(request, reply, &change);
}

API_APPLY(deployment_pause_apply)
{
    return act(control_pause, tx, request, reply, err);
}

API_APPLY(deployment_resume_apply)
{
    return act(control_resume, tx, request, reply, err);
}

API_APPLY(deployment_restart_apply)
{
    return act(control_restart, tx, request, reply, err);
}

API_APPLY(deployment_abort_apply)
{
    return act(control_abort, tx, request, reply, err);
}

API_APPLY(deployment_retry_apply)
{
    return act(control_retry, tx, request, reply, err);
}

API_APPLY(deployment_terminate_apply)
{
    return act(control_terminate, tx, request, reply, err);
}

API_APPLY(deployment_start_apply)
{
    return act(control_start, tx, request, reply, err);
}

/* Without a body: the pause of this step alone. */
API_DECODE(deployment_promote_decode)
{
    const struct json *json;
    struct promote_document *document = ARENA_NEW(&request->arena, struct promote_document);
    *document = (struct promote_document){.full = false};
    request->input = document;
    if (request->body_bytes == 0) return ERR_OK;
    TRY(body_json(request, &json, err));
    promote_document_decode(json, &request->arena, document, errors);
    return ERR_OK;
}

API_APPLY(deployment_promote_apply)
{
    const struct promote_document *document = request->input;
    struct precondition precondition;
    struct change change;
    TRY(deployment_condition(tx, request, &precondition, err));
    TRY(control_promote(request->api->control, tx, &request->arena, request->cluster,
                        request->params[0], document->full, &precondition, &change, err));
    return deployment_change_reply(request, reply, &change);
}
