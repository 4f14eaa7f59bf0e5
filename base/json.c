/* json.c: the reader half of json.h. Three steps: the strict scan, cJSON, and a copy into nodes
 * whose children lie side by side in the arena. */
#include "base/json.h"

#include "base/arena.h"
#include "base/json_scan.h"

#include <assert.h>
#include <cjson/cJSON.h>

struct converter {
    struct arena *arena;
    const struct json_scan *scan;
    size_t next_number; /* numbers are met in the order of the text */
    size_t nodes;
};

static const char *const type_names[] = {
    [JSON_NULL] = "null",     [JSON_BOOL] = "boolean", [JSON_NUMBER] = "number",
    [JSON_STRING] = "string", [JSON_ARRAY] = "array",  [JSON_OBJECT] = "object",
};

const char *json_type_name(enum json_type type)
{
    return type_names[type];
}

static void convert(struct converter *converter, const cJSON *from, struct json *to);

static void convert_number(struct converter *converter, const cJSON *from, struct json *to)
{
    assert(converter->next_number < converter->scan->number_count);
    const struct json_scan_number *number = &converter->scan->numbers[converter->next_number++];
    assert(number->number == from->valuedouble);
    to->type = JSON_NUMBER;
    to->number = number->number;
    to->is_integer = number->is_integer;
    to->integer = number->integer;
}

static void convert_string(struct converter *converter, const cJSON *from, struct json *to)
{
    to->type = JSON_STRING;
    to->string_bytes = strlen(from->valuestring);
    to->string = arena_strndup(converter->arena, from->valuestring, to->string_bytes);
}

static void convert_children(struct converter *converter, const cJSON *from, struct json *to)
{
    for (const cJSON *child = from->child; child != NULL; child = child->next)
        to->count++;
    if (to->count == 0) return;
    to->children = ARENA_ARRAY(converter->arena, struct json, to->count);
    struct json *node = to->children;
    for (const cJSON *child = from->child; child != NULL; child = child->next)
        convert(converter, child, node++);
}

static void convert(struct converter *converter, const cJSON *from, struct json *to)
{
    converter->nodes++;
    to->key = arena_strdup(converter->arena, from->string);
    if (cJSON_IsNull(from)) {
        to->type = JSON_NULL;
    } else if (cJSON_IsBool(from)) {
        to->type = JSON_BOOL;
        to->boolean = cJSON_IsTrue(from);
    } else if (cJSON_IsNumber(from)) {
        convert_number(converter, from, to);
    } else if (cJSON_IsString(from)) {
        convert_string(converter, from, to);
    } else {
        assert(cJSON_IsArray(from) || cJSON_IsObject(from));
        to->type = cJSON_IsArray(from) ? JSON_ARRAY : JSON_OBJECT;
        convert_children(converter, from, to);
    }
}

enum err_code json_parse(struct arena *arena, const char *bytes, size_t count, struct json **root,
                         struct err *err)
{
    auto_arena scratch;
    arena_init(&scratch);
    struct json_scan scan;
    TRY(json_scan(&scratch, bytes, count, &scan, err));
    cJSON *parsed = cJSON_ParseWithLength(bytes, count);
    if (parsed == NULL) return err_set(err, ERR_INTERNAL, "JSON parser gave up on valid JSON");
    struct json *node = ARENA_NEW(arena, struct json);
    struct converter converter = {.arena = arena, .scan = &scan};
    convert(&converter, parsed, node);
    cJSON_Delete(parsed);
    assert(converter.nodes == scan.node_count && converter.next_number == scan.number_count);
    *root = node;
    return ERR_OK;
}

const struct json *json_member(const struct json *object, const char *key)
{
    if (object == NULL || object->type != JSON_OBJECT) return NULL;
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->children[i].key, key) == 0) return &object->children[i];
    return NULL;
}

const char *json_member_text(const struct json *object, const char *key)
{
    const struct json *member = json_member(object, key);
    return member != NULL && member->type == JSON_STRING ? member->string : "";
}
