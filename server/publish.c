#include "server/publish.h"

#include "api/request.h"
#include "base/arena.h"
#include "base/limits.h"
#include "base/map.h"
#include "server/cache.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    SHARDS = 16,
    COALESCE_MS = 50, /* lists and events */
    /* Deployments and nodes have two facets each; beyond this idle facets are swept out. */
    SHARD_FACETS_MAX = 2 * (2 * LIMIT_DEPLOYMENTS + 2 * LIMIT_NODES) / SHARDS,
    MAP_KEY_BYTES = FACET_KEY_BYTES + 2
};

struct facet {
    int64_t index;
    int64_t wake_due_ms; /* the last time at which watches were or will be told */
    struct list watches;
    struct cache_entry *bodies;
};

struct shard {
    pthread_mutex_t lock;
    struct map facets;
    int64_t floor; /* no facet that is not in the map moved above it */
    size_t sweep_at;
    struct cache cache;
};

struct publish {
    publish_wake *wake;
    size_t watches_max;
    atomic_size_t watches;
    struct shard shards[SHARDS];
};

struct publish *publish_open(publish_wake *wake, size_t watches_max)
{
    struct publish *publish = xcalloc(1, sizeof *publish);
    publish->wake = wake;
    publish->watches_max = watches_max;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &publish->shards[i];
        pthread_mutex_init(&shard->lock, NULL);
        map_init(&shard->facets);
        shard->sweep_at = SHARD_FACETS_MAX;
        cache_init(&shard->cache, LIMIT_CACHED_BODIES_BYTES / SHARDS);
    }
    return publish;
}

static void shard_release(struct shard *shard)
{
    size_t position = 0;
    const char *key;
    void *value;
    while (map_next(&shard->facets, &position, &key, &value)) {
        struct facet *facet = value;
        assert(facet->watches.first == NULL);
        cache_drop(&shard->cache, &facet->bodies);
        free(facet);
    }
    map_release(&shard->facets);
    pthread_mutex_destroy(&shard->lock);
}

void publish_close(struct publish *publish)
{
    if (publish == NULL) return;
    for (size_t i = 0; i < SHARDS; i++)
        shard_release(&publish->shards[i]);
    free(publish);
}

static const char *map_key(struct facet_name name, char out[static MAP_KEY_BYTES])
{
    size_t bytes = strlen(name.key);
    assert(bytes + 2 <= MAP_KEY_BYTES);
    out[0] = (char)('0' + (int)name.kind);
    memcpy(out + 1, name.key, bytes + 1);
    return out;
}

