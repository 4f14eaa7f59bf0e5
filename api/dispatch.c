/* dispatch.c: runs the halves of a route's work and turns each failure into its problem document.
 */
#include "api/etag.h"
#include "api/fields.h"
#include "api/idempotency.h"
#include "api/routes.h"
#include "base/arena.h"
#include "base/limits.h"
#include "store/nodes.h"

#include <assert.h>

static bool takes_body(const struct route *route)
{
    if (route->place == PLACE_BACKUP) return false;
    return route->method == METHOD_POST || route->method == METHOD_PUT ||
           route->method == METHOD_PATCH;
}

size_t api_body_limit(const struct request *request)
{
    const struct route *route = request->route;
    if (route == NULL || !takes_body(route)) return 0;
    return route->worker ? LIMIT_REPORT_BODY_BYTES : LIMIT_BODY_BYTES;
}

static enum err_code check_body_bytes(const struct request *request, struct err *err)
{
    size_t limit = api_body_limit(request);
    if (request->body_bytes <= limit) return ERR_OK;
    if (limit == 0) return err_set(err, ERR_TOO_LARGE, "this request takes no body");
    return err_set(err, ERR_TOO_LARGE, "the body has %zu bytes, at most %zu are read",
                   request->body_bytes, limit);
}

/* Writes to one deployment know conditions. Ignoring one elsewhere would fool the client that
 * relies on it; agents are left alone. */
static enum err_code check_conditions(const struct request *request, struct err *err)
{
    const struct route *route = request->route;
    TRY(etag_check_syntax(request, err));
    if (route->method == METHOD_GET || route->worker) return ERR_OK;
    bool knows = text_starts(route->pattern, "/v1/deployments/{name}");
    if (!knows && (request->if_match != NULL || request->if_none_match != NULL))
        return err_set(err, ERR_BAD_REQUEST, "If-Match and If-None-Match do not apply here");
    if (request->if_none_match != NULL && !text_equal(request->if_none_match, "*"))
        return err_set(err, ERR_BAD_REQUEST, "If-None-Match of a write can only be *");
    return ERR_OK;
}

static enum err_code decode(struct request *request, struct field_errors *errors, struct err *err)
{
    TRY(check_body_bytes(request, err));
    TRY(check_conditions(request, err));
    TRY(idempotency_decode(request, err));
    TRY(fields_decode(request, err));
    if (request->route->decode != NULL) TRY(request->route->decode(request, errors, err));
    return field_errors_verdict(errors, err);
}

enum err_code api_decode(struct request *request, struct reply *reply)
{
    struct err err;
    struct field_errors errors;
    field_errors_init(&errors, &request->arena);
    enum err_code code = decode(request, &errors, &err);
    if (code != ERR_OK) {
        api_problem(reply, &request->arena, request, &err, &errors);
    } else if (request->answered) {
        reply_init(reply, request);
        reply->status = 204;
    }
    return code;
}

/* The cluster may be what was misspelt. Who is limited to one is told of no other. */
static void suggest_cluster(struct store_db *db, struct request *request, struct err *err)
{
    struct err unread;
    const char *nearest, *cluster = request->cluster;
    bool concerned = err->code == ERR_NOT_FOUND || err->code == ERR_UNKNOWN_CLUSTER;
    bool known = text_starts(request->route->pattern, "/v1/deployments");
    if (!concerned || !known || cluster == NULL || request->principal.cluster != NULL) return;
    enum err_code code = clusters_nearest(db, &request->arena, cluster, &nearest, &unread);
    if (code != ERR_OK || nearest == NULL) return;
    const char *detail = arena_strdup(&request->arena, err->detail);
    err_set(err, err->code, "%s; did you mean cluster '%s'?", detail, nearest);
}

enum err_code api_read(struct store_db *db, struct request *request, struct reply *reply)
{
    struct err err;
    assert(request->route->read != NULL);
    reply_init(reply, request);
    enum err_code code = request->fields != NULL ? fields_read(db, request, reply, &err)
                                                 : request->route->read(db, request, reply, &err);
    if (code == ERR_OK) return ERR_OK;
    suggest_cluster(db, request, &err);
    api_problem(reply, &request->arena, request, &err, NULL);
    return code;
}

static enum err_code apply(struct store_tx *tx, struct request *request, struct reply *reply,
                           struct err *err)
{
    if (request->idempotent == NULL) return request->route->apply(tx, request, reply, err);
    bool replayed;
    TRY(idempotency_replay(tx, request, reply, &replayed, err));
    if (replayed) return ERR_OK;
    TRY(request->route->apply(tx, request, reply, err));
    return idempotency_keep(tx, request, reply, err);
}

/* Of what the write would have made there is nothing to be found or compared. */
static void tell_dry_run(struct reply *reply)
{
    struct text *body = &reply->body;
    reply->dry_run = true;
    reply->etag[0] = '\0';
    reply->location = NULL;
    reply->index = -1;
    if (body->length == 0) return;
    assert(body->length > 2 && body->bytes[body->length - 1] == '}');
    body->length--;
    text_add(body, ",\"dry_run\":true}");
}

enum err_code api_apply(struct store_tx *tx, struct request *request, struct reply *reply,
                        struct err *err)
{
    assert(request->route->apply != NULL);
    reply_init(reply, request);
    tx_set_actor(tx, request->principal.id, request->id);
    if (request->dry_run) tx_undo(tx);
    enum err_code code = apply(tx, request, reply, err);
    if (code != ERR_OK) {
        suggest_cluster(tx_db(tx), request, err);
        api_problem(reply, &request->arena, request, err, request->errors);
    } else if (request->dry_run) {
        tell_dry_run(reply);
    }
    return code;
}
