/* arithmetic.h: the sums of a rolling update, on plain numbers. Arrays are oldest revision first.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_ARITHMETIC_H
#define DOGSHORE_SCHEDULER_PLAN_ARITHMETIC_H

#include "scheduler/plan/plan.h"

struct rolling_limits {
    int64_t surge;       /* replicas above the wanted number */
    int64_t unavailable; /* replicas below it that may be missing */
    bool rounded;        /* both came out as 0, so unavailable is 1 */
};
struct rolling_limits rolling_limits(const struct strategy *strategy, int64_t replicas);

/* A scaling event: new `wanted` of every set, from `wanted_before`. `heir` takes all when every set
 * is at 0; NULL = nobody may grow from 0 now. */
struct scaling {
    int64_t replicas, surge;
    int64_t scaled_ceiling; /* replicas + surge when the sizes were last made */
    struct set_tally *heir;
};
void sets_scale(struct set_tally *sets, size_t count, const struct scaling *scaling);

/* How many more the target wants now. `committed` = all that run, stop, or are wanted already. */
int64_t rolling_growth(int64_t replicas, int64_t surge, int64_t committed, int64_t target_wanted);

/* Takes from the `wanted` of every set but the target what the budget allows. */
void rolling_shrink(struct set_tally *sets, size_t count, const struct set_tally *target,
                    int64_t min_available);
/* The same, but no more than `most`. */
void rolling_shrink_by(struct set_tally *sets, size_t count, const struct set_tally *target,
                       int64_t min_available, int64_t most);

/* How many replicas of the target a canary step wants: set_weight as close as replicas can come to
 * it, at least 1 above 0 %, and not all of several below 100 %. */
int64_t canary_share(const struct canary_step *step, int64_t replicas);
/* The last step that says a size, up to and with number `step` (from 0); NULL = none yet. */
const struct canary_step *canary_sizing(const struct canary_steps *steps, int64_t step);

/* How many replicas of the target blue_green starts before it is promoted. */
int64_t preview_share(const struct strategy *strategy, int64_t replicas);

#endif
