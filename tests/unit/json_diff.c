#include "base/json_diff.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#include <criterion/criterion.h>

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_release(&arena);
}

TestSuite(json_diff, .init = setup, .fini = teardown);

static const struct json *parse(const char *text)
{
    struct json *root;
    struct err err;
    cr_assert_eq(json_parse(&arena, text, strlen(text), &root, &err), ERR_OK, "%s", text);
    return root;
}

static const struct {
    const char *from, *to, *changes;
} cases[] = {
    {"{}", "{}", "[]"},
    {"{\"a\":1,\"b\":[1,{\"c\":null}]}", "{\"b\":[1,{\"c\":null}],\"a\":1}", "[]"},
    {"{\"a\":1}", "{\"a\":2}", "[{\"pointer\":\"/s/a\",\"op\":\"replace\",\"from\":1,\"to\":2}]"},
    {"{\"a\":1}", "{\"a\":\"1\"}",
     "[{\"pointer\":\"/s/a\",\"op\":\"replace\",\"from\":1,\"to\":\"1\"}]"},
    {"{\"env\":{\"A\":\"x\"}}", "{\"env\":{\"A\":\"x\",\"B/~\":\"y\"}}",
     "[{\"pointer\":\"/s/env/B~1~0\",\"op\":\"add\",\"from\":null,\"to\":\"y\"}]"},
    {"{\"env\":{\"A\":\"x\"}}", "{\"env\":{}}",
     "[{\"pointer\":\"/s/env/A\",\"op\":\"remove\",\"from\":\"x\",\"to\":null}]"},
    {"{\"c\":[\"x\",\"y\"]}", "{\"c\":[\"y\",\"x\"]}",
     "[{\"pointer\":\"/s/c\",\"op\":\"replace\",\"from\":[\"x\",\"y\"],\"to\":[\"y\",\"x\"]}]"},
    {"{\"p\":null}", "{\"p\":{\"a\":true}}",
     "[{\"pointer\":\"/s/p\",\"op\":\"replace\",\"from\":null,\"to\":{\"a\":true}}]"},
    {"{\"f\":0.5,\"g\":true}", "{\"f\":0.25,\"g\":false}",
     "[{\"pointer\":\"/s/f\",\"op\":\"replace\",\"from\":0.5,\"to\":0.25},"
     "{\"pointer\":\"/s/g\",\"op\":\"replace\",\"from\":true,\"to\":false}]"},
};

Test(json_diff, each_member_that_differs_is_named_once)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text text;
        struct json_writer writer;
        text_init(&text, &arena);
        json_writer_init(&writer, &text);
        json_diff(&writer, &arena, "/s", parse(cases[i].from), parse(cases[i].to));
        cr_expect_str_eq(text_string(&text), cases[i].changes, "%s", text_string(&text));
        bool same = strcmp(cases[i].changes, "[]") == 0;
        cr_expect_eq(json_equal(parse(cases[i].from), parse(cases[i].to)), same);
    }
}
