#include "base/limits.h"
#include "wire/deployment_wire.h"
#include "wire_test.h"

/* Every field that a client may send, none at its fallback where there is a choice. */
static const char *const full_document =
    "{\"name\":\"recommender\",\"cluster\":\"default\",\"description\":\"x\","
    "\"labels\":{\"team\":\"ml\"},\"annotations\":{\"example.com/note\":\"hello\"},"
    "\"spec\":{\"replicas\":3,\"template\":{\"version\":\"2.1.0\","
    "\"command\":[\"./serve\",\"--port\",\"$(PORT)\"],"
    "\"image\":null,\"artifact\":null,\"working_dir\":\"/srv/app\",\"user\":null,"
    "\"env\":{\"MODEL\":\"v2\"},\"ports\":{\"http\":0},"
    "\"resources\":{\"cpu_millis\":250,\"memory_mib\":128,\"gpus\":1},\"instance_type\":null,"
    "\"probes\":{"
    "\"startup\":{\"http\":{\"port\":\"http\",\"path\":\"/healthz\"},\"period_seconds\":1,"
    "\"failure_threshold\":30},"
    "\"readiness\":{\"http\":{\"path\":\"/readyz\"},\"initial_delay_seconds\":1,"
    "\"period_seconds\":2,\"timeout_seconds\":2,\"success_threshold\":2,\"failure_threshold\":4},"
    "\"liveness\":{\"tcp\":{\"port\":\"http\"}}},"
    "\"stop\":{\"signal\":\"SIGINT\",\"drain_seconds\":1,\"grace_seconds\":2},"
    "\"restart\":{\"policy\":\"on_failure\",\"backoff_initial_seconds\":2,"
    "\"backoff_max_seconds\":30},"
    "\"limits\":{\"schedule_seconds\":10,\"prepare_seconds\":20,\"healthy_seconds\":30}},"
    "\"strategy\":{\"type\":\"rolling\",\"max_surge\":\"50%\",\"max_unavailable\":1,"
    "\"batch_pause_seconds\":1,\"min_ready_seconds\":2,\"monitor_seconds\":3,"
    "\"progress_deadline_seconds\":60,\"max_failure_ratio\":0.25,\"auto_rollback\":false},"
    "\"placement\":{\"node_selector\":\"gpu=a100\",\"spread_by\":\"none\"},"
    "\"revision_history_limit\":5,\"paused\":true}}";

static const char *const small_document =
    "{\"name\":\"web\",\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"./web\"]}}}";

struct world {
    struct arena arena;
    struct field_errors errors;
    struct json *root;
    struct deployment_document document;
};

static void world_init(struct world *world, const char *json)
{
    *world = (struct world){0};
    arena_init(&world->arena);
    world->root = parse_json(&world->arena, json);
}

static bool decode(struct world *world)
{
    field_errors_init(&world->errors, &world->arena);
    return deployment_document_decode(world->root, &world->arena, &world->document, &world->errors);
}

Test(deployment_document, a_small_one_gets_every_default)
{
    struct world world;
    world_init(&world, small_document);
    cr_assert(decode(&world), "%s", errors_text(&world.errors));

    const struct deployment_document *document = &world.document;
    const struct template *template = &document->spec.template;
    const struct strategy *strategy = &document->spec.strategy;
    cr_assert_str_eq(document->name, "web");
    cr_assert_null(document->cluster);
    cr_assert_str_eq(document->description, "");
    cr_assert_eq(document->spec.replicas, REPLICAS_ABSENT);
    cr_assert_eq(document->spec.revision_history_limit, 10);
    cr_assert(!document->spec.paused);
    cr_assert_null(document->spec.placement.node_selector);
    cr_assert_eq(document->spec.placement.spread_by, SPREAD_NODE);
    cr_assert(strategy->max_surge.percent && strategy->max_surge.value == 25);
    cr_assert(!strategy->max_unavailable.percent && strategy->max_unavailable.value == 0);
    cr_assert_eq(strategy->monitor_seconds, 10);
    cr_assert_eq(strategy->progress_deadline_seconds, 600);
    cr_assert(strategy->auto_rollback);
    cr_assert_str_eq(template->stop.signal, "SIGTERM");
    cr_assert_eq(template->stop.drain_seconds, 5);
    cr_assert_eq(template->stop.grace_seconds, 10);
    cr_assert_eq(template->restart.policy, RESTART_ALWAYS);
    cr_assert_eq(template->restart.backoff_initial_seconds, 1);
    cr_assert_eq(template->restart.backoff_max_seconds, 60);
    cr_assert_eq(template->limits.schedule_seconds, 120);
    cr_assert_eq(template->limits.prepare_seconds, 600);
    cr_assert_eq(template->limits.healthy_seconds, 300);
    cr_assert_null(template->probes.readiness);
    arena_release(&world.arena);
}

