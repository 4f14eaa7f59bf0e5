/* cli_text.h: what tests of the command line's texts share: one arena a test, JSON into it, a text
 * out of it. A suite takes cli_text_open and cli_text_close as its init and fini. */
#ifndef DOGSHORE_TESTS_NODE_CLI_TEXT_H
#define DOGSHORE_TESTS_NODE_CLI_TEXT_H

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#include <criterion/criterion.h>

static struct arena arena;

static inline void cli_text_open(void)
{
    arena_init(&arena);
}

static inline void cli_text_close(void)
{
    arena_release(&arena);
}

static inline const struct json *parse(const char *text)
{
    struct json *json;
    struct err err;
    cr_assert_eq(json_parse(&arena, text, strlen(text), &json, &err), ERR_OK, "%s", err.detail);
    return json;
}

static inline struct text new_text(void)
{
    struct text text;
    text_init(&text, &arena);
    return text;
}

#endif
