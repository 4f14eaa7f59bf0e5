#include "base/limits.h"
#include "wire/object_wire.h"
#include "wire_test.h"

struct world {
    struct arena arena;
    struct field_errors errors;
    struct report report;
    struct node_registration registration;
};

static void world_init(struct world *world)
{
    *world = (struct world){0};
    arena_init(&world->arena);
    field_errors_init(&world->errors, &world->arena);
}

static bool decode_report(struct world *world, const char *json)
{
    return report_decode(parse_json(&world->arena, json), &world->arena, &world->report,
                         &world->errors);
}

#define ENVELOPE "\"boot_id\":\"b\",\"epoch\":1,\"seq\":0"

Test(report, an_empty_one_is_a_sign_of_life)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_report(&world, "{" ENVELOPE "}"), "%s", errors_text(&world.errors));
    cr_assert_eq(world.report.change_count, 0);
    cr_assert(!world.report.full);
    arena_release(&world.arena);
}

Test(report, a_change_carries_everything)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_report(&world, "{" ENVELOPE ",\"full\":true,\"changes\":[{\"id\":\"web-1\","
                                    "\"attempt\":2,\"state\":\"failed\",\"ready\":false,"
                                    "\"reason\":\"exit 3\",\"address\":\"127.0.0.1\","
                                    "\"ports\":{\"http\":20001},\"pid\":99,"
                                    "\"exit\":{\"code\":3},\"log_tail\":\"bye\\n\"}],"
                                    "\"samples\":[{\"id\":\"web-1\"},{}]}"),
              "%s", errors_text(&world.errors));
    cr_assert(world.report.full);
    cr_assert_eq(world.report.change_count, 1);
    cr_assert_eq(world.report.sample_count, 1);
    cr_assert_str_eq(world.report.samples[0].id, "web-1");

    const struct replica_change *change = &world.report.changes[0];
    cr_assert_null(change->error);
    cr_assert_str_eq(change->id, "web-1");
    cr_assert_eq(change->attempt, 2);
    cr_assert_eq(change->state, REPLICA_FAILED);
    cr_assert_str_eq(change->reason, "exit 3");
    cr_assert_eq(ports_get(&change->ports, "http"), 20001);
    cr_assert_eq(change->pid, 99);
    cr_assert(change->has_exit && change->exit_code == 3 && change->exit_signal == -1);
    cr_assert_str_eq(change->log_tail, "bye\n");
    arena_release(&world.arena);
}

Test(report, a_change_may_carry_what_its_probes_mean)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_report(&world, "{" ENVELOPE ",\"changes\":["
                                    "{\"id\":\"web-1\",\"attempt\":1,\"state\":\"running\","
                                    "\"probes\":{\"readiness\":{\"state\":\"failing\","
                                    "\"reason\":\"answered 503\"},\"liveness\":null,\"else\":1}},"
                                    "{\"id\":\"web-2\",\"attempt\":1,\"state\":\"running\"},"
                                    "{\"id\":\"web-3\",\"attempt\":1,\"state\":\"running\","
                                    "\"probes\":{\"startup\":{\"state\":\"odd\"}}}]}"),
              "%s", errors_text(&world.errors));
    const struct replica_change *changes = world.report.changes;
    cr_assert(changes[0].probes[PROBE_READINESS].present);
    cr_assert_eq(changes[0].probes[PROBE_READINESS].state, PROBE_FAILING);
    cr_assert_str_eq(changes[0].probes[PROBE_READINESS].reason, "answered 503");
    cr_assert_not(changes[0].probes[PROBE_LIVENESS].present);
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        cr_assert_not(changes[1].probes[kind].present, "nothing is said of them");
    cr_assert_str_eq(changes[2].error, "invalid");
    arena_release(&world.arena);
}

Test(report, without_an_exit_there_is_none)
{
    struct world world;
    world_init(&world);
    decode_report(&world, "{" ENVELOPE ",\"changes\":[{\"id\":\"a\",\"attempt\":1,"
                          "\"state\":\"running\",\"exit\":null,\"log_tail\":null}]}");
    const struct replica_change *change = &world.report.changes[0];
    cr_assert_null(change->error);
    cr_assert(!change->has_exit && change->exit_code == -1 && change->exit_signal == -1);
    cr_assert_null(change->log_tail);
    arena_release(&world.arena);
}

struct row {
    const char *json, *pointer, *code;
};

