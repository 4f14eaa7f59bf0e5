#include "model/selector.h"

#include "base/arena.h"
#include "base/limits.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct pair label_items[] = {{"app/tier", "web"}, {"empty", ""}, {"gpu", "a100"}};
static const struct pairs labels = {label_items, 3};

struct row {
    const char *text;
    bool matches;
};

static const struct row rows[] = {
    {"", true},
    {"  ", true},
    {"gpu", true},
    {"cpu", false},
    {"!gpu", false},
    {"! cpu", true},
    {"gpu=a100", true},
    {"gpu==a100", true},
    {" gpu = a100 ", true},
    {"gpu=h100", false},
    {"gpu!=h100", true},
    {"gpu!=a100", false},
    {"cpu!=x", true},
    {"gpu in (a100,h100)", true},
    {"gpu in ( h100 , a100 )", true},
    {"gpu in(h100)", false},
    {"gpu notin (h100)", true},
    {"gpu notin (a100)", false},
    {"cpu notin (x)", true},
    {"empty=", true},
    {"gpu=", false},
    {"empty in ()", true},
    {"app/tier=web,gpu", true},
    {"app/tier=web,!gpu", false},
    {"in in (a),gpu", false},
    {"gpu,\tempty", true},
};

Test(selector, matches_as_kubernetes_does)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct selector selector;
        struct err err = {0};
        enum err_code code = selector_parse(&arena, rows[i].text, &selector, &err);
        cr_assert_eq(code, ERR_OK, "'%s': %s", rows[i].text, err.detail);
        cr_assert_eq(selector_matches(&selector, &labels), rows[i].matches, "'%s'", rows[i].text);
    }
}

struct bad_row {
    const char *text;
    const char *position;
};

static const struct bad_row bad_rows[] = {
    {",", "character 1:"},       {"a,", "character 3:"},         {"a b", "character 3:"},
    {"=x", "character 1:"},      {"a=-x", "character 3:"},       {"a in b", "character 6:"},
    {"a in (b", "character 7:"}, {"a in (b c)", "character 9:"}, {"a>5", "character 2:"},
    {"a=b=c", "character 4:"},   {"!", "character 2:"},          {"!a=b", "character 3:"},
    {"Ä=b", "character 1:"},     {"a=b)", "character 4:"},
};

Test(selector, names_the_position_of_a_problem)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof bad_rows / sizeof *bad_rows; i++) {
        struct selector selector;
        struct err err = {0};
        enum err_code code = selector_parse(&arena, bad_rows[i].text, &selector, &err);
        cr_assert_eq(code, ERR_BAD_PARAMETER, "'%s'", bad_rows[i].text);
        cr_assert_not_null(strstr(err.detail, bad_rows[i].position), "'%s': %s", bad_rows[i].text,
                           err.detail);
    }
}

static void fill(char *text, const char *piece, size_t count)
{
    size_t bytes = strlen(piece);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * bytes, piece, bytes);
    text[count * bytes] = '\0';
}

Test(selector, the_number_of_terms_is_limited)
{
    auto_arena arena;
    struct selector selector;
    char text[2 * LIMIT_SELECTOR_TERMS + 4];

    arena_init(&arena);
    fill(text, "a,", LIMIT_SELECTOR_TERMS);
    text[2 * LIMIT_SELECTOR_TERMS - 1] = '\0';
    cr_assert_eq(selector_parse(&arena, text, &selector, NULL), ERR_OK);
    cr_assert_eq(selector.count, LIMIT_SELECTOR_TERMS);
    fill(text, "a,", LIMIT_SELECTOR_TERMS + 1);
    cr_assert_eq(selector_parse(&arena, text, &selector, NULL), ERR_BAD_PARAMETER);
}

Test(selector, the_length_is_limited)
{
    auto_arena arena;
    struct selector selector;
    char text[LIMIT_SELECTOR_BYTES + 2];

    arena_init(&arena);
    fill(text, " ", LIMIT_SELECTOR_BYTES);
    cr_assert_eq(selector_parse(&arena, text, &selector, NULL), ERR_OK);
    fill(text, " ", LIMIT_SELECTOR_BYTES + 1);
    cr_assert_eq(selector_parse(&arena, text, &selector, NULL), ERR_BAD_PARAMETER);
}
