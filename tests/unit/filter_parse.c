/* The language of ?q=: what is accepted and what tree it makes, what is refused and where. */
#include "base/arena.h"
#include "base/text.h"
#include "model/filter.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static const char *const states[] = {"pending", "running", "failed", NULL};
static const struct filter_field items[] = {
    {"name", NULL, FILTER_TEXT, NULL, true},
    {"state", "status.state", FILTER_WORD, states, true},
    {"replicas", "spec.replicas", FILTER_INTEGER, NULL, true},
    {"paused", "", FILTER_BOOLEAN, NULL, false},
    {"updated_at", NULL, FILTER_TIME, NULL, true},
};
static const struct filter_fields fields = {items, sizeof items / sizeof items[0], true};
static const struct filter_fields unlabelled = {items, sizeof items / sizeof items[0], false};

/* ---- trees as text ---- */

static const char *const operators[] = {
    [FILTER_EQUAL] = "=",      [FILTER_NOT_EQUAL] = "!=",  [FILTER_BELOW] = "<",
    [FILTER_AT_MOST] = "<=",   [FILTER_ABOVE] = ">",       [FILTER_AT_LEAST] = ">=",
    [FILTER_CONTAINS] = "~",   [FILTER_LACKS] = "!~",      [FILTER_IN] = "in",
    [FILTER_NOT_IN] = "notin", [FILTER_EXISTS] = "exists", [FILTER_ABSENT] = "absent",
};

static void print(struct text *text, const struct filter *filter);

static void print_children(struct text *text, const char *word, const struct filter *filter)
{
    text_printf(text, "(%s", word);
    for (size_t i = 0; i < filter->child_count; i++) {
        text_add_char(text, ' ');
        print(text, filter->children[i]);
    }
    text_add_char(text, ')');
}

static void print_comparison(struct text *text, const struct filter *filter)
{
    bool label = filter->kind == FILTER_LABEL;
    text_printf(text, "[%s%s %s", label ? "label." : "",
                label ? filter->label : items[filter->field].name, operators[filter->op]);
    for (size_t i = 0; i < filter->value_count; i++) {
        const struct filter_value *value = &filter->values[i];
        if (value->text != NULL)
            text_printf(text, " '%s'", value->text);
        else
            text_printf(text, " %" PRId64, value->number);
    }
    text_add_char(text, ']');
}

static void print(struct text *text, const struct filter *filter)
{
    switch (filter->kind) {
    case FILTER_AND:
        print_children(text, "and", filter);
        break;
    case FILTER_OR:
        print_children(text, "or", filter);
        break;
    case FILTER_NOT:
        print_children(text, "not", filter);
        break;
    case FILTER_FIELD:
    case FILTER_LABEL:
        print_comparison(text, filter);
        break;
    }
}

static const char *printed(struct arena *arena, const struct filter *filter)
{
    struct text text;
    text_init(&text, arena);
    if (filter != NULL) print(&text, filter);
    return text_string(&text);
}

/* ---- what is accepted ---- */

