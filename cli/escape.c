#include "cli/escape.h"

#include "base/text.h"

#include <stdint.h>

struct range {
    uint32_t first, last;
};

/* Marks that combine with the character before them (Unicode Mn, the common blocks). */
static const struct range combining[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0900, 0x0902}, {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
    {0x20d0, 0x20ff}, {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* East Asian wide and full-width, and emoji. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
    {0x2614, 0x2615},   {0x26a1, 0x26a1},   {0x2705, 0x2705},   {0x274c, 0x274c},
    {0x2757, 0x2757},   {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},
    {0x4e00, 0x9fff},   {0xa000, 0xa4cf},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

/* Invisible, or change the direction of what follows. */
static const struct range treacherous[] = {
    {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200f},
    {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
};

static bool within(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].first && code <= ranges[i].last) return true;
    return false;
}

#define WITHIN(code, ranges) within(code, ranges, sizeof(ranges) / sizeof((ranges)[0]))

/* Of a valid UTF-8 character of `bytes` bytes. */
static uint32_t code_of(const char *character, size_t bytes)
{
    uint8_t lead = (uint8_t)character[0];
    if (bytes == 1) return lead;
    uint32_t code = lead & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++)
        code = (code << 6) | ((uint8_t)character[i] & 0x3fU);
    return code;
}

static void escape_code(struct text *text, uint32_t code)
{
    switch (code) {
    case '\n':
        text_add(text, "\\n");
        return;
    case '\r':
        text_add(text, "\\r");
        return;
    case '\t':
        text_add(text, "\\t");
        return;
    default:
        text_printf(text, code < 0x80 ? "\\x%02x" : "\\u%04x", code);
    }
}

void escape_bytes(struct text *text, const char *bytes, size_t count)
{
    size_t at = 0;
    while (at < count) {
        size_t length = text_utf8_char(bytes + at, count - at);
        if (length == 0) {
            text_printf(text, "\\x%02x", (unsigned)(uint8_t)bytes[at]);
            at++;
            continue;
        }
        uint32_t code = code_of(bytes + at, length);
        if (text_utf8_control(bytes + at, length) || WITHIN(code, treacherous))
            escape_code(text, code);
        else
            text_append(text, bytes + at, length);
        at += length;
    }
}

void escape_string(struct text *text, const char *string)
{
    if (string != NULL) escape_bytes(text, string, strlen(string));
}

size_t character_columns(const char *bytes, size_t count)
{
    size_t length = text_utf8_char(bytes, count);
    if (length == 0) return 1;
    uint32_t code = code_of(bytes, length);
    if (WITHIN(code, combining)) return 0;
    return WITHIN(code, wide) ? 2 : 1;
}
