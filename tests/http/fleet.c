/* Parts of objects and counts of the fleet over sockets: what is cached is not mixed up, who waits
 * is woken. */
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>

static struct http_server server;
static struct http_client client;

static void setup(void)
{
    http_server_start(&server);
    http_client_open(&client, &server);
}

static void teardown(void)
{
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(fleet, .init = setup, .fini = teardown);

static struct http_reply get(const char *path)
{
    struct http_reply reply;
    http_do(&client, &(struct http_call){.path = path}, &reply);
    return reply;
}

static void expect_body(const char *path, const char *body)
{
    struct http_reply reply = get(path);
    cr_expect_eq(reply.status, 200);
    cr_expect_str_eq(text_string(&reply.body), body, "%s: %s", path, text_string(&reply.body));
    http_reply_release(&reply);
}

/* The whole is cached by the server, between its parts. */
Test(fleet, parts_of_a_deployment_are_not_taken_for_one_another)
{
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    for (int i = 0; i < 2; i++) {
        struct http_reply whole = get("/v1/deployments/web");
        cr_expect_not_null(strstr(text_string(&whole.body), "\"uid\""));
        http_reply_release(&whole);
        expect_body("/v1/deployments/web?fields=name", "{\"name\":\"web\"}");
        expect_body("/v1/deployments/web?fields=spec.replicas", "{\"spec\":{\"replicas\":0}}");
    }
}

Test(fleet, a_part_has_a_tag_that_is_answered_with_304)
{
    char header[160];
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
    struct http_reply part = get("/v1/deployments/web?fields=name");
    snprintf(header, sizeof header, "If-None-Match: %s", http_reply_header(&part, "ETag"));
    http_reply_release(&part);
    const char *const headers[] = {header, NULL};
    static const struct {
        const char *path;
        int status;
    } asked[] = {{"/v1/deployments/web?fields=name", 304},
                 {"/v1/deployments/web?fields=uid", 200},
                 {"/v1/deployments/web", 200}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct http_reply reply;
        http_do(&client, &(struct http_call){.path = asked[i].path, .headers = headers}, &reply);
        cr_expect_eq(reply.status, asked[i].status, "%s: %d", asked[i].path, reply.status);
        http_reply_release(&reply);
    }
}

Test(fleet, whoever_watches_the_summary_is_woken_by_a_change)
{
    char path[96];
    struct http_reply before = get("/v1/summary");
    cr_assert_eq(before.status, 200);
    snprintf(path, sizeof path, "/v1/summary?wait_seconds=60&index=%lld",
             (long long)http_reply_index(&before));
    http_reply_release(&before);
    struct http_async watcher = {.server = &server, .call = {.path = path}};
    http_async_start(&watcher);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    struct http_reply *after = http_async_wait(&watcher);
    cr_expect_eq(after->status, 200);
    cr_expect_not_null(strstr(text_string(&after->body), "{\"deployments\":{\"total\":1,"));
    http_reply_release(after);
}
