/* map.h: a hash map from C strings to pointers (open addressing, keyed hash against flooding).
 * Ownership: keys are copied, values are borrowed. Threads: none of its own. */
#ifndef DOGSHORE_BASE_MAP_H
#define DOGSHORE_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;

struct map {
    struct map_slot *slots;
    size_t capacity, count, filled;
};

void map_init(struct map *map);
void map_release(struct map *map);
void *map_get(const struct map *map, const char *key);
/* Returns the value replaced, or NULL. */
void *map_put(struct map *map, const char *key, void *value);
void *map_remove(struct map *map, const char *key);
/* Visits in no order: `position` starts at 0. False at the end. Removing the visited key is fine.
 */
bool map_next(const struct map *map, size_t *position, const char **key, void **value);

/* Process-keyed hash of a string; the key is drawn once at the first use. */
uint64_t map_hash(const char *key);

#endif
