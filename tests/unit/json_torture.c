/* Random texts against the JSON reader: whatever the scan accepts, the parser behind it reads the
 * same way, and rendering it is a fixed point. A failure prints the seed and the text. */
#include "base/arena.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROUNDS = 30000, MUTATIONS_MAX = 4 };

static const char *const scalars[] = {"null",
                                      "true",
                                      "false",
                                      "0",
                                      "-0",
                                      "1",
                                      "-1.5e3",
                                      "1e308",
                                      "1e-320",
                                      "9007199254740993",
                                      "0.1",
                                      "12345678901234567890",
                                      "\"\"",
                                      "\"a\"",
                                      "\"\\u00e9\"",
                                      "\"\\ud83d\\udea2\"",
                                      "\"\xc3\xa9\"",
                                      "\"\\n\\\"\\\\\"",
                                      "\"\xf0\x9f\x9a\xa2\"",
                                      "1.000",
                                      "\"\\u0061\\/\"",
                                      "\"0123456789\""};

static const char *const fragments[] = {
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\u0000",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "e400",
    "1e999",
    "01",
    ".",
    "-",
    "+",
    "E",
    "\x00",
    "\x1f",
    "\xff",
    "\xc3",
    "\xed\xa0\x80",
    "\xef\xbb\xbf",
    "\n",
    " ",
    "NaN",
    "//",
    "nul",
    "\"a\":1,",
    "00000000000000000000000000000000000000000000000000000000000000000000",
    "\x7f",
    "\v",
    "'"};

static void add_value(struct text *text, struct rng *rng, unsigned depth);

static void add_space(struct text *text, struct rng *rng)
{
    static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r\n"};
    text_add(text, spaces[rng_below(rng, sizeof spaces / sizeof *spaces)]);
}

static void add_container(struct text *text, struct rng *rng, unsigned depth)
{
    bool object = rng_below(rng, 2) == 0;
    uint64_t count = rng_below(rng, 5);
    text_add_char(text, object ? '{' : '[');
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) text_add_char(text, ',');
        add_space(text, rng);
        if (object) text_printf(text, "\"k%d\":", (int)rng_below(rng, 40));
        add_value(text, rng, depth + 1);
        add_space(text, rng);
    }
    text_add_char(text, object ? '}' : ']');
}

static void add_value(struct text *text, struct rng *rng, unsigned depth)
{
    if (depth < 5 && rng_below(rng, 3) > 0) {
        add_container(text, rng, depth);
        return;
    }
    text_add(text, scalars[rng_below(rng, sizeof scalars / sizeof *scalars)]);
}

/* Replaces a few bytes at a random place by a nasty fragment, a random byte or nothing. */
static void mutate(struct text *text, struct rng *rng)
{
    struct text changed;
    text_init(&changed, text->arena);
    size_t at = rng_below(rng, text->length + 1);
    size_t removed = rng_below(rng, 4);
    if (removed > text->length - at) removed = text->length - at;
    text_append(&changed, text->bytes, at);
    switch (rng_below(rng, 3)) {
    case 0:
        text_add(&changed, fragments[rng_below(rng, sizeof fragments / sizeof *fragments)]);
        break;
    case 1:
        text_add_char(&changed, (char)rng_below(rng, 256));
        break;
    }
    text_append(&changed, text->bytes + at + removed, text->length - at - removed);
    *text = changed;
}

static const char *render(struct arena *arena, const struct json *root, size_t *length)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_value(&writer, root);
    *length = text.length;
    return text_string(&text);
}

/* True if the text was accepted. */
static bool check(struct arena *arena, const char *bytes, size_t count, uint64_t seed)
{
    char *exact = xmalloc(count); /* so that a read beyond the text is caught */
    if (count > 0) memcpy(exact, bytes, count);
    struct json *root = NULL, *again = NULL;
    struct err err;
    enum err_code code = json_parse(arena, exact, count, &root, &err);
    free(exact);
    cr_assert(code == ERR_OK || code == ERR_MALFORMED_JSON, "seed %llu: %s: %s",
              (unsigned long long)seed, err.detail, bytes);
    if (code != ERR_OK) return false;
    size_t first_length, second_length;
    const char *first = render(arena, root, &first_length);
    code = json_parse(arena, first, first_length, &again, &err);
    cr_assert_eq(code, ERR_OK, "seed %llu: %s", (unsigned long long)seed, first);
    const char *second = render(arena, again, &second_length);
    cr_assert_str_eq(first, second, "seed %llu", (unsigned long long)seed);
    return true;
}

Test(json_torture, scan_and_parser_agree_on_random_texts)
{
    auto_arena arena;
    arena_init(&arena);
    unsigned accepted = 0, refused = 0;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        arena_reset(&arena);
        struct rng rng;
        struct text text;
        rng_seed(&rng, seed);
        text_init(&text, &arena);
        add_value(&text, &rng, 0);
        for (uint64_t i = rng_below(&rng, MUTATIONS_MAX + 1); i > 0; i--)
            mutate(&text, &rng);
        if (check(&arena, text_string(&text), text.length, seed))
            accepted++;
        else
            refused++;
    }
    cr_assert(accepted > ROUNDS / 10 && refused > ROUNDS / 10, "%u %u", accepted, refused);
}

Test(json_torture, every_prefix_of_a_text_is_refused_or_read_alike)
{
    static const char source[] =
        "{\"a\":[1,-2.5e+3,true,null],\"\\ud83d\\udea2\":{\"\xc3\xa9\":\"\\n\"}}";
    auto_arena arena;
    arena_init(&arena);
    for (size_t count = 0; count < sizeof source; count++)
        cr_assert_eq(check(&arena, source, count, count), count == sizeof source - 1);
}

Test(json_torture, every_single_byte_change_is_refused_or_read_alike)
{
    static const char source[] = "{\"a\":[1,-2.5e+3,true],\"\\u00e9\":\"\\n\xc3\xa9\"}";
    char text[sizeof source];
    auto_arena arena;
    arena_init(&arena);
    for (size_t at = 0; at < sizeof source - 1; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            arena_reset(&arena);
            memcpy(text, source, sizeof text);
            text[at] = (char)byte;
            check(&arena, text, sizeof source - 1, at * 256 + byte);
        }
}
