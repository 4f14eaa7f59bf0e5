/* target.h: the raw request target, read strictly.
 *
 * The path is split at '/' before it is decoded, so that an encoded slash can't move a boundary.
 * Refused with ERR_BAD_REQUEST, never repaired: anything but an absolute path, empty and dot
 * segments (encoded or not), bad escapes, encoded backslashes, control characters and whatever is
 * not UTF-8 after decoding. An encoded slash is noted: few routes know what to do with it.
 * Ownership: everything lives in the given arena.
 */
#ifndef DOGSHORE_API_TARGET_H
#define DOGSHORE_API_TARGET_H

#include "api/request.h"

struct target {
    const char **segments; /* decoded; none for "/" */
    size_t segment_count;
    bool has_encoded_slash;       /* in a segment */
    struct parameter *parameters; /* decoded, in the order of the query; '+' is a space */
    size_t parameter_count;
};

enum err_code target_parse(struct arena *arena, const char *raw, struct target *target,
                           struct err *err);
/* Appends `string` with all but RFC 3986's unreserved characters percent-encoded. */
void target_encode(struct text *text, const char *string);

#endif
