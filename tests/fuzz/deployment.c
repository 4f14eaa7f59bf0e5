/* A document that is accepted has a canonical form, which reads back as the same template. */
#include "fuzz/fuzz.h"
#include "wire/deployment_wire.h"
#include "wire/field_errors.h"

static const char *canonical(struct arena *arena, const struct template *template)
{
    struct text text;
    text_init(&text, arena);
    template_canonical(&text, template);
    return text_string(&text);
}

static const char *settings(struct arena *arena, const struct deployment_spec *spec)
{
    struct text text;
    text_init(&text, arena);
    spec_settings_canonical(&text, spec);
    return text_string(&text);
}

static void expect_kept(struct arena *arena, const struct deployment_document *document)
{
    struct err err;
    struct template template;
    struct deployment_spec spec = document->spec;
    const char *text = canonical(arena, &document->spec.template);
    enum err_code code = template_parse(arena, text, &template, &err);
    EXPECT(code == ERR_OK, "%s: %s", err.detail, text);
    EXPECT(text_equal(text, canonical(arena, &template)), "%s", text);
    text = settings(arena, &document->spec);
    code = spec_settings_parse(arena, text, &spec, &err);
    EXPECT(code == ERR_OK, "%s: %s", err.detail, text);
    EXPECT(text_equal(text, settings(arena, &spec)), "%s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct err err;
    struct json *json;
    auto_arena arena;
    arena_init(&arena);
    if (json_parse(&arena, (const char *)bytes, count, &json, &err) != ERR_OK) return 0;
    struct deployment_document document = {0};
    struct field_errors errors;
    field_errors_init(&errors, &arena);
    if (deployment_document_decode(json, &arena, &document, &errors))
        expect_kept(&arena, &document);
    else
        EXPECT(errors.count > 0, "a refusal names a field");
    return 0;
}
