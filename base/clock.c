#include "base/clock.h"

#include <stddef.h>

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t system_boot_ms(void *self)
{
    (void)self;
    return read_us(CLOCK_BOOTTIME) / 1000;
}

static int64_t system_wall_ms(void *self)
{
    (void)self;
    return read_us(CLOCK_REALTIME) / 1000;
}

struct clock clock_system(void)
{
    return (struct clock){.boot_ms = system_boot_ms, .wall_ms = system_wall_ms, .self = NULL};
}

static int64_t manual_boot_ms(void *self)
{
    return ((const struct manual_clock *)self)->boot_ms;
}

static int64_t manual_wall_ms(void *self)
{
    return ((const struct manual_clock *)self)->wall_ms;
}

struct clock clock_manual(struct manual_clock *manual)
{
    return (struct clock){.boot_ms = manual_boot_ms, .wall_ms = manual_wall_ms, .self = manual};
}

int64_t clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

void clock_rfc3339(int64_t wall_ms, char out[static CLOCK_RFC3339_BYTES])
{
    /* RFC 3339 knows the years 0000 to 9999 only. */
    static const int64_t first_ms = -62167219200000, last_ms = 253402300799999;
    if (wall_ms < first_ms) wall_ms = first_ms;
    if (wall_ms > last_ms) wall_ms = last_ms;
    int64_t millis = (wall_ms % 1000 + 1000) % 1000;
    time_t seconds = (time_t)((wall_ms - millis) / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char date[CLOCK_RFC3339_BYTES];
    strftime(date, sizeof date, "-%m-%dT%T", &utc);
    snprintf(out, CLOCK_RFC3339_BYTES, "%04d%.15s.%03dZ", utc.tm_year + 1900, date, (int)millis);
}
