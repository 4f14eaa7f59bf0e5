#include "cli/look.h"

#include <string.h>

enum { KEY_BYTES = 64 };

const struct json *look(const struct json *object, const char *path)
{
    const struct json *at = object;
    while (at != NULL && path != NULL) {
        char key[KEY_BYTES];
        const char *dot = strchr(path, '.');
        size_t length = dot == NULL ? strlen(path) : (size_t)(dot - path);
        if (length >= sizeof key) return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        at = json_member(at, key);
        path = dot == NULL ? NULL : dot + 1;
    }
    return at;
}

const char *look_text(const struct json *object, const char *path)
{
    const struct json *value = look(object, path);
    return value != NULL && value->type == JSON_STRING ? value->string : NULL;
}

int64_t look_int(const struct json *object, const char *path, int64_t fallback)
{
    const struct json *value = look(object, path);
    if (value == NULL || value->type != JSON_NUMBER || !value->is_integer) return fallback;
    return value->integer;
}

bool look_bool(const struct json *object, const char *path)
{
    const struct json *value = look(object, path);
    return value != NULL && value->type == JSON_BOOL && value->boolean;
}

static const struct json *items_of(const struct json *list)
{
    if (list != NULL && list->type == JSON_OBJECT) list = json_member(list, "items");
    return list != NULL && list->type == JSON_ARRAY ? list : NULL;
}

size_t look_count(const struct json *list)
{
    const struct json *items = items_of(list);
    return items == NULL ? 0 : items->count;
}

const struct json *look_item(const struct json *list, size_t position)
{
    const struct json *items = items_of(list);
    return items == NULL || position >= items->count ? NULL : &items->children[position];
}
