/* Tokens over the API: making, listing, rotating, revoking. */
#include "store/tokens.h"

#include "base/heap.h"
#include "base/limits.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(tokens, .init = open_fixture, .fini = close_fixture);

#define TOKENS "/v1/tokens"

static struct answer by(const char *token, enum method method, const char *target, const char *body)
{
    struct call call = {.method = method, .target = target, .token = token, .body = body};
    return fixture_call(&fixture, &call);
}

static struct answer make(const char *body)
{
    struct answer answer = by("admin-token", METHOD_POST, TOKENS, body);
    cr_assert_eq(answer.status, 201, "%d %s", answer.status, answer.text);
    return answer;
}

static const char *path_of(const struct answer *made, const char *tail)
{
    return arena_printf(&fixture.arena, TOKENS "/%s%s", json_text_at(made->json, "id"), tail);
}

static int status_with(const char *secret)
{
    return by(secret, METHOD_GET, "/v1/whoami", NULL).status;
}

static void expect_problem(struct answer answer, int status, const char *words)
{
    cr_assert_eq(answer.status, status, "%d %s", answer.status, answer.text);
    cr_assert_not_null(strstr(answer.text, words), "%s", answer.text);
}

static struct answer newest_event(void)
{
    return fixture_get(&fixture, "/v1/events?limit=1");
}

/* ---- making ---- */

Test(tokens, a_new_token_is_shown_once_and_opens_at_once)
{
    struct answer made = make("{\"name\": \"ci\", \"scope\": \"deploy\", \"cluster\": \"gpu\", "
                              "\"expires_in_seconds\": 60}");
    const char *secret = json_text_at(made.json, "token");
    cr_assert_str_eq(json_text_at(made.json, "name"), "ci");
    cr_assert_str_eq(json_text_at(made.json, "scope"), "deploy");
    cr_assert_str_eq(json_text_at(made.json, "cluster"), "gpu");
    cr_assert_str_eq(made.reply.location, path_of(&made, ""));
    cr_assert_eq(made.reply.index, fixture_newest_index(&fixture));
    cr_assert(text_starts(secret, "dgs_"));
    struct answer me = by(secret, METHOD_GET, "/v1/whoami", NULL);
    cr_assert_eq(me.status, 200, "%s", me.text);
    cr_assert_str_eq(json_text_at(me.json, "id"), json_text_at(made.json, "id"));
    cr_assert_str_eq(json_text_at(me.json, "expires_at"), json_text_at(made.json, "expires_at"));
    struct answer read = fixture_get(&fixture, made.reply.location);
    cr_assert_eq(read.status, 200, "%s", read.text);
    cr_assert_null(json_at(read.json, "token"));
    cr_assert_null(strstr(fixture_get(&fixture, TOKENS).text, secret));
}

Test(tokens, names_need_not_be_unique)
{
    struct answer one = make("{\"name\": \"ci\", \"scope\": \"read\"}");
    struct answer two = make("{\"name\": \"ci\", \"scope\": \"read\", \"cluster\": null, "
                             "\"expires_in_seconds\": null}");
    cr_assert_str_neq(json_text_at(one.json, "id"), json_text_at(two.json, "id"));
    cr_assert_str_neq(json_text_at(one.json, "token"), json_text_at(two.json, "token"));
    cr_assert_eq(json_at(two.json, "expires_at")->type, JSON_NULL);
    cr_assert_eq(json_at(two.json, "cluster")->type, JSON_NULL);
}

static const struct {
    const char *body, *pointer, *words;
} bad_bodies[] = {
    {"{}", "#/name", "required"},
    {"{}", "#/scope", "required"},
    {"{\"name\": \"\", \"scope\": \"read\"}", "#/name", "empty"},
    {"{\"name\": \"Ann's\", \"scope\": \"read\"}", "#/name", "must"},
    {"{\"name\": \"x234567890123456789012345678901234567890123456789012345678901234\", "
     "\"scope\": \"read\"}",
     "#/name", "63"},
    {"{\"name\": \"a\", \"scope\": \"node\"}", "#/scope",
     "must be one of read, deploy, operate, "
     "admin, join"},
    {"{\"name\": \"a\", \"scope\": 3}", "#/scope", "string"},
    {"{\"name\": \"a\", \"scope\": \"read\", \"cluster\": \"a/b\"}", "#/cluster", "must"},
    {"{\"name\": \"a\", \"scope\": \"read\", \"expires_in_seconds\": 0}", "#/expires_in_seconds",
     "must be from 1 to"},
    {"{\"name\": \"a\", \"scope\": \"read\", \"expires_in_seconds\": 316224001}",
     "#/expires_in_seconds", "must be from 1 to 316224000"},
    {"{\"name\": \"a\", \"scope\": \"read\", \"expires_at\": 7}", "#/expires_at",
     "is not a known field"},
    {"{\"name\": \"a\", \"scope\": \"read\", \"token\": \"mine\"}", "#/token", "unknown_field"},
};

