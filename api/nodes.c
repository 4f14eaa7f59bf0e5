#include "api/nodes.h"

#include "api/api.h"
#include "api/body.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
#include "api/view.h"
#include "base/json.h"
#include "model/selector.h"
#include "scheduler/control.h"
#include "store/nodes.h"
#include "store/store.h"
#include "wire/object_wire.h"

/* ---- reading ---- */

enum err_code node_load(struct store_db *db, struct request *request, struct node *node,
                        struct err *err)
{
    TRY(nodes_get(db, &request->arena, request->params[0], node, err));
    if (view_shows_cluster(request, node->cluster)) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "no node \"%s\"", node->name);
}

static enum err_code render_node(struct store_db *db, struct request *request,
                                 struct json_writer *writer, const struct node *node,
                                 struct err *err)
{
    struct node_usage usage = {0};
    control_node_allocated(request->api->control, node->name, &usage.allocated, &usage.replicas);
    TRY(node_orphans_list(db, &request->arena, node->name, &usage.unknown_replicas, err));
    node_render(writer, node, &usage);
    return ERR_OK;
}

API_READ(nodes_list_read)
{
    const struct list_query *query = request->input;
    struct node *items;
    struct listed listed;
    TRY(poll_list(db, request, reply, err));
    TRY(nodes_page(db, &request->arena, view_cluster(request), &query->page, &items, &listed, err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++)
        TRY(render_node(db, request, &list.writer, &items[i], err));
    list_end_page(&list, &listed);
    return ERR_OK;
}

/* Allocations move without the node's row, so the tag comes from the bytes. */
API_READ(node_read)
{
    struct node node;
    TRY(node_load(db, request, &node, err));
    TRY(poll_object(db, request, reply, node.index, err));
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    TRY(render_node(db, request, &writer, &node, err));
    etag_set_hash(reply, request);
    etag_not_modified(request, reply);
    return ERR_OK;
}

/* ---- registration ---- */

API_DECODE(node_register_decode)
{
    const struct json *json;
    TRY(body_json(request, &json, err));
    struct node_registration *registration = ARENA_NEW(&request->arena, struct node_registration);
    node_registration_decode(json, &request->arena, registration, errors);
    request->input = registration;
    const char *problem = name_problem(request->params[0]);
    if (problem != NULL)
        field_error_add(errors, "#/name", "pattern", "the name in the path %s", problem);
    if (errors->total > 0) return ERR_OK;
    const char *own = request->principal.cluster;
    registration->cluster_absent = json_member(json, "cluster") == NULL;
    if (own != NULL && registration->cluster_absent) registration->cluster = own;
    if (view_shows_cluster(request, registration->cluster)) return ERR_OK;
    return err_set(err, ERR_FORBIDDEN, "this token is limited to cluster %s", own);
}

static enum registration_right right_of(const struct principal *principal)
{
    if (principal->scope == TOKEN_JOIN) return RIGHT_CREATE;
    return principal->scope == TOKEN_NODE ? RIGHT_SELF : RIGHT_OPERATE;
}

/* Whether the name is taken, by a node that the token may touch. Names are global, so that another
 * cluster's node is in the way cannot be hidden; which one is. */
static enum err_code find_registered(struct store_db *db, struct request *request, bool *exists,
                                     struct err *err)
{
    struct node node;
    struct err missing;
    enum err_code code = nodes_get(db, &request->arena, request->params[0], &node, &missing);
    *exists = code == ERR_OK;
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_copy(err, &missing);
    if (view_shows_cluster(request, node.cluster)) return ERR_OK;
    return err_set(err, ERR_CONFLICT,
                   "the name %s is taken: names of nodes are unique among all clusters", node.name);
}

static void write_registered(struct request *request, struct reply *reply, const struct node *node)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, "name", node->name);
    json_put_string(&writer, "cluster", node->cluster);
    json_put_int(&writer, "epoch", node->epoch);
    json_put_string(&writer, "incarnation", store_incarnation(request->api->store));
    json_put_int(&writer, "poll_wait_ms", control_poll_wait_ms(request->api->control));
    json_object_end(&writer);
}

API_APPLY(node_register_apply)
{
    bool exists;
    struct node node;
    TRY(find_registered(tx_db(tx), request, &exists, err));
    TRY(control_register(request->api->control, tx, &request->arena, request->params[0],
                         right_of(&request->principal), request->input, &node, err));
    write_registered(request, reply, &node);
    reply->index = node.index;
    if (exists) return ERR_OK;
    reply->status = 201;
    reply->location = arena_printf(&request->arena, "/v1/nodes/%s", node.name);
    return ERR_OK;
}

API_DECODE(node_rejoin_decode)
{
    return body_empty(request, errors, err);
}

API_APPLY(node_rejoin_apply)
{
    struct node node;
    TRY(node_load(tx_db(tx), request, &node, err));
    TRY(control_allow_rejoin(tx, &request->arena, node.name, &node, err));
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, "name", node.name);
    json_put_string(&writer, "cluster", node.cluster);
    json_put_int(&writer, "allowed_for_ms", node.rejoin_until_ms - tx_now_ms(tx));
    json_object_end(&writer);
    return ERR_OK;
}

/* ---- removal ---- */

API_DECODE(node_remove_decode)
{
    (void)errors;
    bool *force = ARENA_NEW(&request->arena, bool);
    request->input = force;
    return query_bool(request, "force", force, err);
}

API_APPLY(node_remove_apply)
{
    const bool *force = request->input;
    struct node node;
    TRY(node_load(tx_db(tx), request, &node, err));
    TRY(control_remove_node(request->api->control, tx, &request->arena, node.name, *force, err));
    reply->status = 204;
    return ERR_OK;
}
