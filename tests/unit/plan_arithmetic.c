/* The sums of a rolling update, by the vectors that Kubernetes' own suite uses. */
#include "scheduler/plan/arithmetic.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    struct amount surge, unavailable;
    int64_t replicas, want_surge, want_unavailable;
    bool want_rounded;
} roundings[] = {
    {{25, true}, {0, false}, 10, 3, 0, false},      {{25, true}, {0, false}, 4, 1, 0, false},
    {{25, true}, {0, false}, 1, 1, 0, false},       {{25, true}, {25, true}, 10, 3, 2, false},
    {{0, true}, {20, true}, 10, 0, 2, false},       {{0, true}, {20, true}, 4, 0, 1, true},
    {{0, false}, {10, true}, 5, 0, 1, true},        {{1, false}, {0, false}, 3, 1, 0, false},
    {{100, true}, {100, true}, 7, 7, 7, false},     {{300, true}, {0, false}, 7, 7, 0, false},
    {{30, false}, {0, false}, 7, 30, 0, false},     {{0, false}, {9, false}, 3, 0, 3, false},
    {{25, true}, {25, true}, 0, 0, 0, true},        {{1, true}, {0, false}, 10000, 100, 0, false},
    {{1, true}, {1, true}, 10000, 100, 100, false}, {{1, true}, {1, true}, 101, 2, 1, false},
    {{1, true}, {1, true}, 99, 1, 0, false},
};

Test(plan_arithmetic, surge_rounds_up_and_unavailable_down_but_never_both_to_zero)
{
    for (size_t i = 0; i < COUNT(roundings); i++) {
        struct strategy strategy = {.max_surge = roundings[i].surge,
                                    .max_unavailable = roundings[i].unavailable};
        struct rolling_limits limits = rolling_limits(&strategy, roundings[i].replicas);
        cr_expect_eq(limits.surge, roundings[i].want_surge, "row %zu", i);
        cr_expect_eq(limits.unavailable, roundings[i].want_unavailable, "row %zu", i);
        cr_expect_eq(limits.rounded, roundings[i].want_rounded, "row %zu", i);
    }
}

enum { SETS = 4 };

/* Sizes newest first, 0 at the end = no such set. */
static const struct {
    int64_t sizes[SETS];
    int64_t scaled_ceiling, replicas, surge;
    int64_t want[SETS];
} scalings[] = {
    /* The vectors: 5 to 10, 9 to 4, 7 to 10, to 0 and back, 10 to 30 with a surge of 3. */
    {{2, 3}, 5, 10, 0, {4, 6}},
    {{8, 1}, 9, 4, 0, {4, 0}},
    {{2, 3, 2}, 7, 10, 0, {3, 4, 3}},
    {{6}, 6, 0, 0, {0}},
    {{2, 3, 1}, 6, 0, 0, {0, 0, 0}},
    {{0}, 0, 6, 0, {6}},
    {{5, 8}, 13, 30, 3, {13, 20}},
    /* And what lies between them. */
    {{2, 3}, 0, 10, 0, {4, 6}}, /* the ceiling was never stored */
    {{0, 10}, 10, 14, 0, {0, 14}},
    {{6, 6}, 12, 20, 2, {11, 11}},
    {{5, 8}, 13, 50, 6, {22, 34}},
    {{7, 3}, 10, 14, 0, {10, 4}},
    {{5, 5}, 10, 5, 0, {3, 2}},   /* oldest gives first */
    {{1, 1}, 2, 3, 0, {2, 1}},    /* newest takes first */
    {{3, 7}, 13, 20, 5, {6, 14}}, /* below the ceiling: only what is wanted */
    {{1, 1, 1, 1}, 4, 1, 0, {1, 0, 0, 0}},
    {{2, 3, 1, 1}, 7, 0, 0, {0, 0, 0, 0}},
    {{2, 3}, 5, 0, 3, {0, 0}}, /* 0 has no surge */
    {{12}, 12, 20, 2, {20}},   /* the only one takes what is wanted, not the surge */
    {{4, 4}, 5, 6, 0, {4, 2}}, /* above the ceiling: nobody grows while they shrink */
    {{1, 1}, 1, 4, 0, {3, 1}},
};

Test(plan_arithmetic, a_scaling_event_keeps_the_proportions)
{
    for (size_t i = 0; i < COUNT(scalings); i++) {
        struct set_tally sets[SETS] = {0};
        for (size_t k = 0; k < SETS; k++)
            sets[k].wanted_before = scalings[i].sizes[SETS - 1 - k];
        struct scaling scaling = {scalings[i].replicas, scalings[i].surge,
                                  scalings[i].scaled_ceiling, &sets[SETS - 1]};
        sets_scale(sets, SETS, &scaling);
        for (size_t k = 0; k < SETS; k++)
            cr_expect_eq(sets[k].wanted, scalings[i].want[SETS - 1 - k], "row %zu set %zu: %lld", i,
                         SETS - 1 - k, (long long)sets[k].wanted);
    }
}

