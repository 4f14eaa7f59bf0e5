#include "client/client.h"
#include "node/client_world.h"

/* What a server answers, and the error it becomes: %s stands for the server's URL. */
static const struct {
    struct step step;
    int status;
    enum err_code code;
    const char *problem_code;
    const char *detail;
} answers[] = {
    {{"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\n\r\n"
      "{\"type\":\"/problems/not_found\",\"title\":\"no such object\",\"status\":404,"
      "\"detail\":\"deployment web does not exist\",\"code\":\"not_found\"}",
      STEP_CLOSE},
     404,
     ERR_NOT_FOUND,
     "not_found",
     "no such object: deployment web does not exist"},
    {{"HTTP/1.1 422 No\r\nContent-Type: Application/Problem+JSON ; charset=utf-8\r\n\r\n"
      "{\"title\":\"request is invalid\",\"code\":\"invalid\",\"detail\":\"2 fields\",\"errors\":["
      "{\"pointer\":\"#/spec/replicas\",\"code\":\"range\",\"detail\":\"must be at most 9\"},"
      "{\"pointer\":\"#/spec/x\"},{\"detail\":\"odd\"},{},7]}",
      STEP_CLOSE},
     422,
     ERR_INVALID,
     "invalid",
     "request is invalid: 2 fields; #/spec/replicas: must be at most 9; #/spec/x; odd"},
    {{"HTTP/1.1 409 No\r\nContent-Type: application/problem+json\r\n\r\n"
      "{\"title\":\"new \\u001b[31m\\nkind\",\"code\":\"from_the_future\"}",
      STEP_CLOSE},
     409,
     ERR_CONFLICT,
     "from_the_future",
     "new ?[31m kind"},
    {{"HTTP/1.1 507 No\r\nContent-Type: application/problem+json\r\n\r\n{\"detail\":\"x\"}",
      STEP_CLOSE},
     507,
     ERR_DISK_FULL,
     NULL,
     "HTTP 507: x"},
    {{"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<h1>no</h1>", STEP_CLOSE},
     502,
     ERR_INTERNAL,
     NULL,
     "HTTP 502 from %s"},
    {{"HTTP/1.1 400 No\r\nContent-Type: application/problem+json\r\n\r\n{\"title\":", STEP_CLOSE},
     400,
     ERR_BAD_REQUEST,
     NULL,
     "HTTP 400 from %s"},
    {{"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", STEP_KEEP},
     302,
     ERR_INTERNAL,
     NULL,
     "HTTP 302 from %s"},
    {{"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":1,\"a\":2}", STEP_CLOSE},
     200,
     ERR_MALFORMED_JSON,
     NULL,
     "HTTP 200 from %s holds bad JSON: line 1 column 8 (byte 7): duplicate key \"a\""},
    {{"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n", STEP_KEEP}, 304, ERR_OK, NULL, ""},
    {{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{\"a\":1", STEP_CLOSE},
     200,
     ERR_OK,
     NULL,
     ""},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", STEP_CLOSE},
     0,
     ERR_UNAVAILABLE,
     NULL,
     "no answer from %s: transfer closed with 5 bytes remaining to read"},
    {{NULL, STEP_CLOSE}, 0, ERR_UNAVAILABLE, NULL, "no answer from %s: Empty reply from server"},
    {{"SSH-2.0-OpenSSH_9.2p1\r\n", STEP_CLOSE},
     0,
     ERR_UNAVAILABLE,
     NULL,
     "no answer from %s: Received HTTP/0.9 when not allowed"},
    {{"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", STEP_KEEP},
     0,
     ERR_TOO_LARGE,
     NULL,
     "the answer of %s has more than 64 MiB"},
    {{"HTTP/1.1 200 OK\r\n\r\n", STEP_FLOOD},
     0,
     ERR_TOO_LARGE,
     NULL,
     "the answer of %s has more than 64 MiB"},
};

/* The URL takes the place of the one %s that `format` may have. */
static const char *with_url(struct client_world *world, const char *format)
{
    const char *place = strstr(format, "%s");
    if (place == NULL) return format;
    return arena_printf(&world->arena, "%.*s%s%s", (int)(place - format), format, world->server.url,
                        place + 2);
}

