#include "sleep.h"

#include <errno.h>
#include <time.h>

enum { SECOND_US = 1000000 };

void sleep_until_us(int64_t at_us)
{
    struct timespec at = {.tv_sec = at_us / SECOND_US, .tv_nsec = at_us % SECOND_US * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}
