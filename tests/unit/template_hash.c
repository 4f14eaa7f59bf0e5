/* The identity of a template: canonical JSON and its hash. tests/golden/template_hashes.txt holds
 * lines of "<hash> <template as a client sends it>", some with every default spelled out. A hash
 * there never changes, since a server that changed it would roll every deployment when it is
 * upgraded. */
#include "base/crypto.h"
#include "golden.h"
#include "wire/deployment_wire.h"
#include "wire_test.h"

static const char *document_of(struct arena *arena, const char *template)
{
    return arena_printf(arena, "{\"spec\":{\"template\":%s}}", template);
}

static struct template decode_template(struct arena *arena, const char *template)
{
    struct field_errors errors;
    struct deployment_document document;
    field_errors_init(&errors, arena);
    cr_assert(deployment_document_decode(parse_json(arena, document_of(arena, template)), arena,
                                         &document, &errors),
              "%s:%s", template, errors_text(&errors));
    return document.spec.template;
}

static const char *canonical(struct arena *arena, const struct template *template)
{
    struct text text;
    text_init(&text, arena);
    template_canonical(&text, template);
    return text_string(&text);
}

static const char *hash_of(struct arena *arena, const char *json)
{
    char *hash = arena_alloc(arena, TEMPLATE_HASH_BYTES);
    struct template template = decode_template(arena, json);
    template_hash(&template, arena, hash);
    return hash;
}

static void check_line(struct arena *arena, char *line)
{
    char *json = strchr(line, ' ');
    char hash[TEMPLATE_HASH_BYTES];
    struct template again;
    struct err err = {0};

    cr_assert_not_null(json);
    *json++ = '\0';
    struct template template = decode_template(arena, json);
    const char *first = canonical(arena, &template);
    template_hash(&template, arena, hash);
    cr_assert_str_eq(hash, line, "%s is now %s by %s", json, hash, first);

    cr_assert_eq(template_parse(arena, first, &again, &err), ERR_OK, "%s", err.detail);
    cr_assert_str_eq(canonical(arena, &again), first);
}

Test(template_hash, the_frozen_hashes_hold_and_canonical_forms_round_trip)
{
    auto_arena arena;
    struct err err = {0};
    struct text file;
    size_t lines = 0;

    arena_init(&arena);
    text_init(&file, &arena);
    cr_assert_eq(crypto_start(&err), ERR_OK);
    golden_read(GOLDEN_PATH("template_hashes.txt"), &file);
    for (char *line = file.bytes; line && *line; lines++) {
        char *end = strchr(line, '\n');
        cr_assert_not_null(end);
        *end = '\0';
        check_line(&arena, line);
        line = end + 1;
    }
    cr_assert_geq(lines, 10);
}

#define SMALL "\"version\":\"1\",\"command\":[\"./web\"]"

Test(template_hash, spelling_out_a_default_changes_nothing)
{
    static const char *const same[] = {
        "{" SMALL ",\"image\":null,\"env\":{},\"ports\":{},\"probes\":{}}",
        "{\"command\":[\"./web\"],\"version\":\"1\"}",
        "{" SMALL ",\"resources\":{\"cpu_millis\":0,\"gpus\":0}}",
        "{" SMALL ",\"stop\":{\"signal\":\"SIGTERM\",\"drain_seconds\":5}}",
        "{" SMALL ",\"restart\":{\"policy\":\"always\"},\"limits\":{\"schedule_seconds\":120}}",
        "{" SMALL ",\"probes\":{\"startup\":null,\"readiness\":null}}",
    };
    auto_arena arena;
    arena_init(&arena);
    cr_assert_eq(crypto_start(NULL), ERR_OK);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        cr_assert_str_eq(hash_of(&arena, same[i]), hash_of(&arena, "{" SMALL "}"), "%s", same[i]);
}

