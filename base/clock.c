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

/* Exactly `digits` digits; -1 when there are not so many. */
static int read_digits(const char **at, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++, (*at)++) {
        if (**at < '0' || **at > '9') return -1;
        value = value * 10 + (**at - '0');
    }
    return value;
}

static bool read_sign(const char **at, const char *either)
{
    if (**at == '\0' || strchr(either, **at) == NULL) return false;
    (*at)++;
    return true;
}

static bool read_in(const char **at, int digits, int min, int max, int *value)
{
    *value = read_digits(at, digits);
    return *value >= min && *value <= max;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool read_date(const char **at, struct tm *tm)
{
    if (!read_in(at, 4, 0, 9999, &tm->tm_year) || !read_sign(at, "-")) return false;
    if (!read_in(at, 2, 1, 12, &tm->tm_mon) || !read_sign(at, "-")) return false;
    if (!read_in(at, 2, 1, days_of(tm->tm_year, tm->tm_mon), &tm->tm_mday)) return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

/* A leap second is the one after it. */
static bool read_clock(const char **at, struct tm *tm)
{
    if (!read_in(at, 2, 0, 23, &tm->tm_hour) || !read_sign(at, ":")) return false;
    if (!read_in(at, 2, 0, 59, &tm->tm_min) || !read_sign(at, ":")) return false;
    return read_in(at, 2, 0, 60, &tm->tm_sec);
}

static bool read_fraction(const char **at, int *millis)
{
    *millis = 0;
    if (!read_sign(at, ".")) return true;
    size_t count = strspn(*at, "0123456789");
    for (size_t i = 0; i < 3; i++)
        *millis = *millis * 10 + (i < count ? (*at)[i] - '0' : 0);
    *at += count;
    return count > 0;
}

static bool read_offset(const char **at, int *minutes)
{
    *minutes = 0;
    if (read_sign(at, "Zz")) return true;
    int hour, minute, sign = **at == '-' ? -1 : 1;
    if (!read_sign(at, "+-")) return false;
    if (!read_in(at, 2, 0, 23, &hour) || !read_sign(at, ":")) return false;
    if (!read_in(at, 2, 0, 59, &minute)) return false;
    *minutes = sign * (hour * 60 + minute);
    return true;
}

bool clock_parse_rfc3339(const char *text, int64_t *wall_ms)
{
    int millis, minutes;
    struct tm tm = {.tm_isdst = 0};
    if (!read_date(&text, &tm) || !read_sign(&text, "Tt") || !read_clock(&text, &tm)) return false;
    if (!read_fraction(&text, &millis) || !read_offset(&text, &minutes)) return false;
    *wall_ms = ((int64_t)timegm(&tm) - minutes * 60) * 1000 + millis;
    return *text == '\0';
}
