#include "api/poll.h"

#include "api/api.h"
#include "base/number.h"
#include "store/store.h"

static bool wants_more(const struct request *request, int64_t index, int64_t newest)
{
    return request->wait_ms > 0 && index <= request->watch_index && request->watch_index <= newest;
}

/* What has not moved since the last restore says so by the index of that restore: an older one may
 * be of what is lost. */
static int64_t since_restore(const struct request *request, int64_t index)
{
    return max_i64(index, store_first_index(request->api->store));
}

enum err_code poll_object(struct store_db *db, struct request *request, struct reply *reply,
                          int64_t index, struct err *err)
{
    index = since_restore(request, index);
    int64_t newest = index;
    if (request->watch_index > index) TRY(store_newest_index(db, &newest, err));
    reply->index = index;
    reply->unsatisfied = wants_more(request, index, newest);
    return ERR_OK;
}

enum err_code poll_list(struct store_db *db, struct request *request, struct reply *reply,
                        struct err *err)
{
    int64_t newest;
    TRY(store_newest_index(db, &newest, err));
    int64_t opened = store_opened_index(request->api->store);
    reply->index = request->facet_index > opened ? request->facet_index : opened;
    reply->unsatisfied = wants_more(request, reply->index, newest);
    return ERR_OK;
}

enum err_code poll_member(struct store_db *db, struct request *request, struct reply *reply,
                          int64_t index, struct err *err)
{
    TRY(store_newest_index(db, &reply->index, err));
    reply->unsatisfied = wants_more(request, since_restore(request, index), reply->index);
    return ERR_OK;
}
