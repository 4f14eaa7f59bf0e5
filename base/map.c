/* Linear probing in a power-of-two table, at most three quarters full. A removed slot keeps its
 * place in the probe chain as a grave until the table is next rebuilt, so that removing while
 * visiting moves nothing. */
#include "base/map.h"

#include "base/arena.h"
#include "base/crypto.h"

#include <assert.h>

enum { MAP_FIRST_CAPACITY = 16 };

struct map_slot {
    uint64_t hash;
    char *key; /* NULL: free or a grave */
    void *value;
    bool is_grave;
};

static bool is_live(const struct map_slot *slot)
{
    return slot->key != NULL;
}

/* Where a probe ends. */
static bool is_free(const struct map_slot *slot)
{
    return slot->key == NULL && !slot->is_grave;
}

uint64_t map_hash(const char *key)
{
    return crypto_short_hash(key, strlen(key));
}

void map_init(struct map *map)
{
    *map = (struct map){.slots = NULL};
}

void map_release(struct map *map)
{
    for (size_t i = 0; i < map->capacity; i++)
        if (is_live(&map->slots[i])) free(map->slots[i].key);
    free(map->slots);
    map_init(map);
}

static struct map_slot *find(const struct map *map, const char *key, uint64_t hash)
{
    if (map->capacity == 0) return NULL;
    size_t mask = map->capacity - 1;
    for (size_t i = hash & mask; !is_free(&map->slots[i]); i = (i + 1) & mask) {
        struct map_slot *slot = &map->slots[i];
        if (slot->hash == hash && is_live(slot) && strcmp(slot->key, key) == 0) return slot;
    }
    return NULL;
}

static struct map_slot *free_slot(struct map_slot *slots, size_t capacity, uint64_t hash)
{
    size_t mask = capacity - 1;
    size_t i = hash & mask;
    while (!is_free(&slots[i]))
        i = (i + 1) & mask;
    return &slots[i];
}

/* Makes room for one more; graves are dropped, and the table grows only if the living need it. */
static void make_room(struct map *map)
{
    if ((map->filled + 1) * 4 <= map->capacity * 3) return;
    size_t capacity = map->capacity == 0 ? MAP_FIRST_CAPACITY : map->capacity;
    while ((map->count + 1) * 2 > capacity)
        capacity *= 2;
    struct map_slot *slots = xcalloc(capacity, sizeof *slots);
    for (size_t i = 0; i < map->capacity; i++) {
        const struct map_slot *slot = &map->slots[i];
        if (is_live(slot)) *free_slot(slots, capacity, slot->hash) = *slot;
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    map->filled = map->count;
}

void *map_get(const struct map *map, const char *key)
{
    if (map->count == 0) return NULL;
    const struct map_slot *slot = find(map, key, map_hash(key));
    return slot == NULL ? NULL : slot->value;
}

void *map_put(struct map *map, const char *key, void *value)
{
    uint64_t hash = map_hash(key);
    struct map_slot *slot = find(map, key, hash);
    if (slot != NULL) {
        void *replaced = slot->value;
        slot->value = value;
        return replaced;
    }
    make_room(map);
    *free_slot(map->slots, map->capacity, hash) =
        (struct map_slot){.hash = hash, .key = xstrdup(key), .value = value};
    map->count++;
    map->filled++;
    return NULL;
}

void *map_remove(struct map *map, const char *key)
{
    if (map->count == 0) return NULL;
    struct map_slot *slot = find(map, key, map_hash(key));
    if (slot == NULL) return NULL;
    void *removed = slot->value;
    free(slot->key);
    *slot = (struct map_slot){.is_grave = true};
    map->count--;
    return removed;
}

bool map_next(const struct map *map, size_t *position, const char **key, void **value)
{
    while (*position < map->capacity) {
        const struct map_slot *slot = &map->slots[(*position)++];
        if (!is_live(slot)) continue;
        if (key != NULL) *key = slot->key;
        if (value != NULL) *value = slot->value;
        return true;
    }
    return false;
}
