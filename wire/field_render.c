/* Rendering: whole objects for answers, and the canonical form for identity and storage. */
#include "base/text.h"
#include "wire/field.h"

static const void *value_of(const struct field *field, const void *object)
{
    return (const char *)object + field->offset;
}

static bool field_left_out(const struct field_renderer *renderer, const struct field *field,
                           const void *value)
{
    if (field->flags & FIELD_HIDDEN) return true;
    if (!renderer->canonical || !field->kind->is_fallback) return false;
    return field->kind->is_fallback(field, value);
}

static void render_member(struct field_renderer *renderer, const struct field *field,
                          const void *value)
{
    if (field_left_out(renderer, field, value)) return;
    json_key(renderer->writer, field->name);
    if (field->present && !field->present(value))
        json_null(renderer->writer);
    else
        field->kind->render(renderer, field, value);
}

void object_render_members(struct field_renderer *renderer, const struct object_type *type,
                           const void *object)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        const void *value = value_of(field, object);
        if (field->kind == &field_inline)
            object_render_members(renderer, field->object, value);
        else
            render_member(renderer, field, value);
    }
}

static void render(struct field_renderer *renderer, const struct object_type *type,
                   const void *object)
{
    json_object_begin(renderer->writer);
    object_render_members(renderer, type, object);
    json_object_end(renderer->writer);
}

void object_render(const struct object_type *type, struct json_writer *writer, const void *object,
                   const uint8_t *mask_key)
{
    struct field_renderer renderer = {.writer = writer, .mask_key = mask_key};
    render(&renderer, type, object);
}

void object_canonical(const struct object_type *type, struct text *text, const void *object)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    struct field_renderer renderer = {.writer = &writer, .canonical = true};
    render(&renderer, type, object);
}

bool object_is_fallback(const struct object_type *type, const void *object)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->flags & FIELD_HIDDEN) continue;
        if (!field->kind->is_fallback) return false;
        if (!field->kind->is_fallback(field, value_of(field, object))) return false;
    }
    return true;
}
