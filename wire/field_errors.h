/* field_errors.h: every field error of one request at once (RFC 9457 `errors`).
 * Ownership: strings live in the arena given at init. At most LIMIT_FIELD_ERRORS are kept. */
#ifndef DOGSHORE_WIRE_FIELD_ERRORS_H
#define DOGSHORE_WIRE_FIELD_ERRORS_H

#include "base/err.h"

#include <stddef.h>

struct arena;

struct field_error {
    const char *pointer; /* "#/spec/replicas" (RFC 6901 in a URI fragment) */
    const char *code;   /* stable slug: required, type, range, enum, pattern, length, unknown_field,
                           unsupported, conflict, duplicate, read_only */
    const char *detail; /* names the rule: "must be from 0 to 10000, got -1" */
};

struct field_errors {
    struct arena *arena;
    struct field_error *items;
    size_t count;
    size_t total; /* including those not kept */
};

void field_errors_init(struct field_errors *errors, struct arena *arena);
void field_error_add(struct field_errors *errors, const char *pointer, const char *code,
                     const char *detail_format, ...) __attribute__((format(printf, 4, 5)));
/* ERR_OK when there are none, else ERR_INVALID, which says how many. */
enum err_code field_errors_verdict(const struct field_errors *errors, struct err *err);

#endif
