/* samples.h: numbers that are kept until their quantiles are asked for. */
#ifndef DOGSHORE_BENCH_SAMPLES_H
#define DOGSHORE_BENCH_SAMPLES_H

#include <stddef.h>

/* In one unit, the caller's. All zero is an empty one. */
struct samples {
    double *values;
    size_t count, capacity;
};

void samples_add(struct samples *samples, double value);
void samples_add_all(struct samples *samples, const struct samples *more);
/* Before any quantile. */
void samples_sort(struct samples *samples);
/* 0.5 = the median, 1 = the greatest; 0 where there is none. */
double samples_quantile(const struct samples *samples, double share);
void samples_clear(struct samples *samples); /* keeps the memory */
void samples_release(struct samples *samples);

#endif
