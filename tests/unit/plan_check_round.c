/* The number of a canary's check. It stays what it is from one release to the next, or a check that
 * is under way would be asked anew after an upgrade.
 */
#include "scheduler/plan/strategy.h"

#include <criterion/criterion.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct {
    int64_t rollout, step;
    struct canary_check check;
    int64_t want;
} rounds[] = {
    {1, 0, {NULL, NULL, 0, NULL, 0}, 4211349},
    {1, 0, {"http", "/healthz", 200, NULL, 3}, 4245909},
    {1, 1, {"http", "/healthz", 200, NULL, 3}, 4311445},
    {2, 0, {"http", "/healthz", 200, NULL, 3}, 8440213},
    {7, 13, {"admin", "/ready?deep=1", 204, "ok", 10}, 30248714},
    {7, 13, {"admin", "/ready?deep=1", 204, "", 10}, 30235773},
};

Test(plan_check_round, the_number_of_a_check_stays_what_it_is)
{
    for (size_t i = 0; i < COUNT(rounds); i++) {
        struct rollout rollout = {.id = rounds[i].rollout, .step = rounds[i].step};
        int64_t round = check_round(&rollout, &rounds[i].check);
        cr_expect_eq(round, rounds[i].want, "row %zu: %lld", i, (long long)round);
    }
}