Test(deployment_document, a_probe_gets_the_defaults_of_kubernetes)
{
    struct world world;
    world_init(&world, full_document);
    cr_assert(decode(&world), "%s", errors_text(&world.errors));

    const struct probe *liveness = world.document.spec.template.probes.liveness;
    cr_assert_eq(liveness->initial_delay_seconds, 0);
    cr_assert_eq(liveness->period_seconds, 10);
    cr_assert_eq(liveness->timeout_seconds, 1);
    cr_assert_eq(liveness->success_threshold, 1);
    cr_assert_eq(liveness->failure_threshold, 3);
    cr_assert_str_eq(world.document.spec.template.probes.readiness->http->port, "http");
    arena_release(&world.arena);
}

/* Every node of the full document is replaced by a value of another type in turn. */
static const char *wrong_type(const struct json *node)
{
    return node->type == JSON_BOOL ? "7" : "true";
}

static void check_wrong_type(const char *pointer)
{
    struct world world;
    world_init(&world, full_document);
    struct json *node = json_at(world.root, pointer);
    const char *code = node->type == JSON_NULL ? "unsupported" : "type";
    json_replace(&world.arena, world.root, pointer, wrong_type(node));
    cr_assert(!decode(&world), "%s was accepted", pointer);
    assert_only_error(&world.errors, pointer, code);
    arena_release(&world.arena);
}

static size_t check_below(const struct json *node, const char *pointer)
{
    char below[512];
    size_t checked = 0;
    for (size_t i = 0; i < node->count; i++) {
        const struct json *child = &node->children[i];
        /* '/' within the one annotation key is covered by the pointer tests. */
        if (child->key && strchr(child->key, '/')) continue;
        if (child->key)
            snprintf(below, sizeof below, "%s/%s", pointer, child->key);
        else
            snprintf(below, sizeof below, "%s/%zu", pointer, i);
        check_wrong_type(below);
        checked += 1 + check_below(child, below);
    }
    return checked;
}

Test(deployment_document, every_field_of_a_wrong_type_is_named)
{
    struct world world;
    world_init(&world, full_document);
    cr_assert_gt(check_below(world.root, "#"), 60);
    arena_release(&world.arena);
}

struct row {
    const char *pointer, *value, *code, *at; /* at: where the error is; NULL = at pointer */
};

