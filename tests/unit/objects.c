/* What answers look like, byte for byte. */
#include "base/crypto.h"
#include "golden.h"
#include "wire/object_wire.h"
#include "wire_test.h"

struct page {
    struct arena arena;
    struct text text;
    struct json_writer writer;
};

static void page_init(struct page *page)
{
    arena_init(&page->arena);
    text_init(&page->text, &page->arena);
    json_writer_init(&page->writer, &page->text);
}

static void assert_page(struct page *page, const char *expected)
{
    cr_assert_str_eq(text_string(&page->text), expected);
    arena_release(&page->arena);
}

static const int64_t NOON = 1769860800000; /* 2026-01-31T12:00:00Z */

static const char *small_command[] = {"./web"};
static struct pair secret_env[] = {{"MODEL", "v2"}};

static struct template some_template(void)
{
    return (struct template){
        .version = "2.1.0",
        .command = {small_command, 1},
        .env = {secret_env, 1},
        .stop = {"SIGTERM", 5, 10},
        .restart = {RESTART_ALWAYS, 1, 60},
        .limits = {120, 600, 300},
    };
}

#define TEMPLATE_JSON(model)                                                                       \
    "{\"version\":\"2.1.0\",\"command\":[\"./web\"],\"image\":null,\"artifact\":null,"             \
    "\"working_dir\":null,\"user\":null,\"env\":{\"MODEL\":\"" model "\"},\"ports\":{},"           \
    "\"resources\":{\"cpu_millis\":0,\"memory_mib\":0,\"gpus\":0},\"instance_type\":null,"         \
    "\"probes\":{\"startup\":null,\"readiness\":null,\"liveness\":null},"                          \
    "\"stop\":{\"signal\":\"SIGTERM\",\"drain_seconds\":5,\"grace_seconds\":10},"                  \
    "\"restart\":{\"policy\":\"always\",\"backoff_initial_seconds\":1,"                            \
    "\"backoff_max_seconds\":60},"                                                                 \
    "\"limits\":{\"schedule_seconds\":120,\"prepare_seconds\":600,\"healthy_seconds\":300},"       \
    "\"restart_token\":null}"

Test(objects, a_template_shows_every_field)
{
    struct page page;
    struct template template = some_template();
    page_init(&page);
    template_render(&page.writer, &template, (struct env_mask){0});
    assert_page(&page, TEMPLATE_JSON("v2"));
}

Test(objects, env_is_masked_by_a_keyed_hash)
{
    static const uint8_t key[CRYPTO_KEY_BYTES] = {1, 2, 3};
    struct page page;
    struct template template = some_template();

    page_init(&page);
    cr_assert_eq(crypto_start(NULL), ERR_OK);
    template_render(&page.writer, &template, (struct env_mask){key});
    struct json *root = parse_json(&page.arena, text_string(&page.text));
    const char *shown = json_at(root, "#/env/MODEL")->string;
    cr_assert(text_starts(shown, "••••"), "%s", shown);
    cr_assert(env_value_is_masked(shown), "%s", shown);
    arena_release(&page.arena);
}

Test(objects, only_the_masked_form_counts_as_masked)
{
    cr_assert(env_value_is_masked("••••0123abcd"));
    cr_assert(!env_value_is_masked("••••0123abc"));
    cr_assert(!env_value_is_masked("••••0123abcde"));
    cr_assert(!env_value_is_masked("••••0123ABCD"));
    cr_assert(!env_value_is_masked("0123abcd"));
    cr_assert(!env_value_is_masked(""));
}

static struct pair team_label[] = {{"team", "ml"}};

