/* POST /v1/backup over the wire: what was acknowledged before is in it while others write, it is
 * what its digest says, one at a time, and nothing is left of one that is not taken. */
#include "base/crypto.h"
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { WRITERS = 4, ROUNDS = 5, BEFORE = 20, FILES_MOST = 64 };

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(backup, .fini = release, .timeout = 240);

static const char request[] =
    "POST /v1/backup HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nAuthorization: Bearer ";

static void take(struct http_client *client, struct http_reply *reply)
{
    http_do(client, &(struct http_call){.method = "POST", .path = "/v1/backup"}, reply);
}

static const char *save(const struct http_reply *reply, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", server.folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, reply->body.bytes, reply->body.length), (ssize_t)reply->body.length);
    close(fd);
    return path;
}

static void expect_digest(struct http_reply *reply)
{
    struct crypto_sha256 sum;
    char base64[CRYPTO_SHA256_BASE64_BYTES], expected[80];
    crypto_sha256_begin(&sum);
    crypto_sha256_add(&sum, reply->body.bytes, reply->body.length);
    crypto_sha256_end(&sum, base64);
    snprintf(expected, sizeof expected, "sha-256=:%s:", base64);
    cr_expect_str_eq(http_reply_header(reply, "Content-Digest"), expected);
}

static long long ask(sqlite3 *handle, const char *sql)
{
    sqlite3_stmt *statement;
    cr_assert_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK, "%s", sql);
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "%s", sql);
    long long number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

/* ---- what is in it ---- */

static struct {
    atomic_bool stop;
    atomic_int acknowledged[WRITERS];
} writers;

static void *write_on(void *argument)
{
    int writer = (int)(intptr_t)argument;
    char name[64];
    for (int i = 0; !atomic_load(&writers.stop); i++) {
        snprintf(name, sizeof name, "w%d-%d", writer, i);
        if (http_put_deployment(&server, name, "1", 0) == 201)
            atomic_store(&writers.acknowledged[writer], i + 1);
    }
    return NULL;
}

static void expect_all_of(const char *path, const int acknowledged[WRITERS], int64_t index)
{
    sqlite3 *handle;
    char sql[256];
    cr_assert_eq(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    cr_expect_eq(ask(handle, "SELECT count(*) FROM pragma_integrity_check WHERE "
                             "integrity_check = 'ok'"),
                 1);
    cr_expect_eq(ask(handle, "SELECT next_index - 1 FROM meta"), index);
    for (int i = 0; i < WRITERS; i++) {
        snprintf(sql, sizeof sql, "SELECT count(*) FROM deployments WHERE name LIKE 'w%d-%%'", i);
        cr_expect_geq(ask(handle, sql), acknowledged[i], "writer %d", i);
    }
    sqlite3_close(handle);
}

Test(backup, every_write_acknowledged_before_it_is_in_it)
{
    struct http_client client;
    struct http_reply reply;
    pthread_t threads[WRITERS];
    http_server_start(&server);
    for (intptr_t i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, write_on, (void *)i);
    http_client_open(&client, &server);
    for (int round = 0; round < ROUNDS; round++) {
        int acknowledged[WRITERS];
        for (int i = 0; i < WRITERS; i++)
            acknowledged[i] = atomic_load(&writers.acknowledged[i]);
        take(&client, &reply);
        cr_assert_eq(reply.status, 200, "%s", reply.error);
        cr_expect_str_eq(http_reply_header(&reply, "Content-Type"), "application/vnd.sqlite3");
        cr_expect_not_null(strstr(http_reply_header(&reply, "Content-Disposition"), "attachment"));
        expect_digest(&reply);
        expect_all_of(save(&reply, "copy.db"), acknowledged, http_reply_index(&reply));
        http_reply_release(&reply);
    }
    atomic_store(&writers.stop, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    http_client_close(&client);
}

/* ---- who may have it ---- */

static void expect_problem(struct http_client *client, const struct http_call *call, int status,
                           const char *words)
{
    struct http_reply reply;
    http_do(client, call, &reply);
    cr_expect_eq(reply.status, status, "%s: %d", words, reply.status);
    cr_expect_not_null(strstr(text_string(&reply.body), words), "%s", text_string(&reply.body));
    http_reply_release(&reply);
}

static void make_token(struct http_client *client, const char *body, char token[128])
{
    struct http_reply reply;
    http_do(client, &(struct http_call){.method = "POST", .path = "/v1/tokens", .body = body},
            &reply);
    cr_assert_eq(reply.status, 201, "%s", text_string(&reply.body));
    const char *at = strstr(text_string(&reply.body), "\"token\":\"");
    cr_assert_not_null(at);
    snprintf(token, 128, "%.*s", (int)strcspn(at + 9, "\""), at + 9);
    http_reply_release(&reply);
}

Test(backup, only_an_admin_of_all_clusters_may_have_it)
{
    static const char *const keyed[] = {"Idempotency-Key: once", NULL};
    struct http_client client;
    char limited[128], operate[128];
    http_server_start(&server);
    http_client_open(&client, &server);
    make_token(&client, "{\"name\":\"l\",\"scope\":\"admin\",\"cluster\":\"gpu\"}", limited);
    make_token(&client, "{\"name\":\"o\",\"scope\":\"operate\"}", operate);
    struct http_call call = {.method = "POST", .path = "/v1/backup", .token = limited};
    expect_problem(&client, &call, 403, "limited to cluster gpu");
    call.token = operate;
    expect_problem(&client, &call, 403, "scope admin");
    call.token = "";
    expect_problem(&client, &call, 401, "Authorization");
    call.token = NULL;
    call.headers = keyed;
    expect_problem(&client, &call, 400, "Idempotency-Key");
    call.headers = NULL;
    call.path = "/v1/backup?dry_run=true";
    expect_problem(&client, &call, 400, "dry_run");
    http_client_close(&client);
}

/* ---- what stands in its way ---- */

static size_t leftovers(void)
{
    size_t count = 0;
    DIR *folder = opendir(server.data_dir);
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strstr(entry->d_name, "tmp") != NULL ? 1 : 0;
    closedir(folder);
    return count;
}

/* Open files of the server that have no name any more: copies that somebody still holds. */
static size_t nameless_files(void)
{
    char path[64], target[512];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)server.pid);
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        if (length < 0) continue;
        target[length] = '\0';
        if (strstr(target, "backup.tmp") != NULL) count++;
    }
    closedir(folder);
    return count;
}

