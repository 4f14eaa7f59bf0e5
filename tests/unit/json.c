#include "base/json.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* A text with its length, so that NULs count. */
#define TEXT(literal) (literal), sizeof(literal) - 1

static struct json *parsed(struct arena *arena, const char *bytes, size_t count)
{
    struct json *root = NULL;
    struct err err;
    enum err_code code = json_parse(arena, bytes, count, &root, &err);
    cr_assert_eq(code, ERR_OK, "%.100s: %s", bytes, code == ERR_OK ? "" : err.detail);
    return root;
}

static const char *rejected(const char *bytes, size_t count, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct json *root = NULL;
    err->detail[0] = '\0';
    enum err_code code = json_parse(&arena, bytes, count, &root, err);
    cr_assert_eq(code, ERR_MALFORMED_JSON, "accepted: %.100s", bytes);
    cr_assert_null(root);
    return err->detail;
}

/* Parses and renders again. */
static const char *rendered(struct arena *arena, const char *bytes, size_t count)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_value(&writer, parsed(arena, bytes, count));
    return text_string(&text);
}

static const struct accept_case {
    const char *bytes;
    size_t count;
    const char *rendered;
} accept_cases[] = {
    {TEXT("null"), "null"},
    {TEXT("true"), "true"},
    {TEXT("false"), "false"},
    {TEXT(" \t\r\n0 \t\r\n"), "0"},
    {TEXT("-0"), "0"},
    {TEXT("-0e1"), "0"},
    {TEXT("-1e-400"), "0"},
    {TEXT("1.5"), "1.5"},
    {TEXT("1E3"), "1e+03"},
    {TEXT("-1.25e-2"), "-0.0125"},
    {TEXT("\"\""), "\"\""},
    {TEXT("\"a\\u00e9\\u20ac\\ud83d\\udea2\""), "\"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x9a\xa2\""},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {TEXT("\"\\u0001\\u001F\x7f\""), "\"\\u0001\\u001f\x7f\""},
    {TEXT("\"\xc3\xa9\xf4\x8f\xbf\xbf\""), "\"\xc3\xa9\xf4\x8f\xbf\xbf\""},
    {TEXT("[]"), "[]"},
    {TEXT("{}"), "{}"},
    {TEXT("[ ]"), "[]"},
    {TEXT("[1 , [2,[3]],{ }]"), "[1,[2,[3]],{}]"},
    {TEXT("{\"a\" : 1, \"A\":2,\"\":[true,null]}"), "{\"a\":1,\"A\":2,\"\":[true,null]}"},
    {TEXT("[{\"a\":1},{\"a\":2},{\"b\":{\"a\":3}}]"), "[{\"a\":1},{\"a\":2},{\"b\":{\"a\":3}}]"},
    {TEXT("{\"\\u0061\\n\":1}"), "{\"a\\n\":1}"},
};

Test(json, what_the_rules_allow_is_accepted)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(accept_cases); i++) {
        const struct accept_case *c = &accept_cases[i];
        cr_assert_str_eq(rendered(&arena, c->bytes, c->count), c->rendered);
    }
}

