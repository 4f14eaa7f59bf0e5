#include "store/events.h"

#include "base/limits.h"
#include "base/text.h"
#include "store/batch.h"
#include "store/events_private.h"
#include "store/life.h"
#include "store/listing_run.h"
#include "store/store_private.h"

enum { EVENTS_SLACK = 1024, EVENTS_TRIM_EXTRA = 128 };

#define COLUMNS "at_index, at, actor, request_id, kind, cluster, name, uid, reason, message, data"
#define PAGE_COLUMNS                                                                               \
    "e.at_index, e.at, e.actor, e.request_id, e.kind, e.cluster, e.name, e.uid, e.reason,"         \
    " e.message, e.data"
#define SELECT "SELECT " COLUMNS " FROM events WHERE "
#define OLDEST_FIRST " ORDER BY at_index LIMIT ?"

enum { LIST, LIST_UID, LIST_CLUSTER, INSERT, COUNT, NTH_OLDEST, NEWEST_BEFORE, TRIM };

static const char *const sql[] = {
    [LIST] = SELECT "at_index > ?" OLDEST_FIRST,
    [LIST_UID] = SELECT "uid = ? AND at_index > ?" OLDEST_FIRST,
    [LIST_CLUSTER] = SELECT "cluster = ? AND at_index > ?" OLDEST_FIRST,
    [INSERT] = "INSERT INTO events (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [COUNT] = "SELECT count(*) FROM events",
    [NTH_OLDEST] = "SELECT at_index FROM events ORDER BY at_index LIMIT 1 OFFSET ?",
    [NEWEST_BEFORE] = "SELECT coalesce(max(at_index), 0) FROM events WHERE at_index < ?",
    [TRIM] = "DELETE FROM events WHERE at_index <= ?",
};
const struct statement_table event_statements = STATEMENT_TABLE(sql);

/* JSON cannot be cut; what is too long or not text is left out. */
static const char *checked_data(const char *data)
{
    if (data == NULL) return NULL;
    size_t length = strlen(data);
    bool fine = length <= LIMIT_EVENT_DATA_BYTES && text_utf8_valid(data, length) == length;
    return fine ? data : NULL;
}

static const char *checked_message(struct arena *arena, const char *message)
{
    if (message == NULL) return "";
    return text_sanitise(arena, message, strlen(message), LIMIT_EVENT_MESSAGE_BYTES);
}

enum err_code events_insert(struct store_db *db, const struct event *event, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_EVENTS, INSERT);
    row_bind_int(&row, event->index);
    row_bind_int(&row, event->at);
    row_bind_text(&row, event->actor);
    row_bind_text(&row, event->request_id);
    row_bind_text(&row, event->kind);
    row_bind_text(&row, event->cluster);
    row_bind_text(&row, event->name);
    row_bind_text(&row, event->uid);
    row_bind_text(&row, event->reason);
    row_bind_text(&row, event->message);
    row_bind_text(&row, event->data);
    return row_run(&row, err);
}

enum err_code events_add(struct store_tx *tx, const struct event *event, int64_t *index,
                         struct err *err)
{
    struct event added = *event;
    added.index = tx_next_index(tx);
    added.at = tx_wall_ms(tx);
    added.actor = tx_actor(tx);
    added.request_id = tx_request_id(tx);
    added.message = checked_message(tx_arena(tx), event->message);
    added.data = checked_data(event->data);
    TRY(events_insert(tx_db(tx), &added, err));
    tx->batch->events_added++;
    added.uid = added.data = NULL; /* borrowed, and not logged */
    batch_log_event(tx->batch, &added);
    tx_touch_written(tx, FACET_EVENTS, "", added.index);
    *index = added.index;
    return ERR_OK;
}

static void read_event(struct row *row, struct arena *arena, struct event *event)
{
    event->index = row_int(row);
    event->at = row_int(row);
    event->actor = row_text(row, arena);
    event->request_id = row_text(row, arena);
    event->kind = row_text(row, arena);
    event->cluster = row_text(row, arena);
    event->name = row_text(row, arena);
    event->uid = row_text(row, arena);
    event->reason = row_text(row, arena);
    event->message = row_text(row, arena);
    event->data = row_text(row, arena);
}

static int list_statement(const struct events_filter *filter)
{
    return filter->uid != NULL ? LIST_UID : filter->cluster != NULL ? LIST_CLUSTER : LIST;
}

