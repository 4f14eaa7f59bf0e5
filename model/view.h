/* view.h: everything that one pass of the planner sees of one deployment: a snapshot, taken in one
 * transaction, with a single "now".
 *
 * Ownership: all of it is borrowed from the arena of the pass; the planner changes nothing here.
 * The order of `sets` and `replicas` never matters.
 */
#ifndef DOGSHORE_MODEL_VIEW_H
#define DOGSHORE_MODEL_VIEW_H

#include "model/deployment.h"
#include "model/replica.h"
#include "model/revision.h"
#include "model/rollout.h"

#include <stddef.h>

/* A stored size, with what its template says about how long a phase may last. */
struct view_set {
    struct revision_set set;
    struct phase_limits limits;
};

struct view_replica {
    struct replica replica;
    int presence; /* enum replica_presence, from its node's state; pending ones are present */
};

struct view_revision {
    int64_t number; /* 0 = there is none */
    const char *template_hash;
    struct phase_limits limits;
    const char *base_hash; /* of the template without its restart_token: no restart changes it */
};

struct view {
    int64_t now_ms; /* cluster clock: all that is due is compared with it */
    int64_t now_at; /* wall ms: only copied into *_at fields of the verdict, never compared */
    /* spec.template is the target's template and template_hash its identity. */
    struct deployment deployment;
    /* The newest rollout, running or final. Who accepts a newer template makes a new rollout (state
     * progressing, deadline_at_ms and deadline_left_ms 0: the first pass starts its clocks) and
     * ends the one that runs as superseded. */
    bool has_rollout;
    struct rollout rollout;
    struct view_revision target; /* what the spec asks for: number = status.revision to be */
    struct view_revision stable; /* the last one proven healthy */
    const struct view_set *sets; /* all of the deployment; a missing target set counts as size 0 */
    size_t set_count;
    /* All that are not final, and those that ended without having been `counted`: failed, or
     * stopped although nobody ordered it. What ended with its node carries stop_cause node. */
    const struct view_replica *replicas;
    size_t replica_count;
};

/* Where in view->replicas it is; `replica` points into them. */
static inline size_t view_position(const struct view *view, const struct replica *replica)
{
    const char *item = (const char *)replica - offsetof(struct view_replica, replica);
    return (size_t)((const struct view_replica *)item - view->replicas);
}

#endif