static const struct row rows[] = {
    {"#/name", "\"Web\"", "pattern", NULL},
    {"#/name", "\"\"", "length", NULL},
    {"#/cluster", "\"a_b\"", "pattern", NULL},
    {"#/labels", "{\"-x\":\"y\"}", "pattern", "#/labels/-x"},
    {"#/labels", "{\"a/b\":\"-\"}", "pattern", "#/labels/a~1b"},
    {"#/labels/team", "\"a b\"", "pattern", NULL},
    {"#/annotations", "{\"a b\":\"y\"}", "pattern", "#/annotations/a%20b"},
    {"#/spec/replicas", "-1", "range", NULL},
    {"#/spec/replicas", "10001", "range", NULL},
    {"#/spec/replicas", "2.5", "type", NULL},
    {"#/spec/replicas", "null", "type", NULL},
    {"#/spec/template/version", "\"\"", "length", NULL},
    {"#/spec/template/version", "\"a\\nb\"", "pattern", NULL},
    {"#/spec/template/command", "[]", "length", NULL},
    {"#/spec/template/command/0", "\"\"", "length", NULL},
    {"#/spec/template/command/1", "null", "type", NULL},
    {"#/spec/template/command/2", "\"--x=$(PORT_GRPC)\"", "conflict", NULL},
    {"#/spec/template/image", "\"web:1\"", "unsupported", NULL},
    {"#/spec/template/artifact", "\"a\"", "unsupported", NULL},
    {"#/spec/template/user", "\"nobody\"", "unsupported", NULL},
    {"#/spec/template/instance_type", "\"big\"", "unsupported", NULL},
    {"#/spec/template/working_dir", "\"srv\"", "pattern", NULL},
    {"#/spec/template/env", "{\"1X\":\"y\"}", "pattern", "#/spec/template/env/1X"},
    {"#/spec/template/env", "{\"A-B\":\"y\"}", "pattern", "#/spec/template/env/A-B"},
    {"#/spec/template/env/MODEL", "\"••••0123abcd\"", "pattern", NULL},
    {"#/spec/template/ports/http", "8080", "unsupported", NULL},
    {"#/spec/template/ports/http", "70000", "range", NULL},
    {"#/spec/template/resources/cpu_millis", "-1", "range", NULL},
    {"#/spec/template/resources/memory_mib", "-1", "range", NULL},
    {"#/spec/template/resources/gpus", "1025", "range", NULL},
    {"#/spec/template/probes/startup/http/port", "\"admin\"", "conflict", NULL},
    {"#/spec/template/probes/startup/http/port", "\"\"", "length", NULL},
    {"#/spec/template/probes/startup/http/path", "\"healthz\"", "pattern", NULL},
    {"#/spec/template/probes/startup/http/path", "\"/a b\"", "pattern", NULL},
    {"#/spec/template/probes/liveness/tcp/port", "\"admin\"", "conflict", NULL},
    {"#/spec/template/probes/liveness", "{}", "required", NULL},
    {"#/spec/template/probes/liveness", "{\"http\":{},\"tcp\":{}}", "conflict", NULL},
    {"#/spec/template/probes/readiness/initial_delay_seconds", "-1", "range", NULL},
    {"#/spec/template/probes/readiness/period_seconds", "0", "range", NULL},
    {"#/spec/template/probes/readiness/timeout_seconds", "0", "range", NULL},
    {"#/spec/template/probes/readiness/success_threshold", "0", "range", NULL},
    {"#/spec/template/probes/readiness/failure_threshold", "1001", "range", NULL},
    {"#/spec/template/stop/signal", "\"SIGSTOP\"", "pattern", NULL},
    {"#/spec/template/stop/drain_seconds", "-1", "range", NULL},
    {"#/spec/template/stop/grace_seconds", "604801", "range", NULL},
    {"#/spec/template/restart/policy", "\"sometimes\"", "enum", NULL},
    {"#/spec/template/restart/backoff_initial_seconds", "31", "conflict", NULL},
    {"#/spec/template/restart/backoff_max_seconds", "-1", "range", NULL},
    {"#/spec/template/limits/schedule_seconds", "0", "range", NULL},
    {"#/spec/template/limits/prepare_seconds", "0", "range", NULL},
    {"#/spec/template/limits/healthy_seconds", "0", "range", NULL},
    {"#/spec/strategy/type", "\"rollin\"", "enum", NULL},
    {"#/spec/strategy/type", "\"canary\"", "required", "#/spec/strategy/steps"},
    {"#/spec/strategy/max_surge", "\"101%\"", "pattern", NULL},
    {"#/spec/strategy/max_surge", "10001", "range", NULL},
    {"#/spec/strategy/max_unavailable", "\"-5%\"", "pattern", NULL},
    {"#/spec/strategy/max_unavailable", "-1", "range", NULL},
    {"#/spec/strategy/batch_pause_seconds", "-1", "range", NULL},
    {"#/spec/strategy/min_ready_seconds", "-1", "range", NULL},
    {"#/spec/strategy/min_ready_seconds", "57", "conflict",
     "#/spec/strategy/progress_deadline_seconds"},
    {"#/spec/strategy/monitor_seconds", "58", "conflict",
     "#/spec/strategy/progress_deadline_seconds"},
    {"#/spec/strategy/progress_deadline_seconds", "5", "conflict", NULL},
    {"#/spec/strategy/progress_deadline_seconds", "0", "range", NULL},
    {"#/spec/strategy/max_failure_ratio", "1.5", "range", NULL},
    {"#/spec/strategy/max_failure_ratio", "-0.1", "range", NULL},
    {"#/spec/placement/node_selector", "\"gpu=\\u00e4\"", "pattern", NULL},
    {"#/spec/placement/node_selector", "\"a,,b\"", "pattern", NULL},
    {"#/spec/placement/spread_by", "\"rack\"", "enum", NULL},
    {"#/spec/revision_history_limit", "1001", "range", NULL},
    {"#/spec/paused", "null", "type", NULL},
};

