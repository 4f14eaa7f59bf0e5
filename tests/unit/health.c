#include "model/health.h"

#include "base/arena.h"

#include <criterion/criterion.h>
#include <math.h>

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena);
}

static void close_arena(void)
{
    arena_release(&arena);
}

TestSuite(health, .init = open_arena, .fini = close_arena);

/* "o10-20 f20-" : ok from 10 to 20, failing from 20 on; u is unknown. */
static struct health_spans spans_of(const char *words)
{
    struct health_spans spans = {.items = ARENA_ARRAY(&arena, struct health_span, 32)};
    for (const char *at = words; *at != '\0'; at += strspn(at, " ")) {
        struct health_span *span = &spans.items[spans.count++];
        char *rest;
        span->state = *at == 'o' ? HEALTH_OK : *at == 'f' ? HEALTH_FAILING : HEALTH_UNKNOWN;
        span->from_at = strtoll(at + 1, &rest, 10);
        span->until_at = strtoll(rest + 1, &rest, 10);
        if (rest[-1] == '-') span->until_at = 0;
        at = rest;
    }
    return spans;
}

static const char *words_of(struct health_spans spans)
{
    const char *words = "";
    for (size_t i = 0; i < spans.count; i++) {
        const struct health_span *span = &spans.items[i];
        const char *until =
            span->until_at == 0 ? "" : arena_printf(&arena, "%lld", (long long)span->until_at);
        words = arena_printf(&arena, "%s%s%c%lld-%s", words, i > 0 ? " " : "", "uof"[span->state],
                             (long long)span -> from_at, until);
    }
    return words;
}

/* What the silences (written as spans) leave of the spans. */
static const struct silence_row {
    const char *spans, *silences, *result;
} silence_rows[] = {
    {"o10-20 f20-", "", "o10-20 f20-"},
    {"o10-", "u30-40", "o10-30 u30-40 o40-"},
    {"o10-", "u30-", "o10-30 u30-"},
    {"o10-20 f20-30", "u15-25", "o10-15 u15-20 u20-25 f25-30"},
    {"o10-20", "u1-5 u30-40", "o10-20"},
    {"o10-20", "u1-10 u20-30", "o10-20"},
    {"o10-20", "u1-30", "u10-20"},
    {"o10-40", "u10-12 u14-16 u39-", "u10-12 o12-14 u14-16 o16-39 u39-40"},
    {"", "u1-2", ""},
    {"u10-20 o20-", "u12-22", "u10-12 u12-20 u20-22 o22-"},
};

Test(health, a_silence_cuts_out_what_is_not_known)
{
    for (size_t i = 0; i < sizeof silence_rows / sizeof *silence_rows; i++) {
        const struct silence_row *row = &silence_rows[i];
        struct health_spans times = spans_of(row->silences);
        struct silence silences[8];
        for (size_t j = 0; j < times.count; j++)
            silences[j] = (struct silence){times.items[j].from_at, times.items[j].until_at};
        struct health_spans result =
            health_silenced(&arena, spans_of(row->spans), silences, times.count, "silent");
        cr_expect_str_eq(words_of(result), row->result, "%s under %s: %s", row->spans,
                         row->silences, words_of(result));
    }
}

static const struct sum_row {
    const char *spans;
    struct window window;
    struct health_sum sum;
} sum_rows[] = {
    {"", {0, 100}, {0, 0, 100}},          {"o10-20 f20-", {0, 100}, {10, 80, 10}},
    {"o10-20 f20-", {15, 25}, {5, 5, 0}}, {"o10-20 f30-", {10, 40}, {10, 10, 10}},
    {"o10-", {10, 10}, {0, 0, 0}},        {"o10-20 u20-30 o30-", {10, 40}, {20, 0, 10}},
    {"o10-20", {20, 30}, {0, 0, 10}},     {"o10-20", {30, 20}, {0, 0, 0}},
};

Test(health, a_window_is_divided_to_the_millisecond)
{
    for (size_t i = 0; i < sizeof sum_rows / sizeof *sum_rows; i++) {
        const struct sum_row *row = &sum_rows[i];
        struct health_sum sum = health_sum(spans_of(row->spans), row->window);
        cr_expect_eq(sum.ok_ms, row->sum.ok_ms, "row %zu", i);
        cr_expect_eq(sum.failing_ms, row->sum.failing_ms, "row %zu", i);
        cr_expect_eq(sum.unknown_ms, row->sum.unknown_ms, "row %zu", i);
    }
}

Test(health, availability_counts_one_and_all_and_what_was_not_wanted)
{
    struct availability_span items[] = {
        {.from_at = 100, .until_at = 110, .desired = 2},
        {.from_at = 110, .until_at = 130, .desired = 2, .ready = 2, .available = 1},
        {.from_at = 130, .until_at = 170, .desired = 2, .ready = 2, .available = 3},
        {.from_at = 170, .until_at = 190},
        {.from_at = 190, .desired = 1},
    };
    struct availability_spans spans = {items, sizeof items / sizeof *items};
    struct availability_sum sum = availability_sum(spans, (struct window){95, 200});
    cr_expect_eq(sum.unknown_ms, 5);
    cr_expect_eq(sum.none_ms, 20);
    cr_expect_eq(sum.some_ms, 60);
    cr_expect_eq(sum.all_ms, 40);
    cr_expect_eq(sum.idle_ms, 20);
    cr_expect(availability_same_sum(&items[0], &items[4]));
    cr_expect_not(availability_same_sum(&items[0], &items[1]));
    cr_expect_not(availability_same_sum(&items[1], &items[2]));
    cr_expect_not(availability_same_sum(&items[3], &items[4]));
}

/* Of 3: one or more get traffic on nodes that nobody hears. */
Test(health, availability_of_what_nobody_hears_is_unknown)
{
    static const struct {
        int64_t available, unknown;
        struct availability_sum sum;
    } rows[] = {
        {3, 0, {.some_ms = 100, .all_ms = 100}},      {2, 1, {.some_ms = 100}},
        {1, 1, {.some_ms = 100, .fewer_ms = 100}},    {0, 3, {.unknown_ms = 100}},
        {0, 1, {.unknown_ms = 100, .fewer_ms = 100}}, {0, 0, {.none_ms = 100, .fewer_ms = 100}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct availability_span span = {.from_at = 100,
                                         .desired = 3,
                                         .available = rows[i].available,
                                         .unknown = rows[i].unknown};
        struct availability_sum sum =
            availability_sum((struct availability_spans){&span, 1}, (struct window){100, 200});
        cr_expect_eq(sum.some_ms, rows[i].sum.some_ms, "row %zu", i);
        cr_expect_eq(sum.none_ms, rows[i].sum.none_ms, "row %zu", i);
        cr_expect_eq(sum.unknown_ms, rows[i].sum.unknown_ms, "row %zu", i);
        cr_expect_eq(sum.all_ms, rows[i].sum.all_ms, "row %zu", i);
        cr_expect_eq(sum.fewer_ms, rows[i].sum.fewer_ms, "row %zu", i);
        for (size_t k = 0; k < i; k++) {
            struct availability_span other = {
                .desired = 3, .available = rows[k].available, .unknown = rows[k].unknown};
            cr_expect_not(availability_same_sum(&span, &other), "rows %zu and %zu", k, i);
        }
    }
}

Test(health, a_share_of_nothing_is_no_number)
{
    cr_expect(isnan(health_ratio(0, 0)));
    cr_expect_eq(health_ratio(1, 4), 0.25);
}
