#include "wire/worker_wire.h"

#include "wire_test.h"

struct world {
    struct arena arena;
    struct field_errors errors;
    struct assignments assignments;
};

static void world_init(struct world *world)
{
    *world = (struct world){0};
    arena_init(&world->arena);
    field_errors_init(&world->errors, &world->arena);
}

static bool decode(struct world *world, const char *json)
{
    return node_assignments_decode(parse_json(&world->arena, json), &world->arena,
                                   &world->assignments, &world->errors);
}

#define ENVELOPE "\"index\":57,\"epoch\":3,\"incarnation\":\"9f3c\",\"poll_wait_ms\":10000"
#define TEMPLATE "{\"version\":\"v1\",\"command\":[\"./serve\"]"

/* What the server renders. */
static const char *rendered_list(struct arena *arena)
{
    const struct replica wanted = {.id = "web-1f",
                                   .deployment = "web",
                                   .cluster = "default",
                                   .revision = 2,
                                   .template_hash = "5be0",
                                   .attempt = 4,
                                   .wanted = WANTED_RUN};
    const struct replica orphan = {.id = "old-3", .wanted = WANTED_STOP};
    const struct assigned_check check = {.round = 9002,
                                         .check = {.port = "admin",
                                                   .path = "/checkout?deep=1",
                                                   .expect_status = 204,
                                                   .expect_substring = "\"ok\"",
                                                   .times = 3}};
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    json_array_begin(&writer);
    assignment_render(&writer, &wanted, &check);
    assignment_render(&writer, &orphan, NULL);
    json_array_end(&writer);
    return text_string(&text);
}

Test(worker_wire, assignments_are_read_as_the_server_writes_them)
{
    struct world world;
    world_init(&world);
    const char *json = arena_printf(&world.arena, "{" ENVELOPE ",\"replicas\":%s,\"templates\":{}}",
                                    rendered_list(&world.arena));
    cr_assert(decode(&world, json), "%s", errors_text(&world.errors));
    const struct assignments *all = &world.assignments;
    cr_assert_eq(all->index, 57);
    cr_assert_eq(all->epoch, 3);
    cr_assert_eq(all->poll_wait_ms, 10000);
    cr_assert_str_eq(all->incarnation, "9f3c");
    cr_assert_eq(all->count, 2);
    cr_assert_str_eq(all->items[0].id, "web-1f");
    cr_assert_str_eq(all->items[0].deployment, "web");
    cr_assert_str_eq(all->items[0].template_hash, "5be0");
    cr_assert_eq(all->items[0].revision, 2);
    cr_assert_eq(all->items[0].last_attempt, 4);
    cr_assert_eq(all->items[0].wanted, WANTED_RUN);
    const struct assigned_check *check = all->items[0].check;
    cr_assert_not_null(check);
    cr_assert_eq(check->round, 9002);
    cr_assert_str_eq(check->check.port, "admin");
    cr_assert_str_eq(check->check.path, "/checkout?deep=1");
    cr_assert_eq(check->check.expect_status, 204);
    cr_assert_str_eq(check->check.expect_substring, "\"ok\"");
    cr_assert_eq(check->check.times, 3);
    cr_assert_null(all->items[1].check);
    cr_assert_str_eq(all->items[1].id, "old-3");
    cr_assert_str_eq(all->items[1].deployment, "");
    cr_assert_str_eq(all->items[1].template_hash, "");
    cr_assert_eq(all->items[1].wanted, WANTED_STOP);
    arena_release(&world.arena);
}

static const char *const unreadable_items[] = {
    "{}",
    "7",
    "{\"id\":\"../../etc\",\"wanted\":\"run\"}",
    "{\"id\":\"-rf\",\"wanted\":\"run\"}",
    "{\"id\":\"\",\"wanted\":\"run\"}",
    "{\"id\":\"web-1\",\"wanted\":\"dance\"}",
    "{\"id\":\"web-1\"}",
    "{\"id\":\"web-1\",\"wanted\":\"run\",\"last_attempt\":-1}",
};

enum { UNREADABLE_ITEMS = sizeof unreadable_items / sizeof *unreadable_items };

Test(worker_wire, an_assignment_that_cannot_be_read_spoils_no_other)
{
    for (size_t i = 0; i < UNREADABLE_ITEMS; i++) {
        struct world world;
        world_init(&world);
        const char *json = arena_printf(
            &world.arena, "{" ENVELOPE ",\"replicas\":[%s,{\"id\":\"web-2\",\"wanted\":\"stop\"}]}",
            unreadable_items[i]);
        cr_assert(decode(&world, json), "%s", errors_text(&world.errors));
        cr_expect_null(world.assignments.items[0].id, "%s", unreadable_items[i]);
        cr_expect_str_eq(world.assignments.items[1].id, "web-2");
        arena_release(&world.arena);
    }
}

