/* What there is too much of is refused with a word, and the rest goes on. */
#include "base/limits.h"

#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { CROWD = 120, PATIENCE_MS = 60000 };

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(limits, .fini = release, .timeout = 120);

static const char whole[] = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";

static void open_crowd(int crowd[CROWD])
{
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = http_raw_open(&server);
        http_raw_send(crowd[i], whole, sizeof whole - 1);
    }
}

static void close_crowd(int crowd[CROWD])
{
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
}

/* User and system time of the server in clock ticks. */
static long cpu_ticks(void)
{
    char path[64], name[64], state;
    long fields[15] = {0};
    snprintf(path, sizeof path, "/proc/%d/stat", (int)server.pid);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    int got = fscanf(file, "%ld %63s %c", &fields[0], name, &state);
    for (size_t i = 3; i < 15; i++)
        got += fscanf(file, "%ld", &fields[i]);
    fclose(file);
    cr_assert_eq(got, 15);
    return fields[13] + fields[14];
}

/* More clients than files: the rest waits in the backlog, and waiting costs nothing. */
Test(limits, few_open_files_neither_spin_nor_stop_the_server)
{
    static int crowd[CROWD];
    server.open_files = 64;
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 1), 201);
    open_crowd(crowd);
    struct text reply;
    text_init(&reply, NULL);
    cr_assert_eq(http_raw_read_reply(crowd[0], &reply), 200);
    struct pollfd last = {.fd = crowd[CROWD - 1], .events = POLLIN};
    long before = cpu_ticks();
    cr_assert_eq(poll(&last, 1, 1000), 0, "more were accepted than files allow");
    cr_assert_lt(cpu_ticks() - before, sysconf(_SC_CLK_TCK) / 2, "it spins");
    for (int i = 0; i < CROWD - 1; i++)
        close(crowd[i]);
    cr_assert_eq(http_raw_read_reply(last.fd, &reply), 200, "who waited is served");
    close(last.fd);
    cr_assert_eq(http_put_deployment(&server, "web", "2", 1), 200);
    text_release(&reply);
}

Test(limits, too_few_open_files_are_said_at_the_start)
{
    server.open_files = 24;
    cr_assert_eq(http_server_run(&server), 78);
    char *log = http_server_log(&server);
    cr_assert_not_null(strstr(log, "open files"), "%s", log);
    free(log);
}

Test(limits, connections_beyond_the_limit_wait_for_their_turn)
{
    static int crowd[CROWD];
    struct text reply;
    text_init(&reply, NULL);
    server.arguments[0] = "--max-connections=10";
    http_server_start(&server);
    open_crowd(crowd);
    for (int i = 0; i < CROWD; i++) {
        cr_assert_eq(http_raw_read_reply(crowd[i], &reply), 200);
        close(crowd[i]);
    }
    text_release(&reply);
}

Test(limits, too_many_connections_of_one_address_are_429)
{
    static int crowd[CROWD];
    struct text reply;
    int served = 0, refused = 0;
    text_init(&reply, NULL);
    server.arguments[0] = "--max-connections-per-ip=20";
    http_server_start(&server);
    open_crowd(crowd);
    for (int i = 0; i < CROWD; i++) {
        int status = http_raw_read_reply(crowd[i], &reply);
        served += status == 200;
        refused += status == 429 || status == 0; /* its request met a closed connection */
    }
    cr_assert_eq(served, 20);
    cr_assert_eq(refused, CROWD - 20);
    close_crowd(crowd);
    int fd;
    do { /* the server learns of each close in its own time */
        fd = http_raw_open(&server);
        http_raw_send(fd, whole, sizeof whole - 1);
        served = http_raw_read_reply(fd, &reply);
        close(fd);
    } while (served != 200);
    text_release(&reply);
}

static int put_body(const char *const *headers, size_t bytes)
{
    struct http_client client;
    struct http_reply reply;
    char *body = malloc(bytes + 1);
    memset(body, ' ', bytes);
    body[bytes] = '\0';
    http_client_open(&client, &server);
    http_do(&client,
            &(struct http_call){
                .method = "PUT", .path = "/v1/deployments/web", .headers = headers, .body = body},
            &reply);
    int status = reply.status;
    http_reply_release(&reply);
    http_client_close(&client);
    free(body);
    return status;
}

