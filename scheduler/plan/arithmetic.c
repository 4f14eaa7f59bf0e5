/* The sums of a rolling update.
 *
 *   0 ────────── min_available ─── replicas ─── ceiling
 *                └ unavailable ┘└─ surge ──┘
 *
 * Available replicas stay right of min_available, all replicas left of the ceiling. The target
 * grows under the ceiling, the others shrink above min_available, and a scaling event changes all
 * sizes in proportion before either of them.
 */
#include "scheduler/plan/arithmetic.h"

#include "scheduler/plan/pass.h"

#include <assert.h>

enum { PERCENT = 100 };

static int64_t amount_of(struct amount amount, int64_t replicas, bool round_up)
{
    if (!amount.percent) return amount.value;
    int64_t hundredths = amount.value * replicas;
    return (hundredths + (round_up ? PERCENT - 1 : 0)) / PERCENT;
}

/* A percentage never asks for more than there are replicas, and never can more of them be missing;
 * a surge given as a number is taken as it is. */
struct rolling_limits rolling_limits(const struct strategy *strategy, int64_t replicas)
{
    int64_t surge = amount_of(strategy->max_surge, replicas, true);
    if (strategy->max_surge.percent) surge = min_i64(surge, replicas);
    int64_t unavailable = amount_of(strategy->max_unavailable, replicas, false);
    bool rounded = surge == 0 && unavailable == 0;
    if (rounded) unavailable = 1;
    return (struct rolling_limits){surge, min_i64(unavailable, replicas), rounded};
}

/* Order of a proportional change: the largest first; among equals the newest when growing, the
 * oldest when shrinking. */
static bool scales_before(const struct set_tally *a, const struct set_tally *b, bool growing)
{
    if (a->wanted_before != b->wanted_before) return a->wanted_before > b->wanted_before;
    return growing ? a > b : a < b;
}

/* The set that follows `previous` in that order; NULL = the first one. */
static struct set_tally *scales_next(struct set_tally *sets, size_t count,
                                     const struct set_tally *previous, bool growing)
{
    struct set_tally *next = NULL;
    for (size_t i = 0; i < count; i++) {
        struct set_tally *set = &sets[i];
        if (previous && !scales_before(previous, set, growing)) continue;
        if (!next || scales_before(set, next, growing)) next = set;
    }
    return next;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return max_i64(low, min_i64(value, high));
}

/* All sizes together end at total × new ceiling / old ceiling, but never below the replicas that
 * are wanted and never above the ceiling: that is what is left to give or take. */
static void scale_in_proportion(struct set_tally *sets, size_t count, int64_t total,
                                const struct scaling *scaling)
{
    int64_t ceiling = scaling->replicas + scaling->surge;
    int64_t before = scaling->scaled_ceiling ? scaling->scaled_ceiling : total;
    int64_t end = clamp((2 * total * ceiling + before) / (2 * before), scaling->replicas, ceiling);
    int64_t left = end - total;
    bool growing = left > 0;
    struct set_tally *set = NULL;
    while ((set = scales_next(sets, count, set, growing))) {
        int64_t share = (2 * set->wanted_before * ceiling + before) / (2 * before);
        int64_t delta = share - set->wanted_before;
        delta = growing ? clamp(delta, 0, left) : clamp(delta, left, 0);
        set->wanted = set->wanted_before + delta;
        left -= delta;
    }
    while (left != 0 && (set = scales_next(sets, count, set, growing))) {
        int64_t delta = max_i64(left, -set->wanted);
        set->wanted += delta;
        left -= delta;
    }
}

void sets_scale(struct set_tally *sets, size_t count, const struct scaling *scaling)
{
    int64_t total = 0;
    size_t used = 0;
    struct set_tally *only = NULL;
    for (size_t i = 0; i < count; i++) {
        sets[i].wanted = sets[i].wanted_before;
        total += sets[i].wanted_before;
        if (sets[i].wanted_before == 0) continue;
        used++;
        only = &sets[i];
    }
    if (used == 0) only = scaling->heir;
    if (scaling->replicas == 0) {
        for (size_t i = 0; i < count; i++)
            sets[i].wanted = 0;
    } else if (used > 1) {
        scale_in_proportion(sets, count, total, scaling);
    } else if (only) {
        only->wanted = scaling->replicas;
    }
}

int64_t rolling_growth(int64_t replicas, int64_t surge, int64_t committed, int64_t target_wanted)
{
    return max_i64(0, min_i64(replicas + surge - committed, replicas - target_wanted));
}

/* Takes up to `limit` from the others, oldest first: of each its missing ones, or any. */
static int64_t shrink_others(struct set_tally *sets, size_t count, const struct set_tally *target,
                             bool missing_only, int64_t limit)
{
    int64_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        struct set_tally *set = &sets[i];
        if (set == target) continue;
        int64_t most = missing_only ? set->wanted - set->available : set->wanted;
        int64_t cut = clamp(most, 0, limit - taken);
        set->wanted -= cut;
        taken += cut;
    }
    return taken;
}

/* Replicas that are not available go first, whatever revision they are of: a broken old set cannot
 * hold up its own repair. What the budget leaves after all of them is no more than are available
 * above the floor. */
void rolling_shrink_by(struct set_tally *sets, size_t count, const struct set_tally *target,
                       int64_t min_available, int64_t most)
{
    int64_t wanted = 0;
    for (size_t i = 0; i < count; i++)
        wanted += sets[i].wanted;
    int64_t target_missing = max_i64(0, target->wanted - target->available);
    int64_t budget = min_i64(most, wanted - min_available - target_missing);
    int64_t missing = shrink_others(sets, count, target, true, budget);
    shrink_others(sets, count, target, false, budget - missing);
}

void rolling_shrink(struct set_tally *sets, size_t count, const struct set_tally *target,
                    int64_t min_available)
{
    rolling_shrink_by(sets, count, target, min_available, INT64_MAX);
}

int64_t canary_share(const struct canary_step *step, int64_t replicas)
{
    if (step->kind == CANARY_SET_REPLICAS) return min_i64(step->amount, replicas);
    if (step->amount == 0 || replicas == 0) return 0;
    if (step->amount >= PERCENT) return replicas;
    int64_t share = (2 * step->amount * replicas + PERCENT) / (2 * PERCENT);
    return clamp(share, 1, replicas - 1);
}

const struct canary_step *canary_sizing(const struct canary_steps *steps, int64_t step)
{
    size_t at = (size_t)min_i64(step + 1, (int64_t)steps->count);
    for (; at > 0; at--) {
        int kind = steps->items[at - 1].kind;
        if (kind == CANARY_SET_WEIGHT || kind == CANARY_SET_REPLICAS) return &steps->items[at - 1];
    }
    return NULL;
}

int64_t preview_share(const struct strategy *strategy, int64_t replicas)
{
    int64_t preview = strategy->preview_replicas;
    return preview == PREVIEW_ALL ? replicas : min_i64(preview, replicas);
}
