#include "base/text.h"

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

enum { TEXT_FIRST_CAPACITY = 128 };

void text_init(struct text *text, struct arena *arena)
{
    *text = (struct text){.arena = arena};
}

void text_release(struct text *text)
{
    if (text->arena == NULL) free(text->bytes);
    text_init(text, text->arena);
}

void text_clear(struct text *text)
{
    text->length = 0;
    if (text->bytes != NULL) text->bytes[0] = '\0';
}

/* Makes room for `count` more bytes and the NUL. */
static void reserve(struct text *text, size_t count)
{
    size_t needed = text->length + count + 1;
    assert(needed > count);
    if (needed <= text->capacity) return;
    size_t capacity = text->capacity == 0 ? TEXT_FIRST_CAPACITY : text->capacity * 2;
    if (capacity < needed) capacity = needed;
    if (text->arena == NULL) {
        text->bytes = xrealloc(text->bytes, capacity);
    } else {
        char *bytes = arena_alloc(text->arena, capacity);
        if (text->length > 0) memcpy(bytes, text->bytes, text->length);
        text->bytes = bytes;
    }
    text->capacity = capacity;
}

void text_append(struct text *text, const char *bytes, size_t count)
{
    reserve(text, count);
    if (count > 0) memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_append(text, string, strlen(string));
}

void text_add_char(struct text *text, char c)
{
    text_append(text, &c, 1);
}

void text_add_int(struct text *text, int64_t value)
{
    char digits[24]; /* 19 digits, sign, NUL */
    char *start = digits + sizeof digits;
    uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        *--start = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) *--start = '-';
    text_append(text, start, (size_t)(digits + sizeof digits - start));
}

void text_add_authority(struct text *text, const char *host, int64_t port)
{
    bool is_ipv6 = strchr(host, ':') != NULL;
    text_printf(text, is_ipv6 ? "[%s]:%lld" : "%s:%lld", host, (long long)port);
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int count = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(count >= 0);
    reserve(text, (size_t)count);
    vsnprintf(text->bytes + text->length, (size_t)count + 1, format, again);
    va_end(again);
    text->length += (size_t)count;
}

const char *text_string(struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}

const char *text_join(struct arena *arena, const char *const *words, size_t count)
{
    struct text text;
    text_init(&text, arena);
    for (size_t i = 0; i < count; i++)
        text_printf(&text, "%s%s", i > 0 ? ", " : "", words[i]);
    return text_string(&text);
}

bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) return a == b;
    return strcmp(a, b) == 0;
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_to_int64(const char *text, int64_t min, int64_t max, int64_t *value)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') return false;
    errno = 0;
    intmax_t parsed = strtoimax(text, NULL, 10);
    if (errno == ERANGE || parsed < min || parsed > max) return false;
    *value = parsed;
    return true;
}

/* Rows of the edit distance table are this wide; names and fields are shorter. */
enum { NEAREST_WORD_BYTES = 64, NEAREST_DISTANCE_MAX = 3, BEGUN_WORD_BYTES = 3 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edits between two words: insert, delete, replace, or swap two neighbours (optimal string
 * alignment). Only three rows of the table are alive at a time. */
static size_t edit_distance(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
    size_t table[3][NEAREST_WORD_BYTES + 1];
    for (size_t j = 0; j <= b_bytes; j++)
        table[0][j] = j;
    for (size_t i = 1; i <= a_bytes; i++) {
        size_t *row = table[i % 3];
        const size_t *above = table[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_bytes; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && table[(i - 2) % 3][j - 2] + 1 < row[j])
                row[j] = table[(i - 2) % 3][j - 2] + 1;
        }
    }
    return table[a_bytes % 3][b_bytes];
}

/* The only candidate that begins with the word: an abbreviation. */
static const char *only_begun(const char *word, const char *const *candidates, size_t count)
{
    const char *only = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!text_starts(candidates[i], word)) continue;
        if (only != NULL) return NULL;
        only = candidates[i];
    }
    return only;
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    size_t word_bytes = strlen(word);
    if (word_bytes < 2 || word_bytes > NEAREST_WORD_BYTES) return NULL;
    size_t bound = word_bytes / 3;
    if (bound < 1) bound = 1;
    if (bound > NEAREST_DISTANCE_MAX) bound = NEAREST_DISTANCE_MAX;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = strlen(candidates[i]);
        if (bytes > NEAREST_WORD_BYTES) continue;
        size_t distance = edit_distance(word, word_bytes, candidates[i], bytes);
        if (distance > bound || (nearest != NULL && distance == bound)) continue;
        bound = distance;
        nearest = candidates[i];
    }
    if (nearest != NULL || word_bytes < BEGUN_WORD_BYTES) return nearest;
    return only_begun(word, candidates, count);
}
