/* Whole numbers at their borders: every integer parameter that openapi.yaml names and every integer
 * field of every body that can be sent. What is within is taken, what is not is refused with the
 * parameter's name or the field's pointer, and nothing that looks like a number is a 500. */
#include "api/routes.h"
#include "openapi/files.h"
#include "support/api_fixture.h"
#include "wire/schema.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <inttypes.h>

static struct fixture fixture;
static const struct json *schemas; /* $defs of the bodies, or the contract's components */

static const struct json *parse(const char *bytes, size_t count)
{
    struct json *json;
    struct err err;
    cr_assert_eq(json_parse(&fixture.arena, bytes, count, &json, &err), ERR_OK, "%s", err.detail);
    return json;
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "web", "1", 1, ""));
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(numbers, .init = open_fixture, .fini = close_fixture, .timeout = 120);

enum verdict { WITHIN, OUTSIDE, NEITHER /* may be taken or refused, by its name */ };

struct candidate {
    const char *text;
    enum verdict verdict;
};

enum { CANDIDATES_MAX = 32 };

struct range {
    int64_t min, max; /* max INT64_MAX: unknown */
};

static enum verdict judge(const struct range *range, int64_t value)
{
    if (value < range->min) return OUTSIDE;
    if (range->max == INT64_MAX) return value <= range->min + 1 ? WITHIN : NEITHER;
    return value > range->max ? OUTSIDE : WITHIN;
}

static size_t make_candidates(const struct range *range, struct candidate *candidates)
{
    static const struct candidate fixed[] = {
        {"9223372036854775807", OUTSIDE},
        {"9223372036854775808", OUTSIDE},
        {"-9223372036854775808", OUTSIDE},
        {"-9223372036854775809", OUTSIDE},
        {"18446744073709551617", OUTSIDE},
        {"1e3", OUTSIDE},
        {"1E400", OUTSIDE},
        {"1.5", OUTSIDE},
        {"+1", OUTSIDE},
        {"0x1", OUTSIDE},
        {"1_000", OUTSIDE},
        {"NaN", OUTSIDE},
        {"Infinity", OUTSIDE},
        {"", OUTSIDE},
        {"-", OUTSIDE},
        {"true", OUTSIDE},
        {"\"1\"", OUTSIDE},
        {"[1]", OUTSIDE},
        {"-0", NEITHER},
        {"007", NEITHER},
        {"1.0", NEITHER},
        {"null", NEITHER},
    };
    size_t count = 0;
    const int64_t borders[] = {range->min - 1,
                               range->min,
                               range->max < INT64_MAX ? range->max : range->min,
                               range->max < INT64_MAX ? range->max + 1 : range->min - 1,
                               INT64_C(1) << 53,
                               (INT64_C(1) << 53) + 1};
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++)
        candidates[count++] = (struct candidate){
            arena_printf(&fixture.arena, "%" PRId64, borders[i]), judge(range, borders[i])};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        candidates[count++] = fixed[i];
    return count;
}

/* False: this is no schema of whole numbers. */
static bool read_range(const struct json *schema, struct range *range)
{
    const struct json *type = json_member(schema, "type");
    bool whole = type != NULL && type->type == JSON_STRING && text_equal(type->string, "integer");
    for (size_t i = 0; type != NULL && type->type == JSON_ARRAY && i < type->count; i++)
        whole = whole || text_equal(type->children[i].string, "integer");
    if (!whole || json_member(schema, "minimum") == NULL) return false;
    *range = (struct range){json_int_at(schema, "minimum"), INT64_MAX};
    if (json_member(schema, "maximum") != NULL) range->max = json_int_at(schema, "maximum");
    return true;
}

/* "#/components/parameters/Limit" → that. */
static const struct json *resolve(const struct json *root, const struct json *json)
{
    const char *reference = json_text_at(json, "$ref");
    if (reference == NULL) return json;
    char path[128];
    snprintf(path, sizeof path, "%s", reference + strlen("#/"));
    for (char *c = path; *c != '\0'; c++)
        if (*c == '/') *c = '.';
    const struct json *found = json_at(root, path);
    cr_assert_not_null(found, "%s", reference);
    return found;
}

/* ---- parameters ---- */

static const char *fill_path(const char *pattern, const char *name, const char *value)
{
    struct text text;
    text_init(&text, &fixture.arena);
    for (const char *at = pattern; *at != '\0';) {
        if (*at != '{') {
            text_add_char(&text, *at++);
            continue;
        }
        const char *end = strchr(at, '}');
        bool is_it = strncmp(at + 1, name, (size_t)(end - at - 1)) == 0;
        const char *usual = text_starts(at, "{node}") ? "n1" : "web";
        if (text_starts(at, "{revision}") || text_starts(at, "{rollout}")) usual = "1";
        text_add(&text, is_it ? value : usual);
        at = end + 1;
    }
    return text_string(&text);
}

