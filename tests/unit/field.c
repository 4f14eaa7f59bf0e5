#include "wire/field.h"

#include "wire_test.h"

enum color { RED, GREEN };
static const char *const color_words[] = {"red", "green", NULL};

struct inner {
    int64_t depth;
};

struct sample {
    const char *title;
    int64_t count;
    int64_t maybe;
    bool on;
    double ratio;
    int color;
    struct amount amount;
    struct strings list;
    struct pairs map;
    struct ports ports;
    struct inner inner;
    struct inner *other;
};

static const struct field inner_fields[] = {
    FIELD(int, struct inner, depth, .min = 1, .max = 9, .fallback = 3),
};
static const struct object_type inner_type = OBJECT_TYPE("Inner", struct inner, inner_fields);

static const struct field sample_fields[] = {
    FIELD(string, struct sample, title, .flags = FIELD_REQUIRED, .min = 1, .max = 8),
    FIELD(int, struct sample, count, .max = 100, .fallback = 7),
    FIELD(int, struct sample, maybe, .max = 100, .flags = FIELD_NULLABLE, .none = -1,
          .fallback = -1),
    FIELD(boolean, struct sample, on, .fallback = true),
    FIELD(ratio, struct sample, ratio),
    FIELD(word, struct sample, color, .words = color_words, .fallback = GREEN),
    FIELD(amount, struct sample, amount, .max = 50, .fallback_amount = {25, true}),
    FIELD(strings, struct sample, list, .max = 2, .item_bytes = 4),
    FIELD(pairs, struct sample, map, .max = 2, .item_bytes = 4),
    FIELD(ports, struct sample, ports, .max = 2, .key_rule = &rule_name),
    FIELD(embedded, struct sample, inner, .object = &inner_type),
    FIELD(pointer, struct sample, other, .object = &inner_type, .flags = FIELD_NULLABLE),
    FIELD_WHOLE("later", reserved, .flags = FIELD_UNSUPPORTED | FIELD_HIDDEN),
};
static const struct object_type sample_type = OBJECT_TYPE("Sample", struct sample, sample_fields);

struct world {
    struct arena arena;
    struct field_errors errors;
    struct sample sample;
};

static void world_init(struct world *world)
{
    *world = (struct world){0};
    arena_init(&world->arena);
}

static bool decode(struct world *world, const char *json)
{
    field_errors_init(&world->errors, &world->arena);
    return object_decode(&sample_type, parse_json(&world->arena, json), &world->arena,
                         &world->sample, &world->errors);
}

static const char *canonical(struct world *world)
{
    struct text text;
    text_init(&text, &world->arena);
    object_canonical(&sample_type, &text, &world->sample);
    return text_string(&text);
}

static const char *rendered(struct world *world)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &world->arena);
    json_writer_init(&writer, &text);
    object_render(&sample_type, &writer, &world->sample, NULL);
    return text_string(&text);
}

Test(field, absent_fields_take_their_fallback)
{
    struct world world;
    world_init(&world);
    cr_assert(decode(&world, "{\"title\": \"x\"}"), "%s", errors_text(&world.errors));
    cr_assert_eq(world.sample.count, 7);
    cr_assert_eq(world.sample.maybe, -1);
    cr_assert(world.sample.on);
    cr_assert_eq(world.sample.color, GREEN);
    cr_assert(world.sample.amount.percent && world.sample.amount.value == 25);
    cr_assert_eq(world.sample.inner.depth, 3);
    cr_assert_null(world.sample.other);
    arena_release(&world.arena);
}

Test(field, a_rendered_object_shows_every_field)
{
    struct world world;
    world_init(&world);
    decode(&world, "{\"title\": \"x\"}");
    cr_assert_str_eq(rendered(&world),
                     "{\"title\":\"x\",\"count\":7,\"maybe\":null,\"on\":true,\"ratio\":0,"
                     "\"color\":\"green\",\"amount\":\"25%\",\"list\":[],\"map\":{},\"ports\":{},"
                     "\"inner\":{\"depth\":3},\"other\":null}");
    arena_release(&world.arena);
}

Test(field, a_string_that_is_not_nullable_is_never_null)
{
    struct world world;
    world_init(&world);
    decode(&world, "{\"title\": \"x\"}");
    world.sample.title = NULL;
    cr_assert(text_starts(rendered(&world), "{\"title\":\"\","));
    arena_release(&world.arena);
}

Test(field, the_canonical_form_leaves_fallbacks_out)
{
    struct world world;
    world_init(&world);
    decode(&world, "{\"title\": \"x\", \"count\": 7, \"inner\": {}, \"other\": {}, \"list\": []}");
    cr_assert_str_eq(canonical(&world), "{\"title\":\"x\",\"other\":{}}");
    arena_release(&world.arena);
}

