/* PATCH of a deployment: a merge patch (RFC 7396) over the document as it is, then all that a PUT
 * is subject to. */
#include "api/routes.h"
#include "base/limits.h"
#include "base/text.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(patch, .init = open_fixture, .fini = close_fixture);

#define WEB "/v1/deployments/web"

static struct answer send(const char *target, const char *body, const char *if_match)
{
    struct call call = {.method = METHOD_PATCH,
                        .target = target,
                        .token = "deploy-token",
                        .body = body,
                        .content_type = "application/merge-patch+json",
                        .if_match = if_match};
    return fixture_call(&fixture, &call);
}

static struct answer patch(const char *body)
{
    return send(WEB, body, NULL);
}

static struct answer put(const char *body)
{
    return fixture_send(&fixture, METHOD_PUT, WEB, body);
}

static void make_web(void)
{
    struct answer made = put("{\"description\": \"shop\", \"labels\": {\"team\": \"ml\", \"tier\": "
                             "\"1\"}, \"annotations\": {\"runbook\": \"r\"}, \"spec\": "
                             "{\"replicas\": 3, \"template\": {\"version\": \"1\", \"command\": "
                             "[\"x\", \"$(PORT)\"], \"ports\": {\"http\": 0}, \"env\": {\"A\": "
                             "\"1\", \"B\": \"2\"}, \"probes\": {\"readiness\": {\"http\": {}}, "
                             "\"liveness\": {\"tcp\": {}}}}}}");
    cr_assert_eq(made.status, 201, "%s", made.text);
}

static const char *shown(const struct answer *answer, const char *path)
{
    const struct json *json = json_at(answer->json, path);
    struct text text;
    struct json_writer writer;
    if (json == NULL) return "absent";
    text_init(&text, &fixture.arena);
    json_writer_init(&writer, &text);
    json_value(&writer, json);
    return text_string(&text);
}

/* ---- what it changes ---- */

static const struct {
    const char *patch, *path, *shown;
} changes[] = {
    {"{\"description\": \"new\"}", "description", "\"new\""},
    {"{\"description\": null}", "description", "\"\""},
    {"{\"labels\": {\"team\": \"web\"}}", "labels", "{\"team\":\"web\",\"tier\":\"1\"}"},
    {"{\"labels\": {\"team\": null, \"a\": \"b\"}}", "labels", "{\"a\":\"b\",\"tier\":\"1\"}"},
    {"{\"labels\": null}", "labels", "{}"},
    {"{\"annotations\": {\"runbook\": null}}", "annotations", "{}"},
    {"{\"spec\": {\"replicas\": 5}}", "spec.replicas", "5"},
    {"{\"spec\": {\"replicas\": null}}", "spec.replicas", "3"},
    {"{\"spec\": {\"revision_history_limit\": 3}}", "spec.revision_history_limit", "3"},
    {"{\"spec\": {\"paused\": true}}", "spec.paused", "true"},
    {"{\"spec\": {\"template\": {\"env\": {\"A\": null, \"C\": \"3\"}}}}", "spec.template.env",
     "{\"B\":\"2\",\"C\":\"3\"}"},
    {"{\"spec\": {\"template\": {\"env\": null}}}", "spec.template.env", "{}"},
    {"{\"spec\": {\"template\": {\"version\": \"2\"}}}", "spec.template.version", "\"2\""},
    {"{\"spec\": {\"template\": {\"command\": [\"y\"]}}}", "spec.template.command", "[\"y\"]"},
    {"{\"spec\": {\"template\": {\"probes\": {\"liveness\": null}}}}",
     "spec.template.probes.liveness", "null"},
    {"{\"spec\": {\"template\": {\"probes\": {\"readiness\": {\"http\": {\"path\": \"/up\"}}}}}}",
     "spec.template.probes.readiness.http.path", "\"/up\""},
    {"{\"spec\": {\"template\": {\"probes\": {\"readiness\": {\"http\": null, \"tcp\": {}}}}}}",
     "spec.template.probes.readiness.tcp.port", "\"http\""},
    {"{\"spec\": {\"template\": {\"resources\": {\"gpus\": 1}}}}", "spec.template.resources.gpus",
     "1"},
    {"{\"spec\": {\"strategy\": {\"type\": \"ramped\"}}}", "spec.strategy.max_surge", "1"},
    {"{\"spec\": {\"strategy\": {\"type\": \"recreate\"}}}", "spec.strategy.type", "\"recreate\""},
    {"{\"spec\": {\"strategy\": {\"type\": \"blue_green\", \"keep_old_seconds\": 5}}}",
     "spec.strategy.keep_old_seconds", "5"},
};

