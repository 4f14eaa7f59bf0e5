/* A write with an Idempotency-Key happens once. */
#include "api/idempotency.h"

#include "api/routes.h"
#include "base/clock.h"
#include "base/heap.h"
#include "base/limits.h"
#include "support/api_fixture.h"

#include <criterion/criterion.h>

#define DEPLOYMENTS "/v1/deployments"
#define WEB "/v1/deployments/web"

static struct fixture fixture;

static void open_fixture(void)
{
    fixture_open(&fixture);
    fixture_node(&fixture, "n1", "default");
}

static void close_fixture(void)
{
    fixture_close(&fixture);
}

TestSuite(idempotency, .init = open_fixture, .fini = close_fixture);

static struct answer send_by(const char *token, const char *key, enum method method,
                             const char *target, const char *body)
{
    struct call call = {
        .method = method, .target = target, .token = token, .body = body, .idempotency_key = key};
    return fixture_call(&fixture, &call);
}

static struct answer send(const char *key, enum method method, const char *target, const char *body)
{
    return send_by("deploy-token", key, method, target, body);
}

static const char *web(const char *version)
{
    return fixture_document(&fixture, "web", version, 1, "");
}

static void expect_same(const struct answer *first, const struct answer *second)
{
    cr_assert_not(first->reply.replayed);
    cr_assert(second->reply.replayed, "%d %s", second->status, second->text);
    cr_assert_eq(first->status, second->status);
    cr_assert_str_eq(first->text, second->text);
    cr_assert_str_eq(first->reply.etag, second->reply.etag);
    cr_assert_eq(first->reply.index, second->reply.index);
    cr_assert(text_equal(first->reply.location, second->reply.location));
}

static void expect_problem(struct answer answer, int status, const char *code, const char *words)
{
    cr_assert_eq(answer.status, status, "%d %s", answer.status, answer.text);
    cr_assert_str_eq(json_text_at(answer.json, "code"), code);
    cr_assert_not_null(strstr(json_text_at(answer.json, "detail"), words), "%s", answer.text);
    cr_assert_not(answer.reply.replayed);
}

Test(idempotency, the_same_request_gets_the_same_reply)
{
    struct answer first = send("k1", METHOD_POST, DEPLOYMENTS, web("1"));
    cr_assert_eq(first.status, 201);
    cr_assert_not_null(first.reply.location);
    fixture_settle(&fixture);
    fixture_agent(&fixture, "n1");
    fixture_settle(&fixture);
    int64_t index = fixture_newest_index(&fixture);
    struct answer second = send("k1", METHOD_POST, DEPLOYMENTS, web("1"));
    expect_same(&first, &second);
    cr_assert_eq(fixture_newest_index(&fixture), index, "nothing was written");
}

Test(idempotency, a_reply_is_kept_over_a_restart)
{
    struct answer first = send("k1", METHOD_POST, DEPLOYMENTS, web("1"));
    fixture_restart(&fixture);
    struct answer second = send("k1", METHOD_POST, DEPLOYMENTS, web("1"));
    expect_same(&first, &second);
}

/* What somebody else has done since is not undone by a request that is late. */
Test(idempotency, a_write_that_changed_nothing_is_not_done_later)
{
    send(NULL, METHOD_PUT, WEB, web("1"));
    struct answer first = send("k1", METHOD_PUT, WEB, web("1"));
    cr_assert_eq(first.status, 200);
    send(NULL, METHOD_PUT, WEB, web("2"));
    struct answer second = send("k1", METHOD_PUT, WEB, web("1"));
    expect_same(&first, &second);
    struct answer now = fixture_get(&fixture, WEB);
    cr_assert_str_eq(json_text_at(now.json, "spec.template.version"), "2");
}

Test(idempotency, every_kind_of_write_knows_it)
{
    static const struct {
        enum method method;
        const char *target, *body;
    } writes[] = {{METHOD_PUT, WEB "/scale", "{\"replicas\": 2}"},
                  {METHOD_POST, WEB "/rollback", "{\"revision\": 1}"},
                  {METHOD_DELETE, WEB, NULL},
                  {METHOD_DELETE, "/v1/nodes/n1?force=true", NULL}};
    send(NULL, METHOD_PUT, WEB, web("1"));
    send(NULL, METHOD_PUT, WEB, web("2"));
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        struct answer answers[2];
        for (size_t j = 0; j < 2; j++)
            answers[j] =
                send_by("admin-token", "k1", writes[i].method, writes[i].target, writes[i].body);
        cr_assert_eq(answers[0].status / 100, 2, "%s", answers[0].text);
        expect_same(&answers[0], &answers[1]);
    }
}

