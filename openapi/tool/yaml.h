/* yaml.h: the part of YAML that openapi.yaml is written in, as a tree.
 *
 * Block and flow collections, plain, quoted and block scalars, comments. What means different
 * things to different readers is refused with its line: tabs, anchors, tags, directives, documents
 * in a row, duplicate keys, plain words like `yes` and plain dates, octal and sexagesimal numbers.
 * So this reader, a browser's and Python's see the same document, and a mistake stops the build.
 *
 * Ownership: nodes and strings live in the arena. Errors: ERR_INVALID, "line 7: …".
 */
#ifndef DOGSHORE_OPENAPI_TOOL_YAML_H
#define DOGSHORE_OPENAPI_TOOL_YAML_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct json_writer;

enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_NUMBER, YAML_STRING, YAML_LIST, YAML_MAP };

struct yaml {
    enum yaml_kind kind;
    const char *key;  /* of a member of a map */
    const char *text; /* of a scalar: "true", "12", a string's characters */
    struct yaml *first, *last, *next;
};

enum err_code yaml_parse(struct arena *arena, const char *bytes, size_t count, struct yaml **root,
                         struct err *err);
/* NULL if absent or not a map. */
const struct yaml *yaml_member(const struct yaml *map, const char *key);
void yaml_write_json(const struct yaml *node, struct json_writer *writer);

#endif
