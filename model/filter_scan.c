#include "model/filter_scan.h"

#include "base/arena.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *sign;
    enum filter_operator op;
} operators[] = {
    {"!=", FILTER_NOT_EQUAL}, {"!~", FILTER_LACKS}, {"<=", FILTER_AT_MOST}, {">=", FILTER_AT_LEAST},
    {"=", FILTER_EQUAL},      {"<", FILTER_BELOW},  {">", FILTER_ABOVE},    {"~", FILTER_CONTAINS},
};

static struct filter_token sign(const char **at, enum filter_token_kind kind)
{
    struct filter_token token = {.kind = kind, .start = *at};
    *at += 1;
    return token;
}

static struct filter_token broken(const char *start, const char *why)
{
    return (struct filter_token){.kind = FILTER_TOKEN_BROKEN, .start = start, .text = why};
}

static struct filter_token scan_operator(const char **at)
{
    if (text_starts(*at, "==")) return broken(*at, "'=' is expected, not '=='");
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (!text_starts(*at, operators[i].sign)) continue;
        struct filter_token token = {
            .kind = FILTER_TOKEN_OPERATOR, .start = *at, .op = operators[i].op};
        *at += strlen(operators[i].sign);
        return token;
    }
    return broken(*at, "'!=' or '!~' is expected");
}

static struct filter_token scan_quoted(struct arena *arena, const char **at)
{
    const char *start = *at, *from = *at + 1;
    char *out = arena_alloc(arena, strlen(from) + 1);
    size_t count = 0;
    for (; *from != '"'; from++) {
        if (*from == '\0') return broken(start, "the closing '\"' is missing");
        if (*from == '\\' && *++from != '"' && *from != '\\')
            return broken(from - 1, "a backslash stands before '\"' or '\\' only");
        out[count++] = *from;
    }
    *at = from + 1;
    return (struct filter_token){.kind = FILTER_TOKEN_QUOTED, .start = start, .text = out};
}

struct filter_token filter_scan(struct arena *arena, const char **at)
{
    *at += strspn(*at, " \t");
    switch (**at) {
    case '\0':
        return (struct filter_token){.kind = FILTER_TOKEN_END, .start = *at};
    case '(':
        return sign(at, FILTER_TOKEN_OPEN);
    case ')':
        return sign(at, FILTER_TOKEN_CLOSE);
    case ',':
        return sign(at, FILTER_TOKEN_COMMA);
    case '"':
        return scan_quoted(arena, at);
    case '\'':
        return broken(*at, "text is put in double quotes, not in single ones");
    default:
        break;
    }
    if (strchr("=!<>~", **at) != NULL) return scan_operator(at);
    const char *start = *at;
    size_t bytes = strcspn(start, " \t(),=!<>~\"");
    *at += bytes;
    return (struct filter_token){
        .kind = FILTER_TOKEN_WORD, .start = start, .text = arena_strndup(arena, start, bytes)};
}

bool filter_token_is(const struct filter_token *token, const char *keyword)
{
    return token->kind == FILTER_TOKEN_WORD && strcasecmp(token->text, keyword) == 0;
}
