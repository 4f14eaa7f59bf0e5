#include "base/text.h"

#include "base/arena.h"

#include <criterion/criterion.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

Test(text, an_empty_text_is_the_empty_string)
{
    struct text text;
    text_init(&text, NULL);
    cr_assert_str_eq(text_string(&text), "");
    text_clear(&text);
    text_release(&text);
}

Test(text, pieces_are_appended)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    text_add(&text, "replicas=");
    text_add_int(&text, -7);
    text_add_char(&text, ' ');
    text_append(&text, "okay", 2);
    text_printf(&text, " %s:%d", "port", 80);
    cr_assert_str_eq(text_string(&text), "replicas=-7 ok port:80");
    cr_assert_eq(text.length, strlen(text.bytes));
}

Test(text, integers_at_the_borders_are_exact)
{
    struct text text;
    text_init(&text, NULL);
    text_add_int(&text, INT64_MIN);
    text_add_char(&text, ' ');
    text_add_int(&text, INT64_MAX);
    text_add_char(&text, ' ');
    text_add_int(&text, 0);
    cr_assert_str_eq(text_string(&text), "-9223372036854775808 9223372036854775807 0");
    text_release(&text);
}

Test(text, an_address_of_ipv6_is_in_brackets_before_its_port)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    text_add_authority(&text, "node-1.example", 80);
    text_add_char(&text, ' ');
    text_add_authority(&text, "fd00::1", 65535);
    cr_assert_str_eq(text_string(&text), "node-1.example:80 [fd00::1]:65535");
}

static void grow_to_100000(struct arena *arena)
{
    struct text text;
    text_init(&text, arena);
    for (int i = 0; i < 100000; i++)
        text_add_char(&text, (char)('a' + i % 26));
    text_printf(&text, "%*s", 5000, "end");
    cr_assert_eq(text.length, 105000);
    cr_assert_eq(text.bytes[99999], 'a' + 99999 % 26);
    cr_assert_str_eq(text.bytes + 104997, "end");
    text_release(&text);
}

Test(text, it_grows_on_the_heap)
{
    grow_to_100000(NULL);
}

Test(text, it_grows_in_an_arena)
{
    auto_arena arena;
    arena_init(&arena);
    grow_to_100000(&arena);
}

Test(text, clear_keeps_the_room)
{
    struct text text;
    text_init(&text, NULL);
    text_add(&text, "long enough to allocate");
    const char *bytes = text.bytes;
    text_clear(&text);
    cr_assert_str_eq(text_string(&text), "");
    text_add(&text, "x");
    cr_assert_eq(text.bytes, bytes);
    text_release(&text);
    cr_assert_str_eq(text_string(&text), "");
}

Test(text, equal_knows_null)
{
    cr_assert(text_equal("a", "a"));
    cr_assert_not(text_equal("a", "b"));
    cr_assert_not(text_equal("a", NULL));
    cr_assert_not(text_equal(NULL, ""));
    cr_assert(text_equal(NULL, NULL));
}

Test(text, starts_compares_the_whole_prefix)
{
    cr_assert(text_starts("sleep:20", "sleep:"));
    cr_assert(text_starts("x", ""));
    cr_assert_not(text_starts("sle", "sleep:"));
}

