#include "store/batch.h"

#include "base/log.h"
#include "base/map.h"
#include "base/number.h"
#include "base/text.h"
#include "store/store_private.h"

enum { FIRST_CAPACITY = 64 };

const char *const facet_list_words[] = {
    [LIST_OF_NONE] = "",
    [LIST_OF_DEPLOYMENTS] = "deployments",
    [LIST_OF_NODES] = "nodes",
    [LIST_OF_REPLICAS] = "replicas",
    [LIST_OF_ROLLOUTS] = "rollouts",
    [LIST_OF_TOKENS] = "tokens",
    [LIST_OF_FLEET] = "fleet",
    NULL,
};

void batch_init(struct batch *batch)
{
    *batch = (struct batch){.wrote = false};
    arena_init(&batch->arena);
}

void batch_release(struct batch *batch)
{
    free(batch->touched.items);
    free(batch->lagging.items);
    free(batch->dirty.items);
    free(batch->urgent.items);
    free(batch->staged.items);
    free(batch->logged.items);
    arena_release(&batch->arena);
}

void batch_start(struct batch *batch, const struct meta *meta)
{
    arena_reset(&batch->arena);
    batch->meta = *meta;
    batch->events_added = 0;
    batch->tokens_changed = 0;
    memset(batch->rollouts_ended, 0, sizeof batch->rollouts_ended);
    batch->wrote = false;
    batch->touched.count = 0;
    batch->lagging.count = 0;
    batch->dirty.count = 0;
    batch->urgent.count = 0;
    batch->staged.count = 0;
    batch->logged.count = 0;
}

/* The place of one more item in a list that doubles. */
#define LIST_ADD(list)                                                                             \
    ((list).items = grow((list).items, (list).count, &(list).capacity, sizeof *(list).items),      \
     &(list).items[(list).count++])

static void *grow(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity) return items;
    *capacity = *capacity == 0 ? FIRST_CAPACITY : 2 * *capacity;
    return xrealloc(items, *capacity * item_bytes);
}

struct batch_mark batch_mark(const struct batch *batch)
{
    struct batch_mark mark = {
        .meta = batch->meta,
        .events_added = batch->events_added,
        .tokens_changed = batch->tokens_changed,
        .touched = batch->touched.count,
        .lagging = batch->lagging.count,
        .dirty = batch->dirty.count,
        .urgent = batch->urgent.count,
        .staged = batch->staged.count,
        .logged = batch->logged.count,
    };
    memcpy(mark.rollouts_ended, batch->rollouts_ended, sizeof mark.rollouts_ended);
    return mark;
}

void batch_restore(struct batch *batch, const struct batch_mark *mark)
{
    while (batch->staged.count > mark->staged) {
        struct staged staged = batch->staged.items[--batch->staged.count];
        staged.undo(staged.self, staged.argument);
    }
    batch->meta = mark->meta;
    batch->events_added = mark->events_added;
    batch->tokens_changed = mark->tokens_changed;
    memcpy(batch->rollouts_ended, mark->rollouts_ended, sizeof batch->rollouts_ended);
    batch->touched.count = mark->touched;
    batch->lagging.count = mark->lagging;
    batch->dirty.count = mark->dirty;
    batch->urgent.count = mark->urgent;
    batch->logged.count = mark->logged;
}

static const char *facet_key(struct batch *batch, const struct touched *touched)
{
    size_t length = strlen(touched->key);
    char *key = arena_alloc(&batch->arena, length + 2);
    key[0] = (char)('a' + touched->kind);
    memcpy(key + 1, touched->key, length);
    return key;
}

/* Returns how many are left, each once with its newest index. */
static size_t settle_touched(struct batch *batch, struct touched *items, size_t count)
{
    struct map seen;
    size_t kept = 0;
    if (count < 2) return count;
    map_init(&seen);
    for (size_t i = 0; i < count; i++) {
        const char *key = facet_key(batch, &items[i]);
        struct touched *known = map_get(&seen, key);
        if (known == NULL) {
            items[kept] = items[i];
            map_put(&seen, key, &items[kept++]);
        } else if (items[i].index > known->index) {
            known->index = items[i].index;
        }
    }
    map_release(&seen);
    return kept;
}

static void settle_uids(struct uid_list *list)
{
    struct map seen;
    size_t kept = 0;
    map_init(&seen);
    for (size_t i = 0; i < list->count; i++) {
        const char *uid = list->items[i];
        if (map_put(&seen, uid, list) == NULL) list->items[kept++] = uid;
    }
    map_release(&seen);
    list->count = kept;
}

static bool is_of_fleet(const struct touched *touched)
{
    static const enum facet_list lists[] = {LIST_OF_DEPLOYMENTS, LIST_OF_REPLICAS, LIST_OF_NODES};
    for (size_t i = 0; touched->kind == FACET_LIST && i < sizeof lists / sizeof *lists; i++)
        if (text_equal(touched->key, facet_list_words[lists[i]])) return true;
    return false;
}

static void touch_fleet(struct batch *batch)
{
    struct touched fleet = {.kind = FACET_LIST, .key = facet_list_words[LIST_OF_FLEET]};
    for (size_t i = 0; i < batch->touched.count; i++) {
        const struct touched *touched = &batch->touched.items[i];
        if (is_of_fleet(touched) && touched->index > fleet.index) fleet.index = touched->index;
    }
    if (fleet.index > 0) *LIST_ADD(batch->touched) = fleet;
}

void batch_settle(struct batch *batch)
{
    batch->touched.count = settle_touched(batch, batch->touched.items, batch->touched.count);
    touch_fleet(batch);
    batch->lagging.count = settle_touched(batch, batch->lagging.items, batch->lagging.count);
    if (batch->dirty.count > 1) settle_uids(&batch->dirty);
    if (batch->urgent.count > 1) settle_uids(&batch->urgent);
}

