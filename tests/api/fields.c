/* ?fields=: parts of objects, on every list and every object. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static const char document[] =
    "{\"name\": \"web\", \"description\": \"a \\\"quoted\\\" {word}\", "
    "\"labels\": {\"team\": \"ml\", \"example.com/tier\": \"a\"}, "
    "\"spec\": {\"replicas\": 2, \"strategy\": {\"type\": \"canary\", \"steps\": "
    "[{\"set_weight\": 10}, {\"pause\": {}}]}, \"template\": {\"version\": \"1\", "
    "\"command\": [\"serve\"], \"env\": {\"KEY\": \"secret\", \"A_B\": \"other\"}, "
    "\"ports\": {\"http\": 0, \"admin\": 0}}}}";

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
    struct answer answer = fixture_send(&fixture, METHOD_POST, "/v1/deployments", document);
    cr_assert_eq(answer.status, 201, "%s", answer.text);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(fields, .init = open_fixture, .fini = close_fixture);

#define WEB "/v1/deployments/web"

struct part {
    const char *target, *body;
};
static const struct part parts[] = {
    {WEB "?fields=name", "{\"name\":\"web\"}"},
    {WEB "?fields=description", "{\"description\":\"a \\\"quoted\\\" {word}\"}"},
    {WEB "?fields=spec.replicas,name", "{\"name\":\"web\",\"spec\":{\"replicas\":2}}"},
    {WEB "?fields=name,name,name", "{\"name\":\"web\"}"},
    {WEB "?fields=labels.team", "{\"labels\":{\"team\":\"ml\"}}"},
    {WEB "?fields=labels.example.com/tier", "{\"labels\":{\"example.com/tier\":\"a\"}}"},
    {WEB "?fields=labels.none", "{\"labels\":{}}"},
    {WEB "?fields=labels,labels.team", "{\"labels\":{\"example.com/tier\":\"a\",\"team\":\"ml\"}}"},
    {WEB "?fields=annotations", "{\"annotations\":{}}"},
    {WEB "?fields=spec.template.ports.http", "{\"spec\":{\"template\":{\"ports\":{\"http\":0}}}}"},
    {WEB "?fields=spec.template.env.A_B",
     "{\"spec\":{\"template\":{\"env\":{\"A_B\":\"other\"}}}}"},
    {WEB "?fields=spec.template.probes.readiness.http.path",
     "{\"spec\":{\"template\":{\"probes\":{\"readiness\":null}}}}"},
    {WEB "?fields=spec.strategy.steps.set_weight",
     "{\"spec\":{\"strategy\":{\"steps\":[{\"set_weight\":10},{}]}}}"},
    {WEB "?fields=status.halted.reason,status.conditions",
     "{\"status\":{\"halted\":null,\"conditions\":[]}}"},
    {WEB "/revisions/1?fields=number,template.command",
     "{\"number\":1,\"template\":{\"command\":[\"serve\"]}}"},
    {WEB "/rollouts/1?fields=id,progress.desired", "{\"id\":1,\"progress\":{\"desired\":2}}"},
    {"/v1/nodes/n1?fields=name,capacity.gpus", "{\"name\":\"n1\",\"capacity\":{\"gpus\":0}}"},
    {"/v1/tokens/read-token?fields=scope", "{\"scope\":\"read\"}"},
};

Test(fields, show_what_is_named_and_nothing_else)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct answer answer = fixture_get(&fixture, parts[i].target);
        cr_expect_eq(answer.status, 200, "%s: %s", parts[i].target, answer.text);
        cr_expect_str_eq(answer.text, parts[i].body, "%s: %s", parts[i].target, answer.text);
    }
}

struct narrowed {
    const char *target, *path, *item;
};
static const struct narrowed pages[] = {
    {"/v1/deployments?fields=name", "items.0", "{\"name\":\"web\"}"},
    {"/v1/replicas?limit=1&fields=revision,ports.http", "items.0.revision", NULL},
    {WEB "/replicas?limit=1&fields=deployment", "items.0", "{\"deployment\":\"web\"}"},
    {WEB "/revisions?fields=outcome", "items.0.outcome", NULL},
    {WEB "/rollouts?fields=steps.kind,id", "items.0", "{\"id\":1,\"steps\":[]}"},
    {WEB "/events?limit=1&fields=kind", "items.0.kind", NULL},
    {"/v1/events?limit=1&fields=kind,data.replicas.x", "items.0.kind", NULL},
    {"/v1/nodes?fields=name", "items.0", "{\"name\":\"n1\"}"},
    {"/v1/tokens?fields=id", "items.0.id", NULL},
};

Test(fields, of_a_list_are_those_of_its_items)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct answer answer = fixture_get(&fixture, pages[i].target);
        cr_expect_eq(answer.status, 200, "%s: %s", pages[i].target, answer.text);
        const struct json *item = json_at(answer.json, pages[i].path);
        cr_assert_not_null(item, "%s: %s", pages[i].target, answer.text);
        cr_expect_not_null(json_at(answer.json, "next_cursor"));
        cr_expect_not_null(json_at(answer.json, "index"));
        if (pages[i].item == NULL) continue;
        struct text text;
        struct json_writer writer;
        text_init(&text, &fixture.arena);
        json_writer_init(&writer, &text);
        json_value(&writer, item);
        cr_expect_str_eq(text_string(&text), pages[i].item, "%s", pages[i].target);
    }
}

Test(fields, leave_pages_as_they_are)
{
    fixture_send(&fixture, METHOD_POST, "/v1/deployments",
                 fixture_document(&fixture, "api", "1", 0, ""));
    struct answer first = fixture_get(&fixture, "/v1/deployments?limit=1&fields=name");
    cr_expect_str_eq(json_text_at(first.json, "items.0.name"), "api");
    const char *cursor = json_text_at(first.json, "next_cursor");
    cr_assert_not_null(cursor);
    cr_expect_not_null(strstr(first.reply.link, "&fields=name"));
    struct answer second = fixture_get(
        &fixture, arena_printf(&fixture.arena, "/v1/deployments?fields=name&cursor=%s", cursor));
    cr_expect_str_eq(json_text_at(second.json, "items.0.name"), "web");
    cr_expect_null(json_text_at(second.json, "next_cursor"));
}

struct mistake {
    const char *target, *detail;
};
static const struct mistake mistakes[] = {
    {WEB "?fields=", "fields: '' has an empty name in it"},
    {WEB "?fields=name,", "fields: '' has an empty name in it"},
    {WEB "?fields=status..state", "fields: 'status..state' has an empty name in it"},
    {WEB "?fields=nam", "fields: 'nam' is not known here; did you mean 'name'?"},
    {WEB "?fields=state", "fields: 'state' is not known here; did you mean 'status.state'?"},
    {WEB "?fields=max_surge",
     "fields: 'max_surge' is not known here; did you mean 'spec.strategy.max_surge'?"},
    {WEB "?fields=status.stat",
     "fields: 'status.stat' is not known here; did you mean 'status.state'?"},
    {WEB "?fields=zzzzzz", "fields: 'zzzzzz' is not known here"},
    {WEB "?fields=name.first", "fields: 'name.first' is not known here: 'name' has no parts"},
    {WEB "?fields=spec.scaling", "fields: 'spec.scaling' is not known here"},
    {"/v1/deployments?fields=items.name", "fields: 'items.name' is not known here"},
    {"/v1/nodes?fields=stat", "fields: 'stat' is not known here; did you mean 'state'?"},
};

Test(fields, that_nobody_knows_are_refused_with_the_nearest_known_name)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct answer answer = fixture_get(&fixture, mistakes[i].target);
        cr_expect_eq(answer.code, ERR_BAD_PARAMETER, "%s: %s", mistakes[i].target, answer.text);
        cr_expect(!answer.reached_store);
        cr_expect_str_eq(json_text_at(answer.json, "detail"), mistakes[i].detail, "%s: %s",
                         mistakes[i].target, answer.text);
    }
}

Test(fields, at_most_sixty_four_parts_can_be_named)
{
    struct text text;
    text_init(&text, &fixture.arena);
    text_add(&text, WEB "?fields=name");
    for (int i = 1; i < 64; i++)
        text_printf(&text, ",labels.k%d", i);
    cr_expect_eq(fixture_get(&fixture, text_string(&text)).status, 200);
    text_add(&text, ",uid");
    cr_expect_eq(fixture_get(&fixture, text_string(&text)).code, ERR_BAD_PARAMETER);
}

Test(fields, do_not_take_the_mask_off)
{
    struct call call = {.target = WEB "?fields=spec.template.env.KEY", .token = "read-token"};
    struct answer masked = fixture_call(&fixture, &call);
    const char *value = json_text_at(masked.json, "spec.template.env.KEY");
    cr_assert_not_null(value, "%s", masked.text);
    cr_expect(text_starts(value, "••••"), "%s", value);
    call.token = "deploy-token";
    struct answer clear = fixture_call(&fixture, &call);
    cr_expect_str_eq(json_text_at(clear.json, "spec.template.env.KEY"), "secret");
    cr_expect_str_neq(masked.reply.etag, clear.reply.etag);
}

static int status_of(const char *target, const char *if_none_match)
{
    struct call call = {.target = target, .token = "admin-token", .if_none_match = if_none_match};
    return fixture_call(&fixture, &call).status;
}

static const char *const tagged[] = {WEB, "/v1/deployments", "/v1/nodes", "/v1/nodes/n1"};

Test(fields, have_a_tag_of_their_own)
{
    for (size_t i = 0; i < sizeof tagged / sizeof *tagged; i++) {
        const char *part = arena_printf(&fixture.arena, "%s?fields=name", tagged[i]);
        const char *other = arena_printf(&fixture.arena, "%s?fields=labels", tagged[i]);
        struct answer all = fixture_get(&fixture, tagged[i]);
        struct answer some = fixture_get(&fixture, part);
        cr_expect_str_neq(all.reply.etag, some.reply.etag);
        cr_expect_eq(status_of(part, some.reply.etag), 304);
        cr_expect_eq(status_of(part, "*"), 304);
        cr_expect_eq(status_of(part, all.reply.etag), 200);
        cr_expect_eq(status_of(tagged[i], some.reply.etag), 200);
        cr_expect_eq(status_of(other, some.reply.etag), 200);
    }
}

Test(fields, do_not_hide_the_generation_from_if_match)
{
    struct answer part = fixture_get(&fixture, WEB "?fields=name");
    struct call call = {.method = METHOD_PUT,
                        .target = WEB "/scale",
                        .token = "admin-token",
                        .body = "{\"replicas\": 3}",
                        .if_match = part.reply.etag};
    cr_expect_eq(fixture_call(&fixture, &call).status, 200);
    cr_expect_eq(fixture_call(&fixture, &call).status, 412);
}

Test(fields, are_watched_like_the_whole)
{
    struct answer now = fixture_get(&fixture, WEB "?fields=name");
    const char *target = arena_printf(&fixture.arena, WEB "?fields=name&index=%lld&wait_seconds=5",
                                      (long long)now.reply.index);
    struct answer waiting = fixture_get(&fixture, target);
    cr_expect(waiting.reply.unsatisfied);
    cr_expect_str_eq(waiting.text, "{\"name\":\"web\"}");
}

Test(fields, belong_to_what_shows_objects)
{
    static const char *const targets[] = {WEB "/status?fields=state", WEB "/endpoints?fields=ready",
                                          "/version?fields=name"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        cr_expect_eq(fixture_get(&fixture, targets[i]).code, ERR_UNKNOWN_PARAMETER);
}
