/* GET /v1/labels: for menus and completion. */
#include "support/api_fixture.h"

#include <criterion/criterion.h>

static struct fixture fixture;

static void create(const char *cluster, const char *name, const char *labels)
{
    const char *target = arena_printf(&fixture.arena, "/v1/deployments?cluster=%s", cluster);
    const char *body = arena_printf(&fixture.arena,
                                    "{\"name\": \"%s\", \"labels\": {%s}, \"spec\": {\"replicas\": "
                                    "0, \"template\": {\"version\": \"1\", \"command\": [\"x\"]}}}",
                                    name, labels);
    struct answer answer = fixture_send(&fixture, METHOD_POST, target, body);
    cr_assert_eq(answer.status, 201, "%s", answer.text);
}

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "blue");
    create("default", "a", "\"team\": \"ml\", \"tier\": \"\"");
    create("default", "b", "\"team\": \"web\"");
    create("default", "c", "\"team\": \"ml\"");
    create("blue", "d", "\"team\": \"ai\", \"example.com/gpu\": \"a100\"");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(labels, .init = open_fixture, .fini = close_fixture);

static const char *items(const struct answer *answer)
{
    struct text text;
    struct json_writer writer;
    cr_assert_eq(answer->status, 200, "%s", answer->text);
    text_init(&text, &fixture.arena);
    json_writer_init(&writer, &text);
    json_value(&writer, json_at(answer->json, "items"));
    return text_string(&text);
}

#define GPU                                                                                        \
    "{\"key\":\"example.com/gpu\",\"deployments\":1,\"value_count\":1,\"values\":["                \
    "{\"value\":\"a100\",\"deployments\":1}]}"
#define TEAM                                                                                       \
    "{\"key\":\"team\",\"deployments\":4,\"value_count\":3,\"values\":["                           \
    "{\"value\":\"ai\",\"deployments\":1},{\"value\":\"ml\",\"deployments\":2},"                   \
    "{\"value\":\"web\",\"deployments\":1}]}"
#define TIER                                                                                       \
    "{\"key\":\"tier\",\"deployments\":1,\"value_count\":1,\"values\":["                           \
    "{\"value\":\"\",\"deployments\":1}]}"

struct example {
    const char *target, *items;
};
static const struct example examples[] = {
    {"/v1/labels", "[" GPU "," TEAM "," TIER "]"},
    {"/v1/labels?prefix=t", "[" TEAM "," TIER "]"},
    {"/v1/labels?prefix=none", "[]"},
    {"/v1/labels?cluster=none", "[]"},
    {"/v1/labels?key=example.com/gpu", "[" GPU "]"},
    {"/v1/labels?key=none", "[]"},
    {"/v1/labels?key=team&prefix=m",
     "[{\"key\":\"team\",\"deployments\":4,\"value_count\":3,\"values\":["
     "{\"value\":\"ml\",\"deployments\":2}]}]"},
    {"/v1/labels?cluster=blue&prefix=t",
     "[{\"key\":\"team\",\"deployments\":1,\"value_count\":1,\"values\":["
     "{\"value\":\"ai\",\"deployments\":1}]}]"},
};

Test(labels, have_their_values_and_how_many_deployments_carry_each)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct answer answer = fixture_get(&fixture, examples[i].target);
        cr_expect_str_eq(items(&answer), examples[i].items, "%s: %s", examples[i].target,
                         items(&answer));
    }
}

/* The cursor of each page leads to the next. */
static const char *walk(const char *target, const char *path)
{
    struct text text;
    const char *cursor = NULL;
    text_init(&text, &fixture.arena);
    do {
        const char *page =
            cursor == NULL ? target : arena_printf(&fixture.arena, "%s&cursor=%s", target, cursor);
        struct answer answer = fixture_get(&fixture, page);
        cr_assert_eq(answer.status, 200, "%s: %s", page, answer.text);
        text_printf(&text, "%s|", json_text_at(answer.json, path));
        cursor = json_text_at(answer.json, "next_cursor");
    } while (cursor != NULL);
    return text_string(&text);
}

Test(labels, come_in_pages_of_keys_or_of_the_values_of_one)
{
    cr_expect_str_eq(walk("/v1/labels?limit=1", "items.0.key"), "example.com/gpu|team|tier|");
    cr_expect_str_eq(walk("/v1/labels?key=team&limit=1", "items.0.values.0.value"), "ai|ml|web|");
    create("default", "e", "\"tier\": \"a\"");
    cr_expect_str_eq(walk("/v1/labels?key=tier&limit=1", "items.0.values.0.value"), "|a|");
}

Test(labels, with_the_longest_key_have_a_cursor)
{
    char key[512];
    struct text labels;
    size_t length = 0;
    for (int i = 0; i < 4; i++) /* a prefix of 253 bytes */
        length += (size_t)snprintf(
            key + length, sizeof key - length, "%.*s%s", i < 3 ? 63 : 61,
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", i < 3 ? "." : "/");
    snprintf(key + length, sizeof key - length, "%.*s", 63,
             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    text_init(&labels, &fixture.arena);
    text_printf(&labels, "\"%s\": \"\"", key);
    create("default", "long", text_string(&labels));
    const char *keys = walk("/v1/labels?limit=1", "items.0.key");
    cr_expect(text_starts(keys, key), "%s", keys);
    cr_expect_not_null(strstr(keys, "|example.com/gpu|team|tier|"));
}

Test(labels, of_a_limited_token_are_those_of_its_cluster)
{
    struct call call = {.target = "/v1/labels", .token = "blue-read-token"};
    struct answer answer = fixture_call(&fixture, &call);
    cr_expect_str_eq(json_text_at(answer.json, "items.1.key"), "team");
    cr_expect_eq(json_int_at(answer.json, "items.1.deployments"), 1);
    cr_expect_null(json_at(answer.json, "items.2"));
    call.target = "/v1/labels?cluster=default";
    cr_expect_eq(fixture_call(&fixture, &call).code, ERR_FORBIDDEN);
}

struct mistake {
    const char *target;
    enum err_code code;
};
static const struct mistake mistakes[] = {
    {"/v1/labels?key=", ERR_BAD_PARAMETER},        {"/v1/labels?key=a%20b", ERR_BAD_PARAMETER},
    {"/v1/labels?limit=0", ERR_BAD_PARAMETER},     {"/v1/labels?cursor=x", ERR_BAD_CURSOR},
    {"/v1/labels?prefx=a", ERR_UNKNOWN_PARAMETER}, {"/v1/labels?fields=valu", ERR_BAD_PARAMETER},
};

Test(labels, mistakes_are_told)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        cr_expect_eq(fixture_get(&fixture, mistakes[i].target).code, mistakes[i].code, "%s",
                     mistakes[i].target);
}

Test(labels, follow_changes_and_are_watched_with_the_deployments)
{
    struct answer now = fixture_get(&fixture, "/v1/labels?key=tier");
    const char *target =
        arena_printf(&fixture.arena, "/v1/labels?key=tier&index=%lld&wait_seconds=9",
                     (long long)now.reply.index);
    cr_expect(fixture_get(&fixture, target).reply.unsatisfied);
    fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/a", NULL);
    fixture_settle(&fixture);
    struct answer then = fixture_get(&fixture, target);
    cr_expect_not(then.reply.unsatisfied);
    cr_expect_str_eq(items(&then), "[]");
    struct call call = {
        .target = "/v1/labels?key=tier", .token = "read-token", .if_none_match = then.reply.etag};
    cr_expect_eq(fixture_call(&fixture, &call).status, 304);
}
