/* look.h: members of a JSON document by path, as "status.rollout.id", with a fallback. Whatever is
 * absent or of another type reads as the fallback: a newer server may send more or less. */
#ifndef DOGSHORE_CLI_LOOK_H
#define DOGSHORE_CLI_LOOK_H

#include "base/json.h"

/* NULL when absent; a member of value null is JSON_NULL. */
const struct json *look(const struct json *object, const char *path);
const char *look_text(const struct json *object, const char *path); /* NULL = absent */
int64_t look_int(const struct json *object, const char *path, int64_t fallback);
bool look_bool(const struct json *object, const char *path);
/* The items of a list document, or of an array. */
size_t look_count(const struct json *list);
const struct json *look_item(const struct json *list, size_t position);

#endif
