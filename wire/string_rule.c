#include "wire/string_rule.h"

#include "base/limits.h"
#include "model/selector.h"
#include "model/values.h"
#include "wire/deployment_wire.h"

#include <stddef.h>
#include <string.h>

#define LETTERS_LOWER "abcdefghijklmnopqrstuvwxyz"
#define LETTERS LETTERS_LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

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

const struct string_rule rule_name = {"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", name_problem};

const struct string_rule rule_label_key = {
    "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
    label_key_problem};

const struct string_rule rule_label_value = {"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
                                             label_value_problem};

const struct string_rule rule_env_name = {"^[A-Za-z_][A-Za-z0-9_]*$", env_name_problem};

const struct string_rule rule_env_value = {NULL, env_value_problem};

const struct string_rule rule_line = {"^[^\\u0000-\\u001f\\u007f]*$", line_problem};

const struct string_rule rule_address = {"^[A-Za-z0-9._:%-]*$", address_problem};

const struct string_rule rule_absolute_path = {"^/[^\\u0000-\\u001f\\u007f]*$",
                                               absolute_path_problem};

const struct string_rule rule_token = {"^[A-Za-z0-9_-]*$", token_problem};

const struct string_rule rule_signal = {"^SIG(TERM|INT|QUIT|HUP|USR1|USR2|KILL)$", signal_problem};
