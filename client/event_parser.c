#include "client/event_parser.h"

#include "base/clock.h"

#include <string.h>

static const char byte_order_mark[] = "\xef\xbb\xbf";

void event_parser_init(struct event_parser *parser)
{
    text_init(&parser->line, NULL);
    text_init(&parser->kind, NULL);
    text_init(&parser->data, NULL);
    text_init(&parser->id, NULL);
    text_init(&parser->last_id, NULL);
}

void event_parser_release(struct event_parser *parser)
{
    text_release(&parser->line);
    text_release(&parser->kind);
    text_release(&parser->data);
    text_release(&parser->id);
    text_release(&parser->last_id);
}

void event_parser_restart(struct event_parser *parser)
{
    text_clear(&parser->line);
    text_clear(&parser->kind);
    text_clear(&parser->data);
    text_clear(&parser->id);
    text_add(&parser->id, text_string(&parser->last_id));
    parser->after_return = parser->begun = parser->line_cut = parser->too_long = false;
}

static void dispatch(struct event_parser *parser)
{
    text_clear(&parser->last_id);
    text_add(&parser->last_id, text_string(&parser->id));
    if (parser->data.length > 0 && !parser->too_long) {
        parser->data.bytes[--parser->data.length] = '\0'; /* the last line end */
        const char *kind = parser->kind.length > 0 ? parser->kind.bytes : "message";
        const struct parsed_event event = {text_string(&parser->last_id), kind,
                                           text_string(&parser->data)};
        parser->arrived(parser, &event);
    }
    text_clear(&parser->data);
    text_clear(&parser->kind);
    parser->too_long = false;
}

static void set(struct text *text, const char *value)
{
    text_clear(text);
    text_add(text, value);
}

static void add_data(struct event_parser *parser, const char *value)
{
    if (parser->data.length + strlen(value) >= EVENT_PARSER_BYTES) {
        parser->too_long = true;
        return;
    }
    text_add(&parser->data, value);
    text_add_char(&parser->data, '\n');
}

/* Lines hold no NUL: one would end them here, and what follows it is of no use. */
static void take_field(struct event_parser *parser, const char *name, const char *value)
{
    int64_t retry_ms;
    if (text_equal(name, "data")) {
        add_data(parser, value);
    } else if (text_equal(name, "event")) {
        set(&parser->kind, value);
    } else if (text_equal(name, "id")) {
        set(&parser->id, value);
    } else if (text_equal(name, "retry") && text_to_int64(value, 0, DAY_MS, &retry_ms)) {
        parser->retry_ms = retry_ms;
    }
}

static void take_line(struct event_parser *parser, char *line)
{
    char *colon = strchr(line, ':');
    if (colon == line) return; /* a comment */
    const char *value = "";
    if (colon != NULL) {
        *colon = '\0';
        value = colon + 1;
        if (*value == ' ') value++;
    }
    take_field(parser, line, value);
}

static void end_line(struct event_parser *parser)
{
    char *line = parser->line.length > 0 ? parser->line.bytes : NULL;
    size_t mark = sizeof byte_order_mark - 1;
    if (!parser->begun && line != NULL && strncmp(line, byte_order_mark, mark) == 0) line += mark;
    parser->begun = true;
    if (parser->line_cut)
        parser->too_long = true;
    else if (line == NULL || *line == '\0')
        dispatch(parser);
    else
        take_line(parser, line);
    text_clear(&parser->line);
    parser->line_cut = false;
}

static void take_bytes(struct event_parser *parser, const char *bytes, size_t count)
{
    if (parser->line.length + count > EVENT_PARSER_BYTES)
        parser->line_cut = true;
    else
        text_append(&parser->line, bytes, count);
}

void event_parser_take(struct event_parser *parser, const char *bytes, size_t count)
{
    const char *end = bytes + count;
    while (bytes < end) {
        size_t length = 0;
        while (bytes + length < end && bytes[length] != '\n' && bytes[length] != '\r')
            length++;
        if (length > 0) {
            take_bytes(parser, bytes, length);
            parser->after_return = false;
        }
        bytes += length;
        if (bytes == end) return;
        bool second = *bytes == '\n' && parser->after_return; /* of CR LF */
        parser->after_return = *bytes == '\r';
        bytes++;
        if (!second) end_line(parser);
    }
}
