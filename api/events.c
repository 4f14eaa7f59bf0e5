/* events.c: what happened, newest first; with ?after= everything since, oldest first. */
#include "store/events.h"

#include "api/api.h"
#include "api/deployments.h"
#include "api/event_log.h"
#include "api/event_stream.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/query.h"
#include "api/view.h"
#include "base/json.h"
#include "base/number.h"
#include "store/store.h"
#include "wire/object_wire.h"

enum { NEWEST_FIRST = -1 };

struct events_query {
    struct list_query list;
    int64_t after; /* of the request, NEWEST_FIRST when absent */
};

/* Whose events. */
struct events_scope {
    const char *uid; /* NULL = of all */
    const char *cluster;
};

/* The key of a cursor is the index of the last event shown; ?after= is part of the filter, so it
 * tells which way the list goes. */
API_DECODE(events_decode)
{
    (void)errors;
    struct events_query *query = ARENA_NEW(&request->arena, struct events_query);
    request->input = query;
    query->after = NEWEST_FIRST;
    TRY(query_int(request, "after", 0, JSON_INTEGER_MAX, &query->after, err));
    if (view_is_stream(request)) TRY(event_stream_decode(request, err));
    return list_query_page(request, &query->list, err);
}

/* Is there an event of this list that the watcher has not seen? One that is older than what is kept
 * counts: the watcher must learn that it missed some. */
static enum err_code has_news(struct store_db *db, struct request *request,
                              const struct events_scope *scope, bool *news, struct err *err)
{
    const struct events_query *query = request->input;
    struct page since = query->list.page;
    struct event *items;
    struct listed listed;
    struct err gone;
    since.after = NULL;
    since.count = false;
    since.limit = 1;
    enum err_code code = events_page(db, &request->arena, scope->uid, scope->cluster,
                                     request->watch_index, &since, &items, &listed, &gone);
    if (code != ERR_OK && code != ERR_GONE) return err_copy(err, &gone);
    *news = code == ERR_GONE || listed.count > 0;
    return ERR_OK;
}

static enum err_code poll_events(struct store_db *db, struct request *request, struct reply *reply,
                                 const struct events_scope *scope, struct err *err)
{
    TRY(store_newest_index(db, &reply->index, err));
    if (request->wait_ms == 0 || request->watch_index < 0) return ERR_OK;
    if (request->watch_index > reply->index) return ERR_OK;
    if (request->watch_index < store_first_index(request->api->store)) return ERR_OK;
    bool news = false;
    TRY(has_news(db, request, scope, &news, err));
    reply->unsatisfied = !news;
    return ERR_OK;
}

static enum err_code open_stream(struct store_db *db, struct request *request, struct reply *reply,
                                 const struct events_scope *scope, struct err *err)
{
    const struct events_query *query = request->input;
    const struct page *page = &query->list.page;
    const bool filtered = page->filter != NULL || page->search != NULL;
    const struct event_stream asked = {.match = {scope->uid, scope->cluster},
                                       .filter = filtered ? page : NULL};
    return event_stream_open(db, request, reply, &asked, query->after, err);
}

/* What lies before the cursor need not be kept any more. */
static int64_t first_of(const struct events_query *query)
{
    const struct position *position = query->list.page.after;
    if (query->after == NEWEST_FIRST || position == NULL) return query->after;
    return max_i64(query->after, position->parts[0].number);
}

static enum err_code write_page(struct store_db *db, struct request *request, struct reply *reply,
                                const struct events_scope *scope, struct err *err)
{
    const struct events_query *query = request->input;
    struct event *items;
    struct listed listed;
    TRY(events_page(db, &request->arena, scope->uid, scope->cluster, first_of(query),
                    &query->list.page, &items, &listed, err));
    TRY(poll_events(db, request, reply, scope, err));
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < listed.count; i++)
        event_render(&list.writer, &items[i]);
    list_end_page(&list, &listed);
    return ERR_OK;
}

static enum err_code write_events(struct store_db *db, struct request *request, struct reply *reply,
                                  const struct events_scope *scope, struct err *err)
{
    struct err failed;
    if (request->streams) return open_stream(db, request, reply, scope, err);
    TRY(events_check_watch(db, request, err));
    enum err_code code = write_page(db, request, reply, scope, &failed);
    return code == ERR_OK ? ERR_OK : events_failed(db, request, &failed, err);
}

API_READ(events_read)
{
    const struct events_scope scope = {.cluster = view_cluster(request)};
    return write_events(db, request, reply, &scope, err);
}

API_READ(deployment_events_read)
{
    struct deployment deployment;
    TRY(deployment_load(db, request, &deployment, err));
    const struct events_scope scope = {.uid = deployment.uid};
    return write_events(db, request, reply, &scope, err);
}
