#include "wire/schema.h"

#include "base/json_diff.h"
#include "wire/deployment_wire.h"
#include "wire/field.h"
#include "wire/objects.h"
#include "wire_test.h"

struct world {
    struct arena arena;
    struct json *root, *defs;
};

static void world_init(struct world *world)
{
    struct text text;
    arena_init(&world->arena);
    text_init(&text, &world->arena);
    wire_print_schema(&text);
    world->root = parse_json(&world->arena, text_string(&text));
    world->defs = json_at(world->root, "#/$defs");
}

static size_t check_references(const struct world *world, const struct json *node)
{
    size_t found = 0;
    if (node->key && strcmp(node->key, "$ref") == 0) {
        static const char prefix[] = "#/$defs/";
        cr_assert(text_starts(node->string, prefix));
        cr_assert_not_null(json_member(world->defs, node->string + sizeof prefix - 1), "%s",
                           node->string);
        found++;
    }
    for (size_t i = 0; i < node->count; i++)
        found += check_references(world, &node->children[i]);
    return found;
}

Test(schema, every_reference_is_defined)
{
    struct world world;
    world_init(&world);
    cr_assert_gt(check_references(&world, world.root), 20);
    arena_release(&world.arena);
}

Test(schema, every_object_of_the_api_is_there)
{
    static const char *const names[] = {
        "DeploymentDocument", "DeploymentSpec",   "Template",   "Strategy",      "Placement",
        "ScaleDocument",      "RollbackDocument", "Deployment", "Status",        "DeploymentStatus",
        "Revision",           "Rollout",          "Replica",    "Node",          "Event",
        "NodeRegistration",   "Assignment",       "Report",     "ReplicaChange", "Token",
        "TokenSecret",        "TokenRequest",     "Whoami",
    };
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert_not_null(json_member(world.defs, names[i]), "%s", names[i]);
    arena_release(&world.arena);
}

Test(schema, a_request_is_closed_and_an_answer_names_all_its_fields)
{
    struct world world;
    world_init(&world);
    struct json *strategy = json_at(world.defs, "#/Strategy");
    struct json *rollout = json_at(world.defs, "#/Rollout");
    struct json *report = json_at(world.defs, "#/Report");
    cr_assert_not_null(json_member(strategy, "additionalProperties"));
    cr_assert_null(json_member(strategy, "required"));
    cr_assert_null(json_member(report, "additionalProperties"));
    cr_assert_eq(json_at(rollout, "#/required")->count, json_at(rollout, "#/properties")->count);
    arena_release(&world.arena);
}

Test(schema, defaults_and_ranges_are_those_of_the_decoder)
{
    struct world world;
    world_init(&world);
    struct json *spec = json_at(world.defs, "#/DeploymentSpec/properties");
    struct json *strategy = json_at(world.defs, "#/Strategy/properties");
    cr_assert_eq(json_at(spec, "#/replicas/maximum")->integer, 10000);
    cr_assert_null(json_member(json_at(spec, "#/replicas"), "default"));
    cr_assert_str_eq(json_at(spec, "#/scaling/type")->string, "null");
    cr_assert_str_eq(json_at(strategy, "#/max_surge/default")->string, "25%");
    cr_assert(json_at(strategy, "#/auto_rollback/default")->boolean);
    cr_assert_eq(json_at(strategy, "#/type/enum")->count, 6);
    arena_release(&world.arena);
}

/* ---- what the rules repeat ---- */

/* The fields at #/then or #/else where a strategy's type is asked for. */
static struct json *rules_of_type(const struct world *world, const char *type, const char *branch)
{
    struct json *rules = json_at(world->defs, "#/Strategy/allOf");
    for (size_t i = 0; i < rules->count; i++) {
        struct json *rule = &rules->children[i];
        if (text_equal(json_at(rule, "#/if/properties/type/const")->string, type))
            return json_at(json_at(rule, branch), "#/properties");
    }
    cr_assert_fail("no rule for %s", type);
    return NULL;
}

Test(schema, what_one_type_of_strategy_has_is_the_default_with_others)
{
    struct world world;
    world_init(&world);
    struct json *fields = json_at(world.defs, "#/Strategy/properties");
    struct json *others = rules_of_type(&world, "blue_green", "#/else");
    cr_assert_eq(others->count, 4);
    for (size_t i = 0; i < others->count; i++) {
        struct json *rule = &others->children[i];
        const struct json *only = json_member(rule, "const");
        const struct json *fallback = json_member(json_member(fields, rule->key), "default");
        if (only != NULL)
            cr_assert(json_equal(only, fallback), "%s", rule->key);
        else
            cr_assert_str_eq(json_at(rule, "#/type")->string, "null", "%s", rule->key);
    }
    arena_release(&world.arena);
}

/* What a document of that type gets for a field that it leaves out. */
static const struct json *preset(struct arena *arena, const char *type, const char *name)
{
    struct deployment_document document;
    struct field_errors errors;
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    text_printf(&text,
                "{\"name\": \"web\", \"spec\": {\"strategy\": {\"type\": \"%s\"},"
                " \"template\": {\"version\": \"1\", \"command\": [\"./web\"]}}}",
                type);
    field_errors_init(&errors, arena);
    cr_assert(deployment_document_decode(parse_json(arena, text_string(&text)), arena, &document,
                                         &errors));
    text_clear(&text);
    json_writer_init(&writer, &text);
    object_render(&strategy_type, &writer, &document.spec.strategy, NULL);
    return json_member(parse_json(arena, text_string(&text)), name);
}

Test(schema, presets_are_those_of_the_decoder)
{
    static const char *const types[] = {"ramped", "best_effort"};
    struct world world;
    world_init(&world);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct json *rules = rules_of_type(&world, types[i], "#/then");
        cr_assert_eq(rules->count, 2);
        for (size_t j = 0; j < rules->count; j++) {
            struct json *rule = &rules->children[j];
            cr_assert(
                json_equal(json_member(rule, "const"), preset(&world.arena, types[i], rule->key)),
                "%s of %s", rule->key, types[i]);
        }
    }
    arena_release(&world.arena);
}
