/* yaml.c: the structure of YAML: blocks by their columns, flows by their brackets. */
#include "openapi/tool/yaml.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "openapi/tool/yaml_reader.h"

#include <assert.h>
#include <stdarg.h>

enum { DEPTH_MAX = 30 };

static enum err_code block_node(struct yaml_reader *reader, int indent, struct yaml *node,
                                struct err *err);
static enum err_code flow_value(struct yaml_reader *reader, struct yaml *node, struct err *err);

/* ---- where the reader stands ---- */

int yaml_peek(const struct yaml_reader *reader, size_t ahead)
{
    size_t at = reader->at + ahead;
    return at < reader->count ? (unsigned char)reader->bytes[at] : YAML_END;
}

bool yaml_is_line_end(int c)
{
    return c == '\n' || c == YAML_END;
}

bool yaml_is_gap(int c)
{
    return c == ' ' || yaml_is_line_end(c);
}

void yaml_skip_blanks(struct yaml_reader *reader)
{
    while (yaml_peek(reader, 0) == ' ')
        reader->at++;
}

enum err_code yaml_fail(const struct yaml_reader *reader, struct err *err, const char *format, ...)
{
    int line = 1;
    for (size_t i = 0; i < reader->at && i < reader->count; i++)
        if (reader->bytes[i] == '\n') line++;
    va_list args;
    va_start(args, format);
    const char *detail = arena_vprintf(reader->arena, format, args);
    va_end(args);
    return err_set(err, ERR_INVALID, "line %d: %s", line, detail);
}

static int column(const struct yaml_reader *reader)
{
    int column = 0;
    for (size_t at = reader->at; at > 0 && reader->bytes[at - 1] != '\n'; at--)
        column++;
    return column;
}

/* Steps over blanks, line ends and comments to what comes next; false at the end. */
static bool next_content(struct yaml_reader *reader)
{
    for (;;) {
        int c = yaml_peek(reader, 0);
        if (c == YAML_END) return false;
        if (c == '#') {
            while (!yaml_is_line_end(yaml_peek(reader, 0)))
                reader->at++;
        } else if (c == ' ' || c == '\n') {
            reader->at++;
        } else {
            return true;
        }
    }
}

/* Behind a value nothing but a comment may be on its line. */
static enum err_code end_of_line(struct yaml_reader *reader, struct err *err)
{
    yaml_skip_blanks(reader);
    int c = yaml_peek(reader, 0);
    if (yaml_is_line_end(c) || c == '#') return ERR_OK;
    return yaml_fail(reader, err, "'%c' is not expected here", c);
}

/* ---- nodes ---- */

static void append(struct yaml *parent, struct yaml *child)
{
    if (parent->last == NULL)
        parent->first = child;
    else
        parent->last->next = child;
    parent->last = child;
}

const struct yaml *yaml_member(const struct yaml *map, const char *key)
{
    if (map == NULL || map->kind != YAML_MAP) return NULL;
    for (const struct yaml *member = map->first; member != NULL; member = member->next)
        if (text_equal(member->key, key)) return member;
    return NULL;
}

static enum err_code add_member(struct yaml_reader *reader, struct yaml *map, const char *key,
                                struct yaml **member, struct err *err)
{
    if (yaml_member(map, key) != NULL) return yaml_fail(reader, err, "'%s' is there twice", key);
    *member = ARENA_NEW(reader->arena, struct yaml);
    (*member)->key = key;
    append(map, *member);
    return ERR_OK;
}

static bool is_quote(int c)
{
    return c == '"' || c == '\'';
}

static enum err_code quoted_node(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    struct text text;
    text_init(&text, reader->arena);
    TRY(yaml_quoted(reader, &text, err));
    node->kind = YAML_STRING;
    node->text = text_string(&text);
    return ERR_OK;
}

/* ---- flows ---- */

static enum err_code flow_key(struct yaml_reader *reader, const char **key, struct err *err)
{
    struct yaml node = {0};
    if (is_quote(yaml_peek(reader, 0)))
        TRY(quoted_node(reader, &node, err));
    else
        TRY(yaml_plain(reader, true, 0, &node, err));
    *key = node.text;
    yaml_skip_blanks(reader);
    if (yaml_peek(reader, 0) != ':') return yaml_fail(reader, err, "a ':' is missing");
    reader->at++;
    return ERR_OK;
}

