/* One key, one effect, wherever the luck of the moment takes it: many clients at once, and a server
 * that is killed while they ask. A restart is what is asked for: each makes a new generation, so
 * that effects can be counted. DOGSHORE_ROUNDS=N for another number of rounds, DOGSHORE_SEED=N for
 * other moments. */
#include "base/rng.h"
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 32, KEYS = 20, KILLS = 50, TRIES_MOST = 12, TIMEOUT_SECONDS = 280 };

#define WEB "/v1/deployments/web"

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(idempotency_race, .fini = release, .timeout = TIMEOUT_SECONDS);

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void start(void)
{
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
}

/* Asks for a restart under a key; true when it was answered. */
static bool restart(struct http_client *client, const char *key, struct http_reply *reply)
{
    char header[64];
    const char *headers[] = {header, NULL};
    snprintf(header, sizeof header, "Idempotency-Key: %s", key);
    struct http_call call = {.method = "POST", .path = WEB "/restart", .headers = headers};
    http_do(client, &call, reply);
    return reply->status != 0;
}

static int64_t generation(void)
{
    static const char key[] = "\"generation\":";
    struct http_client client;
    struct http_reply reply;
    http_client_open(&client, &server);
    http_do(&client, &(struct http_call){.path = WEB}, &reply);
    cr_assert_eq(reply.status, 200, "%s", reply.error);
    const char *found = strstr(reply.body.bytes, key);
    cr_assert_not_null(found);
    int64_t number = strtoll(found + sizeof key - 1, NULL, 10);
    http_reply_release(&reply);
    http_client_close(&client);
    return number;
}

/* ---- many at once ---- */

struct crowd {
    pthread_barrier_t start, end;
    char key[32];
    bool over;
};

struct member {
    struct crowd *crowd;
    pthread_t thread;
    struct http_reply reply;
};

static void *ask_with_all(void *argument)
{
    struct member *member = argument;
    struct http_client client;
    http_client_open(&client, &server);
    for (;;) {
        pthread_barrier_wait(&member->crowd->start);
        if (member->crowd->over) break;
        restart(&client, member->crowd->key, &member->reply);
        pthread_barrier_wait(&member->crowd->end);
    }
    http_client_close(&client);
    return NULL;
}

static void expect_one_effect(struct member members[static CLIENTS], int64_t before)
{
    size_t first = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        struct http_reply *reply = &members[i].reply;
        cr_assert_eq(reply->status, 200, "%s %s", reply->error, text_string(&reply->body));
        cr_assert_str_eq(reply->body.bytes, members[0].reply.body.bytes);
        if (http_reply_header(reply, "Idempotency-Replayed") == NULL) first++;
    }
    cr_assert_eq(first, 1, "%zu were not replayed", first);
    cr_assert_eq(generation(), before + 1);
}

Test(idempotency_race, of_many_at_once_one_has_an_effect)
{
    struct crowd crowd = {.over = false};
    struct member members[CLIENTS];
    start();
    pthread_barrier_init(&crowd.start, NULL, CLIENTS + 1);
    pthread_barrier_init(&crowd.end, NULL, CLIENTS + 1);
    for (size_t i = 0; i < CLIENTS; i++) {
        members[i] = (struct member){.crowd = &crowd};
        cr_assert_eq(pthread_create(&members[i].thread, NULL, ask_with_all, &members[i]), 0);
    }
    for (uint64_t key = 0; key < setting("DOGSHORE_ROUNDS", KEYS); key++) {
        int64_t before = generation();
        snprintf(crowd.key, sizeof crowd.key, "all-%" PRIu64, key);
        pthread_barrier_wait(&crowd.start);
        pthread_barrier_wait(&crowd.end);
        expect_one_effect(members, before);
        for (size_t i = 0; i < CLIENTS; i++)
            http_reply_release(&members[i].reply);
    }
    crowd.over = true;
    pthread_barrier_wait(&crowd.start);
    for (size_t i = 0; i < CLIENTS; i++)
        pthread_join(members[i].thread, NULL);
    pthread_barrier_destroy(&crowd.start);
    pthread_barrier_destroy(&crowd.end);
}

/* ---- a server that dies ---- */

/* A client that sends one key after the other, each until it is answered. */
struct stubborn {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t tries; /* begun so far */
    int64_t starts;
    int64_t keys, replayed, bad;
    bool over;
};

static void begin_try(struct stubborn *stubborn)
{
    pthread_mutex_lock(&stubborn->lock);
    stubborn->tries++;
    pthread_cond_broadcast(&stubborn->moved);
    pthread_mutex_unlock(&stubborn->lock);
}

