/* The label selector's parser: recursive descent over one line of text.
 *
 *   selector = [ term { "," term } ]
 *   term     = "!" key | key [ ( "=" | "==" | "!=" ) value | ( "in" | "notin" ) "(" values ")" ]
 *   values   = value { "," value }          spaces are free between tokens
 */
#include "model/selector.h"

#include "base/arena.h"
#include "base/limits.h"

#include <string.h>

struct parser {
    struct arena *arena;
    const char *text;
    const char *at;
    struct err *err;
};

static enum err_code fail_at(struct parser *parser, const char *at, const char *problem)
{
    return err_set(parser->err, ERR_BAD_PARAMETER, "selector, at character %td: %s",
                   at - parser->text + 1, problem);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_spaces(struct parser *parser)
{
    while (is_space(*parser->at))
        parser->at++;
}

static bool accept(struct parser *parser, const char *token)
{
    size_t bytes = strlen(token);
    skip_spaces(parser);
    if (strncmp(parser->at, token, bytes) != 0) return false;
    parser->at += bytes;
    return true;
}

/* A run of characters that are neither space nor punctuation; may be empty. */
static const char *read_word(struct parser *parser)
{
    skip_spaces(parser);
    size_t bytes = strcspn(parser->at, " \t,()=!<>");
    const char *word = arena_strndup(parser->arena, parser->at, bytes);
    parser->at += bytes;
    return word;
}

static enum err_code read_key(struct parser *parser, const char **key)
{
    skip_spaces(parser);
    const char *start = parser->at;
    *key = read_word(parser);
    if (**key == '\0') return fail_at(parser, start, "a label key is expected");
    const char *problem = label_key_problem(*key);
    return problem ? fail_at(parser, start, problem) : ERR_OK;
}

static enum err_code read_value(struct parser *parser, const char **value)
{
    skip_spaces(parser);
    const char *start = parser->at;
    *value = read_word(parser);
    const char *problem = label_value_problem(*value);
    return problem ? fail_at(parser, start, problem) : ERR_OK;
}

static enum err_code read_one_value(struct parser *parser, struct strings *values)
{
    values->items = ARENA_NEW(parser->arena, const char *);
    values->count = 1;
    return read_value(parser, &values->items[0]);
}

static size_t count_commas(const char *text, const char *end)
{
    size_t count = 0;
    for (; text < end; text++)
        count += *text == ',';
    return count;
}

static enum err_code read_value_list(struct parser *parser, struct strings *values)
{
    if (!accept(parser, "(")) return fail_at(parser, parser->at, "'(' is expected");
    const char *end = strchr(parser->at, ')');
    if (!end) return fail_at(parser, parser->at, "')' is missing");

    size_t capacity = count_commas(parser->at, end) + 1;
    values->items = ARENA_ARRAY(parser->arena, const char *, capacity);
    do {
        TRY(read_value(parser, &values->items[values->count]));
        values->count++;
    } while (accept(parser, ","));
    if (!accept(parser, ")")) return fail_at(parser, parser->at, "',' or ')' is expected");
    return ERR_OK;
}

static bool at_term_end(struct parser *parser)
{
    skip_spaces(parser);
    return *parser->at == '\0' || *parser->at == ',';
}

static enum err_code read_set_operator(struct parser *parser, struct selector_term *term)
{
    const char *start = parser->at;
    const char *word = read_word(parser);
    if (strcmp(word, "in") == 0)
        term->op = SELECTOR_IN;
    else if (strcmp(word, "notin") == 0)
        term->op = SELECTOR_NOT_IN;
    else
        return fail_at(parser, start, "'=', '==', '!=', 'in', 'notin' or ',' is expected");
    return read_value_list(parser, &term->values);
}

static enum err_code read_term(struct parser *parser, struct selector_term *term)
{
    if (accept(parser, "!")) {
        term->op = SELECTOR_ABSENT;
        return read_key(parser, &term->key);
    }
    TRY(read_key(parser, &term->key));
    term->op = SELECTOR_EXISTS;
    if (at_term_end(parser)) return ERR_OK;
    if (accept(parser, "!=")) {
        term->op = SELECTOR_NOT_IN;
        return read_one_value(parser, &term->values);
    }
    if (accept(parser, "==") || accept(parser, "=")) {
        term->op = SELECTOR_IN;
        return read_one_value(parser, &term->values);
    }
    return read_set_operator(parser, term);
}

static enum err_code read_terms(struct parser *parser, struct selector *selector)
{
    do {
        if (selector->count == LIMIT_SELECTOR_TERMS)
            return err_set(parser->err, ERR_BAD_PARAMETER, "selector has more than %d terms",
                           LIMIT_SELECTOR_TERMS);
        TRY(read_term(parser, &selector->terms[selector->count]));
        selector->count++;
        if (!at_term_end(parser)) return fail_at(parser, parser->at, "',' is expected");
    } while (accept(parser, ","));
    return ERR_OK;
}

enum err_code selector_parse(struct arena *arena, const char *text, struct selector *selector,
                             struct err *err)
{
    struct parser parser = {.arena = arena, .text = text, .at = text, .err = err};
    size_t bytes = strlen(text);

    *selector = (struct selector){0};
    if (bytes > LIMIT_SELECTOR_BYTES)
        return err_set(err, ERR_BAD_PARAMETER, "selector is longer than %d bytes",
                       LIMIT_SELECTOR_BYTES);
    skip_spaces(&parser);
    if (*parser.at == '\0') return ERR_OK;
    size_t most = count_commas(text, text + bytes) + 1;
    if (most > LIMIT_SELECTOR_TERMS) most = LIMIT_SELECTOR_TERMS;
    selector->terms = ARENA_ARRAY(arena, struct selector_term, most);
    return read_terms(&parser, selector);
}

static bool contains(const struct strings *values, const char *value)
{
    for (size_t i = 0; i < values->count; i++)
        if (strcmp(values->items[i], value) == 0) return true;
    return false;
}

static bool term_matches(const struct selector_term *term, const char *value)
{
    switch (term->op) {
    case SELECTOR_EXISTS:
        return value != NULL;
    case SELECTOR_ABSENT:
        return value == NULL;
    case SELECTOR_IN:
        return value && contains(&term->values, value);
    case SELECTOR_NOT_IN:
        return !value || !contains(&term->values, value);
    }
    return false;
}

bool selector_matches(const struct selector *selector, const struct pairs *labels)
{
    for (size_t i = 0; i < selector->count; i++) {
        const struct selector_term *term = &selector->terms[i];
        if (!term_matches(term, pairs_get(labels, term->key))) return false;
    }
    return true;
}
