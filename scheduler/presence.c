/* Arrivals and the timers of silence.
 *
 * A node's timer is lazy: an arrival does not move it. When it runs out the liveness step reads the
 * last arrival and sets the timer to when that would be too long ago. So a healthy node is looked
 * at once per period however often it is heard. Only a node that was judged silent needs its next
 * arrival told at once: its `silent` mark makes that one arrival set the timer to now.
 *
 * Locks: `lock` guards the map and the life of entries; `timers_lock` the heap. The heap's is taken
 * inside the map's, never the other way round. */
#include "scheduler/presence.h"

#include "base/arena.h"
#include "base/heap.h"
#include "base/map.h"

#include <pthread.h>
#include <stdatomic.h>

struct presence_entry {
    struct heap_node timer;
    _Atomic int64_t last_seen_ms;
    atomic_bool silent;
    char *name;
};

struct presence {
    struct clock clock;
    pthread_rwlock_t lock;
    struct map by_name;
    pthread_mutex_t timers_lock;
    struct heap timers;
    _Atomic int64_t forgiven_ms;
    _Atomic int64_t count;
};

void presence_open(struct presence **presence, struct clock clock)
{
    struct presence *made = xcalloc(1, sizeof(*made));
    made->clock = clock;
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&made->lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    pthread_mutex_init(&made->timers_lock, NULL);
    map_init(&made->by_name);
    heap_init(&made->timers);
    *presence = made;
}

static void entry_free(struct presence_entry *entry)
{
    free(entry->name);
    free(entry);
}

void presence_close(struct presence *presence)
{
    if (presence == NULL) return;
    heap_release(&presence->timers);
    size_t position = 0;
    void *value;
    while (map_next(&presence->by_name, &position, NULL, &value))
        entry_free(value);
    map_release(&presence->by_name);
    pthread_mutex_destroy(&presence->timers_lock);
    pthread_rwlock_destroy(&presence->lock);
    free(presence);
}

int64_t presence_now_ms(const struct presence *presence)
{
    return clock_boot_ms(&presence->clock) - atomic_load(&presence->forgiven_ms);
}

void presence_forgive(struct presence *presence, int64_t stall_ms)
{
    atomic_fetch_add(&presence->forgiven_ms, stall_ms);
}

static void set_timer(struct presence *presence, struct presence_entry *entry, int64_t due_ms)
{
    pthread_mutex_lock(&presence->timers_lock);
    heap_set(&presence->timers, &entry->timer, due_ms);
    pthread_mutex_unlock(&presence->timers_lock);
}

static void heard(struct presence *presence, struct presence_entry *entry)
{
    int64_t now_ms = presence_now_ms(presence);
    atomic_store(&entry->last_seen_ms, now_ms > 0 ? now_ms : 1);
    if (atomic_load(&entry->silent) && atomic_exchange(&entry->silent, false))
        set_timer(presence, entry, now_ms);
}

void presence_add(struct presence *presence, const char *name, bool is_heard)
{
    pthread_rwlock_wrlock(&presence->lock);
    struct presence_entry *entry = map_get(&presence->by_name, name);
    if (entry == NULL) {
        entry = xcalloc(1, sizeof(*entry));
        entry->name = xstrdup(name);
        map_put(&presence->by_name, name, entry);
        set_timer(presence, entry, presence_now_ms(presence));
        atomic_fetch_add(&presence->count, 1);
    }
    if (is_heard) heard(presence, entry);
    pthread_rwlock_unlock(&presence->lock);
}

void presence_remove(struct presence *presence, const char *name)
{
    pthread_rwlock_wrlock(&presence->lock);
    struct presence_entry *entry = map_remove(&presence->by_name, name);
    if (entry != NULL) {
        pthread_mutex_lock(&presence->timers_lock);
        heap_remove(&presence->timers, &entry->timer);
        pthread_mutex_unlock(&presence->timers_lock);
        atomic_fetch_sub(&presence->count, 1);
        entry_free(entry);
    }
    pthread_rwlock_unlock(&presence->lock);
}

void presence_note(struct presence *presence, const char *name)
{
    pthread_rwlock_rdlock(&presence->lock);
    struct presence_entry *entry = map_get(&presence->by_name, name);
    if (entry != NULL) heard(presence, entry);
    pthread_rwlock_unlock(&presence->lock);
}

bool presence_last_seen(struct presence *presence, const char *name, int64_t *last_seen_ms)
{
    pthread_rwlock_rdlock(&presence->lock);
    struct presence_entry *entry = map_get(&presence->by_name, name);
    if (entry != NULL) *last_seen_ms = atomic_load(&entry->last_seen_ms);
    pthread_rwlock_unlock(&presence->lock);
    return entry != NULL;
}

int64_t presence_count(const struct presence *presence)
{
    return atomic_load(&presence->count);
}

static struct presence_entry *take_due(struct presence *presence, int64_t now_ms)
{
    struct heap_node *first = heap_first(&presence->timers);
    if (first == NULL || first->due_ms > now_ms) return NULL;
    heap_remove(&presence->timers, first);
    return CONTAINER_OF(first, struct presence_entry, timer);
}

void presence_due(struct presence *presence, struct arena *arena, size_t max,
                  struct presence_due **items, size_t *count)
{
    int64_t now_ms = presence_now_ms(presence);
    pthread_rwlock_rdlock(&presence->lock);
    pthread_mutex_lock(&presence->timers_lock);
    if (max > presence->timers.count) max = presence->timers.count;
    *items = ARENA_ARRAY(arena, struct presence_due, max);
    for (*count = 0; *count < max; (*count)++) {
        struct presence_entry *entry = take_due(presence, now_ms);
        if (entry == NULL) break;
        (*items)[*count] = (struct presence_due){
            .name = arena_strdup(arena, entry->name),
            .last_seen_ms = atomic_load(&entry->last_seen_ms),
        };
    }
    pthread_mutex_unlock(&presence->timers_lock);
    pthread_rwlock_unlock(&presence->lock);
}

/* The mark is set before the arrival is read again: an arrival in between is either seen here or
 * finds the mark. */
void presence_watch(struct presence *presence, const char *name, int64_t due_ms, int64_t seen_ms,
                    bool silent)
{
    pthread_rwlock_rdlock(&presence->lock);
    struct presence_entry *entry = map_get(&presence->by_name, name);
    if (entry != NULL) {
        set_timer(presence, entry, due_ms);
        atomic_store(&entry->silent, silent);
        if (silent && atomic_load(&entry->last_seen_ms) != seen_ms &&
            atomic_exchange(&entry->silent, false))
            set_timer(presence, entry, presence_now_ms(presence));
    }
    pthread_rwlock_unlock(&presence->lock);
}
