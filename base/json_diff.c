#include "base/json_diff.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

static bool equal_objects(const struct json *a, const struct json *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct json *other = json_member(b, a->children[i].key);
        if (other == NULL || !json_equal(&a->children[i], other)) return false;
    }
    return true;
}

static bool equal_arrays(const struct json *a, const struct json *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!json_equal(&a->children[i], &b->children[i])) return false;
    return true;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (a->type != b->type) return false;
    switch (a->type) {
    case JSON_NULL:
        return true;
    case JSON_BOOL:
        return a->boolean == b->boolean;
    case JSON_NUMBER:
        if (a->is_integer && b->is_integer) return a->integer == b->integer;
        return !(a->number < b->number) && !(a->number > b->number);
    case JSON_STRING:
        return a->string_bytes == b->string_bytes &&
               memcmp(a->string, b->string, a->string_bytes) == 0;
    case JSON_ARRAY:
        return a->count == b->count && equal_arrays(a, b);
    case JSON_OBJECT:
        return a->count == b->count && equal_objects(a, b);
    }
    return false;
}

/* RFC 6901: '~' and '/' within a name are escaped. */
const char *json_pointer_below(struct arena *arena, const char *pointer, const char *key)
{
    struct text text;
    text_init(&text, arena);
    text_add(&text, pointer);
    text_add_char(&text, '/');
    for (; *key != '\0'; key++) {
        if (*key == '~')
            text_add(&text, "~0");
        else if (*key == '/')
            text_add(&text, "~1");
        else
            text_add_char(&text, *key);
    }
    return text_string(&text);
}

static void put_side(struct json_writer *writer, const char *key, const struct json *value)
{
    json_key(writer, key);
    if (value != NULL)
        json_value(writer, value);
    else
        json_null(writer);
}

static void put_change(struct json_writer *writer, const char *pointer, const struct json *from,
                       const struct json *to)
{
    const char *op = from == NULL ? "add" : to == NULL ? "remove" : "replace";
    json_object_begin(writer);
    json_put_string(writer, "pointer", pointer);
    json_put_string(writer, "op", op);
    put_side(writer, "from", from);
    put_side(writer, "to", to);
    json_object_end(writer);
}

static void compare(struct json_writer *writer, struct arena *arena, const char *pointer,
                    const struct json *from, const struct json *to)
{
    if (from->type != JSON_OBJECT || to->type != JSON_OBJECT) {
        if (!json_equal(from, to)) put_change(writer, pointer, from, to);
        return;
    }
    for (size_t i = 0; i < to->count; i++) {
        const struct json *after = &to->children[i];
        const struct json *before = json_member(from, after->key);
        const char *below = json_pointer_below(arena, pointer, after->key);
        if (before != NULL)
            compare(writer, arena, below, before, after);
        else
            put_change(writer, below, NULL, after);
    }
    for (size_t i = 0; i < from->count; i++) {
        const struct json *before = &from->children[i];
        if (json_member(to, before->key) == NULL)
            put_change(writer, json_pointer_below(arena, pointer, before->key), before, NULL);
    }
}

void json_diff(struct json_writer *writer, struct arena *arena, const char *base,
               const struct json *from, const struct json *to)
{
    json_array_begin(writer);
    compare(writer, arena, base, from, to);
    json_array_end(writer);
}
