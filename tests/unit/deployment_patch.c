/* Merge patches: RFC 7396 by its own examples, and patches as people write them. */
#include "wire/deployment_patch.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena);
}

static void close_arena(void)
{
    arena_release(&arena);
}

TestSuite(deployment_patch, .init = open_arena, .fini = close_arena);

static struct json *parse(const char *text)
{
    struct json *json;
    struct err err;
    cr_assert_eq(json_parse(&arena, text, strlen(text), &json, &err), ERR_OK, "%s: %s", text,
                 err.detail);
    return json;
}

static const char *shown(const struct json *json)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &arena);
    json_writer_init(&writer, &text);
    json_value(&writer, json);
    return text_string(&text);
}

/* Appendix A of the RFC, without the spaces. */
static const struct {
    const char *target, *patch, *result;
} rfc[] = {
    {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
    {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
    {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
    {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
    {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
    {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
    {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
    {"{\"a\":\"foo\"}", "null", "null"},
    {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
    {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
    {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
    {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
};

Test(deployment_patch, merges_as_the_rfc_has_it)
{
    for (size_t i = 0; i < sizeof rfc / sizeof rfc[0]; i++) {
        const struct json *merged = json_merge(&arena, parse(rfc[i].target), parse(rfc[i].patch));
        cr_assert_str_eq(shown(merged), rfc[i].result, "%s", rfc[i].patch);
    }
    cr_assert_str_eq(shown(json_merge(&arena, NULL, parse("{\"a\":null,\"b\":1}"))), "{\"b\":1}");
}