Test(patch, changes_what_it_names_and_nothing_else)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        make_web();
        struct answer answer = patch(changes[i].patch);
        cr_assert_eq(answer.status, 200, "%s: %s", changes[i].patch, answer.text);
        cr_assert_str_eq(shown(&answer, changes[i].path), changes[i].shown, "%s", changes[i].patch);
        struct answer read = fixture_get(&fixture, WEB);
        cr_assert_str_eq(answer.reply.etag, read.reply.etag);
        cr_assert_str_eq(shown(&read, changes[i].path), changes[i].shown);
        cr_assert_str_eq(shown(&read, "spec.template.ports"), "{\"http\":0}");
        fixture_close(&fixture);
        fixture_open(&fixture);
    }
}

Test(patch, gives_the_very_document_that_a_put_of_the_result_gives)
{
    make_web();
    struct answer patched = patch("{\"labels\": {\"tier\": null}, \"spec\": {\"replicas\": 2, "
                                  "\"template\": {\"version\": \"2\", \"env\": {\"A\": null}}}}");
    cr_assert_eq(patched.status, 200, "%s", patched.text);
    cr_assert_eq(json_int_at(patched.json, "generation"), 2);
    cr_assert_eq(json_int_at(patched.json, "status.revision"), 2);
    struct answer same = put(patched.text);
    cr_assert_eq(same.status, 200, "%s", same.text);
    cr_assert_str_eq(same.reply.etag, patched.reply.etag);
    cr_assert_str_eq(same.text, patched.text);
}

Test(patch, without_a_change_writes_nothing)
{
    static const char *const nothing[] = {
        "{}",
        "{\"name\": \"web\", \"cluster\": \"default\"}",
        "{\"spec\": {}}",
        "{\"spec\": {\"template\": {\"env\": {\"A\": \"1\", \"Z\": null}}}}",
        "{\"labels\": {\"absent\": null}}",
        "{\"$schema\": \"deployment.schema.json\"}",
        "{\"spec\": {\"replicas\": 3, \"template\": {\"resources\": {\"gpus\": null}}}}",
        "{\"spec\": {\"strategy\": {\"max_surge\": \"25%\"}, \"paused\": null}}",
    };
    make_web();
    struct answer before = fixture_get(&fixture, WEB);
    int64_t index = fixture_newest_index(&fixture);
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        struct answer answer = patch(nothing[i]);
        cr_assert_eq(answer.status, 200, "%s: %s", nothing[i], answer.text);
        cr_assert_str_eq(answer.reply.etag, before.reply.etag);
        cr_assert_eq(fixture_newest_index(&fixture), index, "%s", nothing[i]);
    }
}

Test(patch, of_what_was_restarted_keeps_the_restart)
{
    make_web();
    cr_assert_eq(fixture_send(&fixture, METHOD_POST, WEB "/restart", NULL).status, 200);
    struct answer before = fixture_get(&fixture, WEB);
    struct answer answer = patch("{\"spec\": {\"replicas\": 4}}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_eq(json_int_at(answer.json, "status.revision"),
                 json_int_at(before.json, "status.revision"), "no new revision");
    cr_assert_str_eq(shown(&answer, "spec.template"), shown(&before, "spec.template"));
}

Test(patch, is_of_the_cluster_that_is_asked_for)
{
    fixture_node(&fixture, "n1", "blue");
    const char *document = fixture_document(&fixture, "web", "1", 1, "");
    cr_assert_eq(fixture_send(&fixture, METHOD_PUT, WEB "?cluster=blue", document).status, 201);
    cr_assert_eq(patch("{\"description\": \"d\"}").status, 404);
    struct answer answer =
        send(WEB "?cluster=blue", "{\"cluster\": \"blue\", \"description\": \"d\"}", NULL);
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    answer = send(WEB "?cluster=blue", "{\"cluster\": \"default\"}", NULL);
    cr_assert_eq(answer.status, 422, "%s", answer.text);
}

