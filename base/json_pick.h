/* json_pick.h: parts of JSON that was rendered before: a copy with only the members that were asked
 * for.
 *
 * The JSON is our own writer's: valid and without white space, whatever its size; nothing is
 * parsed into memory. An array is what its items are. Members keep their order. */
#ifndef DOGSHORE_BASE_JSON_PICK_H
#define DOGSHORE_BASE_JSON_PICK_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct text;

/* What is wanted of an object: some of its members, each whole or in part. */
struct json_pick {
    const char *name; /* as it is written between quotes, escapes included; NULL = the root */
    size_t name_bytes;
    bool whole;        /* all of the value: `members` don't matter */
    bool keeps_others; /* members that are not named here are copied whole */
    struct json_pick *members, *next;
};

/* The member of that name, made when it is not there yet. */
struct json_pick *json_pick_member(struct arena *arena, struct json_pick *pick, const char *name,
                                   size_t bytes);
/* Appends what `pick` wants of `json`. A value that is no object is copied whole. */
void json_pick_copy(const struct json_pick *pick, const char *json, struct text *out);

#endif