Test(tokens, bad_bodies_are_refused)
{
    int64_t index = fixture_newest_index(&fixture);
    for (size_t i = 0; i < sizeof bad_bodies / sizeof bad_bodies[0]; i++) {
        struct answer answer = by("admin-token", METHOD_POST, TOKENS, bad_bodies[i].body);
        expect_problem(answer, 422, bad_bodies[i].pointer);
        expect_problem(answer, 422, bad_bodies[i].words);
        cr_assert_not(answer.reached_store);
    }
    expect_problem(by("admin-token", METHOD_POST, TOKENS, ""), 400, "body");
    cr_assert_eq(fixture_newest_index(&fixture), index);
}

struct fill_job {
    struct writer_job job;
    int count;
};

static enum err_code fill(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct fill_job *fill_job = CONTAINER_OF(job, struct fill_job, job);
    for (int i = 0; i < fill_job->count; i++) {
        struct token token = {.id = arena_printf(tx_arena(tx), "filler-%d", i), .name = "filler"};
        memcpy(token.hash, &i, sizeof i);
        TRY(tokens_put(tx, &token, err));
    }
    return ERR_OK;
}

static void done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    cr_assert_eq(code, ERR_OK, "%s", err->detail);
}

Test(tokens, there_is_a_limit)
{
    struct err err;
    int there = (int)json_at(fixture_get(&fixture, TOKENS).json, "items")->count;
    struct fill_job job = {.job = {.apply = fill, .done = done}, .count = LIMIT_TOKENS - there - 1};
    fixture_node(&fixture, "n1", "default");
    cr_assert_eq(writer_submit(fixture.writer, LANE_FIRST, &job.job, &err), ERR_OK);
    writer_step(fixture.writer);
    make("{\"name\": \"last\", \"scope\": \"read\"}");
    struct answer answer =
        by("admin-token", METHOD_POST, TOKENS, "{\"name\": \"more\", \"scope\": \"read\"}");
    expect_problem(answer, 422, "limit_reached");
}

/* ---- listing ---- */

Test(tokens, the_list_has_pages_in_the_order_of_ids)
{
    fixture_node(&fixture, "n1", "default");
    struct answer all = fixture_get(&fixture, TOKENS);
    size_t count = json_at(all.json, "items")->count, seen = 0;
    const char *before = "", *target = TOKENS "?limit=4";
    cr_assert_eq(count, 10);
    while (target != NULL) {
        struct answer page = fixture_get(&fixture, target);
        const struct json *items = json_at(page.json, "items");
        for (size_t i = 0; i < items->count; i++, seen++) {
            const char *id = json_text_at(&items->children[i], "id");
            cr_assert_lt(strcmp(before, id), 0);
            before = id;
        }
        const char *cursor = json_text_at(page.json, "next_cursor");
        target = cursor == NULL ? NULL
                                : arena_printf(&fixture.arena, TOKENS "?limit=4&cursor=%s", cursor);
    }
    cr_assert_eq(seen, count);
}

Test(tokens, a_nodes_own_token_is_listed_and_names_its_node)
{
    fixture_node(&fixture, "n1", "default");
    struct answer answer = fixture_get(&fixture, TOKENS "/node%2Fn1");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "scope"), "node");
    cr_assert_str_eq(json_text_at(answer.json, "node"), "n1");
    cr_assert_eq(fixture_get(&fixture, TOKENS "/none").status, 404);
}

Test(tokens, the_last_use_is_shown_where_it_is_known)
{
    cr_assert_eq(json_at(fixture_get(&fixture, TOKENS "/read-token").json, "last_used_at")->type,
                 JSON_NULL);
    fixture.used_token = "read-token";
    struct answer answer = fixture_get(&fixture, TOKENS "/read-token");
    cr_assert_str_eq(json_text_at(answer.json, "last_used_at"), "2026-01-01T00:00:00.000Z");
}

Test(tokens, a_list_can_be_waited_for)
{
    int64_t index = fixture_get(&fixture, TOKENS).reply.index;
    const char *target =
        arena_printf(&fixture.arena, TOKENS "?index=%" PRId64 "&wait_seconds=9", index);
    cr_assert(fixture_get(&fixture, target).reply.unsatisfied);
    make("{\"name\": \"ci\", \"scope\": \"read\"}");
    cr_assert_not(fixture_get(&fixture, target).reply.unsatisfied);
}