static struct shard *lock_shard(struct publish *publish, const char *key)
{
    struct shard *shard = &publish->shards[map_hash(key) % SHARDS];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

/* Forgets facets that nobody waits for and nothing was cached of. What is forgotten counts as
 * moved at the floor, so a read that looked before sees a move and only reads once more. */
static void sweep(struct shard *shard)
{
    size_t position = 0;
    const char *key;
    void *value;
    while (map_next(&shard->facets, &position, &key, &value)) {
        struct facet *facet = value;
        if (facet->watches.first != NULL || facet->bodies != NULL) continue;
        if (facet->index > shard->floor) shard->floor = facet->index;
        map_remove(&shard->facets, key);
        free(facet);
    }
    /* Where most are in use, sweeping again soon would be quadratic. */
    shard->sweep_at = shard->facets.count + SHARD_FACETS_MAX;
}

static struct facet *facet_of(struct shard *shard, const char *key)
{
    struct facet *facet = map_get(&shard->facets, key);
    if (facet != NULL) return facet;
    if (shard->facets.count >= shard->sweep_at) sweep(shard);
    facet = xcalloc(1, sizeof *facet);
    facet->index = shard->floor;
    map_put(&shard->facets, key, facet);
    return facet;
}

int64_t publish_look(struct publish *publish, struct facet_name name, unsigned view,
                     struct cached_body **body)
{
    char bytes[MAP_KEY_BYTES];
    const char *key = map_key(name, bytes);
    struct shard *shard = lock_shard(publish, key);
    struct facet *facet = map_get(&shard->facets, key);
    int64_t index = facet == NULL ? shard->floor : facet->index;
    if (body != NULL) *body = facet == NULL ? NULL : cache_get(&shard->cache, facet->bodies, view);
    pthread_mutex_unlock(&shard->lock);
    return index;
}

void publish_cache(struct publish *publish, struct facet_name name, unsigned view, int64_t seen,
                   struct cached_body *body)
{
    char bytes[MAP_KEY_BYTES];
    const char *key = map_key(name, bytes);
    struct shard *shard = lock_shard(publish, key);
    struct facet *facet = facet_of(shard, key);
    if (facet->index == seen) cache_put(&shard->cache, &facet->bodies, view, body);
    pthread_mutex_unlock(&shard->lock);
}

static bool coalesced(enum facet_kind kind)
{
    return kind == FACET_LIST || kind == FACET_EVENTS;
}

/* When a change of now may be told. Changes meanwhile share the same time. */
static int64_t next_wake_ms(struct facet *facet, enum facet_kind kind, int64_t now_ms)
{
    if (!coalesced(kind)) return now_ms;
    if (facet->wake_due_ms > now_ms) return facet->wake_due_ms;
    int64_t earliest_ms = facet->wake_due_ms + COALESCE_MS;
    facet->wake_due_ms = earliest_ms > now_ms ? earliest_ms : now_ms;
    return facet->wake_due_ms;
}

static void watch_link(struct facet *facet, struct watch *watch)
{
    watch->facet = facet;
    list_append(&facet->watches, &watch->link);
}

static void watch_unlink(struct publish *publish, struct facet *facet, struct watch *watch)
{
    list_remove(&facet->watches, &watch->link);
    watch->facet = NULL;
    atomic_fetch_sub(&publish->watches, 1);
}

static enum park_result park(struct publish *publish, struct facet *facet, struct watch *watch)
{
    if (atomic_fetch_add(&publish->watches, 1) >= publish->watches_max) {
        atomic_fetch_sub(&publish->watches, 1);
        return PARK_FULL;
    }
    watch_link(facet, watch);
    return PARK_PARKED;
}

enum park_result publish_park(struct publish *publish, struct facet_name name, int64_t now_ms,
                              struct watch *watch)
{
    char bytes[MAP_KEY_BYTES];
    const char *key = map_key(name, bytes);
    enum park_result result = PARK_MOVED;
    struct shard *shard = lock_shard(publish, key);
    struct facet *facet = facet_of(shard, key);
    if (facet->index > watch->floor)
        watch->due_ms = next_wake_ms(facet, name.kind, now_ms);
    else
        result = park(publish, facet, watch);
    pthread_mutex_unlock(&shard->lock);
    return result;
}

bool publish_unpark(struct publish *publish, struct facet_name name, struct watch *watch)
{
    char bytes[MAP_KEY_BYTES];
    struct shard *shard = lock_shard(publish, map_key(name, bytes));
    bool parked = watch->facet != NULL;
    if (parked) watch_unlink(publish, watch->facet, watch);
    pthread_mutex_unlock(&shard->lock);
    return parked;
}

/* A watch that was read at or above the new index stays: it has seen this change. */
static void wake_watches(struct publish *publish, struct facet *facet, int64_t due_ms)
{
    struct list_link *next = NULL;
    for (struct list_link *link = facet->watches.first; link != NULL; link = next) {
        struct watch *watch = CONTAINER_OF(link, struct watch, link);
        next = link->next;
        if (watch->floor >= facet->index) continue;
        watch->due_ms = due_ms;
        watch_unlink(publish, facet, watch);
        publish->wake(watch);
    }
}

static void touch(struct publish *publish, const struct touched *touched, int64_t now_ms)
{
    char bytes[MAP_KEY_BYTES];
    const char *key = map_key((struct facet_name){touched->kind, touched->key}, bytes);
    struct shard *shard = lock_shard(publish, key);
    struct facet *facet = facet_of(shard, key);
    if (touched->index > facet->index) {
        facet->index = touched->index;
        cache_drop(&shard->cache, &facet->bodies);
        if (facet->watches.first != NULL)
            wake_watches(publish, facet, next_wake_ms(facet, touched->kind, now_ms));
    }
    pthread_mutex_unlock(&shard->lock);
}

size_t publish_watches(const struct publish *publish)
{
    return atomic_load(&publish->watches);
}

void publish_touched(struct publish *publish, const struct touched *touched, size_t count,
                     int64_t now_ms)
{
    for (size_t i = 0; i < count; i++)
        touch(publish, &touched[i], now_ms);
}