static struct deployment some_deployment(void)
{
    return (struct deployment){
        .uid = "01j",
        .cluster = "default",
        .name = "web",
        .description = "",
        .labels = {team_label, 1},
        .generation = 4,
        .index = 1207,
        .created_at = NOON,
        .created_by = "admin",
        .updated_at = NOON + 1,
        .updated_by = "ci",
        .spec = {.replicas = 3,
                 .template = some_template(),
                 .strategy = {.type = STRATEGY_ROLLING,
                              .max_surge = {25, true},
                              .auto_promote = true,
                              .keep_old_seconds = 30,
                              .preview_replicas = PREVIEW_ALL,
                              .monitor_seconds = 10,
                              .progress_deadline_seconds = 600,
                              .auto_rollback = true},
                 .placement = {NULL, SPREAD_NODE},
                 .revision_history_limit = 10},
        .status = {.state = DEPLOYMENT_RUNNING,
                   .message = "3 of 3 replicas are available",
                   .observed_generation = 4,
                   .revision = 4,
                   .stable_revision = 4,
                   .version = "2.1.0",
                   .desired = 3,
                   .updated = 3,
                   .ready = 3,
                   .available = 3,
                   .total = 3,
                   .rollout_id = 9,
                   .rollout_state = ROLLOUT_SUCCEEDED},
    };
}

#define STATUS_MEMBERS                                                                             \
    "\"state\":\"running\",\"message\":\"3 of 3 replicas are available\","                         \
    "\"observed_generation\":4,\"revision\":4,\"stable_revision\":4,\"version\":\"2.1.0\","        \
    "\"halted\":null,\"desired\":3,\"updated\":3,\"ready\":3,\"available\":3,\"total\":3,"         \
    "\"rollout\":{\"id\":9,\"state\":\"succeeded\"},\"conditions\":[]"

Test(objects, a_deployment_shows_every_field)
{
    struct page page;
    struct deployment deployment = some_deployment();
    page_init(&page);
    deployment_render(&page.writer, &deployment, (struct env_mask){0});
    assert_page(
        &page,
        "{\"name\":\"web\",\"cluster\":\"default\",\"uid\":\"01j\",\"description\":\"\","
        "\"labels\":{\"team\":\"ml\"},\"annotations\":{},\"generation\":4,\"index\":1207,"
        "\"created_at\":\"2026-01-31T12:00:00.000Z\",\"created_by\":\"admin\","
        "\"updated_at\":\"2026-01-31T12:00:00.001Z\",\"updated_by\":\"ci\","
        "\"spec\":{\"replicas\":3,\"template\":" TEMPLATE_JSON(
            "v2") ","
                  "\"strategy\":{\"type\":\"rolling\",\"max_surge\":\"25%\",\"max_unavailable\":0,"
                  "\"batch_pause_seconds\":0,\"auto_promote\":true,"
                  "\"auto_promote_after_seconds\":0,\"keep_old_seconds\":30,"
                  "\"preview_replicas\":null,\"steps\":[],"
                  "\"min_ready_seconds\":0,\"monitor_seconds\":10,"
                  "\"progress_deadline_seconds\":600,\"max_failure_ratio\":0,"
                  "\"auto_rollback\":true},"
                  "\"placement\":{\"node_selector\":null,\"spread_by\":\"node\"},"
                  "\"revision_history_limit\":10,\"paused\":false},"
                  "\"status\":{" STATUS_MEMBERS "}}");
}

Test(objects, the_status_is_small_and_flat)
{
    struct page page;
    struct deployment deployment = some_deployment();
    page_init(&page);
    deployment_status_render(&page.writer, &deployment);
    assert_page(&page, "{\"name\":\"web\",\"cluster\":\"default\",\"generation\":4,"
                       "\"index\":1207,\"paused\":false," STATUS_MEMBERS "}");
}

Test(objects, a_halted_status_says_why_and_since_when)
{
    struct page page;
    struct deployment deployment = some_deployment();
    deployment.status.halted_reason = "progress_deadline";
    deployment.status.halted_since_at = NOON;
    deployment.status.stable_revision = 0;
    deployment.status.rollout_id = 0;
    page_init(&page);
    deployment_status_render(&page.writer, &deployment);
    struct json *root = parse_json(&page.arena, text_string(&page.text));
    cr_assert_str_eq(json_at(root, "#/halted/reason")->string, "progress_deadline");
    cr_assert_str_eq(json_at(root, "#/halted/since")->string, "2026-01-31T12:00:00.000Z");
    cr_assert_eq(json_at(root, "#/stable_revision")->type, JSON_NULL);
    cr_assert_eq(json_at(root, "#/rollout")->type, JSON_NULL);
    arena_release(&page.arena);
}

