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