static enum log_level level_of(const struct event *event)
{
    return text_equal(event->kind, "replica") ? LOG_DEBUG : LOG_INFO;
}

void batch_log_event(struct batch *batch, const struct event *event)
{
    if (!log_enabled(level_of(event))) return;
    struct event *copy = arena_copy(&batch->arena, event, sizeof *event);
    copy->actor = arena_strdup(&batch->arena, event->actor);
    copy->request_id = arena_strdup(&batch->arena, event->request_id);
    copy->cluster = arena_strdup(&batch->arena, event->cluster);
    copy->name = arena_strdup(&batch->arena, event->name);
    copy->reason = arena_strdup(&batch->arena, event->reason);
    copy->message = arena_strdup(&batch->arena, event->message);
    *LIST_ADD(batch->logged) = copy;
}

void batch_write_log(struct batch *batch)
{
    for (size_t i = 0; i < batch->logged.count; i++) {
        const struct event *event = batch->logged.items[i];
        struct log_line line;
        log_begin(&line, level_of(event), event->kind);
        log_string(&line, "name", event->name);
        log_string(&line, "cluster", event->cluster);
        log_string(&line, "reason", event->reason);
        log_string(&line, "msg", event->message);
        log_string(&line, "actor", event->actor);
        log_string(&line, "request_id", event->request_id);
        log_int(&line, "index", event->index);
        log_end(&line);
    }
}

struct store_db *tx_db(struct store_tx *tx)
{
    return tx->store->write;
}

struct arena *tx_arena(struct store_tx *tx)
{
    return &tx->batch->arena;
}

int64_t tx_now_ms(const struct store_tx *tx)
{
    return tx->now_ms;
}

int64_t tx_wall_ms(const struct store_tx *tx)
{
    return clock_wall_ms(&tx->store->clock);
}

void tx_set_actor(struct store_tx *tx, const char *actor, const char *request_id)
{
    tx->actor = actor;
    tx->request_id = request_id;
}

const char *tx_actor(const struct store_tx *tx)
{
    return tx->actor;
}

const char *tx_request_id(const struct store_tx *tx)
{
    return tx->request_id;
}

int64_t tx_next_index(struct store_tx *tx)
{
    return tx->batch->meta.next_index++;
}

int64_t tx_last_index(const struct store_tx *tx)
{
    return tx->batch->meta.next_index - 1;
}

int64_t tx_next_replica(struct store_tx *tx)
{
    return tx->batch->meta.next_replica++;
}

int64_t tx_epochs_floor(const struct store_tx *tx)
{
    return tx->batch->meta.epochs_floor;
}

void tx_raise_epochs_floor(struct store_tx *tx, int64_t epoch)
{
    struct meta *meta = &tx->batch->meta;
    meta->epochs_floor = max_i64(meta->epochs_floor, epoch);
}

/* The list that shows the index of such a facet's object. */
static enum facet_list list_of(enum facet_kind kind)
{
    switch (kind) {
    case FACET_DEPLOYMENT:
        return LIST_OF_DEPLOYMENTS;
    case FACET_NODE:
        return LIST_OF_NODES;
    case FACET_ENDPOINTS:
    case FACET_ASSIGNMENTS:
    case FACET_LIST:
    case FACET_EVENTS:
        return LIST_OF_NONE;
    }
    return LIST_OF_NONE;
}

static void touch(struct store_tx *tx, const struct touched *touched, bool written)
{
    enum facet_list list = list_of(touched->kind);
    *LIST_ADD(tx->batch->touched) = *touched;
    if (!written) *LIST_ADD(tx->batch->lagging) = *touched;
    if (list != LIST_OF_NONE) tx_touch_list(tx, list, touched->index);
}

void tx_touch_list(struct store_tx *tx, enum facet_list list, int64_t index)
{
    *LIST_ADD(tx->batch->touched) = (struct touched){FACET_LIST, facet_list_words[list], index};
}

void tx_touch(struct store_tx *tx, enum facet_kind kind, const char *key, int64_t index)
{
    const char *copy = arena_strdup(&tx->batch->arena, key);
    touch(tx, &(struct touched){.kind = kind, .key = copy, .index = index}, false);
}

void tx_touch_written(struct store_tx *tx, enum facet_kind kind, const char *key, int64_t index)
{
    const char *copy = arena_strdup(&tx->batch->arena, key);
    touch(tx, &(struct touched){.kind = kind, .key = copy, .index = index}, true);
}

void tx_touch_deployment(struct store_tx *tx, const char *cluster, const char *name, bool endpoints,
                         bool written, int64_t index)
{
    struct touched touched = {.kind = FACET_DEPLOYMENT, .index = index};
    touched.key = arena_printf(&tx->batch->arena, "%s/%s", cluster, name);
    touch(tx, &touched, written);
    touched.kind = FACET_ENDPOINTS;
    if (endpoints) touch(tx, &touched, written);
}

void tx_dirty(struct store_tx *tx, const char *uid)
{
    *LIST_ADD(tx->batch->dirty) = arena_strdup(&tx->batch->arena, uid);
}

void tx_dirty_spec(struct store_tx *tx, const char *uid)
{
    *LIST_ADD(tx->batch->urgent) = arena_strdup(&tx->batch->arena, uid);
}

void tx_undo(struct store_tx *tx)
{
    tx->undone = true;
}

bool tx_is_undone(const struct store_tx *tx)
{
    return tx->undone;
}

void tx_stage(struct store_tx *tx, void (*undo)(void *self, void *argument), void *self,
              void *argument)
{
    *LIST_ADD(tx->batch->staged) = (struct staged){undo, self, argument};
}
