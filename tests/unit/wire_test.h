/* wire_test.h: what the tests of field tables share: parsing, finding nodes and errors. */
#ifndef DOGSHORE_TESTS_UNIT_WIRE_TEST_H
#define DOGSHORE_TESTS_UNIT_WIRE_TEST_H

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "wire/field_errors.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static inline struct json *parse_json(struct arena *arena, const char *text)
{
    struct json *root = NULL;
    struct err err = {0};
    cr_assert(json_parse(arena, text, strlen(text), &root, &err) == ERR_OK, "%s in %s", err.detail,
              text);
    return root;
}

/* The node at "#/a/b/0"; keys without escapes. */
static inline struct json *json_at(struct json *node, const char *pointer)
{
    char key[128];
    for (const char *at = pointer + 1; *at == '/';) {
        size_t bytes = strcspn(++at, "/");
        struct json *child = NULL;
        cr_assert(bytes < sizeof key);
        memcpy(key, at, bytes);
        key[bytes] = '\0';
        if (node->type == JSON_ARRAY) child = &node->children[strtol(key, NULL, 10)];
        for (size_t i = 0; node->type == JSON_OBJECT && i < node->count; i++)
            if (strcmp(node->children[i].key, key) == 0) child = &node->children[i];
        cr_assert(child != NULL, "nothing at %s", pointer);
        node = child;
        at += bytes;
    }
    return node;
}

/* Puts `value` in the place of the node at `pointer`. */
static inline void json_replace(struct arena *arena, struct json *root, const char *pointer,
                                const char *value)
{
    struct json *node = json_at(root, pointer);
    const char *key = node->key;
    *node = *parse_json(arena, value);
    node->key = key;
}

static inline void json_remove(struct json *root, const char *parent, const char *key)
{
    struct json *node = json_at(root, parent);
    for (size_t i = 0; i < node->count; i++) {
        if (strcmp(node->children[i].key, key) != 0) continue;
        node->children[i] = node->children[--node->count];
        return;
    }
    cr_assert_fail("no member %s in %s", key, parent);
}

static inline const char *errors_text(const struct field_errors *errors)
{
    struct text text;
    text_init(&text, errors->arena);
    for (size_t i = 0; i < errors->count; i++)
        text_printf(&text, "\n  %s %s: %s", errors->items[i].pointer, errors->items[i].code,
                    errors->items[i].detail);
    return text_string(&text);
}

static inline const struct field_error *error_at(const struct field_errors *errors,
                                                 const char *pointer)
{
    for (size_t i = 0; i < errors->count; i++)
        if (strcmp(errors->items[i].pointer, pointer) == 0) return &errors->items[i];
    return NULL;
}

/* Exactly one problem, there, of that code. */
static inline void assert_only_error(const struct field_errors *errors, const char *pointer,
                                     const char *code)
{
    cr_assert(errors->total == 1, "expected one error at %s, got %zu:%s", pointer, errors->total,
              errors_text(errors));
    cr_assert_str_eq(errors->items[0].pointer, pointer, "expected %s, got:%s", pointer,
                     errors_text(errors));
    cr_assert_str_eq(errors->items[0].code, code, "expected %s at %s, got:%s", code, pointer,
                     errors_text(errors));
}

#endif
