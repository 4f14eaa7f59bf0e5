/* replica.h: one placed copy of a template.
 *
 *   pending ─► assigned ─► preparing ─► starting ─► running ─► stopping ─► stopped
 *      │           └───────────┴───────────┴───────────┴───────────┴─► failed
 *      └─► stopped
 *
 * pending and assigned belong to the scheduler, the rest to the replica's agent. Moves go forward
 * within an attempt and may skip phases that passed between two reports; a higher attempt begins
 * again at any of its agent's phases. stopped and failed are final for the id. `ready` is a
 * separate boolean. Presence is derived from the node's state and never stored. (id, attempt) is
 * started at most once, ever; the agent owns `attempt`.
 */
#ifndef DOGSHORE_MODEL_REPLICA_H
#define DOGSHORE_MODEL_REPLICA_H

#include "model/values.h"

struct arena;

/* The id of a replica: "web-00003k" is number 115 of the global counter, of the deployment web. */
const char *replica_id_make(struct arena *arena, const char *deployment, int64_t number);
/* The number in an id; false when there is none. */
bool replica_id_number(const char *id, int64_t *number);

enum replica_phase {
    REPLICA_PENDING,
    REPLICA_ASSIGNED,
    REPLICA_PREPARING,
    REPLICA_STARTING,
    REPLICA_RUNNING,
    REPLICA_STOPPING,
    REPLICA_STOPPED,
    REPLICA_FAILED
};
extern const char *const replica_phase_words[];
bool replica_phase_final(int phase);
/* Is the move one of the drawing above, for a report of `attempt` when `last_attempt` was seen?
 * Repeating what was seen is fine; a lower attempt never is. */
bool replica_may_move(int from, int64_t last_attempt, int to, int64_t attempt);

enum replica_wanted { WANTED_RUN, WANTED_STOP };
extern const char *const replica_wanted_words[];

enum replica_presence { PRESENCE_PRESENT, PRESENCE_UNKNOWN, PRESENCE_LOST };
enum { REPLICA_PRESENCES = PRESENCE_LOST + 1 };
extern const char *const replica_presence_words[];
/* ready → present, suspect → unknown, else lost. */
enum replica_presence presence_of_node_state(int node_state);

/* Why the control plane ordered the stop. Only CAUSE_LIMIT says anything against the version. */
enum stop_cause {
    CAUSE_NONE,
    CAUSE_ROLLOUT,
    CAUSE_SCALING,
    CAUSE_SURPLUS,
    CAUSE_LIMIT, /* a phase limit of the template */
    CAUSE_DELETE,
    CAUSE_NODE, /* gone with its node; or see replica_is_of_backup() */
    CAUSE_OPERATOR
};
extern const char *const stop_cause_words[];

struct replica {
    const char *id; /* "<deployment>-<base32 of a global counter>" */
    int64_t number; /* that counter: age order */
    const char *deployment_uid;
    const char *deployment; /* name */
    const char *cluster;
    int64_t revision;
    const char *template_hash;
    const char *node; /* NULL while pending */
    int wanted;       /* enum replica_wanted */
    int stop_cause;   /* enum stop_cause */
    int phase;        /* enum replica_phase */
    bool ready;
    bool available;     /* a stored transition of the scheduler */
    bool was_available; /* ever */
    bool counted;       /* its failure was counted by rollout and back-off */
    int64_t attempt;
    int64_t restarts;
    const char *address;
    struct ports ports;
    int64_t pid;
    const char *reason; /* slug, sentence or probe answer, sanitised; "" = none */
    bool has_exit;
    int64_t exit_code, exit_signal; /* -1 = none */
    bool exit_oom;
    const char *log_tail;
    const char *readiness_reason; /* the last probe answer that was not ok */
    /* Canary check: the round that its agent answered last; 0 = none. */
    int64_t check_round;
    bool check_passed;
    const char *check_reason;   /* why it did not pass */
    struct resources resources; /* allocated on its node */
    int64_t index;
    int64_t assigned_index; /* when its node first saw its template; 0 while pending */
    int64_t created_at, started_at, ended_at, readiness_since_at; /* wall ms, 0 = not */
    /* Cluster clock; 0 = not. */
    int64_t phase_since_ms, ready_since_ms, unready_since_ms;
};

/* After a restore: all that is known of it is what the backup says, so whatever its node tells
 * first may have been ordered or may have happened since the backup was made. A restore gives those
 * that run CAUSE_NODE; their node's first word takes it away, unless they stop. */
bool replica_is_of_backup(const struct replica *replica);

#endif