Test(backup, second_one_at_a_time_is_told_to_come_later)
{
    struct http_async first = {.server = &server, .call = {.method = "POST", .path = "/v1/backup"}};
    struct http_client client;
    struct http_reply reply;
    server.failpoints = "backup.piece=sleep:1500";
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    http_client_open(&client, &server);
    http_async_start(&first);
    http_await_log(&server, "event=backup_begins");
    take(&client, &reply);
    cr_expect_eq(reply.status, 503);
    cr_expect_not_null(http_reply_header(&reply, "Retry-After"));
    http_reply_release(&reply);
    cr_expect_eq(http_async_wait(&first)->status, 200);
    take(&client, &reply);
    cr_expect_eq(reply.status, 200, "then there is room again");
    http_reply_release(&reply);
    http_reply_release(&first.reply);
    http_client_close(&client);
}

Test(backup, full_disk_is_507_and_leaves_nothing)
{
    struct http_client client;
    struct http_reply reply;
    server.failpoints = "backup.piece=error";
    http_server_start(&server);
    http_client_open(&client, &server);
    take(&client, &reply);
    cr_expect_eq(reply.status, 507);
    http_reply_release(&reply);
    cr_expect_eq(leftovers() + nameless_files(), 0);
    take(&client, &reply);
    cr_expect_eq(reply.status, 200);
    http_reply_release(&reply);
    http_client_close(&client);
}

/* A client that has asked and left, before it is there or in the middle of it. */
Test(backup, client_that_leaves_frees_it)
{
    struct http_client client;
    struct http_reply reply = {.status = 503};
    char line[256];
    http_server_start(&server);
    snprintf(line, sizeof line, "%s%s\r\n\r\n", request, server.admin_token);
    int connection = http_raw_open(&server);
    http_raw_send(connection, line, strlen(line));
    close(connection);
    http_await_log(&server, "event=backup ");
    http_client_open(&client, &server);
    /* Answered 503 as long as the server has not noticed. */
    while (reply.status == 503) {
        take(&client, &reply);
        http_reply_release(&reply);
    }
    cr_expect_eq(reply.status, 200);
    cr_expect_eq(leftovers(), 0);
    http_client_close(&client);
}