static enum err_code flow_item(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    struct yaml *item;
    if (node->kind == YAML_MAP) {
        const char *key;
        TRY(flow_key(reader, &key, err));
        TRY(add_member(reader, node, key, &item, err));
    } else {
        item = ARENA_NEW(reader->arena, struct yaml);
        append(node, item);
    }
    next_content(reader);
    return flow_value(reader, item, err);
}

static enum err_code flow_collection(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    int closes = yaml_peek(reader, 0) == '{' ? '}' : ']';
    node->kind = closes == '}' ? YAML_MAP : YAML_LIST;
    reader->at++;
    for (;;) {
        if (!next_content(reader)) return yaml_fail(reader, err, "a bracket is not closed");
        if (yaml_peek(reader, 0) == closes) break;
        TRY(flow_item(reader, node, err));
        if (!next_content(reader)) return yaml_fail(reader, err, "a bracket is not closed");
        if (yaml_peek(reader, 0) == closes) break;
        if (yaml_peek(reader, 0) != ',') return yaml_fail(reader, err, "a ',' is missing");
        reader->at++;
    }
    reader->at++;
    return ERR_OK;
}

static enum err_code flow_value(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    int c = yaml_peek(reader, 0);
    if (is_quote(c)) return quoted_node(reader, node, err);
    if (c != '{' && c != '[') return yaml_plain(reader, true, 0, node, err);
    if (reader->depth == DEPTH_MAX) return yaml_fail(reader, err, "this is too deep");
    reader->depth++;
    enum err_code code = flow_collection(reader, node, err);
    reader->depth--;
    return code;
}

/* ---- blocks ---- */

static bool is_item(const struct yaml_reader *reader)
{
    return yaml_peek(reader, 0) == '-' && yaml_is_gap(yaml_peek(reader, 1));
}

/* Is there a `key: ` on this line? */
static bool is_key(const struct yaml_reader *reader)
{
    struct yaml_reader ahead = *reader;
    int c = yaml_peek(&ahead, 0);
    if (is_quote(c)) {
        struct text ignored;
        text_init(&ignored, reader->arena);
        if (yaml_quoted(&ahead, &ignored, NULL) != ERR_OK) return false;
        return yaml_peek(&ahead, 0) == ':' && yaml_is_gap(yaml_peek(&ahead, 1));
    }
    if (c == '{' || c == '[' || c == '|' || c == '>') return false;
    while (!yaml_is_line_end(yaml_peek(&ahead, 0))) {
        c = yaml_peek(&ahead, 0);
        if (c == ' ' && yaml_peek(&ahead, 1) == '#') return false;
        if (c == ':' && yaml_is_gap(yaml_peek(&ahead, 1))) return true;
        ahead.at++;
    }
    return false;
}

static enum err_code block_key(struct yaml_reader *reader, const char **key, struct err *err)
{
    struct text text;
    text_init(&text, reader->arena);
    if (is_quote(yaml_peek(reader, 0)))
        TRY(yaml_quoted(reader, &text, err));
    else
        for (int c; (c = yaml_peek(reader, 0)) != ':' || !yaml_is_gap(yaml_peek(reader, 1));
             reader->at++)
            text_add_char(&text, (char)c);
    reader->at++;
    *key = text_string(&text);
    return ERR_OK;
}

static enum err_code scalar_or_flow(struct yaml_reader *reader, int indent, struct yaml *node,
                                    struct err *err)
{
    int c = yaml_peek(reader, 0);
    if (c == '|' || c == '>') return yaml_block_text(reader, indent, node, err);
    if (c == '{' || c == '[' || is_quote(c))
        TRY(flow_value(reader, node, err));
    else
        TRY(yaml_plain(reader, false, indent, node, err));
    return end_of_line(reader, err);
}

/* Behind `key:`, whose map stands at column `indent`. */
static enum err_code member_value(struct yaml_reader *reader, int indent, struct yaml *node,
                                  struct err *err)
{
    yaml_skip_blanks(reader);
    int c = yaml_peek(reader, 0);
    if (!yaml_is_line_end(c) && c != '#') return scalar_or_flow(reader, indent, node, err);
    if (!next_content(reader)) return ERR_OK;
    int below = column(reader);
    if (below > indent) return block_node(reader, indent, node, err);
    if (below == indent && is_item(reader)) return block_node(reader, indent - 1, node, err);
    return ERR_OK;
}