static const struct reject_case {
    const char *bytes;
    size_t count;
    const char *detail;
} reject_cases[] = {
    {TEXT(""), "line 1 column 1 (byte 0): expected a value, found the end"},
    {TEXT("  \n "), "line 2 column 2 (byte 4): expected a value, found the end"},
    {TEXT("\xef\xbb\xbf{}"), "line 1 column 1 (byte 0): text starts with a byte order mark"},
    {TEXT("{}\0"), "line 1 column 3 (byte 2): expected the end, found byte 0x00"},
    {TEXT("{} {}"), "line 1 column 4 (byte 3): expected the end, found '{'"},
    {TEXT("1 2"), "line 1 column 3 (byte 2): expected the end, found '2'"},
    {TEXT("[1,]"), "line 1 column 4 (byte 3): expected a value, found ']'"},
    {TEXT("[1 2]"), "line 1 column 4 (byte 3): expected ',' or ']', found '2'"},
    {TEXT("[,1]"), "line 1 column 2 (byte 1): expected a value, found ','"},
    {TEXT("[1"), "line 1 column 3 (byte 2): expected ',' or ']', found the end"},
    {TEXT("["), "line 1 column 2 (byte 1): expected a value, found the end"},
    {TEXT("[1}"), "line 1 column 3 (byte 2): expected ',' or ']', found '}'"},
    {TEXT("]"), "line 1 column 1 (byte 0): expected a value, found ']'"},
    {TEXT("{\"a\":1,}"), "line 1 column 8 (byte 7): expected a key in double quotes, found '}'"},
    {TEXT("{a:1}"), "line 1 column 2 (byte 1): expected a key in double quotes, found 'a'"},
    {TEXT("{'a':1}"), "line 1 column 2 (byte 1): expected a key in double quotes, found '''"},
    {TEXT("{1:1}"), "line 1 column 2 (byte 1): expected a key in double quotes, found '1'"},
    {TEXT("{\"a\"}"), "line 1 column 5 (byte 4): expected ':', found '}'"},
    {TEXT("{\"a\":}"), "line 1 column 6 (byte 5): expected a value, found '}'"},
    {TEXT("{\"a\" 1}"), "line 1 column 6 (byte 5): expected ':', found '1'"},
    {TEXT("{\"a\":1"), "line 1 column 7 (byte 6): expected ',' or '}', found the end"},
    {TEXT("{"), "line 1 column 2 (byte 1): expected a key in double quotes, found the end"},
    {TEXT("tru"), "line 1 column 1 (byte 0): expected true"},
    {TEXT("True"), "line 1 column 1 (byte 0): expected a value, found 'T'"},
    {TEXT("nulll"), "line 1 column 5 (byte 4): expected the end, found 'l'"},
    {TEXT("NaN"), "line 1 column 1 (byte 0): expected a value, found 'N'"},
    {TEXT("Infinity"), "line 1 column 1 (byte 0): expected a value, found 'I'"},
    {TEXT("-Infinity"), "line 1 column 2 (byte 1): expected a digit, found 'I'"},
    {TEXT("01"), "line 1 column 1 (byte 0): a number may not start with 0"},
    {TEXT("-01"), "line 1 column 2 (byte 1): a number may not start with 0"},
    {TEXT("+1"), "line 1 column 1 (byte 0): expected a value, found '+'"},
    {TEXT(".5"), "line 1 column 1 (byte 0): expected a value, found '.'"},
    {TEXT("1."), "line 1 column 3 (byte 2): expected a digit after '.', found the end"},
    {TEXT("1.e3"), "line 1 column 3 (byte 2): expected a digit after '.', found 'e'"},
    {TEXT("1e"), "line 1 column 3 (byte 2): expected a digit of the exponent, found the end"},
    {TEXT("1e+"), "line 1 column 4 (byte 3): expected a digit of the exponent, found the end"},
    {TEXT("-"), "line 1 column 2 (byte 1): expected a digit, found the end"},
    {TEXT("0x1"), "line 1 column 2 (byte 1): expected the end, found 'x'"},
    {TEXT("[1e400]"), "line 1 column 2 (byte 1): number is too large"},
    {TEXT("-1e309"), "line 1 column 1 (byte 0): number is too large"},
    {TEXT("\"abc"), "line 1 column 5 (byte 4): string has no end"},
    {TEXT("\"abc\\"), "line 1 column 6 (byte 5): string has no end"},
    {TEXT("\"abc\\\""), "line 1 column 7 (byte 6): string has no end"},
    {TEXT("\"a\nb\""), "line 1 column 3 (byte 2): unescaped control character 0x0a in a string"},
    {TEXT("\"a\tb\""), "line 1 column 3 (byte 2): unescaped control character 0x09 in a string"},
    {TEXT("\"a\0b\""), "line 1 column 3 (byte 2): unescaped control character 0x00 in a string"},
    {TEXT("\"\\x41\""), "line 1 column 2 (byte 1): unknown escape in a string"},
    {TEXT("\"\\'\""), "line 1 column 2 (byte 1): unknown escape in a string"},
    {TEXT("\"\\\0\""), "line 1 column 2 (byte 1): unknown escape in a string"},
    {TEXT("\"\\u12g4\""), "line 1 column 2 (byte 1): \\u needs four hexadecimal digits"},
    {TEXT("\"\\u12"), "line 1 column 2 (byte 1): \\u needs four hexadecimal digits"},
    {TEXT("\"\\u 123\""), "line 1 column 2 (byte 1): \\u needs four hexadecimal digits"},
    {TEXT("\"\\u0000\""), "line 1 column 2 (byte 1): a string may not contain NUL"},
    {TEXT("{\"a\\u0000\":1}"), "line 1 column 4 (byte 3): a string may not contain NUL"},
    {TEXT("\"\\ud800\""), "line 1 column 2 (byte 1): lone surrogate in a string"},
    {TEXT("\"\\udc00\\ud800\""), "line 1 column 2 (byte 1): lone surrogate in a string"},
    {TEXT("\"\\ud800\\u0041\""), "line 1 column 2 (byte 1): lone surrogate in a string"},
    {TEXT("\"\\ud800\\ud800\""), "line 1 column 2 (byte 1): lone surrogate in a string"},
    {TEXT("\"\\ud800x\""), "line 1 column 2 (byte 1): lone surrogate in a string"},
    {TEXT("\"\xff\""), "line 1 column 2 (byte 1): invalid UTF-8 in a string"},
    {TEXT("\"\xc3\""), "line 1 column 2 (byte 1): invalid UTF-8 in a string"},
    {TEXT("\"\xc0\xaf\""), "line 1 column 2 (byte 1): invalid UTF-8 in a string"},
    {TEXT("\"\xed\xa0\x80\""), "line 1 column 2 (byte 1): invalid UTF-8 in a string"},
    {TEXT("\"\xe2\x82"), "line 1 column 2 (byte 1): invalid UTF-8 in a string"},
    {TEXT("\xff"), "line 1 column 1 (byte 0): expected a value, found byte 0xff"},
    {TEXT("[1,\f2]"), "line 1 column 4 (byte 3): expected a value, found byte 0x0c"},
    {TEXT("[1]/**/"), "line 1 column 4 (byte 3): expected the end, found '/'"},
    {TEXT("{\"a\":1,\n \"b\":2,\n  \"a\":3}"), "line 3 column 3 (byte 18): duplicate key \"a\""},
    {TEXT("{\"\xc3\xa9\":1,\"\xc3\xa9\":2}"),
     "line 1 column 8 (byte 8): duplicate key \"\xc3\xa9\""},
    {TEXT("{\"a\":1,\"\\u0061\":3}"), "line 1 column 8 (byte 7): duplicate key \"a\""},
    {TEXT("{\"\xf0\x9f\x9a\xa2\":1,\"\\ud83d\\uDEA2\":3}"),
     "line 1 column 8 (byte 10): duplicate key \"\xf0\x9f\x9a\xa2\""},
    {TEXT("{\"\":1,\"\":3}"), "line 1 column 7 (byte 6): duplicate key \"\""},
    {TEXT("{\"\\n\\u001b\":1,\"\\u000a\\u001b\":3}"),
     "line 1 column 15 (byte 14): duplicate key \"??\""},
    {TEXT("[{\"a\":{\"x\":1,\"x\":1}}]"), "line 1 column 14 (byte 13): duplicate key \"x\""},
};

