#include "wire/string_rule.h"

#include "base/limits.h"
#include "model/selector.h"
#include "model/values.h"
#include "wire/deployment_wire.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define LETTERS_LOWER "abcdefghijklmnopqrstuvwxyz"
#define LETTERS LETTERS_LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"

static const char *env_name_problem(const char *text)
{
    size_t bytes = strspn(text, LETTERS DIGITS "_");
    if (bytes == 0 || text[bytes] != '\0' || strchr(DIGITS, text[0]))
        return "must be letters, digits and '_', and not begin with a digit";
    if (bytes > LIMIT_ENV_NAME_BYTES) return "must be at most 256 characters long";
    return NULL;
}

static const char *env_value_problem(const char *text)
{
    if (env_value_is_masked(text))
        return "is the masked form that read tokens are shown; send the value itself";
    return NULL;
}

static const char *line_problem(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return "must not contain control characters";
    return NULL;
}

/* An endpoint is a word of a line of text, and gets its brackets there. */
static const char *address_problem(const char *text)
{
    if (text[strspn(text, LETTERS DIGITS "._:%-")] != '\0')
        return "must be a host name or an IP address, without brackets and port";
    return NULL;
}

static const char *absolute_path_problem(const char *text)
{
    if (*text != '/') return "must begin with '/'";
    return line_problem(text);
}

/* What a URI cannot carry as it is, of the characters that are on a keyboard. */
static const struct {
    char character;
    const char *problem;
} not_in_targets[] = {
    {' ', "must not contain a space: write %20"}, {'"', "must not contain '\"': write %22"},
    {'#', "must not contain '#': write %23"},     {'<', "must not contain '<': write %3C"},
    {'>', "must not contain '>': write %3E"},     {'[', "must not contain '[': write %5B"},
    {'\\', "must not contain '\\': write %5C"},   {']', "must not contain ']': write %5D"},
    {'^', "must not contain '^': write %5E"},     {'`', "must not contain '`': write %60"},
    {'{', "must not contain '{': write %7B"},     {'|', "must not contain '|': write %7C"},
    {'}', "must not contain '}': write %7D"},
};

static const char *target_character_problem(char character)
{
    for (size_t i = 0; i < sizeof not_in_targets / sizeof *not_in_targets; i++)
        if (character == not_in_targets[i].character) return not_in_targets[i].problem;
    if ((unsigned char)character >= 0x80)
        return "must not contain characters beyond ASCII: write each of their bytes as %XX";
    return "must not contain control characters: write %XX";
}

static const char *request_target_problem(const char *text)
{
    if (*text != '/') return "must begin with '/'";
    while (*text != '\0') {
        text += strspn(text, LETTERS DIGITS "-._~!$&'()*+,;=:@/?");
        if (*text == '\0') break;
        if (*text != '%') return target_character_problem(*text);
        if (strspn(text + 1, HEX_DIGITS) < 2)
            return "must have two hexadecimal digits after each '%': write %25 for itself";
        text += 3;
    }
    return NULL;
}

static const char *token_problem(const char *text)
{
    if (text[strspn(text, LETTERS DIGITS "_-")] != '\0')
        return "must be letters, digits, '_' and '-'";
    return NULL;
}

static const char *signal_problem(const char *text)
{
    static const char *const signals[] = {"SIGTERM", "SIGINT",  "SIGQUIT", "SIGHUP",
                                          "SIGUSR1", "SIGUSR2", "SIGKILL", NULL};
    if (word_find(signals, text) >= 0) return NULL;
    return "must be one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGKILL";
}

const struct string_rule rule_name = {.pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                                      .problem = name_problem,
                                      .max_bytes = LIMIT_NAME_BYTES};

static_assert(LIMIT_LABEL_NAME_BYTES == 63, "the pattern of label keys says {0,61} and two more");

const struct string_rule rule_label_key = {
    .pattern = "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
               "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$",
    .problem = label_key_problem,
    .max_bytes = LIMIT_LABEL_PREFIX_BYTES + 1 + LIMIT_LABEL_NAME_BYTES};

const struct string_rule rule_label_value = {
    .pattern = "^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", .problem = label_value_problem};

const struct string_rule rule_env_name = {.pattern = "^[A-Za-z_][A-Za-z0-9_]*$",
                                          .problem = env_name_problem,
                                          .max_bytes = LIMIT_ENV_NAME_BYTES};

const struct string_rule rule_env_value = {.problem = env_value_problem};

const struct string_rule rule_line = {.pattern = "^[^\\u0000-\\u001f\\u007f]*$",
                                      .problem = line_problem};

const struct string_rule rule_address = {.pattern = "^[A-Za-z0-9._:%-]*$",
                                         .problem = address_problem};

const struct string_rule rule_absolute_path = {.pattern = "^/[^\\u0000-\\u001f\\u007f]*$",
                                               .problem = absolute_path_problem};

const struct string_rule rule_request_target = {
    .pattern = "^/([A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*$",
    .problem = request_target_problem,
    .spares_stored = true};

const struct string_rule rule_token = {.pattern = "^[A-Za-z0-9_-]*$", .problem = token_problem};

const struct string_rule rule_signal = {.pattern = "^SIG(TERM|INT|QUIT|HUP|USR1|USR2|KILL)$",
                                        .problem = signal_problem};
