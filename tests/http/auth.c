/* Who may: the first tokens, their files, and what becomes of tokens that end. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(auth, .fini = release, .timeout = 120);

static int status_with(const char *method, const char *path, const char *authorization,
                       const char *body)
{
    struct http_client client;
    struct http_reply reply;
    const char *const headers[] = {authorization, NULL};
    http_client_open(&client, &server);
    http_do(&client,
            &(struct http_call){
                .method = method, .path = path, .token = "", .headers = headers, .body = body},
            &reply);
    int status = reply.status;
    bool challenged = http_reply_header(&reply, "WWW-Authenticate") != NULL;
    cr_assert_eq(challenged, status == 401, "%d with %s", status, authorization);
    http_reply_release(&reply);
    http_client_close(&client);
    return status;
}

static int status_with_token(const char *method, const char *path, const char *token,
                             const char *body)
{
    char line[256];
    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    return status_with(method, path, line, body);
}

Test(auth, only_a_known_bearer_token_opens)
{
    http_server_start(&server);
    char almost[HTTP_SERVER_TOKEN_BYTES], line[256];
    snprintf(almost, sizeof almost, "%s", server.admin_token);
    almost[strlen(almost) - 1] ^= 1;
    static const char path[] = "/v1/deployments";
    cr_assert_eq(status_with("GET", path, NULL, NULL), 401);
    cr_assert_eq(status_with("GET", path, "Authorization: Basic YTpi", NULL), 401);
    cr_assert_eq(status_with("GET", path, "Authorization: Bearer", NULL), 401);
    cr_assert_eq(status_with("GET", path, "Authorization: Bearer a b", NULL), 401);
    cr_assert_eq(status_with_token("GET", path, almost, NULL), 401);
    cr_assert_eq(status_with_token("GET", path, server.admin_token, NULL), 200);
    cr_assert_eq(status_with_token("GET", path, almost, NULL), 401);
    snprintf(line, sizeof line, "Authorization: bEARER %s", server.admin_token);
    cr_assert_eq(status_with("GET", path, line, NULL), 200);
    cr_assert_eq(status_with("GET", "/livez", NULL, NULL), 200);
}

Test(auth, the_join_token_only_joins)
{
    http_server_start(&server);
    cr_assert_eq(status_with_token("GET", "/v1/deployments", server.join_token, NULL), 403);
    cr_assert_eq(status_with_token("PUT", "/v1/deployments/web", server.join_token,
                                   http_deployment("web", "1", 1)),
                 403);
}

Test(auth, secrets_are_in_private_files_and_nowhere_else)
{
    static const char *const names[] = {"admin.token", "join.token"};
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    http_put_deployment(&server, "web", "1", 1);
    char *log = http_server_log(&server);
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", server.data_dir, names[i]);
        cr_assert_eq(stat(path, &status), 0);
        cr_assert_eq(status.st_mode & 07777, 0600);
        char *secret = http_server_file(&server, names[i]);
        cr_assert_gt(strlen(secret), 40);
        cr_assert_null(strstr(log, secret + 4));
        free(secret);
    }
    free(log);
}

Test(auth, tokens_survive_a_restart_and_their_files_may_be_moved)
{
    http_server_start(&server);
    char kept[HTTP_SERVER_TOKEN_BYTES], path[512];
    snprintf(kept, sizeof kept, "%s", server.admin_token);
    http_server_stop(&server);
    snprintf(path, sizeof path, "%s/admin.token", server.data_dir);
    cr_assert_eq(unlink(path), 0);
    http_server_start(&server);
    cr_assert_eq(access(path, F_OK), -1, "no second admin token is made");
    cr_assert_eq(status_with_token("GET", "/v1/deployments", kept, NULL), 200);
}

/* The files are there, their rows are not: the next start makes these secrets good. */
Test(auth, a_crash_before_the_first_commit_leaves_no_unknown_token)
{
    server.failpoints = "writer.commit.before=panic";
    cr_assert_eq(http_server_run(&server), 128 + SIGKILL);
    char *written = http_server_file(&server, "admin.token");
    cr_assert_not_null(written);
    server.failpoints = NULL;
    http_server_start(&server);
    cr_assert_str_eq(server.admin_token, written);
    cr_assert_eq(status_with_token("GET", "/v1/deployments", written, NULL), 200);
    free(written);
}

Test(auth, a_token_file_that_others_may_read_is_refused)
{
    char path[512];
    server.failpoints = "writer.commit.before=panic";
    cr_assert_eq(http_server_run(&server), 128 + SIGKILL);
    snprintf(path, sizeof path, "%s/admin.token", server.data_dir);
    cr_assert_eq(chmod(path, 0644), 0);
    server.failpoints = NULL;
    cr_assert_eq(http_server_run(&server), 78);
}

static const char node_secret[] = "node-secret-0123456789abcdefghijklmnopqrstuvwxyz";

static int register_node(const char *token, const char *secret)
{
    char body[1024];
    snprintf(body, sizeof body,
             "{\"token\":\"%s\",\"cluster\":\"default\",\"labels\":{},\"address\":\"127.0.0.1\","
             "\"capacity\":{\"cpu_millis\":4000,\"memory_mib\":4096,\"gpus\":0},"
             "\"agent_version\":\"test\",\"boot_id\":\"b1\",\"drivers\":[\"process\"]}",
             secret);
    return status_with_token("PUT", "/v1/nodes/n1", token, body);
}

