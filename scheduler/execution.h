/* execution.h: a plan on its way into the store; shared by the files that carry it out.
 *
 * The actions change copies in memory, in the plan's order; then replicas get their nodes; then
 * what differs is written, each row once. One object of this lives for one pass, in its arena.
 * Threads: the writer's.
 */
#ifndef DOGSHORE_SCHEDULER_EXECUTION_H
#define DOGSHORE_SCHEDULER_EXECUTION_H

#include "base/err.h"
#include "model/view.h"
#include "scheduler/plan/plan.h"
#include "store/replicas.h"

struct arena;
struct control;
struct store_tx;

enum {
    PASS_CREATE_MAX = 500, /* replicas made by one pass; the next ones make the rest */
    PASS_PLACE_MAX = 500   /* replicas placed by one pass */
};

struct pass_replica {
    struct replica row;
    int presence; /* enum replica_presence */
    bool changed;
    bool tried; /* a node was looked for in this pass */
    struct replica_effects effects;
    int64_t index; /* of its newest event in this pass; 0 = none */
};

struct pass_set {
    struct revision_set row;
    bool changed, forgotten;
};

struct execution {
    struct control *control;
    struct store_tx *tx;
    struct arena *arena;
    const struct view *view;
    const struct plan *plan;
    struct deployment deployment;  /* as it stands after what was carried out */
    struct rollout rollout;        /* the plan's, with its index */
    struct pass_replica *replicas; /* the view's in its order, then the new ones */
    size_t replica_count;
    struct pass_set *sets;
    size_t set_count;
    bool told;               /* the event of the rollout's new state is written */
    bool wrote;              /* rows that carry no index themselves */
    bool deployment_changed; /* its scaled_* or active_hash */
    bool endpoints;          /* the endpoints list changed */
    bool made;               /* replicas were made, or their failures counted: old ones may go */
    bool unplaced;           /* replicas stay pending for want of a node */
    bool gone;               /* the deployment's rows are removed */
    int64_t index;           /* newest index taken by this pass; 0 = nothing was written */
    int64_t wake_in_ms;      /* for what this pass left over; RECONCILE_NO_WAKE: nothing */
};

/* Carries the plan out. A plan without consequences writes nothing and takes no index. */
enum err_code execute(struct execution *execution, struct err *err);

/* For the files that carry out a part. */
enum err_code execute_actions(struct execution *execution, struct err *err);
void execution_init(struct execution *execution, struct control *control, struct store_tx *tx,
                    struct arena *arena, const struct view *view, const struct plan *plan);
/* Brings the next look forward. */
void execution_wake_in(struct execution *execution, int64_t wake_in_ms);
/* The index for changes that have no event of their own: one for all of a pass. */
int64_t execution_index(struct execution *execution);

#endif
