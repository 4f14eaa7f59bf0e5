/* spec.strategy beyond rolling: recreate, blue_green, canary and its steps. */
#include "base/limits.h"
#include "wire/deployment_wire.h"
#include "wire_test.h"

struct world {
    struct arena arena;
    struct field_errors errors;
    struct deployment_document document;
    bool ok;
};

static void world_init(struct world *world, const char *strategy)
{
    struct text text;
    *world = (struct world){0};
    arena_init(&world->arena);
    text_init(&text, &world->arena);
    text_printf(&text,
                "{\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"./web\"],"
                "\"ports\":{\"http\":0,\"admin\":0}},\"strategy\":%s}}",
                strategy);
    struct json *root = parse_json(&world->arena, text_string(&text));
    field_errors_init(&world->errors, &world->arena);
    world->ok = deployment_document_decode(root, &world->arena, &world->document, &world->errors);
}

static const char *settings_of(struct world *world)
{
    struct text text;
    text_init(&text, &world->arena);
    spec_settings_canonical(&text, &world->document.spec);
    return text_string(&text);
}

/* Accepted as given, and stored as `stored` (what equals a default is left out). */
static const struct {
    const char *strategy, *stored;
} good[] = {
    {"{\"type\":\"recreate\"}", "{\"strategy\":{\"type\":\"recreate\"}}"},
    {"{\"type\":\"blue_green\"}", "{\"strategy\":{\"type\":\"blue_green\"}}"},
    {"{\"type\":\"blue_green\",\"auto_promote\":false,\"auto_promote_after_seconds\":0,"
     "\"keep_old_seconds\":0,\"preview_replicas\":2}",
     "{\"strategy\":{\"type\":\"blue_green\",\"auto_promote\":false,"
     "\"keep_old_seconds\":0,\"preview_replicas\":2}}"},
    {"{\"type\":\"blue_green\",\"auto_promote_after_seconds\":5}",
     "{\"strategy\":{\"type\":\"blue_green\",\"auto_promote_after_seconds\":5}}"},
    {"{\"type\":\"blue_green\",\"preview_replicas\":null}",
     "{\"strategy\":{\"type\":\"blue_green\"}}"},
    {"{\"type\":\"canary\",\"steps\":[{\"set_weight\":0},{\"set_replicas\":1},{\"pause\":{}},"
     "{\"pause\":{\"seconds\":60}},{\"check\":{}},{\"set_weight\":100}]}",
     "{\"strategy\":{\"type\":\"canary\",\"steps\":[{\"set_weight\":0},{\"set_replicas\":1},"
     "{\"pause\":{}},{\"pause\":{\"seconds\":60}},{\"check\":{}},{\"set_weight\":100}]}}"},
    {"{\"type\":\"canary\",\"steps\":[{\"set_weight\":10,\"pause\":null},{\"check\":{\"port\":"
     "\"admin\",\"path\":\"/ok\",\"expect_status\":204,\"expect_substring\":\"fine\","
     "\"times\":3}}]}",
     "{\"strategy\":{\"type\":\"canary\",\"steps\":[{\"set_weight\":10},{\"check\":{\"port\":"
     "\"admin\",\"path\":\"/ok\",\"expect_status\":204,\"expect_substring\":\"fine\","
     "\"times\":3}}]}}"},
    /* What a GET of another type shows may be sent back. */
    {"{\"type\":\"rolling\",\"auto_promote\":true,\"auto_promote_after_seconds\":0,"
     "\"keep_old_seconds\":30,\"preview_replicas\":null,\"steps\":[]}",
     "{}"},
};

Test(strategy_document, every_type_is_read_and_stored_and_read_again)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct world world;
        struct err err = {0};
        struct deployment_spec again = {0};
        world_init(&world, good[i].strategy);
        cr_assert(world.ok, "row %zu: %s", i, errors_text(&world.errors));
        const char *stored = settings_of(&world);
        cr_assert_str_eq(stored, good[i].stored, "row %zu: %s", i, stored);
        cr_assert_eq(spec_settings_parse(&world.arena, stored, &again, &err), ERR_OK, "%s",
                     err.detail);
        world.document.spec = again;
        cr_assert_str_eq(settings_of(&world), good[i].stored, "row %zu", i);
        arena_release(&world.arena);
    }
}

