/* goal.h: what a command waits for, and whether it is reached. Pure: documents in, verdict out. */
#ifndef DOGSHORE_CLI_GOAL_H
#define DOGSHORE_CLI_GOAL_H

#include <stdbool.h>
#include <stdint.h>

struct json;

struct goal {
    int64_t rollout;    /* this one has ended; 0 = none */
    int64_t generation; /* the scheduler has taken up this one */
    bool size;          /* as many replicas as wanted are available, and no more run */
    bool gone;          /* the deployment is no more */
};

enum verdict {
    VERDICT_WAITING,
    VERDICT_REACHED,
    VERDICT_FAILED,    /* the rollout failed, was rolled back or aborted */
    VERDICT_SUPERSEDED /* a newer rollout has taken over */
};

/* Of a status document and the document of the goal's rollout; both may be NULL: not known yet.
 * `missing`: the server says that there is no such deployment. */
enum verdict goal_judge(const struct goal *goal, const struct json *status,
                        const struct json *rollout, bool missing);

bool goal_rollout_has_ended(const char *state);

#endif
