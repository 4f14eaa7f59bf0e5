#include "store/revisions.h"

#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
#include "api/view.h"
#include "wire/object_wire.h"

enum err_code revision_reply(struct request *request, struct json_writer *writer,
                             const struct revision *revision, struct err *err)
{
    struct template template;
    TRY(template_parse(&request->arena, revision->template_json, &template, err));
    revision_render(writer, revision, &template, view_env_mask(request));
    return ERR_OK;
}

/* Without an index: what the deployment does besides changes no revision. The uid tells apart those
 * of a deployment that was deleted and made again. */
const char *revision_state(struct request *request, const struct deployment *deployment,
                           const struct revision *revision)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &request->arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    json_put_string(&writer, "deployment", deployment->uid);
    json_put_string(&writer, "change_cause", revision->change_cause);
    json_put_string(&writer, "outcome", revision_outcome_words[revision->outcome]);
    json_put_bool(&writer, "proven", revision->proven);
    json_put_bool(&writer, "pinned", revision->pinned);
    json_key(&writer, "tags");
    json_array_begin(&writer);
    for (size_t i = 0; i < revision->tags.count; i++)
        json_string(&writer, revision->tags.items[i]);
    json_array_end(&writer);
    json_object_end(&writer);
    return arena_printf(&request->arena, "r%lld.%s", (long long)revision->number,
                        etag_hash(&request->arena, &text));
}

API_READ(revisions_list_read)
{
    const struct list_query *query = request->input;
    struct deployment deployment;
    struct revision *items;
    struct listed listed;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    TRY(revisions_page(db, &request->arena, deployment.uid, &query->page, &items, &listed, err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++)
        TRY(revision_reply(request, &list.writer, &items[i], err));
    list_end_page(&list, &listed);
    return ERR_OK;
}

static enum err_code by_tag(struct store_db *db, struct request *request,
                            const struct deployment *deployment, const char *word,
                            struct revision *revision, struct err *err)
{
    struct err missing;
    enum err_code code =
        revisions_get_tag(db, &request->arena, deployment->uid, word, revision, &missing);
    if (code != ERR_NOT_FOUND) return code == ERR_OK ? code : err_copy(err, &missing);
    const char *nearest;
    TRY(revisions_nearest_tag(db, &request->arena, deployment->uid, word, &nearest, err));
    const char *meant =
        nearest != NULL ? arena_printf(&request->arena, "; did you mean '%s'?", nearest) : "";
    return err_set(err, ERR_NOT_FOUND,
                   "a revision is named by its number, 'latest', 'stable' or a tag; deployment %s "
                   "has none tagged '%s'%s",
                   deployment->name, query_quote(request, word), meant);
}

enum err_code revision_named(struct store_db *db, struct request *request,
                             const struct deployment *deployment, const char *word,
                             struct revision *revision, struct err *err)
{
    int64_t number = 0;
    if (text_equal(word, "latest"))
        number = deployment->next_revision - 1;
    else if (text_equal(word, "stable"))
        number = deployment->status.stable_revision;
    else if (*word == '0' || !text_to_int64(word, 1, INT64_MAX, &number)) /* one name each */
        return by_tag(db, request, deployment, word, revision, err);
    if (number == 0)
        return err_set(err, ERR_NOT_FOUND,
                       "no revision of deployment %s has been proven healthy yet",
                       deployment->name);
    return revisions_get(db, &request->arena, deployment->uid, number, revision, err);
}

API_READ(revision_read)
{
    struct deployment deployment;
    struct revision revision;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(revision_named(db, request, &deployment, request->params[1], &revision, err));
    TRY(poll_object(db, request, reply, deployment.index, err));
    etag_set_state(reply, request, revision_state(request, &deployment, &revision));
    if (etag_not_modified(request, reply)) return ERR_OK;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    return revision_reply(request, &writer, &revision, err);
}
