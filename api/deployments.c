#include "api/deployments.h"

#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
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

/* ---- the list; its key is "<cluster>/<name>" ---- */

struct deployments_query {
    struct list_query page;
    struct selector selector;
    const char *after_cluster, *after_name;
};

static enum err_code split_key(struct request *request, struct deployments_query *query,
                               struct err *err)
{
    if (query->page.after == NULL) return ERR_OK;
    const char *slash = strchr(query->page.after, '/');
    if (slash == NULL) return err_set(err, ERR_BAD_CURSOR, "cursor names no deployment");
    query->after_cluster =
        arena_strndup(&request->arena, query->page.after, (size_t)(slash - query->page.after));
    query->after_name = slash + 1;
    return ERR_OK;
}

API_DECODE(deployments_list_decode)
{
    (void)errors;
    struct deployments_query *query = ARENA_NEW(&request->arena, struct deployments_query);
    request->input = query;
    TRY(list_query_read(request, &query->page, err));
    TRY(split_key(request, query, err));
    const char *selector = query_text(request, "selector");
    if (selector == NULL) return ERR_OK;
    return selector_parse(&request->arena, selector, &query->selector, err);
}

API_READ(deployments_list_read)
{
    const struct deployments_query *query = request->input;
    struct deployments_filter filter = {.cluster = view_cluster(request),
                                        .selector = &query->selector,
                                        .after_cluster = query->after_cluster,
                                        .after_name = query->after_name,
                                        .limit = query->page.limit + 1};
    struct deployment *items;
    size_t count;
    TRY(deployments_list(db, &request->arena, &filter, &items, &count, err));
    TRY(poll_list(db, request, reply, err));
    bool more = list_cut(&count, query->page.limit);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < count; i++)
        deployment_render(&list.writer, &items[i], view_env_mask(request));
    const char *next = NULL;
    if (more)
        next =
            arena_printf(&request->arena, "%s/%s", items[count - 1].cluster, items[count - 1].name);
    list_end(&list, next);
    return ERR_OK;
}