Test(json, everything_else_is_refused_with_its_position)
{
    for (size_t i = 0; i < COUNT(reject_cases); i++) {
        const struct reject_case *c = &reject_cases[i];
        struct err err;
        cr_assert_str_eq(rejected(c->bytes, c->count, &err), c->detail);
    }
}

static const struct number_case {
    const char *text;
    double number;
    bool is_integer;
    int64_t integer;
} number_cases[] = {
    {"0", 0, true, 0},
    {"-7", -7, true, -7},
    {"9007199254740991", 9007199254740991, true, 9007199254740991},
    {"9007199254740992", 9007199254740992, true, 9007199254740992},
    {"-9007199254740992", -9007199254740992, true, -9007199254740992},
    {"9007199254740993", 9007199254740992, false, 0},
    {"-9007199254740993", -9007199254740992, false, 0},
    {"9223372036854775808", 9223372036854775808.0, false, 0},
    {"123456789012345678901234567890", 123456789012345678901234567890.0, false, 0},
    {"3.0", 3, true, 3},
    {"-3.000", -3, true, -3},
    {"3.5", 3.5, false, 0},
    {"0.99999999999999999999999", 1, false, 0},
    {"3.00000000000000000000001", 3, false, 0},
    {"1e3", 1000, false, 0},
    {"1.0e0", 1, false, 0},
    {"1e-400", 0, false, 0},
    {"1.7976931348623157e308", 1.7976931348623157e308, false, 0},
    {"0.1", 0.1, false, 0},
};

