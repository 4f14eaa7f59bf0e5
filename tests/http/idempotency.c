/* One key, one effect: also when many ask at once, and when the server dies. */
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 32 };

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(idempotency, .fini = release, .timeout = 120);

static const char path[] = "/v1/deployments";
static const char *const key[] = {"Idempotency-Key: \"one\"", NULL};

static struct http_call post(const char *body)
{
    return (struct http_call){.method = "POST", .path = path, .headers = key, .body = body};
}

/* As it was sent: http_deployment()'s memory is used again. */
static char *deployment(const char *version)
{
    return strdup(http_deployment("web", version, 1));
}

static void send(const struct http_call *call, struct http_reply *reply)
{
    struct http_client client;
    http_client_open(&client, &server);
    http_do(&client, call, reply);
    http_client_close(&client);
}

static bool is_replayed(struct http_reply *reply)
{
    const char *value = http_reply_header(reply, "Idempotency-Replayed");
    cr_assert(value == NULL || strcmp(value, "true") == 0);
    return value != NULL;
}

static char *header(struct http_reply *reply, const char *name)
{
    const char *value = http_reply_header(reply, name);
    cr_assert_not_null(value, "%s", name);
    return strdup(value);
}

static void expect_same(struct http_reply *first, struct http_reply *again)
{
    static const char *const names[] = {"ETag", "X-Index", "Location", "Content-Type"};
    cr_assert_eq(first->status, again->status, "%s", text_string(&again->body));
    cr_assert_str_eq(text_string(&first->body), text_string(&again->body));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *one = header(first, names[i]), *other = header(again, names[i]);
        cr_assert_str_eq(one, other, "%s", names[i]);
        free(one);
        free(other);
    }
}

Test(idempotency, many_at_once_have_one_effect)
{
    struct http_async calls[AT_ONCE];
    char *body = deployment("1");
    http_server_start(&server);
    for (size_t i = 0; i < AT_ONCE; i++) {
        calls[i] = (struct http_async){.server = &server, .call = post(body)};
        http_async_start(&calls[i]);
    }
    struct http_reply *first = http_async_wait(&calls[0]);
    size_t replayed = is_replayed(first) ? 1 : 0;
    cr_assert_eq(first->status, 201, "%s %s", first->error, text_string(&first->body));
    for (size_t i = 1; i < AT_ONCE; i++) {
        struct http_reply *reply = http_async_wait(&calls[i]);
        if (is_replayed(reply)) replayed++;
        expect_same(first, reply);
        http_reply_release(reply);
    }
    http_reply_release(first);
    cr_assert_eq(replayed, AT_ONCE - 1);
    free(body);
}

Test(idempotency, a_reply_outlives_the_server)
{
    struct http_reply first, again;
    char *body = deployment("1"), *other = deployment("2");
    http_server_start(&server);
    send(&(struct http_call){.method = "POST", .path = path, .headers = key, .body = body}, &first);
    cr_assert_eq(first.status, 201);
    cr_assert_not(is_replayed(&first));
    http_server_kill(&server);
    http_server_start(&server);
    struct http_call call = post(body);
    send(&call, &again);
    cr_assert(is_replayed(&again));
    expect_same(&first, &again);
    http_reply_release(&again);
    call.body = other;
    send(&call, &again);
    cr_assert_eq(again.status, 422);
    cr_assert_not_null(strstr(text_string(&again.body), "\"idempotency_mismatch\""));
    http_reply_release(&again);
    http_reply_release(&first);
    free(body);
    free(other);
}

/* The commit is on disk, nobody was told: the client asks again and learns what happened. */
Test(idempotency, a_death_between_commit_and_reply_is_no_second_effect)
{
    struct http_reply reply;
    char *body = deployment("1");
    http_server_start(&server);
    http_server_stop(&server);
    server.failpoints = "writer.reply.before=panic";
    http_server_start(&server);
    struct http_call call = post(body);
    send(&call, &reply);
    cr_assert_eq(reply.status, 0, "%d", reply.status);
    http_reply_release(&reply);
    cr_assert_eq(http_server_wait(&server), 128 + SIGKILL);
    server.failpoints = NULL;
    http_server_start(&server);
    send(&call, &reply);
    cr_assert_eq(reply.status, 201, "%s", text_string(&reply.body));
    cr_assert(is_replayed(&reply));
    http_reply_release(&reply);
    free(body);
}

Test(idempotency, two_keys_are_refused)
{
    static const char *const keys[] = {"Idempotency-Key: a", "Idempotency-Key: b", NULL};
    static const char *const empty[] = {"Idempotency-Key;", NULL};
    struct http_reply reply;
    char *body = deployment("1");
    http_server_start(&server);
    struct http_call call = {.method = "POST", .path = path, .headers = keys, .body = body};
    send(&call, &reply);
    cr_assert_eq(reply.status, 400);
    http_reply_release(&reply);
    call.headers = empty;
    send(&call, &reply);
    cr_assert_eq(reply.status, 400);
    http_reply_release(&reply);
    free(body);
}
