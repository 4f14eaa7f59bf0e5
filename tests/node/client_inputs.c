#include "client/client.h"
#include "node/client_world.h"

static enum err_code open_client(const char *server, const char *token, struct err *err)
{
    struct clock clock = clock_system();
    struct loop *loop;
    struct client *client = NULL;
    struct client_settings settings = {.server = server, .token = token};
    cr_assert_eq(loop_open(&loop, &clock, err), ERR_OK);
    enum err_code code = client_open(&client, loop, &settings, err);
    client_close(client);
    loop_close(loop);
    return code;
}

/* NULL = good. */
static const struct {
    const char *server;
    const char *detail;
} servers[] = {
    {"http://127.0.0.1:7420", NULL},
    {"https://dogshore.example/prefix/", NULL},
    {"HTTP://[::1]:7420/", NULL},
    {NULL, "the server's URL is missing"},
    {"", "the server's URL is missing"},
    {"127.0.0.1:7420", "server \"127.0.0.1:7420\" must begin with http:// or https://"},
    {"ftp://127.0.0.1", "server \"ftp://127.0.0.1\" must begin with http:// or https://"},
    {"file:///etc/passwd", "server \"file:///etc/passwd\" must begin with http:// or https://"},
    {"http://h:99999",
     "server \"http://h:99999\" is not a URL: Port number was not a decimal number "
     "between 0 and 65535"},
    {"http://", "server \"http://\" is not a URL: No host part in the URL"},
    {"http://h/?a=1", "server \"http://h/?a=1\" must not have a query"},
    {"http://h?", "server \"http://h?\" must not have a query"},
    {"http://h/#a", "server \"http://h/#a\" must not have a fragment"},
    {"http://me:hunter2@h/",
     "the server's URL must not hold a user or a password: a token says who calls"},
    {"http://me@h/", "the server's URL must not hold a user or a password: a token says who calls"},
    {"ftp://me:hunter2@h/", "the server's URL must begin with http:// or https://"},
};

Test(client_inputs, a_server_is_a_plain_url)
{
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        struct err err = {.code = ERR_OK};
        enum err_code code = open_client(servers[i].server, NULL, &err);
        cr_expect_eq(code, servers[i].detail == NULL ? ERR_OK : ERR_USAGE, "server %zu", i);
        cr_expect_str_eq(err.detail, servers[i].detail == NULL ? "" : servers[i].detail,
                         "server %zu: %s", i, err.detail);
    }
}

Test(client_inputs, no_control_character_gets_into_the_url)
{
    static const char *const bad[] = {"http://h/\r\nX: y", "http://h\n", "http://h/a b",
                                      "http://\x01h/", "http://h/\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err;
        cr_expect_eq(open_client(bad[i], NULL, &err), ERR_USAGE, "server %zu", i);
    }
}

static const struct {
    const char *token;
    bool good;
} tokens[] = {
    {"dgs_abc-._~+/9", true},
    {"abc==", true},
    {NULL, true},
    {"", false},
    {"=", false},
    {"a=b", false},
    {"ab c", false},
    {"abc\r\nX-Evil: 1", false},
    {"abc\n", false},
    {"caf\xc3\xa9", false},
};

Test(client_inputs, a_token_is_what_a_bearer_token_may_be)
{
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct err err = {.code = ERR_OK};
        enum err_code code = open_client("http://127.0.0.1:1", tokens[i].token, &err);
        cr_expect_eq(code, tokens[i].good ? ERR_OK : ERR_USAGE, "token %zu", i);
        if (!tokens[i].good && *tokens[i].token != '\0')
            cr_expect_null(strstr(err.detail, tokens[i].token));
    }
}

/* Each would put more into the request than it should. */
static const struct client_request smuggled[] = {
    {.path = "/a HTTP/1.1\r\nX: y"},
    {.path = "/a b"},
    {.path = "a"},
    {.path = "@192.0.2.1/"},
    {.path = "/caf\xc3\xa9"},
    {.path = "/a", .token = "x\r\nX: y"},
    {.path = "/a", .accept = "x\r\nX: y"},
    {.path = "/a", .if_match = "\"1\"\nX: y"},
    {.path = "/a", .method = "POST", .body = "", .content_type = "x\r\nX: y"},
    {.path = "/a", .method = "POST", .idempotency_key = "x\r\nX: y"},
    {.path = "/a", .method = "GET /b HTTP/1.1\r\nX:"},
    {.path = "/a", .method = "get"},
    {.path = "/a", .method = ""},
};

Test(client_inputs, no_header_and_no_request_can_be_smuggled_in)
{
    static const struct step steps[] = {{.reply = "HTTP/1.1 204 No Content\r\n\r\n"}};
    struct client_world world;
    client_world_open(&world, steps, 1);
    for (size_t i = 0; i < sizeof smuggled / sizeof *smuggled; i++) {
        cr_expect_eq(client_world_do(&world, &smuggled[i]), ERR_USAGE, "request %zu", i);
        cr_expect_eq(world.reply.status, 0);
    }
    client_set_token(world.client, "x y");
    cr_expect_eq(client_world_get(&world, "/a"), ERR_USAGE);
    cr_assert_eq(world.server.request_count, 0);
    client_world_close(&world);
}

Test(client_inputs, what_is_put_into_a_path_stays_within_its_place)
{
    auto_arena arena;
    arena_init(&arena);
    cr_assert_str_eq(client_path(&arena, "/v1/deployments/%s/status", "web-1"),
                     "/v1/deployments/web-1/status");
    cr_assert_str_eq(client_path(&arena, "/a/%s?q=%s&n=%lld&p=100%%", "../b c", "x&y=z#+%",
                                 (long long)INT64_MIN),
                     "/a/..%2Fb%20c?q=x%26y%3Dz%23%2B%25&n=-9223372036854775808&p=100%");
    cr_assert_str_eq(client_path(&arena, "/a/%s%s", "", "caf\xc3\xa9~_.-"), "/a/caf%C3%A9~_.-");
    cr_assert_str_eq(client_path(&arena, "/"), "/");
    arena_release(&arena);
}

/* The environment of a user's terminal often names one. */
Test(client_inputs, no_proxy_of_the_environment_is_used)
{
    static const struct step steps[] = {{.reply = "HTTP/1.1 204 No Content\r\n\r\n"}};
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("all_proxy", "http://127.0.0.1:1", 1);
    struct client_world world;
    client_world_open(&world, steps, 1);
    cr_assert_eq(client_world_get(&world, "/a"), ERR_OK, "%s", world.err.detail);
    client_world_close(&world);
}
