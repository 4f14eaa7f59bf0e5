/* Parts of rendered JSON. */
#include "base/json_pick.h"

#include "base/arena.h"
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

TestSuite(json_pick, .init = setup, .fini = teardown);

/* Paths parted by blanks, names within one by dots. */
static struct json_pick *pick_of(const char *paths)
{
    struct json_pick *root = ARENA_NEW(&arena, struct json_pick);
    for (const char *at = paths; *at != '\0';) {
        struct json_pick *pick = root;
        for (;;) {
            size_t bytes = strcspn(at, ". ");
            pick = json_pick_member(&arena, pick, at, bytes);
            at += bytes;
            if (*at != '.') break;
            at++;
        }
        pick->whole = true;
        if (*at == ' ') at++;
    }
    return root;
}

static const char *picked(const struct json_pick *pick, const char *json)
{
    struct text out;
    text_init(&out, &arena);
    json_pick_copy(pick, json, &out);
    return text_string(&out);
}

struct example {
    const char *paths, *json, *picked;
};
static const struct example examples[] = {
    {"a", "{\"a\":1,\"b\":2}", "{\"a\":1}"},
    {"b a", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":2}"},
    {"c", "{\"a\":{\"c\":1},\"b\":[{\"c\":2}],\"c\":3}", "{\"c\":3}"},
    {"a", "{}", "{}"},
    {"a", "{\"b\":\"}\\\"]\",\"a\":\"x\\\\\"}", "{\"a\":\"x\\\\\"}"},
    {"a.b", "{\"a\":{\"b\":[1,{\"c\":[]}],\"d\":0},\"e\":{\"b\":1}}",
     "{\"a\":{\"b\":[1,{\"c\":[]}]}}"},
    {"a.b", "{\"a\":[{\"b\":1,\"c\":2},{\"c\":3},{\"b\":{}}]}",
     "{\"a\":[{\"b\":1},{},{\"b\":{}}]}"},
    {"a.b", "{\"a\":null}", "{\"a\":null}"},
    {"a.b", "{\"a\":[]}", "{\"a\":[]}"},
    {"a.b a.c.d", "{\"a\":{\"b\":-1.5e3,\"c\":{\"d\":true,\"e\":false}}}",
     "{\"a\":{\"b\":-1.5e3,\"c\":{\"d\":true}}}"},
    {"a a.b", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":2}}"},
    {"\"q\\", "{\"\\\"q\\\\\":1,\"q\":2}", "{\"\\\"q\\\\\":1}"},
    {"a", "7", "7"},
};

Test(json_pick, copies_what_is_named_and_nothing_else)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        cr_expect_str_eq(picked(pick_of(examples[i].paths), examples[i].json), examples[i].picked,
                         "%s of %s: %s", examples[i].paths, examples[i].json,
                         picked(pick_of(examples[i].paths), examples[i].json));
}

Test(json_pick, others_may_be_kept)
{
    struct json_pick *pick = pick_of("items.a");
    pick->keeps_others = true;
    cr_expect_str_eq(
        picked(pick, "{\"items\":[{\"a\":1,\"b\":2}],\"next\":null,\"index\":{\"b\":1}}"),
        "{\"items\":[{\"a\":1}],\"next\":null,\"index\":{\"b\":1}}");
}
