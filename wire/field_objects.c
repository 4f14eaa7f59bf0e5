/* The kinds of members that are objects themselves, and of fields without a member. */
#include "base/arena.h"
#include "wire/field.h"

#include <string.h>

/* --- embedded and inline ------------------------------------------------------------------- */

static void embedded_decode(struct field_decoder *decoder, const struct field *field,
                            const struct json *json, void *value)
{
    object_decode_members(decoder, field->object, json, value);
}

static void embedded_reset(const struct field *field, void *value)
{
    object_reset(field->object, value);
}

static bool embedded_is_fallback(const struct field *field, const void *value)
{
    return object_is_fallback(field->object, value);
}

static void embedded_render(struct field_renderer *renderer, const struct field *field,
                            const void *value)
{
    json_object_begin(renderer->writer);
    object_render_members(renderer, field->object, value);
    json_object_end(renderer->writer);
}

static void put_reference(struct json_writer *writer, const struct object_type *object)
{
    char reference[128];
    snprintf(reference, sizeof reference, "#/$defs/%s", object->name);
    json_put_string(writer, "$ref", reference);
}

static void reference_schema(struct json_writer *writer, const struct field *field)
{
    if (!field->present && !(field->flags & FIELD_NULLABLE)) {
        put_reference(writer, field->object);
        return;
    }
    json_key(writer, "oneOf");
    json_array_begin(writer);
    json_object_begin(writer);
    put_reference(writer, field->object);
    json_object_end(writer);
    json_object_begin(writer);
    json_put_string(writer, "type", "null");
    json_object_end(writer);
    json_array_end(writer);
}

const struct field_kind field_embedded = {.decode = embedded_decode,
                                          .reset = embedded_reset,
                                          .is_fallback = embedded_is_fallback,
                                          .render = embedded_render,
                                          .schema = reference_schema};

/* Its fields are rendered and described by the object around it. */
const struct field_kind field_inline = {.render = embedded_render, .schema = reference_schema};

/* --- pointer ------------------------------------------------------------------------------- */

static void pointer_decode(struct field_decoder *decoder, const struct field *field,
                           const struct json *json, void *value)
{
    void *object = arena_alloc(decoder->arena, field->object->bytes);
    object_decode_members(decoder, field->object, json, object);
    *(void **)value = object;
}

static void pointer_reset(const struct field *field, void *value)
{
    (void)field;
    *(void **)value = NULL;
}

static bool pointer_is_fallback(const struct field *field, const void *value)
{
    (void)field;
    return *(void *const *)value == NULL;
}

static void pointer_render(struct field_renderer *renderer, const struct field *field,
                           const void *value)
{
    const void *object = *(void *const *)value;
    if (object)
        embedded_render(renderer, field, object);
    else
        json_null(renderer->writer);
}

const struct field_kind field_pointer = {.decode = pointer_decode,
                                         .reset = pointer_reset,
                                         .is_fallback = pointer_is_fallback,
                                         .render = pointer_render,
                                         .schema = reference_schema};

/* --- JSON that was rendered before --------------------------------------------------------- */

static void raw_object_render(struct field_renderer *renderer, const struct field *field,
                              const void *value)
{
    const char *json = *(const char *const *)value;
    (void)field;
    if (json)
        json_raw(renderer->writer, json, strlen(json));
    else
        json_null(renderer->writer);
}

static void raw_object_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "object");
}

const struct field_kind field_raw_object = {.render = raw_object_render,
                                            .schema = raw_object_schema};

/* --- fields without a member --------------------------------------------------------------- */

static void nothing_decode(struct field_decoder *decoder, const struct field *field,
                           const struct json *json, void *value)
{
    (void)decoder;
    (void)field;
    (void)json;
    (void)value;
}

static void for_editors_decode(struct field_decoder *decoder, const struct field *field,
                               const struct json *json, void *value)
{
    (void)field;
    (void)value;
    if (json->type != JSON_STRING) field_fail_type(decoder, json, "a string");
}

static void nothing_reset(const struct field *field, void *value)
{
    (void)field;
    (void)value;
}

static void nothing_render(struct field_renderer *renderer, const struct field *field,
                           const void *value)
{
    (void)field;
    (void)value;
    json_null(renderer->writer);
}

static void empty_list_render(struct field_renderer *renderer, const struct field *field,
                              const void *value)
{
    (void)field;
    (void)value;
    json_array_begin(renderer->writer);
    json_array_end(renderer->writer);
}

static void empty_list_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "array");
    json_put_int(writer, "maxItems", 0);
    json_key(writer, "items");
    json_object_begin(writer);
    json_object_end(writer);
}

/* object_schema() describes unsupported fields by their flag. */
static void any_schema(struct json_writer *writer, const struct field *field)
{
    (void)writer;
    (void)field;
}

/* Not "readOnly": validators refuse such a field in a request, and here it may be sent back. */
static void server_made_schema(struct json_writer *writer, const struct field *field)
{
    (void)field;
    json_put_string(writer, "description", "Made by the server; accepted and ignored here.");
}

const struct field_kind field_empty_list = {.render = empty_list_render,
                                            .schema = empty_list_schema};

const struct field_kind field_reserved = {.decode = nothing_decode,
                                          .reset = nothing_reset,
                                          .render = nothing_render,
                                          .schema = any_schema};

const struct field_kind field_server_made = {.decode = nothing_decode,
                                             .reset = nothing_reset,
                                             .render = nothing_render,
                                             .schema = server_made_schema};

static void for_editors_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "string");
}

const struct field_kind field_for_editors = {.decode = for_editors_decode,
                                             .reset = nothing_reset,
                                             .render = nothing_render,
                                             .schema = for_editors_schema};
