/* json.h: strict JSON in, our own writer out; the only home of cJSON.
 *
 * Reading: the text is first scanned by the strict rules of RFC 8259 plus I-JSON (RFC 7493): valid
 * UTF-8, no BOM, no NUL even escaped, no raw control characters, no duplicate keys, no lone
 * surrogates, one value, numbers finite and at most 63 characters, depth <= LIMIT_JSON_DEPTH,
 * values <= LIMIT_JSON_NODES; then parsed into nodes that live in the arena. Errors read "line 3
 * column 7 (byte 41): …": lines and columns (characters) from 1, bytes from 0. Writing: 64-bit
 * integers are exact; invalid UTF-8 becomes U+FFFD, so that what is written parses. Keys are in the
 * order written; commas are the writer's business.
 */
#ifndef DOGSHORE_BASE_JSON_H
#define DOGSHORE_BASE_JSON_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct text;

#define JSON_INTEGER_MAX (INT64_C(1) << 53) /* integers that every reader agrees on */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_type type;
    const char *key; /* member name within an object, else NULL */
    bool boolean;
    double number;
    /* Written without exponent, with no fraction but zeros, and |n| <= 2^53. */
    bool is_integer;
    int64_t integer; /* valid if is_integer */
    const char *string;
    size_t string_bytes;
    struct json *children; /* contiguous array of `count` */
    size_t count;
};

enum err_code json_parse(struct arena *arena, const char *bytes, size_t count, struct json **root,
                         struct err *err);
/* Exact, case-sensitive; NULL if absent or not an object. */
const struct json *json_member(const struct json *object, const char *key);
/* The string of a member, "" when there is none. */
const char *json_member_text(const struct json *object, const char *key);
const char *json_type_name(enum json_type type); /* "null", "boolean", … with no article */
/* What a merge patch (RFC 7396) makes of the target; NULL counts as an empty object. Shares nodes
 * with both. */
const struct json *json_merge(struct arena *arena, const struct json *target,
                              const struct json *patch);

enum { JSON_WRITER_DEPTH_MAX = 40 };

struct json_writer {
    struct text *text;
    unsigned depth;
    bool need_comma[JSON_WRITER_DEPTH_MAX];
    bool after_key;
};

void json_writer_init(struct json_writer *writer, struct text *text);
void json_object_begin(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *key);
void json_string(struct json_writer *writer, const char *value); /* NULL writes null */
void json_string_bytes(struct json_writer *writer, const char *bytes, size_t count);
void json_int(struct json_writer *writer, int64_t value);
void json_double(struct json_writer *writer,
                 double value); /* shortest that round-trips; NaN: null */
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
void json_raw(struct json_writer *writer, const char *json, size_t count); /* rendered before */
void json_value(struct json_writer *writer, const struct json *value);     /* re-render a node */

/* key + value in one call. */
void json_put_string(struct json_writer *writer, const char *key, const char *value);
void json_put_int(struct json_writer *writer, const char *key, int64_t value);
void json_put_bool(struct json_writer *writer, const char *key, bool value);
void json_put_null(struct json_writer *writer, const char *key);
/* null unless `has`. */
void json_put_optional_int(struct json_writer *writer, const char *key, bool has, int64_t value);

#endif
