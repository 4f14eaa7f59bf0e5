/* fuzz.h: what the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput(); it
 * states properties (what was accepted reads back the same, nothing is answered 500), and the
 * sanitizers state the rest. scripts/soak fuzz builds and runs them. */
#ifndef DOGSHORE_TESTS_FUZZ_H
#define DOGSHORE_TESTS_FUZZ_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (condition) break;                                                                      \
        fprintf(stderr, "%s:%d: expected %s: ", __FILE__, __LINE__, #condition);                   \
        fprintf(stderr, __VA_ARGS__);                                                              \
        fputc('\n', stderr);                                                                       \
        abort();                                                                                   \
    } while (false)

/* The input as a string: up to its first NUL. */
static inline const char *fuzz_string(struct arena *arena, const uint8_t *bytes, size_t count)
{
    return arena_strndup(arena, (const char *)bytes, strnlen((const char *)bytes, count));
}

static inline const char *fuzz_render(struct arena *arena, const struct json *json)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_value(&writer, json);
    return text_string(&text);
}

#endif