static enum method method_of(const char *key)
{
    for (unsigned i = 0; i < METHOD_COUNT; i++)
        if (strcasecmp(key, method_words[i]) == 0) return (enum method)i;
    return METHOD_COUNT;
}

static const char *encode(const char *string)
{
    struct text text;
    text_init(&text, &fixture.arena);
    for (const char *c = string; *c != '\0'; c++)
        text_printf(&text, isalnum((unsigned char)*c) ? "%c" : "%%%02X", (unsigned char)*c);
    return text_string(&text);
}

struct place {
    const char *pattern, *name;
    enum method method;
    bool in_query;
};

static const char *required_besides(const struct place *place)
{
    if (text_equal(place->pattern, "/v1/deployments/{name}/wait")) return "&for=available";
    return text_equal(place->name, "wait_seconds") ? "&index=0" : "";
}

static void check_parameter(const struct place *place, const struct candidate *candidate)
{
    const char *value = encode(candidate->text);
    const char *path = fill_path(place->pattern, place->in_query ? "" : place->name, value);
    if (!place->in_query && *value == '\0') return; /* another path */
    if (place->in_query)
        path = arena_printf(&fixture.arena, "%s?%s=%s%s", path, place->name, value,
                            required_besides(place));
    bool by_node = text_equal(place->pattern, "/v1/nodes/{node}/assignments");
    struct call call = {.method = place->method,
                        .target = path,
                        .token = by_node ? fixture_node_token(&fixture, "n1") : "admin-token"};
    struct answer answer = fixture_call(&fixture, &call);
    const char *what = arena_printf(&fixture.arena, "%s: %d %s", path, answer.status, answer.text);
    cr_assert(answer.status >= 200 && answer.status < 500, "%s", what);
    if (!place->in_query) return;
    cr_assert_not(answer.status == 400 && candidate->verdict == WITHIN, "%s", what);
    cr_assert_not(answer.status != 400 && candidate->verdict == OUTSIDE, "%s", what);
    if (answer.status == 400)
        cr_assert(text_starts(json_text_at(answer.json, "detail"), place->name), "%s", what);
}

static size_t check_operation(const struct json *root, const char *pattern,
                              const struct json *operation)
{
    size_t checked = 0;
    const struct json *parameters = json_member(operation, "parameters");
    for (size_t i = 0; parameters != NULL && i < parameters->count; i++) {
        const struct json *parameter = resolve(root, &parameters->children[i]);
        struct candidate candidates[CANDIDATES_MAX];
        struct range range;
        if (!read_range(json_member(parameter, "schema"), &range)) continue;
        struct place place = {pattern, json_text_at(parameter, "name"), method_of(operation->key),
                              text_equal(json_text_at(parameter, "in"), "query")};
        size_t count = make_candidates(&range, candidates);
        for (size_t j = 0; j < count; j++)
            check_parameter(&place, &candidates[j]);
        checked++;
    }
    return checked;
}

Test(numbers, of_every_parameter_are_judged_at_their_borders)
{
    const struct openapi_file *file = openapi_file_find("openapi.json");
    const struct json *root = parse(file->bytes, (size_t)(file->end - file->bytes));
    const struct json *paths = json_member(root, "paths");
    size_t checked = 0;
    for (size_t i = 0; i < paths->count; i++)
        for (size_t j = 0; j < paths->children[i].count; j++)
            if (method_of(paths->children[i].children[j].key) != METHOD_COUNT)
                checked +=
                    check_operation(root, paths->children[i].key, &paths->children[i].children[j]);
    cr_assert_gt(checked, 40, "only %zu parameters", checked);
}

/* ---- fields ---- */

static const struct body {
    const char *schema;
    enum method method;
    const char *target;
    bool by_node;
    const char *tolerant; /* below it an item is refused by its id */
} bodies[] = {
    {"DeploymentDocument", METHOD_POST, "/v1/deployments", false, NULL},
    {"DeploymentDocument", METHOD_PUT, "/v1/deployments/web", false, NULL},
    {"DeploymentDocument", METHOD_PATCH, "/v1/deployments/web", false, NULL},
    {"DeploymentDocument", METHOD_POST, "/v1/deployments/web/plan", false, NULL},
    {"ScaleDocument", METHOD_PUT, "/v1/deployments/web/scale", false, NULL},
    {"RollbackDocument", METHOD_POST, "/v1/deployments/web/rollback", false, NULL},
    {"TokenRequest", METHOD_POST, "/v1/tokens", false, NULL},
    {"NodeRegistration", METHOD_PUT, "/v1/nodes/n2", false, NULL},
    {"Report", METHOD_POST, "/v1/nodes/n1/report", true, "#/"},
};

