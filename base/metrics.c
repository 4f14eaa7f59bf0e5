#include "base/metrics.h"

const struct buckets duration_buckets = {
    .count = 14,
    .bounds = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
               2500000, 10000000},
    .per_unit = 1e6,
};

const struct buckets amount_buckets = {
    .count = 11,
    .bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024},
    .per_unit = 1,
};

void histogram_observe(struct histogram *histogram, const struct buckets *buckets, int64_t value)
{
    size_t bucket = 0;
    if (value < 0) value = 0;
    while (bucket < buckets->count && value > buckets->bounds[bucket])
        bucket++;
    counter_add(&histogram->counts[bucket], 1);
    counter_add(&histogram->sum, value);
}

void histogram_add_to(const struct histogram *histogram, struct histogram_sum *sum)
{
    for (size_t i = 0; i <= BUCKETS_MAX; i++)
        sum->counts[i] += counter_read(&histogram->counts[i]);
    sum->sum += counter_read(&histogram->sum);
}

int64_t histogram_count(const struct histogram_sum *sum)
{
    int64_t count = 0;
    for (size_t i = 0; i <= BUCKETS_MAX; i++)
        count += sum->counts[i];
    return count;
}
