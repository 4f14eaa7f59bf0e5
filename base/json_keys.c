/* json_keys.c: duplicate keys. One open-addressing table for the whole text, entries told apart by
 * the number of their object, so that neither one huge object nor many small ones cost more than
 * linear time; the hash is keyed, so that no text can be made to collide. */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/json_scan.h"

enum { KEYS_FIRST_CAPACITY = 32 };

static bool is_same(const struct json_seen_key *a, const struct json_seen_key *b)
{
    return a->hash == b->hash && a->object == b->object && a->count == b->count &&
           memcmp(a->bytes, b->bytes, a->count) == 0;
}

/* The slot of that key, or the free slot where it belongs. */
static struct json_seen_key *find(struct json_seen_key *slots, size_t capacity,
                                  const struct json_seen_key *key)
{
    size_t mask = capacity - 1;
    size_t i = key->hash & mask;
    while (slots[i].bytes != NULL && !is_same(&slots[i], key))
        i = (i + 1) & mask;
    return &slots[i];
}

static void make_room(struct json_keys *keys, struct arena *scratch)
{
    if ((keys->count + 1) * 2 <= keys->capacity) return;
    size_t capacity = keys->capacity == 0 ? KEYS_FIRST_CAPACITY : keys->capacity * 2;
    struct json_seen_key *slots = ARENA_ARRAY(scratch, struct json_seen_key, capacity);
    for (size_t i = 0; i < keys->capacity; i++)
        if (keys->slots[i].bytes != NULL) *find(slots, capacity, &keys->slots[i]) = keys->slots[i];
    keys->slots = slots;
    keys->capacity = capacity;
}

bool json_keys_add(struct json_keys *keys, struct arena *scratch, uint32_t object,
                   const char *bytes, size_t count)
{
    /* An odd factor sends the same key of many objects to different slots. */
    uint64_t spread = object * UINT64_C(0x9e3779b97f4a7c15);
    struct json_seen_key key = {.hash = crypto_short_hash(bytes, count) ^ spread,
                                .object = object,
                                .bytes = bytes,
                                .count = count};
    make_room(keys, scratch);
    struct json_seen_key *slot = find(keys->slots, keys->capacity, &key);
    if (slot->bytes != NULL) return false;
    *slot = key;
    keys->count++;
    return true;
}
