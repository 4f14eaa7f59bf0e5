/* xoshiro256** 1.0 by David Blackman and Sebastiano Vigna (public domain), seeded by splitmix64 as
 * its authors advise. */
#include "base/rng.h"

#include <assert.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&seed);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Lemire's multiplication: the high half of next * bound is the result; the few low halves that
 * would make some results likelier are drawn again. */
uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t unfair = -bound % bound;
    wide product;
    do {
        product = (wide)rng_next(rng) * bound;
    } while ((uint64_t)product < unfair);
    return (uint64_t)(product >> 64);
}