/* True when the next thing stands at `indent`, too; deeper is a mistake. */
static enum err_code another(struct yaml_reader *reader, int indent, bool *is_there,
                             struct err *err)
{
    *is_there = next_content(reader) && column(reader) >= indent;
    if (*is_there && column(reader) > indent)
        return yaml_fail(reader, err, "this is indented too far");
    return ERR_OK;
}

static enum err_code block_map(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    int indent = column(reader);
    node->kind = YAML_MAP;
    for (bool more = true; more;) {
        const char *key;
        struct yaml *member;
        if (!is_key(reader)) return yaml_fail(reader, err, "a key is expected here");
        TRY(block_key(reader, &key, err));
        TRY(add_member(reader, node, key, &member, err));
        TRY(member_value(reader, indent, member, err));
        TRY(another(reader, indent, &more, err));
        if (more && is_item(reader)) return ERR_OK;
    }
    return ERR_OK;
}

static enum err_code block_list(struct yaml_reader *reader, struct yaml *node, struct err *err)
{
    int indent = column(reader);
    node->kind = YAML_LIST;
    for (bool more = true; more;) {
        struct yaml *item = ARENA_NEW(reader->arena, struct yaml);
        append(node, item);
        reader->at++;
        yaml_skip_blanks(reader);
        int c = yaml_peek(reader, 0);
        bool is_here = !yaml_is_line_end(c) && c != '#';
        if (is_here || (next_content(reader) && column(reader) > indent))
            TRY(block_node(reader, indent, item, err));
        TRY(another(reader, indent, &more, err));
        if (more && !is_item(reader)) return ERR_OK;
    }
    return ERR_OK;
}

static enum err_code block_node(struct yaml_reader *reader, int indent, struct yaml *node,
                                struct err *err)
{
    if (reader->depth == DEPTH_MAX) return yaml_fail(reader, err, "this is too deep");
    enum err_code code;
    reader->depth++;
    if (is_item(reader))
        code = block_list(reader, node, err);
    else if (is_key(reader))
        code = block_map(reader, node, err);
    else
        code = scalar_or_flow(reader, indent, node, err);
    reader->depth--;
    return code;
}

enum err_code yaml_parse(struct arena *arena, const char *bytes, size_t count, struct yaml **root,
                         struct err *err)
{
    struct yaml_reader reader = {.arena = arena, .bytes = bytes, .count = count};
    for (; reader.at < count; reader.at++)
        if (bytes[reader.at] == '\t' || bytes[reader.at] == '\r' || bytes[reader.at] == '\0')
            return yaml_fail(&reader, err, "a tab, CR or NUL");
    if (text_utf8_valid(bytes, count) != count) return yaml_fail(&reader, err, "no valid UTF-8");
    reader.at = 0;
    *root = ARENA_NEW(arena, struct yaml);
    if (!next_content(&reader)) return ERR_OK;
    if (yaml_peek(&reader, 0) == '%' || strncmp(bytes + reader.at, "---", 3) == 0)
        return yaml_fail(&reader, err, "directives and document marks are not read");
    TRY(block_node(&reader, -1, *root, err));
    if (next_content(&reader)) return yaml_fail(&reader, err, "this belongs to nothing");
    return ERR_OK;
}

void yaml_write_json(const struct yaml *node, struct json_writer *writer)
{
    switch (node->kind) {
    case YAML_NULL:
        json_null(writer);
        return;
    case YAML_BOOL:
    case YAML_NUMBER:
        json_raw(writer, node->text, strlen(node->text));
        return;
    case YAML_STRING:
        json_string(writer, node->text);
        return;
    case YAML_LIST:
        json_array_begin(writer);
        for (const struct yaml *item = node->first; item != NULL; item = item->next)
            yaml_write_json(item, writer);
        json_array_end(writer);
        return;
    case YAML_MAP:
        json_object_begin(writer);
        for (const struct yaml *member = node->first; member != NULL; member = member->next) {
            json_key(writer, member->key);
            yaml_write_json(member, writer);
        }
        json_object_end(writer);
        return;
    }
    assert(false);
}