Test(field, canonical_parse_canonical_is_the_same)
{
    static const char *const full =
        "{\"title\":\"x\",\"count\":0,\"maybe\":0,\"on\":false,\"ratio\":0.3,\"color\":\"red\","
        "\"amount\":0,\"list\":[\"b\",\"a\"],\"map\":{\"a\":\"1\",\"b\":\"\"},"
        "\"ports\":{\"http\":80},\"inner\":{\"depth\":9},\"other\":{\"depth\":1}}";
    struct world world;
    struct err err = {0};
    world_init(&world);
    cr_assert_eq(object_parse(&sample_type, &world.arena, full, &world.sample, &err), ERR_OK, "%s",
                 err.detail);
    cr_assert_str_eq(canonical(&world), full);
    arena_release(&world.arena);
}

Test(field, maps_are_sorted_whatever_their_order_was)
{
    struct world world;
    world_init(&world);
    decode(&world, "{\"title\":\"x\",\"map\":{\"b\":\"2\",\"a\":\"1\"},"
                   "\"ports\":{\"z\":1,\"m\":2}}");
    cr_assert_str_eq(canonical(&world), "{\"title\":\"x\",\"map\":{\"a\":\"1\",\"b\":\"2\"},"
                                        "\"ports\":{\"m\":2,\"z\":1}}");
    arena_release(&world.arena);
}

struct row {
    const char *json, *pointer, *code, *detail;
};

static const struct row rows[] = {
    {"{}", "#/title", "required", "is required"},
    {"[]", "#", "type", "must be an object, got array"},
    {"{\"title\":5}", "#/title", "type", "must be a string, got number"},
    {"{\"title\":\"\"}", "#/title", "length", "must not be empty"},
    {"{\"title\":\"123456789\"}", "#/title", "length", "from 1 to 8 bytes long, got 9"},
    {"{\"title\":\"x\",\"count\":\"3\"}", "#/count", "type", "must be an integer, got string"},
    {"{\"title\":\"x\",\"count\":null}", "#/count", "type", "must be an integer, got null"},
    {"{\"title\":\"x\",\"count\":1.5}", "#/count", "type", "must be an integer"},
    {"{\"title\":\"x\",\"count\":1e300}", "#/count", "type", "must be an integer"},
    {"{\"title\":\"x\",\"count\":-1}", "#/count", "range", "must be from 0 to 100, got -1"},
    {"{\"title\":\"x\",\"count\":101}", "#/count", "range", "must be from 0 to 100, got 101"},
    {"{\"title\":\"x\",\"on\":1}", "#/on", "type", "must be a boolean, got number"},
    {"{\"title\":\"x\",\"ratio\":1.01}", "#/ratio", "range", "must be from 0 to 1"},
    {"{\"title\":\"x\",\"ratio\":\"1\"}", "#/ratio", "type", "must be a number, got string"},
    {"{\"title\":\"x\",\"color\":\"blue\"}", "#/color", "enum", "one of red, green, got 'blue'"},
    {"{\"title\":\"x\",\"amount\":\"101%\"}", "#/amount", "pattern", "from 0% to 100%"},
    {"{\"title\":\"x\",\"amount\":\"07%\"}", "#/amount", "pattern", "from 0% to 100%"},
    {"{\"title\":\"x\",\"amount\":\"%\"}", "#/amount", "pattern", "from 0% to 100%"},
    {"{\"title\":\"x\",\"amount\":\"-1%\"}", "#/amount", "pattern", "from 0% to 100%"},
    {"{\"title\":\"x\",\"amount\":51}", "#/amount", "range", "must be from 0 to 50, got 51"},
    {"{\"title\":\"x\",\"amount\":true}", "#/amount", "type", "an integer or a percentage"},
    {"{\"title\":\"x\",\"list\":{}}", "#/list", "type", "must be an array, got object"},
    {"{\"title\":\"x\",\"list\":[\"\",\"\",\"\"]}", "#/list", "length", "at most 2 entries, got 3"},
    {"{\"title\":\"x\",\"list\":[\"ok\",7]}", "#/list/1", "type", "must be a string"},
    {"{\"title\":\"x\",\"list\":[\"12345\"]}", "#/list/0", "length", "got 5"},
    {"{\"title\":\"x\",\"map\":[]}", "#/map", "type", "must be an object, got array"},
    {"{\"title\":\"x\",\"map\":{\"k\":1}}", "#/map/k", "type", "must be a string"},
    {"{\"title\":\"x\",\"ports\":{\"UP\":1}}", "#/ports/UP", "pattern", "key: must be lower-case"},
    {"{\"title\":\"x\",\"ports\":{\"a\":0}}", "#/ports/a", "range", "from 1 to 65535, got 0"},
    {"{\"title\":\"x\",\"inner\":null}", "#/inner", "type", "must be an object, got null"},
    {"{\"title\":\"x\",\"inner\":{\"depth\":0}}", "#/inner/depth", "range", "got 0"},
    {"{\"title\":\"x\",\"other\":{\"depth\":10}}", "#/other/depth", "range", "got 10"},
    {"{\"title\":\"x\",\"later\":{}}", "#/later", "unsupported", "not supported by this version"},
    {"{\"title\":\"x\",\"tilte\":1}", "#/tilte", "unknown_field", "did you mean 'title'?"},
    {"{\"title\":\"x\",\"zzzzzzzzz\":1}", "#/zzzzzzzzz", "unknown_field", "known are title, count"},
    {"{\"title\":\"x\",\"inner\":{\"dept\":1}}", "#/inner/dept", "unknown_field", "'depth'"},
};

