#include "cli/paint.h"

#include "base/text.h"
#include "cli/escape.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

enum { MARK = 0x01 };

static const char *const codes[] = {
    [STYLE_PLAIN] = "\033[0m", [STYLE_BOLD] = "\033[1m",  [STYLE_DIM] = "\033[2m",
    [STYLE_GOOD] = "\033[32m", [STYLE_BUSY] = "\033[33m", [STYLE_BAD] = "\033[31m",
};

static const struct {
    const char *state;
    enum style style;
} state_styles[] = {
    {"running", STYLE_GOOD},      {"succeeded", STYLE_GOOD},   {"ready", STYLE_GOOD},
    {"stable", STYLE_GOOD},       {"failed", STYLE_BAD},       {"unhealthy", STYLE_BAD},
    {"lost", STYLE_BAD},          {"rolled_back", STYLE_BAD},  {"aborted", STYLE_BAD},
    {"degraded", STYLE_BUSY},     {"deploying", STYLE_BUSY},   {"pending", STYLE_BUSY},
    {"rolling_back", STYLE_BUSY}, {"progressing", STYLE_BUSY}, {"paused", STYLE_BUSY},
    {"suspect", STYLE_BUSY},      {"starting", STYLE_BUSY},    {"preparing", STYLE_BUSY},
    {"assigned", STYLE_BUSY},     {"stopping", STYLE_DIM},     {"stopped", STYLE_DIM},
    {"terminating", STYLE_BUSY},  {"superseded", STYLE_DIM},   {"left", STYLE_DIM},
};

enum style paint_style_of(const char *state)
{
    for (size_t i = 0; i < sizeof(state_styles) / sizeof(state_styles[0]); i++)
        if (text_equal(state_styles[i].state, state)) return state_styles[i].style;
    return STYLE_PLAIN;
}

void paint_begin(struct text *text, enum style style)
{
    if (style == STYLE_PLAIN) return;
    text_add_char(text, MARK);
    text_add_char(text, (char)('a' + (int)style));
}

void paint_end(struct text *text)
{
    text_add_char(text, MARK);
    text_add_char(text, (char)('a' + (int)STYLE_PLAIN));
}

void paint(struct text *text, enum style style, const char *string)
{
    paint_begin(text, style);
    escape_string(text, string);
    if (style != STYLE_PLAIN) paint_end(text);
}

void paint_printf(struct text *text, enum style style, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    paint(text, style, line);
}

/* Bytes of the mark or character at `painted`; a mark sets *style. */
static size_t step(const char *painted, size_t bytes, enum style *style, size_t *columns)
{
    *columns = 0;
    if (painted[0] == MARK && bytes >= 2) {
        *style = (enum style)(painted[1] - 'a');
        return 2;
    }
    size_t length = text_utf8_char(painted, bytes);
    *columns = character_columns(painted, bytes);
    return length == 0 ? 1 : length;
}

size_t paint_columns(const char *painted, size_t bytes)
{
    size_t total = 0;
    for (size_t at = 0; at < bytes;) {
        enum style style = STYLE_PLAIN;
        size_t columns;
        at += step(painted + at, bytes - at, &style, &columns);
        total += columns;
    }
    return total;
}

void paint_line(struct text *out, const char *painted, size_t bytes, size_t columns_most,
                bool colour)
{
    bool cut = paint_columns(painted, bytes) > columns_most;
    size_t room = cut && columns_most > 0 ? columns_most - 1 : columns_most;
    enum style shown = STYLE_PLAIN;
    for (size_t at = 0, total = 0; at < bytes;) {
        enum style style = shown;
        size_t columns;
        size_t length = step(painted + at, bytes - at, &style, &columns);
        if (total + columns > room) break;
        if (painted[at] != MARK)
            text_append(out, painted + at, length);
        else if (colour && style != shown)
            text_add(out, codes[style]);
        shown = style;
        total += columns;
        at += length;
    }
    if (cut && columns_most > 0) text_add(out, "…");
    if (colour && shown != STYLE_PLAIN) text_add(out, codes[STYLE_PLAIN]);
}

void paint_lines(struct text *out, const char *painted, size_t bytes, bool colour)
{
    size_t first = 0;
    for (size_t at = 0; at < bytes; at++) {
        if (painted[at] != '\n') continue;
        paint_line(out, painted + first, at - first, SIZE_MAX, colour);
        text_add_char(out, '\n');
        first = at + 1;
    }
    if (first < bytes) paint_line(out, painted + first, bytes - first, SIZE_MAX, colour);
}