Test(limits, bodies_are_bounded_however_they_come)
{
    const char *const chunked[] = {"Transfer-Encoding: chunked", NULL};
    http_server_start(&server);
    cr_assert_eq(put_body(NULL, 256 * 1024), 400, "as large as allowed, but no JSON");
    cr_assert_eq(put_body(NULL, 256 * 1024 + 1), 413);
    cr_assert_eq(put_body(NULL, 8 * 1024 * 1024), 413);
    cr_assert_eq(put_body(NULL, LIMIT_DROPPED_BODY_BYTES), 413);
    cr_assert_eq(put_body(chunked, LIMIT_DROPPED_BODY_BYTES), 413);
    cr_assert_eq(put_body(chunked, 256 * 1024), 400);
    cr_assert_eq(put_body(chunked, 256 * 1024 + 1), 413);
    cr_assert_eq(http_status(&server, "GET", "/livez", "{}"), 413, "it takes none");
    cr_assert_eq(http_status(&server, "GET", "/livez", NULL), 200);
}

Test(limits, a_write_that_takes_too_long_is_outcome_unknown_and_may_have_happened)
{
    struct http_client client;
    struct http_reply reply;
    server.arguments[0] = "--write-timeout-ms=200";
    server.failpoints = "writer.commit.before=sleep:1500@2";
    http_server_start(&server);
    http_client_open(&client, &server);
    http_do(&client,
            &(struct http_call){.method = "PUT",
                                .path = "/v1/deployments/web",
                                .body = http_deployment("web", "1", 1)},
            &reply);
    cr_assert_eq(reply.status, 503, "%s", reply.error);
    cr_assert_not_null(strstr(text_string(&reply.body), "\"code\":\"outcome_unknown\""));
    cr_assert_not_null(http_reply_header(&reply, "X-Request-Id"));
    http_reply_release(&reply);
    /* A later write is acknowledged when the slow one has come to its end. */
    while (http_put_deployment(&server, "other", "1", 1) == 503)
        ;
    cr_assert_eq(http_status(&server, "GET", "/v1/deployments/web", NULL), 200);
    http_client_close(&client);
}

static void expect_exit(const char *first, const char *second, int status, const char *word)
{
    server.arguments[0] = first;
    server.arguments[1] = second;
    cr_assert_eq(http_server_run(&server), status, "%s %s", first, second);
    char *log = http_server_log(&server);
    cr_assert_not_null(strstr(log, word), "no \"%s\" in: %s", word, log);
    free(log);
}

Test(limits, a_bad_command_line_is_explained)
{
    expect_exit("--lisen", "127.0.0.1:0", 64, "did you mean --listen?");
    expect_exit("--http-threads", "0", 64, "from 1 to 64");
    expect_exit("--http-threads", NULL, 64, "--http-threads needs a value");
    expect_exit("--log-level", "loud", 64, "error, warn, info or debug");
    expect_exit("--listen=127.0.0.1:0", "--listen=127.0.0.1:1", 64, "--listen is given twice");
    expect_exit("--listen", "7420", 64, "ADDR:PORT");
    expect_exit("--listen", "0.0.0.0:0", 64, "--allow-remote");
    expect_exit("--data-dir", "", 64, "must not be empty");
    expect_exit("--data-dir", "/proc/nowhere", 78, "/proc/nowhere");
    expect_exit("--listen", "192.0.2.1:0", 64, "there is no TLS in this process yet");
    expect_exit("--help", NULL, 0, "DOGSHORE_HTTP_THREADS");
    expect_exit("--version", NULL, 0, "dogshored ");
    expect_exit("--print-routes", NULL, 0, "/v1/deployments/{name}");
    expect_exit("--print-states", NULL, 0, "rollout");
    expect_exit("--print-schema", NULL, 0, "$defs");
    expect_exit("--print-failpoints", NULL, 0, "writer.commit.before");
}

Test(limits, a_second_server_on_the_same_data_is_refused)
{
    http_server_start(&server);
    struct http_server second = server;
    cr_assert_eq(http_server_run(&second), 78);
    cr_assert_eq(http_status(&server, "GET", "/livez", NULL), 200);
}

Test(limits, an_address_in_use_is_said)
{
    struct http_server second = {0};
    http_server_start(&server);
    second.arguments[0] = "--listen";
    second.arguments[1] = server.address;
    cr_assert_eq(http_server_run(&second), 78);
    http_server_release(&second);
}

Test(limits, several_http_threads_share_the_work)
{
    server.arguments[0] = "--http-threads=4";
    http_server_start(&server);
    static struct http_async crowd[CROWD];
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    int64_t index = http_settled_index(&server, "web");
    char path[128];
    snprintf(path, sizeof path, "/v1/deployments/web?index=%lld&wait_seconds=60", (long long)index);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = (struct http_async){.server = &server, .call = {.path = path}};
        http_async_start(&crowd[i]);
    }
    cr_assert_eq(http_put_deployment(&server, "web", "2", 0), 200);
    for (int i = 0; i < CROWD; i++) {
        struct http_reply *reply = http_async_wait(&crowd[i]);
        cr_assert_eq(reply->status, 200, "%s", reply->error);
        http_reply_release(reply);
    }
}
