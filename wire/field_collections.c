/* The kinds of members that hold several values: lists, maps, objects within objects. */
#include "base/arena.h"
#include "wire/env_mask.h"
#include "wire/field.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool check_count(struct field_decoder *decoder, const struct field *field,
                        const struct json *json)
{
    int64_t count = (int64_t)json->count;
    if (count >= field->min && count <= field->max) return true;
    if (count == 0)
        field_fail(decoder, "length", "must not be empty");
    else
        field_fail(decoder, "length", "must have at most %" PRId64 " entries, got %" PRId64,
                   field->max, count);
    return false;
}

static void put_string_rule(struct json_writer *writer, const char *key,
                            const struct string_rule *rule, int64_t max_bytes)
{
    json_key(writer, key);
    json_object_begin(writer);
    json_put_string(writer, "type", "string");
    if (max_bytes > 0) json_put_int(writer, "maxLength", max_bytes);
    if (rule && rule->pattern) json_put_string(writer, "pattern", rule->pattern);
    json_object_end(writer);
}

/* --- strings ------------------------------------------------------------------------------- */

static void string_item_decode(struct field_decoder *decoder, const struct field *field,
                               const struct json *json, const char **item)
{
    *item = "";
    if (json->type != JSON_STRING)
        field_fail_type(decoder, json, "a string");
    else if (field_check_string(decoder, json->string, 0, field->item_bytes, field->rule))
        *item = json->string;
}

static void strings_decode(struct field_decoder *decoder, const struct field *field,
                           const struct json *json, void *value)
{
    struct strings *strings = value;
    struct field_path step;

    if (json->type != JSON_ARRAY) {
        field_fail_type(decoder, json, "an array");
        return;
    }
    if (!check_count(decoder, field, json)) return;
    strings->items = ARENA_ARRAY(decoder->arena, const char *, json->count);
    strings->count = json->count;
    for (size_t i = 0; i < json->count; i++) {
        field_enter(decoder, &step, NULL, i);
        string_item_decode(decoder, field, &json->children[i], &strings->items[i]);
        field_leave(decoder);
    }
}

static void strings_reset(const struct field *field, void *value)
{
    (void)field;
    *(struct strings *)value = (struct strings){0};
}

static bool strings_is_fallback(const struct field *field, const void *value)
{
    (void)field;
    return ((const struct strings *)value)->count == 0;
}

static void strings_render(struct field_renderer *renderer, const struct field *field,
                           const void *value)
{
    const struct strings *strings = value;
    (void)field;
    json_array_begin(renderer->writer);
    for (size_t i = 0; i < strings->count; i++)
        json_string(renderer->writer, strings->items[i]);
    json_array_end(renderer->writer);
}

static void strings_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "array");
    put_string_rule(writer, "items", field->rule, field->item_bytes);
    if (field->min > 0) json_put_int(writer, "minItems", field->min);
    if (field->max > 0) json_put_int(writer, "maxItems", field->max);
}

const struct field_kind field_strings = {.decode = strings_decode,
                                         .reset = strings_reset,
                                         .is_fallback = strings_is_fallback,
                                         .render = strings_render,
                                         .schema = strings_schema};

/* --- pairs --------------------------------------------------------------------------------- */

static void check_key(struct field_decoder *decoder, const struct field *field, const char *key)
{
    const char *problem = field->key_rule ? field->key_rule->problem(key) : NULL;
    if (problem) field_fail(decoder, "pattern", "key: %s", problem);
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static void pairs_decode(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *value)
{
    struct pairs *pairs = value;
    struct field_path step;

    if (json->type != JSON_OBJECT) {
        field_fail_type(decoder, json, "an object");
        return;
    }
    if (!check_count(decoder, field, json)) return;
    pairs->items = ARENA_ARRAY(decoder->arena, struct pair, json->count);
    pairs->count = json->count;
    for (size_t i = 0; i < json->count; i++) {
        const struct json *child = &json->children[i];
        pairs->items[i].key = child->key;
        field_enter(decoder, &step, child->key, 0);
        check_key(decoder, field, child->key);
        string_item_decode(decoder, field, child, &pairs->items[i].value);
        field_leave(decoder);
    }
    if (pairs->count > 1) qsort(pairs->items, pairs->count, sizeof *pairs->items, compare_pairs);
}

static void pairs_reset(const struct field *field, void *value)
{
    (void)field;
    *(struct pairs *)value = (struct pairs){0};
}

static bool pairs_is_fallback(const struct field *field, const void *value)
{
    (void)field;
    return ((const struct pairs *)value)->count == 0;
}

static void pairs_render(struct field_renderer *renderer, const struct field *field,
                         const void *value)
{
    const struct pairs *pairs = value;
    bool masked = (field->flags & FIELD_SECRET) && renderer->mask_key;
    char mask[ENV_MASK_BYTES];

    json_object_begin(renderer->writer);
    for (size_t i = 0; i < pairs->count; i++) {
        const char *shown = pairs->items[i].value;
        if (masked) shown = env_value_mask(renderer->mask_key, shown, mask);
        json_put_string(renderer->writer, pairs->items[i].key, shown);
    }
    json_object_end(renderer->writer);
}

static void put_key_rule(struct json_writer *writer, const struct string_rule *rule)
{
    if (!rule) return;
    json_key(writer, "propertyNames");
    json_object_begin(writer);
    json_put_int(writer, "maxLength", rule->max_bytes);
    json_put_string(writer, "pattern", rule->pattern);
    json_object_end(writer);
}

static void pairs_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "object");
    if (field->max > 0) json_put_int(writer, "maxProperties", field->max);
    put_key_rule(writer, field->key_rule);
    put_string_rule(writer, "additionalProperties", field->rule, field->item_bytes);
}

