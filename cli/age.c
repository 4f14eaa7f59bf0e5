#include "cli/age.h"

#include "base/arena.h"

#include <stdio.h>
#include <time.h>

int64_t age_parse(const char *rfc3339)
{
    struct tm tm = {0};
    int milliseconds = 0, end = 0;
    if (rfc3339 == NULL) return -1;
    int read = sscanf(rfc3339, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &tm.tm_year, &tm.tm_mon,
                      &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &milliseconds, &end);
    if (read != 7 || end == 0 || rfc3339[end] != '\0') return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000 + milliseconds;
}

const char *age_duration(struct arena *arena, int64_t duration_ms)
{
    long long seconds = duration_ms < 0 ? 0 : duration_ms / 1000;
    if (seconds < 120) return arena_printf(arena, "%llds", seconds);
    if (seconds < 120 * 60) return arena_printf(arena, "%lldm", seconds / 60);
    if (seconds < 48 * 3600) return arena_printf(arena, "%lldh", seconds / 3600);
    return arena_printf(arena, "%lldd", seconds / (24 * 3600));
}

const char *age_text(struct arena *arena, const char *since, int64_t now_wall_ms)
{
    int64_t at = age_parse(since);
    return at < 0 ? "-" : age_duration(arena, now_wall_ms - at);
}

const char *age_date(struct arena *arena, const char *rfc3339)
{
    if (age_parse(rfc3339) < 0) return "-";
    return arena_printf(arena, "%.10s %.8s", rfc3339, rfc3339 + 11);
}