Test(auth, a_node_speaks_for_itself_until_it_is_removed)
{
    static const char own[] = "/v1/nodes/n1/assignments", other[] = "/v1/nodes/n2/assignments";
    http_server_start(&server);
    cr_assert_eq(status_with_token("GET", own, node_secret, NULL), 401);
    int status = register_node(server.join_token, node_secret);
    cr_assert(status == 200 || status == 201, "%d", status);
    cr_assert_eq(status_with_token("GET", own, node_secret, NULL), 200);
    cr_assert_eq(status_with_token("GET", other, node_secret, NULL), 403);
    cr_assert_eq(status_with_token("GET", "/v1/deployments", node_secret, NULL), 403);
    cr_assert_eq(status_with_token("GET", own, server.admin_token, NULL), 403);
    cr_assert_eq(http_status(&server, "DELETE", "/v1/nodes/n1?force=true", NULL) / 100, 2);
    cr_assert_eq(status_with_token("GET", own, node_secret, NULL), 401, "it is cached no more");
}

/* ---- tokens over the API ---- */

static char id[64], secret[128];

static void copy_string(const char *json, const char *name, char *to, size_t bytes)
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    const char *at = strstr(json, quoted);
    cr_assert_not_null(at, "%s in %s", name, json);
    at += strlen(quoted);
    snprintf(to, bytes, "%.*s", (int)strcspn(at, "\""), at);
}

/* A token of the answer: its id and secret. */
static void take_token(const char *method, const char *path, const char *body)
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.method = method, .path = path, .body = body}, &reply);
    cr_assert_eq(reply.status / 100, 2, "%s", text_string(&reply.body));
    copy_string(text_string(&reply.body), "id", id, sizeof id);
    copy_string(text_string(&reply.body), "token", secret, sizeof secret);
    http_reply_release(&reply);
    http_client_close(&client);
}

static const char *token_path(const char *tail)
{
    static char path[128];
    snprintf(path, sizeof path, "/v1/tokens/%s%s", id, tail);
    return path;
}

static bool was_used(void)
{
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = token_path("")}, &reply);
    bool never = strstr(text_string(&reply.body), "\"last_used_at\":null") != NULL;
    http_reply_release(&reply);
    http_client_close(&client);
    return !never;
}

static const char reader[] = "{\"name\":\"dashboard\",\"scope\":\"read\"}";

Test(auth, a_revoked_token_is_refused_on_the_next_request)
{
    static const char path[] = "/v1/deployments";
    server.arguments[0] = "--http-threads=2";
    http_server_start(&server);
    take_token("POST", "/v1/tokens", reader);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(status_with_token("GET", path, secret, NULL), 200);
    cr_assert_eq(http_status(&server, "DELETE", token_path(""), NULL), 204);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(status_with_token("GET", path, secret, NULL), 401);
}

Test(auth, a_rotated_secret_ends_the_old_one)
{
    char old[128];
    http_server_start(&server);
    take_token("POST", "/v1/tokens", reader);
    snprintf(old, sizeof old, "%s", secret);
    cr_assert_eq(status_with_token("GET", "/v1/whoami", old, NULL), 200);
    take_token("POST", token_path("/rotate"), NULL);
    cr_assert_eq(status_with_token("GET", "/v1/whoami", old, NULL), 401);
    cr_assert_eq(status_with_token("GET", "/v1/whoami", secret, NULL), 200);
}

Test(auth, the_last_use_is_remembered_until_a_restart)
{
    http_server_start(&server);
    take_token("POST", "/v1/tokens", reader);
    cr_assert_not(was_used());
    cr_assert_eq(status_with_token("GET", "/v1/whoami", secret, NULL), 200);
    cr_assert(was_used());
    http_server_stop(&server);
    http_server_start(&server);
    cr_assert_not(was_used());
    cr_assert_eq(status_with_token("GET", "/v1/whoami", secret, NULL), 200);
    cr_assert(was_used());
}

/* A poll that waits is no way to go on listening. */
Test(auth, a_parked_poll_learns_nothing_after_its_token_was_revoked)
{
    char path[128];
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    int64_t index = http_settled_index(&server, "web");
    take_token("POST", "/v1/tokens", reader);
    snprintf(path, sizeof path, "/v1/deployments/web?index=%lld&wait_seconds=60", (long long)index);
    struct http_async poll = {.server = &server, .call = {.path = path, .token = secret}};
    http_async_start(&poll);
    http_await_log(&server, "event=poll_parked");
    cr_assert_eq(http_status(&server, "DELETE", token_path(""), NULL), 204);
    cr_assert_eq(http_put_deployment(&server, "web", "2", 0), 200);
    struct http_reply *reply = http_async_wait(&poll);
    cr_assert_eq(reply->status, 401, "%d %s", reply->status, text_string(&reply->body));
    cr_assert_not_null(http_reply_header(reply, "WWW-Authenticate"));
    http_reply_release(reply);
}

/* Somebody else is the administrator now. */
Test(auth, first_tokens_that_were_revoked_stay_away)
{
    http_server_start(&server);
    take_token("POST", "/v1/tokens", "{\"name\":\"ann\",\"scope\":\"admin\"}");
    cr_assert_eq(http_status(&server, "DELETE", "/v1/tokens/join", NULL), 204);
    cr_assert_eq(http_status(&server, "DELETE", "/v1/tokens/admin", NULL), 204);
    http_server_stop(&server);
    http_server_start(&server);
    cr_assert_eq(status_with_token("GET", "/v1/whoami", server.admin_token, NULL), 401);
    cr_assert_eq(status_with_token("GET", "/v1/whoami", server.join_token, NULL), 401);
    cr_assert_eq(status_with_token("GET", "/v1/whoami", secret, NULL), 200);
}

Test(auth, no_secret_is_in_the_log)
{
    server.arguments[0] = "--log-level=debug";
    http_server_start(&server);
    take_token("POST", "/v1/tokens", reader);
    http_await_log(&server, id); /* the event, which is written after the reply */
    char *log = http_server_log(&server);
    cr_assert_null(strstr(log, secret + 4));
    free(log);
}
