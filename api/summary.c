/* summary.c: the fleet in numbers, and what its clusters and labels are: for dashboards, menus and
 * completion. */
#include "store/summary.h"

#include "api/etag.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/poll.h"
#include "api/query.h"
#include "api/view.h"
#include "model/selector.h"
#include "store/label_counts.h"
#include "wire/summary_wire.h"

/* A name that no cluster has would look like an empty one; a limited token's own is its view,
 * whether there is something in it or not. */
static enum err_code fail_unknown(struct store_db *db, struct request *request, const char *cluster,
                                  struct err *err)
{
    struct summary fleet;
    TRY(summary_read(db, &request->arena, NULL, &fleet, err));
    const char **names = ARENA_ARRAY(&request->arena, const char *, fleet.clusters.count);
    for (size_t i = 0; i < fleet.clusters.count; i++)
        names[i] = fleet.clusters.items[i].name;
    const char *nearest = text_nearest(cluster, names, fleet.clusters.count);
    const char *quoted = query_quote(request, cluster);
    if (nearest == NULL) return err_set(err, ERR_NOT_FOUND, "there is no cluster '%s'", quoted);
    return err_set(err, ERR_NOT_FOUND, "there is no cluster '%s'; did you mean '%s'?", quoted,
                   nearest);
}

/* The tag comes from the bytes: it stands as long as the numbers do. */
API_READ(summary_read_counts)
{
    struct summary summary;
    TRY(poll_list(db, request, reply, err));
    const char *cluster = view_cluster(request);
    TRY(summary_read(db, &request->arena, cluster, &summary, err));
    if (summary.clusters.count == 0 && request->principal.cluster == NULL)
        return fail_unknown(db, request, cluster, err);
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    summary_render(&writer, &summary);
    etag_set_hash(reply, request);
    etag_not_modified(request, reply);
    return ERR_OK;
}

/* ---- clusters, found by name ---- */

API_DECODE(clusters_decode)
{
    (void)errors;
    struct list_query *query = ARENA_NEW(&request->arena, struct list_query);
    request->input = query;
    return list_query_read(request, query, err);
}

/* The first behind the cursor. */
static size_t first_of_page(const struct cluster_summaries *clusters, const char *after)
{
    size_t first = 0;
    while (after != NULL && first < clusters->count &&
           strcmp(clusters->items[first].name, after) <= 0)
        first++;
    return first;
}

API_READ(clusters_list_read)
{
    const struct list_query *query = request->input;
    struct summary summary;
    TRY(poll_list(db, request, reply, err));
    TRY(summary_read(db, &request->arena, view_cluster(request), &summary, err));
    size_t first = first_of_page(&summary.clusters, query->after);
    const struct cluster_summary *items = summary.clusters.items + first;
    size_t count = summary.clusters.count - first;
    bool more = list_cut(&count, query->limit);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < count; i++)
        cluster_summary_render(&list.writer, &items[i]);
    list_end(&list, more ? items[count - 1].name : NULL);
    return ERR_OK;
}

/* ---- labels: a page of keys, or of one key's values ---- */

struct labels_input {
    struct list_query page;
    struct label_query query;
};

API_DECODE(labels_decode)
{
    (void)errors;
    struct labels_input *input = ARENA_NEW(&request->arena, struct labels_input);
    request->input = input;
    TRY(list_query_read(request, &input->page, err));
    const char *key = query_text(request, "key");
    const char *problem = key != NULL ? label_key_problem(key) : NULL;
    if (problem != NULL) return err_set(err, ERR_BAD_PARAMETER, "key %s", problem);
    input->query = (struct label_query){
        .key = key, .prefix = query_text(request, "prefix"), .limit = input->page.limit};
    if (input->page.after != NULL) input->query.after = input->page.after + 1;
    return ERR_OK;
}

/* What a cursor holds: the last that is shown, behind a mark, since a value may be empty. */
static const char *mark_last(struct request *request, const struct label_query *query,
                             const struct label_keys *keys)
{
    const struct label_key *last = &keys->items[keys->count - 1];
    const char *name =
        query->key == NULL ? last->key : last->values.items[last->values.count - 1].value;
    return arena_printf(&request->arena, "=%s", name);
}

API_READ(labels_list_read)
{
    const struct labels_input *input = request->input;
    struct label_query query = input->query;
    struct label_keys keys;
    bool more;
    query.cluster = view_cluster(request);
    TRY(poll_list(db, request, reply, err));
    TRY(label_counts_read(db, &request->arena, &query, &keys, &more, err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < keys.count; i++)
        label_key_render(&list.writer, &keys.items[i]);
    list_end(&list, more ? mark_last(request, &query, &keys) : NULL);
    return ERR_OK;
}
