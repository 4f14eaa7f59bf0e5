/* plan_timeline.h: how a deployment would get where its spec wants it, if everything went well.
 *
 * The planner runs over copies of a view, on a clock of its own, in an ideal cluster: every replica
 * finds a node at once and starts at once, its probes pass at the first time they are asked, canary
 * checks pass, and who is told to stop is gone after its drain_seconds. Replicas on lost nodes stay
 * lost. Pure. Ownership: the steps live in the arena. Threads: none.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_TIMELINE_H
#define DOGSHORE_SCHEDULER_PLAN_TIMELINE_H

#include "model/view.h"

struct arena;

enum { TIMELINE_STEPS_MAX = 200 };

enum timeline_end {
    TIMELINE_SETTLED, /* nothing is left to do */
    TIMELINE_WAITS,   /* for somebody's order, or for a lost node */
    TIMELINE_FAILS,   /* even so: its limits are too short */
    TIMELINE_CUT      /* it goes on, but too long to be told */
};
extern const char *const timeline_end_words[];

/* What happens at one time, and how things stand then. */
struct timeline_step {
    int64_t at_ms; /* from now */
    int64_t started, stopped;
    int64_t updated, old; /* running replicas of the target, and the others */
    int64_t updated_available, available;
    int64_t switched_to;     /* revision that got all traffic; 0 = none */
    int64_t held_by;         /* revision that keeps all of it, for others are hidden; 0 = none */
    int rollout_state;       /* enum rollout_state; -1 = none */
    const char *waiting_for; /* "" = nothing */
};

struct timeline {
    struct timeline_step *steps;
    size_t count;
    enum timeline_end end;
    const char *why; /* a sentence */
};

void plan_timeline(struct arena *arena, const struct view *view, struct timeline *timeline);

#endif
