/* clock.h: the only door to time. Everything else is handed a `struct clock`.
 *
 * boot_ms advances with CLOCK_BOOTTIME and is meaningful only as a difference; wall_ms is the
 * calendar (UTC), used for *_at fields and token expiry alone. The simulator and tests use a manual
 * clock. Threads: a real clock may be read from any thread.
 */
#ifndef DOGSHORE_BASE_CLOCK_H
#define DOGSHORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { SECOND_MS = 1000, DAY_MS = 24 * 3600 * SECOND_MS };

struct clock {
    int64_t (*boot_ms)(void *self);
    int64_t (*wall_ms)(void *self);
    void *self;
};

static inline int64_t clock_boot_ms(const struct clock *clock)
{
    return clock->boot_ms(clock->self);
}

static inline int64_t clock_wall_ms(const struct clock *clock)
{
    return clock->wall_ms(clock->self);
}

struct clock clock_system(void);

/* A clock that a test moves. */
struct manual_clock {
    int64_t boot_ms;
    int64_t wall_ms;
};
struct clock clock_manual(struct manual_clock *manual);

/* Microseconds of CLOCK_MONOTONIC, for durations in logs and metrics. */
int64_t clock_monotonic_us(void);

enum { CLOCK_RFC3339_BYTES = 32 };
/* "2026-01-31T09:26:53.589Z" (RFC 3339, UTC, milliseconds). */
void clock_rfc3339(int64_t wall_ms, char out[static CLOCK_RFC3339_BYTES]);
/* Reads a whole RFC 3339 date and time of any offset; false when it is none. What is finer than a
 * millisecond is cut off. */
bool clock_parse_rfc3339(const char *text, int64_t *wall_ms);

#endif
