#include "openapi/tool/yaml.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"

#include <criterion/criterion.h>

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena);
}

static void close_arena(void)
{
    arena_release(&arena);
}

TestSuite(yaml, .init = open_arena, .fini = close_arena);

static const struct {
    const char *yaml, *json;
} accepted[] = {
    {"", "null"},
    {"# nothing\n", "null"},
    {"a: 1\nb: two words\n", "{\"a\":1,\"b\":\"two words\"}"},
    {"a:\n  b:\n    c: true\n  d: null\n", "{\"a\":{\"b\":{\"c\":true},\"d\":null}}"},
    {"a:\nb: 1\n", "{\"a\":null,\"b\":1}"},
    {"a:\n  - x\n  - z\n", "{\"a\":[\"x\",\"z\"]}"},
    {"a:\n- x\n- z\nb: 1\n", "{\"a\":[\"x\",\"z\"],\"b\":1}"},
    {"- a: 1\n  b: 2\n- a: 3\n", "[{\"a\":1,\"b\":2},{\"a\":3}]"},
    {"- - 1\n  - 2\n", "[[1,2]]"},
    {"a: {b: [1, 'x', \"y\"], c: {}}\n", "{\"a\":{\"b\":[1,\"x\",\"y\"],\"c\":{}}}"},
    {"a: [x,\n  w, # more\n  z]\n", "{\"a\":[\"x\",\"w\",\"z\"]}"},
    {"a:\n  {b: 1,\n   c: 2}\n", "{\"a\":{\"b\":1,\"c\":2}}"},
    {"'200': {$ref: '#/a/b'}\n", "{\"200\":{\"$ref\":\"#/a/b\"}}"},
    {"a: 'it''s'\n", "{\"a\":\"it's\"}"},
    {"a: \"x\\n\\\"y\\\"\"\n", "{\"a\":\"x\\n\\\"y\\\"\"}"},
    {"a: '^[^\\u0000]*$'\n", "{\"a\":\"^[^\\\\u0000]*$\"}"},
    {"a: one\n  two\n\n  three\nb: 1\n", "{\"a\":\"one two\\nthree\",\"b\":1}"},
    {"a: 'one\n  two'\n", "{\"a\":\"one two\"}"},
    {"a: |\n  one\n   two\n\n  three\nb: 1\n", "{\"a\":\"one\\n two\\n\\nthree\\n\",\"b\":1}"},
    {"a: |-\n  one\n", "{\"a\":\"one\"}"},
    {"a: >-\n  one\n  two\n\n  three\n", "{\"a\":\"one two\\nthree\"}"},
    {"a: >\n  one\n  two\n", "{\"a\":\"one two\\n\"}"},
    {"- |\n  one\n- 2\n", "[\"one\\n\",2]"},
    {"a: x # why\n# and\nb: y#z\n", "{\"a\":\"x\",\"b\":\"y#z\"}"},
    {"a: http://x/y:z\nb: -1\nc: 0.25\n", "{\"a\":\"http://x/y:z\",\"b\":-1,\"c\":0.25}"},
    {"a: 2.1.0\nb: 10.0.0.7\nc: $(PORT)\n",
     "{\"a\":\"2.1.0\",\"b\":\"10.0.0.7\",\"c\":\"$(PORT)\"}"},
    {"a: 4b1f0a3e-8f5e\nb: 1st\n", "{\"a\":\"4b1f0a3e-8f5e\",\"b\":\"1st\"}"},
    {"a: ü\n", "{\"a\":\"ü\"}"},
};

Test(yaml, reads_what_the_contract_is_written_in)
{
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct yaml *root;
        struct err err;
        struct text text;
        struct json_writer writer;
        enum err_code code =
            yaml_parse(&arena, accepted[i].yaml, strlen(accepted[i].yaml), &root, &err);
        cr_assert_eq(code, ERR_OK, "%s: %s", accepted[i].yaml, err.detail);
        text_init(&text, &arena);
        json_writer_init(&writer, &text);
        yaml_write_json(root, &writer);
        cr_assert_str_eq(text_string(&text), accepted[i].json, "%s", accepted[i].yaml);
    }
}

