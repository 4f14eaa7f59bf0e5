/* Decoding: one descent over the table and the JSON side by side. Nothing stops at the first
 * problem; a member that is wrong keeps its fallback, and the path tells where it was. */
#include "base/arena.h"
#include "base/text.h"
#include "wire/field.h"

#include <assert.h>
#include <string.h>

enum { QUOTED_BYTES = 64 };

/* A JSON pointer token within a URI fragment (RFC 6901 section 6): '~' and '/' are escaped, and
 * what a fragment may not hold is percent-encoded. */
static void add_token(struct text *text, const char *token)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-._!$&'()*+,;=:@?";
    for (; *token; token++) {
        if (*token == '~')
            text_add(text, "~0");
        else if (*token == '/')
            text_add(text, "~1");
        else if (strchr(plain, *token))
            text_add_char(text, *token);
        else
            text_printf(text, "%%%02X", (unsigned)(unsigned char)*token);
    }
}

static void add_path(struct text *text, const struct field_path *path)
{
    if (!path) {
        text_add_char(text, '#');
        return;
    }
    add_path(text, path->parent);
    text_add_char(text, '/');
    if (path->key)
        add_token(text, path->key);
    else
        text_add_int(text, (int64_t)path->index);
}

static const char *pointer_below(const struct field_decoder *decoder, const char *below)
{
    struct text text;
    text_init(&text, decoder->arena);
    add_path(&text, decoder->path);
    if (below) text_printf(&text, "/%s", below);
    return text_string(&text);
}

static void fail(struct field_decoder *decoder, const char *below, const char *code,
                 const char *format, va_list args)
{
    char *detail = arena_vprintf(decoder->arena, format, args);
    field_error_add(decoder->errors, pointer_below(decoder, below), code, "%s", detail);
}

void field_fail(struct field_decoder *decoder, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(decoder, NULL, code, format, args);
    va_end(args);
}

void field_fail_below(struct field_decoder *decoder, const char *below, const char *code,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail(decoder, below, code, format, args);
    va_end(args);
}

void field_fail_type(struct field_decoder *decoder, const struct json *json, const char *wanted)
{
    field_fail(decoder, "type", "must be %s, got %s", wanted, json_type_name(json->type));
}

const char *field_quote(const struct field_decoder *decoder, const char *text)
{
    return text_sanitise(decoder->arena, text, strlen(text), QUOTED_BYTES);
}

static bool pointer_is_within(const char *pointer, const char *outer)
{
    size_t bytes = strlen(outer);
    return strncmp(pointer, outer, bytes) == 0 && (pointer[bytes] == '\0' || pointer[bytes] == '/');
}

bool field_is_wrong(const struct field_decoder *decoder, const char *below)
{
    const struct field_errors *errors = decoder->errors;
    if (errors->total == 0) return false;
    if (errors->total > errors->count) return true;

    const char *outer = pointer_below(decoder, below);
    for (size_t i = 0; i < errors->count; i++)
        if (pointer_is_within(errors->items[i].pointer, outer)) return true;
    return false;
}

void field_enter(struct field_decoder *decoder, struct field_path *step, const char *key,
                 size_t index)
{
    *step = (struct field_path){.parent = decoder->path, .key = key, .index = index};
    decoder->path = step;
}

void field_leave(struct field_decoder *decoder)
{
    decoder->path = decoder->path->parent;
}

bool field_check_string(struct field_decoder *decoder, const char *string, int64_t min_bytes,
                        int64_t max_bytes, const struct string_rule *rule)
{
    int64_t bytes = (int64_t)strlen(string);
    if (bytes < min_bytes && min_bytes == 1) {
        field_fail(decoder, "length", "must not be empty");
        return false;
    }
    if (bytes < min_bytes || bytes > max_bytes) {
        field_fail(decoder, "length", "must be from %jd to %jd bytes long, got %jd",
                   (intmax_t)min_bytes, (intmax_t)max_bytes, (intmax_t)bytes);
        return false;
    }
    bool judged = rule && !(rule->spares_stored && decoder->stored);
    const char *problem = judged ? rule->problem(string) : NULL;
    if (problem) field_fail(decoder, "pattern", "%s", problem);
    return !problem;
}

void field_fail_word(struct field_decoder *decoder, const char *word, const char *const *words,
                     size_t count)
{
    const char *all = text_join(decoder->arena, words, count);
    const char *got = field_quote(decoder, word), *nearest = text_nearest(word, words, count);
    if (nearest)
        field_fail(decoder, "enum", "must be one of %s, got '%s'; did you mean '%s'?", all, got,
                   nearest);
    else
        field_fail(decoder, "enum", "must be one of %s, got '%s'", all, got);
}

