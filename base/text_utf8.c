/* text_utf8.c: UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "base/arena.h"
#include "base/text.h"

static bool is_in(char c, unsigned low, unsigned high)
{
    unsigned byte = (unsigned char)c;
    return byte >= low && byte <= high;
}

static bool is_tail(char c)
{
    return is_in(c, 0x80, 0xbf);
}

/* The second byte's range carries all the special rules. */
static bool is_second(unsigned lead, char c)
{
    if (lead == 0xe0) return is_in(c, 0xa0, 0xbf);
    if (lead == 0xed) return is_in(c, 0x80, 0x9f);
    if (lead == 0xf0) return is_in(c, 0x90, 0xbf);
    if (lead == 0xf4) return is_in(c, 0x80, 0x8f);
    return is_tail(c);
}

size_t text_utf8_char(const char *text, size_t bytes)
{
    if (bytes == 0) return 0;
    unsigned lead = (unsigned char)text[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    size_t needed = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (bytes < needed || !is_second(lead, text[1])) return 0;
    for (size_t i = 2; i < needed; i++)
        if (!is_tail(text[i])) return 0;
    return needed;
}

size_t text_utf8_valid(const char *text, size_t bytes)
{
    size_t valid = 0;
    while (valid < bytes) {
        size_t step = text_utf8_char(text + valid, bytes - valid);
        if (step == 0) break;
        valid += step;
    }
    return valid;
}

bool text_utf8_control(const char *character, size_t bytes)
{
    unsigned char first = (unsigned char)character[0];
    if (bytes == 1) return first < 0x20 || first == 0x7f;
    return bytes == 2 && first == 0xc2 && is_in(character[1], 0x80, 0x9f);
}

char *text_sanitise(struct arena *arena, const char *text, size_t bytes, size_t max_bytes)
{
    char *clean = arena_alloc(arena, (bytes < max_bytes ? bytes : max_bytes) + 1);
    size_t length = 0;
    for (size_t i = 0; i < bytes;) {
        size_t step = text_utf8_char(text + i, bytes - i);
        bool kept =
            step > 0 && (text[i] == '\n' || text[i] == '\t' || !text_utf8_control(text + i, step));
        const char *piece = kept ? text + i : "?";
        size_t piece_bytes = kept ? step : 1;
        if (length + piece_bytes > max_bytes) break;
        memcpy(clean + length, piece, piece_bytes);
        length += piece_bytes;
        i += step > 0 ? step : 1;
    }
    return clean;
}
