/* What computes is queued apart: no list and no endpoint waits behind a plan, and of plans there
 * are only so many. A failpoint holds the planner's thread, so nothing here depends on the clock.
 */
#include "base/limits.h"
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, PLANS = LIMIT_PLAN_QUEUE + 1 };

#define WEB "/v1/deployments/web"

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(planner, .fini = release, .timeout = 240);

static void start_server(const char *failpoints)
{
    server.failpoints = failpoints;
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
}

static void send_plans(struct pollfd *plans, size_t count)
{
    struct text request;
    const char *body = http_deployment("web", "2", 3);
    text_init(&request, NULL);
    text_printf(&request,
                "POST " WEB "/plan HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                server.admin_token, strlen(body), body);
    for (size_t i = 0; i < count; i++) {
        plans[i] = (struct pollfd){.fd = http_raw_open(&server), .events = POLLIN};
        cr_assert(http_raw_send(plans[i].fd, request.bytes, request.length));
    }
    text_release(&request);
}

static void close_plans(struct pollfd *plans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(plans[i].fd);
}

/* One more than fit, on a planner that does not go on: its answer is the first one. */
static void fill_queue(struct pollfd plans[PLANS])
{
    struct text reply;
    size_t refused = 0;
    send_plans(plans, PLANS);
    cr_assert_eq(poll(plans, PLANS, PATIENCE_MS), 1, "one is refused");
    while (plans[refused].revents == 0)
        refused++;
    text_init(&reply, NULL);
    cr_assert_eq(http_raw_read_reply(plans[refused].fd, &reply), 503, "%s", reply.bytes);
    cr_assert_not_null(strstr(text_string(&reply), "\r\nRetry-After: 1\r\n"), "%s", reply.bytes);
    cr_assert_not_null(strstr(text_string(&reply), "\"code\":\"overloaded\""), "%s", reply.bytes);
    text_release(&reply);
}

Test(planner, endpoints_lists_and_writes_go_on_while_its_queue_is_full)
{
    static struct pollfd plans[PLANS];
    start_server("planner.before=sleep:600000");
    fill_queue(plans);
    cr_assert_eq(http_status(&server, "GET", WEB "/endpoints", NULL), 200);
    cr_assert_eq(http_status(&server, "GET", "/v1/deployments", NULL), 200);
    cr_assert_eq(http_status(&server, "GET", WEB "/revisions", NULL), 200);
    cr_assert_eq(http_put_deployment(&server, "web", "3", 0), 200);
    cr_assert_eq(http_status(&server, "GET", WEB "/explain", NULL), 503);
    cr_assert_eq(http_status(&server, "GET", WEB "/revisions/2/diff?against=1", NULL), 503);
    cr_assert_eq(http_status(&server, "POST", WEB "/plan", http_deployment("web", "2", 3)), 503);
    cr_assert_eq(poll(plans, PLANS, 0), 0, "who is in the queue stays there");
    close_plans(plans, PLANS);
    http_server_kill(&server); /* the planner would hold its end up */
}

Test(planner, everyone_in_the_queue_is_answered)
{
    static struct pollfd plans[LIMIT_PLAN_QUEUE];
    struct text reply;
    start_server("planner.before=sleep:300");
    send_plans(plans, LIMIT_PLAN_QUEUE);
    text_init(&reply, NULL);
    for (size_t i = 0; i < LIMIT_PLAN_QUEUE; i++) {
        text_clear(&reply);
        cr_assert_eq(http_raw_read_reply(plans[i].fd, &reply), 200, "%s", reply.bytes);
        cr_assert_not_null(strstr(text_string(&reply), "\"changes\":"), "%s", reply.bytes);
    }
    text_release(&reply);
    close_plans(plans, LIMIT_PLAN_QUEUE);
}

Test(planner, what_cannot_be_computed_is_a_503_and_the_next_one_is_answered)
{
    start_server("planner.before=error");
    cr_assert_eq(http_status(&server, "GET", WEB "/explain", NULL), 503);
    cr_assert_eq(http_status(&server, "GET", WEB "/explain", NULL), 200);
}
