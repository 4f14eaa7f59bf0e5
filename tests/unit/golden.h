/* golden.h: compares a printed text with its file in tests/golden. A wanted change is accepted by
 * running the test with DOGSHORE_ACCEPT_GOLDEN=1, which rewrites the file. */
#ifndef DOGSHORE_TESTS_UNIT_GOLDEN_H
#define DOGSHORE_TESTS_UNIT_GOLDEN_H

#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_PATH(name) DOGSHORE_SOURCE_DIR "/tests/golden/" name

static inline void golden_read(const char *path, struct text *text)
{
    char piece[4096];
    size_t bytes;
    FILE *file = fopen(path, "r");
    cr_assert(file != NULL, "%s cannot be read", path);
    while ((bytes = fread(piece, 1, sizeof piece, file)) > 0)
        text_append(text, piece, bytes);
    fclose(file);
}

static inline void golden_check(const char *path, const char *actual)
{
    struct text expected;
    if (getenv("DOGSHORE_ACCEPT_GOLDEN")) {
        FILE *file = fopen(path, "w");
        cr_assert(file != NULL, "%s cannot be written", path);
        cr_assert(fwrite(actual, 1, strlen(actual), file) == strlen(actual));
        cr_assert(fclose(file) == 0);
        return;
    }
    text_init(&expected, NULL);
    golden_read(path, &expected);
    cr_assert_str_eq(actual, text_string(&expected));
    text_release(&expected);
}

#endif
