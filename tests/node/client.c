#include "client/client.h"

#include "base/json.h"
#include "node/client_world.h"

static const struct step plain[] = {{.reply = "HTTP/1.1 204 No Content\r\n\r\n"}};

static const struct step document[] = {{.reply = "HTTP/1.1 200 OK\r\n"
                                                 "Content-Type: application/json; charset=utf-8\r\n"
                                                 "X-Index: 42\r\n"
                                                 "ETag: \"7-a\"\r\n"
                                                 "Content-Length: 14\r\n\r\n"
                                                 "{\"name\":\"web\"}"}};

Test(client, a_reply_has_its_status_body_json_and_headers)
{
    struct client_world world;
    client_world_open(&world, document, 1);
    cr_assert_eq(client_world_get(&world, "/v1/deployments/web"), ERR_OK, "%s", world.err.detail);
    const struct client_reply *reply = &world.reply;
    cr_assert_eq(reply->status, 200);
    cr_assert_str_eq(reply->body, "{\"name\":\"web\"}");
    cr_assert_eq(reply->body_bytes, 14);
    cr_assert_str_eq(json_member(reply->json, "name")->string, "web");
    cr_assert_eq(reply->index, 42);
    cr_assert_str_eq(reply->etag, "\"7-a\"");
    cr_assert_eq(reply->retry_after_ms, -1);
    cr_assert_null(reply->problem_code);
    cr_assert_eq(reply->error.code, ERR_OK);
    client_world_close(&world);
}

Test(client, a_read_says_who_asks_and_what_for)
{
    struct client_world world;
    client_world_open(&world, plain, 1);
    client_world_get(&world, "/v1/nodes?limit=1");
    char *host = arena_printf(&world.arena,
                              "GET /v1/nodes?limit=1 HTTP/1.1\r\n"
                              "Host: %s\r\n"
                              "User-Agent: dogshore-test/1\r\n"
                              "Accept: application/json\r\n"
                              "Authorization: Bearer dgs_secret\r\n\r\n",
                              world.server.url + strlen("http://"));
    cr_assert_str_eq(text_string(&world.server.requests[0]), host);
    cr_assert_eq(world.reply.status, 204);
    cr_assert_eq(world.reply.body_bytes, 0);
    cr_assert_eq(world.reply.index, -1);
    client_world_close(&world);
}

Test(client, a_write_sends_its_body_with_a_key_of_its_own)
{
    struct client_world world;
    client_world_open(&world, plain, 1);
    static const struct client_request put = {.method = "PUT",
                                              .path = "/v1/deployments/web",
                                              .body = "{\"spec\":{}}",
                                              .if_match = "\"7\"",
                                              .token = "another"};
    cr_assert_eq(client_world_do(&world, &put), ERR_OK);
    cr_assert_eq(client_world_do(&world, &put), ERR_OK);
    struct scripted_server *server = &world.server;
    struct arena *arena = &world.arena;
    cr_assert(text_starts(server->requests[0].bytes, "PUT /v1/deployments/web HTTP/1.1\r\n"));
    cr_assert_not_null(strstr(server->requests[0].bytes, "\r\n\r\n{\"spec\":{}}"));
    cr_assert_str_eq(scripted_header(server, arena, 0, "Content-Type"), "application/json");
    cr_assert_str_eq(scripted_header(server, arena, 0, "If-Match"), "\"7\"");
    cr_assert_str_eq(scripted_header(server, arena, 0, "Authorization"), "Bearer another");
    cr_assert_null(scripted_header(server, arena, 0, "Expect"));
    const char *key = scripted_header(server, arena, 0, "Idempotency-Key");
    cr_assert_eq(strlen(key), 32);
    cr_assert_str_neq(key, scripted_header(server, arena, 1, "Idempotency-Key"));
    client_world_close(&world);
}

static const struct {
    struct client_request request;
    const char *line;
    const char *key; /* NULL = none, "*" = any */
} writes[] = {
    {{.method = "POST", .path = "/a"}, "POST /a HTTP/1.1", "*"},
    {{.method = "POST", .path = "/a", .idempotency_key = "k 1"}, "POST /a HTTP/1.1", "k 1"},
    {{.method = "POST", .path = "/a", .idempotency_key = ""}, "POST /a HTTP/1.1", NULL},
    {{.method = "DELETE", .path = "/a"}, "DELETE /a HTTP/1.1", "*"},
    {{.method = "PATCH", .path = "/a", .body = "{}"}, "PATCH /a HTTP/1.1", "*"},
    {{.method = "GET", .path = "/a/../b/./c"}, "GET /a/../b/./c HTTP/1.1", NULL},
};

