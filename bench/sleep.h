/* sleep.h: waiting until a request is due. */
#ifndef DOGSHORE_BENCH_SLEEP_H
#define DOGSHORE_BENCH_SLEEP_H

#include <stdint.h>

/* On the monotonic clock. */
void sleep_until_us(int64_t at_us);

#endif