Test(strategy_document, defaults_are_promotion_by_itself_and_half_a_minute_to_go_back)
{
    struct world world;
    world_init(&world, "{\"type\":\"blue_green\"}");
    const struct strategy *strategy = &world.document.spec.strategy;
    cr_assert_eq(strategy->type, STRATEGY_BLUE_GREEN);
    cr_assert(strategy->auto_promote);
    cr_assert_eq(strategy->auto_promote_after_seconds, 0);
    cr_assert_eq(strategy->keep_old_seconds, 30);
    cr_assert_eq(strategy->preview_replicas, PREVIEW_ALL);
    arena_release(&world.arena);
}

Test(strategy_document, a_check_asks_for_a_200_at_the_root_of_http_once)
{
    struct world world;
    world_init(&world, "{\"type\":\"canary\",\"steps\":[{\"set_replicas\":2},{\"check\":{}}]}");
    cr_assert(world.ok, "%s", errors_text(&world.errors));
    const struct canary_steps *steps = &world.document.spec.strategy.steps;
    cr_assert_eq(steps->count, 2);
    cr_assert_eq(steps->items[0].kind, CANARY_SET_REPLICAS);
    cr_assert_eq(steps->items[0].amount, 2);
    const struct canary_check *check = &steps->items[1].check;
    cr_assert_eq(steps->items[1].kind, CANARY_CHECK);
    cr_assert_str_eq(check->port, "http");
    cr_assert_str_eq(check->path, "/");
    cr_assert_eq(check->expect_status, 200);
    cr_assert_null(check->expect_substring);
    cr_assert_eq(check->times, 1);
    arena_release(&world.arena);
}

#define STEPS(steps) "{\"type\":\"canary\",\"steps\":[" steps "]}"
#define AT(below) "#/spec/strategy/" below

static const struct {
    const char *strategy, *pointer, *code, *says;
} bad[] = {
    {"{\"type\":\"blue-green\"}", AT("type"), "enum", "blue_green, canary, got 'blue-green'"},
    {"{\"type\":\"canary\"}", AT("steps"), "required", "at least one step"},
    {STEPS(""), AT("steps"), "required", "at least one step"},
    {"{\"type\":\"canary\",\"steps\":{}}", AT("steps"), "type", "must be an array"},
    {STEPS("7"), AT("steps/0"), "type", "must be an object"},
    {STEPS("{}"), AT("steps/0"), "required", "exactly one of set_weight"},
    {STEPS("{\"pause\":null}"), AT("steps/0"), "required", "exactly one of set_weight"},
    {STEPS("{\"set_weight\":10,\"pause\":{}}"), AT("steps/0"), "conflict", "make a step of each"},
    {STEPS("{\"set_wieght\":10}"), AT("steps/0/set_wieght"), "unknown_field",
     "did you mean 'set_weight'?"},
    {STEPS("{\"analysis\":{}}"), AT("steps/0/analysis"), "unknown_field",
     "known are set_weight, set_replicas, pause, check"},
    {STEPS("{\"set_weight\":101}"), AT("steps/0/set_weight"), "range", "100"},
    {STEPS("{\"set_weight\":-1}"), AT("steps/0/set_weight"), "range", "0"},
    {STEPS("{\"set_weight\":\"10%\"}"), AT("steps/0/set_weight"), "type", "an integer"},
    {STEPS("{\"set_replicas\":0}"), AT("steps/0/set_replicas"), "range", "1"},
    {STEPS("{\"set_replicas\":10001}"), AT("steps/0/set_replicas"), "range", "10000"},
    {STEPS("{\"pause\":{\"seconds\":0}}"), AT("steps/0/pause/seconds"), "range", "1"},
    {STEPS("{\"pause\":{\"seconds\":604801}}"), AT("steps/0/pause/seconds"), "range", "604800"},
    {STEPS("{\"pause\":{\"duration\":5}}"), AT("steps/0/pause/duration"), "unknown_field", ""},
    {STEPS("{\"pause\":60}"), AT("steps/0/pause"), "type", "must be an object"},
    {STEPS("{\"set_weight\":50},{\"set_weight\":49}"), AT("steps/1/set_weight"), "conflict",
     "must not be below the weight of an earlier step (50), got 49"},
    {STEPS("{\"check\":{}}"), AT("steps/0/check"), "conflict", "there is no canary to ask"},
    {STEPS("{\"set_weight\":0},{\"check\":{}}"), AT("steps/1/check"), "conflict",
     "there is no canary to ask"},
    {STEPS("{\"set_weight\":1},{\"check\":{\"port\":\"metrics\"}}"), AT("steps/1/check/port"),
     "conflict", "'metrics' is not in template.ports"},
    {STEPS("{\"set_weight\":1},{\"check\":{\"path\":\"ok\"}}"), AT("steps/1/check/path"), "pattern",
     ""},
    {STEPS("{\"set_weight\":1},{\"check\":{\"expect_status\":99}}"),
     AT("steps/1/check/expect_status"), "range", "100"},
    {STEPS("{\"set_weight\":1},{\"check\":{\"expect_status\":600}}"),
     AT("steps/1/check/expect_status"), "range", "599"},
    {STEPS("{\"set_weight\":1},{\"check\":{\"times\":0}}"), AT("steps/1/check/times"), "range",
     "1"},
    {STEPS("{\"set_weight\":1},{\"check\":{\"times\":101}}"), AT("steps/1/check/times"), "range",
     "100"},
    {STEPS("{\"set_weight\":1},{\"check\":{\"expect_substring\":\"\"}}"),
     AT("steps/1/check/expect_substring"), "length", "must not be empty"},
    {"{\"type\":\"rolling\",\"steps\":[{\"set_weight\":10}]}", AT("steps"), "conflict",
     "only with type canary"},
    {"{\"type\":\"canary\",\"keep_old_seconds\":5,\"steps\":[{\"set_weight\":10}]}",
     AT("keep_old_seconds"), "conflict", "only with type blue_green"},
    {"{\"auto_promote\":false}", AT("auto_promote"), "conflict", "only with type blue_green"},
    {"{\"type\":\"ramped\",\"auto_promote_after_seconds\":1}", AT("auto_promote_after_seconds"),
     "conflict", "only with type blue_green"},
    {"{\"type\":\"recreate\",\"preview_replicas\":1}", AT("preview_replicas"), "conflict",
     "only with type blue_green"},
    {"{\"type\":\"blue_green\",\"preview_replicas\":0}", AT("preview_replicas"), "range", "1"},
    {"{\"type\":\"blue_green\",\"keep_old_seconds\":-1}", AT("keep_old_seconds"), "range", "0"},
    {"{\"type\":\"blue_green\",\"auto_promote\":1}", AT("auto_promote"), "type", "a boolean"},
};

