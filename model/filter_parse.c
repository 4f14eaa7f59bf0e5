/* The parser of ?q=: recursive descent, one function a rule of the grammar in filter.h. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/filter.h"
#include "model/filter_scan.h"

#include <string.h>
#include <strings.h>

struct parser {
    struct arena *arena;
    const struct filter_fields *fields;
    const char *text, *at;
    struct filter_token token; /* the one that is looked at */
    size_t comparisons, depth;
    struct err *err;
};

/* ---- errors ---- */

/* From 1, in characters: continuation bytes of UTF-8 don't count. */
static int position_of(const struct parser *parser, const char *at)
{
    int position = 1;
    for (const char *c = parser->text; c < at; c++)
        position += ((unsigned char)*c & 0xc0) != 0x80;
    return position;
}

static enum err_code fail_at(struct parser *parser, const char *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err_code fail_at(struct parser *parser, const char *at, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *problem = arena_vprintf(parser->arena, format, args);
    va_end(args);
    return err_set(parser->err, ERR_BAD_PARAMETER, "q, at character %d: %s",
                   position_of(parser, at), problem);
}

/* What stands here is not what may stand here. */
static enum err_code fail_expected(struct parser *parser, const char *expected)
{
    const struct filter_token *token = &parser->token;
    if (token->kind == FILTER_TOKEN_BROKEN) return fail_at(parser, token->start, "%s", token->text);
    if (token->kind == FILTER_TOKEN_END)
        return fail_at(parser, token->start, "%s is expected, the text ends", expected);
    return fail_at(parser, token->start, "%s is expected", expected);
}

/* A client's word as it may be shown. */
static const char *shown(struct parser *parser, const char *word)
{
    return text_sanitise(parser->arena, word, strlen(word), 64);
}

static void step(struct parser *parser)
{
    parser->token = filter_scan(parser->arena, &parser->at);
}

static bool accept(struct parser *parser, enum filter_token_kind kind)
{
    if (parser->token.kind != kind) return false;
    step(parser);
    return true;
}

static bool accept_keyword(struct parser *parser, const char *keyword)
{
    if (!filter_token_is(&parser->token, keyword)) return false;
    step(parser);
    return true;
}

/* ---- values ---- */

static bool stands_word(const struct parser *parser)
{
    return parser->token.kind == FILTER_TOKEN_WORD || parser->token.kind == FILTER_TOKEN_QUOTED;
}

static enum err_code read_boolean(struct parser *parser, struct filter_value *value)
{
    bool is_true = filter_token_is(&parser->token, "true");
    if (!is_true && !filter_token_is(&parser->token, "false"))
        return fail_expected(parser, "true or false");
    value->number = is_true ? 1 : 0;
    return ERR_OK;
}

static enum err_code read_integer(struct parser *parser, struct filter_value *value)
{
    if (parser->token.kind == FILTER_TOKEN_WORD &&
        text_to_int64(parser->token.text, INT64_MIN, INT64_MAX, &value->number))
        return ERR_OK;
    return fail_expected(parser, "a whole number");
}

static enum err_code read_time(struct parser *parser, struct filter_value *value)
{
    if (stands_word(parser) && clock_parse_rfc3339(parser->token.text, &value->number))
        return ERR_OK;
    return fail_expected(parser, "a time such as 2026-01-31T09:26:53Z (RFC 3339)");
}

static enum err_code read_known_word(struct parser *parser, const struct filter_field *field,
                                     struct filter_value *value)
{
    if (!stands_word(parser)) return fail_expected(parser, "a word");
    value->text = parser->token.text;
    if (word_find(field->words, value->text) >= 0) return ERR_OK;
    return fail_at(parser, parser->token.start, "%s is never '%s'; %s", field->name,
                   shown(parser, value->text),
                   filter_word_hint(parser->arena, field->words, value->text));
}

/* A label's whole value keeps to the rule for values, a part of one need not. */
static enum err_code read_text(struct parser *parser, const struct filter *filter,
                               struct filter_value *value)
{
    if (!stands_word(parser)) return fail_expected(parser, "a word or a text in double quotes");
    value->text = parser->token.text;
    bool whole = filter->op != FILTER_CONTAINS && filter->op != FILTER_LACKS;
    if (filter->kind != FILTER_LABEL || !whole) return ERR_OK;
    const char *problem = label_value_problem(value->text);
    if (problem == NULL) return ERR_OK;
    return fail_at(parser, parser->token.start, "the value of a label %s", problem);
}

static enum err_code read_typed(struct parser *parser, const struct filter *filter,
                                struct filter_value *value)
{
    if (filter->kind == FILTER_LABEL) return read_text(parser, filter, value);
    const struct filter_field *field = &parser->fields->items[filter->field];
    switch (field->type) {
    case FILTER_TEXT:
        return read_text(parser, filter, value);
    case FILTER_INTEGER:
        return read_integer(parser, value);
    case FILTER_BOOLEAN:
        return read_boolean(parser, value);
    case FILTER_WORD:
        return read_known_word(parser, field, value);
    case FILTER_TIME:
        return read_time(parser, value);
    }
    return ERR_OK;
}

static enum err_code read_value(struct parser *parser, struct filter *filter)
{
    struct filter_value *value = ARENA_NEW(parser->arena, struct filter_value);
    filter->values = value;
    filter->value_count = 1;
    TRY(read_typed(parser, filter, value));
    step(parser);
    return ERR_OK;
}

static enum err_code read_values(struct parser *parser, struct filter *filter)
{
    struct filter_value values[LIMIT_FILTER_VALUES];
    size_t count = 0;
    if (!accept(parser, FILTER_TOKEN_OPEN)) return fail_expected(parser, "'('");
    do {
        if (count == LIMIT_FILTER_VALUES)
            return fail_at(parser, parser->token.start, "a list has at most %d values",
                           LIMIT_FILTER_VALUES);
        values[count] = (struct filter_value){.text = NULL};
        TRY(read_typed(parser, filter, &values[count++]));
        step(parser);
    } while (accept(parser, FILTER_TOKEN_COMMA));
    if (!accept(parser, FILTER_TOKEN_CLOSE)) return fail_expected(parser, "',' or ')'");
    filter->values = arena_copy(parser->arena, values, count * sizeof values[0]);
    filter->value_count = count;
    return ERR_OK;
}

/* ---- comparisons ---- */

enum { OP_EQUALITY = 1, OP_ORDER = 2, OP_SUBSTRING = 4, OP_SET = 8 };

static const struct {
    unsigned ops;
    const char *expected;
} known_operators[] = {
    [FILTER_TEXT] = {OP_EQUALITY | OP_ORDER | OP_SUBSTRING | OP_SET,
                     "one of = != < <= > >= ~ !~ in, not in"},
    [FILTER_INTEGER] = {OP_EQUALITY | OP_ORDER | OP_SET, "one of = != < <= > >= in, not in"},
    [FILTER_BOOLEAN] = {OP_EQUALITY, "= or !="},
    [FILTER_WORD] = {OP_EQUALITY | OP_SET, "one of = != in, not in"},
    [FILTER_TIME] = {OP_EQUALITY | OP_ORDER, "one of = != < <= > >="},
};
static const unsigned label_operators = OP_EQUALITY | OP_SUBSTRING | OP_SET;
static const char label_expected[] = "one of = != ~ !~ in, not in";

static unsigned class_of(enum filter_operator op)
{
    switch (op) {
    case FILTER_EQUAL:
    case FILTER_NOT_EQUAL:
        return OP_EQUALITY;
    case FILTER_BELOW:
    case FILTER_AT_MOST:
    case FILTER_ABOVE:
    case FILTER_AT_LEAST:
        return OP_ORDER;
    case FILTER_CONTAINS:
    case FILTER_LACKS:
        return OP_SUBSTRING;
    case FILTER_IN:
    case FILTER_NOT_IN:
        return OP_SET;
    case FILTER_EXISTS:
    case FILTER_ABSENT:
        break;
    }
    return 0;
}

/* Reads an operator; *found false when there is none. */
static enum err_code read_operator(struct parser *parser, struct filter *filter, bool *found)
{
    const char *start = parser->token.start;
    *found = true;
    if (parser->token.kind == FILTER_TOKEN_OPERATOR) {
        filter->op = parser->token.op;
        step(parser);
    } else if (accept_keyword(parser, "in")) {
        filter->op = FILTER_IN;
    } else if (accept_keyword(parser, "not")) {
        filter->op = FILTER_NOT_IN;
        if (!accept_keyword(parser, "in")) return fail_expected(parser, "'in'");
    } else {
        *found = false;
        return ERR_OK;
    }
    bool is_label = filter->kind == FILTER_LABEL;
    enum filter_type type = is_label ? FILTER_TEXT : parser->fields->items[filter->field].type;
    if ((class_of(filter->op) & (is_label ? label_operators : known_operators[type].ops)) != 0)
        return ERR_OK;
    return fail_at(parser, start, "%s is expected",
                   is_label ? label_expected : known_operators[type].expected);
}

static enum err_code read_operand(struct parser *parser, struct filter *filter)
{
    bool set = class_of(filter->op) == OP_SET;
    return set ? read_values(parser, filter) : read_value(parser, filter);
}

/* The token is a word that starts with "label."; the key may stand in quotes behind the dot. */
static enum err_code read_label_key(struct parser *parser, const char **key)
{
    const char *start = parser->token.start + strlen("label.");
    *key = parser->token.text + strlen("label.");
    step(parser);
    if (**key == '\0') {
        bool adjoins = parser->token.kind == FILTER_TOKEN_QUOTED && parser->token.start == start;
        if (!adjoins) return fail_at(parser, start, "a label key is expected, such as label.team");
        *key = parser->token.text;
        step(parser);
    }
    const char *problem = label_key_problem(*key);
    return problem == NULL ? ERR_OK : fail_at(parser, start, "in a label key %s", problem);
}

static enum err_code read_label(struct parser *parser, struct filter *filter)
{
    bool found;
    filter->kind = FILTER_LABEL;
    TRY(read_label_key(parser, &filter->label));
    TRY(read_operator(parser, filter, &found));
    if (found) return read_operand(parser, filter);
    filter->op = FILTER_EXISTS;
    return ERR_OK;
}

static enum err_code fail_unknown(struct parser *parser)
{
    const char *word = parser->token.text, *start = parser->token.start;
    if (parser->fields->has_labels && text_starts(word, "labels."))
        return fail_at(parser, start, "there is no field '%s'; did you mean 'label.%s'?",
                       shown(parser, word), shown(parser, word + strlen("labels.")));
    const char *nearest = filter_field_nearest(parser->arena, parser->fields, word, false);
    if (nearest != NULL)
        return fail_at(parser, start, "there is no field '%s'; did you mean '%s'?",
                       shown(parser, word), nearest);
    return fail_at(parser, start, "there is no field '%s'; %sknown are %s", shown(parser, word),
                   parser->fields->has_labels ? "a label is written label.KEY; " : "",
                   filter_field_names(parser->arena, parser->fields, false));
}

static enum err_code read_comparison(struct parser *parser, const struct filter **filter)
{
    bool found;
    struct filter *made = ARENA_NEW(parser->arena, struct filter);
    *filter = made;
    if (parser->token.kind != FILTER_TOKEN_WORD) return fail_expected(parser, "a field");
    if (++parser->comparisons > LIMIT_FILTER_COMPARISONS)
        return fail_at(parser, parser->token.start, "q has at most %d comparisons",
                       LIMIT_FILTER_COMPARISONS);
    if (parser->fields->has_labels && text_starts(parser->token.text, "label."))
        return read_label(parser, made);
    int field = filter_field_find(parser->fields, parser->token.text);
    if (field < 0) return fail_unknown(parser);
    made->kind = FILTER_FIELD;
    made->field = (size_t)field;
    step(parser);
    TRY(read_operator(parser, made, &found));
    if (found) return read_operand(parser, made);
    return fail_expected(parser, known_operators[parser->fields->items[field].type].expected);
}

/* ---- and, or, not ---- */

static enum err_code read_or(struct parser *parser, const struct filter **filter);

static enum err_code read_not(struct parser *parser, const struct filter **filter);

static enum err_code read_nested(struct parser *parser, const struct filter **filter)
{
    if (filter_token_is(&parser->token, "not")) return read_not(parser, filter);
    if (!accept(parser, FILTER_TOKEN_OPEN)) return read_comparison(parser, filter);
    TRY(read_or(parser, filter));
    return accept(parser, FILTER_TOKEN_CLOSE) ? ERR_OK
                                              : fail_expected(parser, "'and', 'or' or ')'");
}

static enum err_code read_unary(struct parser *parser, const struct filter **filter)
{
    if (parser->depth == LIMIT_FILTER_DEPTH)
        return fail_at(parser, parser->token.start, "q is nested deeper than %d levels",
                       LIMIT_FILTER_DEPTH);
    parser->depth++;
    TRY(read_nested(parser, filter));
    parser->depth--;
    return ERR_OK;
}

static const struct filter *join(struct parser *parser, enum filter_kind kind,
                                 const struct filter *const *children, size_t count)
{
    if (count == 1 && kind != FILTER_NOT) return children[0];
    struct filter *filter = ARENA_NEW(parser->arena, struct filter);
    *filter = (struct filter){
        .kind = kind,
        .children = arena_copy(parser->arena, children, count * sizeof(const struct filter *)),
        .child_count = count};
    return filter;
}

static enum err_code read_not(struct parser *parser, const struct filter **filter)
{
    const struct filter *negated;
    step(parser);
    TRY(read_unary(parser, &negated));
    *filter = join(parser, FILTER_NOT, &negated, 1);
    return ERR_OK;
}

/* Every child holds a comparison, so there are never more of one than of the other. */
static enum err_code read_and(struct parser *parser, const struct filter **filter)
{
    const struct filter *children[LIMIT_FILTER_COMPARISONS];
    size_t count = 0;
    do
        TRY(read_unary(parser, &children[count++]));
    while (count < LIMIT_FILTER_COMPARISONS && accept_keyword(parser, "and"));
    *filter = join(parser, FILTER_AND, children, count);
    return ERR_OK;
}

static enum err_code read_or(struct parser *parser, const struct filter **filter)
{
    const struct filter *children[LIMIT_FILTER_COMPARISONS];
    size_t count = 0;
    do
        TRY(read_and(parser, &children[count++]));
    while (count < LIMIT_FILTER_COMPARISONS && accept_keyword(parser, "or"));
    *filter = join(parser, FILTER_OR, children, count);
    return ERR_OK;
}

enum err_code filter_parse(struct arena *arena, const char *text,
                           const struct filter_fields *fields, const struct filter **filter,
                           struct err *err)
{
    struct parser parser = {.arena = arena, .fields = fields, .text = text, .at = text, .err = err};
    *filter = NULL;
    step(&parser);
    if (parser.token.kind == FILTER_TOKEN_END) return ERR_OK;
    TRY(read_or(&parser, filter));
    if (parser.token.kind == FILTER_TOKEN_END) return ERR_OK;
    if (parser.comparisons == LIMIT_FILTER_COMPARISONS)
        return fail_at(&parser, parser.token.start, "q has at most %d comparisons",
                       LIMIT_FILTER_COMPARISONS);
    return fail_expected(&parser, "'and', 'or' or the end");
}
