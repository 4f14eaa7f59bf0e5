/* deployment_writes.c: POST, PUT, DELETE, scale and rollback of deployments. Decoding is pure and
 * checks all that needs no state; what an order means is scheduler/control.h's business. */
#include "api/api.h"
#include "api/body.h"
#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/query.h"
#include "api/view.h"
#include "model/selector.h"
#include "scheduler/control.h"
#include "store/deployments.h"
#include "wire/deployment_wire.h"

/* ---- who is meant ---- */

/* The body may name the cluster where the query doesn't; where both do they must agree. */
static enum err_code choose_cluster(struct request *request, struct deployment_document *document,
                                    struct field_errors *errors, struct err *err)
{
    if (document->cluster == NULL) {
        document->cluster = request->cluster;
        return ERR_OK;
    }
    const char *asked = query_text(request, "cluster");
    if (asked != NULL && !text_equal(asked, document->cluster))
        field_error_add(errors, "#/cluster", "conflict", "must equal ?cluster=, which is %s",
                        asked);
    else if (!view_shows_cluster(request, document->cluster))
        return err_set(err, ERR_FORBIDDEN, "this token is limited to cluster %s",
                       request->principal.cluster);
    request->cluster = document->cluster;
    return ERR_OK;
}

static enum err_code decode_document(struct request *request, struct field_errors *errors,
                                     struct err *err)
{
    const struct json *json;
    TRY(body_json(request, &json, err));
    struct deployment_document *document = ARENA_NEW(&request->arena, struct deployment_document);
    deployment_document_decode(json, &request->arena, document, errors);
    request->input = document;
    return choose_cluster(request, document, errors, err);
}

static bool is_wrong(const struct field_errors *errors, const char *pointer)
{
    for (size_t i = 0; i < errors->count; i++)
        if (text_equal(errors->items[i].pointer, pointer)) return true;
    return false;
}

/* ?force=true: a template that is quarantined too. */
static enum err_code check_force(struct request *request, struct err *err)
{
    bool force;
    return query_bool(request, "force", &force, err);
}

static bool is_forced(struct request *request)
{
    return text_equal(query_text(request, "force"), "true");
}

API_DECODE(deployment_create_decode)
{
    TRY(decode_document(request, errors, err));
    const struct deployment_document *document = request->input;
    if (document->name == NULL && !is_wrong(errors, "#/name"))
        field_error_add(errors, "#/name", "required", "is required");
    return ERR_OK;
}

API_DECODE(deployment_put_decode)
{
    TRY(check_force(request, err));
    return deployment_plan_decode(request, errors, err);
}

/* Of a document that names the object of the path. */
API_DECODE(deployment_plan_decode)
{
    TRY(decode_document(request, errors, err));
    struct deployment_document *document = request->input;
    const char *name = request->params[0];
    const char *problem = name_problem(name);
    bool told = is_wrong(errors, "#/name");
    if (problem != NULL && !told)
        field_error_add(errors, "#/name", "pattern", "the name in the path %s", problem);
    else if (!told && document->name != NULL && !text_equal(document->name, name))
        field_error_add(errors, "#/name", "conflict", "must equal the name in the path, %s", name);
    document->name = name;
    return ERR_OK;
}

API_DECODE(deployment_scale_decode)
{
    const struct json *json;
    TRY(body_json(request, &json, err));
    int64_t *replicas = ARENA_NEW(&request->arena, int64_t);
    scale_document_decode(json, &request->arena, replicas, errors);
    request->input = replicas;
    return ERR_OK;
}

API_DECODE(deployment_rollback_decode)
{
    const struct json *json;
    TRY(check_force(request, err));
    TRY(body_json(request, &json, err));
    struct rollback_document *document = ARENA_NEW(&request->arena, struct rollback_document);
    rollback_document_decode(json, &request->arena, document, errors);
    request->input = document;
    return ERR_OK;
}

/* ---- conditions ---- */

static bool has_conditions(const struct request *request)
{
    return request->if_match != NULL || request->if_none_match != NULL;
}

/* Of a PUT: an object that isn't there can still be created. */
static enum err_code put_condition(struct store_tx *tx, struct request *request,
                                   const struct deployment_document *document,
                                   struct precondition *precondition, struct err *err)
{
    *precondition = (struct precondition){0};
    if (!has_conditions(request)) return ERR_OK;
    struct deployment current;
    struct err missing;
    enum err_code code = deployments_get(tx_db(tx), &request->arena, document->cluster,
                                         document->name, &current, &missing);
    if (code == ERR_NOT_FOUND) return etag_precondition(request, false, 0, precondition, err);
    if (code != ERR_OK) return err_copy(err, &missing);
    return etag_precondition(request, true, current.generation, precondition, err);
}

enum err_code deployment_condition(struct store_tx *tx, struct request *request,
                                   struct precondition *precondition, struct err *err)
{
    *precondition = (struct precondition){0};
    if (!has_conditions(request)) return ERR_OK;
    struct deployment current;
    TRY(deployment_load(tx_db(tx), request, &current, err));
    return etag_precondition(request, true, current.generation, precondition, err);
}

/* ---- orders ---- */

static const char *location_of(struct arena *arena, const struct deployment *deployment)
{
    if (text_equal(deployment->cluster, "default"))
        return arena_printf(arena, "/v1/deployments/%s", deployment->name);
    return arena_printf(arena, "/v1/deployments/%s?cluster=%s", deployment->name,
                        deployment->cluster);
}

enum err_code deployment_change_reply(struct request *request, struct reply *reply,
                                      const struct change *change)
{
    deployment_reply(request, reply, &change->deployment);
    if (!change->created) return ERR_OK;
    reply->status = 201;
    reply->location = location_of(&request->arena, &change->deployment);
    return ERR_OK;
}

API_APPLY(deployment_create_apply)
{
    struct change change;
    TRY(control_create(request->api->control, tx, &request->arena, request->input, &change, err));
    return deployment_change_reply(request, reply, &change);
}

API_APPLY(deployment_put_apply)
{
    struct precondition precondition;
    struct change change;
    TRY(put_condition(tx, request, request->input, &precondition, err));
    precondition.force = is_forced(request);
    TRY(control_apply(request->api->control, tx, &request->arena, request->input, &precondition,
                      &change, err));
    return deployment_change_reply(request, reply, &change);
}

API_APPLY(deployment_scale_apply)
{
    const int64_t *replicas = request->input;
    struct precondition precondition;
    struct change change;
    TRY(deployment_condition(tx, request, &precondition, err));
    TRY(control_scale(request->api->control, tx, &request->arena, request->cluster,
                      request->params[0], *replicas, &precondition, &change, err));
    return deployment_change_reply(request, reply, &change);
}

API_APPLY(deployment_rollback_apply)
{
    struct precondition precondition;
    struct change change;
    TRY(deployment_condition(tx, request, &precondition, err));
    precondition.force = is_forced(request);
    TRY(control_rollback(request->api->control, tx, &request->arena, request->cluster,
                         request->params[0], request->input, &precondition, &change, err));
    return deployment_change_reply(request, reply, &change);
}

/* The end begins; the object goes when its last replica has stopped. */
API_APPLY(deployment_delete_apply)
{
    struct precondition precondition;
    struct change change;
    TRY(deployment_condition(tx, request, &precondition, err));
    TRY(control_delete(request->api->control, tx, &request->arena, request->cluster,
                       request->params[0], &precondition, &change, err));
    deployment_reply(request, reply, &change.deployment);
    reply->status = 202;
    return ERR_OK;
}