Test(strategy_document, what_is_wrong_is_named_where_it_is)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct world world;
        world_init(&world, bad[i].strategy);
        cr_assert_not(world.ok, "%s was accepted", bad[i].strategy);
        assert_only_error(&world.errors, bad[i].pointer, bad[i].code);
        cr_assert(strstr(errors_text(&world.errors), bad[i].says), "%s: %s", bad[i].strategy,
                  errors_text(&world.errors));
        arena_release(&world.arena);
    }
}

Test(strategy_document, a_promotion_by_hand_and_one_by_time_are_refused_together)
{
    struct world world;
    world_init(&world, "{\"type\":\"blue_green\",\"auto_promote\":false,"
                       "\"auto_promote_after_seconds\":5}");
    cr_assert_not(world.ok);
    const char *text = errors_text(&world.errors);
    cr_assert(
        strstr(text,
               AT("auto_promote") " conflict: must not be false while auto_promote_after_seconds"),
        "%s", text);
    cr_assert(
        strstr(text,
               AT("auto_promote_after_seconds") " conflict: must be 0 while auto_promote is false"),
        "%s", text);
    arena_release(&world.arena);
}

static void with_steps(struct world *world, int count)
{
    struct text text;
    text_init(&text, NULL);
    text_add(&text, "{\"type\":\"canary\",\"steps\":[");
    for (int i = 0; i < count; i++)
        text_printf(&text, "%s{\"set_weight\":%d}", i ? "," : "", i);
    text_add(&text, "]}");
    world_init(world, text_string(&text));
    text_release(&text);
}

Test(strategy_document, there_are_at_most_32_steps)
{
    struct world world;
    with_steps(&world, LIMIT_CANARY_STEPS);
    cr_assert(world.ok, "%s", errors_text(&world.errors));
    arena_release(&world.arena);
    with_steps(&world, LIMIT_CANARY_STEPS + 1);
    assert_only_error(&world.errors, AT("steps"), "length");
    arena_release(&world.arena);
}
