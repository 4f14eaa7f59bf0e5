/* A merge patch of a deployment. One that is accepted leaves what a PUT may say, and nothing to do
 * when it comes again. */
#include "fuzz/fuzz.h"
#include "wire/deployment_patch.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"

static const char deployed[] =
    "{\"name\": \"web\", \"labels\": {\"team\": \"demo\"}, \"spec\": {\"replicas\": 3,"
    " \"template\": {\"version\": \"1\", \"command\": [\"web\", \"--port=$(PORT)\"],"
    "  \"env\": {\"MODEL\": \"v1\"}, \"ports\": {\"http\": 0},"
    "  \"probes\": {\"readiness\": {\"http\": {\"port\": \"http\", \"path\": \"/\"}}}},"
    " \"strategy\": {\"max_surge\": 2, \"max_unavailable\": 0}}}";

static struct json *parse(struct arena *arena, const char *text)
{
    struct err err;
    struct json *json;
    enum err_code code = json_parse(arena, text, strlen(text), &json, &err);
    EXPECT(code == ERR_OK, "%s: %s", err.detail, text);
    return json;
}

static struct deployment deployment_of(const struct deployment_document *document)
{
    return (struct deployment){.name = document->name,
                               .cluster = "default",
                               .description = document->description,
                               .labels = document->labels,
                               .annotations = document->annotations,
                               .spec = document->spec};
}

static const char *canonical(struct arena *arena, const struct deployment_document *document)
{
    struct text text;
    text_init(&text, arena);
    object_canonical(&deployment_document_type, &text, document);
    return text_string(&text);
}

static void expect_merged_once(struct arena *arena, const struct json *patch)
{
    const struct json *once = json_merge(arena, parse(arena, deployed), patch);
    const struct json *twice = json_merge(arena, once, patch);
    EXPECT(text_equal(fuzz_render(arena, once), fuzz_render(arena, twice)), "%s and %s",
           fuzz_render(arena, once), fuzz_render(arena, twice));
}

/* False when it is refused. */
static bool apply(struct arena *arena, const struct deployment_patch *patch,
                  const struct deployment *current, struct deployment_document *document)
{
    struct err err;
    struct field_errors errors;
    enum err_code code = deployment_patch_merge(patch, arena, current, document, &errors, &err);
    EXPECT(code == ERR_OK || code == ERR_TOO_LARGE, "%s", err.detail);
    return code == ERR_OK && errors.count == 0;
}

static void expect_settled(struct arena *arena, const struct deployment_patch *patch,
                           const struct deployment_document *document)
{
    struct field_errors errors;
    struct deployment_document again = {0}, put = {0};
    const struct deployment current = deployment_of(document);
    const char *text = canonical(arena, document);
    field_errors_init(&errors, arena);
    EXPECT(deployment_document_decode(parse(arena, text), arena, &put, &errors), "%s", text);
    EXPECT(apply(arena, patch, &current, &again), "it is refused when it comes again: %s", text);
    EXPECT(text_equal(text, canonical(arena, &again)), "%s and %s", text, canonical(arena, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct err err;
    struct json *json;
    struct field_errors errors;
    struct deployment_patch patch;
    struct deployment_document document = {0}, patched = {0};
    auto_arena arena;
    arena_init(&arena);
    if (json_parse(&arena, (const char *)bytes, count, &json, &err) != ERR_OK) return 0;
    expect_merged_once(&arena, json);
    field_errors_init(&errors, &arena);
    EXPECT(deployment_document_decode(parse(&arena, deployed), &arena, &document, &errors), "%s",
           deployed);
    const struct deployment current = deployment_of(&document);
    deployment_patch_check(json, &arena, current.name, current.cluster, &patch);
    if (apply(&arena, &patch, &current, &patched)) expect_settled(&arena, &patch, &patched);
    return 0;
}
