/* Orders and questions over a socket: bodies that may be missing, answers that are not kept, waits.
 */
#include "support/http_objects.h"

#include <criterion/criterion.h>

static struct http_server server;
static struct http_client client;

static void start(void)
{
    http_server_start(&server);
    http_client_open(&client, &server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
}

static void stop(void)
{
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(orders, .init = start, .fini = stop, .timeout = 120);

#define WEB "/v1/deployments/web"

static void expect(const struct http_call *call, int status, const char *text, bool kept)
{
    struct http_reply reply;
    http_do(&client, call, &reply);
    cr_assert_eq(reply.status, status, "%s: %d %s%s", call->path, reply.status, reply.error,
                 text_string(&reply.body));
    cr_assert_not_null(strstr(text_string(&reply.body), text), "%s", text_string(&reply.body));
    const char *cache = http_reply_header(&reply, "Cache-Control");
    cr_assert_str_eq(cache, kept ? "no-cache" : "no-store");
    http_reply_release(&reply);
}

Test(orders, an_action_needs_no_body)
{
    expect(&(struct http_call){.method = "POST", .path = WEB "/pause"}, 200, "\"paused\":true",
           false);
    expect(&(struct http_call){.method = "POST", .path = WEB "/resume", .body = "{}"}, 200,
           "\"paused\":false", false);
}

Test(orders, a_plan_is_a_post_that_only_reads)
{
    struct http_call call = {
        .method = "POST", .path = WEB "/plan", .body = http_deployment("web", "2", 3)};
    expect(&call, 200, "\"template_changed\":true", false);
    call.body = "{}";
    expect(&call, 422, "#/spec", false);
    expect(&(struct http_call){.path = WEB "/revisions/latest"}, 200, "\"number\":1", true);
}

Test(orders, what_depends_on_the_clock_is_not_kept)
{
    expect(&(struct http_call){.path = WEB "/explain"}, 200, "\"budget\"", false);
}

Test(orders, a_revision_is_patched)
{
    struct http_call call = {.method = "PATCH",
                             .path = WEB "/revisions/1",
                             .body = "{\"tags\": [\"good\"]}",
                             .content_type = "application/merge-patch+json"};
    expect(&call, 200, "\"tags\":[\"good\"]", false);
    expect(&(struct http_call){.path = WEB "/revisions/good"}, 200, "\"number\":1", true);
}

Test(orders, a_wait_ends_with_the_deployment)
{
    struct http_async async = {.server = &server,
                               .call = {.path = WEB "/wait?for=terminated&wait_seconds=60"}};
    cr_assert_eq(http_status(&server, "POST", WEB "/terminate", NULL), 200);
    http_async_start(&async);
    struct http_reply *reply = http_async_wait(&async);
    cr_assert_eq(reply->status, 200, "%s", text_string(&reply->body));
    cr_assert_not_null(strstr(text_string(&reply->body), "\"reached\":true"), "%s",
                       text_string(&reply->body));
    http_reply_release(reply);
}
