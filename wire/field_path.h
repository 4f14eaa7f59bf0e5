/* field_path.h: what the names in an object's JSON lead to, as its field table says: for clients
 * that name a part of it ("status.state"). */
#ifndef DOGSHORE_WIRE_FIELD_PATH_H
#define DOGSHORE_WIRE_FIELD_PATH_H

#include "wire/field.h"

struct arena;

enum field_shape {
    SHAPE_LEAF,   /* a value, or a list of values */
    SHAPE_OBJECT, /* field->object, or a list of those; maybe null */
    SHAPE_MAP,    /* any key */
    SHAPE_ANY     /* whatever JSON is there */
};
enum field_shape field_shape(const struct field *field);

/* The field that is shown under that name, also of an inline object; NULL = there is none. */
const struct field *object_field(const struct object_type *type, const char *name, size_t bytes);
/* The nearest known name of this very object, or NULL. */
const char *object_nearest(const struct object_type *type, const char *name);
/* The dotted path of the first field further down that has exactly this name, or NULL. */
const char *object_path_to(const struct object_type *type, const char *name, struct arena *arena);

#endif
