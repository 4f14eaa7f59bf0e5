/* Counters, histograms and the two text formats of a scrape. */
#include "base/exposition.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>

static struct text text;

static void open_text(void)
{
    text_init(&text, NULL);
}

static void close_text(void)
{
    text_release(&text);
}

TestSuite(metrics, .init = open_text, .fini = close_text);

static const struct metric_family requests = {.name = "app_requests",
                                              .type = METRIC_COUNTER,
                                              .help = "Requests.",
                                              .labels = {"method", "path"}};
static const struct metric_family size = {
    .name = "app_size_bytes", .type = METRIC_GAUGE, .unit = "bytes", .help = "Size."};
static const struct metric_family build = {
    .name = "app_build", .type = METRIC_INFO, .help = "Build.", .labels = {"version"}};
static const struct metric_family delay = {.name = "app_delay_seconds",
                                           .type = METRIC_HISTOGRAM,
                                           .unit = "seconds",
                                           .help = "Delay.",
                                           .buckets = &duration_buckets};

static void expect_text(const char *expected)
{
    cr_expect_str_eq(text_string(&text), expected);
}

static void write_all(enum exposition_format format)
{
    struct exposition exposition;
    const char *const get[] = {"GET", "/"}, *const version[] = {"1.2"};
    exposition_init(&exposition, format, &text);
    exposition_family(&exposition, &requests);
    exposition_int(&exposition, get, 7);
    exposition_family(&exposition, &size);
    exposition_int(&exposition, NULL, INT64_C(9007199254740993));
    exposition_family(&exposition, &build);
    exposition_int(&exposition, version, 1);
    exposition_end(&exposition);
}

Test(metrics, prometheus_text_describes_a_counter_by_the_name_of_its_samples)
{
    write_all(EXPOSITION_PROMETHEUS);
    expect_text("# HELP app_requests_total Requests.\n"
                "# TYPE app_requests_total counter\n"
                "app_requests_total{method=\"GET\",path=\"/\"} 7\n"
                "# HELP app_size_bytes Size.\n"
                "# TYPE app_size_bytes gauge\n"
                "app_size_bytes 9007199254740993\n"
                "# HELP app_build_info Build.\n"
                "# TYPE app_build_info gauge\n"
                "app_build_info{version=\"1.2\"} 1\n");
}

Test(metrics, openmetrics_has_units_infos_and_an_end)
{
    write_all(EXPOSITION_OPENMETRICS);
    expect_text("# HELP app_requests Requests.\n"
                "# TYPE app_requests counter\n"
                "app_requests_total{method=\"GET\",path=\"/\"} 7\n"
                "# HELP app_size_bytes Size.\n"
                "# TYPE app_size_bytes gauge\n"
                "# UNIT app_size_bytes bytes\n"
                "app_size_bytes 9007199254740993\n"
                "# HELP app_build Build.\n"
                "# TYPE app_build info\n"
                "app_build_info{version=\"1.2\"} 1\n"
                "# EOF\n");
}

Test(metrics, label_values_and_help_are_escaped)
{
    static const struct metric_family odd = {.name = "odd",
                                             .type = METRIC_GAUGE,
                                             .help = "Back\\slash, \"quotes\",\nlines.",
                                             .labels = {"label"}};
    static const char *const helps[] = {
        [EXPOSITION_PROMETHEUS] = "# HELP odd Back\\\\slash, \"quotes\",\\nlines.\n",
        [EXPOSITION_OPENMETRICS] = "# HELP odd Back\\\\slash, \\\"quotes\\\",\\nlines.\n"};
    const char *const value[] = {"a\\b\"c\nd"};
    for (int format = EXPOSITION_PROMETHEUS; format <= EXPOSITION_OPENMETRICS; format++) {
        struct exposition exposition;
        text_clear(&text);
        exposition_init(&exposition, (enum exposition_format)format, &text);
        exposition_family(&exposition, &odd);
        exposition_int(&exposition, value, 1);
        cr_expect(text_starts(text_string(&text), helps[format]), "%s", text_string(&text));
        cr_expect_not_null(strstr(text_string(&text), "odd{label=\"a\\\\b\\\"c\\nd\"} 1\n"));
    }
}

