/* The number of a canary's check. An answer holds for one number alone, so it depends on all that
 * an answer depends on: the rollout, the step, and what is asked, for steps may be edited on the
 * way.
 */
#include "base/limits.h"
#include "scheduler/plan/strategy.h"

#include <assert.h>

enum { ROUND_STEPS = 64, ROUND_HASH_BITS = 16 };
static_assert((int)LIMIT_CANARY_STEPS < (int)ROUND_STEPS, "each step has rounds of its own");

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *next = bytes;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ next[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* With its end, so that no two lists of texts are the same bytes. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    return hash_bytes(hash, or_empty(text), strlen(or_empty(text)) + 1);
}

static uint64_t hash_check(const struct canary_check *check)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    hash = hash_text(hash, check->port);
    hash = hash_text(hash, check->path);
    hash = hash_text(hash, check->expect_substring);
    hash = hash_bytes(hash, &check->expect_status, sizeof check->expect_status);
    return hash_bytes(hash, &check->times, sizeof check->times);
}

/* Below 2^53, which every reader of JSON takes, for 2^31 rollouts of a deployment. */
int64_t check_round(const struct rollout *rollout, const struct canary_check *check)
{
    uint64_t hash = hash_check(check);
    uint64_t folded = hash ^ (hash >> 32);
    folded = (folded ^ (folded >> ROUND_HASH_BITS)) & ((1u << ROUND_HASH_BITS) - 1);
    return ((rollout->id * ROUND_STEPS + rollout->step) << ROUND_HASH_BITS) + (int64_t)folded;
}