/* After a try that nobody has answered: until another server is there. */
static void await_server(struct stubborn *stubborn, int64_t had)
{
    pthread_mutex_lock(&stubborn->lock);
    while (stubborn->starts == had)
        pthread_cond_wait(&stubborn->moved, &stubborn->lock);
    pthread_mutex_unlock(&stubborn->lock);
}

static int64_t starts_of(struct stubborn *stubborn, bool *over)
{
    pthread_mutex_lock(&stubborn->lock);
    int64_t starts = stubborn->starts;
    *over = stubborn->over;
    pthread_mutex_unlock(&stubborn->lock);
    return starts;
}

static void note_answer(struct stubborn *stubborn, struct http_reply *reply)
{
    if (reply->status != 200) stubborn->bad++;
    if (http_reply_header(reply, "Idempotency-Replayed") != NULL) stubborn->replayed++;
}

/* The server may say that it is going: then it is asked again. */
static void send_until_answered(struct stubborn *stubborn, const char *key)
{
    for (bool answered = false; !answered;) {
        struct http_client client;
        struct http_reply reply;
        bool over;
        int64_t starts = starts_of(stubborn, &over);
        http_client_open(&client, &server);
        begin_try(stubborn);
        answered = restart(&client, key, &reply);
        if (answered) note_answer(stubborn, &reply);
        http_reply_release(&reply);
        http_client_close(&client);
        if (!answered) await_server(stubborn, starts);
    }
}

static void *send_keys(void *argument)
{
    struct stubborn *stubborn = argument;
    for (bool over = false; !over; stubborn->keys++) {
        char key[32];
        snprintf(key, sizeof key, "key-%" PRId64, stubborn->keys);
        send_until_answered(stubborn, key);
        starts_of(stubborn, &over);
    }
    return NULL;
}

static void await_tries(struct stubborn *stubborn, int64_t more)
{
    pthread_mutex_lock(&stubborn->lock);
    int64_t wanted = stubborn->tries + more;
    while (stubborn->tries < wanted)
        pthread_cond_wait(&stubborn->moved, &stubborn->lock);
    pthread_mutex_unlock(&stubborn->lock);
}

static void note_start(struct stubborn *stubborn, bool over)
{
    pthread_mutex_lock(&stubborn->lock);
    stubborn->starts++;
    stubborn->over = over;
    pthread_cond_broadcast(&stubborn->moved);
    pthread_mutex_unlock(&stubborn->lock);
}

/* A try has begun; the kill meets it anywhere between the socket and the reply. */
static void meet(struct rng *rng)
{
    for (uint64_t turns = rng_below(rng, 20000); turns > 0; turns--)
        sched_yield();
}

/* What was answered is answered again, and nothing happens again. */
static void expect_replays(const struct stubborn *stubborn)
{
    struct http_client client;
    http_client_open(&client, &server);
    for (int64_t i = 0; i < stubborn->keys; i++) {
        char key[32];
        struct http_reply reply;
        snprintf(key, sizeof key, "key-%" PRId64, i);
        cr_assert(restart(&client, key, &reply), "%s", reply.error);
        cr_assert_eq(reply.status, 200, "%s", text_string(&reply.body));
        cr_assert_not_null(http_reply_header(&reply, "Idempotency-Replayed"), "%s", key);
        http_reply_release(&reply);
    }
    http_client_close(&client);
}

Test(idempotency_race, a_key_outlives_a_server_that_is_killed_at_any_moment)
{
    struct stubborn stubborn = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                .moved = PTHREAD_COND_INITIALIZER};
    struct rng rng;
    pthread_t thread;
    uint64_t kills = setting("DOGSHORE_ROUNDS", KILLS);
    rng_seed(&rng, setting("DOGSHORE_SEED", 1));
    start();
    int64_t before = generation();
    cr_assert_eq(pthread_create(&thread, NULL, send_keys, &stubborn), 0);
    for (uint64_t i = 1; i <= kills; i++) {
        await_tries(&stubborn, 1 + (int64_t)rng_below(&rng, TRIES_MOST));
        meet(&rng);
        http_server_kill(&server);
        http_server_start(&server);
        note_start(&stubborn, i == kills);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(stubborn.bad, 0, "%" PRId64 " answers were not 200", stubborn.bad);
    cr_assert_eq(generation(), before + stubborn.keys, "%" PRId64 " keys, %" PRId64 " replayed",
                 stubborn.keys, stubborn.replayed);
    expect_replays(&stubborn);
    cr_assert_eq(generation(), before + stubborn.keys);
}
