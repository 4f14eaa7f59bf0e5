/* Random operators and faults, one run per seed; the invariants are checked at every commit. Each
 * run ends in calm, and then everything must have come to its end.
 *
 *   DOGSHORE_SEED=n    that run alone       DOGSHORE_SEEDS=n   so many runs
 *   DOGSHORE_TRACE=1   tells every step */
#include "base/text.h"
#include "support/sim.h"
#include "support/sim_chaos.h"
#include "support/sim_check.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

enum {
    DEFAULT_SEEDS = 200,
    CHAOS_MS = 5 * 60 * 1000,
    FAULTS_MIN = 5,
    ROLLOUTS_MIN = 3 /* a run with less proves too little to count */
};

static int64_t setting(const char *name, int64_t fallback)
{
    const char *text = getenv(name);
    int64_t value = fallback;
    if (text && !text_to_int64(text, 0, INT64_MAX, &value))
        cr_assert_fail("%s is not a number", name);
    return value;
}

/* Does the run count? */
static bool run(uint64_t seed)
{
    struct sim *sim = sim_open(seed);
    sim_chaos(sim, CHAOS_MS);
    sim_calm(sim);
    sim_check_settled(sim);
    bool counts = sim->faults >= FAULTS_MIN && sim_check_rollouts(sim) >= ROLLOUTS_MIN;
    sim_close(sim);
    return counts;
}

/* Slices run side by side, each in a process of its own. */
static int slices[] = {0, 1, 2, 3};
enum { SLICES = sizeof slices / sizeof *slices };

ParameterizedTestParameters(seeds, every_run_holds_the_invariants_and_comes_to_its_end)
{
    return cr_make_param_array(int, slices, SLICES);
}

ParameterizedTest(int *slice, seeds, every_run_holds_the_invariants_and_comes_to_its_end,
                  .timeout = 7200)
{
    int64_t first = setting("DOGSHORE_SEED", 1);
    int64_t all = getenv("DOGSHORE_SEED") ? 1 : setting("DOGSHORE_SEEDS", DEFAULT_SEEDS);
    int64_t runs = 0, counted = 0, started_us = clock_monotonic_us();
    for (int64_t i = *slice; i < all; i += SLICES, runs++)
        counted += run((uint64_t)(first + i));
    double seconds = (double)(clock_monotonic_us() - started_us) / 1e6;
    if (runs > 0)
        fprintf(stderr, "%lld seeds, %lld of them with enough rollouts and faults, %.1f seeds/s\n",
                (long long)runs, (long long)counted, (double)runs / seconds);
    cr_assert(runs < SLICES || counted * 10 >= runs * 9, "too few runs counted");
}
