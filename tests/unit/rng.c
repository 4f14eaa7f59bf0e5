#include "base/rng.h"

#include <criterion/criterion.h>

Test(rng, the_same_seed_gives_the_same_numbers)
{
    struct rng a, b, c;
    rng_seed(&a, 7);
    rng_seed(&b, 7);
    rng_seed(&c, 8);
    cr_assert_eq(rng_next(&a), rng_next(&b));
    cr_assert_eq(rng_next(&a), rng_next(&b));
    cr_assert_neq(rng_next(&a), rng_next(&c));
}

/* Made with the authors' reference code. A seed printed by a failed run must replay it for ever. */
Test(rng, the_stream_of_a_state_is_frozen)
{
    struct rng rng = {.state = {1, 2, 3, 4}};
    static const uint64_t expected[] = {11520, 0, 1509978240, 1215971899390074240};
    for (int i = 0; i < 4; i++)
        cr_assert_eq(rng_next(&rng), expected[i], "number %d", i);
}

Test(rng, below_stays_below_and_meets_every_value)
{
    struct rng rng;
    rng_seed(&rng, 3);
    int seen[10] = {0};
    for (int i = 0; i < 10000; i++)
        seen[rng_below(&rng, 10)]++;
    for (int i = 0; i < 10; i++)
        cr_assert(seen[i] > 800 && seen[i] < 1200, "%d: %d", i, seen[i]);
    cr_assert_eq(rng_below(&rng, 1), 0);
    for (int i = 0; i < 100; i++)
        cr_assert_lt(rng_below(&rng, UINT64_MAX), UINT64_MAX);
}