Test(client_errors, an_answer_becomes_an_error_that_says_what_and_where)
{
    static const struct client_request request = {.path = "/v1/nodes"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct client_world world;
        client_world_play(&world, &answers[i].step, &request);
        cr_expect_eq(world.reply.status, answers[i].status, "answer %zu: %d", i,
                     world.reply.status);
        cr_expect_eq(world.err.code, answers[i].code, "answer %zu: %d", i, world.err.code);
        cr_expect_eq(world.reply.error.code, answers[i].code, "answer %zu", i);
        cr_expect_str_eq(world.err.code == ERR_OK ? "" : world.err.detail,
                         with_url(&world, answers[i].detail), "answer %zu: %s", i,
                         world.err.detail);
        cr_expect(text_equal(world.reply.problem_code, answers[i].problem_code), "answer %zu", i);
        client_world_close(&world);
    }
}

Test(client_errors, a_problem_that_is_too_long_is_cut)
{
    struct text reply;
    text_init(&reply, NULL);
    text_add(&reply, "HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\n\r\n"
                     "{\"title\":\"invalid\",\"errors\":[");
    for (int i = 0; i < 200; i++)
        text_printf(&reply, "{\"pointer\":\"#/%d\",\"detail\":\"äöü\"},", i);
    text_add(&reply, "{}]}");
    struct step step = {reply.bytes, STEP_CLOSE};
    struct client_request request = {.path = "/v1/nodes"};
    struct client_world world;
    client_world_play(&world, &step, &request);
    size_t length = strlen(world.err.detail);
    cr_assert_geq(length, ERR_DETAIL_BYTES - 5);
    cr_assert_eq(text_utf8_valid(world.err.detail, length), length);
    client_world_close(&world);
    text_release(&reply);
}

Test(client_errors, no_one_listening_is_said_so)
{
    char url[64];
    int bound = scripted_bind(url, sizeof url); /* but never listens */
    struct loop *loop;
    struct client *client;
    struct client_reply reply;
    struct clock clock = clock_system();
    struct err err;
    auto_arena arena;
    arena_init(&arena);
    cr_assert_eq(loop_open(&loop, &clock, &err), ERR_OK);
    struct client_settings settings = {.server = url};
    cr_assert_eq(client_open(&client, loop, &settings, &err), ERR_OK);
    struct client_request request = {.path = "/v1/nodes"};
    cr_assert_eq(client_do(client, &request, &arena, &reply, &err), ERR_UNAVAILABLE);
    cr_assert_str_eq(err.detail,
                     arena_printf(&arena, "no answer from %s: Connection refused", url));
    client_close(client);
    loop_close(loop);
    close(bound);
}

/* On a new connection, on one that was kept, and in the middle of a body. */
Test(client_errors, a_server_that_falls_silent_runs_into_the_timeout)
{
    static const char half[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
    static const struct step steps[] = {
        {.end = STEP_KEEP},
        {.reply = "HTTP/1.1 204 No Content\r\n\r\n"},
        {.end = STEP_KEEP},
        {.reply = half},
    };
    struct client_world world;
    client_world_open(&world, steps, 4);
    for (int i = 0; i < 4; i++) {
        struct client_request request = {.path = "/v1/nodes", .timeout_ms = i == 1 ? 0 : 20};
        enum err_code code = client_world_do(&world, &request);
        cr_assert_eq(code, i == 1 ? ERR_OK : ERR_UNAVAILABLE);
        if (code == ERR_OK) continue;
        cr_assert_eq(world.reply.status, 0);
        cr_assert_str_eq(world.err.detail, with_url(&world, "no answer from %s within 0.02 s"),
                         "request %d: %s", i, world.err.detail);
    }
    cr_assert_eq(world.server.connection_count, 3);
    client_world_close(&world);
}

Test(client_errors, the_token_is_in_no_error)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct client_world world;
        struct client_request request = {.path = "/v1/nodes"};
        client_world_play(&world, &answers[i].step, &request);
        cr_assert_null(strstr(world.reply.error.detail, "dgs_secret"));
        client_world_close(&world);
    }
}