const struct field_kind field_pairs = {.decode = pairs_decode,
                                       .reset = pairs_reset,
                                       .is_fallback = pairs_is_fallback,
                                       .render = pairs_render,
                                       .schema = pairs_schema};

/* --- ports --------------------------------------------------------------------------------- */

enum { PORT_MAX = 65535 };

static int compare_ports(const void *a, const void *b)
{
    return strcmp(((const struct port *)a)->name, ((const struct port *)b)->name);
}

static void port_number_decode(struct field_decoder *decoder, const struct json *json, bool free,
                               int64_t *number)
{
    static const struct field any_port = {.name = "port", .min = 0, .max = PORT_MAX};
    static const struct field real_port = {.name = "port", .min = 1, .max = PORT_MAX};

    field_int.decode(decoder, free ? &any_port : &real_port, json, number);
    if (!free || *number == 0) return;
    field_fail(decoder, "unsupported",
               "fixed ports are not supported by this version; 0 lets the agent pick one");
    *number = 0;
}

static void ports_decode_as(struct field_decoder *decoder, const struct field *field,
                            const struct json *json, struct ports *ports, bool free)
{
    struct field_path step;

    if (json->type != JSON_OBJECT) {
        field_fail_type(decoder, json, "an object");
        return;
    }
    if (!check_count(decoder, field, json)) return;
    ports->items = ARENA_ARRAY(decoder->arena, struct port, json->count);
    ports->count = json->count;
    for (size_t i = 0; i < json->count; i++) {
        const struct json *child = &json->children[i];
        ports->items[i].name = child->key;
        field_enter(decoder, &step, child->key, 0);
        check_key(decoder, field, child->key);
        port_number_decode(decoder, child, free, &ports->items[i].number);
        field_leave(decoder);
    }
    if (ports->count > 1) qsort(ports->items, ports->count, sizeof *ports->items, compare_ports);
}

static void ports_decode(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *value)
{
    ports_decode_as(decoder, field, json, value, false);
}

static void free_ports_decode(struct field_decoder *decoder, const struct field *field,
                              const struct json *json, void *value)
{
    ports_decode_as(decoder, field, json, value, true);
}

static void ports_reset(const struct field *field, void *value)
{
    (void)field;
    *(struct ports *)value = (struct ports){0};
}

static bool ports_is_fallback(const struct field *field, const void *value)
{
    (void)field;
    return ((const struct ports *)value)->count == 0;
}

static void ports_render(struct field_renderer *renderer, const struct field *field,
                         const void *value)
{
    const struct ports *ports = value;
    (void)field;
    json_object_begin(renderer->writer);
    for (size_t i = 0; i < ports->count; i++)
        json_put_int(renderer->writer, ports->items[i].name, ports->items[i].number);
    json_object_end(renderer->writer);
}

static void ports_schema_as(struct json_writer *writer, const struct field *field, int64_t min,
                            int64_t max)
{
    field_schema_type(writer, field, "object");
    if (field->max > 0) json_put_int(writer, "maxProperties", field->max);
    put_key_rule(writer, field->key_rule);
    json_key(writer, "additionalProperties");
    json_object_begin(writer);
    json_put_string(writer, "type", "integer");
    json_put_int(writer, "minimum", min);
    json_put_int(writer, "maximum", max);
    json_object_end(writer);
}

static void ports_schema(struct json_writer *writer, const struct field *field)
{
    ports_schema_as(writer, field, 1, PORT_MAX);
}

static void free_ports_schema(struct json_writer *writer, const struct field *field)
{
    ports_schema_as(writer, field, 0, 0);
}

const struct field_kind field_ports = {.decode = ports_decode,
                                       .reset = ports_reset,
                                       .is_fallback = ports_is_fallback,
                                       .render = ports_render,
                                       .schema = ports_schema};

const struct field_kind field_free_ports = {.decode = free_ports_decode,
                                            .reset = ports_reset,
                                            .is_fallback = ports_is_fallback,
                                            .render = ports_render,
                                            .schema = free_ports_schema};

/* --- objects ------------------------------------------------------------------------------- */

/* How each list of items is laid out: a pointer to the first and how many there are. */
struct object_list {
    const void *items;
    size_t count;
};

static void objects_render(struct field_renderer *renderer, const struct field *field,
                           const void *value)
{
    struct object_list list;
    memcpy(&list, value, sizeof list);
    json_array_begin(renderer->writer);
    for (size_t i = 0; i < list.count; i++) {
        json_object_begin(renderer->writer);
        object_render_members(renderer, field->object,
                              (const char *)list.items + i * field->object->bytes);
        json_object_end(renderer->writer);
    }
    json_array_end(renderer->writer);
}

static void objects_schema(struct json_writer *writer, const struct field *field)
{
    char reference[128];
    snprintf(reference, sizeof reference, "#/$defs/%s", field->object->name);
    field_schema_type(writer, field, "array");
    json_key(writer, "items");
    json_object_begin(writer);
    json_put_string(writer, "$ref", reference);
    json_object_end(writer);
}

const struct field_kind field_objects = {.render = objects_render, .schema = objects_schema};