/* Deployments that fill more than the buffers of a connection hold. */
static void fill(void)
{
    enum { DEPLOYMENTS = 120, VALUE_BYTES = 30000 };
    struct http_client client;
    struct http_reply reply;
    static char value[VALUE_BYTES + 1], body[VALUE_BYTES + 512];
    memset(value, 'x', VALUE_BYTES);
    http_client_open(&client, &server);
    for (int i = 0; i < DEPLOYMENTS; i++) {
        snprintf(body, sizeof body,
                 "{\"name\": \"big-%d\", \"spec\": {\"replicas\": 0, \"template\": {\"version\": "
                 "\"1\", \"command\": [\"true\"], \"env\": {\"A\": \"%s\"}}}}",
                 i, value);
        const struct http_call call = {.method = "POST", .path = "/v1/deployments", .body = body};
        http_do(&client, &call, &reply);
        cr_assert_eq(reply.status, 201, "%s", text_string(&reply.body));
        http_reply_release(&reply);
    }
    http_client_close(&client);
}

static int ask_raw(void)
{
    char line[256];
    int connection = http_raw_open(&server);
    snprintf(line, sizeof line, "%s%s\r\n\r\n", request, server.admin_token);
    http_raw_send(connection, line, strlen(line));
    return connection;
}

static double sent_bytes(struct http_client *client)
{
    static const char name[] = "\ndogshore_http_response_bytes_total ";
    struct http_reply reply;
    http_do(client, &(struct http_call){.path = "/metrics"}, &reply);
    const char *at = strstr(text_string(&reply.body), name);
    cr_assert_not_null(at, "%s", text_string(&reply.body));
    double bytes = strtod(at + strlen(name), NULL);
    http_reply_release(&reply);
    return bytes;
}

/* Neither one that takes nothing nor one that leaves in the middle keeps it from the next. What was
 * not sent is not counted. */
Test(backup, client_that_does_not_take_it_is_cut)
{
    struct http_client client;
    struct http_reply reply = {.status = 503};
    server.arguments[0] = "--reply-timeout-ms=300";
    http_server_start(&server);
    fill();
    http_client_open(&client, &server);
    double before = sent_bytes(&client);
    int connection = ask_raw();
    http_await_log(&server, "event=backup ");
    while (reply.status == 503) {
        take(&client, &reply);
        if (reply.status == 503) http_reply_release(&reply);
    }
    cr_assert_eq(reply.status, 200);
    cr_expect_gt(reply.body.length, 6 * 1000 * 1000);
    expect_digest(&reply);
    double sent = sent_bytes(&client) - before, whole = (double)reply.body.length;
    cr_expect(sent >= whole && sent < 2 * whole, "%g bytes of two times %g", sent, whole);
    http_reply_release(&reply);
    cr_expect_eq(nameless_files(), 0);
    close(connection);
    http_client_close(&client);
}

Test(backup, stopping_server_cuts_one_that_is_fetched)
{
    char some[4096];
    server.arguments[0] = "--reply-timeout-ms=300";
    http_server_start(&server);
    fill();
    int connection = ask_raw();
    cr_assert_gt(read(connection, some, sizeof some), 0);
    cr_expect_eq(http_server_stop(&server), 0);
    close(connection);
}

Test(backup, kill_leaves_nothing_that_stays)
{
    struct http_async first = {.server = &server, .call = {.method = "POST", .path = "/v1/backup"}};
    server.failpoints = "backup.piece=panic";
    http_server_start(&server);
    http_async_start(&first);
    http_server_wait(&server);
    http_reply_release(http_async_wait(&first));
    server.failpoints = NULL;
    http_server_start(&server);
    cr_expect_eq(leftovers(), 0);
}

/* The copy's first piece outlasts the signal. */
Test(backup, stopping_server_gives_it_up)
{
    struct http_async first = {.server = &server, .call = {.method = "POST", .path = "/v1/backup"}};
    server.failpoints = "backup.piece=sleep:3000";
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    http_async_start(&first);
    http_await_log(&server, "event=backup_begins");
    cr_expect_eq(http_server_stop(&server), 0);
    struct http_reply *reply = http_async_wait(&first);
    cr_expect_eq(reply->status, 503, "%d", reply->status);
    http_reply_release(reply);
    cr_expect_eq(leftovers(), 0);
    server.failpoints = NULL;
    http_server_start(&server);
    cr_expect_eq(http_status(&server, "POST", "/v1/backup", NULL), 200, "the next start makes one");
}

/* ---- snapshots ---- */

static size_t snapshots(void)
{
    char path[256];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/snapshots", server.data_dir);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        count += strncmp(entry->d_name, "dogshore-", 9) == 0 ? 1 : 0;
    if (folder != NULL) closedir(folder);
    return count;
}

static void await_logs(const char *text, size_t times)
{
    for (size_t found = 0; found < times;) {
        char *log = http_server_log(&server);
        found = 0;
        for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
            found++;
        free(log);
        http_status(&server, "GET", "/livez", NULL);
    }
}

