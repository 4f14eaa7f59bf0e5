/* number.h: the smaller, the larger and the order of two numbers. Threads: none. */
#ifndef DOGSHORE_BASE_NUMBER_H
#define DOGSHORE_BASE_NUMBER_H

#include <stdint.h>

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* As qsort() wants it. */
static inline int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

#endif
