/* rng.h: seeded pseudo-random numbers (xoshiro256**) for jitter, placement ties and simulation.
 * Secrets never come from here; see crypto.h. A `struct rng` belongs to one thread. */
#ifndef DOGSHORE_BASE_RNG_H
#define DOGSHORE_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};
void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t bound); /* uniform in [0, bound); bound > 0 */

#endif
