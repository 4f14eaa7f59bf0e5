/* string_rule.h: what a string must look like, as a check with a message and as a pattern. */
#ifndef DOGSHORE_WIRE_STRING_RULE_H
#define DOGSHORE_WIRE_STRING_RULE_H

#include <stdbool.h>
#include <stdint.h>

struct string_rule {
    const char *pattern; /* for the schema; NULL when a pattern cannot say it */
    const char *(*problem)(const char *text); /* NULL when fine, else the rule that is broken */
    int64_t max_bytes;                        /* of rules for keys: how long one may be */
    bool spares_stored; /* younger than documents that are stored: does not judge those */
};

extern const struct string_rule rule_name;        /* DNS label */
extern const struct string_rule rule_label_key;   /* Kubernetes' label keys */
extern const struct string_rule rule_label_value; /* and values */
extern const struct string_rule rule_env_name;
extern const struct string_rule rule_env_value; /* not the masked form */
extern const struct string_rule rule_line;      /* one line of printable characters */
extern const struct string_rule rule_address;   /* host name, IPv4, or IPv6 without brackets */
extern const struct string_rule rule_absolute_path;
extern const struct string_rule rule_request_target; /* path and query of RFC 3986 */
extern const struct string_rule rule_token;          /* [A-Za-z0-9_-] */
extern const struct string_rule rule_signal;

#endif
