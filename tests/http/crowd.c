/* Hundreds of slow clients of every kind at once: each is cut by its deadline, and those who behave
 * are served meanwhile at less than twice the price that they have without them. The limits are
 * shortened by flags; what the server spends is its processor time, compared within the run. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_slow.h"
#include "support/process_cpu.h"

#include <criterion/criterion.h>

enum { CROWD = 500, GOOD = 600, PATIENCE_MS = 60000, SLACK_NS = 50 * 1000 * 1000 };

static struct http_server server = {
    .arguments = {"--arrival-timeout-ms=3000", "--reply-timeout-ms=3000"}};

static void open_server(void)
{
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    http_settled_index(&server, "web");
}

static void close_server(void)
{
    http_server_release(&server);
}

TestSuite(crowd, .init = open_server, .fini = close_server, .timeout = 240);

/* Half of them on a connection that is kept. What they cost the server; the dripping ones get a
 * byte now and then. */
static int64_t serve_good_clients(struct http_slow *crowd)
{
    struct http_client client;
    int64_t before = process_cpu_ns(server.pid);
    http_client_open(&client, &server);
    for (int i = 0; i < GOOD; i++) {
        struct http_reply reply;
        http_do(&client, &(struct http_call){.path = "/v1/deployments/web"}, &reply);
        cr_assert_eq(reply.status, 200, "%s", reply.error);
        http_reply_release(&reply);
        if (i % 2 == 0) cr_assert_eq(http_status(&server, "GET", "/v1/nodes", NULL), 200);
        for (int j = i % 20; crowd != NULL && j < CROWD; j += 20)
            http_slow_drip(&crowd[j]);
    }
    http_client_close(&client);
    return process_cpu_ns(server.pid) - before;
}

Test(crowd, of_slow_clients_is_cut_and_keeps_nobody_waiting)
{
    static struct http_slow crowd[CROWD];
    serve_good_clients(NULL); /* caches are warm */
    int64_t alone_ns = serve_good_clients(NULL);
    for (int i = 0; i < CROWD; i++)
        http_slow_open(&crowd[i], &server, (enum http_slow_kind)(i % HTTP_SLOW_KINDS));
    serve_good_clients(crowd); /* all of them have come */
    int64_t crowded_ns = serve_good_clients(crowd);
    cr_assert_lt(crowded_ns, 2 * alone_ns + SLACK_NS, "%lld instead of %lld ns",
                 (long long)crowded_ns, (long long)alone_ns);
    for (int i = 0; i < CROWD; i++)
        cr_assert(http_slow_is_cut(&crowd[i], PATIENCE_MS), "%s is never cut",
                  http_slow_words[crowd[i].kind]);
    for (int i = 0; i < CROWD; i++)
        http_slow_close(&crowd[i]);
    cr_assert_eq(http_status(&server, "GET", "/livez", NULL), 200);
}
