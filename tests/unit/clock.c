#include "base/clock.h"

#include <criterion/criterion.h>

static const struct time_case {
    int64_t wall_ms;
    const char *text;
} time_cases[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {1769851613589, "2026-01-31T09:26:53.589Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
    {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    {INT64_MIN, "0000-01-01T00:00:00.000Z"},
};

Test(clock, times_print_as_rfc3339)
{
    for (size_t i = 0; i < sizeof time_cases / sizeof *time_cases; i++) {
        char text[CLOCK_RFC3339_BYTES];
        clock_rfc3339(time_cases[i].wall_ms, text);
        cr_assert_str_eq(text, time_cases[i].text);
    }
}

Test(clock, a_manual_clock_stands_until_moved)
{
    struct manual_clock manual = {.boot_ms = 5, .wall_ms = 1000};
    struct clock clock = clock_manual(&manual);
    cr_assert_eq(clock_boot_ms(&clock), 5);
    cr_assert_eq(clock_wall_ms(&clock), 1000);
    manual.boot_ms += 10;
    manual.wall_ms -= 1;
    cr_assert_eq(clock_boot_ms(&clock), 15);
    cr_assert_eq(clock_wall_ms(&clock), 999);
}

Test(clock, the_system_clock_does_not_go_back)
{
    struct clock clock = clock_system();
    int64_t boot_ms = clock_boot_ms(&clock), monotonic_us = clock_monotonic_us();
    cr_assert_geq(clock_boot_ms(&clock), boot_ms);
    cr_assert_geq(clock_monotonic_us(), monotonic_us);
    cr_assert_gt(clock_wall_ms(&clock), 1577836800000); /* 2020 */
}

static const struct {
    const char *text;
    int64_t wall_ms;
} parsed[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"2026-01-31T09:26:53.589Z", 1769851613589},
    {"2026-01-31t09:26:53.5891239z", 1769851613589},
    {"2026-01-31T10:26:53.589+01:00", 1769851613589},
    {"2026-01-31T00:56:53.589-08:30", 1769851613589},
    {"2024-02-29T00:00:00Z", 1709164800000},
    {"2016-12-31T23:59:60Z", 1483228800000},
    {"1969-12-31T23:59:59.999Z", -1},
};

Test(clock, rfc3339_is_read)
{
    for (size_t i = 0; i < sizeof parsed / sizeof parsed[0]; i++) {
        int64_t wall_ms = 77;
        cr_expect(clock_parse_rfc3339(parsed[i].text, &wall_ms), "%s", parsed[i].text);
        cr_expect_eq(wall_ms, parsed[i].wall_ms, "%s: %lld", parsed[i].text, (long long)wall_ms);
    }
}

Test(clock, what_is_no_rfc3339_is_refused)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-01-31",
        "2026-01-31T09:26Z",
        "2026-01-31T09:26:53",
        "2026-01-31 09:26:53Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T00:60:00Z",
        "2026-01-31T00:00:61Z",
        "2026-01-31T00:00:00.Z",
        "2026-01-31T00:00:00+0100",
        "2026-01-31T00:00:00+24:00",
        "2026-01-31T00:00:00Z ",
        "26-01-31T00:00:00Z",
        "+2026-01-31T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t wall_ms;
        cr_expect_not(clock_parse_rfc3339(bad[i], &wall_ms), "'%s'", bad[i]);
    }
}
