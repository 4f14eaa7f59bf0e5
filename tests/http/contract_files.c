/* The contract and its pages as clients fetch them. */
#include "support/http_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct http_server server;
static struct http_client client;
static struct http_reply reply;

static void open_all(void)
{
    http_server_start(&server);
    http_client_open(&client, &server);
}

static void close_all(void)
{
    http_reply_release(&reply);
    http_client_close(&client);
    http_server_release(&server);
}

TestSuite(contract_files, .init = open_all, .fini = close_all, .timeout = 120);

static const struct {
    const char *path, *type, *holds;
} files[] = {
    {"/openapi.yaml", "application/yaml", "openapi: 3.1.0"},
    {"/openapi.json", "application/json", "\"openapi\":\"3.1.0\""},
    {"/v1/schema/deployment.json", "application/schema+json", "\"#/$defs/DeploymentDocument\""},
    {"/docs", "text/html; charset=utf-8", "docs/viewer.js"},
    {"/docs/viewer.js", "text/javascript; charset=utf-8", "openapi.json"},
    {"/docs/viewer.css", "text/css; charset=utf-8", "prefers-color-scheme"},
};
enum { FILES = sizeof files / sizeof files[0] };

/* Nobody has to show a token. */
static int call(const char *method, const char *path, const char *const *headers)
{
    http_reply_release(&reply);
    http_do(&client,
            &(struct http_call){.method = method, .path = path, .token = "", .headers = headers},
            &reply);
    return reply.status;
}

static void expect_header(const char *path, const char *name, const char *value)
{
    const char *got = http_reply_header(&reply, name);
    cr_assert(got != NULL && strcmp(got, value) == 0, "%s: %s is %s, not %s", path, name,
              got == NULL ? "absent" : got, value);
}

Test(contract_files, are_open_to_everybody)
{
    for (size_t i = 0; i < FILES; i++) {
        cr_assert_eq(call("GET", files[i].path, NULL), 200, "%s", files[i].path);
        expect_header(files[i].path, "Content-Type", files[i].type);
        expect_header(files[i].path, "Cache-Control", "no-cache");
        expect_header(files[i].path, "X-Content-Type-Options", "nosniff");
        cr_assert_not_null(strstr(text_string(&reply.body), files[i].holds), "%s", files[i].path);
    }
}

Test(contract_files, answer_head_with_the_same_headers)
{
    for (size_t i = 0; i < FILES; i++) {
        char bytes[32];
        cr_assert_eq(call("GET", files[i].path, NULL), 200);
        snprintf(bytes, sizeof bytes, "%zu", reply.body.length);
        cr_assert_eq(call("HEAD", files[i].path, NULL), 200);
        expect_header(files[i].path, "Content-Length", bytes);
        expect_header(files[i].path, "Content-Type", files[i].type);
        cr_assert_eq(reply.body.length, 0);
    }
}

Test(contract_files, are_not_sent_again_to_those_who_have_them)
{
    for (size_t i = 0; i < FILES; i++) {
        char condition[128];
        cr_assert_eq(call("GET", files[i].path, NULL), 200);
        snprintf(condition, sizeof condition, "If-None-Match: %s",
                 http_reply_header(&reply, "ETag"));
        const char *const headers[] = {condition, NULL};
        cr_assert_eq(call("GET", files[i].path, headers), 304, "%s", files[i].path);
        cr_assert_eq(reply.body.length, 0);
    }
}

Test(contract_files, the_page_loads_nothing_from_elsewhere)
{
    cr_assert_eq(call("GET", "/docs", NULL), 200);
    const char *policy = http_reply_header(&reply, "Content-Security-Policy");
    cr_assert_not_null(policy);
    cr_assert_not_null(strstr(policy, "default-src 'none'"));
    cr_assert_null(strstr(policy, "unsafe"));
    for (size_t i = 0; i < FILES; i++) {
        if (strncmp(files[i].path, "/docs", 5) != 0) continue;
        cr_assert_eq(call("GET", files[i].path, NULL), 200);
        cr_assert_null(strstr(text_string(&reply.body), "://"), "%s", files[i].path);
    }
    cr_assert_eq(call("GET", "/openapi.json", NULL), 200);
    cr_assert_null(http_reply_header(&reply, "Content-Security-Policy"));
}
