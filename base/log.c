#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>

static const char ellipsis[] = "\xe2\x80\xa6"; /* marks a value that was cut */

/* The end of the line is kept free for the ellipsis, a closing quote and the newline. */
enum {
    LINE_BYTES_MAX = sizeof(((struct log_line *)NULL)->bytes),
    VALUE_BYTES_MAX = LINE_BYTES_MAX - (int)sizeof ellipsis - 2
};

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

/* Logging is process-wide by nature: the level is the one variable here. */
static atomic_int current_level = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

bool log_level_parse(const char *word, enum log_level *level)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(word, level_names[i]) != 0) continue;
        *level = (enum log_level)i;
        return true;
    }
    return false;
}

static void put(struct log_line *line, const char *bytes, size_t count)
{
    assert(line->length + count <= LINE_BYTES_MAX);
    memcpy(line->bytes + line->length, bytes, count);
    line->length += (unsigned)count;
}

/* Appends all of it or nothing. */
static bool put_if_room(struct log_line *line, const char *bytes, size_t count)
{
    if (line->length + count > VALUE_BYTES_MAX) return false;
    put(line, bytes, count);
    return true;
}

/* Plain values stand unquoted; anything that could end or forge a field is quoted. */
static bool needs_quotes(const char *value, size_t bytes)
{
    if (bytes == 0) return true;
    for (size_t i = 0; i < bytes;) {
        size_t step = text_utf8_char(value + i, bytes - i);
        if (step == 0 || strchr(" \"=", value[i]) != NULL) return true;
        if (text_utf8_control(value + i, step)) return true;
        i += step;
    }
    return false;
}

/* Appends one byte as \n, \", \\ or \xNN. */
static bool put_escaped(struct log_line *line, char c)
{
    char escape[8];
    int length;
    if (c == '\n')
        length = snprintf(escape, sizeof escape, "\\n");
    else if (c == '"' || c == '\\')
        length = snprintf(escape, sizeof escape, "\\%c", c);
    else
        length = snprintf(escape, sizeof escape, "\\x%02x", (unsigned)(unsigned char)c);
    return put_if_room(line, escape, (size_t)length);
}

/* Appends the next character of a quoted value; returns the bytes it took, 0 when out of room. */
static size_t put_quoted_char(struct log_line *line, const char *value, size_t bytes)
{
    size_t step = text_utf8_char(value, bytes);
    bool plain = step > 0 && !text_utf8_control(value, step) && value[0] != '"' && value[0] != '\\';
    if (plain) return put_if_room(line, value, step) ? step : 0;
    /* A control character of two bytes is two escapes. */
    return put_escaped(line, value[0]) ? 1 : 0;
}

static void put_quoted(struct log_line *line, const char *value, size_t bytes)
{
    put(line, "\"", 1);
    for (size_t i = 0; i < bytes;) {
        size_t taken = put_quoted_char(line, value + i, bytes - i);
        if (taken == 0) {
            put(line, ellipsis, sizeof ellipsis - 1);
            break;
        }
        i += taken;
    }
    put(line, "\"", 1);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    line->length = 0;
    line->enabled = log_enabled(level);
    if (!line->enabled) return;
    char now[CLOCK_RFC3339_BYTES];
    const struct clock clock = clock_system();
    clock_rfc3339(clock_wall_ms(&clock), now);
    put(line, "ts=", 3);
    put(line, now, strlen(now));
    log_string(line, "level", level_names[level]);
    log_string(line, "event", event);
}

void log_string(struct log_line *line, const char *key, const char *value)
{
    if (!line->enabled || value == NULL) return;
    unsigned before = line->length;
    bool fits = put_if_room(line, " ", 1) && put_if_room(line, key, strlen(key)) &&
                put_if_room(line, "=", 1);
    if (!fits) {
        line->length = before;
        return;
    }
    size_t bytes = strlen(value);
    if (needs_quotes(value, bytes) || !put_if_room(line, value, bytes))
        put_quoted(line, value, bytes);
}

void log_int(struct log_line *line, const char *key, int64_t value)
{
    log_format(line, key, "%" PRId64, value);
}

void log_format(struct log_line *line, const char *key, const char *format, ...)
{
    if (!line->enabled) return;
    char value[LINE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    log_string(line, key, value);
}

void log_end(struct log_line *line)
{
    if (!line->enabled) return;
    put(line, "\n", 1);
    ssize_t written;
    do {
        written = write(STDERR_FILENO, line->bytes, line->length);
    } while (written < 0 && errno == EINTR);
    line->enabled = false;
}

void log_message(enum log_level level, const char *event, const char *format, ...)
{
    struct log_line line;
    log_begin(&line, level, event);
    if (!line.enabled) return;
    char message[LINE_BYTES_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    log_string(&line, "msg", message);
    log_end(&line);
}