Test(client, each_method_goes_out_with_the_key_it_needs)
{
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        struct client_world world;
        client_world_play(&world, plain, &writes[i].request);
        cr_assert(text_starts(world.server.requests[0].bytes, writes[i].line), "%zu: %s", i,
                  world.server.requests[0].bytes);
        const char *key = scripted_header(&world.server, &world.arena, 0, "Idempotency-Key");
        if (writes[i].key == NULL)
            cr_assert_null(key);
        else if (*writes[i].key == '*')
            cr_assert_eq(strlen(key), 32);
        else
            cr_assert_str_eq(key, writes[i].key);
        client_world_close(&world);
    }
}

Test(client, a_body_may_be_of_any_bytes_and_type)
{
    struct client_world world;
    static const struct client_request request = {.method = "POST",
                                                  .path = "/a",
                                                  .body = "a\0b",
                                                  .body_bytes = 3,
                                                  .content_type = "application/merge-patch+json",
                                                  .accept = "text/plain"};
    client_world_play(&world, plain, &request);
    const struct text *sent = &world.server.requests[0];
    cr_assert_eq(memcmp(sent->bytes + sent->length - 3, "a\0b", 3), 0);
    cr_assert_str_eq(scripted_header(&world.server, &world.arena, 0, "Content-Type"),
                     "application/merge-patch+json");
    cr_assert_str_eq(scripted_header(&world.server, &world.arena, 0, "Accept"), "text/plain");
    client_world_close(&world);
}

Test(client, a_prefix_of_the_server_and_a_later_token_are_used)
{
    struct client_world world;
    struct clock clock = clock_system();
    client_world_open_on(&world, &clock, "/dogshore/", plain, 1);
    client_set_token(world.client, "dgs_later");
    client_world_get(&world, "/v1/nodes");
    cr_assert(text_starts(world.server.requests[0].bytes, "GET /dogshore/v1/nodes HTTP"));
    cr_assert_str_eq(scripted_header(&world.server, &world.arena, 0, "Authorization"),
                     "Bearer dgs_later");
    client_set_token(world.client, NULL);
    client_world_get(&world, "/v1/nodes");
    cr_assert_null(scripted_header(&world.server, &world.arena, 1, "Authorization"));
    cr_assert_eq(world.server.connection_count, 1, "the connection is kept");
    client_world_close(&world);
}

/* What `done` of a test does and saw. */
struct watcher {
    struct client_world *world;
    int answers;
    int status;
    struct client_call *other;
};

static void count_answer(void *self, const struct client_reply *reply)
{
    struct watcher *watcher = self;
    watcher->answers++;
    watcher->status = reply->status;
}

static void turn_until(const struct client_world *world, const size_t *count, size_t least)
{
    while (*count < least)
        loop_turn(world->loop, -1);
}

Test(client, a_started_request_needs_its_strings_no_more)
{
    struct client_world world;
    client_world_open(&world, document, 1);
    struct watcher watcher = {.answers = 0};
    char path[] = "/v1/nodes", body[] = "{}", method[] = "PUT";
    struct client_request request = {.method = method, .path = path, .body = body};
    client_start(world.client, &request, count_answer, &watcher);
    cr_assert_eq(watcher.answers, 0, "never from within client_start()");
    memset(path, 'x', sizeof path);
    memset(body, 'x', sizeof body);
    memset(method, 'x', sizeof method);
    while (watcher.answers == 0)
        loop_turn(world.loop, -1);
    cr_assert(text_starts(world.server.requests[0].bytes, "PUT /v1/nodes HTTP"));
    cr_assert_eq(watcher.answers, 1);
    cr_assert_eq(watcher.status, 200);
    client_world_close(&world);
}