static const struct integer_case {
    const char *text;
    int64_t min, max;
    bool ok;
    int64_t value;
} integer_cases[] = {
    {"0", 0, 10, true, 0},
    {"10", 0, 10, true, 10},
    {"11", 0, 10, false, 0},
    {"-1", 0, 10, false, 0},
    {"-5", -5, 5, true, -5},
    {"007", 0, 10, true, 7},
    {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
    {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
    {"9223372036854775808", INT64_MIN, INT64_MAX, false, 0},
    {"99999999999999999999999999", INT64_MIN, INT64_MAX, false, 0},
    {"", 0, 10, false, 0},
    {"-", -10, 10, false, 0},
    {"--1", -10, 10, false, 0},
    {"+1", 0, 10, false, 0},
    {" 1", 0, 10, false, 0},
    {"1 ", 0, 10, false, 0},
    {"1x", 0, 10, false, 0},
    {"0x1", 0, 10, false, 0},
    {"1.0", 0, 10, false, 0},
    {"1e1", 0, 10, false, 0},
};

Test(text, integers_are_whole_strings_within_their_range)
{
    for (size_t i = 0; i < COUNT(integer_cases); i++) {
        const struct integer_case *c = &integer_cases[i];
        int64_t value = 42;
        cr_assert_eq(text_to_int64(c->text, c->min, c->max, &value), c->ok, "\"%s\"", c->text);
        cr_assert_eq(value, c->ok ? c->value : 42, "\"%s\"", c->text);
    }
}

static const char *const field_names[] = {"replicas", "max_surge", "max_unavailable", "port", "env",
                                          "command",  "id"};

static const struct nearest_case {
    const char *word, *nearest;
} nearest_cases[] = {
    {"replcas", "replicas"},
    {"repilcas", "replicas"},
    {"replicsa", "replicas"},
    {"replicas", "replicas"},
    {"maxsurge", "max_surge"},
    {"max_unavailabel", "max_unavailable"},
    {"prot", "port"},
    {"ports", "port"},
    {"evn", "env"},
    {"comand", "command"},
    {"rep", "replicas"},
    {"max_u", "max_unavailable"},
    {"max", NULL},
    {"co", NULL},
    {"labels", NULL},
    {"x", NULL},
    {"", NULL},
    {"zz", NULL},
    {"a_name_that_is_much_longer_than_any_field_of_any_object_of_this_program_is", NULL},
};

Test(text, the_nearest_word_is_suggested_only_when_it_is_near)
{
    for (size_t i = 0; i < COUNT(nearest_cases); i++) {
        const struct nearest_case *c = &nearest_cases[i];
        const char *nearest = text_nearest(c->word, field_names, COUNT(field_names));
        cr_assert(text_equal(nearest, c->nearest), "%s: %s", c->word, nearest ? nearest : "none");
    }
    cr_assert_null(text_nearest("replicas", NULL, 0));
}

Test(text, words_are_joined_with_commas)
{
    auto_arena arena;
    arena_init(&arena);
    cr_assert_str_eq(text_join(&arena, field_names, 3), "replicas, max_surge, max_unavailable");
    cr_assert_str_eq(text_join(&arena, field_names, 0), "");
}

static const struct utf8_case {
    const char *bytes;
    size_t count, valid;
} utf8_cases[] = {
    {"", 0, 0},
    {"abc", 3, 3},
    {"a\0b", 3, 3},
    {"\xc3\xa9", 2, 2},
    {"\xe2\x82\xac", 3, 3},
    {"\xf0\x9f\x9a\xa2", 4, 4},
    {"\xf4\x8f\xbf\xbf", 4, 4},
    {"\xef\xbf\xbf", 3, 3},
    {"ok\x80", 3, 2},                  /* a tail alone */
    {"ok\xc3", 3, 2},                  /* cut short */
    {"ok\xe2\x82", 4, 2},              /* cut short */
    {"ok\xf0\x9f\x9a", 5, 2},          /* cut short */
    {"\xc0\xaf", 2, 0},                /* overlong */
    {"\xc1\xbf", 2, 0},                /* overlong */
    {"\xe0\x9f\xbf", 3, 0},            /* overlong */
    {"\xf0\x8f\xbf\xbf", 4, 0},        /* overlong */
    {"\xed\xa0\x80", 3, 0},            /* surrogate */
    {"\xed\xbf\xbf", 3, 0},            /* surrogate */
    {"\xed\x9f\xbf", 3, 3},            /* the last before them */
    {"\xf4\x90\x80\x80", 4, 0},        /* above U+10FFFF */
    {"\xf5\x80\x80\x80", 4, 0},        /* no such lead */
    {"\xff", 1, 0},                    /* no such lead */
    {"\xe2\x28\xa1", 3, 0},            /* no tail */
    {"\xe2\x82\x28", 3, 0},            /* no tail */
    {"\xf0\x9f\x9a\xa2\xf0\x28", 6, 4} /* the second is broken */
};

Test(text, only_valid_utf8_counts)
{
    for (size_t i = 0; i < COUNT(utf8_cases); i++) {
        const struct utf8_case *c = &utf8_cases[i];
        cr_assert_eq(text_utf8_valid(c->bytes, c->count), c->valid, "case %zu", i);
    }
}

static const struct sanitise_case {
    const char *bytes;
    size_t count, max_bytes;
    const char *clean;
} sanitise_cases[] = {
    {"plain", 5, 100, "plain"},
    {"plain", 5, 3, "pla"},
    {"a\tb\nc", 5, 100, "a\tb\nc"},
    {"\x1b[31mred\r\x7f", 10, 100, "?[31mred??"},
    {"a\0b", 3, 100, "a?b"},
    {"caf\xc3\xa9", 5, 100, "caf\xc3\xa9"},
    {"caf\xc3\xa9", 5, 4, "caf"},
    {"bad\xff\xc3", 5, 100, "bad??"},
    {"\xc2\x9b"
     "31m",
     5, 100, "?31m"},
    {"", 0, 10, ""},
    {"x", 1, 0, ""},
};

Test(text, sanitised_text_is_safe_to_show)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(sanitise_cases); i++) {
        const struct sanitise_case *c = &sanitise_cases[i];
        const char *clean = text_sanitise(&arena, c->bytes, c->count, c->max_bytes);
        cr_assert_str_eq(clean, c->clean, "case %zu: \"%s\"", i, clean);
    }
}
