/* ideal_cluster.h: a cluster in which everything goes well, on a clock of its own (private to
 * plan_timeline.c, which says what that means).
 *
 * It begins as a copy of a view and carries out plans. Ownership: all of it lives in the arena.
 * Threads: none.
 */
#ifndef DOGSHORE_SCHEDULER_IDEAL_CLUSTER_H
#define DOGSHORE_SCHEDULER_IDEAL_CLUSTER_H

#include "model/view.h"

struct arena;
struct plan;
struct timeline_step;

struct ideal_replica {
    struct view_replica seen; /* as the planner sees it */
    int64_t next_ms;          /* when it starts, or has stopped; 0 = nothing by itself */
};

struct ideal_cluster {
    struct arena *arena;
    struct view view; /* its time is the clock */
    struct view_set *sets;
    size_t set_count, set_capacity;
    struct ideal_replica *replicas;
    size_t count, capacity;
    int64_t ready_after_ms; /* of a start */
    int64_t drain_ms;
    int64_t numbers; /* of replicas that are new */
};

void ideal_cluster_init(struct ideal_cluster *cluster, struct arena *arena,
                        const struct view *view);
/* What is due by now happens; replicas that have ended leave. */
void ideal_cluster_advance(struct ideal_cluster *cluster);
/* When something happens next; 0 = never. */
int64_t ideal_cluster_next_ms(const struct ideal_cluster *cluster);
/* Canary checks pass. True when there are new answers. */
bool ideal_cluster_answer_checks(struct ideal_cluster *cluster);
/* cluster->view as of now; its replicas live in `scratch`. */
void ideal_cluster_look(struct ideal_cluster *cluster, struct arena *scratch);
/* The plan that was made of that view; adds to `step` what it started, stopped and switched. */
void ideal_cluster_carry_out(struct ideal_cluster *cluster, const struct plan *plan,
                             struct timeline_step *step);

#endif