/* What GET shows can be sent back, and means the same. */
Test(objects, a_rendered_deployment_decodes_to_the_same_template)
{
    struct page page;
    struct field_errors errors;
    struct deployment_document document;
    struct deployment deployment = some_deployment();
    char before[TEMPLATE_HASH_BYTES];
    char after[TEMPLATE_HASH_BYTES];

    page_init(&page);
    cr_assert_eq(crypto_start(NULL), ERR_OK);
    deployment_render(&page.writer, &deployment, (struct env_mask){0});
    field_errors_init(&errors, &page.arena);
    cr_assert(deployment_document_decode(parse_json(&page.arena, text_string(&page.text)),
                                         &page.arena, &document, &errors),
              "%s", errors_text(&errors));
    template_hash(&deployment.spec.template, &page.arena, before);
    template_hash(&document.spec.template, &page.arena, after);
    cr_assert_str_eq(before, after);
    cr_assert_eq(document.spec.replicas, 3);
    arena_release(&page.arena);
}

Test(objects, a_revision_shows_its_template)
{
    static const char *tags[] = {"good"};
    struct page page;
    struct template template = some_template();
    struct revision revision = {.number = 4,
                                .version = "2.1.0",
                                .template_hash = "ab",
                                .created_at = NOON,
                                .created_by = "ci",
                                .source = SOURCE_AUTO_ROLLBACK,
                                .copy_of = 2,
                                .outcome = OUTCOME_STABLE,
                                .proven = true,
                                .pinned = true,
                                .tags = {tags, 1}};
    page_init(&page);
    revision_render(&page.writer, &revision, &template, (struct env_mask){0});
    assert_page(
        &page, "{\"number\":4,\"version\":\"2.1.0\",\"template\":" TEMPLATE_JSON(
                   "v2") ","
                         "\"template_hash\":\"ab\",\"created_at\":\"2026-01-31T12:00:00.000Z\","
                         "\"created_by\":\"ci\",\"change_cause\":null,\"source\":\"auto_rollback\","
                         "\"copy_of\":2,\"outcome\":\"stable\",\"proven\":true,\"tags\":[\"good\"],"
                         "\"pinned\":true}");
}

Test(objects, a_paused_rollout_shows_what_is_left_of_its_deadline)
{
    struct page page;
    struct rollout rollout = {.id = 9,
                              .to_revision = 4,
                              .state = ROLLOUT_PAUSED,
                              .reason = "",
                              .message = "2 of 3 are available",
                              .progress = {3, 1, 2, 2, 2},
                              .started_at = NOON,
                              .deadline_in_ms = 412000};
    page_init(&page);
    rollout_render(&page.writer, &rollout, &(struct rollout_owner){"web", "default"}, NULL);
    assert_page(&page,
                "{\"id\":9,\"deployment\":\"web\",\"cluster\":\"default\","
                "\"from_revision\":null,\"to_revision\":4,\"rollback_revision\":null,"
                "\"strategy\":\"rolling\",\"state\":\"paused\",\"reason\":\"\","
                "\"message\":\"2 of 3 are available\",\"progress\":{\"desired\":3,\"old\":1,"
                "\"updated\":2,\"ready\":2,\"available\":2},\"direct\":false,\"step\":0,"
                "\"steps\":[],\"failed_replica\":null,\"started_at\":\"2026-01-31T12:00:00.000Z\","
                "\"deadline_in_ms\":412000,\"finished_at\":null}");
}

static const char check_shown[] =
    "{\"port\":\"http\",\"path\":\"/ok\",\"expect_status\":200,\"expect_substring\":null,"
    "\"times\":3}";