static const struct row envelopes[] = {
    {"[]", "#", "type"},
    {"{\"epoch\":1,\"seq\":0}", "#/boot_id", "required"},
    {"{\"boot_id\":\"b\",\"seq\":0}", "#/epoch", "required"},
    {"{\"boot_id\":\"b\",\"epoch\":1}", "#/seq", "required"},
    {"{\"boot_id\":7,\"epoch\":1,\"seq\":0}", "#/boot_id", "type"},
    {"{\"boot_id\":\"b\",\"epoch\":\"1\",\"seq\":0}", "#/epoch", "type"},
    {"{\"boot_id\":\"b\",\"epoch\":1,\"seq\":-1}", "#/seq", "range"},
    {"{" ENVELOPE ",\"full\":1}", "#/full", "type"},
    {"{" ENVELOPE ",\"changes\":{}}", "#/changes", "type"},
    {"{" ENVELOPE ",\"samples\":\"x\"}", "#/samples", "type"},
};

Test(report, a_broken_envelope_is_an_error)
{
    for (size_t i = 0; i < sizeof envelopes / sizeof *envelopes; i++) {
        struct world world;
        world_init(&world);
        cr_assert(!decode_report(&world, envelopes[i].json), "%s", envelopes[i].json);
        assert_only_error(&world.errors, envelopes[i].pointer, envelopes[i].code);
        arena_release(&world.arena);
    }
}

static const struct row items[] = {
    {"7", "#", "type"},
    {"{\"attempt\":1,\"state\":\"running\"}", "#/id", "required"},
    {"{\"id\":\"a\",\"state\":\"running\"}", "#/attempt", "required"},
    {"{\"id\":\"a\",\"attempt\":0,\"state\":\"running\"}", "#/attempt", "range"},
    {"{\"id\":\"a\",\"attempt\":1}", "#/state", "required"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"assigned\"}", "#/state", "enum"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"gone\"}", "#/state", "enum"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"running\",\"ready\":1}", "#/ready", "type"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"running\",\"ports\":{\"x\":0}}", "#/ports/x",
     "range"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"running\",\"address\":\"h 9 active\"}", "#/address",
     "pattern"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"failed\",\"exit\":3}", "#/exit", "type"},
    {"{\"id\":\"a\",\"attempt\":1,\"state\":\"failed\",\"exit\":{\"code\":300}}", "#/exit/code",
     "range"},
};

Test(report, a_broken_item_spoils_nothing_else)
{
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        struct world world;
        world_init(&world);
        const char *json = arena_printf(
            &world.arena,
            "{" ENVELOPE ",\"changes\":[{\"id\":\"x\",\"attempt\":1,\"state\":\"running\"},%s,"
            "{\"id\":\"y\",\"attempt\":1,\"state\":\"running\"}]}",
            items[i].json);
        cr_assert(decode_report(&world, json), "%s", errors_text(&world.errors));
        cr_assert_eq(world.report.change_count, 3);
        cr_assert_null(world.report.changes[0].error);
        cr_assert_null(world.report.changes[2].error);
        cr_assert_str_eq(world.report.changes[1].error, "invalid");
        cr_assert(text_starts(world.report.changes[1].error_detail, items[i].pointer), "%s",
                  world.report.changes[1].error_detail);
        arena_release(&world.arena);
    }
}

Test(report, unknown_fields_are_ignored)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_report(&world, "{" ENVELOPE ",\"new\":1,\"changes\":[{\"id\":\"a\","
                                    "\"attempt\":1,\"state\":\"failed\",\"new\":2,"
                                    "\"exit\":{\"code\":1,\"new\":3}}]}"));
    cr_assert_null(world.report.changes[0].error, "%s", world.report.changes[0].error_detail);
    arena_release(&world.arena);
}

static const char *change_with(struct arena *arena, const char *field, size_t bytes)
{
    struct text text;
    text_init(&text, arena);
    text_printf(&text,
                "{" ENVELOPE ",\"changes\":[{\"id\":\"a\",\"attempt\":1,\"state\":\"failed\","
                "\"%s\":\"begin\\u0007",
                field);
    for (size_t i = 0; i < bytes; i++)
        text_add(&text, "ä");
    text_add(&text, "end\"}]}");
    return text_string(&text);
}

