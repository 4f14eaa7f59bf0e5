/* event.h: what happened, to whom, because of whom, and why. Numbered by the one global index. */
#ifndef DOGSHORE_MODEL_EVENT_H
#define DOGSHORE_MODEL_EVENT_H

#include <stdint.h>

struct event {
    int64_t index;
    int64_t at;             /* wall ms */
    const char *actor;      /* token name, "scheduler", "node/<name>" or "server" */
    const char *request_id; /* NULL for the scheduler */
    const char *kind;       /* "deployment", "rollout", "replica", "node", "token", "server" */
    const char *cluster;
    const char *name;    /* of the object; for replicas the replica's id */
    const char *uid;     /* of the deployment it belongs to, NULL for nodes */
    const char *reason;  /* stable slug: "created", "scaled", "rollout_failed", … */
    const char *message; /* one sentence */
    const char *data;    /* JSON object or NULL */
};

#endif
