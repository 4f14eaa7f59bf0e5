/* log.h: logfmt lines on stderr. The first word after the level is a stable event name.
 *
 *     ts=2026-01-31T09:26:53.589Z level=info event=rollout_state deployment=web from=progressing …
 *
 * Threads: any; a line is one write(2). Values are quoted and escaped when they need it.
 */
#ifndef DOGSHORE_BASE_LOG_H
#define DOGSHORE_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Process-wide; set once by main before threads start. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);
bool log_level_parse(const char *word, enum log_level *level);

/* A line is built on the caller's stack (cut at 4 KiB) and written by log_end. */
struct log_line {
    char bytes[4096];
    unsigned length;
    bool enabled;
};
void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_string(struct log_line *line, const char *key, const char *value); /* NULL: left out */
void log_int(struct log_line *line, const char *key, int64_t value);
void log_format(struct log_line *line, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void log_end(struct log_line *line);

/* The common case: an event and one sentence (msg=…). */
void log_message(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
