/* The end of a server: what was taken is finished, what waits is answered, nothing else begins. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { POLLS = 50, PATIENCE_MS = 60000 };

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(shutdown, .fini = release, .timeout = 120);

Test(shutdown, parked_polls_get_what_there_is)
{
    static struct http_async polls[POLLS];
    static char paths[POLLS][256], ids[POLLS][64];
    static const char *headers[POLLS][2];
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    int64_t index = http_settled_index(&server, "web");
    for (int i = 0; i < POLLS; i++) {
        const char *what = i % 2 == 0 ? "/v1/deployments/web/status" : "/v1/deployments";
        snprintf(paths[i], sizeof paths[i], "%s?index=%lld&wait_seconds=60", what,
                 (long long)index);
        snprintf(ids[i], sizeof ids[i], "X-Request-Id: poll-%d-", i);
        headers[i][0] = ids[i];
        polls[i] = (struct http_async){.server = &server,
                                       .call = {.path = paths[i], .headers = headers[i]}};
        http_async_start(&polls[i]);
    }
    for (int i = 0; i < POLLS; i++) {
        char line[128];
        snprintf(line, sizeof line, "event=poll_parked request_id=poll-%d-", i);
        http_await_log(&server, line);
    }
    cr_assert_eq(http_server_stop(&server), 0);
    for (int i = 0; i < POLLS; i++) {
        struct http_reply *reply = http_async_wait(&polls[i]);
        cr_assert_eq(reply->status, 200, "%s: %s", paths[i], reply->error);
        http_reply_release(reply);
    }
}

Test(shutdown, a_write_that_was_taken_is_finished_and_kept)
{
    struct http_async put;
    /* The first commit makes the tokens, the second is the write. */
    server.failpoints = "writer.commit.before=sleep:1000@2";
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    char document[1024];
    snprintf(document, sizeof document, "%s", http_deployment("web", "1", 1));
    put = (struct http_async){
        .server = &server,
        .call = {.method = "PUT", .path = "/v1/deployments/web", .body = document}};
    http_async_start(&put);
    http_await_log(&server, "event=write_queued");
    cr_assert_eq(http_server_stop(&server), 0);
    struct http_reply *reply = http_async_wait(&put);
    cr_assert_eq(reply->status, 201, "%s", reply->error);
    http_reply_release(reply);
    server.failpoints = NULL;
    http_server_start(&server);
    cr_assert_eq(http_status(&server, "GET", "/v1/deployments/web", NULL), 200);
}

/* Its code. ThreadSanitizer takes signals when it finds the time, and may miss the moment: then
 * there is another one. */
static int signal_until_it_ends(void)
{
    enum { AGAIN_MS = 500 };
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, server.pid, 0), .events = POLLIN};
    cr_assert_geq(end.fd, 0);
    do
        http_server_signal(&server, SIGTERM);
    while (poll(&end, 1, AGAIN_MS) == 0);
    close(end.fd);
    return http_server_wait(&server);
}

Test(shutdown, a_second_signal_ends_at_once)
{
    struct http_async put;
    /* It would report threads that have ended and were not joined, which is what "at once" means.
     */
    setenv("TSAN_OPTIONS", "halt_on_error=1:report_thread_leaks=0", 1);
    server.failpoints = "writer.commit.before=sleep:60000@2";
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    put = (struct http_async){.server = &server,
                              .call = {.method = "PUT",
                                       .path = "/v1/deployments/web",
                                       .body = http_deployment("web", "1", 1)}};
    http_async_start(&put);
    http_await_log(&server, "event=write_queued");
    http_server_signal(&server, SIGTERM);
    http_await_log(&server, "stopping");
    cr_assert_eq(signal_until_it_ends(), 1);
    http_reply_release(http_async_wait(&put));
}

Test(shutdown, idle_connections_are_closed_and_the_file_listen_goes)
{
    static const char whole[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
    struct text reply;
    text_init(&reply, NULL);
    http_server_start(&server);
    int fd = http_raw_open(&server);
    http_raw_send(fd, whole, sizeof whole - 1);
    cr_assert_eq(http_raw_read_reply(fd, &reply), 200);
    cr_assert_eq(http_server_stop(&server), 0);
    cr_assert(http_raw_read_to_end(fd, &reply, PATIENCE_MS));
    cr_assert_null(http_server_file(&server, "listen"));
    close(fd);
    text_release(&reply);
}

Test(shutdown, what_was_acknowledged_survives_a_kill)
{
    http_server_start(&server);
    for (int round = 0; round < 5; round++) {
        char name[32], path[64];
        snprintf(name, sizeof name, "web-%d", round);
        snprintf(path, sizeof path, "/v1/deployments/web-%d", round);
        cr_assert_eq(http_put_deployment(&server, name, "1", 1), 201);
        http_server_kill(&server);
        http_server_start(&server);
        cr_assert_eq(http_status(&server, "GET", path, NULL), 200);
    }
}

Test(shutdown, interrupting_ends_it_like_terminating)
{
    http_server_start(&server);
    http_server_signal(&server, SIGINT);
    cr_assert_eq(http_server_wait(&server), 0);
}
