/* revision_patch.c: PATCH …/revisions/{revision}: tags, pin and cause; the template never changes.
 */
#include "api/api.h"
#include "api/body.h"
#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "base/json.h"
#include "scheduler/control.h"
#include "wire/object_wire.h"

API_DECODE(revision_patch_decode)
{
    const struct json *json;
    TRY(body_merge_patch(request, &json, err));
    struct revision_patch *patch = ARENA_NEW(&request->arena, struct revision_patch);
    revision_patch_decode_document(json, &request->arena, patch, errors);
    request->input = patch;
    return ERR_OK;
}

API_APPLY(revision_patch_apply)
{
    struct deployment deployment;
    struct revision revision;
    struct json_writer writer;
    bool changed;
    TRY(deployment_load(tx_db(tx), request, &deployment, err));
    TRY(revision_named(tx_db(tx), request, &deployment, request->params[1], &revision, err));
    TRY(etag_condition_state(request, revision_state(request, &deployment, &revision), err));
    TRY(control_mark_revision(request->api->control, tx, &request->arena, &deployment, &revision,
                              request->input, &changed, err));
    etag_set_state(reply, request, revision_state(request, &deployment, &revision));
    reply->index = deployment.index;
    json_writer_init(&writer, &reply->body);
    return revision_reply(request, &writer, &revision, err);
}
