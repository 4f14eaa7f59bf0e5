/* deployment_patch.c: PATCH of a deployment (RFC 7396). The patch alone is checked on the loop, the
 * document that results in the transaction that it is applied in. From there on it is a PUT. */
#include "wire/deployment_patch.h"

#include "api/api.h"
#include "api/body.h"
#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/query.h"
#include "base/json.h"
#include "scheduler/control.h"

/* A patch with more errors than are listed is not merged with anything. */
API_DECODE(deployment_patch_decode)
{
    const struct json *json;
    bool force;
    TRY(query_bool(request, "force", &force, err));
    TRY(body_merge_patch(request, &json, err));
    struct deployment_patch *patch = ARENA_NEW(&request->arena, struct deployment_patch);
    deployment_patch_check(json, &request->arena, request->params[0], request->cluster, patch);
    request->input = patch;
    if (patch->errors.total > patch->errors.count || json->type != JSON_OBJECT)
        *errors = patch->errors;
    return ERR_OK;
}

static enum err_code merge(struct request *request, const struct deployment *current,
                           struct deployment_document *document, struct err *err)
{
    struct field_errors *errors = ARENA_NEW(&request->arena, struct field_errors);
    TRY(deployment_patch_merge(request->input, &request->arena, current, document, errors, err));
    request->errors = errors;
    return field_errors_verdict(errors, err);
}

API_APPLY(deployment_patch_apply)
{
    struct deployment current;
    struct deployment_document document;
    struct precondition precondition;
    struct change change;
    bool force = false;
    TRY(query_bool(request, "force", &force, err));
    TRY(deployment_load(tx_db(tx), request, &current, err));
    TRY(etag_precondition(request, true, current.generation, &precondition, err));
    TRY(merge(request, &current, &document, err));
    precondition.force = force;
    TRY(control_apply(request->api->control, tx, &request->arena, &document, &precondition, &change,
                      err));
    return deployment_change_reply(request, reply, &change);
}
