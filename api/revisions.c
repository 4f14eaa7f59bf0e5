#include "store/revisions.h"

#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
#include "api/view.h"
#include "wire/object_wire.h"

static enum err_code render_revision(struct request *request, struct json_writer *writer,
                                     const struct revision *revision, struct err *err)
{
    struct template template;
    TRY(template_parse(&request->arena, revision->template_json, &template, err));
    revision_render(writer, revision, &template, view_env_mask(request));
    return ERR_OK;
}

API_READ(revisions_list_read)
{
    const struct list_query *query = request->input;
    struct deployment deployment;
    struct revision *items;
    size_t count;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    TRY(revisions_list(db, &request->arena, deployment.uid, query->after_number, query->limit + 1,
                       &items, &count, err));
    bool more = list_cut(&count, query->limit);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < count; i++)
        TRY(render_revision(request, &list.writer, &items[i], err));
    list_end_number(&list, more, more ? items[count - 1].number : 0);
    return ERR_OK;
}

/* A number, "latest" or "stable". */
static enum err_code choose_number(struct request *request, const struct deployment *deployment,
                                   int64_t *number, struct err *err)
{
    const char *word = request->params[1];
    if (text_equal(word, "latest")) {
        *number = deployment->next_revision - 1;
        return ERR_OK;
    }
    if (text_equal(word, "stable")) {
        *number = deployment->status.stable_revision;
        if (*number > 0) return ERR_OK;
        return err_set(err, ERR_NOT_FOUND,
                       "no revision of deployment %s has been proven healthy yet",
                       deployment->name);
    }
    if (text_to_int64(word, 1, INT64_MAX, number)) return ERR_OK;
    return err_set(err, ERR_NOT_FOUND,
                   "a revision is named by its number, 'latest' or 'stable', not '%s'",
                   query_quote(request, word));
}

API_READ(revision_read)
{
    struct deployment deployment;
    struct revision revision;
    int64_t number;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(choose_number(request, &deployment, &number, err));
    TRY(revisions_get(db, &request->arena, deployment.uid, number, &revision, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    etag_set_masked(reply, request, number, deployment.index);
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    return render_revision(request, &writer, &revision, err);
}
