/* wait.c: a call as a function call. */
#include "client/call.h"

struct waiting {
    struct arena *arena;
    struct client_reply *reply;
    bool done;
};

/* The JSON and the strings are in the arena already. */
static void answered(void *self, const struct client_reply *reply)
{
    struct waiting *waiting = self;
    *waiting->reply = *reply;
    char *body = arena_alloc(waiting->arena, reply->body_bytes + 1);
    memcpy(body, reply->body, reply->body_bytes);
    waiting->reply->body = body;
    waiting->done = true;
}

enum err_code client_do(struct client *client, const struct client_request *request,
                        struct arena *arena, struct client_reply *reply, struct err *err)
{
    struct loop *loop = client->loop;
    struct waiting waiting = {.arena = arena, .reply = reply};
    struct client_call *call = client_call_start(client, request, arena, answered, &waiting);
    while (!waiting.done && !loop_stopped(loop))
        loop_turn(loop, -1);
    if (!waiting.done) {
        client_cancel(call);
        *reply = (struct client_reply){.index = -1, .retry_after_ms = -1, .body = ""};
        err_set(&reply->error, ERR_CANCELLED, "interrupted");
    }
    if (reply->error.code == ERR_OK) return ERR_OK;
    return err_set(err, reply->error.code, "%s", reply->error.detail);
}
