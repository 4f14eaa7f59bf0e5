#include "wire/field_path.h"

#include "base/arena.h"
#include "base/text.h"

#include <string.h>

enum { NAMES_MAX = 64 };

enum field_shape field_shape(const struct field *field)
{
    const struct field_kind *kind = field->kind;
    if (field->object != NULL) return SHAPE_OBJECT;
    if (kind == &field_pairs || kind == &field_ports || kind == &field_free_ports) return SHAPE_MAP;
    return kind == &field_raw_object ? SHAPE_ANY : SHAPE_LEAF;
}

static bool is_inline(const struct field *field)
{
    return field->kind == &field_inline;
}

const struct field *object_field(const struct object_type *type, const char *name, size_t bytes)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        const struct field *found = field;
        if (is_inline(field))
            found = object_field(field->object, name, bytes);
        else if (strlen(field->name) != bytes || memcmp(field->name, name, bytes) != 0)
            found = NULL;
        if (found != NULL && !(found->flags & FIELD_HIDDEN)) return found;
    }
    return NULL;
}

static void add_names(const struct object_type *type, const char **names, size_t *count)
{
    for (size_t i = 0; i < type->count && *count < NAMES_MAX; i++) {
        const struct field *field = &type->fields[i];
        if (is_inline(field))
            add_names(field->object, names, count);
        else if (!(field->flags & FIELD_HIDDEN))
            names[(*count)++] = field->name;
    }
}

const char *object_nearest(const struct object_type *type, const char *name)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    add_names(type, names, &count);
    return text_nearest(name, names, count);
}

const char *object_path_to(const struct object_type *type, const char *name, struct arena *arena)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->object == NULL || is_inline(field)) continue;
        if (object_field(field->object, name, strlen(name)) != NULL)
            return arena_printf(arena, "%s.%s", field->name, name);
        const char *below = object_path_to(field->object, name, arena);
        if (below != NULL) return arena_printf(arena, "%s.%s", field->name, below);
    }
    return NULL;
}
