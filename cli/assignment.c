#include "cli/assignment.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/objects.h"

#include <string.h>

/* Where the path leads. */
struct place {
    const struct object_type *type; /* NULL = no table knows it */
    bool is_text;
    bool is_map; /* what is left of the path is one key, whatever it holds */
    bool holds_text;
};

static struct place step(const struct place *place, const char *name)
{
    struct place next = {0};
    if (place->is_map) return (struct place){.is_text = place->holds_text};
    for (size_t i = 0; place->type != NULL && i < place->type->count; i++) {
        const struct field *field = &place->type->fields[i];
        if (!text_equal(field->name, name)) continue;
        next.type = field->object;
        next.is_map = field->kind == &field_pairs || field->kind == &field_free_ports;
        next.holds_text = field->kind == &field_pairs;
        next.is_text = field->kind == &field_string;
    }
    return next;
}

static struct json *add_member(struct arena *arena, struct json *object, const char *key)
{
    struct json *children = ARENA_ARRAY(arena, struct json, object->count + 1);
    if (object->count > 0) memcpy(children, object->children, object->count * sizeof *children);
    struct json *added = &children[object->count++];
    *added = (struct json){.type = JSON_OBJECT, .key = key};
    object->children = children;
    return added;
}

/* What is text is taken as it stands, but for null, which removes, and for a JSON string. */
static struct json read_value(struct arena *arena, const char *value, bool is_text)
{
    struct json *parsed;
    struct err ignored;
    struct json text = {.type = JSON_STRING, .string = value, .string_bytes = strlen(value)};
    if (json_parse(arena, value, text.string_bytes, &parsed, &ignored) != ERR_OK) return text;
    if (is_text && parsed->type != JSON_NULL && parsed->type != JSON_STRING) return text;
    return *parsed;
}

/* The member that the path names, made with all that is around it. */
static enum err_code descend(struct arena *arena, struct json **at, struct place *place,
                             const char *path, struct err *err)
{
    for (const char *rest = path; rest != NULL;) {
        size_t bytes = place->is_map ? strlen(rest) : strcspn(rest, ".");
        if (bytes == 0) return err_set(err, ERR_USAGE, "'%.100s' is no path of a field", path);
        const char *name = arena_strndup(arena, rest, bytes);
        rest = rest[bytes] == '.' ? rest + bytes + 1 : NULL;
        *place = step(place, name);
        struct json *found = (struct json *)json_member(*at, name); /* of our own tree */
        if (found != NULL && (rest == NULL || found->type != JSON_OBJECT))
            return err_set(err, ERR_USAGE, "'%.100s' is given twice", path);
        *at = found != NULL ? found : add_member(arena, *at, name);
    }
    return ERR_OK;
}

enum err_code assignment_add(struct arena *arena, struct json *patch, const char *assignment,
                             struct err *err)
{
    struct place place = {.type = &deployment_document_type};
    struct json *at = patch;
    size_t bytes = strcspn(assignment, "=");
    if (bytes == 0 || assignment[bytes] == '\0')
        return err_set(err, ERR_USAGE, "'%.100s' is no FIELD=VALUE, as in spec.replicas=5",
                       assignment);
    TRY(descend(arena, &at, &place, arena_strndup(arena, assignment, bytes), err));
    const char *key = at->key;
    *at = read_value(arena, assignment + bytes + 1, place.is_text);
    at->key = key;
    return ERR_OK;
}