static struct answer mark(const char *patch)
{
    struct call call = {.method = METHOD_PATCH,
                        .target = WEB "/revisions/1",
                        .token = "deploy-token",
                        .body = patch,
                        .content_type = "application/merge-patch+json",
                        .idempotency_key = "k1"};
    return fixture_call(&fixture, &call);
}

Test(idempotency, a_mark_of_a_revision_is_set_once)
{
    send(NULL, METHOD_PUT, WEB, web("1"));
    send(NULL, METHOD_PUT, WEB, web("2"));
    struct answer first = mark("{\"tags\": [\"good\"]}");
    cr_assert_eq(first.status, 200, "%s", first.text);
    struct call moved = {.method = METHOD_PATCH,
                         .target = WEB "/revisions/2",
                         .token = "deploy-token",
                         .body = "{\"tags\": [\"good\"]}",
                         .content_type = "application/merge-patch+json"};
    cr_assert_eq(fixture_call(&fixture, &moved).status, 200);
    struct answer second = mark("{\"tags\": [\"good\"]}");
    expect_same(&first, &second);
    struct answer now = fixture_get(&fixture, WEB "/revisions/good");
    cr_assert_eq(json_int_at(now.json, "number"), 2, "the tag is not taken back: %s", now.text);
    expect_problem(mark("{\"pinned\": true}"), 422, "idempotency_mismatch", "another request");
}

/* It writes nothing, so there is nothing to happen twice. */
Test(idempotency, a_plan_takes_no_key)
{
    send(NULL, METHOD_PUT, WEB, web("1"));
    struct answer first = send("k1", METHOD_POST, WEB "/plan", web("2"));
    cr_assert_eq(first.status, 200, "%s", first.text);
    struct answer other = send("k1", METHOD_POST, WEB "/plan", web("3"));
    cr_assert_eq(other.status, 200, "%s", other.text);
    cr_assert_not(other.reply.replayed);
    cr_assert_eq(send("k1", METHOD_PUT, WEB, web("2")).status, 200);
}

/* ---- orders to a canary ---- */

static void apply_canary(const char *version)
{
    const char *body =
        arena_printf(&fixture.arena,
                     "{\"spec\": {\"replicas\": 2, \"template\": {\"version\": \"%s\", "
                     "\"command\": [\"x\"]}, \"strategy\": {\"type\": \"canary\", "
                     "\"monitor_seconds\": 0, \"steps\": [{\"set_replicas\": 1}, "
                     "{\"pause\": {}}, {\"set_weight\": 100}, {\"pause\": {}}]}}}",
                     version);
    struct answer answer = send(NULL, METHOD_PUT, WEB, body);
    cr_assert_lt(answer.status, 300, "%s", answer.text);
}

static void reach(const char *state)
{
    for (int i = 0; i < 20; i++) {
        fixture_settle(&fixture);
        struct answer answer = fixture_get(&fixture, WEB "/status");
        if (text_equal(json_text_at(answer.json, "rollout.state"), state)) return;
        fixture_agent(&fixture, "n1");
        fixture_advance(&fixture, 1000);
    }
    cr_assert_fail("%s is not reached", state);
}

static void begin_canary(void)
{
    apply_canary("1");
    reach("succeeded");
    apply_canary("2");
    reach("awaiting_promotion");
}

Test(idempotency, a_promote_that_is_sent_again_ends_one_pause)
{
    begin_canary();
    struct answer first = send("k1", METHOD_POST, WEB "/promote", NULL);
    cr_assert_eq(first.status, 200, "%s", first.text);
    fixture_settle(&fixture);
    reach("awaiting_promotion");
    struct answer second = send("k1", METHOD_POST, WEB "/promote", NULL);
    expect_same(&first, &second);
    fixture_settle(&fixture);
    struct answer rollout = fixture_get(&fixture, WEB "/rollouts/2");
    cr_assert_eq(json_int_at(rollout.json, "step"), 3, "%s", rollout.text);
    cr_assert_str_eq(json_text_at(rollout.json, "state"), "awaiting_promotion");
    expect_problem(send("k1", METHOD_POST, WEB "/promote", "{\"full\": true}"), 422,
                   "idempotency_mismatch", "another request");
}

