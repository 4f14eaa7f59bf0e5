/* text.h: a growing byte buffer, and small helpers on C strings.
 *
 * Ownership: with an arena the bytes live as long as it; without one (arena NULL) the text owns
 * them and text_release() frees. Always NUL-terminated once something was appended.
 */
#ifndef DOGSHORE_BASE_TEXT_H
#define DOGSHORE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct text {
    char *bytes;
    size_t length;
    size_t capacity;
    struct arena *arena;
};

void text_init(struct text *text, struct arena *arena);
void text_release(struct text *text);
void text_clear(struct text *text);
void text_append(struct text *text, const char *bytes, size_t count);
void text_add(struct text *text, const char *string);
void text_add_char(struct text *text, char c);
void text_add_int(struct text *text, int64_t value);
/* host:port, [host]:port where the host is an IPv6 address. */
void text_add_authority(struct text *text, const char *host, int64_t port);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *text_string(struct text *text); /* never NULL */
/* "a, b, c". */
const char *text_join(struct arena *arena, const char *const *words, size_t count);

bool text_equal(const char *a, const char *b); /* NULL equals only NULL */
bool text_starts(const char *text, const char *prefix);
/* Whole string, base 10, optional '-'; false when not a number or out of [min, max]. */
bool text_to_int64(const char *text, int64_t min, int64_t max, int64_t *value);
/* The candidate nearest to `word` by edit distance, else the only one that begins with it; NULL
 * when none is near. */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);
/* Bytes (1 to 4) of the valid UTF-8 character that `text` starts with, 0 when it does not. */
size_t text_utf8_char(const char *text, size_t bytes);
/* Whether that character is a control: below U+0020, or U+007F to U+009F. */
bool text_utf8_control(const char *character, size_t bytes);
/* Length of valid UTF-8 prefix of at most `bytes`. Equal to `bytes` iff all of it is valid. */
size_t text_utf8_valid(const char *text, size_t bytes);
/* A copy of at most `max_bytes`, cut at a character, control characters replaced by '?' except
 * newline and tab, invalid UTF-8 replaced: safe for logs, events and answers. */
char *text_sanitise(struct arena *arena, const char *text, size_t bytes, size_t max_bytes);

#endif