Test(backup, snapshots_are_made_by_the_clock_and_the_oldest_go)
{
    server.arguments[0] = "--snapshot-every-seconds=1";
    server.arguments[1] = "--keep-snapshots=2";
    http_server_start(&server);
    await_logs("event=snapshot ", 4);
    cr_expect_leq(snapshots(), 3);
    cr_expect_geq(snapshots(), 2);
}

Test(backup, snapshot_that_fails_is_an_event_and_is_made_again)
{
    struct http_client client;
    struct http_reply reply;
    server.arguments[0] = "--snapshot-every-seconds=1";
    server.failpoints = "backup.open=error";
    http_server_start(&server);
    await_logs("reason=snapshot_failed", 1);
    await_logs("reason=snapshot_recovered", 1);
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = "/v1/events"}, &reply);
    cr_expect_not_null(strstr(text_string(&reply.body), "\"snapshot_failed\""));
    http_reply_release(&reply);
    http_do(&client, &(struct http_call){.path = "/readyz"}, &reply);
    cr_expect_eq(reply.status, 200, "it serves as ever");
    http_reply_release(&reply);
    http_client_close(&client);
}

static void put_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/snapshots/%s", server.data_dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    cr_assert_geq(fd, 0, "%s", path);
    close(fd);
}

static bool is_there(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/snapshots/%s", server.data_dir, name);
    return access(path, F_OK) == 0;
}

Test(backup, files_with_another_name_in_the_folder_of_snapshots_stay)
{
    static const char *const others[] = {
        "dogshore-2026-01-31.db",          "dogshore-412.db",
        "dogshore-20260131T092653Z-.db",   "dogshore-20260131T092653Z-412.db.old",
        "dogshore-20260131T092653-412.db", "notes"};
    static const char old[] = "dogshore-20200131T092653Z-0.db";
    server.arguments[0] = "--snapshot-every-seconds=1";
    server.arguments[1] = "--keep-snapshots=1";
    http_server_start(&server);
    await_logs("event=snapshot ", 1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        put_file(others[i]);
    put_file(old);
    await_logs("event=snapshot ", 4);
    cr_expect_not(is_there(old), "an old snapshot goes");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect(is_there(others[i]), "%s", others[i]);
}

/* The snapshot was made all the same: the event says what failed, and nothing is counted as failed.
 */
Test(backup, oldest_snapshot_that_cannot_be_removed_is_an_event_of_its_own)
{
    static const char failed[] = "dogshore_snapshots_total{outcome=\"failed\"} ";
    struct http_client client;
    struct http_reply reply;
    server.arguments[0] = "--snapshot-every-seconds=1";
    server.arguments[1] = "--keep-snapshots=1";
    server.failpoints = "snapshot.remove=error";
    http_server_start(&server);
    await_logs("reason=snapshot_recovered", 1);
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = "/v1/events"}, &reply);
    const char *events = text_string(&reply.body);
    cr_expect_not_null(strstr(events, "snapshots are made, but the oldest ones stay"), "%s",
                       events);
    cr_expect_not_null(strstr(events, "the oldest snapshots are removed again"), "%s", events);
    cr_expect_null(strstr(events, "no snapshot of the database was made"));
    http_reply_release(&reply);
    http_do(&client, &(struct http_call){.path = "/metrics"}, &reply);
    const char *at = strstr(text_string(&reply.body), failed);
    cr_assert_not_null(at, "%s", text_string(&reply.body));
    cr_expect_eq(strtol(at + strlen(failed), NULL, 10), 0);
    http_reply_release(&reply);
    http_client_close(&client);
}

static const char *const snapshot_moments[] = {"backup.piece", "backup.sync", "snapshot.rename",
                                               "snapshot.renamed"};

Test(backup, snapshot_is_there_whole_or_not_at_all_when_it_is_killed)
{
    static char failpoint[64];
    server.arguments[0] = "--snapshot-every-seconds=3600";
    for (size_t i = 0; i < sizeof snapshot_moments / sizeof *snapshot_moments; i++) {
        bool published = i == 3;
        snprintf(failpoint, sizeof failpoint, "%s=panic", snapshot_moments[i]);
        server.failpoints = failpoint;
        http_server_run(&server);
        cr_expect_eq(snapshots(), published ? 1 : 0, "%s", snapshot_moments[i]);
    }
    char path[256];
    snprintf(path, sizeof path, "%s/snapshots/snapshot.tmp", server.data_dir);
    cr_expect_neq(access(path, F_OK), 0, "the next start has removed what was left");
}
