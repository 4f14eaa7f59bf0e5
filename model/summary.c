#include "model/summary.h"

#include <assert.h>

enum { NUMBERS = sizeof(struct fleet_counts) / sizeof(int64_t) };
static_assert(sizeof(struct fleet_counts) == NUMBERS * sizeof(int64_t), "numbers alone");

void fleet_counts_add(struct fleet_counts *sum, const struct fleet_counts *counts)
{
    int64_t *into = (int64_t *)sum;
    const int64_t *from = (const int64_t *)counts;
    for (size_t i = 0; i < NUMBERS; i++)
        into[i] += from[i];
}
