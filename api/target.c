#include "api/target.h"

#include "base/limits.h"

#include <ctype.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Of the raw target only visible ASCII is legal; a fragment is never sent and a backslash is what
 * some proxies take for a slash. */
static enum err_code check_raw(const char *raw, struct err *err)
{
    size_t bytes = strlen(raw);
    if (bytes > LIMIT_URI_BYTES)
        return err_set(err, ERR_URI_TOO_LONG,
                       "the request target has %zu bytes, at most %d are read", bytes,
                       LIMIT_URI_BYTES);
    if (raw[0] != '/')
        return err_set(err, ERR_BAD_REQUEST, "the request target must be an absolute path");
    for (size_t i = 0; i < bytes; i++)
        if (raw[i] <= ' ' || raw[i] >= 0x7f || raw[i] == '\\' || raw[i] == '#')
            return err_set(err, ERR_BAD_REQUEST,
                           "the request target has an illegal character at byte %zu", i);
    return ERR_OK;
}

static enum err_code check_decoded(const char *text, size_t bytes, struct err *err)
{
    if (text_utf8_valid(text, bytes) != bytes)
        return err_set(err, ERR_BAD_REQUEST, "the request target is not UTF-8 when decoded");
    size_t step;
    for (size_t i = 0; i < bytes; i += step) {
        step = text_utf8_char(text + i, bytes - i);
        if (text_utf8_control(text + i, step))
            return err_set(err, ERR_BAD_REQUEST, "the request target has a control character");
    }
    return ERR_OK;
}

/* Decodes escapes, and in a query '+'. */
static enum err_code decode(struct arena *arena, const char *from, size_t bytes, bool in_query,
                            const char **decoded, struct err *err)
{
    char *out = arena_alloc(arena, bytes + 1);
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++) {
        char c = from[i];
        if (c == '%') {
            int high = i + 2 < bytes ? hex_value(from[i + 1]) : -1;
            int low = high >= 0 ? hex_value(from[i + 2]) : -1;
            if (low < 0)
                return err_set(err, ERR_BAD_REQUEST,
                               "the request target has a percent sign without two hex digits");
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && in_query) {
            c = ' ';
        }
        out[count++] = c;
    }
    *decoded = out;
    return check_decoded(out, count, err);
}

static enum err_code add_segment(struct arena *arena, const char *from, size_t bytes,
                                 struct target *target, struct err *err)
{
    if (bytes == 0) return err_set(err, ERR_BAD_REQUEST, "the path has an empty segment");
    const char *segment;
    TRY(decode(arena, from, bytes, false, &segment, err));
    if (strchr(segment, '\\') != NULL)
        return err_set(err, ERR_BAD_REQUEST, "a path segment has an encoded backslash");
    if (strchr(segment, '/') != NULL) target->has_encoded_slash = true;
    if (text_equal(segment, ".") || text_equal(segment, ".."))
        return err_set(err, ERR_BAD_REQUEST, "the path has a dot segment");
    target->segments[target->segment_count++] = segment;
    return ERR_OK;
}

static size_t count_of(const char *text, size_t bytes, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        if (text[i] == c) count++;
    return count;
}

static enum err_code parse_path(struct arena *arena, const char *path, size_t bytes,
                                struct target *target, struct err *err)
{
    target->segments = ARENA_ARRAY(arena, const char *, count_of(path, bytes, '/') + 1);
    if (bytes == 1) return ERR_OK;
    const char *end = path + bytes;
    for (const char *at = path + 1;;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash != NULL ? slash : end;
        TRY(add_segment(arena, at, (size_t)(stop - at), target, err));
        if (slash == NULL) return ERR_OK;
        at = slash + 1;
    }
}

static enum err_code add_parameter(struct arena *arena, const char *from, size_t bytes,
                                   struct target *target, struct err *err)
{
    if (bytes == 0) return ERR_OK;
    const char *equals = memchr(from, '=', bytes);
    size_t name_bytes = equals != NULL ? (size_t)(equals - from) : bytes;
    struct parameter *parameter = &target->parameters[target->parameter_count++];
    TRY(decode(arena, from, name_bytes, true, &parameter->name, err));
    parameter->value = "";
    if (equals == NULL) return ERR_OK;
    return decode(arena, equals + 1, bytes - name_bytes - 1, true, &parameter->value, err);
}

static enum err_code parse_query(struct arena *arena, const char *query, struct target *target,
                                 struct err *err)
{
    size_t bytes = strlen(query);
    target->parameters = ARENA_ARRAY(arena, struct parameter, count_of(query, bytes, '&') + 1);
    const char *end = query + bytes;
    for (const char *at = query;;) {
        const char *ampersand = memchr(at, '&', (size_t)(end - at));
        const char *stop = ampersand != NULL ? ampersand : end;
        TRY(add_parameter(arena, at, (size_t)(stop - at), target, err));
        if (ampersand == NULL) return ERR_OK;
        at = ampersand + 1;
    }
}

enum err_code target_parse(struct arena *arena, const char *raw, struct target *target,
                           struct err *err)
{
    *target = (struct target){0};
    TRY(check_raw(raw, err));
    const char *question = strchr(raw, '?');
    size_t path_bytes = question != NULL ? (size_t)(question - raw) : strlen(raw);
    TRY(parse_path(arena, raw, path_bytes, target, err));
    if (question == NULL) return ERR_OK;
    return parse_query(arena, question + 1, target, err);
}

void target_encode(struct text *text, const char *string)
{
    for (const char *c = string; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (isalnum(byte) || strchr("-._~", byte) != NULL)
            text_append(text, c, 1);
        else
            text_printf(text, "%%%02X", byte);
    }
}
