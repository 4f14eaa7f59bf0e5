/* samples.h: what the measurements have in common: numbers that are kept until their quantiles are
 * asked for, waiting until a request is due, and the memory of another process. A failure ends the
 * program with a message. */
#ifndef DOGSHORE_BENCH_SAMPLES_H
#define DOGSHORE_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

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

/* On the monotonic clock. */
void sleep_until_us(int64_t at_us);

int64_t resident_bytes(pid_t pid);

#endif
