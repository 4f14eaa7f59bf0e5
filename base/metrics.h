/* metrics.h: numbers that one thread counts and any thread reads.
 *
 * A counter has one writer, so counting is a plain addition: no lock, no locked instruction, and no
 * cache line is shared as long as each thread has counters of its own. Whoever reads adds up what
 * the threads have; what it sees of several counters need not be of one moment. What several
 * threads count together is no counter but an _Atomic number.
 *
 * Threads: counter_add() and histogram_observe() from the one owner, the rest from any.
 */
#ifndef DOGSHORE_BASE_METRICS_H
#define DOGSHORE_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct counter {
    _Atomic int64_t value;
};

static inline int64_t counter_read(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* Gauges of one thread are set. */
static inline void counter_set(struct counter *counter, int64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

static inline void counter_add(struct counter *counter, int64_t amount)
{
    counter_set(counter, counter_read(counter) + amount);
}

enum { BUCKETS_MAX = 14 };

/* The upper bounds of a histogram's buckets, ascending, in the unit that is observed; a last bucket
 * without a bound takes the rest. */
struct buckets {
    size_t count;
    int64_t bounds[BUCKETS_MAX];
    double per_unit; /* observed units in one that is shown */
};
extern const struct buckets duration_buckets; /* observed in µs, shown in seconds: 100 µs to 10 s */
extern const struct buckets amount_buckets;   /* 1, 2, 4 … 1024 */

struct histogram {
    struct counter counts[BUCKETS_MAX + 1]; /* of each bucket alone */
    struct counter sum;
};
/* A negative value counts as 0. */
void histogram_observe(struct histogram *histogram, const struct buckets *buckets, int64_t value);

/* Histograms of several threads, added up. */
struct histogram_sum {
    int64_t counts[BUCKETS_MAX + 1];
    int64_t sum;
};
void histogram_add_to(const struct histogram *histogram, struct histogram_sum *sum);
int64_t histogram_count(const struct histogram_sum *sum);

#endif
