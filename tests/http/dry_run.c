/* A dry run over the wire: its headers, and that nobody hears of it. */
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define WEB "/v1/deployments/web"

static struct http_server server;

static void open_server(void)
{
    http_server_start(&server);
}

static void release(void)
{
    http_server_release(&server);
}

TestSuite(dry_run, .init = open_server, .fini = release, .timeout = 60);

static void send(const char *method, const char *path, const char *body, struct http_reply *reply)
{
    struct http_client client;
    http_client_open(&client, &server);
    struct http_call call = {.method = method, .path = path, .body = body};
    if (strcmp(method, "PATCH") == 0) call.content_type = "application/merge-patch+json";
    http_do(&client, &call, reply);
    http_client_close(&client);
}

static void expect_header(struct http_reply *reply, const char *name, const char *value)
{
    const char *found = http_reply_header(reply, name);
    if (value == NULL)
        cr_assert_null(found, "%s: %s", name, found);
    else
        cr_assert_str_eq(found != NULL ? found : "absent", value, "%s", name);
}

Test(dry_run, says_so_and_names_nothing_that_is_not_there)
{
    static const struct {
        const char *method, *path, *body;
        int status;
    } writes[] = {
        {"PUT", WEB "?dry_run=true", NULL, 201},
        {"DELETE", "/v1/tokens/join?dry_run=true", NULL, 204},
        {"POST", "/v1/tokens?dry_run=true", "{\"name\": \"ci\", \"scope\": \"read\"}", 201},
    };
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        struct http_reply reply;
        bool is_web = strcmp(writes[i].method, "PUT") == 0;
        send(writes[i].method, writes[i].path,
             is_web ? http_deployment("web", "1", 1) : writes[i].body, &reply);
        cr_assert_eq(reply.status, writes[i].status, "%s", text_string(&reply.body));
        expect_header(&reply, "Dry-Run", "true");
        expect_header(&reply, "ETag", NULL);
        expect_header(&reply, "Location", NULL);
        expect_header(&reply, "X-Index", NULL);
        bool marked = strstr(text_string(&reply.body), "\"dry_run\":true}") != NULL;
        cr_assert_eq(marked, writes[i].status != 204, "%s", text_string(&reply.body));
        http_reply_release(&reply);
    }
    cr_assert_eq(http_status(&server, "GET", WEB, NULL), 404);
    cr_assert_eq(http_status(&server, "GET", "/v1/tokens/join", NULL), 200);
}

/* The poll ends by its time, with the index that it began with. */
Test(dry_run, wakes_nobody_and_is_in_no_log)
{
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    int64_t index = http_settled_index(&server, "web");
    char path[128];
    snprintf(path, sizeof path, WEB "/status?index=%lld&wait_seconds=1", (long long)index);
    struct http_async poll = {.server = &server, .call = {.path = path}};
    http_async_start(&poll);
    struct http_reply reply;
    send("PATCH", WEB "?dry_run=true", "{\"spec\": {\"replicas\": 7}}", &reply);
    cr_assert_eq(reply.status, 200, "%s", text_string(&reply.body));
    cr_assert_not_null(strstr(reply.body.bytes, "\"replicas\":7"));
    http_reply_release(&reply);
    struct http_reply *polled = http_async_wait(&poll);
    cr_assert_eq(polled->status, 200);
    cr_assert_eq(http_reply_index(polled), index);
    http_reply_release(polled);
    char *log = http_server_log(&server);
    cr_assert_null(strstr(log, "reason=scaled "), "%s", log);
    free(log);
}

Test(dry_run, a_patch_of_another_type_is_told_the_right_one)
{
    static const char *const paths[] = {WEB, WEB "/revisions/1"};
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct http_client client;
        struct http_reply reply;
        http_client_open(&client, &server);
        http_do(&client, &(struct http_call){.method = "PATCH", .path = paths[i], .body = "{}"},
                &reply);
        cr_assert_eq(reply.status, 415, "%s", text_string(&reply.body));
        expect_header(&reply, "Accept-Patch", "application/merge-patch+json");
        http_reply_release(&reply);
        http_client_close(&client);
    }
}
