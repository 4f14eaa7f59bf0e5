/* events.c: what happened, newest first; with ?after= everything since, oldest first. */
#include "store/events.h"

#include "api/deployments.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/query.h"
#include "api/view.h"
#include "store/store.h"
#include "wire/object_wire.h"

enum { NEWEST_FIRST = -1, INDEX_BITS = 53 };

struct events_query {
    struct list_query page;
    int64_t after; /* of the request, NEWEST_FIRST when absent */
};

/* The key of a cursor is the index of the last event shown; ?after= is part of the filter, so it
 * tells which way the list goes. */
API_DECODE(events_decode)
{
    (void)errors;
    struct events_query *query = ARENA_NEW(&request->arena, struct events_query);
    request->input = query;
    query->after = NEWEST_FIRST;
    TRY(query_int(request, "after", 0, INT64_C(1) << INDEX_BITS, &query->after, err));
    return list_query_number(request, &query->page, err);
}

/* Is there an event of this list that the watcher has not seen? One that is older than what is kept
 * counts: the watcher must learn that it missed some. */
static enum err_code has_news(struct store_db *db, struct request *request,
                              const struct events_filter *filter, bool *news, struct err *err)
{
    struct events_filter since = *filter;
    since.after = request->watch_index;
    since.before = 0;
    since.limit = 1;
    struct event *items;
    size_t count;
    struct err gone;
    enum err_code code = events_list(db, &request->arena, &since, &items, &count, &gone);
    if (code != ERR_OK && code != ERR_GONE) return err_set(err, code, "%s", gone.detail);
    *news = code == ERR_GONE || count > 0;
    return ERR_OK;
}

static enum err_code poll_events(struct store_db *db, struct request *request, struct reply *reply,
                                 const struct events_filter *filter, struct err *err)
{
    TRY(store_newest_index(db, &reply->index, err));
    if (request->wait_ms == 0 || request->watch_index < 0) return ERR_OK;
    if (request->watch_index > reply->index) return ERR_OK;
    bool news = false;
    TRY(has_news(db, request, filter, &news, err));
    reply->unsatisfied = !news;
    return ERR_OK;
}

static enum err_code write_events(struct store_db *db, struct request *request, struct reply *reply,
                                  const char *uid, const char *cluster, struct err *err)
{
    const struct events_query *query = request->input;
    int64_t key = query->page.after_number;
    struct events_filter filter = {.uid = uid,
                                   .cluster = cluster,
                                   .after = query->after,
                                   .before = 0,
                                   .limit = query->page.limit + 1};
    if (query->after == NEWEST_FIRST)
        filter.before = key;
    else if (key > 0)
        filter.after = key;
    struct event *items;
    size_t count;
    TRY(events_list(db, &request->arena, &filter, &items, &count, err));
    TRY(poll_events(db, request, reply, &filter, err));
    bool more = list_cut(&count, query->page.limit);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < count; i++)
        event_render(&list.writer, &items[i]);
    list_end_number(&list, more, more ? items[count - 1].index : 0);
    return ERR_OK;
}

API_READ(events_read)
{
    return write_events(db, request, reply, NULL, view_cluster(request), err);
}

API_READ(deployment_events_read)
{
    struct deployment deployment;
    TRY(deployment_load(db, request, &deployment, err));
    return write_events(db, request, reply, deployment.uid, NULL, err);
}