/* ---- what it refuses ---- */

static const struct {
    const char *patch, *pointer, *code, *words;
} wrong[] = {
    {"{\"name\": \"api\"}", "#/name", "conflict", "cannot be changed, it is web"},
    {"{\"name\": null}", "#/name", "conflict", "cannot be changed"},
    {"{\"cluster\": \"blue\"}", "#/cluster", "conflict", "it is default"},
    {"{\"uid\": \"x\"}", "#/uid", "read_only", "made by the server"},
    {"{\"uid\": null}", "#/uid", "read_only", "made by the server"},
    {"{\"status\": {}}", "#/status", "read_only", "made by the server"},
    {"{\"generation\": 1}", "#/generation", "read_only", "made by the server"},
    {"{\"created_at\": null}", "#/created_at", "read_only", "made by the server"},
    {"{\"spec\": {\"template\": {\"restart_token\": \"x\"}}}", "#/spec/template/restart_token",
     "read_only", "made by the server"},
    {"{\"spec\": {\"template\": {\"restart_token\": 5}}}", "#/spec/template/restart_token",
     "read_only", "made by the server"},
    {"{\"sepc\": {}}", "#/sepc", "unknown_field", "did you mean 'spec'?"},
    {"{\"sepc\": null}", "#/sepc", "unknown_field", "did you mean 'spec'?"},
    {"{\"spec\": {\"replcas\": null}}", "#/spec/replcas", "unknown_field", "'replicas'?"},
    {"{\"spec\": {\"template\": {\"probes\": {\"livness\": null}}}}",
     "#/spec/template/probes/livness", "unknown_field", "'liveness'?"},
    {"{\"spec\": null}", "#/spec", "required", "is required"},
    {"{\"spec\": 1}", "#/spec", "type", "must be an object, got number"},
    {"{\"spec\": {\"template\": null}}", "#/spec/template", "required", "is required"},
    {"{\"spec\": {\"template\": {\"command\": null}}}", "#/spec/template/command", "required",
     "is required"},
    {"{\"spec\": {\"replicas\": -1}}", "#/spec/replicas", "range", "from 0 to 10000"},
    {"{\"spec\": {\"template\": {\"ports\": null, \"probes\": null}}}", "#/spec/template/command/1",
     "conflict", "template.ports"},
    {"{\"spec\": {\"template\": {\"probes\": {\"readiness\": {\"tcp\": {}}}}}}",
     "#/spec/template/probes/readiness", "conflict", "exactly one"},
    {"{\"spec\": {\"strategy\": {\"max_surge\": 0}}}", "#/spec/strategy/max_unavailable",
     "conflict", "max_surge"},
    {"{\"labels\": {\"-\": \"x\"}}", "#/labels/-", "pattern", ""},
    {"{\"labels\": {\"a\": {\"b\": \"c\"}}}", "#/labels/a", "type", "must be a string"},
    {"{\"spec\": {\"template\": {\"env\": {\"A\": \"••••0123abcd\"}}}}", "#/spec/template/env/A",
     "pattern", "masked"},
    {"{\"spec\": {\"template\": {\"env\": {\"NEW\": \"••••0123abcd\"}}}}",
     "#/spec/template/env/NEW", "pattern", "masked"},
    {"{\"spec\": {\"scaling\": {}}}", "#/spec/scaling", "unsupported", "not supported"},
};

static bool names_error(const struct answer *answer, const char *pointer, const char *code,
                        const char *words)
{
    const struct json *errors = json_member(answer->json, "errors");
    for (size_t i = 0; errors != NULL && i < errors->count; i++)
        if (text_equal(json_text_at(&errors->children[i], "pointer"), pointer) &&
            text_equal(json_text_at(&errors->children[i], "code"), code) &&
            strstr(json_text_at(&errors->children[i], "detail"), words) != NULL)
            return true;
    return false;
}

Test(patch, names_what_is_wrong_in_the_document_that_results)
{
    make_web();
    struct answer before = fixture_get(&fixture, WEB);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct answer answer = patch(wrong[i].patch);
        cr_assert_eq(answer.status, 422, "%s: %s", wrong[i].patch, answer.text);
        cr_assert(names_error(&answer, wrong[i].pointer, wrong[i].code, wrong[i].words), "%s: %s",
                  wrong[i].patch, answer.text);
        cr_assert_eq(json_at(answer.json, "errors")->count, 1, "%s", answer.text);
    }
    cr_assert_str_eq(fixture_get(&fixture, WEB).reply.etag, before.reply.etag);
}