Test(worker_wire, a_check_may_leave_out_what_has_a_default_and_say_what_is_not_known_yet)
{
    struct world world;
    world_init(&world);
    cr_assert(decode(&world, "{" ENVELOPE ",\"replicas\":[{\"id\":\"web-1\",\"wanted\":\"run\","
                             "\"check\":{\"round\":7,\"from_the_future\":{\"a\":[]}}}]}"));
    const struct assigned_check *check = world.assignments.items[0].check;
    cr_assert_not_null(check);
    cr_assert_eq(check->round, 7);
    cr_assert_str_eq(check->check.port, "http");
    cr_assert_str_eq(check->check.path, "/");
    cr_assert_eq(check->check.expect_status, 200);
    cr_assert_null(check->check.expect_substring);
    cr_assert_eq(check->check.times, 1);
    arena_release(&world.arena);
}

static const char *const unreadable_checks[] = {
    "7",
    "[]",
    "{}",
    "null",
    "{\"round\":0}",
    "{\"round\":\"7\"}",
    "{\"round\":7,\"path\":\"no slash\"}",
    "{\"round\":7,\"path\":\"/a\\nb\"}",
    "{\"round\":7,\"port\":\"UP\"}",
    "{\"round\":7,\"times\":0}",
    "{\"round\":7,\"expect_status\":42}",
};

enum { UNREADABLE_CHECKS = sizeof unreadable_checks / sizeof *unreadable_checks };

Test(worker_wire, a_check_that_cannot_be_read_is_none_and_what_is_wanted_counts)
{
    for (size_t i = 0; i < UNREADABLE_CHECKS; i++) {
        struct world world;
        world_init(&world);
        const char *json = arena_printf(
            &world.arena,
            "{" ENVELOPE ",\"replicas\":[{\"id\":\"web-1\",\"wanted\":\"stop\",\"check\":%s}]}",
            unreadable_checks[i]);
        cr_assert(decode(&world, json), "%s", errors_text(&world.errors));
        cr_assert_not_null(world.assignments.items[0].id, "%s", unreadable_checks[i]);
        cr_expect_eq(world.assignments.items[0].wanted, WANTED_STOP);
        cr_expect_null(world.assignments.items[0].check, "%s", unreadable_checks[i]);
        arena_release(&world.arena);
    }
}

static const char *const broken_envelopes[] = {
    "[]",
    "{}",
    "{" ENVELOPE "}",
    "{" ENVELOPE ",\"replicas\":{}}",
    "{" ENVELOPE ",\"replicas\":[],\"templates\":[]}",
    "{\"index\":\"57\",\"epoch\":3,\"incarnation\":\"9\",\"poll_wait_ms\":1,\"replicas\":[]}",
    "{\"index\":57,\"epoch\":0,\"incarnation\":\"9\",\"poll_wait_ms\":1,\"replicas\":[]}",
};

enum { BROKEN_ENVELOPES = sizeof broken_envelopes / sizeof *broken_envelopes };

Test(worker_wire, a_broken_envelope_is_refused)
{
    for (size_t i = 0; i < BROKEN_ENVELOPES; i++) {
        struct world world;
        world_init(&world);
        cr_expect_not(decode(&world, broken_envelopes[i]), "%s", broken_envelopes[i]);
        arena_release(&world.arena);
    }
}

Test(worker_wire, a_template_becomes_canonical_and_unknown_fields_are_left_out)
{
    struct world world;
    world_init(&world);
    cr_assert(decode(&world, "{" ENVELOPE ",\"shiny\":1,\"replicas\":[],\"templates\":{"
                             "\"5be0\":" TEMPLATE ",\"restart\":{\"policy\":\"always\",\"mood\":1},"
                             "\"from_the_future\":{\"a\":[]},\"ports\":{\"http\":0}}}}"),
              "%s", errors_text(&world.errors));
    const struct assigned_template *assigned = &world.assignments.templates[0];
    cr_assert_eq(world.assignments.template_count, 1);
    cr_assert_null(assigned->error);
    cr_assert_str_eq(assigned->hash, "5be0");
    cr_assert_str_eq(assigned->json, TEMPLATE ",\"ports\":{\"http\":0}}");
    cr_assert_str_eq(assigned->template.stop.signal, "SIGTERM");
    arena_release(&world.arena);
}

Test(worker_wire, a_template_that_cannot_be_read_says_why)
{
    struct world world;
    world_init(&world);
    cr_assert(decode(&world, "{" ENVELOPE ",\"replicas\":[],\"templates\":{"
                             "\"a\":" TEMPLATE ",\"restart\":{\"policy\":\"sometimes\"}},"
                             "\"b\":" TEMPLATE "}}}"));
    cr_assert_not_null(strstr(world.assignments.templates[0].error, "#/restart/policy"));
    cr_assert_null(world.assignments.templates[1].error);
    arena_release(&world.arena);
}

/* Of a version to come, or without any. */
Test(worker_wire, a_template_whose_probe_asks_nothing_that_is_known_cannot_be_read)
{
    static const char *const probes[] = {
        "\"startup\":{\"exec\":{\"command\":[\"./check\"]}}",
        "\"readiness\":{}",
        "\"readiness\":{\"http\":{}},\"liveness\":{\"http\":null,\"period_seconds\":5}",
    };
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
        struct world world;
        world_init(&world);
        cr_assert(decode(&world, arena_printf(&world.arena,
                                              "{" ENVELOPE ",\"replicas\":[],\"templates\":{"
                                              "\"a\":" TEMPLATE ",\"probes\":{%s}}}}",
                                              probes[i])));
        const char *error = world.assignments.templates[0].error;
        cr_assert_not_null(error, "%s", probes[i]);
        cr_expect_not_null(strstr(error, "#/probes/"), "%s", error);
        arena_release(&world.arena);
    }
}