Test(deployment_document, every_field_out_of_its_rule_is_named)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        world_init(&world, full_document);
        json_replace(&world.arena, world.root, rows[i].pointer, rows[i].value);
        cr_assert(!decode(&world), "%s: %s was accepted", rows[i].pointer, rows[i].value);
        assert_only_error(&world.errors, rows[i].at ? rows[i].at : rows[i].pointer, rows[i].code);
        arena_release(&world.arena);
    }
}

struct required_row {
    const char *parent, *key, *pointer;
};

static const struct required_row required_rows[] = {
    {"#", "spec", "#/spec"},
    {"#/spec", "template", "#/spec/template"},
    {"#/spec/template", "version", "#/spec/template/version"},
    {"#/spec/template", "command", "#/spec/template/command"},
};

Test(deployment_document, every_missing_required_field_is_named)
{
    for (size_t i = 0; i < sizeof required_rows / sizeof *required_rows; i++) {
        struct world world;
        world_init(&world, full_document);
        json_remove(world.root, required_rows[i].parent, required_rows[i].key);
        cr_assert(!decode(&world));
        assert_only_error(&world.errors, required_rows[i].pointer, "required");
        arena_release(&world.arena);
    }
}

/* One misspelt field in every object. */
static const char *const objects_of_the_document[] = {
    "#",
    "#/spec",
    "#/spec/template",
    "#/spec/template/resources",
    "#/spec/template/probes",
    "#/spec/template/probes/startup",
    "#/spec/template/probes/startup/http",
    "#/spec/template/probes/liveness/tcp",
    "#/spec/template/stop",
    "#/spec/template/restart",
    "#/spec/template/limits",
    "#/spec/strategy",
    "#/spec/placement",
};

Test(deployment_document, an_unknown_field_is_named_in_every_object)
{
    for (size_t i = 0; i < sizeof objects_of_the_document / sizeof(char *); i++) {
        char pointer[256];
        struct world world;
        world_init(&world, full_document);

        struct json *node = json_at(world.root, objects_of_the_document[i]);
        struct json *more = ARENA_ARRAY(&world.arena, struct json, node->count + 1);
        memcpy(more, node->children, node->count * sizeof *more);
        more[node->count] = *parse_json(&world.arena, "1");
        more[node->count].key = "bogus_thing";
        node->children = more;
        node->count++;

        cr_assert(!decode(&world));
        snprintf(pointer, sizeof pointer, "%s/bogus_thing", objects_of_the_document[i]);
        assert_only_error(&world.errors, pointer, "unknown_field");
        arena_release(&world.arena);
    }
}

static void assert_fails(const char *json, const char *pointer, const char *code)
{
    struct world world;
    world_init(&world, json);
    cr_assert(!decode(&world), "%s was accepted", json);
    assert_only_error(&world.errors, pointer, code);
    arena_release(&world.arena);
}

static void decode_strategy(struct world *world, const char *strategy)
{
    char json[1024];
    snprintf(json, sizeof json,
             "{\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"./web\"]},"
             "\"strategy\":%s}}",
             strategy);
    world_init(world, json);
    decode(world);
}

Test(deployment_document, reserved_fields_are_unsupported)
{
    assert_fails("{\"spec\":{\"scaling\":{\"min\":1},"
                 "\"template\":{\"version\":\"1\",\"command\":[\"x\"]}}}",
                 "#/spec/scaling", "unsupported");
    assert_fails("{\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"x\"],"
                 "\"secrets\":{\"A\":\"b\"}}}}",
                 "#/spec/template/secrets", "unsupported");
}

Test(deployment_document, presets_are_rolling_with_their_sizes)
{
    struct world world;
    decode_strategy(&world, "{\"type\":\"ramped\"}");
    cr_assert_eq(world.errors.total, 0, "%s", errors_text(&world.errors));
    const struct strategy *strategy = &world.document.spec.strategy;
    cr_assert_eq(strategy->type, STRATEGY_ROLLING);
    cr_assert(!strategy->max_surge.percent && strategy->max_surge.value == 1);
    cr_assert(!strategy->max_unavailable.percent && strategy->max_unavailable.value == 0);
    arena_release(&world.arena);

    decode_strategy(&world, "{\"type\":\"best_effort\",\"max_surge\":0}");
    cr_assert_eq(world.errors.total, 0, "%s", errors_text(&world.errors));
    cr_assert(!strategy->max_surge.percent && strategy->max_surge.value == 0);
    cr_assert(strategy->max_unavailable.percent && strategy->max_unavailable.value == 20);
    arena_release(&world.arena);
}