/* Not even who sees values in clear can mean the masked form of one. */
Test(patch, of_a_masked_value_is_refused_whoever_sends_it)
{
    static const char *const tokens[] = {"deploy-token", "operate-token", "admin-token"};
    make_web();
    struct call read = {.target = WEB, .token = "read-token"};
    struct answer shown_masked = fixture_call(&fixture, &read);
    const char *value = json_text_at(shown_masked.json, "spec.template.env.A");
    cr_assert(text_starts(value, "••••"), "%s", value);
    const char *body = arena_printf(
        &fixture.arena, "{\"spec\": {\"template\": {\"env\": {\"A\": \"%s\"}}}}", value);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct call call = {.method = METHOD_PATCH,
                            .target = WEB,
                            .token = tokens[i],
                            .body = body,
                            .content_type = "application/merge-patch+json"};
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, 422, "%s", answer.text);
        cr_assert(names_error(&answer, "#/spec/template/env/A", "pattern", "masked"));
        call = (struct call){
            .method = METHOD_PUT, .target = WEB, .token = tokens[i], .body = shown_masked.text};
        answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, 422, "%s", answer.text);
        cr_assert(names_error(&answer, "#/spec/template/env/A", "pattern", "masked"));
        cr_assert(names_error(&answer, "#/spec/template/env/B", "pattern", "masked"));
    }
    struct answer now = fixture_get(&fixture, WEB);
    cr_assert_str_eq(json_text_at(now.json, "spec.template.env.A"), "1");
}