Test(idempotency, an_abort_that_is_sent_again_goes_back_once)
{
    begin_canary();
    struct answer first = send("k1", METHOD_POST, WEB "/abort", NULL);
    cr_assert_eq(first.status, 200, "%s", first.text);
    reach("succeeded");
    apply_canary("3");
    reach("awaiting_promotion");
    struct answer second = send("k1", METHOD_POST, WEB "/abort", NULL);
    expect_same(&first, &second);
    fixture_settle(&fixture);
    struct answer status = fixture_get(&fixture, WEB "/status");
    cr_assert_str_eq(json_text_at(status.json, "version"), "3", "what came later goes on");
    cr_assert_str_eq(json_text_at(status.json, "rollout.state"), "awaiting_promotion");
}

Test(idempotency, another_request_under_the_same_key_is_refused)
{
    static const char code[] = "idempotency_mismatch", words[] = "another request";
    send("k1", METHOD_PUT, WEB, web("1"));
    expect_problem(send("k1", METHOD_PUT, WEB, web("2")), 422, code, words);
    expect_problem(send("k1", METHOD_PUT, WEB "?cluster=default", web("1")), 422, code, words);
    struct call conditional = {.method = METHOD_PUT,
                               .target = WEB,
                               .token = "deploy-token",
                               .body = web("1"),
                               .if_match = "*",
                               .idempotency_key = "k1"};
    expect_problem(fixture_call(&fixture, &conditional), 422, code, words);
    cr_assert(send("k1", METHOD_PUT, WEB, web("1")).reply.replayed);
}

Test(idempotency, a_key_belongs_to_one_token_method_and_path)
{
    cr_assert_eq(send("k1", METHOD_PUT, WEB, web("1")).status, 201);
    const char *api = fixture_document(&fixture, "api", "1", 1, "");
    struct answer others[] = {send_by("admin-token", "k1", METHOD_PUT, WEB, web("2")),
                              send("k1", METHOD_PUT, "/v1/deployments/api", api),
                              send("k1", METHOD_DELETE, WEB, NULL)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_assert_eq(others[i].status / 100, 2, "%zu: %s", i, others[i].text);
        cr_assert_not(others[i].reply.replayed);
    }
}

Test(idempotency, a_path_is_the_same_however_it_is_escaped)
{
    struct answer first = send("k1", METHOD_PUT, WEB, web("1"));
    struct answer second = send("k1", METHOD_PUT, "/v1/deployments/w%65b", web("1"));
    expect_same(&first, &second);
}

Test(idempotency, failures_are_not_kept)
{
    expect_problem(send("k1", METHOD_PUT, WEB "/scale", "{\"replicas\": 2}"), 404, "not_found", "");
    expect_problem(send("k1", METHOD_PUT, WEB "/scale", "{}"), 422, "invalid", "");
    send(NULL, METHOD_PUT, WEB, web("1"));
    struct answer answer = send("k1", METHOD_PUT, WEB "/scale", "{\"replicas\": 3}");
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_not(answer.reply.replayed);
}

Test(idempotency, after_a_day_the_key_is_free)
{
    send("k1", METHOD_PUT, WEB, web("1"));
    fixture_advance(&fixture, DAY_MS - 1);
    cr_assert(send("k1", METHOD_PUT, WEB, web("1")).reply.replayed);
    fixture_advance(&fixture, 1);
    struct answer answer = send("k1", METHOD_PUT, WEB, web("2"));
    cr_assert_eq(answer.status, 200, "%s", answer.text);
    cr_assert_not(answer.reply.replayed);
}

static const char *repeated(char c, size_t count)
{
    char *text = arena_alloc(&fixture.arena, count + 1);
    memset(text, c, count);
    return text;
}