static void bind_filter(struct row *row, const struct events_filter *filter)
{
    if (filter->uid != NULL)
        row_bind_text(row, filter->uid);
    else if (filter->cluster != NULL)
        row_bind_text(row, filter->cluster);
    row_bind_int(row, filter->after);
    row_bind_int(row, filter->limit);
}

enum err_code events_floor(struct store_db *db, int64_t *floor, struct err *err)
{
    return meta_read_events_floor(db, floor, err);
}

/* An index of a former life of the database (life.h) is either of what the backup has, or of what
 * was done after it and is lost: who saw that must begin anew. */
static enum err_code check_not_lost(struct store_db *db, int64_t after, struct err *err)
{
    int64_t newest;
    if (life_of(after) == life_of(db->store->opened_index + 1)) return ERR_OK;
    auto_row row = row_open(db, STATEMENTS_EVENTS, NEWEST_BEFORE);
    row_bind_int(&row, life_first(after) + (INT64_C(1) << LIFE_BITS));
    TRY(row_number(&row, &newest, err));
    if (after <= newest) return ERR_OK;
    return err_set(err, ERR_GONE,
                   "index %lld is not of this database, which was restored from a backup",
                   (long long)after);
}

enum err_code events_check_floor(struct store_db *db, int64_t after, struct err *err)
{
    int64_t floor;
    TRY(meta_read_events_floor(db, &floor, err));
    if (after >= floor) return ERR_OK;
    return err_set(err, ERR_GONE, "events up to index %lld are not kept any more",
                   (long long)floor);
}

static enum err_code check_kept(struct store_db *db, int64_t after, struct err *err)
{
    TRY(events_check_floor(db, after, err));
    return check_not_lost(db, after, err);
}

enum err_code events_list(struct store_db *db, struct arena *arena,
                          const struct events_filter *filter, struct event **items, size_t *count,
                          struct err *err)
{
    TRY(check_kept(db, filter->after, err));
    struct event *list = NULL;
    size_t length = 0;
    auto_row row = row_open(db, STATEMENTS_EVENTS, list_statement(filter));
    bind_filter(&row, filter);
    for (bool found;; length++) {
        TRY(row_next(&row, &found, err));
        if (!found) break;
        list = row_array_grow(arena, list, length, sizeof *list);
        read_event(&row, arena, &list[length]);
    }
    *items = list;
    *count = length;
    return ERR_OK;
}

static enum err_code read_item(struct row *row, struct arena *arena, void *item, struct err *err)
{
    (void)err;
    read_event(row, arena, item);
    return ERR_OK;
}

enum err_code events_page(struct store_db *db, struct arena *arena, const char *uid,
                          const char *cluster, int64_t after, const struct page *page,
                          struct event **items, struct listed *listed, struct err *err)
{
    if (after >= 0) TRY(check_kept(db, after, err));
    void *list;
    const struct listing_query query = {.listing = &event_listing,
                                        .page = page,
                                        .uid = uid,
                                        .cluster = cluster,
                                        .select = PAGE_COLUMNS,
                                        .has_above = after >= 0,
                                        .above = after};
    TRY(listing_read(db, arena, &query, sizeof **items, read_item, &list, listed, err));
    *items = list;
    return ERR_OK;
}

enum err_code events_count(struct store_db *db, int64_t *count, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_EVENTS, COUNT);
    return row_number(&row, count, err);
}

bool events_overdue(const struct store *store)
{
    return store->event_count > store->keep_events + EVENTS_SLACK;
}

static enum err_code nth_oldest(struct store_db *db, int64_t nth, int64_t *index, struct err *err)
{
    auto_row row = row_open(db, STATEMENTS_EVENTS, NTH_OLDEST);
    row_bind_int(&row, nth - 1);
    return row_number(&row, index, err);
}

enum err_code events_trim(struct store *store, struct batch *batch, struct err *err)
{
    if (!events_overdue(store)) return ERR_OK;
    int64_t spare = store->event_count - store->keep_events;
    int64_t most = batch->events_added + EVENTS_TRIM_EXTRA;
    int64_t floor;
    TRY(nth_oldest(store->write, spare < most ? spare : most, &floor, err));
    auto_row row = row_open(store->write, STATEMENTS_EVENTS, TRIM);
    row_bind_int(&row, floor);
    TRY(row_run(&row, err));
    batch->events_added -= row_changes(&row);
    batch->meta.events_floor = floor;
    return ERR_OK;
}
