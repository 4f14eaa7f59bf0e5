/* replica_check.h: the check that a replica is asked for while its rollout is at such a step. It is
 * asked once the replica is ready, `times` in a row, and ends with one answer for its round: all of
 * them passed, or the first did not. The answer holds for the attempt that gave it, and is in every
 * report until the assignments ask for something else.
 *
 * In memory only: after a restart of the agent the round is answered again.
 * Ownership: it belongs to its replica. Threads: those of the loop.
 */
#ifndef DOGSHORE_AGENT_REPLICA_CHECK_H
#define DOGSHORE_AGENT_REPLICA_CHECK_H

#include "base/arena.h"
#include "base/limits.h"
#include "model/deployment.h"

#include <stdbool.h>
#include <stdint.h>

struct assigned_check;
struct local_replica;
struct probe_answer;

enum {
    REPLICA_CHECK_PERIOD_MS = 1000, /* from an answer to the next request */
    REPLICA_CHECK_TIMEOUT_MS = 5000
};

struct watched_check {
    struct arena memory;
    int64_t round; /* 0 = nothing is asked */
    struct canary_check check;
    int64_t passes; /* in a row */
    bool asked;     /* a request is on its way */
    int64_t asked_at_ms;
    bool answered, passed;
    char reason[LIMIT_REPLICA_REASON_BYTES + 1]; /* why it did not pass */
};

/* What the assignments ask for, copied; NULL = nothing any more. */
void local_replica_set_check(struct local_replica *replica, const struct assigned_check *assigned);
void local_replica_check_answered(struct local_replica *replica, const struct probe_answer *answer);

#endif