Test(plan_arithmetic, nobody_grows_from_zero_without_an_heir)
{
    struct set_tally sets[SETS] = {0};
    sets_scale(sets, SETS, &(struct scaling){.replicas = 5});
    for (size_t k = 0; k < SETS; k++)
        cr_expect_eq(sets[k].wanted, 0);
}

static const struct {
    int64_t replicas, surge, committed, target, want;
} growths[] = {
    {10, 0, 10, 0, 0}, {10, 2, 10, 0, 2}, {10, 2, 5, 0, 7},  {10, 2, 12, 2, 0}, {10, 3, 0, 0, 10},
    {10, 3, 3, 3, 7},  {3, 1, 9, 3, 0},   {10, 2, 14, 1, 0}, {0, 1, 0, 0, 0},
};

Test(plan_arithmetic, the_target_grows_as_far_as_the_ceiling)
{
    for (size_t i = 0; i < COUNT(growths); i++)
        cr_expect_eq(rolling_growth(growths[i].replicas, growths[i].surge, growths[i].committed,
                                    growths[i].target),
                     growths[i].want, "row %zu", i);
}

struct size {
    int64_t wanted, available;
};

/* Oldest first; the last one is the target. */
static const struct {
    struct size sizes[3];
    int64_t min_available;
    int64_t want[3];
} shrinks[] = {
    {{{0, 0}, {10, 10}, {0, 0}}, 8, {0, 8, 0}},
    {{{0, 0}, {10, 8}, {0, 0}}, 8, {0, 8, 0}},
    {{{0, 0}, {8, 8}, {2, 0}}, 8, {0, 8, 2}},
    {{{0, 0}, {10, 10}, {2, 0}}, 8, {0, 8, 2}},
    {{{0, 0}, {10, 10}, {3, 3}}, 10, {0, 7, 3}},
    {{{3, 3}, {7, 7}, {3, 3}}, 10, {0, 7, 3}}, /* oldest first */
    {{{3, 3}, {7, 5}, {2, 2}}, 8, {1, 5, 2}},  /* missing ones before available ones */
    {{{10, 0}, {0, 0}, {1, 0}}, 9, {9, 0, 1}}, /* all broken: as many as the budget */
    {{{1, 0}, {2, 2}, {1, 1}}, 3, {0, 2, 1}},
    {{{0, 0}, {3, 3}, {0, 0}}, 0, {0, 0, 0}},
    {{{1, 0}, {5, 2}, {2, 2}}, 6, {0, 4, 2}},
    {{{0, 0}, {3, 3}, {1, 0}}, 4, {0, 3, 1}}, /* below the floor already */
    {{{2, 4}, {3, 1}, {1, 1}}, 5, {2, 2, 1}}, /* surplus of one set is no room for another */
    {{{0, 0}, {2, 2}, {2, 0}}, 2, {0, 2, 2}}, /* broken saturated new set leaves the old alone */
};

Test(plan_arithmetic, the_others_shrink_as_far_as_the_floor)
{
    for (size_t i = 0; i < COUNT(shrinks); i++) {
        struct set_tally sets[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            sets[k].wanted = shrinks[i].sizes[k].wanted;
            sets[k].available = shrinks[i].sizes[k].available;
        }
        rolling_shrink(sets, 3, &sets[2], shrinks[i].min_available);
        for (size_t k = 0; k < 3; k++)
            cr_expect_eq(sets[k].wanted, shrinks[i].want[k], "row %zu set %zu: %lld", i, k,
                         (long long)sets[k].wanted);
    }
}

static const struct {
    struct size sizes[3];
    int64_t most;
    int64_t want[3];
} limited_shrinks[] = {
    {{{0, 0}, {3, 2}, {1, 1}}, 1, {0, 2, 1}},  {{{2, 1}, {3, 2}, {1, 1}}, 3, {0, 2, 1}},
    {{{2, 2}, {3, 2}, {1, 1}}, 2, {1, 2, 1}},  {{{0, 0}, {3, 2}, {1, 1}}, 0, {0, 3, 1}},
    {{{0, 0}, {3, 2}, {1, 1}}, -1, {0, 3, 1}},
};

Test(plan_arithmetic, the_others_shrink_by_no_more_than_is_asked)
{
    for (size_t i = 0; i < COUNT(limited_shrinks); i++) {
        struct set_tally sets[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            sets[k].wanted = limited_shrinks[i].sizes[k].wanted;
            sets[k].available = limited_shrinks[i].sizes[k].available;
        }
        rolling_shrink_by(sets, 3, &sets[2], 0, limited_shrinks[i].most);
        for (size_t k = 0; k < 3; k++)
            cr_expect_eq(sets[k].wanted, limited_shrinks[i].want[k], "row %zu set %zu: %lld", i, k,
                         (long long)sets[k].wanted);
    }
}