/* --- what the agent writes, as the server reads it -------------------------------------------- */

Test(worker_wire, a_registration_arrives)
{
    struct world world;
    world_init(&world);
    const char *drivers[] = {"process"};
    struct pair labels[] = {{"gpu", "a100"}, {"zone", "b"}};
    const struct node_registration sent = {
        .token = "dgn_0123456789012345678901234567890123456789012345678901",
        .cluster = "blue",
        .labels = {labels, 2},
        .address = "fe80::1",
        .capacity = {8000, 32000, 1},
        .agent_version = "0.1.0",
        .boot_id = "b-1",
        .drivers = {drivers, 1},
    };
    struct text text;
    struct json_writer writer;
    text_init(&text, &world.arena);
    json_writer_init(&writer, &text);
    node_registration_render(&writer, &sent);
    struct node_registration got;
    cr_assert(node_registration_decode(parse_json(&world.arena, text_string(&text)), &world.arena,
                                       &got, &world.errors),
              "%s", errors_text(&world.errors));
    cr_assert_str_eq(got.token, sent.token);
    cr_assert_str_eq(got.cluster, "blue");
    cr_assert(pairs_equal(&got.labels, &sent.labels));
    cr_assert_str_eq(got.address, "fe80::1");
    cr_assert_eq(got.capacity.memory_mib, 32000);
    cr_assert_str_eq(got.boot_id, "b-1");
    cr_assert_str_eq(got.drivers.items[0], "process");
    arena_release(&world.arena);
}

Test(worker_wire, the_answer_of_a_registration_is_read)
{
    struct world world;
    struct registration_answer answer;
    world_init(&world);
    cr_assert(registration_answer_decode(
        parse_json(&world.arena, "{\"name\":\"n1\",\"epoch\":4,\"incarnation\":\"9f\"}"),
        &world.arena, &answer, &world.errors));
    cr_assert_eq(answer.epoch, 4);
    cr_assert_str_eq(answer.incarnation, "9f");
    cr_assert_not(registration_answer_decode(parse_json(&world.arena, "{\"epoch\":4}"),
                                             &world.arena, &answer, &world.errors));
    arena_release(&world.arena);
}

Test(worker_wire, a_report_arrives)
{
    struct world world;
    world_init(&world);
    struct port ports[] = {{"http", 20114}};
    struct replica_change changes[] = {
        {.id = "web-1", .attempt = 1, .state = REPLICA_STARTING},
        {.id = "web-2",
         .attempt = 3,
         .state = REPLICA_RUNNING,
         .ready = true,
         .reason = "a \"word\"\n",
         .address = "127.0.0.1",
         .ports = {ports, 1},
         .pid = 4242,
         .has_exit = true,
         .exit_code = -1,
         .exit_signal = 9,
         .log_tail = "bye\n",
         .check_round = 9002,
         .check_reason = "answered 500 «\"no\"»"},
    };
    const struct replica_sample sample = {.id = "web-2", .attempt = 3, .cpu_millis = 12};
    const struct report sent = {.boot_id = "b-1",
                                .epoch = 4,
                                .seq = 7,
                                .full = true,
                                .changes = changes,
                                .change_count = 2};
    struct text text;
    struct json_writer writer;
    struct report got;
    text_init(&text, &world.arena);
    json_writer_init(&writer, &text);
    report_render(&writer, &sent, &sample, 1);
    cr_assert(report_decode(parse_json(&world.arena, text_string(&text)), &world.arena, &got,
                            &world.errors),
              "%s", errors_text(&world.errors));
    cr_assert_eq(got.epoch, 4);
    cr_assert_eq(got.seq, 7);
    cr_assert(got.full);
    cr_assert_eq(got.change_count, 2);
    cr_assert_eq(got.sample_count, 1);
    cr_assert_null(got.changes[0].error, "%s", got.changes[0].error_detail);
    cr_assert_eq(got.changes[0].state, REPLICA_STARTING);
    cr_assert_not(got.changes[0].has_exit);
    const struct replica_change *second = &got.changes[1];
    cr_assert_null(second->error, "%s", second->error_detail);
    cr_assert(second->ready);
    cr_assert_eq(ports_get(&second->ports, NULL), 20114);
    cr_assert_eq(second->pid, 4242);
    cr_assert(second->has_exit);
    cr_assert_eq(second->exit_code, -1);
    cr_assert_eq(second->exit_signal, 9);
    cr_assert_str_eq(second->log_tail, "bye\n");
    cr_assert_eq(got.changes[0].check_round, 0);
    cr_assert_eq(second->check_round, 9002);
    cr_assert_not(second->check_passed);
    cr_assert_str_eq(second->check_reason, "answered 500 «\"no\"»");
    arena_release(&world.arena);
}
