/* goal.h: what a command waits for, and whether it is reached. Pure: documents in, verdict out. */
#ifndef DOGSHORE_CLI_GOAL_H
#define DOGSHORE_CLI_GOAL_H

#include <stdbool.h>
#include <stdint.h>

struct json;

/* As the server judges it, too (GET …/wait). */
enum goal_state {
    GOAL_ANY,
    GOAL_AVAILABLE, /* as many replicas as the newest spec asks for */
    GOAL_COMPLETE,  /* all of them of the newest template, and no other left */
    GOAL_TERMINATED /* or gone */
};

struct goal {
    int64_t rollout;    /* this one has ended; 0 = none */
    int64_t generation; /* the scheduler has taken up this one */
    bool size;          /* as many replicas as wanted are available, and no more run */
    bool scales;        /* a rollout that stands still is in nobody's way; what more runs beside it
                         * is left to the caller, who knows which were told to stop */
    bool gone;          /* the deployment is no more */
    bool back;          /* the rollout may end by having been taken back */
    enum goal_state state;
};

enum verdict {
    VERDICT_WAITING,
    VERDICT_REACHED,
    VERDICT_FAILED,     /* the rollout failed, was rolled back or aborted */
    VERDICT_SUPERSEDED, /* a newer rollout has taken over */
    VERDICT_STUCK       /* only another order leads there, as a promote or a resume */
};

/* Of a status document and the document of the goal's rollout; both may be NULL: not known yet.
 * `missing`: the server says that there is no such deployment. */
enum verdict goal_judge(const struct goal *goal, const struct json *status,
                        const struct json *rollout, bool missing);

/* "available", "complete", "terminated"; false = neither of them. */
bool goal_state_find(const char *word, enum goal_state *state);
const char *goal_state_word(enum goal_state state);

bool goal_rollout_has_ended(const char *state);
/* Of a deployment: it is terminated, so that what is ordered happens on its start, which may never
 * come: there is nothing to wait for. */
bool goal_awaits_start(const struct json *deployment);

#endif
