/* Bodies before their fields: media types, sizes, and JSON of every broken kind. */
#include "api/routes.h"
#include "base/limits.h"
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

TestSuite(bodies, .init = open_fixture, .fini = close_fixture);

struct raw {
    const char *bytes;
    size_t count;
};
#define RAW(text)                                                                                  \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static const struct raw broken[] = {
    RAW("\xef\xbb\xbf{}"),
    RAW("{"),
    RAW("}"),
    RAW("{}{}"),
    RAW("{} x"),
    RAW("{\"a\": 1,}"),
    RAW("{\"a\" 1}"),
    RAW("{a: 1}"),
    RAW("{'a': 1}"),
    RAW("{\"a\": 1, \"a\": 2}"),
    RAW("{\"a\": 1, \"\\u0061\": 2}"),
    RAW("{\"spec\": {\"x\": 1, \"x\": 1}}"),
    RAW("{\"a\": 01}"),
    RAW("{\"a\": 1.}"),
    RAW("{\"a\": .5}"),
    RAW("{\"a\": +1}"),
    RAW("{\"a\": 0x10}"),
    RAW("{\"a\": NaN}"),
    RAW("{\"a\": Infinity}"),
    RAW("{\"a\": nul}"),
    RAW("{\"a\": True}"),
    RAW("{\"a\": \"\n\"}"),
    RAW("{\"a\": \"\\x\"}"),
    RAW("{\"a\": \"\\u12\"}"),
    RAW("{\"a\": \"\\u0000\"}"),
    RAW("{\"a\": \"\0\"}"),
    RAW("{\"a\": \"\\ud800\"}"),
    RAW("{\"a\": \"\xff\"}"),
    RAW("{\"a\": \"\xc0\xaf\"}"),
    RAW("{\"a\": \"\xed\xa0\x80\"}"),
    RAW("{}\0"),
    RAW("\0{}"),
    RAW("// comment\n{}"),
    RAW("   "),
    RAW("[1 2]"),
};

static struct answer send_raw(enum method method, const char *target, const char *token,
                              struct raw raw)
{
    struct call call = {.method = method,
                        .target = target,
                        .token = token,
                        .body = raw.bytes,
                        .body_bytes = raw.count};
    return fixture_call(&fixture, &call);
}

static const struct {
    enum method method;
    const char *target;
    bool by_node;
} takers[] = {
    {METHOD_POST, "/v1/deployments", false},
    {METHOD_PUT, "/v1/deployments/web", false},
    {METHOD_PUT, "/v1/deployments/web/scale", false},
    {METHOD_POST, "/v1/deployments/web/rollback", false},
    {METHOD_PUT, "/v1/nodes/n2", false},
    {METHOD_POST, "/v1/nodes/n1/report", true},
};
enum { TAKERS = sizeof takers / sizeof takers[0] };

static const char *token_of(size_t taker)
{
    return takers[taker].by_node ? fixture_node_token(&fixture, "n1") : "admin-token";
}

Test(bodies, json_that_is_broken_is_400_with_its_position)
{
    fixture_node(&fixture, "n1", "default");
    int64_t index = fixture_newest_index(&fixture);
    for (size_t taker = 0; taker < TAKERS; taker++) {
        for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
            struct answer answer =
                send_raw(takers[taker].method, takers[taker].target, token_of(taker), broken[i]);
            cr_assert_eq(answer.status, 400, "%s with %s: %d %s", takers[taker].target,
                         broken[i].bytes, answer.status, answer.text);
            cr_assert_str_eq(json_text_at(answer.json, "code"), "malformed_json");
            cr_assert_not_null(strstr(json_text_at(answer.json, "detail"), "line "), "%s",
                               answer.text);
        }
    }
    cr_assert_eq(fixture_newest_index(&fixture), index);
}

Test(bodies, every_route_that_takes_one_needs_one)
{
    fixture_node(&fixture, "n1", "default");
    for (size_t taker = 0; taker < TAKERS; taker++) {
        struct answer answer =
            send_raw(takers[taker].method, takers[taker].target, token_of(taker), (struct raw){0});
        cr_assert_eq(answer.status, 400, "%s", takers[taker].target);
        cr_assert_str_eq(json_text_at(answer.json, "code"), "malformed_json");
    }
}

