/* The syntax of names, label keys and label values (RFC 1123 and Kubernetes' label rules). */
#include "base/limits.h"
#include "model/selector.h"

#include <stdbool.h>
#include <string.h>

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* The name part of a key, or a whole value: [A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])? */
static bool is_label_word(const char *text, size_t bytes)
{
    if (bytes == 0) return false;
    if (!is_letter_or_digit(text[0]) || !is_letter_or_digit(text[bytes - 1])) return false;
    for (size_t i = 0; i < bytes; i++)
        if (!is_letter_or_digit(text[i]) && !strchr("-_.", text[i])) return false;
    return true;
}

static bool is_dns_label(const char *text, size_t bytes)
{
    if (bytes == 0) return false;
    if (!is_lower_or_digit(text[0]) || !is_lower_or_digit(text[bytes - 1])) return false;
    for (size_t i = 0; i < bytes; i++)
        if (!is_lower_or_digit(text[i]) && text[i] != '-') return false;
    return true;
}

static bool is_dns_subdomain(const char *text, size_t bytes)
{
    const char *end = text + bytes;
    while (true) {
        const char *dot = memchr(text, '.', (size_t)(end - text));
        const char *label_end = dot ? dot : end;
        if (!is_dns_label(text, (size_t)(label_end - text))) return false;
        if (!dot) return true;
        text = dot + 1;
    }
}

static const char *label_prefix_problem(const char *prefix, size_t bytes)
{
    if (bytes > LIMIT_LABEL_PREFIX_BYTES) return "the prefix must be at most 253 characters long";
    if (!is_dns_subdomain(prefix, bytes))
        return "the prefix must be a DNS name: lower-case letters, digits, '-' and '.'";
    return NULL;
}

const char *label_key_problem(const char *key)
{
    const char *slash = strchr(key, '/');
    const char *name = slash ? slash + 1 : key;
    size_t name_bytes = strlen(name);

    if (slash) {
        const char *problem = label_prefix_problem(key, (size_t)(slash - key));
        if (problem) return problem;
    }
    if (name_bytes == 0) return "the name must not be empty";
    if (name_bytes > LIMIT_LABEL_NAME_BYTES) return "the name must be at most 63 characters long";
    if (!is_label_word(name, name_bytes))
        return "the name must be letters, digits, '-', '_' and '.', "
               "with a letter or digit at both ends";
    return NULL;
}

const char *label_value_problem(const char *value)
{
    size_t bytes = strlen(value);
    if (bytes == 0) return NULL;
    if (bytes > LIMIT_LABEL_VALUE_BYTES) return "must be at most 63 characters long";
    if (!is_label_word(value, bytes))
        return "must be letters, digits, '-', '_' and '.', with a letter or digit at both ends";
    return NULL;
}

const char *name_problem(const char *name)
{
    size_t bytes = strlen(name);
    if (bytes == 0) return "must not be empty";
    if (bytes > LIMIT_NAME_BYTES) return "must be at most 63 characters long";
    if (!is_dns_label(name, bytes))
        return "must be lower-case letters, digits and '-', with a letter or digit at both ends";
    return NULL;
}