/* ---- ending ---- */

Test(tokens, a_revoked_token_is_refused)
{
    struct answer made = make("{\"name\": \"ci\", \"scope\": \"read\"}");
    const char *secret = json_text_at(made.json, "token");
    struct answer revoked = by("admin-token", METHOD_DELETE, path_of(&made, ""), NULL);
    cr_assert_eq(revoked.status, 204);
    cr_assert_str_eq(revoked.text, "");
    cr_assert_eq(status_with(secret), 401);
    cr_assert_eq(by("admin-token", METHOD_DELETE, path_of(&made, ""), NULL).status, 404);
    cr_assert_eq(by("admin-token", METHOD_POST, path_of(&made, "/rotate"), NULL).status, 404);
}

Test(tokens, a_rotated_token_has_another_secret_and_stays_what_it_was)
{
    struct answer made = make("{\"name\": \"ci\", \"scope\": \"read\", \"cluster\": \"gpu\"}");
    struct answer rotated = by("admin-token", METHOD_POST, path_of(&made, "/rotate"), "{}");
    cr_assert_eq(rotated.status, 200, "%s", rotated.text);
    static const char *const same[] = {"id", "name", "scope", "cluster", "created_at"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        cr_assert_str_eq(json_text_at(made.json, same[i]), json_text_at(rotated.json, same[i]));
    cr_assert_eq(status_with(json_text_at(made.json, "token")), 401);
    cr_assert_eq(status_with(json_text_at(rotated.json, "token")), 200);
    struct answer bad = by("admin-token", METHOD_POST, path_of(&made, "/rotate"), "{\"a\": 1}");
    cr_assert_eq(bad.status, 422, "%s", bad.text);
    cr_assert_eq(status_with(json_text_at(rotated.json, "token")), 200);
}

Test(tokens, a_token_expires_at_its_time)
{
    struct answer made =
        make("{\"name\": \"ci\", \"scope\": \"read\", \"expires_in_seconds\": 60}");
    const char *secret = json_text_at(made.json, "token");
    fixture_advance(&fixture, 59999);
    cr_assert_eq(status_with(secret), 200);
    fixture_advance(&fixture, 1);
    struct answer answer = by(secret, METHOD_GET, "/v1/whoami", NULL);
    expect_problem(answer, 401, "expired at 2026-01-01T00:01:00.000Z");
    cr_assert(answer.reply.www_authenticate);
    expect_problem(by("admin-token", METHOD_POST, path_of(&made, "/rotate"), NULL), 409, "expired");
    cr_assert_eq(by("admin-token", METHOD_DELETE, path_of(&made, ""), NULL).status, 204);
}

Test(tokens, a_nodes_own_token_goes_with_its_node_alone)
{
    fixture_node(&fixture, "n1", "default");
    expect_problem(by("admin-token", METHOD_DELETE, TOKENS "/node%2Fn1", NULL), 409, "node n1");
    expect_problem(by("admin-token", METHOD_POST, TOKENS "/node%2Fn1/rotate", NULL), 409,
                   "node n1");
    cr_assert_eq(fixture_send(&fixture, METHOD_DELETE, "/v1/nodes/n1?force=true", NULL).status,
                 204);
    cr_assert_eq(fixture_get(&fixture, TOKENS "/node%2Fn1").status, 404);
}

/* Neither one that ends nor one of a single cluster could take its place. */
Test(tokens, the_last_admin_stays)
{
    struct answer ends =
        make("{\"name\": \"a\", \"scope\": \"admin\", \"expires_in_seconds\": 60}");
    expect_problem(by("admin-token", METHOD_DELETE, TOKENS "/admin-token", NULL), 409, "last");
    cr_assert_eq(by("admin-token", METHOD_DELETE, path_of(&ends, ""), NULL).status, 204);
    cr_assert_eq(by("admin-token", METHOD_DELETE, TOKENS "/blue-admin-token", NULL).status, 204);
    struct answer other = make("{\"name\": \"b\", \"scope\": \"admin\"}");
    cr_assert_eq(by("admin-token", METHOD_DELETE, TOKENS "/admin-token", NULL).status, 204);
    const char *secret = json_text_at(other.json, "token");
    expect_problem(by(secret, METHOD_DELETE, path_of(&other, ""), NULL), 409, "last");
    cr_assert_eq(by(secret, METHOD_POST, path_of(&other, "/rotate"), NULL).status, 200);
}

Test(tokens, every_change_is_an_event_without_the_secret)
{
    struct answer made = make("{\"name\": \"ci\", \"scope\": \"deploy\", \"cluster\": \"gpu\"}");
    const char *const reasons[] = {"created", "rotated", "revoked"};
    const char *secret = json_text_at(made.json, "token");
    for (size_t i = 0; i < 3; i++) {
        if (i == 1)
            secret = json_text_at(
                by("admin-token", METHOD_POST, path_of(&made, "/rotate"), NULL).json, "token");
        if (i == 2) by("admin-token", METHOD_DELETE, path_of(&made, ""), NULL);
        struct answer event = newest_event();
        cr_assert_str_eq(json_text_at(event.json, "items.0.kind"), "token");
        cr_assert_str_eq(json_text_at(event.json, "items.0.reason"), reasons[i]);
        cr_assert_str_eq(json_text_at(event.json, "items.0.actor"), "admin-token");
        cr_assert_str_eq(json_text_at(event.json, "items.0.request_id"), "req-1");
        cr_assert_str_eq(json_text_at(event.json, "items.0.cluster"), "gpu");
        cr_assert_str_eq(json_text_at(event.json, "items.0.name"), json_text_at(made.json, "id"));
        cr_assert_not_null(strstr(event.text, "\\\"ci\\\", scope deploy, cluster gpu"), "%s",
                           event.text);
        cr_assert_null(strstr(event.text, secret));
    }
}

/* ---- tokens limited to cluster blue ---- */

Test(tokens, a_limited_admin_sees_its_cluster_alone)
{
    struct answer list = by("blue-admin-token", METHOD_GET, TOKENS, NULL);
    const struct json *items = json_at(list.json, "items");
    cr_assert_eq(items->count, 4, "%s", list.text);
    for (size_t i = 0; i < items->count; i++)
        cr_assert_str_eq(json_text_at(&items->children[i], "cluster"), "blue");
    static const struct {
        enum method method;
        const char *target;
    } hidden[] = {{METHOD_GET, TOKENS "/admin-token"},
                  {METHOD_DELETE, TOKENS "/read-token"},
                  {METHOD_POST, TOKENS "/admin-token/rotate"}};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        expect_problem(by("blue-admin-token", hidden[i].method, hidden[i].target, NULL), 404,
                       "no token");
    cr_assert_eq(by("blue-admin-token", METHOD_GET, TOKENS "?cluster=default", NULL).status, 403);
    cr_assert_eq(by("admin-token", METHOD_GET, TOKENS "?cluster=blue", NULL).status, 200);
    cr_assert_eq(by("blue-admin-token", METHOD_DELETE, TOKENS "/blue-read-token", NULL).status,
                 204);
}

Test(tokens, a_limited_admin_makes_tokens_of_its_cluster)
{
    struct answer made =
        by("blue-admin-token", METHOD_POST, TOKENS, "{\"name\": \"a\", \"scope\": \"admin\"}");
    cr_assert_eq(made.status, 201, "%s", made.text);
    cr_assert_str_eq(json_text_at(made.json, "cluster"), "blue");
    struct answer refused = by("blue-admin-token", METHOD_POST, TOKENS,
                               "{\"name\": \"a\", \"scope\": \"read\", \"cluster\": \"red\"}");
    expect_problem(refused, 403, "limited to cluster blue");
}

/* ---- who am I? ---- */

Test(tokens, whoami_answers_whatever_token_is_valid)
{
    fixture_node(&fixture, "n1", "default");
    struct answer node = by(fixture_node_token(&fixture, "n1"), METHOD_GET, "/v1/whoami", NULL);
    cr_assert_str_eq(json_text_at(node.json, "id"), "node/n1");
    cr_assert_str_eq(json_text_at(node.json, "node"), "n1");
    struct answer join = by("join-token", METHOD_GET, "/v1/whoami", NULL);
    cr_assert_str_eq(json_text_at(join.json, "scope"), "join");
    struct answer blue = by("blue-read-token", METHOD_GET, "/v1/whoami", NULL);
    cr_assert_str_eq(json_text_at(blue.json, "cluster"), "blue");
    cr_assert_eq(json_at(blue.json, "expires_at")->type, JSON_NULL);
    cr_assert_eq(by("no-such", METHOD_GET, "/v1/whoami", NULL).status, 401);
    cr_assert_eq(by(NULL, METHOD_GET, "/v1/whoami", NULL).status, 401);
}

Test(tokens, other_paths_still_refuse_an_encoded_slash)
{
    cr_assert_eq(fixture_get(&fixture, "/v1/deployments/a%2Fb").status, 400);
    cr_assert_eq(fixture_get(&fixture, "/v1%2Ftokens").status, 400);
    cr_assert_eq(fixture_get(&fixture, TOKENS "/a%5Cb").status, 400);
    cr_assert_eq(fixture_get(&fixture, TOKENS "/a%2Fb").status, 404);
}
