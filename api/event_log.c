#include "api/event_log.h"

#include "base/text.h"
#include "store/events.h"
#include "store/listing.h"
#include "store/store.h"

bool event_matches(const struct event_match *match, const char *uid, const char *cluster)
{
    if (match->uid != NULL && !text_equal(match->uid, uid)) return false;
    return match->cluster == NULL || text_equal(match->cluster, cluster);
}

/* `*more`: there may be more of them now. */
static enum err_code find(struct store_db *db, struct arena *arena, const struct event_read *read,
                          struct event **items, size_t *count, bool *more, struct err *err)
{
    const struct event_match *match = &read->match;
    const struct events_filter filter = {
        .uid = match->uid, .cluster = match->cluster, .after = read->after, .limit = read->limit};
    struct listed listed;
    if (read->filter == NULL) {
        TRY(events_list(db, arena, &filter, items, count, err));
        *more = *count == (size_t)read->limit;
        return ERR_OK;
    }
    struct page page = *read->filter;
    page.limit = read->limit;
    TRY(events_page(db, arena, match->uid, match->cluster, read->after, &page, items, &listed,
                    err));
    *count = listed.count;
    *more = listed.more;
    return ERR_OK;
}

enum err_code event_read(struct store_db *db, struct arena *arena, struct event_read *read,
                         struct err *err)
{
    struct event *items;
    size_t count;
    bool more;
    TRY(find(db, arena, read, &items, &count, &more, err));
    for (size_t i = 0; i < count; i++) {
        read->position = items[i].index;
        read->more = true;
        if (!read->emit(read->self, &items[i])) return ERR_OK;
    }
    read->more = more;
    return more ? ERR_OK : store_newest_index(db, &read->position, err);
}

/* ---- what is not kept ---- */

enum err_code events_failed(struct store_db *db, struct request *request, const struct err *failed,
                            struct err *err)
{
    if (failed->code != ERR_GONE) return err_copy(err, failed);
    TRY(events_floor(db, &request->events_floor, err));
    return err_set(err, ERR_GONE,
                   "%s: read the objects anew, then go on with the index that X-Index says",
                   failed->detail);
}

enum err_code events_check_watch(struct store_db *db, struct request *request, struct err *err)
{
    struct err failed;
    if (request->wait_ms == 0 || request->watch_index <= 0) return ERR_OK;
    enum err_code code = events_check_floor(db, request->watch_index, &failed);
    return code == ERR_OK ? ERR_OK : events_failed(db, request, &failed, err);
}