Test(field, each_problem_names_its_pointer_and_its_rule)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        world_init(&world);
        cr_assert(!decode(&world, rows[i].json), "%s", rows[i].json);
        assert_only_error(&world.errors, rows[i].pointer, rows[i].code);
        cr_assert_not_null(strstr(world.errors.items[0].detail, rows[i].detail), "%s",
                           errors_text(&world.errors));
        arena_release(&world.arena);
    }
}

Test(field, the_known_ones_are_those_that_may_be_set)
{
    struct world world;
    world_init(&world);
    cr_assert(!decode(&world, "{\"title\":\"x\",\"zzzzzzzzz\":1}"));
    cr_assert_null(strstr(world.errors.items[0].detail, "later"), "%s", errors_text(&world.errors));
    arena_release(&world.arena);
}

Test(field, all_problems_come_at_once)
{
    struct world world;
    world_init(&world);
    cr_assert(!decode(&world, "{\"count\":-1,\"on\":3,\"list\":[1,2],\"nope\":0}"));
    cr_assert_eq(world.errors.total, 6, "%s", errors_text(&world.errors));
    cr_assert_not_null(error_at(&world.errors, "#/title"));
    cr_assert_not_null(error_at(&world.errors, "#/list/1"));
    arena_release(&world.arena);
}

Test(field, pointers_escape_what_a_fragment_may_not_hold)
{
    struct world world;
    world_init(&world);
    decode(&world, "{\"title\":\"x\",\"a/b~c d%\\u00e4\":1}");
    assert_only_error(&world.errors, "#/a~1b~0c%20d%25%C3%A4", "unknown_field");
    arena_release(&world.arena);
}

Test(field, no_more_than_64_problems_are_kept_but_all_are_counted)
{
    struct world world;
    struct text text;
    world_init(&world);
    text_init(&text, &world.arena);
    text_add(&text, "{\"title\":\"x\"");
    for (int i = 0; i < 100; i++)
        text_printf(&text, ",\"u%d\":0", i);
    text_add(&text, "}");
    cr_assert(!decode(&world, text_string(&text)));
    cr_assert_eq(world.errors.count, 64);
    cr_assert_eq(world.errors.total, 100);
    arena_release(&world.arena);
}

Test(field, client_text_in_a_detail_is_cut_and_cleaned)
{
    struct world world;
    world_init(&world);
    decode(&world, "{\"title\":\"x\",\"color\":\"\\u001b[31m\"}");
    cr_assert_null(strchr(world.errors.items[0].detail, 0x1b));
    arena_release(&world.arena);
}

Test(field, stored_json_that_is_broken_is_an_internal_error)
{
    struct world world;
    struct err err = {0};
    world_init(&world);
    cr_assert_eq(object_parse(&sample_type, &world.arena, "{", &world.sample, &err), ERR_INTERNAL);
    cr_assert_eq(object_parse(&sample_type, &world.arena, "{}", &world.sample, &err), ERR_INTERNAL);
    cr_assert_not_null(strstr(err.detail, "#/title is required"), "%s", err.detail);
    arena_release(&world.arena);
}

Test(field, the_schema_says_what_the_decoder_checks)
{
    struct world world;
    struct text text;
    struct json_writer writer;
    world_init(&world);
    text_init(&text, &world.arena);
    json_writer_init(&writer, &text);
    object_schema(&inner_type, &writer);
    cr_assert_str_eq(text_string(&text),
                     "{\"type\":\"object\",\"properties\":{\"depth\":{\"type\":\"integer\","
                     "\"minimum\":1,\"maximum\":9,\"default\":3}},\"additionalProperties\":false}");
    arena_release(&world.arena);
}