Test(json, numbers_are_exact_up_to_two_to_the_53)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        const struct number_case *c = &number_cases[i];
        const struct json *node = parsed(&arena, c->text, strlen(c->text));
        cr_assert_eq(node->type, JSON_NUMBER);
        cr_assert_eq(node->number, c->number, "%s", c->text);
        cr_assert_eq(node->is_integer, c->is_integer, "%s", c->text);
        cr_assert_eq(node->integer, c->integer, "%s", c->text);
    }
}

Test(json, a_number_may_have_63_characters)
{
    auto_arena arena;
    arena_init(&arena);
    char text[65];
    memset(text, '1', sizeof text);
    text[1] = '.';
    cr_assert_float_eq(parsed(&arena, text, 63)->number, 1.1111111111111111, 1e-15);
    struct err err;
    cr_assert_str_eq(rejected(text, 64, &err),
                     "line 1 column 1 (byte 0): number is longer than 63 characters");
}

Test(json, nodes_carry_keys_strings_and_children)
{
    auto_arena arena;
    arena_init(&arena);
    static const char source[] =
        "{\"name\":\"web\",\"ports\":[80,\"http\",null],\"on\":true,\"spec\":{\"n\":2}}";
    const struct json *root = parsed(&arena, source, sizeof source - 1);
    cr_assert_eq(root->type, JSON_OBJECT);
    cr_assert_null(root->key);
    cr_assert_eq(root->count, 4);
    cr_assert_str_eq(root->children[1].key, "ports");
    const struct json *name = json_member(root, "name");
    cr_assert_str_eq(name->string, "web");
    cr_assert_eq(name->string_bytes, 3);
    const struct json *ports = json_member(root, "ports");
    cr_assert_eq(ports->count, 3);
    cr_assert_eq(ports->children[0].integer, 80);
    cr_assert_null(ports->children[0].key);
    cr_assert_str_eq(ports->children[1].string, "http");
    cr_assert_eq(ports->children[2].type, JSON_NULL);
    cr_assert(json_member(root, "on")->boolean);
    cr_assert_eq(json_member(json_member(root, "spec"), "n")->integer, 2);
    cr_assert_null(json_member(root, "Name"));
    cr_assert_null(json_member(root, "absent"));
    cr_assert_null(json_member(ports, "name"));
    cr_assert_null(json_member(NULL, "name"));
}

Test(json, the_text_need_not_end_with_nul_and_may_go)
{
    auto_arena arena;
    arena_init(&arena);
    static const char source[] = "{\"key\":\"value\",\"n\":12}";
    size_t count = sizeof source - 1;
    char *copy = xmalloc(count);
    memcpy(copy, source, count);
    const struct json *root = parsed(&arena, copy, count);
    memset(copy, 'x', count);
    free(copy);
    cr_assert_str_eq(json_member(root, "key")->string, "value");
    cr_assert_str_eq(root->children[0].key, "key");
}

