#include "scheduler/answer_ring.h"

#include "base/arena.h"
#include "base/limits.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 4, TIME_UNIT_MS = 10, DURATION_BITS = 31 };

/* The time is the low half of a counter that comes round once in 497 days. */
struct answered {
    uint32_t at;
    uint32_t ok : 1;
    uint32_t duration_us : DURATION_BITS;
};
static_assert(sizeof(struct answered) == 8, "an answer takes 8 bytes");

struct answer_ring {
    uint16_t capacity, count;
    uint16_t oldest; /* stays 0 until the ring is as big as it gets */
    struct answered items[];
};

static struct answer_ring *grow(struct answer_ring *ring)
{
    size_t capacity = ring == NULL ? FIRST_CAPACITY : (size_t)ring->capacity * 2;
    if (capacity > LIMIT_PROBE_RECENT) capacity = LIMIT_PROBE_RECENT;
    struct answer_ring *grown = xrealloc(ring, sizeof *grown + capacity * sizeof(struct answered));
    if (ring == NULL) grown->count = grown->oldest = 0;
    grown->capacity = (uint16_t)capacity;
    return grown;
}

static struct answered *place(struct answer_ring *ring)
{
    if (ring->count < ring->capacity) return &ring->items[ring->count++];
    struct answered *oldest = &ring->items[ring->oldest];
    ring->oldest = (uint16_t)((ring->oldest + 1) % ring->capacity);
    return oldest;
}

struct answer_ring *answer_ring_add(struct answer_ring *ring, bool ok, int64_t duration_us,
                                    int64_t at_ms)
{
    const int64_t longest_us = (INT64_C(1) << DURATION_BITS) - 1;
    if (duration_us > longest_us) duration_us = longest_us;
    bool full = ring == NULL || ring->count == ring->capacity;
    if (full && (ring == NULL || ring->capacity < LIMIT_PROBE_RECENT)) ring = grow(ring);
    struct answered *answer = place(ring);
    answer->at = (uint32_t)(at_ms / TIME_UNIT_MS);
    answer->ok = ok;
    answer->duration_us = (uint32_t)duration_us & ((UINT32_C(1) << DURATION_BITS) - 1);
    return ring;
}

struct probe_answers answer_ring_read(const struct answer_ring *ring, struct arena *arena,
                                      int64_t now_ms)
{
    if (ring == NULL) return (struct probe_answers){.count = 0};
    struct probe_answers answers = {.items = ARENA_ARRAY(arena, struct probe_answered, ring->count),
                                    .count = ring->count};
    uint32_t now = (uint32_t)(now_ms / TIME_UNIT_MS);
    for (size_t i = 0; i < ring->count; i++) {
        const struct answered *answer = &ring->items[(ring->oldest + i) % ring->capacity];
        answers.items[i] = (struct probe_answered){
            .ok = answer->ok,
            .duration_us = answer->duration_us,
            .age_ms = (int64_t)(uint32_t)(now - answer->at) * TIME_UNIT_MS,
        };
    }
    return answers;
}

void answer_ring_free(struct answer_ring *ring)
{
    free(ring);
}
