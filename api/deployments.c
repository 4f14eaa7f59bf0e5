#include "api/deployments.h"

#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/view.h"
#include "store/deployments.h"
#include "wire/deployment_wire.h"

enum err_code deployment_load(struct store_db *db, struct request *request,
                              struct deployment *deployment, struct err *err)
{
    return deployments_get(db, &request->arena, request->cluster, request->params[0], deployment,
                           err);
}

static void render_deployment(struct request *request, struct reply *reply,
                              const struct deployment *deployment)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    deployment_render(&writer, deployment, view_env_mask(request));
}

void deployment_reply(struct request *request, struct reply *reply,
                      const struct deployment *deployment)
{
    etag_set_masked(reply, request, deployment->generation, deployment->index);
    reply->index = deployment->index;
    render_deployment(request, reply, deployment);
}

/* The tag is known before anything is rendered, so a 304 costs a row and no more. */
API_READ(deployment_read)
{
    struct deployment deployment;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    etag_set_masked(reply, request, deployment.generation, deployment.index);
    if (!etag_not_modified(request, reply)) render_deployment(request, reply, &deployment);
    return ERR_OK;
}

API_READ(deployment_status_read)
{
    struct deployment deployment;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    etag_set(reply, request, deployment.generation, deployment.index);
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    deployment_status_render(&writer, &deployment);
    return ERR_OK;
}

API_READ(deployments_list_read)
{
    const struct list_query *query = request->input;
    struct deployment *items;
    struct listed listed;
    TRY(deployments_page(db, &request->arena, view_cluster(request), &query->page, &items, &listed,
                         err));
    TRY(poll_list(db, request, reply, err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++)
        deployment_render(&list.writer, &items[i], view_env_mask(request));
    list_end_page(&list, &listed);
    return ERR_OK;
}