Test(idempotency, a_key_has_a_shape)
{
    const char *const bad[] = {"",
                               "a b",
                               "tab\t",
                               "\x7f",
                               "n\xc3\xa4mlich",
                               repeated('x', LIMIT_IDEMPOTENCY_KEY_BYTES + 1)};
    const char *const good[] = {"!", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
                                repeated('~', LIMIT_IDEMPOTENCY_KEY_BYTES)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct answer answer = send(bad[i], METHOD_PUT, WEB, web("1"));
        expect_problem(answer, 400, "bad_request", "Idempotency-Key");
        cr_assert_not(answer.reached_store);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert_eq(send(good[i], METHOD_PUT, WEB, web("1")).status / 100, 2);
}

Test(idempotency, reads_and_workers_are_left_alone)
{
    const char *node = fixture_node_token(&fixture, "n1");
    const char *registration = arena_printf(&fixture.arena,
                                            "{\"token\": \"%s\", \"address\": \"10.0.0.9\", "
                                            "\"boot_id\": \"b2\"}",
                                            node);
    cr_assert_eq(send("a b", METHOD_GET, DEPLOYMENTS, NULL).status, 200);
    for (int64_t epoch = 2; epoch <= 3; epoch++) {
        struct answer answer = send_by(node, "a b", METHOD_PUT, "/v1/nodes/n1", registration);
        cr_assert_eq(answer.status, 200, "%s", answer.text);
        cr_assert_eq(json_int_at(answer.json, "epoch"), epoch);
    }
}

Test(idempotency, who_lost_the_right_gets_no_replay)
{
    send("k1", METHOD_POST, DEPLOYMENTS, web("1"));
    cr_assert_eq(fixture_send(&fixture, METHOD_DELETE, "/v1/tokens/deploy-token", NULL).status,
                 204);
    cr_assert_eq(send("k1", METHOD_POST, DEPLOYMENTS, web("1")).status, 401);
}

Test(idempotency, a_secret_is_not_shown_twice)
{
    static const char body[] = "{\"name\": \"ci\", \"scope\": \"read\"}";
    struct answer made = send_by("admin-token", "k1", METHOD_POST, "/v1/tokens", body);
    cr_assert_eq(made.status, 201, "%s", made.text);
    struct answer again = send_by("admin-token", "k1", METHOD_POST, "/v1/tokens", body);
    expect_problem(again, 409, "secret_already_shown", made.reply.location);
    const char *target =
        arena_printf(&fixture.arena, "/v1/tokens/%s/rotate", json_text_at(made.json, "id"));
    struct answer rotated = send_by("admin-token", "k2", METHOD_POST, target, NULL);
    cr_assert_eq(rotated.status, 200);
    again = send_by("admin-token", "k2", METHOD_POST, target, NULL);
    expect_problem(again, 409, "secret_already_shown", "status 200");
    const char *secret = json_text_at(rotated.json, "token");
    cr_assert_eq(send_by(secret, NULL, METHOD_GET, DEPLOYMENTS, NULL).status, 200);
}

/* No reply is that large today. */
struct large {
    struct writer_job job;
    struct request request;
    enum err_code first, second;
    struct err err;
};

static enum err_code keep_and_replay(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct large *large = CONTAINER_OF(job, struct large, job);
    struct reply reply;
    bool replayed;
    reply_init(&reply, &large->request);
    text_add(&reply.body, repeated('x', LIMIT_IDEMPOTENT_BODY_BYTES + 1));
    large->first = idempotency_keep(tx, &large->request, &reply, err);
    reply_init(&reply, &large->request);
    large->second = idempotency_replay(tx, &large->request, &reply, &replayed, &large->err);
    return ERR_OK;
}

static void ignore_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    (void)code;
    (void)err;
}

Test(idempotency, a_reply_that_is_too_large_is_not_kept_but_known)
{
    struct err err;
    struct large large = {.job = {.apply = keep_and_replay, .done = ignore_done},
                          .request = {.api = &fixture.api,
                                      .method = METHOD_PUT,
                                      .target = WEB,
                                      .principal = {.id = "admin-token"},
                                      .idempotency_key = "k1"}};
    for (size_t i = 0; i < route_count; i++)
        if (text_equal(routes[i].operation_id, "applyDeployment")) large.request.route = &routes[i];
    cr_assert_eq(idempotency_decode(&large.request, &err), ERR_OK);
    cr_assert_eq(writer_submit(fixture.writer, LANE_FIRST, &large.job, &err), ERR_OK);
    writer_step(fixture.writer);
    cr_assert_eq(large.first, ERR_OK);
    cr_assert_eq(large.second, ERR_CONFLICT);
    cr_assert_not_null(strstr(large.err.detail, "read the object"), "%s", large.err.detail);
    arena_release(&large.request.arena);
}
