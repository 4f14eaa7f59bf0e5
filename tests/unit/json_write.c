#include "base/arena.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

struct page {
    struct arena arena;
    struct text text;
    struct json_writer writer;
};

static void page_init(struct page *page)
{
    arena_init(&page->arena);
    text_init(&page->text, &page->arena);
    json_writer_init(&page->writer, &page->text);
}

static void page_release(struct page *page)
{
    arena_release(&page->arena);
}

#define auto_page __attribute__((cleanup(page_release))) struct page

Test(json_write, commas_are_the_writers_business)
{
    auto_page page;
    page_init(&page);
    struct json_writer *w = &page.writer;
    json_object_begin(w);
    json_put_string(w, "name", "web");
    json_put_int(w, "replicas", 7);
    json_key(w, "ports");
    json_array_begin(w);
    json_int(w, 80);
    json_object_begin(w);
    json_object_end(w);
    json_array_begin(w);
    json_array_end(w);
    json_null(w);
    json_array_end(w);
    json_put_bool(w, "paused", false);
    json_put_null(w, "reason");
    json_key(w, "raw");
    json_raw(w, "{\"a\":1}", 7);
    json_put_string(w, "none", NULL);
    json_object_end(w);
    cr_assert_str_eq(text_string(&page.text),
                     "{\"name\":\"web\",\"replicas\":7,\"ports\":[80,{},[],null],\"paused\":false,"
                     "\"reason\":null,\"raw\":{\"a\":1},\"none\":null}");
    cr_assert_eq(w->depth, 0);
}

Test(json_write, integers_of_64_bits_are_exact)
{
    auto_page page;
    page_init(&page);
    json_array_begin(&page.writer);
    json_int(&page.writer, INT64_MIN);
    json_int(&page.writer, INT64_MAX);
    json_int(&page.writer, 9007199254740993);
    json_array_end(&page.writer);
    cr_assert_str_eq(text_string(&page.text),
                     "[-9223372036854775808,9223372036854775807,9007199254740993]");
}

static const struct string_case {
    const char *bytes;
    size_t count;
    const char *written;
} string_cases[] = {
    {"", 0, "\"\""},
    {"plain", 5, "\"plain\""},
    {"\"\\/", 3, "\"\\\"\\\\/\""},
    {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
    {"\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\""},
    {"a\0b", 3, "\"a\\u0000b\""},
    {"caf\xc3\xa9 \xf0\x9f\x9a\xa2", 10, "\"caf\xc3\xa9 \xf0\x9f\x9a\xa2\""},
    {"bad\xff\xc3", 5, "\"bad\xef\xbf\xbd\xef\xbf\xbd\""},
};

Test(json_write, strings_are_escaped_and_always_valid)
{
    for (size_t i = 0; i < COUNT(string_cases); i++) {
        auto_page page;
        page_init(&page);
        json_string_bytes(&page.writer, string_cases[i].bytes, string_cases[i].count);
        cr_assert_str_eq(text_string(&page.text), string_cases[i].written);
    }
}

static const struct double_case {
    double value;
    const char *written;
} double_cases[] = {
    {0, "0"},
    {1, "1"},
    {-2.5, "-2.5"},
    {0.1, "0.1"},
    {1.0 / 3, "0.3333333333333333"},
    {0.1 + 0.2, "0.30000000000000004"},
    {1e15, "1e+15"},
    {123456789, "123456789"},
    {1e-7, "1e-07"},
    {5e-324, "5e-324"},
    {1.7976931348623157e308, "1.7976931348623157e+308"},
    {NAN, "null"},
    {INFINITY, "null"},
    {-INFINITY, "null"},
};

Test(json_write, doubles_are_the_shortest_that_round_trip)
{
    for (size_t i = 0; i < COUNT(double_cases); i++) {
        auto_page page;
        page_init(&page);
        json_double(&page.writer, double_cases[i].value);
        cr_assert_str_eq(text_string(&page.text), double_cases[i].written);
    }
}

Test(json_write, any_double_round_trips)
{
    struct rng rng;
    rng_seed(&rng, 5);
    for (int i = 0; i < 5000; i++) {
        uint64_t bits = rng_next(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        auto_page page;
        page_init(&page);
        json_double(&page.writer, value);
        cr_assert_eq(strtod(text_string(&page.text), NULL), value);
    }
}

Test(json_write, nesting_beyond_the_writers_stack_is_a_mistake, .signal = SIGABRT)
{
    auto_page page;
    page_init(&page);
    for (int i = 0; i <= JSON_WRITER_DEPTH_MAX; i++)
        json_array_begin(&page.writer);
}

Test(json_write, closing_what_is_not_open_is_a_mistake, .signal = SIGABRT)
{
    auto_page page;
    page_init(&page);
    json_array_end(&page.writer);
}