Test(metrics, numbers_read_back_as_they_were)
{
    static const struct {
        double number;
        const char *text;
    } rows[] = {{0, "0"},           {0.1, "0.1"},        {1.0 / 3, "0.33333333333333331"},
                {1e21, "1e+21"},    {-2.5, "-2.5"},      {1767225600.25, "1767225600.25"},
                {INFINITY, "+Inf"}, {-INFINITY, "-Inf"}, {NAN, "NaN"}};
    struct exposition exposition;
    exposition_init(&exposition, EXPOSITION_PROMETHEUS, &text);
    exposition_family(&exposition, &size);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[64];
        text_clear(&text);
        exposition_double(&exposition, NULL, rows[i].number);
        snprintf(line, sizeof line, "app_size_bytes %s\n", rows[i].text);
        expect_text(line);
    }
}

Test(metrics, a_value_is_counted_in_the_first_bucket_that_holds_it)
{
    static const struct {
        int64_t value;
        size_t bucket;
    } rows[] = {{-5, 0}, {0, 0}, {100, 0}, {101, 1}, {250, 1}, {10000000, 13}, {10000001, 14}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram histogram = {0};
        struct histogram_sum sum = {0};
        histogram_observe(&histogram, &duration_buckets, rows[i].value);
        histogram_add_to(&histogram, &sum);
        cr_expect_eq(sum.counts[rows[i].bucket], 1, "%lld", (long long)rows[i].value);
        cr_expect_eq(sum.sum, rows[i].value < 0 ? 0 : rows[i].value);
        cr_expect_eq(histogram_count(&sum), 1);
    }
}

Test(metrics, buckets_are_cumulative_and_end_with_all)
{
    struct histogram first = {0}, second = {0};
    struct histogram_sum sum = {0};
    struct exposition exposition;
    histogram_observe(&first, &duration_buckets, 90);
    histogram_observe(&second, &duration_buckets, 200);
    histogram_observe(&second, &duration_buckets, 60 * 1000 * 1000);
    histogram_add_to(&first, &sum);
    histogram_add_to(&second, &sum);
    exposition_init(&exposition, EXPOSITION_PROMETHEUS, &text);
    exposition_family(&exposition, &delay);
    exposition_histogram(&exposition, NULL, &sum);
    static const char *const lines[] = {"app_delay_seconds_bucket{le=\"0.0001\"} 1\n",
                                        "app_delay_seconds_bucket{le=\"0.00025\"} 2\n",
                                        "app_delay_seconds_bucket{le=\"1.0\"} 2\n",
                                        "app_delay_seconds_bucket{le=\"10.0\"} 2\n",
                                        "app_delay_seconds_bucket{le=\"+Inf\"} 3\n",
                                        "app_delay_seconds_sum 60.00029\n",
                                        "app_delay_seconds_count 3\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect_not_null(strstr(text_string(&text), lines[i]), "%s\n%s", lines[i],
                           text_string(&text));
}

Test(metrics, bounds_ascend_and_fit)
{
    const struct buckets *const all[] = {&duration_buckets, &amount_buckets};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cr_assert_leq(all[i]->count, BUCKETS_MAX);
        for (size_t j = 1; j < all[i]->count; j++)
            cr_assert_lt(all[i]->bounds[j - 1], all[i]->bounds[j]);
    }
}

/* ---- threads ---- */

enum { THREADS = 4, EACH = 100000 };

static struct histogram histograms[THREADS];

static void *observe_many(void *histogram)
{
    for (int i = 0; i < EACH; i++)
        histogram_observe(histogram, &amount_buckets, i % 3);
    return NULL;
}

Test(metrics, what_several_threads_count_adds_up)
{
    pthread_t threads[THREADS];
    struct histogram_sum sum = {0};
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, observe_many, &histograms[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        histogram_add_to(&histograms[i], &sum);
    cr_expect_eq(histogram_count(&sum), THREADS * EACH);
    cr_expect_eq(sum.sum, THREADS * (EACH - 1)); /* 0 + 1 + 2 of each three, and the last one 0 */
}
