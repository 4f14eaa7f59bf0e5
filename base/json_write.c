/* json_write.c: the writer half of json.h. */
#include "base/json.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>

void json_writer_init(struct json_writer *writer, struct text *text)
{
    *writer = (struct json_writer){.text = text};
}

/* Called before every key and every value that follows no key. */
static void separate(struct json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->need_comma[writer->depth]) text_add_char(writer->text, ',');
    writer->need_comma[writer->depth] = true;
}

static void begin(struct json_writer *writer, char bracket)
{
    separate(writer);
    assert(writer->depth + 1 < JSON_WRITER_DEPTH_MAX);
    text_add_char(writer->text, bracket);
    writer->need_comma[++writer->depth] = false;
}

static void end(struct json_writer *writer, char bracket)
{
    assert(writer->depth > 0 && !writer->after_key);
    writer->depth--;
    text_add_char(writer->text, bracket);
}

void json_object_begin(struct json_writer *writer)
{
    begin(writer, '{');
}

void json_object_end(struct json_writer *writer)
{
    end(writer, '}');
}

void json_array_begin(struct json_writer *writer)
{
    begin(writer, '[');
}

void json_array_end(struct json_writer *writer)
{
    end(writer, ']');
}

static bool stands_for_itself(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static void add_escape(struct text *text, char c)
{
    static const char letters[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    if (found == NULL) {
        text_printf(text, "\\u%04x", (unsigned)(unsigned char)c);
        return;
    }
    text_add_char(text, '\\');
    text_add_char(text, names[found - letters]);
}

/* Adds the character at `bytes`; one that is not UTF-8 becomes U+FFFD, so that what is written is
 * always valid. Returns the bytes it took. */
static size_t add_character(struct text *text, const char *bytes, size_t count)
{
    if ((unsigned char)bytes[0] < 0x80) {
        add_escape(text, bytes[0]);
        return 1;
    }
    size_t step = text_utf8_char(bytes, count);
    if (step == 0) {
        text_add(text, "\xef\xbf\xbd");
        return 1;
    }
    text_append(text, bytes, step);
    return step;
}

static void add_quoted(struct text *text, const char *bytes, size_t count)
{
    text_add_char(text, '"');
    for (size_t i = 0; i < count;) {
        size_t run = i;
        while (run < count && stands_for_itself(bytes[run]))
            run++;
        text_append(text, bytes + i, run - i);
        i = run;
        if (i < count) i += add_character(text, bytes + i, count - i);
    }
    text_add_char(text, '"');
}

void json_key(struct json_writer *writer, const char *key)
{
    assert(!writer->after_key);
    separate(writer);
    add_quoted(writer->text, key, strlen(key));
    text_add_char(writer->text, ':');
    writer->after_key = true;
}

void json_string(struct json_writer *writer, const char *value)
{
    if (value == NULL) {
        json_null(writer);
        return;
    }
    json_string_bytes(writer, value, strlen(value));
}

void json_string_bytes(struct json_writer *writer, const char *bytes, size_t count)
{
    separate(writer);
    add_quoted(writer->text, bytes, count);
}

void json_int(struct json_writer *writer, int64_t value)
{
    separate(writer);
    text_add_int(writer->text, value);
}

void json_double(struct json_writer *writer, double value)
{
    if (!isfinite(value)) {
        json_null(writer);
        return;
    }
    char digits[32];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    json_raw(writer, digits, strlen(digits));
}

void json_bool(struct json_writer *writer, bool value)
{
    separate(writer);
    text_add(writer->text, value ? "true" : "false");
}

void json_null(struct json_writer *writer)
{
    separate(writer);
    text_add(writer->text, "null");
}

void json_raw(struct json_writer *writer, const char *json, size_t count)
{
    separate(writer);
    text_append(writer->text, json, count);
}

static void write_array(struct json_writer *writer, const struct json *value)
{
    json_array_begin(writer);
    for (size_t i = 0; i < value->count; i++)
        json_value(writer, &value->children[i]);
    json_array_end(writer);
}

static void write_object(struct json_writer *writer, const struct json *value)
{
    json_object_begin(writer);
    for (size_t i = 0; i < value->count; i++) {
        json_key(writer, value->children[i].key);
        json_value(writer, &value->children[i]);
    }
    json_object_end(writer);
}

void json_value(struct json_writer *writer, const struct json *value)
{
    switch (value->type) {
    case JSON_NULL:
        json_null(writer);
        return;
    case JSON_BOOL:
        json_bool(writer, value->boolean);
        return;
    case JSON_NUMBER:
        if (value->is_integer)
            json_int(writer, value->integer);
        else
            json_double(writer, value->number);
        return;
    case JSON_STRING:
        json_string_bytes(writer, value->string, value->string_bytes);
        return;
    case JSON_ARRAY:
        write_array(writer, value);
        return;
    case JSON_OBJECT:
        write_object(writer, value);
        return;
    }
}

void json_put_string(struct json_writer *writer, const char *key, const char *value)
{
    json_key(writer, key);
    json_string(writer, value);
}

void json_put_int(struct json_writer *writer, const char *key, int64_t value)
{
    json_key(writer, key);
    json_int(writer, value);
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
    json_key(writer, key);
    json_bool(writer, value);
}

void json_put_null(struct json_writer *writer, const char *key)
{
    json_key(writer, key);
    json_null(writer);
}

void json_put_optional_int(struct json_writer *writer, const char *key, bool has, int64_t value)
{
    if (has)
        json_put_int(writer, key, value);
    else
        json_put_null(writer, key);
}