Test(report, a_long_reason_keeps_its_head)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_report(&world, change_with(&world.arena, "reason", 500)));
    const char *reason = world.report.changes[0].reason;
    cr_assert(text_starts(reason, "begin?"), "%s", reason);
    cr_assert_leq(strlen(reason), LIMIT_REPLICA_REASON_BYTES);
    cr_assert_eq(text_utf8_valid(reason, strlen(reason)), strlen(reason));
    arena_release(&world.arena);
}

Test(report, a_long_log_keeps_its_tail)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_report(&world, change_with(&world.arena, "log_tail", 5000)));
    const char *tail = world.report.changes[0].log_tail;
    size_t bytes = strlen(tail);
    cr_assert_leq(bytes, LIMIT_LOG_TAIL_BYTES);
    cr_assert_geq(bytes, LIMIT_LOG_TAIL_BYTES - 3);
    cr_assert_str_eq(tail + bytes - 3, "end");
    cr_assert_eq(text_utf8_valid(tail, bytes), bytes);
    cr_assert_null(strchr(tail, '?'));
    arena_release(&world.arena);
}

#define TOKEN "\"token\":\"0123456789012345678901234567890123456789012\""

static bool decode_registration(struct world *world, const char *json)
{
    return node_registration_decode(parse_json(&world->arena, json), &world->arena,
                                    &world->registration, &world->errors);
}

Test(node_registration, needs_token_address_and_boot_id)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_registration(
                  &world, "{" TOKEN ",\"address\":\"127.0.0.1\",\"boot_id\":\"b\",\"new\":1}"),
              "%s", errors_text(&world.errors));
    cr_assert_str_eq(world.registration.cluster, "default");
    cr_assert_str_eq(world.registration.agent_version, "");
    cr_assert_eq(world.registration.capacity.cpu_millis, 0);
    cr_assert_eq(world.registration.drivers.count, 0);
    arena_release(&world.arena);
}

static const struct row registrations[] = {
    {"{" TOKEN ",\"boot_id\":\"b\"}", "#/address", "required"},
    {"{" TOKEN ",\"address\":\"a\"}", "#/boot_id", "required"},
    {"{\"address\":\"a\",\"boot_id\":\"b\"}", "#/token", "required"},
    {"{\"token\":\"short\",\"address\":\"a\",\"boot_id\":\"b\"}", "#/token", "length"},
    {"{\"token\":\"0123456789012345678901234567890123456789.12\",\"address\":\"a\","
     "\"boot_id\":\"b\"}",
     "#/token", "pattern"},
    {"{" TOKEN ",\"address\":\"a\",\"boot_id\":\"b\",\"cluster\":\"X\"}", "#/cluster", "pattern"},
    {"{" TOKEN ",\"address\":\"a\\nb\",\"boot_id\":\"b\"}", "#/address", "pattern"},
    {"{" TOKEN ",\"address\":\"a b\",\"boot_id\":\"b\"}", "#/address", "pattern"},
    {"{" TOKEN ",\"address\":\"[::1]\",\"boot_id\":\"b\"}", "#/address", "pattern"},
    {"{" TOKEN ",\"address\":\"a\",\"boot_id\":\"b\",\"labels\":{\"-\":\"\"}}", "#/labels/-",
     "pattern"},
    {"{" TOKEN ",\"address\":\"a\",\"boot_id\":\"b\",\"capacity\":{\"gpus\":-1}}",
     "#/capacity/gpus", "range"},
    {"{" TOKEN ",\"address\":\"a\",\"boot_id\":\"b\",\"drivers\":[5]}", "#/drivers/0", "type"},
};

Test(node_registration, names_what_is_wrong)
{
    for (size_t i = 0; i < sizeof registrations / sizeof *registrations; i++) {
        struct world world;
        world_init(&world);
        cr_assert(!decode_registration(&world, registrations[i].json));
        assert_only_error(&world.errors, registrations[i].pointer, registrations[i].code);
        arena_release(&world.arena);
    }
}

Test(node_registration, capacity_of_a_newer_agent_may_name_more)
{
    struct world world;
    world_init(&world);
    cr_assert(decode_registration(&world, "{" TOKEN ",\"address\":\"a\",\"boot_id\":\"b\","
                                          "\"capacity\":{\"cpu_millis\":4000,\"disks\":2}}"),
              "%s", errors_text(&world.errors));
    cr_assert_eq(world.registration.capacity.cpu_millis, 4000);
    arena_release(&world.arena);
}