static const struct {
    const char *text, *tree;
} rows[] = {
    {"", ""},
    {" \t ", ""},
    {"name = web", "[name = 'web']"},
    {"name=web", "[name = 'web']"},
    {"name = \"web\"", "[name = 'web']"},
    {"name = \"a \\\"b\\\" \\\\ c\"", "[name = 'a \"b\" \\ c']"},
    {"name = \"\"", "[name = '']"},
    {"name = and", "[name = 'and']"},
    {"name = 5", "[name = '5']"},
    {"name != web", "[name != 'web']"},
    {"name ~ \"%_'\"", "[name ~ '%_'']"},
    {"name !~ x", "[name !~ 'x']"},
    {"name < b", "[name < 'b']"},
    {"name <= b", "[name <= 'b']"},
    {"name > b", "[name > 'b']"},
    {"name>=b", "[name >= 'b']"},
    {"name = gpu/a100.x-1", "[name = 'gpu/a100.x-1']"},
    {"state = running", "[state = 'running']"},
    {"state = \"running\"", "[state = 'running']"},
    {"state in (running, failed)", "[state in 'running' 'failed']"},
    {"state not in (running)", "[state notin 'running']"},
    {"state NOT IN(running,failed)", "[state notin 'running' 'failed']"},
    {"replicas >= 3", "[replicas >= 3]"},
    {"replicas = -9223372036854775808", "[replicas = -9223372036854775808]"},
    {"replicas in (1,2 , 3)", "[replicas in 1 2 3]"},
    {"paused = true", "[paused = 1]"},
    {"paused != FALSE", "[paused != 0]"},
    {"updated_at > 1970-01-01T00:00:01Z", "[updated_at > 1000]"},
    {"updated_at > \"1970-01-01T01:00:00.5+01:00\"", "[updated_at > 500]"},
    {"updated_at <= 2026-01-31t09:26:53.589z", "[updated_at <= 1769851613589]"},
    {"label.team", "[label.team exists]"},
    {"label.team = ml", "[label.team = 'ml']"},
    {"label.team = \"\"", "[label.team = '']"},
    {"label.team ~ \"m \"", "[label.team ~ 'm ']"},
    {"label.team in (ml, web)", "[label.team in 'ml' 'web']"},
    {"label.team not in (ml)", "[label.team notin 'ml']"},
    {"label.example.com/k != v", "[label.example.com/k != 'v']"},
    {"label.\"example.com/k\" = v", "[label.example.com/k = 'v']"},
    {"not label.team", "(not [label.team exists])"},
    {"not not label.team", "(not (not [label.team exists]))"},
    {"name = a and name = b and name = c", "(and [name = 'a'] [name = 'b'] [name = 'c'])"},
    {"name = a or name = b AND name = c", "(or [name = 'a'] (and [name = 'b'] [name = 'c']))"},
    {"(name = a or name = b) and name = c", "(and (or [name = 'a'] [name = 'b']) [name = 'c'])"},
    {"not name = a and name = b", "(and (not [name = 'a']) [name = 'b'])"},
    {"not (name = a and name = b)", "(not (and [name = 'a'] [name = 'b']))"},
    {"((name = a))", "[name = 'a']"},
    {"state = failed and label.team in (ml, web) and replicas >= 3 and not name ~ \"canary\"",
     "(and [state = 'failed'] [label.team in 'ml' 'web'] [replicas >= 3] (not [name ~ "
     "'canary']))"},
};

Test(filter_parse, reads_what_the_grammar_has)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct filter *filter;
        struct err err = {.code = ERR_OK};
        enum err_code code = filter_parse(&arena, rows[i].text, &fields, &filter, &err);
        cr_assert_eq(code, ERR_OK, "'%s': %s", rows[i].text, err.detail);
        cr_expect_str_eq(printed(&arena, filter), rows[i].tree, "'%s'", rows[i].text);
    }
}

/* ---- what is refused ---- */

static const struct {
    const char *text;
    int position;
    const char *words;
} bad_rows[] = {
    {"name", 5, "one of = != < <= > >= ~ !~ in, not in is expected, the text ends"},
    {"name web", 6, "one of ="},
    {"name = ", 8, "a word or a text in double quotes is expected, the text ends"},
    {"= web", 1, "a field is expected"},
    {"nam = web", 1, "there is no field 'nam'; did you mean 'name'?"},
    {"name = a and stat = x", 14, "did you mean 'state'?"},
    {"status.state = x", 1, "there is no field 'status.state'; did you mean 'state'?"},
    {"labels.team = x", 1, "there is no field 'labels.team'; did you mean 'label.team'?"},
    {"team = ml", 1, "there is no field 'team'; a label is written label.KEY; known are name, "},
    {"\"name\" = web", 1, "a field is expected"},
    {"name == web", 6, "'=' is expected, not '=='"},
    {"label.team == web", 12, "'=' is expected, not '=='"},
    {"name = 'web'", 8, "text is put in double quotes, not in single ones"},
    {"state = 'running'", 9, "text is put in double quotes"},
    {"label.team = 'web'", 14, "text is put in double quotes"},
    {"name in ('web')", 10, "text is put in double quotes"},
    {"repl = 1", 1, "there is no field 'repl'; did you mean 'replicas'?"},
    {"name = a b", 10, "'and', 'or' or the end is expected"},
    {"name = a and", 13, "a field is expected, the text ends"},
    {"name = a or or", 13, "there is no field 'or'"},
    {"(name = a", 10, "'and', 'or' or ')' is expected, the text ends"},
    {"name = a)", 9, "'and', 'or' or the end"},
    {"()", 2, "a field is expected"},
    {"not", 4, "a field is expected, the text ends"},
    {"name = \"web", 8, "the closing '\"' is missing"},
    {"name = \"w\\eb\"", 10, "a backslash stands before"},
    {"name = \"w\\", 10, "a backslash stands before"},
    {"name ! web", 6, "'!=' or '!~' is expected"},
    {"n\xc3\xa4me = web", 1, "there is no field"},
    {"name = \xc3\xa4 or nam = b", 13, "there is no field 'nam'"},
    {"state = runing", 9, "state is never 'runing'; did you mean 'running'?"},
    {"state = quite", 9, "state is never 'quite'; known are "},
    {"state ~ run", 7, "one of = != in, not in is expected"},
    {"state < run", 7, "one of = != in, not in is expected"},
    {"state in running", 10, "'(' is expected"},
    {"state in ()", 11, "a word is expected"},
    {"state in (running", 18, "',' or ')' is expected, the text ends"},
    {"state in (running,)", 19, "a word is expected"},
    {"state not (running)", 11, "'in' is expected"},
    {"replicas = three", 12, "a whole number is expected"},
    {"replicas = \"3\"", 12, "a whole number is expected"},
    {"replicas = 3.5", 12, "a whole number is expected"},
    {"replicas = 9223372036854775808", 12, "a whole number is expected"},
    {"replicas ~ 3", 10, "one of = != < <= > >= in, not in is expected"},
    {"paused = yes", 10, "true or false is expected"},
    {"paused > true", 8, "= or != is expected"},
    {"paused", 7, "= or != is expected"},
    {"updated_at > yesterday", 14, "a time such as 2026-01-31T09:26:53Z"},
    {"updated_at > 2026-02-29T00:00:00Z", 14, "a time such as"},
    {"updated_at > 2026-01-31", 14, "a time such as"},
    {"updated_at in (2026-01-31T09:26:53Z)", 12, "one of = != < <= > >= is expected"},
    {"label.", 7, "a label key is expected"},
    {"label. \"k\"", 7, "a label key is expected"},
    {"label.\"\" = x", 7, "in a label key the name must not be empty"},
    {"label.a/b/c", 7, "in a label key"},
    {"label.team < x", 12, "one of = != ~ !~ in, not in is expected"},
    {"label.team = \"a b\"", 14, "the value of a label must be letters"},
};