Test(patch, names_all_that_is_wrong_at_once)
{
    make_web();
    struct answer answer =
        patch("{\"name\": \"api\", \"uid\": \"x\", \"labls\": null, \"spec\": {\"replicas\": -1, "
              "\"strategy\": {\"type\": \"bluegreen\"}, \"template\": {\"env\": {\"A\": "
              "\"••••0123abcd\"}, \"comand\": [\"x\"]}}}");
    cr_assert_eq(answer.status, 422, "%s", answer.text);
    static const char *const pointers[] = {"#/name",
                                           "#/uid",
                                           "#/labls",
                                           "#/spec/template/comand",
                                           "#/spec/replicas",
                                           "#/spec/strategy/type",
                                           "#/spec/template/env/A"};
    const struct json *errors = json_at(answer.json, "errors");
    cr_assert_eq(errors->count, sizeof pointers / sizeof pointers[0], "%s", answer.text);
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        cr_assert_not_null(strstr(answer.text, pointers[i]), "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "detail"), "7 fields are wrong");
}

Test(patch, with_a_flood_of_unknown_fields_does_not_reach_the_store)
{
    struct text text;
    make_web();
    text_init(&text, &fixture.arena);
    text_add(&text, "{\"zz0\": 1");
    for (int i = 1; i <= LIMIT_FIELD_ERRORS; i++)
        text_printf(&text, ", \"zz%d\": null", i);
    text_add_char(&text, '}');
    struct answer answer = patch(text_string(&text));
    cr_assert_eq(answer.status, 422);
    cr_assert_not(answer.reached_store);
}

Test(patch, is_a_merge_patch_by_its_type_and_an_object)
{
    make_web();
    static const struct {
        const char *type, *body;
        int status;
    } bodies[] = {
        {"application/json", "{}", 415},
        {"application/json-patch+json", "[]", 415},
        {"text/plain", "{}", 415},
        {"application/merge-patch+json", "", 400},
        {"application/merge-patch+json", "{", 400},
        {"application/merge-patch+json", "{\"a\": 1, \"a\": 2}", 400},
        {"application/merge-patch+json", "[]", 422},
        {"application/merge-patch+json", "null", 422},
        {"application/merge-patch+json; charset=utf-8", "{}", 200},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct call call = {.method = METHOD_PATCH,
                            .target = WEB,
                            .token = "deploy-token",
                            .body = bodies[i].body,
                            .content_type = bodies[i].type};
        struct answer answer = fixture_call(&fixture, &call);
        cr_assert_eq(answer.status, bodies[i].status, "%zu: %s", i, answer.text);
        const char *accepts = answer.status == 415 ? "application/merge-patch+json" : NULL;
        cr_assert(text_equal(answer.reply.accept_patch, accepts), "%zu", i);
    }
    struct answer put_type = fixture_call(&fixture, &(struct call){.method = METHOD_PUT,
                                                                   .target = WEB,
                                                                   .token = "deploy-token",
                                                                   .body = "{}",
                                                                   .content_type = "text/plain"});
    cr_assert_eq(put_type.status, 415);
    cr_assert_null(put_type.reply.accept_patch);
}

Test(patch, needs_the_scope_and_an_object)
{
    make_web();
    struct call call = {.method = METHOD_PATCH,
                        .target = WEB,
                        .token = "read-token",
                        .body = "{}",
                        .content_type = "application/merge-patch+json"};
    cr_assert_eq(fixture_call(&fixture, &call).status, 403);
    call.token = "blue-deploy-token";
    cr_assert_eq(fixture_call(&fixture, &call).status, 404);
    cr_assert_eq(send("/v1/deployments/none", "{}", NULL).status, 404);
    cr_assert_eq(send(WEB "?frce=true", "{}", NULL).status, 400);
    cr_assert_eq(send(WEB "?force=yes", "{}", NULL).status, 400);
}

Test(patch, holds_the_condition_that_it_comes_with)
{
    make_web();
    struct answer before = fixture_get(&fixture, WEB);
    struct answer first = send(WEB, "{\"description\": \"a\"}", before.reply.etag);
    cr_assert_eq(first.status, 200, "%s", first.text);
    struct answer late = send(WEB, "{\"description\": \"b\"}", before.reply.etag);
    cr_assert_eq(late.status, 412, "%s", late.text);
    cr_assert_eq(send(WEB, "{\"description\": \"b\"}", first.reply.etag).status, 200);
    struct call creates = {.method = METHOD_PATCH,
                           .target = WEB,
                           .token = "deploy-token",
                           .body = "{}",
                           .content_type = "application/merge-patch+json",
                           .if_none_match = "*"};
    cr_assert_eq(fixture_call(&fixture, &creates).status, 412);
}

/* Many patches would else make what no PUT can send. */
Test(patch, cannot_grow_a_deployment_beyond_one_body)
{
    static const size_t value_bytes = 30000;
    make_web();
    char *value = arena_alloc(&fixture.arena, value_bytes + 1);
    memset(value, 'x', value_bytes);
    value[value_bytes] = '\0';
    int status = 200;
    size_t count = 0;
    for (; status == 200; count++) {
        struct answer answer = patch(arena_printf(&fixture.arena,
                                                  "{\"spec\": {\"template\": {\"env\": {\"V%zu\": "
                                                  "\"%s\"}}}}",
                                                  count, value));
        status = answer.status;
        if (status != 200) cr_assert_not_null(strstr(answer.text, "at most 262144"));
    }
    cr_assert_eq(status, 413);
    cr_assert_eq(count - 1, LIMIT_BODY_BYTES / value_bytes);
    struct answer smaller = patch("{\"spec\": {\"template\": {\"env\": {\"V0\": null}}}}");
    cr_assert_eq(smaller.status, 200, "%s", smaller.text);
}

Test(patch, sent_again_under_its_key_is_carried_out_once)
{
    make_web();
    struct call call = {.method = METHOD_PATCH,
                        .target = WEB,
                        .token = "deploy-token",
                        .body = "{\"spec\": {\"template\": {\"version\": \"2\"}}}",
                        .content_type = "application/merge-patch+json",
                        .idempotency_key = "k1"};
    struct answer first = fixture_call(&fixture, &call);
    cr_assert_eq(first.status, 200, "%s", first.text);
    cr_assert_eq(patch("{\"spec\": {\"template\": {\"version\": \"3\"}}}").status, 200);
    struct answer second = fixture_call(&fixture, &call);
    cr_assert(second.reply.replayed);
    cr_assert_str_eq(second.text, first.text);
    struct answer now = fixture_get(&fixture, WEB);
    cr_assert_str_eq(json_text_at(now.json, "spec.template.version"), "3");
}