/* A field on the way down: what is written before and after its value. */
struct leaf {
    const struct body *body;
    const char *before, *after, *pointer;
    size_t *checked;
};

static bool is_named(const struct answer *answer, const char *pointer)
{
    const struct json *errors = json_member(answer->json, "errors");
    for (size_t i = 0; errors != NULL && i < errors->count; i++) {
        const char *code = json_text_at(&errors->children[i], "code");
        if (text_equal(json_text_at(&errors->children[i], "pointer"), pointer) &&
            (text_equal(code, "range") || text_equal(code, "type") || text_equal(code, "required")))
            return true;
    }
    return false;
}

static void check_field(const struct leaf *leaf, const struct candidate *candidate)
{
    const struct body *body = leaf->body;
    const char *document =
        arena_printf(&fixture.arena, "%s%s%s", leaf->before, candidate->text, leaf->after);
    struct call call = {.method = body->method,
                        .target = body->target,
                        .token = body->by_node ? fixture_node_token(&fixture, "n1") : "admin-token",
                        .body = document};
    if (body->method == METHOD_PATCH) call.content_type = "application/merge-patch+json";
    struct answer answer = fixture_call(&fixture, &call);
    const char *what = arena_printf(&fixture.arena, "%s %s: %d %s", body->target, document,
                                    answer.status, answer.text);
    cr_assert(answer.status >= 200 && answer.status < 500, "%s", what);
    bool malformed = text_equal(json_text_at(answer.json, "code"), "malformed_json");
    if (body->tolerant != NULL || malformed) {
        cr_assert_not(malformed && candidate->verdict == WITHIN, "%s", what);
        return;
    }
    bool named = is_named(&answer, leaf->pointer);
    bool is_word = candidate->text[0] == '"'; /* some fields take a word as well */
    cr_assert_not(named && candidate->verdict == WITHIN, "%s", what);
    cr_assert_not(!named && candidate->verdict == OUTSIDE && !is_word, "%s", what);
}

static void walk(const struct json *schema, struct leaf leaf, int depth);

static void walk_members(const struct json *members, struct leaf leaf, int depth)
{
    for (size_t i = 0; members != NULL && i < members->count; i++) {
        const char *key = members->children[i].key;
        struct leaf below = leaf;
        below.before = arena_printf(&fixture.arena, "%s{\"%s\": ", leaf.before, key);
        below.after = arena_printf(&fixture.arena, "}%s", leaf.after);
        below.pointer = arena_printf(&fixture.arena, "%s/%s", leaf.pointer, key);
        walk(&members->children[i], below, depth + 1);
    }
}

static void walk(const struct json *schema, struct leaf leaf, int depth)
{
    struct candidate candidates[CANDIDATES_MAX];
    struct range range;
    cr_assert_lt(depth, 16);
    const char *reference = json_text_at(schema, "$ref");
    if (reference != NULL) schema = json_member(schemas, strrchr(reference, '/') + 1);
    const struct json *choices = json_member(schema, "oneOf");
    for (size_t i = 0; choices != NULL && i < choices->count; i++)
        walk(&choices->children[i], leaf, depth + 1);
    walk_members(json_member(schema, "properties"), leaf, depth);
    if (json_member(schema, "items") != NULL) {
        struct leaf below = leaf;
        below.before = arena_printf(&fixture.arena, "%s[", leaf.before);
        below.after = arena_printf(&fixture.arena, "]%s", leaf.after);
        below.pointer = arena_printf(&fixture.arena, "%s/0", leaf.pointer);
        walk(json_member(schema, "items"), below, depth + 1);
    }
    if (!read_range(schema, &range)) return;
    size_t count = make_candidates(&range, candidates);
    for (size_t i = 0; i < count; i++)
        check_field(&leaf, &candidates[i]);
    (*leaf.checked)++;
}

Test(numbers, of_every_field_are_judged_at_their_borders)
{
    struct text text;
    size_t checked = 0;
    text_init(&text, &fixture.arena);
    wire_print_schema(&text);
    schemas = json_member(parse(text.bytes, text.length), "$defs");
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        walk(json_member(schemas, bodies[i].schema),
             (struct leaf){&bodies[i], "", "", "#", &checked}, 0);
    cr_assert_gt(checked, 100, "only %zu fields", checked);
}