Test(objects, each_step_of_a_rollout_shows_its_value_and_how_far_it_is)
{
    static struct canary_step items[] = {
        {.kind = CANARY_SET_REPLICAS, .amount = 1},
        {.kind = CANARY_SET_WEIGHT, .amount = 0},
        {.kind = CANARY_CHECK,
         .check = {.port = "http", .path = "/ok", .expect_status = 200, .times = 3}},
        {.kind = CANARY_PAUSE},
        {.kind = CANARY_PAUSE, .amount = 60},
    };
    static const char *const states[][5] = {
        {"current", "pending", "pending", "pending", "pending"},
        {"done", "done", "current", "pending", "pending"},
        {"done", "done", "done", "done", "done"},
    };
    static const int64_t steps_done[] = {0, 2, 5};
    for (size_t i = 0; i < 3; i++) {
        struct page page;
        struct rollout rollout = {.strategy = STRATEGY_CANARY, .step = steps_done[i]};
        page_init(&page);
        rollout_render(&page.writer, &rollout, &(struct rollout_owner){"web", "default"},
                       &(struct canary_steps){items, 5});
        const char *const *state = states[i];
        const char *want =
            arena_printf(&page.arena,
                         "\"steps\":["
                         "{\"kind\":\"set_replicas\",\"value\":1,\"check\":null,\"state\":\"%s\"},"
                         "{\"kind\":\"set_weight\",\"value\":0,\"check\":null,\"state\":\"%s\"},"
                         "{\"kind\":\"check\",\"value\":null,\"check\":%s,\"state\":\"%s\"},"
                         "{\"kind\":\"pause\",\"value\":null,\"check\":null,\"state\":\"%s\"},"
                         "{\"kind\":\"pause\",\"value\":60,\"check\":null,\"state\":\"%s\"}],",
                         state[0], state[1], check_shown, state[2], state[3], state[4]);
        const char *shown = text_string(&page.text);
        cr_expect_not_null(strstr(shown, want), "row %zu: %s", i, shown);
        arena_release(&page.arena);
    }
}

static struct replica some_replica(void)
{
    static struct port ports[] = {{"http", 20001}};
    return (struct replica){.id = "web-0k2m9x",
                            .deployment = "web",
                            .cluster = "default",
                            .revision = 4,
                            .template_hash = "ab",
                            .node = "n1",
                            .phase = REPLICA_RUNNING,
                            .ready = true,
                            .available = true,
                            .attempt = 1,
                            .address = "127.0.0.1",
                            .ports = {ports, 1},
                            .pid = 77,
                            .resources = {250, 64, 0},
                            .created_at = NOON,
                            .started_at = NOON,
                            .exit_code = -1,
                            .exit_signal = -1,
                            .readiness_since_at = NOON};
}

Test(objects, a_running_replica_has_no_exit)
{
    struct page page;
    struct replica replica = some_replica();
    page_init(&page);
    replica_render(&page.writer, &replica, PRESENCE_UNKNOWN);
    assert_page(&page, "{\"id\":\"web-0k2m9x\",\"deployment\":\"web\",\"cluster\":\"default\","
                       "\"revision\":4,\"node\":\"n1\",\"wanted\":\"run\",\"state\":\"running\","
                       "\"presence\":\"unknown\",\"ready\":true,\"available\":true,\"attempt\":1,"
                       "\"address\":\"127.0.0.1\",\"ports\":{\"http\":20001},\"pid\":77,"
                       "\"resources\":{\"cpu_millis\":250,\"memory_mib\":64,\"gpus\":0},"
                       "\"created_at\":\"2026-01-31T12:00:00.000Z\","
                       "\"started_at\":\"2026-01-31T12:00:00.000Z\",\"ended_at\":null,"
                       "\"restarts\":0,\"reason\":null,\"exit\":null,\"log_tail\":null,"
                       "\"readiness\":{\"ok\":true,\"reason\":null,"
                       "\"since\":\"2026-01-31T12:00:00.000Z\"},\"check\":null}");
}

static const struct {
    bool passed;
    const char *reason, *shown;
} checks[] = {
    {true, NULL, "\"check\":{\"round\":9002,\"passed\":true,\"reason\":null}}"},
    {false, "answered 500",
     "\"check\":{\"round\":9002,\"passed\":false,\"reason\":\"answered 500\"}}"},
};

Test(objects, a_canary_shows_what_it_answered_last)
{
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct page page;
        struct replica replica = some_replica();
        replica.check_round = 9002;
        replica.check_passed = checks[i].passed;
        replica.check_reason = checks[i].reason;
        page_init(&page);
        replica_render(&page.writer, &replica, PRESENCE_PRESENT);
        const char *shown = text_string(&page.text);
        cr_expect_not_null(strstr(shown, checks[i].shown), "%s", shown);
        arena_release(&page.arena);
    }
}