static const struct field *find_field(const struct object_type *type, const char *name)
{
    for (size_t i = 0; i < type->count; i++)
        if (strcmp(type->fields[i].name, name) == 0) return &type->fields[i];
    return NULL;
}

static void fail_unknown(struct field_decoder *decoder, const struct object_type *type,
                         const char *name)
{
    const char **names = ARENA_ARRAY(decoder->arena, const char *, type->count);
    size_t count = 0;
    for (size_t i = 0; i < type->count; i++)
        if ((type->fields[i].flags & FIELD_UNSUPPORTED) == 0) names[count++] = type->fields[i].name;

    struct field_path step;
    field_enter(decoder, &step, name, 0);
    const char *nearest = text_nearest(name, names, count);
    if (nearest)
        field_fail(decoder, "unknown_field", "is not a known field; did you mean '%s'?", nearest);
    else
        field_fail(decoder, "unknown_field", "is not a known field; known are %s",
                   text_join(decoder->arena, names, count));
    field_leave(decoder);
}

static void check_names(struct field_decoder *decoder, const struct object_type *type,
                        const struct json *json)
{
    if (decoder->open) return;
    for (size_t i = 0; i < json->count; i++)
        if (!find_field(type, json->children[i].key))
            fail_unknown(decoder, type, json->children[i].key);
}

static void check_names_within(struct field_decoder *decoder, const struct object_type *type,
                               const struct json *json)
{
    struct field_path step;
    if (json->type != JSON_OBJECT) return;
    check_names(decoder, type, json);
    for (size_t i = 0; i < json->count; i++) {
        const struct json *member = &json->children[i];
        const struct field *field = find_field(type, member->key);
        if (!field || !field->object) continue;
        field_enter(decoder, &step, member->key, 0);
        check_names_within(decoder, field->object, member);
        field_leave(decoder);
    }
}

void object_check_names(const struct object_type *type, const struct json *json,
                        struct arena *arena, struct field_errors *errors)
{
    struct field_decoder decoder = {.arena = arena, .errors = errors};
    check_names_within(&decoder, type, json);
}

static void decode_given(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *value)
{
    bool is_null = json->type == JSON_NULL;
    if (is_null && (field->flags & (FIELD_NULLABLE | FIELD_UNSUPPORTED))) return;
    if (field->flags & FIELD_UNSUPPORTED) {
        field_fail(decoder, "unsupported", "is not supported by this version; leave it out");
        return;
    }
    field->kind->decode(decoder, field, json, value);
}

static void decode_member(struct field_decoder *decoder, const struct field *field,
                          const struct json *json, void *object)
{
    void *value = (char *)object + field->offset;
    const struct json *given = json_member(json, field->name);
    struct field_path step;

    field_enter(decoder, &step, field->name, 0);
    field->kind->reset(field, value);
    if (given)
        decode_given(decoder, field, given, value);
    else if (field->flags & FIELD_REQUIRED)
        field_fail(decoder, "required", "is required");
    field_leave(decoder);
}

void object_decode_members(struct field_decoder *decoder, const struct object_type *type,
                           const struct json *json, void *object)
{
    if (json->type != JSON_OBJECT) {
        object_reset(type, object);
        field_fail_type(decoder, json, "an object");
        return;
    }
    bool open_around = decoder->open;
    decoder->open |= (type->flags & OBJECT_OPEN) != 0;
    check_names(decoder, type, json);
    for (size_t i = 0; i < type->count; i++)
        decode_member(decoder, &type->fields[i], json, object);
    decoder->open = open_around;
    if (type->finish && !decoder->stored) type->finish(decoder, json, object);
}

void object_reset(const struct object_type *type, void *object)
{
    for (size_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        field->kind->reset(field, (char *)object + field->offset);
    }
}

bool object_decode(const struct object_type *type, const struct json *json, struct arena *arena,
                   void *object, struct field_errors *errors)
{
    size_t before = errors->total;
    struct field_decoder decoder = {.arena = arena, .errors = errors};
    object_decode_members(&decoder, type, json, object);
    return errors->total == before;
}

enum err_code object_parse(const struct object_type *type, struct arena *arena, const char *json,
                           void *object, struct err *err)
{
    struct json *root;
    struct field_errors errors;
    struct err cause = {0};

    if (json_parse(arena, json, strlen(json), &root, &cause) != ERR_OK)
        return err_set(err, ERR_INTERNAL, "stored %s: %s", type->name, cause.detail);
    field_errors_init(&errors, arena);
    struct field_decoder decoder = {.arena = arena, .errors = &errors, .stored = true};
    object_decode_members(&decoder, type, root, object);
    if (errors.total == 0) return ERR_OK;
    return err_set(err, ERR_INTERNAL, "stored %s: %s %s", type->name, errors.items[0].pointer,
                   errors.items[0].detail);
}
