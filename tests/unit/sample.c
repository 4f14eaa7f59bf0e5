#include "base/limits.h"
#include "wire/object_wire.h"
#include "wire/sample_wire.h"
#include "wire_test.h"

struct world {
    struct arena arena;
    struct field_errors errors;
    struct replica_sample sample;
};

static void world_init(struct world *world)
{
    *world = (struct world){0};
    arena_init(&world->arena);
    field_errors_init(&world->errors, &world->arena);
}

static bool decode(struct world *world, const char *json)
{
    return replica_sample_decode(parse_json(&world->arena, json), &world->arena, &world->sample,
                                 &world->errors);
}

static const char *render(struct world *world)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &world->arena);
    json_writer_init(&writer, &text);
    replica_sample_render(&writer, &world->sample);
    return text_string(&text);
}

#define PROBE                                                                                      \
    "{\"state\":\"failing\",\"history\":\"80000000000003f0\",\"checks\":77,\"failures\":4,"        \
    "\"last\":{\"ok\":false,\"reason\":\"answered 503 «loading»\",\"duration_us\":812,"          \
    "\"age_ms\":400}}"

Test(sample, is_rendered_as_it_was_read)
{
    static const char *const texts[] = {
        "{\"id\":\"web-1f\",\"attempt\":2,\"usage\":{\"cpu_millis\":120,\"memory_bytes\":7340032,"
        "\"processes\":3},\"probes\":{\"startup\":null,\"readiness\":" PROBE ",\"liveness\":" PROBE
        "}}",
        "{\"id\":\"web-1f\",\"attempt\":1,\"usage\":{\"cpu_millis\":null,\"memory_bytes\":null,"
        "\"processes\":0},\"probes\":{\"startup\":{\"state\":\"pending\",\"history\":"
        "\"0000000000000000\",\"checks\":0,\"failures\":0,\"last\":null},\"readiness\":null,"
        "\"liveness\":null}}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct world world;
        world_init(&world);
        cr_assert(decode(&world, texts[i]), "%s", errors_text(&world.errors));
        cr_assert_str_eq(render(&world), texts[i]);
        arena_release(&world.arena);
    }
}

Test(sample, carries_usage_and_probes)
{
    struct world world;
    world_init(&world);
    cr_assert(decode(&world, "{\"id\":\"web-1f\",\"usage\":{\"cpu_millis\":5},\"new\":1,"
                             "\"probes\":{\"readiness\":" PROBE ",\"new\":{}}}"),
              "%s", errors_text(&world.errors));
    const struct probe_sample *probe = &world.sample.probes[PROBE_READINESS];
    cr_assert_eq(world.sample.cpu_millis, 5);
    cr_assert_eq(world.sample.memory_bytes, -1);
    cr_assert(probe->present && !probe->last_ok);
    cr_assert_eq(probe->state, PROBE_FAILING);
    cr_assert_eq(probe->history, UINT64_C(0x80000000000003f0));
    cr_assert_eq(probe->last_age_ms, 400);
    cr_assert(!world.sample.probes[PROBE_STARTUP].present);
    arena_release(&world.arena);
}

static const struct {
    const char *json, *pointer, *code;
} broken[] = {
    {"7", "#", "type"},
    {"{}", "#/id", "required"},
    {"{\"id\":\"\"}", "#/id", "length"},
    {"{\"id\":\"a\\nb\"}", "#/id", "pattern"},
    {"{\"id\":\"a\",\"attempt\":-1}", "#/attempt", "range"},
    {"{\"id\":\"a\",\"usage\":null}", "#/usage", "type"},
    {"{\"id\":\"a\",\"usage\":{\"cpu_millis\":-1}}", "#/usage/cpu_millis", "range"},
    {"{\"id\":\"a\",\"usage\":{\"cpu_millis\":1.5}}", "#/usage/cpu_millis", "type"},
    {"{\"id\":\"a\",\"usage\":{\"memory_bytes\":9007199254740992}}", "#/usage/memory_bytes",
     "range"},
    {"{\"id\":\"a\",\"usage\":{\"processes\":9999999}}", "#/usage/processes", "range"},
    {"{\"id\":\"a\",\"probes\":[]}", "#/probes", "type"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":true}}", "#/probes/liveness", "type"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"state\":\"fine\"}}}", "#/probes/liveness/state",
     "enum"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"history\":\"3f\"}}}", "#/probes/liveness/history",
     "pattern"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"history\":\"00000000000003FF\"}}}",
     "#/probes/liveness/history", "pattern"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"history\":7}}}", "#/probes/liveness/history",
     "type"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"checks\":1}}}", "#/probes/liveness/last",
     "required"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"checks\":1,\"last\":{\"age_ms\":-1}}}}",
     "#/probes/liveness/last/age_ms", "range"},
    {"{\"id\":\"a\",\"probes\":{\"liveness\":{\"checks\":1,\"last\":{\"ok\":1}}}}",
     "#/probes/liveness/last/ok", "type"},
};

Test(sample, says_what_is_wrong)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct world world;
        world_init(&world);
        cr_assert(!decode(&world, broken[i].json), "%s", broken[i].json);
        assert_only_error(&world.errors, broken[i].pointer, broken[i].code);
        arena_release(&world.arena);
    }
}

Test(sample, that_is_broken_is_left_out_of_its_report)
{
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct world world;
        struct report report;
        world_init(&world);
        const char *json = arena_printf(&world.arena,
                                        "{\"boot_id\":\"b\",\"epoch\":1,\"seq\":0,\"samples\":["
                                        "{\"id\":\"x\"},%s,{\"id\":\"y\"}]}",
                                        broken[i].json);
        cr_assert(
            report_decode(parse_json(&world.arena, json), &world.arena, &report, &world.errors));
        cr_assert_eq(report.sample_count, 2);
        cr_assert_str_eq(report.samples[0].id, "x");
        cr_assert_str_eq(report.samples[1].id, "y");
        arena_release(&world.arena);
    }
}

Test(sample, with_a_long_reason_keeps_its_head)
{
    struct world world;
    world_init(&world);
    const char *json = arena_printf(&world.arena,
                                    "{\"id\":\"a\",\"probes\":{\"readiness\":{\"checks\":1,"
                                    "\"last\":{\"reason\":\"begin\\u0007%01000d\"}}}}",
                                    0);
    cr_assert(decode(&world, json), "%s", errors_text(&world.errors));
    const char *reason = world.sample.probes[PROBE_READINESS].last_reason;
    cr_assert(text_starts(reason, "begin?0"), "%s", reason);
    cr_assert_leq(strlen(reason), LIMIT_REPLICA_REASON_BYTES);
    arena_release(&world.arena);
}