Test(template_hash, every_field_changes_it)
{
    static const char *const others[] = {
        "{" SMALL "}",
        "{\"version\":\"2\",\"command\":[\"./web\"]}",
        "{\"version\":\"1\",\"command\":[\"./web\",\"\"]}",
        "{" SMALL ",\"working_dir\":\"/\"}",
        "{" SMALL ",\"env\":{\"A\":\"\"}}",
        "{" SMALL ",\"ports\":{\"http\":0}}",
        "{" SMALL ",\"ports\":{\"http\":0},\"probes\":{\"readiness\":{\"tcp\":{}}}}",
        "{" SMALL ",\"ports\":{\"http\":0},\"probes\":{\"liveness\":{\"tcp\":{}}}}",
        "{" SMALL ",\"ports\":{\"http\":0},\"probes\":{\"readiness\":{\"http\":{}}}}",
        "{" SMALL ",\"resources\":{\"cpu_millis\":1}}",
        "{" SMALL ",\"resources\":{\"memory_mib\":1}}",
        "{" SMALL ",\"resources\":{\"gpus\":1}}",
        "{" SMALL ",\"stop\":{\"signal\":\"SIGINT\"}}",
        "{" SMALL ",\"stop\":{\"drain_seconds\":0}}",
        "{" SMALL ",\"stop\":{\"grace_seconds\":0}}",
        "{" SMALL ",\"restart\":{\"policy\":\"never\"}}",
        "{" SMALL ",\"restart\":{\"backoff_initial_seconds\":2}}",
        "{" SMALL ",\"restart\":{\"backoff_max_seconds\":61}}",
        "{" SMALL ",\"limits\":{\"schedule_seconds\":1}}",
        "{" SMALL ",\"limits\":{\"prepare_seconds\":1}}",
        "{" SMALL ",\"limits\":{\"healthy_seconds\":1}}",
    };
    enum { OTHERS = sizeof others / sizeof *others };
    auto_arena arena;
    const char *hashes[OTHERS];

    arena_init(&arena);
    cr_assert_eq(crypto_start(NULL), ERR_OK);
    for (size_t i = 0; i < OTHERS; i++) {
        hashes[i] = hash_of(&arena, others[i]);
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(hashes[i], hashes[k], "%s and %s", others[i], others[k]);
    }
}

Test(template_hash, settings_round_trip_without_template_and_replicas)
{
    static const char *const settings[] = {
        "{}",
        "{\"strategy\":{\"max_surge\":2,\"max_unavailable\":\"10%\",\"batch_pause_seconds\":1,"
        "\"min_ready_seconds\":2,\"monitor_seconds\":0,\"progress_deadline_seconds\":30,"
        "\"max_failure_ratio\":0.1,\"auto_rollback\":false},"
        "\"placement\":{\"node_selector\":\"a in (b,c)\",\"spread_by\":\"none\"},"
        "\"revision_history_limit\":0,\"paused\":true}",
    };
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct deployment_spec spec = {.replicas = 42, .template = {.version = "kept"}};
        struct err err = {0};
        struct text text;
        cr_assert_eq(spec_settings_parse(&arena, settings[i], &spec, &err), ERR_OK, "%s",
                     err.detail);
        text_init(&text, &arena);
        spec_settings_canonical(&text, &spec);
        cr_assert_str_eq(text_string(&text), settings[i]);
        cr_assert_eq(spec.replicas, 42);
        cr_assert_str_eq(spec.template.version, "kept");
    }
}

Test(template_hash, pairs_round_trip)
{
    static const char *const maps[] = {"{}", "{\"a\":\"\",\"b/c\":\"\\u0001 \\\"x\\\" ä\"}"};
    auto_arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        struct pairs pairs;
        struct err err = {0};
        struct text text;
        cr_assert_eq(pairs_parse(&arena, maps[i], &pairs, &err), ERR_OK, "%s", err.detail);
        text_init(&text, &arena);
        pairs_canonical(&text, &pairs);
        cr_assert_str_eq(text_string(&text), maps[i]);
    }
    struct pairs pairs;
    cr_assert_eq(pairs_parse(&arena, "{\"a\":1}", &pairs, NULL), ERR_INTERNAL);
    cr_assert_eq(pairs_parse(&arena, "[", &pairs, NULL), ERR_INTERNAL);
}
