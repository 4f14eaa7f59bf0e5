/* Clients that race for one deployment with the entity tag that all of them have read: one wins,
 * the others are told, and nobody's change is lost. DOGSHORE_ROUNDS=N for another number of rounds.
 */
#include "support/http_client.h"
#include "support/http_objects.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 32, ROUNDS = 200, BODY_BYTES = 512, TIMEOUT_SECONDS = 280 };

#define WEB "/v1/deployments/web"

static struct http_server server;

static void release(void)
{
    http_server_release(&server);
}

TestSuite(if_match, .fini = release, .timeout = TIMEOUT_SECONDS);

static int rounds(void)
{
    const char *text = getenv("DOGSHORE_ROUNDS");
    return text != NULL ? (int)strtol(text, NULL, 10) : ROUNDS;
}

/* ---- one client ---- */

struct race {
    pthread_barrier_t start, end;
    char condition[160]; /* "If-Match: …" of this round */
    int round;
    bool over;
};

struct racer {
    struct race *race;
    pthread_t thread;
    int number, status;
};

/* The even ones send a patch, the others the whole document; each wants something else. */
static void write_body(const struct racer *racer, char body[static BODY_BYTES])
{
    static const char spec[] = "\"replicas\": 0, \"template\": {\"version\": \"1\", \"command\": "
                               "[\"./serve\"]}";
    bool whole = racer->number % 2 == 1;
    snprintf(body, BODY_BYTES, "{\"description\": \"%d of round %d\"%s%s%s}", racer->number,
             racer->race->round, whole ? ", \"spec\": {" : "", whole ? spec : "", whole ? "}" : "");
}

static void take_part(struct racer *racer, struct http_client *client)
{
    char body[BODY_BYTES];
    bool patches = racer->number % 2 == 0;
    const char *headers[] = {racer->race->condition, NULL};
    struct http_reply reply;
    write_body(racer, body);
    struct http_call call = {.method = patches ? "PATCH" : "PUT",
                             .path = WEB,
                             .headers = headers,
                             .body = body,
                             .content_type = patches ? "application/merge-patch+json" : NULL};
    http_do(client, &call, &reply);
    racer->status = reply.status;
    http_reply_release(&reply);
}

static void *run(void *argument)
{
    struct racer *racer = argument;
    struct http_client client;
    http_client_open(&client, &server);
    for (;;) {
        pthread_barrier_wait(&racer->race->start);
        if (racer->race->over) break;
        take_part(racer, &client);
        pthread_barrier_wait(&racer->race->end);
    }
    http_client_close(&client);
    return NULL;
}

/* ---- a round ---- */

static void read_web(struct http_client *client, struct http_reply *reply)
{
    http_do(client, &(struct http_call){.path = WEB}, reply);
    cr_assert_eq(reply->status, 200, "%s", reply->error);
}

static int64_t generation(const struct http_reply *reply)
{
    static const char key[] = "\"generation\":";
    const char *found = strstr(reply->body.bytes, key);
    cr_assert_not_null(found);
    return strtoll(found + sizeof key - 1, NULL, 10);
}

static int find_winner(const struct racer racers[static CLIENTS], int round)
{
    int winner = -1;
    for (int i = 0; i < CLIENTS; i++) {
        if (racers[i].status == 200) {
            cr_assert_eq(winner, -1, "round %d: both %d and %d have won", round, winner, i);
            winner = i;
        } else {
            cr_assert_eq(racers[i].status, 412, "round %d: %d got %d", round, i, racers[i].status);
        }
    }
    cr_assert_neq(winner, -1, "round %d: nobody has won", round);
    return winner;
}

static void run_round(struct race *race, struct racer racers[static CLIENTS],
                      struct http_client *client)
{
    struct http_reply reply;
    char expected[64];
    read_web(client, &reply);
    int64_t before = generation(&reply);
    snprintf(race->condition, sizeof race->condition, "If-Match: %s",
             http_reply_header(&reply, "ETag"));
    http_reply_release(&reply);

    pthread_barrier_wait(&race->start);
    pthread_barrier_wait(&race->end);

    int winner = find_winner(racers, race->round);
    snprintf(expected, sizeof expected, "\"%d of round %d\"", winner, race->round);
    read_web(client, &reply);
    cr_assert_not_null(strstr(reply.body.bytes, expected), "%s is not in %s", expected,
                       reply.body.bytes);
    cr_assert_eq(generation(&reply), before + 1, "round %d", race->round);
    http_reply_release(&reply);
}

Test(if_match, of_clients_with_the_same_tag_one_wins_each_round)
{
    struct race race = {.over = false};
    struct racer racers[CLIENTS];
    struct http_client client;
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    pthread_barrier_init(&race.start, NULL, CLIENTS + 1);
    pthread_barrier_init(&race.end, NULL, CLIENTS + 1);
    for (int i = 0; i < CLIENTS; i++) {
        racers[i] = (struct racer){.race = &race, .number = i};
        cr_assert_eq(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
    }
    http_client_open(&client, &server);
    for (race.round = 1; race.round <= rounds(); race.round++)
        run_round(&race, racers, &client);
    race.over = true;
    pthread_barrier_wait(&race.start);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(racers[i].thread, NULL);
    http_client_close(&client);
    pthread_barrier_destroy(&race.start);
    pthread_barrier_destroy(&race.end);
}

/* Without a condition: each is merged with what the others have left. */
Test(if_match, patches_of_different_fields_lose_nothing_of_each_other)
{
    struct http_async patches[CLIENTS];
    char bodies[CLIENTS][64], label[32];
    struct http_client client;
    struct http_reply reply;
    http_server_start(&server);
    cr_assert_eq(http_put_deployment(&server, "web", "1", 0), 201);
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(bodies[i], sizeof bodies[i], "{\"labels\": {\"k%d\": \"v\"}}", i);
        patches[i] = (struct http_async){.server = &server,
                                         .call = {.method = "PATCH",
                                                  .path = WEB,
                                                  .body = bodies[i],
                                                  .content_type = "application/merge-patch+json"}};
        http_async_start(&patches[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct http_reply *patched = http_async_wait(&patches[i]);
        cr_assert_eq(patched->status, 200, "%s", text_string(&patched->body));
        http_reply_release(patched);
    }
    http_client_open(&client, &server);
    read_web(&client, &reply);
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(label, sizeof label, "\"k%d\":\"v\"", i);
        cr_assert_not_null(strstr(reply.body.bytes, label), "%s", label);
    }
    cr_assert_eq(generation(&reply), 1 + CLIENTS);
    http_reply_release(&reply);
    http_client_close(&client);
}
