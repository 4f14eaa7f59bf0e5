#include "base/json_pick.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

static const struct json_pick *find(const struct json_pick *pick, const char *name, size_t bytes)
{
    const struct json_pick *member = pick->members;
    while (member != NULL &&
           (member->name_bytes != bytes || memcmp(member->name, name, bytes) != 0))
        member = member->next;
    return member;
}

struct json_pick *json_pick_member(struct arena *arena, struct json_pick *pick, const char *name,
                                   size_t bytes)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_string_bytes(&writer, name, bytes);
    const char *written = text.bytes + 1;
    size_t written_bytes = text.length - 2;
    struct json_pick *member = (struct json_pick *)find(pick, written, written_bytes);
    if (member != NULL) return member;
    member = ARENA_NEW(arena, struct json_pick);
    *member =
        (struct json_pick){.name = written, .name_bytes = written_bytes, .next = pick->members};
    pick->members = member;
    return member;
}

/* Each of these starts at the first byte of a value and returns where the value ends. */

static const char *end_of_string(const char *at)
{
    assert(*at == '"');
    for (at++; *at != '"'; at++) {
        if (*at == '\\') at++;
        assert(*at != '\0');
    }
    return at + 1;
}

static const char *end_of_value(const char *at)
{
    size_t depth = 0;
    do {
        if (*at == '"') {
            at = end_of_string(at);
            continue;
        }
        assert(*at != '\0');
        if (*at == '{' || *at == '[') depth++;
        if (*at == '}' || *at == ']') depth--;
        at++;
    } while (depth > 0 || (*at != ',' && *at != '}' && *at != ']' && *at != '\0'));
    return at;
}

static const char *copy_value(const struct json_pick *pick, const char *at, struct text *out);

static const char *copy_whole(const char *at, struct text *out)
{
    const char *end = end_of_value(at);
    text_append(out, at, (size_t)(end - at));
    return end;
}

static const char *copy_member(const struct json_pick *pick, const char *at, bool *first,
                               struct text *out)
{
    const char *value = end_of_string(at);
    assert(*value == ':');
    value++;
    const struct json_pick *member = find(pick, at + 1, (size_t)(value - at) - 3);
    if (member == NULL && !pick->keeps_others) return end_of_value(value);
    if (!*first) text_add_char(out, ',');
    *first = false;
    text_append(out, at, (size_t)(value - at));
    return member != NULL ? copy_value(member, value, out) : copy_whole(value, out);
}

static const char *copy_object(const struct json_pick *pick, const char *at, struct text *out)
{
    bool first = true;
    text_add_char(out, *at++);
    while (*at != '}') {
        at = copy_member(pick, at, &first, out);
        if (*at == ',') at++;
    }
    text_add_char(out, *at);
    return at + 1;
}

static const char *copy_array(const struct json_pick *pick, const char *at, struct text *out)
{
    text_add_char(out, *at++);
    while (*at != ']') {
        at = copy_value(pick, at, out);
        if (*at == ',') text_add_char(out, *at++);
    }
    text_add_char(out, *at);
    return at + 1;
}

static const char *copy_value(const struct json_pick *pick, const char *at, struct text *out)
{
    if (pick->whole) return copy_whole(at, out);
    if (*at == '{') return copy_object(pick, at, out);
    if (*at == '[') return copy_array(pick, at, out);
    return copy_whole(at, out);
}

void json_pick_copy(const struct json_pick *pick, const char *json, struct text *out)
{
    copy_value(pick, json, out);
}
