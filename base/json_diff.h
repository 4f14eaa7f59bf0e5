/* json_diff.h: what differs between two JSON values, field by field.
 *
 * Objects are compared member by member, everything else as a whole. Threads: none. */
#ifndef DOGSHORE_BASE_JSON_DIFF_H
#define DOGSHORE_BASE_JSON_DIFF_H

#include <stdbool.h>

struct arena;
struct json;
struct json_writer;

bool json_equal(const struct json *a, const struct json *b);

/* Writes an array of {pointer, op, from, to}: op is add, remove or replace; `from` or `to` is null
 * where there is none. `base` begins every pointer (RFC 6901), e.g. "/spec". The order is that of
 * the members of `to`, then those that it lacks. */
void json_diff(struct json_writer *writer, struct arena *arena, const char *base,
               const struct json *from, const struct json *to);

/* The pointer to member `key` of what `pointer` points to. */
const char *json_pointer_below(struct arena *arena, const char *pointer, const char *key);

#endif
