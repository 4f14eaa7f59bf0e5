/* json_unescape.c: what the escapes of a JSON string stand for. */
#include "base/arena.h"
#include "base/json_scan.h"

static unsigned hex_unit(const char *digits)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        unsigned digit = (unsigned char)digits[i];
        unit = unit << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
    }
    return unit;
}

static size_t put_utf8(char *out, unsigned point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t tails = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(leads[tails] | point >> (6 * tails));
    for (size_t i = 1; i <= tails; i++)
        out[i] = (char)(0x80 | (point >> (6 * (tails - i)) & 0x3f));
    return tails + 1;
}

/* Decodes the escape at `escape` (its backslash); says how long it is and how long it gets. */
static size_t decode_escape(const char *escape, char *out, size_t *out_count)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    if (escape[1] != 'u') {
        const char *found = strchr(letters, escape[1]);
        *out = found == NULL ? escape[1] : controls[found - letters];
        *out_count = 1;
        return 2;
    }
    unsigned unit = hex_unit(escape + 2);
    bool pair = unit >= 0xd800 && unit <= 0xdbff;
    if (pair) unit = 0x10000 + ((unit - 0xd800) << 10) + (hex_unit(escape + 8) - 0xdc00);
    *out_count = put_utf8(out, unit);
    return pair ? 12 : 6;
}

const char *json_unescape(struct arena *arena, const char *bytes, size_t count,
                          size_t *decoded_count)
{
    /* No escape is shorter than what it stands for. */
    char *out = arena_alloc(arena, count + 1);
    size_t length = 0;
    for (size_t i = 0; i < count;) {
        size_t out_count = 1;
        if (bytes[i] == '\\') {
            i += decode_escape(bytes + i, out + length, &out_count);
        } else {
            out[length] = bytes[i++];
        }
        length += out_count;
    }
    *decoded_count = length;
    return out;
}