Test(deployment_document, a_preset_does_not_take_another_size)
{
    struct world world;
    decode_strategy(&world, "{\"type\":\"ramped\",\"max_surge\":3}");
    assert_only_error(&world.errors, "#/spec/strategy/max_surge", "conflict");
    arena_release(&world.arena);
}

Test(deployment_document, surge_and_unavailable_are_not_both_0)
{
    static const char *const zeros[] = {
        "{\"max_surge\":0}",
        "{\"max_surge\":\"0%\"}",
        "{\"max_surge\":0,\"max_unavailable\":\"0%\"}",
    };
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        struct world world;
        decode_strategy(&world, zeros[i]);
        assert_only_error(&world.errors, "#/spec/strategy/max_unavailable", "conflict");
        arena_release(&world.arena);
    }
}

Test(deployment_document, a_probe_without_a_port_needs_one_named_http)
{
    struct world world;
    world_init(&world, "{\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"x\"],"
                       "\"ports\":{\"grpc\":0},\"probes\":{\"readiness\":{\"tcp\":{}}}}}}");
    cr_assert(!decode(&world));
    assert_only_error(&world.errors, "#/spec/template/probes/readiness/tcp/port", "conflict");
    cr_assert_not_null(strstr(world.errors.items[0].detail, "uses 'http'"));
    arena_release(&world.arena);
}

struct command_row {
    const char *argument;
    bool ok;
};

static const struct command_row command_rows[] = {
    {"$(PORT)", true},       {"$(PORT_HTTP)", true},        {"$(PORT_HTTP_ADMIN)", true},
    {"$(PORT_GRPC)", false}, {"$(PORT_)", false},           {"$(PORT_http)", false},
    {"$$(PORT_GRPC)", true}, {"$$ $(PORT_GRPC)", false},    {"$(PORTAL)", true},
    {"$(HOME)", true},       {"$(PORT_GRPC", true},         {"$PORT_GRPC", true},
    {"$(PORT_SET)", true},   {"a$(PORT)b$(PORT_X)", false}, {"$", true},
};

Test(deployment_document, the_command_names_only_ports_that_are_there)
{
    for (size_t i = 0; i < sizeof command_rows / sizeof *command_rows; i++) {
        char json[512];
        struct world world;
        snprintf(json, sizeof json,
                 "{\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"x\",\"%s\"],"
                 "\"env\":{\"PORT_SET\":\"1\"},\"ports\":{\"http\":0,\"http-admin\":0}}}}",
                 command_rows[i].argument);
        world_init(&world, json);
        cr_assert_eq(decode(&world), command_rows[i].ok, "%s%s", command_rows[i].argument,
                     errors_text(&world.errors));
        if (!command_rows[i].ok)
            assert_only_error(&world.errors, "#/spec/template/command/1", "conflict");
        arena_release(&world.arena);
    }
}

Test(deployment_document, port_in_the_command_needs_a_port)
{
    assert_fails("{\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"x\",\"$(PORT)\"]}}}",
                 "#/spec/template/command/1", "conflict");
}

Test(deployment_document, problems_in_different_objects_come_at_once)
{
    struct world world;
    world_init(&world, full_document);
    json_replace(&world.arena, world.root, "#/spec/replicas", "-1");
    json_replace(&world.arena, world.root, "#/spec/strategy/max_surge", "\"x\"");
    json_replace(&world.arena, world.root, "#/spec/template/env", "{\"1\":\"\"}");
    json_replace(&world.arena, world.root, "#/spec/template/probes/startup/http/port", "\"no\"");
    json_replace(&world.arena, world.root, "#/spec/template/restart/backoff_initial_seconds", "40");
    cr_assert(!decode(&world));
    cr_assert_eq(world.errors.total, 5, "%s", errors_text(&world.errors));
    arena_release(&world.arena);
}