static int position_in(const char *detail)
{
    int position = 0;
    sscanf(detail, "q, at character %d:", &position);
    return position;
}

Test(filter_parse, says_where_it_is_wrong_and_what_was_expected)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
        const struct filter *filter;
        struct err err = {.code = ERR_OK};
        enum err_code code = filter_parse(&arena, bad_rows[i].text, &fields, &filter, &err);
        cr_assert_eq(code, ERR_BAD_PARAMETER, "'%s'", bad_rows[i].text);
        cr_expect_eq(position_in(err.detail), bad_rows[i].position, "'%s': %s", bad_rows[i].text,
                     err.detail);
        cr_expect_not_null(strstr(err.detail, bad_rows[i].words), "'%s': %s", bad_rows[i].text,
                           err.detail);
    }
}

Test(filter_parse, knows_labels_only_where_there_are_some)
{
    auto_arena arena;
    arena_init(&arena);
    const struct filter *filter;
    struct err err;
    cr_assert_eq(filter_parse(&arena, "label.team = ml", &unlabelled, &filter, &err),
                 ERR_BAD_PARAMETER);
    cr_expect_not_null(strstr(err.detail, "there is no field 'label.team'"), "%s", err.detail);
}

/* ---- limits ---- */

static const char *repeated(struct arena *arena, const char *first, const char *piece, int times,
                            const char *last)
{
    struct text text;
    text_init(&text, arena);
    text_add(&text, first);
    for (int i = 0; i < times; i++)
        text_add(&text, piece);
    text_add(&text, last);
    return text_string(&text);
}

static enum err_code parse(struct arena *arena, const char *text, struct err *err)
{
    const struct filter *filter;
    return filter_parse(arena, text, &fields, &filter, err);
}

Test(filter_parse, has_limits)
{
    auto_arena arena;
    arena_init(&arena);
    struct err err;
    const char *most = repeated(&arena, "name = a", " and name = a", 63, "");
    cr_expect_eq(parse(&arena, most, &err), ERR_OK);
    const char *more = repeated(&arena, "name = a", " or name = a", 64, "");
    cr_expect_eq(parse(&arena, more, &err), ERR_BAD_PARAMETER);
    cr_expect_not_null(strstr(err.detail, "at most 64 comparisons"), "%s", err.detail);
    more = repeated(&arena, "(name = a", " and name = a", 64, ") or name = b");
    cr_expect_eq(parse(&arena, more, &err), ERR_BAD_PARAMETER);
    cr_expect_eq(parse(&arena, repeated(&arena, "", "not ", 15, "name = a"), &err), ERR_OK);
    cr_expect_eq(parse(&arena, repeated(&arena, "", "(", 2000, ""), &err), ERR_BAD_PARAMETER);
    cr_expect_not_null(strstr(err.detail, "at character 17: q is nested deeper than 16 levels"),
                       "%s", err.detail);
    cr_expect_eq(parse(&arena, repeated(&arena, "replicas in (1", ", 1", 63, ")"), &err), ERR_OK);
    cr_expect_eq(parse(&arena, repeated(&arena, "replicas in (1", ", 1", 64, ")"), &err),
                 ERR_BAD_PARAMETER);
    cr_expect_not_null(strstr(err.detail, "a list has at most 64 values"), "%s", err.detail);
}