static const struct {
    const char *yaml, *detail;
} refused[] = {
    {"a: 1\na: 2\n", "line 2: 'a' is there twice"},
    {"a: {b: 1, b: 2}\n", "line 1: 'b' is there twice"},
    {"a: yes\n", "line 1: 'yes' needs quotes: readers disagree about it"},
    {"a: 010\n", "line 1: '010' needs quotes: readers disagree about it"},
    {"a: 1e3\n", "line 1: '1e3' needs quotes: readers disagree about it"},
    {"a: 10:30\n", "line 1: '10:30' needs quotes: readers disagree about it"},
    {"a: 2026-03-02T10:15:00Z\n",
     "line 1: '2026-03-02T10:15:00Z' needs quotes: readers disagree about it"},
    {"a: b: c\n", "line 1: a text with ': ' needs quotes"},
    {"a: &x 1\n", "line 1: a plain word cannot begin with '&'"},
    {"a: *x\n", "line 1: a plain word cannot begin with '*'"},
    {"a: !x 1\n", "line 1: a plain word cannot begin with '!'"},
    {"a: `x`\n", "line 1: a plain word cannot begin with '`'"},
    {"a: 'x\n", "line 2: a quote is not closed"},
    {"a: 'x' y\n", "line 1: 'y' is not expected here"},
    {"a: \"\\q\"\n", "line 1: this escape is not known"},
    {"a: [1, 2\n", "line 2: a bracket is not closed"},
    {"a: [1 {}]\n", "line 1: a ',' is missing"},
    {"a: {b}\n", "line 1: a ':' is missing"},
    {"a: 1\n  b: 2\n", "line 2: a text with ': ' needs quotes"},
    {"a:\n    b: 1\n  c: 2\n", "line 3: this is indented too far"},
    {"a:\n  b: 1\n c: 2\n", "line 3: this is indented too far"},
    {"a: |\nb: 1\n", "line 2: a block text is empty"},
    {"a: |+\n  x\n", "line 1: a block text begins on the line below"},
    {"a: >-\n  x\n    y\n", "line 3: a folded text cannot have deeper lines"},
    {"--- \na: 1\n", "line 1: directives and document marks are not read"},
    {"%YAML 1.2\n", "line 1: directives and document marks are not read"},
    {"a:\tb\n", "line 1: a tab, CR or NUL"},
    {"a: 1\r\n", "line 1: a tab, CR or NUL"},
    {"a: \xff\n", "line 2: no valid UTF-8"},
    {"a: 1\nb\n", "line 2: a key is expected here"},
    {"- 1\nb: 1\n", "line 2: this belongs to nothing"},
};

Test(yaml, refuses_what_readers_disagree_about_with_its_line)
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct yaml *root;
        struct err err;
        enum err_code code =
            yaml_parse(&arena, refused[i].yaml, strlen(refused[i].yaml), &root, &err);
        cr_assert_eq(code, ERR_INVALID, "%s", refused[i].yaml);
        cr_assert_str_eq(err.detail, refused[i].detail, "%s", refused[i].yaml);
    }
}

Test(yaml, is_refused_when_it_is_too_deep)
{
    struct text text;
    struct yaml *root;
    struct err err;
    text_init(&text, &arena);
    for (int i = 0; i < 1000; i++)
        text_add_char(&text, '[');
    cr_assert_eq(yaml_parse(&arena, text.bytes, text.length, &root, &err), ERR_INVALID);
    cr_assert_str_eq(err.detail, "line 1: this is too deep");
    text_clear(&text);
    for (int i = 0; i < 1000; i++)
        text_add(&text, "- ");
    cr_assert_eq(yaml_parse(&arena, text.bytes, text.length, &root, &err), ERR_INVALID);
}
