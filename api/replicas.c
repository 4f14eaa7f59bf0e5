#include "api/replicas.h"

#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/node_states.h"
#include "api/poll.h"
#include "api/view.h"
#include "store/replicas.h"
#include "wire/object_wire.h"

static enum err_code write_page(struct store_db *db, struct request *request, struct reply *reply,
                                const char *uid, const char *cluster, struct err *err)
{
    const struct list_query *query = request->input;
    struct replica *items;
    struct listed listed;
    TRY(replicas_page(db, &request->arena, uid, cluster, &query->page, &items, &listed, err));
    auto_node_states states;
    node_states_init(&states, db, &request->arena);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++) {
        enum replica_presence presence;
        TRY(node_states_presence(&states, &items[i], &presence, NULL, err));
        replica_render(&list.writer, &items[i], presence);
    }
    list_end_page(&list, &listed);
    return ERR_OK;
}

API_READ(deployment_replicas_read)
{
    struct deployment deployment;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    return write_page(db, request, reply, deployment.uid, NULL, err);
}

API_READ(replicas_list_read)
{
    TRY(poll_list(db, request, reply, err));
    return write_page(db, request, reply, NULL, view_cluster(request), err);
}

enum err_code replica_load(struct store_db *db, struct request *request, struct replica *replica,
                           struct err *err)
{
    TRY(replicas_get(db, &request->arena, request->params[0], replica, err));
    if (view_shows_cluster(request, replica->cluster)) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND, "no replica \"%s\"", replica->id);
}

/* What is shown changes with the replica and with its node's state. */
API_READ(replica_read)
{
    struct replica replica;
    TRY(replica_load(db, request, &replica, err));
    auto_node_states states;
    node_states_init(&states, db, &request->arena);
    enum replica_presence presence;
    int64_t node_index;
    TRY(node_states_presence(&states, &replica, &presence, &node_index, err));
    int64_t index = node_index > replica.index ? node_index : replica.index;
    TRY(poll_member(db, request, reply, index, err));
    etag_set_tail(reply, request, replica.attempt, index,
                  arena_printf(&request->arena, ".%s", replica_presence_words[presence]));
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    replica_render(&writer, &replica, presence);
    return ERR_OK;
}
