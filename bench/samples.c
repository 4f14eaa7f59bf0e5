#include "samples.h"

#include "base/arena.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 1024 };

void samples_add(struct samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity == 0 ? FIRST_CAPACITY : 2 * samples->capacity;
        samples->values = xrealloc(samples->values, samples->capacity * sizeof *samples->values);
    }
    samples->values[samples->count++] = value;
}

void samples_add_all(struct samples *samples, const struct samples *more)
{
    for (size_t i = 0; i < more->count; i++)
        samples_add(samples, more->values[i]);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

void samples_sort(struct samples *samples)
{
    if (samples->count > 0)
        qsort(samples->values, samples->count, sizeof *samples->values, compare);
}

double samples_quantile(const struct samples *samples, double share)
{
    if (samples->count == 0) return 0;
    return samples->values[(size_t)(share * (double)(samples->count - 1) + 0.5)];
}

void samples_clear(struct samples *samples)
{
    samples->count = 0;
}

void samples_release(struct samples *samples)
{
    free(samples->values);
    *samples = (struct samples){0};
}