Test(client, a_cancelled_call_is_not_answered)
{
    static const struct step silent[] = {{.end = STEP_KEEP}, {.reply = document[0].reply}};
    struct client_world world;
    client_world_open(&world, silent, 2);
    struct watcher watcher = {.answers = 0};
    struct client_request request = {.path = "/v1/nodes"};
    client_cancel(client_start(world.client, &request, count_answer, &watcher));
    struct client_call *call = client_start(world.client, &request, count_answer, &watcher);
    turn_until(&world, &world.server.request_count, 1);
    client_cancel(call);
    cr_assert_eq(client_world_get(&world, "/v1/nodes"), ERR_OK);
    cr_assert_eq(watcher.answers, 0);
    client_world_close(&world);
}

Test(client, closing_the_client_cancels_its_calls)
{
    static const struct step silent[] = {{.end = STEP_KEEP}};
    struct client_world world;
    client_world_open(&world, silent, 1);
    struct watcher watcher = {.answers = 0};
    struct client_request request = {.path = "/v1/nodes"};
    client_start(world.client, &request, count_answer, &watcher);
    client_start(world.client, &request, count_answer, &watcher);
    turn_until(&world, &world.server.request_count, 2);
    client_start(world.client, &request, count_answer, &watcher);
    client_world_close(&world);
    cr_assert_eq(watcher.answers, 0);
}

static void cancel_other(void *self, const struct client_reply *reply)
{
    struct watcher *watcher = self;
    count_answer(self, reply);
    client_cancel(watcher->other);
}

Test(client, an_answer_may_cancel_another_that_is_there_already)
{
    struct client_world world;
    client_world_open(&world, document, 1);
    struct watcher watchers[2] = {{.answers = 0}, {.answers = 0}};
    struct client_request request = {.path = "/v1/nodes"};
    for (int i = 0; i < 2; i++)
        watchers[1 - i].other = client_start(world.client, &request, cancel_other, &watchers[i]);
    while (watchers[0].answers + watchers[1].answers == 0)
        loop_turn(world.loop, -1);
    cr_assert_eq(client_world_get(&world, "/v1/nodes"), ERR_OK);
    cr_assert_eq(watchers[0].answers + watchers[1].answers, 1);
    client_world_close(&world);
}

static void start_next(void *self, const struct client_reply *reply)
{
    struct watcher *watcher = self;
    struct client_request request = {.path = "/v1/nodes"};
    count_answer(self, reply);
    if (watcher->answers < 5) client_start(watcher->world->client, &request, start_next, watcher);
}

Test(client, an_answer_may_start_the_next_call)
{
    struct client_world world;
    client_world_open(&world, document, 1);
    struct watcher watcher = {.world = &world};
    struct client_request request = {.path = "/v1/nodes"};
    client_start(world.client, &request, start_next, &watcher);
    while (watcher.answers < 5)
        loop_turn(world.loop, -1);
    cr_assert_eq(world.server.request_count, 5);
    cr_assert_eq(world.server.connection_count, 1);
    client_world_close(&world);
}

static void close_client(void *self, const struct client_reply *reply)
{
    struct watcher *watcher = self;
    count_answer(self, reply);
    client_close(watcher->world->client);
    watcher->world->client = NULL;
}

Test(client, an_answer_may_close_the_client)
{
    struct client_world world;
    client_world_open(&world, document, 1);
    struct watcher closing = {.world = &world};
    struct client_request request = {.path = "/v1/nodes"};
    client_start(world.client, &request, close_client, &closing);
    client_start(world.client, &request, close_client, &closing);
    while (closing.answers == 0)
        loop_turn(world.loop, -1);
    loop_turn(world.loop, 0);
    cr_assert_eq(closing.answers, 1);
    client_world_close(&world);
}

struct stopper {
    struct loop_timer timer;
    struct loop *loop;
};

static void stop(struct loop_timer *timer)
{
    loop_stop(CONTAINER_OF(timer, struct stopper, timer)->loop);
}

Test(client, a_stopped_loop_interrupts_the_wait_for_an_answer)
{
    static const struct step silent[] = {{.end = STEP_KEEP}};
    struct client_world world;
    client_world_open(&world, silent, 1);
    struct stopper stopper = {.timer.fire = stop, .loop = world.loop};
    loop_timer_set(world.loop, &stopper.timer, 5);
    cr_assert_eq(client_world_get(&world, "/v1/nodes"), ERR_CANCELLED);
    cr_assert_eq(world.err.code, ERR_CANCELLED);
    cr_assert_str_eq(world.err.detail, "interrupted");
    cr_assert_eq(world.reply.status, 0);
    client_world_close(&world);
}