Test(bodies, nesting_has_a_limit)
{
    char deep[2 * 64 + 1];
    memset(deep, '[', 64);
    memset(deep + 64, ']', 64);
    deep[sizeof deep - 1] = '\0';
    struct answer answer = fixture_send(&fixture, METHOD_POST, "/v1/deployments", deep);
    cr_assert_eq(answer.status, 400);
    char wide[LIMIT_BODY_BYTES];
    memset(wide, '[', sizeof wide);
    answer =
        send_raw(METHOD_POST, "/v1/deployments", "admin-token", (struct raw){wide, sizeof wide});
    cr_assert_eq(answer.status, 400);
}

Test(bodies, size_has_a_limit)
{
    char *large = arena_alloc(&fixture.arena, LIMIT_BODY_BYTES + 2);
    memset(large, ' ', LIMIT_BODY_BYTES + 1);
    struct answer answer = send_raw(METHOD_POST, "/v1/deployments", "admin-token",
                                    (struct raw){large, LIMIT_BODY_BYTES + 1});
    cr_assert_eq(answer.status, 413);
    answer = send_raw(METHOD_POST, "/v1/deployments", "admin-token",
                      (struct raw){large, LIMIT_BODY_BYTES});
    cr_assert_eq(answer.status, 400, "blanks alone are no JSON");
}

Test(bodies, what_takes_none_refuses_one)
{
    cr_assert_eq(fixture_send(&fixture, METHOD_GET, "/v1/deployments", "{}").status, 413);
    cr_assert_eq(fixture_send(&fixture, METHOD_DELETE, "/v1/deployments/web", "{}").status, 413);
}

Test(bodies, only_json_is_a_media_type)
{
    static const struct {
        const char *type;
        int status;
    } rows[] = {
        {"application/json", 201},
        {"Application/JSON", 201},
        {"application/json; charset=utf-8", 201},
        {"application/json;charset=\"UTF-8\"", 201},
        {"application/json; charset=latin1", 415},
        {"application/jsonx", 415},
        {"application/x-www-form-urlencoded", 415},
        {"text/plain", 415},
        {"", 415},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *name = arena_printf(&fixture.arena, "web-%zu", i);
        struct call call = {.method = METHOD_POST,
                            .target = "/v1/deployments",
                            .token = "admin-token",
                            .body = fixture_document(&fixture, name, "1", 0, ""),
                            .content_type = rows[i].type};
        cr_assert_eq(fixture_call(&fixture, &call).status, rows[i].status, "%s", rows[i].type);
    }
}

/* Every prefix of a good document, and every byte of it changed: an answer, never a 500, and no
 * half-written object. */
Test(bodies, damage_anywhere_is_a_4xx_or_harmless)
{
    const char *good = fixture_document(&fixture, "web", "1", 1, ", \"env\": {\"A\": \"b\"}");
    size_t bytes = strlen(good);
    for (size_t cut = 1; cut < bytes; cut++) {
        struct answer answer =
            send_raw(METHOD_PUT, "/v1/deployments/web", "admin-token", (struct raw){good, cut});
        cr_assert_eq(answer.status, 400, "cut at %zu: %s", cut, answer.text);
    }
    char *copy = arena_strdup(&fixture.arena, good);
    static const char replacements[] = {'\0', '"', '{', '}', ',', '9', '\\', '\x80', 'x'};
    for (size_t at = 0; at < bytes; at++) {
        for (size_t i = 0; i < sizeof replacements; i++) {
            memcpy(copy, good, bytes);
            copy[at] = replacements[i];
            struct answer answer = send_raw(METHOD_PUT, "/v1/deployments/web", "admin-token",
                                            (struct raw){copy, bytes});
            cr_assert(answer.status < 500, "byte %zu: %s", at, answer.text);
        }
    }
}
