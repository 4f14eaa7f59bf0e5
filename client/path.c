#include "base/arena.h"
#include "base/text.h"
#include "client/client.h"

#include <assert.h>
#include <stdarg.h>

/* RFC 3986's unreserved characters stay, so a value never ends its segment or its parameter. */
static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c) != NULL);
}

static void add_encoded(struct text *path, const char *value)
{
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if (is_unreserved(c))
            text_add_char(path, (char)c);
        else
            text_printf(path, "%%%02X", c);
    }
}

char *client_path(struct arena *arena, const char *format, ...)
{
    struct text path;
    text_init(&path, arena);
    text_add(&path, "");
    va_list args;
    va_start(args, format);
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            text_add_char(&path, *c);
        } else if (c[1] == 's') {
            add_encoded(&path, va_arg(args, const char *));
            c += 1;
        } else if (c[1] == '%') {
            text_add_char(&path, '%');
            c += 1;
        } else {
            assert(text_starts(c, "%lld"));
            text_add_int(&path, va_arg(args, long long));
            c += 3;
        }
    }
    va_end(args);
    return path.bytes;
}