/* ---- texts that attack ---- */

static const char *const attacks[] = {
    "name = '; DROP TABLE deployments; --",
    "name = \"'; DROP TABLE deployments; --\"",
    "name = \"x\" OR 1=1",
    "1=1",
    "name = x; SELECT 1",
    "name = \"a\" union select * from tokens",
    "name) = 1 --",
    "name = `x`",
    "name = ?1",
    "name = \"%n%s%d\"",
    "state = \"running' or '1'='1\"",
    "label.\"k' or 1=1\" = x",
    "label.k]; = x",
    "/* name */ = x",
    "name = x -- and",
    "name in (select id from tokens)",
    "\xf0\x9f\x92\xa9 = \xf0\x9f\x92\xa9",
};

/* A text is a value or an error, never anything else. */
Test(filter_parse, attacks_are_values_or_errors)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        struct err err = {.code = ERR_OK};
        enum err_code code = parse(&arena, attacks[i], &err);
        cr_expect(code == ERR_OK || code == ERR_BAD_PARAMETER, "'%s': %s", attacks[i], err.detail);
        cr_expect(code == ERR_OK || position_in(err.detail) > 0, "%s", err.detail);
    }
    const struct filter *filter;
    struct err err;
    cr_assert_eq(filter_parse(&arena, attacks[1], &fields, &filter, &err), ERR_OK);
    cr_expect_str_eq(filter->values[0].text, "'; DROP TABLE deployments; --");
}

/* ---- the other makers ---- */

static const struct {
    const char *selector, *tree;
} selectors[] = {
    {"", ""},
    {"a", "(and [label.a exists])"},
    {"a,!b,c=d", "(and [label.a exists] [label.b absent] [label.c = 'd'])"},
    {"a!=b,c in (d,e),f notin (g,h),i in (j)",
     "(and [label.a != 'b'] [label.c in 'd' 'e'] [label.f notin 'g' 'h'] [label.i = 'j'])"},
};

Test(filter_parse, a_selector_is_a_filter)
{
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof selectors / sizeof selectors[0]; i++) {
        struct selector selector;
        struct err err;
        cr_assert_eq(selector_parse(&arena, selectors[i].selector, &selector, &err), ERR_OK);
        cr_expect_str_eq(printed(&arena, filter_of_selector(&arena, &selector)), selectors[i].tree);
    }
}

Test(filter_parse, words_are_a_filter)
{
    auto_arena arena;
    arena_init(&arena);
    const struct filter *filter;
    struct err err;
    cr_assert_eq(filter_of_words(&arena, "state", "failed", &fields, 1, &filter, &err), ERR_OK);
    cr_expect_str_eq(printed(&arena, filter), "[state = 'failed']");
    cr_assert_eq(filter_of_words(&arena, "state", "failed,running", &fields, 1, &filter, &err),
                 ERR_OK);
    cr_expect_str_eq(printed(&arena, filter), "[state in 'failed' 'running']");
    static const char *const bad[] = {"", "failed,", ",failed", "fail", "failed, running"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_eq(filter_of_words(&arena, "state", bad[i], &fields, 1, &filter, &err),
                     ERR_BAD_PARAMETER, "'%s'", bad[i]);
    const char *many = repeated(&arena, "failed", ",failed", 64, "");
    cr_expect_eq(filter_of_words(&arena, "state", many, &fields, 1, &filter, &err),
                 ERR_BAD_PARAMETER);
    cr_expect_eq(filter_of_words(&arena, "state", "faild", &fields, 1, &filter, &err),
                 ERR_BAD_PARAMETER);
    cr_expect_not_null(strstr(err.detail, "did you mean 'failed'?"), "%s", err.detail);
}

Test(filter_parse, two_conditions_are_joined_and_none_is_left_out)
{
    auto_arena arena;
    arena_init(&arena);
    const struct filter *a, *b;
    struct err err;
    cr_assert_eq(filter_parse(&arena, "name = a", &fields, &a, &err), ERR_OK);
    cr_assert_eq(filter_parse(&arena, "name = b", &fields, &b, &err), ERR_OK);
    cr_expect_eq(filter_and(&arena, a, NULL), a);
    cr_expect_eq(filter_and(&arena, NULL, b), b);
    cr_expect_null(filter_and(&arena, NULL, NULL));
    cr_expect_str_eq(printed(&arena, filter_and(&arena, a, b)), "(and [name = 'a'] [name = 'b'])");
}
