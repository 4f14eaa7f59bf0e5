/* Tokens and values of env stay where they belong. One run uses planted ones in every way, good and
 * bad; then everything that the server wrote or told is searched for them: its log, its command
 * line and environment, its database, events, metrics, problems, and all that a token of scope read
 * may see. */
#include "support/http_client.h"
#include "support/http_objects.h"
#include "support/http_raw.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 8 * 1024 * 1024, TOKENS_MAX = 8 };

static struct http_server server = {.arguments = {"--log-level=debug"}};
static struct http_client client;
static struct text told; /* everything, of which each piece begins with a line that names it */
static char tokens[TOKENS_MAX][HTTP_SERVER_TOKEN_BYTES];
static size_t token_count;

#define ENV_SECRET "canary-env-0f3a"
#define WRONG_SECRET "canary-wrong-token-71b2"
/* The line of /proc/PID/limits: soft, hard. */
#define NO_CORE "Max core file size        0                    0                    bytes"
#define NODE_SECRET "canary-node-token-0123456789012345678901234567890"

static void open_all(void)
{
    text_init(&told, NULL);
    http_server_start(&server);
    http_client_open(&client, &server);
}

static void close_all(void)
{
    text_release(&told);
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(secrets, .init = open_all, .fini = close_all, .timeout = 120);

static void tell(const char *name, const char *bytes, size_t count)
{
    text_printf(&told, "\n== %s\n", name);
    for (size_t i = 0; i < count; i++)
        text_add_char(&told, bytes[i] == '\0' ? ' ' : bytes[i]);
}

static void tell_file(const char *path)
{
    static char bytes[FILE_BYTES_MAX];
    FILE *file = fopen(path, "re");
    if (file == NULL) return;
    size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    tell(path, bytes, count);
}

/* The status; a reply that nobody must learn a secret from is kept. */
static int call(const struct http_call *call_, bool keep)
{
    struct http_reply reply;
    char name[256];
    http_do(&client, call_, &reply);
    snprintf(name, sizeof name, "%s %.*s: %d", call_->method != NULL ? call_->method : "GET",
             (int)strcspn(call_->path, "?"), call_->path, reply.status);
    if (keep || reply.status >= 400) {
        tell(name, text_string(&reply.headers), reply.headers.length);
        tell(name, text_string(&reply.body), reply.body.length);
    }
    int status = reply.status;
    http_reply_release(&reply);
    return status;
}

static int send(const char *method, const char *path, const char *body)
{
    bool patch = strcmp(method, "PATCH") == 0;
    return call(&(struct http_call){.method = method,
                                    .path = path,
                                    .body = body,
                                    .content_type = patch ? "application/merge-patch+json" : NULL},
                false);
}

static const char *make_token(const char *path, const char *body)
{
    struct http_reply reply;
    char *token = tokens[token_count++];
    http_do(&client, &(struct http_call){.method = "POST", .path = path, .body = body}, &reply);
    const char *start = strstr(text_string(&reply.body), "\"token\":\"");
    cr_assert_not_null(start, "%s: %d %s", path, reply.status, text_string(&reply.body));
    start += strlen("\"token\":\"");
    snprintf(token, HTTP_SERVER_TOKEN_BYTES, "%.*s", (int)strcspn(start, "\""), start);
    http_reply_release(&reply);
    return token;
}

#define SPEC(env, more)                                                                            \
    "{\"spec\": {\"replicas\": 0, \"template\": {\"version\": \"1\", \"command\": [\"x\"], "       \
    "\"env\": {" env "}" more "}}}"

/* Written, planned, tried, refused in each way that shows where it went wrong. */
static void use_env(void)
{
    static const struct {
        const char *method, *path, *body;
    } writes[] = {
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET "\"", "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET "2\"", "")},
        {"PUT", "/v1/deployments/dry?dry_run=true", SPEC("\"A\": \"" ENV_SECRET "\"", "")},
        {"POST", "/v1/deployments/web/plan", SPEC("\"A\": \"" ENV_SECRET "3\"", "")},
        {"PATCH", "/v1/deployments/web",
         "{\"spec\": {\"template\": {\"env\": {\"B\": \"" ENV_SECRET "\"}}}}"},
        {"PUT", "/v1/deployments/web", SPEC("\"A=\": \"" ENV_SECRET "\"", "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": [\"" ENV_SECRET "\"]", "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": {\"" ENV_SECRET "\": 1}", "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET "\"", ", \"enw\": 1")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET "\", \"A\": \"\"", "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET "\\u0000\"", "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET, "")},
        {"PUT", "/v1/deployments/web", SPEC("\"A\": \"" ENV_SECRET "\"", "]")},
        {"PUT", "/v1/deployments/web",
         SPEC("\"A\": \"\xe2\x80\xa2\xe2\x80\xa2" ENV_SECRET "\"", "")},
        {"PUT", "/v1/deployments/web/scale", SPEC("\"A\": \"" ENV_SECRET "\"", "")},
        {"POST", "/v1/deployments/web/pause", SPEC("\"A\": \"" ENV_SECRET "\"", "")},
        {"PUT", "/v1/nowhere", SPEC("\"A\": \"" ENV_SECRET "\"", "")},
        {"POST", "/v1/deployments/web/rollback", "{\"revision\": 1}"},
        {"POST", "/v1/deployments/web/restart", NULL},
    };
    int refused = 0;
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++)
        refused += send(writes[i].method, writes[i].path, writes[i].body) >= 400;
    cr_assert_gt(refused, 8);
    cr_assert_eq(send("GET", "/v1/deployments/web", NULL), 200);
}

static void use_tokens(void)
{
    static const char registration[] = "{\"token\": \"" NODE_SECRET "\", \"address\": \"a\", "
                                       "\"boot_id\": \"b\"}";
    const char *reader = make_token("/v1/tokens", "{\"name\": \"reader\", \"scope\": \"read\"}");
    make_token("/v1/tokens",
               "{\"name\": \"ci\", \"scope\": \"deploy\", \"expires_in_seconds\": 9}");
    make_token("/v1/tokens/join/rotate", NULL);
    call(&(struct http_call){.path = "/v1/whoami", .token = reader}, true);
    call(&(struct http_call){.method = "DELETE", .path = "/v1/deployments/web", .token = reader},
         true);
    call(&(struct http_call){.path = "/v1/whoami", .token = WRONG_SECRET}, true);
    call(&(struct http_call){.path = "/v1/deployments?access_token=" WRONG_SECRET}, true);
    cr_assert_eq(send("PUT", "/v1/nodes/n1", registration), 201);
    call(&(struct http_call){.path = "/v1/nodes/n1/assignments", .token = NODE_SECRET}, true);
    call(&(struct http_call){.path = "/v1/nodes/n2/assignments", .token = NODE_SECRET}, true);
    send("POST", "/v1/nodes/n1/report", "{\"token\": \"" NODE_SECRET "\"}");
    send("PUT", "/v1/nodes/n1", "{\"token\": \"" NODE_SECRET " \", \"address\": 1}");
    send("PUT", "/v1/nodes/n1", "{\"token\": [\"" NODE_SECRET "\"]}");
    send("POST", "/v1/tokens",
         "{\"name\": \"a\", \"scope\": \"read\", \"token\": \"" WRONG_SECRET "\"}");
}

/* Headers that break a request before it is understood. */
static void use_broken_requests(void)
{
    static const char *const lines[] = {"Authorization: Bearer %s\r\nAuthorization: Bearer x\r\n",
                                        "Authorization: Bearer %s \001\r\n",
                                        "Authorization: Basic %s\r\n",
                                        "Authorization: %s\r\n",
                                        "Authorization : Bearer %s\r\n",
                                        "Authorization: Bearer %s\nX: 1\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct text request, reply;
        text_init(&request, NULL);
        text_init(&reply, NULL);
        const char *at = strstr(lines[i], "%s");
        text_printf(&request,
                    "GET /v1/deployments HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                    "%.*s%s%s\r\n",
                    (int)(at - lines[i]), lines[i], server.admin_token, at + 2);
        http_raw_exchange(&server, request.bytes, request.length, &reply);
        tell(lines[i], text_string(&reply), reply.length);
        text_release(&request);
        text_release(&reply);
    }
}

static void collect(void)
{
    static const char *const shown[] = {"/v1/deployments",
                                        "/v1/deployments/web",
                                        "/v1/deployments/web/status",
                                        "/v1/deployments/web/explain",
                                        "/v1/deployments/web/events?limit=500",
                                        "/v1/deployments/web/revisions",
                                        "/v1/deployments/web/revisions/1",
                                        "/v1/deployments/web/revisions/1/diff?against=2",
                                        "/v1/deployments/web/rollouts",
                                        "/v1/deployments?fields=spec.template.env",
                                        "/v1/events?limit=500",
                                        "/v1/nodes",
                                        "/v1/nodes/n1",
                                        "/v1/replicas",
                                        "/v1/summary",
                                        "/v1/labels",
                                        "/v1/sd/prometheus",
                                        "/metrics",
                                        "/version"};
    static const char *const by_admin[] = {"/v1/events?limit=500", "/v1/tokens", "/metrics",
                                           "/v1/nodes/n1", "/v1/tokens/admin"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        cr_assert_eq(call(&(struct http_call){.path = shown[i], .token = tokens[0]}, true), 200,
                     "%s", shown[i]);
    for (size_t i = 0; i < sizeof by_admin / sizeof *by_admin; i++)
        cr_assert_eq(call(&(struct http_call){.path = by_admin[i]}, true), 200, "%s", by_admin[i]);
    static const char *const of_process[] = {"cmdline", "environ", "limits", "status"};
    char path[HTTP_SERVER_PATH_BYTES + 32];
    for (size_t i = 0; i < sizeof of_process / sizeof *of_process; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", (int)server.pid, of_process[i]);
        tell_file(path);
    }
    snprintf(path, sizeof path, "%s/log", server.folder);
    tell_file(path);
}

static void expect_untold(const char *secret)
{
    const char *found = strstr(text_string(&told), secret);
    if (found == NULL) return;
    const char *start = found - text_string(&told) > 300 ? found - 300 : text_string(&told);
    cr_assert(false, "a secret was told: %.400s", start);
}

Test(secrets, are_told_to_nobody)
{
    use_env();
    use_tokens();
    use_broken_requests();
    collect();
    cr_assert_not_null(strstr(text_string(&told), "event=request"), "the log is searched");
    cr_assert_not_null(strstr(text_string(&told), NO_CORE), "a core file would hold them");
    expect_untold(ENV_SECRET);
    expect_untold(WRONG_SECRET);
    expect_untold(NODE_SECRET);
    expect_untold(server.admin_token);
    expect_untold(server.join_token);
    for (size_t i = 0; i < token_count; i++)
        expect_untold(tokens[i]);
}

/* What the disk holds of tokens is their keyed hashes. */
Test(secrets, of_tokens_are_not_in_the_database)
{
    static const char *const files[] = {"dogshore.db", "dogshore.db-wal"};
    char path[HTTP_SERVER_PATH_BYTES + 32];
    use_tokens();
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", server.data_dir, files[i]);
        tell_file(path);
    }
    cr_assert_not_null(strstr(text_string(&told), "node/n1"), "the database is searched");
    expect_untold(NODE_SECRET);
    expect_untold(server.admin_token);
    for (size_t i = 0; i < token_count; i++)
        expect_untold(tokens[i]);
}