static const char *nested(struct arena *arena, int depth, const char *open, const char *close)
{
    struct text text;
    text_init(&text, arena);
    for (int i = 0; i < depth; i++)
        text_add(&text, open);
    text_add(&text, "0");
    for (int i = 0; i < depth; i++)
        text_add(&text, close);
    return text_string(&text);
}

Test(json, depth_is_limited)
{
    auto_arena arena;
    arena_init(&arena);
    static const char *const brackets[][2] = {{"[", "]"}, {"{\"k\":", "}"}};
    for (size_t i = 0; i < COUNT(brackets); i++) {
        const char *deepest = nested(&arena, LIMIT_JSON_DEPTH, brackets[i][0], brackets[i][1]);
        parsed(&arena, deepest, strlen(deepest));
        const char *deeper = nested(&arena, LIMIT_JSON_DEPTH + 1, brackets[i][0], brackets[i][1]);
        struct err err;
        rejected(deeper, strlen(deeper), &err);
        cr_assert_not_null(strstr(err.detail, "nested deeper than 32 levels"));
        const char *absurd = nested(&arena, 100000, brackets[i][0], brackets[i][1]);
        rejected(absurd, strlen(absurd), &err);
    }
}

/* "[0,0,…]" with that many values in all. */
static const char *values(struct arena *arena, int count)
{
    struct text text;
    text_init(&text, arena);
    text_add(&text, "[0");
    for (int i = 2; i < count; i++)
        text_add(&text, ",0");
    text_add(&text, "]");
    return text_string(&text);
}

Test(json, the_number_of_values_is_limited)
{
    auto_arena arena;
    arena_init(&arena);
    const char *most = values(&arena, LIMIT_JSON_NODES);
    cr_assert_eq(parsed(&arena, most, strlen(most))->count, LIMIT_JSON_NODES - 1);
    const char *more = values(&arena, LIMIT_JSON_NODES + 1);
    struct err err;
    rejected(more, strlen(more), &err);
    cr_assert_not_null(strstr(err.detail, "more than 200000 values"));
}

/* Quadratic work on any of these would take minutes. */
Test(json, huge_objects_are_read_in_linear_time)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    for (int i = 0; i < LIMIT_JSON_NODES - 2; i++)
        text_printf(&text, "%s\"key-%d\":%d", i == 0 ? "{" : ",", i, i);
    size_t length = text.length;
    text_add(&text, "}");
    const struct json *root = parsed(&arena, text.bytes, text.length);
    cr_assert_eq(root->count, LIMIT_JSON_NODES - 2);
    cr_assert_eq(root->children[77777].integer, 77777);
    text.length = length;
    text_add(&text, ",\"key-100000\":1}");
    struct err err;
    rejected(text.bytes, text.length, &err);
    cr_assert_not_null(strstr(err.detail, "duplicate key \"key-100000\""));
}

Test(json, many_small_objects_may_share_their_keys)
{
    auto_arena arena;
    arena_init(&arena);
    struct text text;
    text_init(&text, &arena);
    for (int i = 0; i < 60000; i++)
        text_add(&text, i == 0 ? "[{\"a\":1,\"b\":2}" : ",{\"a\":1,\"b\":2}");
    text_add(&text, "]");
    cr_assert_eq(parsed(&arena, text.bytes, text.length)->count, 60000);
}

Test(json, a_long_duplicate_key_is_cut_in_the_message)
{
    auto_arena arena;
    arena_init(&arena);
    char key[1001];
    memset(key, 'k', 1000);
    key[1000] = '\0';
    const char *source = arena_printf(&arena, "{\"%s\":1,\"%s\":2}", key, key);
    struct err err;
    rejected(source, strlen(source), &err);
    cr_assert_lt(strlen(err.detail), 150);
}

Test(json, type_names_are_those_of_json)
{
    cr_assert_str_eq(json_type_name(JSON_NULL), "null");
    cr_assert_str_eq(json_type_name(JSON_BOOL), "boolean");
    cr_assert_str_eq(json_type_name(JSON_OBJECT), "object");
}