Test(deployment_document, what_the_server_makes_may_be_sent_back)
{
    struct world world;
    world_init(&world, "{\"name\":\"web\",\"uid\":\"x\",\"generation\":4,\"index\":7,"
                       "\"created_at\":\"t\",\"created_by\":\"a\",\"updated_at\":\"t\","
                       "\"updated_by\":\"a\",\"status\":{\"state\":\"running\"},"
                       "\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"x\"]}}}");
    cr_assert(decode(&world), "%s", errors_text(&world.errors));
    arena_release(&world.arena);
}

Test(deployment_document, labels_and_annotations_are_limited)
{
    static const char *const maps[] = {"labels", "annotations"};
    for (size_t m = 0; m < 2; m++) {
        struct world world;
        struct text text;
        text_init(&text, NULL);
        text_printf(&text, "{\"%s\":{", maps[m]);
        for (int i = 0; i < LIMIT_LABELS + 1; i++)
            text_printf(&text, "%s\"k%d\":\"v\"", i ? "," : "", i);
        text_add(&text, "},\"spec\":{\"template\":{\"version\":\"1\",\"command\":[\"x\"]}}}");
        world_init(&world, text_string(&text));
        cr_assert(!decode(&world));
        assert_only_error(&world.errors, m ? "#/annotations" : "#/labels", "length");
        arena_release(&world.arena);
        text_release(&text);
    }
}

Test(scale_document, takes_a_number_of_replicas)
{
    static const struct row scale_rows[] = {
        {"{\"replicas\":-1}", NULL, "range", "#/replicas"},
        {"{\"replicas\":\"2\"}", NULL, "type", "#/replicas"},
        {"{}", NULL, "required", "#/replicas"},
        {"{\"replicas\":1,\"x\":1}", NULL, "unknown_field", "#/x"},
        {"7", NULL, "type", "#"},
    };
    auto_arena arena;
    struct field_errors errors;
    int64_t replicas = 0;

    arena_init(&arena);
    field_errors_init(&errors, &arena);
    cr_assert(
        scale_document_decode(parse_json(&arena, "{\"replicas\":0}"), &arena, &replicas, &errors));
    cr_assert_eq(replicas, 0);
    for (size_t i = 0; i < sizeof scale_rows / sizeof *scale_rows; i++) {
        field_errors_init(&errors, &arena);
        cr_assert(!scale_document_decode(parse_json(&arena, scale_rows[i].pointer), &arena,
                                         &replicas, &errors));
        assert_only_error(&errors, scale_rows[i].at, scale_rows[i].code);
    }
}

Test(rollback_document, takes_a_number_or_a_word)
{
    auto_arena arena;
    struct field_errors errors;
    struct rollback_document document;

    arena_init(&arena);
    field_errors_init(&errors, &arena);
    cr_assert(rollback_document_decode(parse_json(&arena, "{\"revision\":7}"), &arena, &document,
                                       &errors));
    cr_assert(document.revision == 7 && document.tag == NULL && document.change_cause == NULL);
    cr_assert(rollback_document_decode(
        parse_json(&arena, "{\"revision\":\"stable\",\"change_cause\":\"it broke\"}"), &arena,
        &document, &errors));
    cr_assert_eq(document.revision, 0);
    cr_assert_str_eq(document.tag, "stable");
    cr_assert_str_eq(document.change_cause, "it broke");
}

Test(rollback_document, names_what_is_wrong)
{
    static const struct row rollback_rows[] = {
        {"{}", NULL, "required", "#/revision"},
        {"{\"revision\":0}", NULL, "range", "#/revision"},
        {"{\"revision\":true}", NULL, "type", "#/revision"},
        {"{\"revision\":\"\"}", NULL, "length", "#/revision"},
        {"{\"revision\":\"a b\"}", NULL, "pattern", "#/revision"},
        {"{\"revision\":1,\"change_cause\":5}", NULL, "type", "#/change_cause"},
        {"{\"revison\":1,\"revision\":1}", NULL, "unknown_field", "#/revison"},
    };
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof rollback_rows / sizeof *rollback_rows; i++) {
        struct field_errors errors;
        struct rollback_document document;
        field_errors_init(&errors, &arena);
        cr_assert(!rollback_document_decode(parse_json(&arena, rollback_rows[i].pointer), &arena,
                                            &document, &errors));
        assert_only_error(&errors, rollback_rows[i].at, rollback_rows[i].code);
    }
}