Test(objects, a_failed_replica_shows_its_exit)
{
    struct page page;
    struct replica replica = some_replica();
    replica.phase = REPLICA_FAILED;
    replica.has_exit = true;
    replica.exit_signal = 9;
    replica.exit_oom = true;
    page_init(&page);
    replica_render(&page.writer, &replica, PRESENCE_PRESENT);
    cr_assert_not_null(
        strstr(text_string(&page.text), "\"exit\":{\"code\":null,\"signal\":9,\"oom\":true}"));
    arena_release(&page.arena);
}

Test(objects, an_assignment_is_what_an_agent_needs)
{
    struct page page;
    struct replica replica = some_replica();
    replica.wanted = WANTED_STOP;
    page_init(&page);
    assignment_render(&page.writer, &replica, NULL);
    assert_page(&page, "{\"id\":\"web-0k2m9x\",\"deployment\":\"web\",\"cluster\":\"default\","
                       "\"revision\":4,\"template_hash\":\"ab\",\"last_attempt\":1,"
                       "\"wanted\":\"stop\",\"check\":null}");
}

Test(objects, an_assignment_of_a_canary_has_what_to_check)
{
    struct page page;
    struct replica replica = some_replica();
    struct assigned_check check = {
        .round = 9002, .check = {.port = "http", .path = "/ok", .expect_status = 200, .times = 3}};
    page_init(&page);
    assignment_render(&page.writer, &replica, &check);
    cr_assert_not_null(strstr(text_string(&page.text),
                              "\"check\":{\"round\":9002,\"port\":\"http\",\"path\":\"/ok\","
                              "\"expect_status\":200,\"expect_substring\":null,\"times\":3}}"));
    arena_release(&page.arena);
}

Test(objects, a_node_shows_its_use)
{
    static const char *drivers[] = {"process"};
    static const char *unknown[] = {"web-1"};
    struct page page;
    struct node node = {.name = "n1",
                        .cluster = "default",
                        .capacity = {4000, 8192, 0},
                        .address = "127.0.0.1",
                        .agent_version = "0.1",
                        .boot_id = "b",
                        .drivers = {drivers, 1},
                        .state = NODE_SUSPECT,
                        .state_reason = "silent for 15 s",
                        .schedulable = true,
                        .registered_at = NOON};
    struct node_usage usage = {{250, 128, 0}, 1, {unknown, 1}};
    page_init(&page);
    node_render(&page.writer, &node, &usage);
    assert_page(&page, "{\"name\":\"n1\",\"cluster\":\"default\",\"labels\":{},"
                       "\"capacity\":{\"cpu_millis\":4000,\"memory_mib\":8192,\"gpus\":0},"
                       "\"allocated\":{\"cpu_millis\":250,\"memory_mib\":128,\"gpus\":0},"
                       "\"state\":\"suspect\",\"reason\":\"silent for 15 s\",\"schedulable\":true,"
                       "\"draining\":false,\"agent_version\":\"0.1\",\"boot_id\":\"b\","
                       "\"drivers\":[\"process\"],\"address\":\"127.0.0.1\","
                       "\"registered_at\":\"2026-01-31T12:00:00.000Z\",\"replicas\":1,"
                       "\"unknown_replicas\":[\"web-1\"]}");
}

Test(objects, an_event_carries_its_data_as_it_was_stored)
{
    struct page page;
    struct event event = {.index = 7,
                          .at = NOON,
                          .actor = "scheduler",
                          .kind = "deployment",
                          .cluster = "default",
                          .name = "web",
                          .reason = "scaled",
                          .message = "from 1 to 2",
                          .data = "{\"from\":1,\"to\":2}"};
    page_init(&page);
    event_render(&page.writer, &event);
    assert_page(&page, "{\"index\":7,\"at\":\"2026-01-31T12:00:00.000Z\",\"actor\":\"scheduler\","
                       "\"request_id\":null,\"kind\":\"deployment\",\"cluster\":\"default\","
                       "\"name\":\"web\",\"reason\":\"scaled\",\"message\":\"from 1 to 2\","
                       "\"data\":{\"from\":1,\"to\":2}}");
}
