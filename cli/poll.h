/* poll.h: one document kept fresh by long polls, through restarts of the server.
 *
 * The first request is answered at once, each further one when there is something newer. No answer,
 * 429 and 503 are tried again, at first soon, then every few seconds; any other refusal ends it.
 *
 * Ownership: embedded in its user's struct; poll_stop() before that goes away. Threads: the loop's.
 */
#ifndef DOGSHORE_CLI_POLL_H
#define DOGSHORE_CLI_POLL_H

#include "base/arena.h"
#include "base/loop.h"

struct cli;
struct client_call;
struct client_reply;

struct poll {
    void (*arrived)(struct poll *poll, const struct client_reply *reply);
    void (*refused)(struct poll *poll, const struct client_reply *reply);
    /* The server has ceased to answer, or answers again. */
    void (*silent_changed)(struct poll *poll);
    struct cli *cli;
    const char *path; /* without index and wait; may be set anew from arrived() */
    int64_t index;    /* that is known; -1 = nothing yet */
    bool silent;
    struct client_call *call;
    struct loop_timer timer;
    int64_t pause_ms, started_ms;
    struct arena arena; /* of the request that runs */
};

/* Callbacks, cli and path are set. */
void poll_start(struct poll *poll);
void poll_stop(struct poll *poll); /* fine when it does not run */

#endif
