/* One JSON Schema object per table. Requests are closed (unknown fields are errors) and name what
 * must be given; answers name every field, since all are always there. */
#include "base/text.h"
#include "wire/field.h"
#include "wire/schema_rules.h"

#include <stdlib.h>

union plain_value {
    const char *string;
    int64_t number;
    double ratio;
    bool boolean;
    int word;
    struct amount amount;
};

void field_schema_type(struct json_writer *writer, const struct field *field, const char *name)
{
    if (!(field->flags & FIELD_NULLABLE)) {
        json_put_string(writer, "type", name);
        return;
    }
    json_key(writer, "type");
    json_array_begin(writer);
    json_string(writer, name);
    json_string(writer, "null");
    json_array_end(writer);
}

/* Absence means something else than the value (null, or "keep what is there"). */
static bool has_default(const struct field *field)
{
    if (field->kind->bytes == 0) return false;
    if (field->flags & (FIELD_REQUIRED | FIELD_NULLABLE | FIELD_KEPT)) return false;
    if (field->kind == &field_string) return field->fallback_text != NULL;
    return field->kind != &field_int || field->fallback >= field->min;
}

static void put_default(struct json_writer *writer, const struct field *field)
{
    union plain_value value = {0};
    struct field_renderer renderer = {.writer = writer};

    if (!has_default(field)) return;
    field->kind->reset(field, &value);
    json_key(writer, "default");
    field->kind->render(&renderer, field, &value);
}

static void put_field(struct json_writer *writer, const struct object_type *type,
                      const struct field *field)
{
    json_key(writer, field->name);
    json_object_begin(writer);
    if (field->flags & FIELD_UNSUPPORTED) {
        json_put_string(writer, "type", "null");
    } else {
        field->kind->schema(writer, field);
        if (!(type->flags & OBJECT_ANSWER)) put_default(writer, field);
    }
    json_object_end(writer);
}

static void put_fields(struct json_writer *writer, const struct object_type *type)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->kind == &field_inline)
            put_fields(writer, field->object);
        else
            put_field(writer, type, field);
    }
}

static void put_required_names(struct json_writer *writer, const struct object_type *type)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->kind == &field_inline)
            put_required_names(writer, field->object);
        else if ((type->flags & OBJECT_ANSWER) || (field->flags & FIELD_REQUIRED))
            json_string(writer, field->name);
    }
}

static bool has_required(const struct object_type *type)
{
    if (type->flags & OBJECT_ANSWER) return true;
    for (size_t i = 0; i < type->count; i++)
        if (type->fields[i].flags & FIELD_REQUIRED) return true;
    return false;
}

void object_schema(const struct object_type *type, struct json_writer *writer)
{
    json_object_begin(writer);
    json_put_string(writer, "type", "object");
    json_key(writer, "properties");
    json_object_begin(writer);
    put_fields(writer, type);
    json_object_end(writer);
    if (has_required(type)) {
        json_key(writer, "required");
        json_array_begin(writer);
        put_required_names(writer, type);
        json_array_end(writer);
    }
    if (!(type->flags & (OBJECT_ANSWER | OBJECT_OPEN)))
        json_put_bool(writer, "additionalProperties", false);
    if (type->rules) schema_rules_put(type->rules, writer);
    json_object_end(writer);
}
