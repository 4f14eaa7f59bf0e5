/* call.h: a call from its first try to its end, and the parts that client.c is made of.
 *
 * Ownership: a call owns its copy of the request, its easy handle and what came back; the client's
 * list holds it until it ends or is cancelled.
 */
#ifndef DOGSHORE_CLIENT_CALL_H
#define DOGSHORE_CLIENT_CALL_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/rng.h"
#include "base/text.h"
#include "client/client.h"
#include "client/curl_loop.h"

struct client {
    struct loop *loop;
    struct curl_loop *curl_loop;
    struct client_call *calls;
    struct rng rng; /* jitter */
    char *server;   /* no slash at the end */
    char *token, *ca_file, *user_agent;
};

struct client_call {
    struct client *client;
    struct client_call *next, **link;
    client_done *done;
    void *self;
    bool ended; /* `done` runs, and the call is no more in the client's list */

    struct arena arena; /* of the request; of the reply, unless reply_arena is another */
    struct arena *reply_arena;
    struct client_request request;
    const char *url;
    const char *token;

    struct loop_timer timer; /* of the next try */
    int64_t started_ms;
    unsigned tries;
    struct curl_transfer transfer;
    struct curl_slist *headers;
    char trouble[CURL_ERROR_SIZE];
    struct text body;
    bool too_large;
    struct client_reply reply;
};

/* As client_start(); the reply's memory is `reply_arena`, NULL = the call's. */
struct client_call *client_call_start(struct client *client, const struct client_request *request,
                                      struct arena *reply_arena, client_done *done, void *self);

/* http(s)://host[:port][/prefix], no slash at the end; the caller frees it. Errors: ERR_USAGE. */
enum err_code client_check_server(const char *server, char **url, struct err *err);
/* What RFC 6750 lets a bearer token be. The token is in no message. Errors: ERR_USAGE. */
enum err_code client_check_token(const char *token, struct err *err);

/* Makes the easy handle and its headers of the request. Errors: ERR_USAGE. */
enum err_code client_prepare(struct client_call *call, struct err *err);
/* Fills call->reply with what the try ended with. */
void client_read_reply(struct client_call *call, CURLcode result);
/* The error of a problem document. */
void client_read_problem(struct client_reply *reply, struct arena *arena);

#endif
