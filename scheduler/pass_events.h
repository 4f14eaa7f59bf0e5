/* pass_events.h: what the scheduler writes down about a deployment: one event per change of
 * meaning, with the sentence that says why. Threads: the writer's. */
#ifndef DOGSHORE_SCHEDULER_PASS_EVENTS_H
#define DOGSHORE_SCHEDULER_PASS_EVENTS_H

#include "base/err.h"

#include <stdint.h>

struct execution;
struct pass_replica;
struct pass_set;
struct rollout;

/* `reason` is created, assigned, available, unavailable, stopping or stopped. Its index becomes the
 * replica's. */
enum err_code replica_event(struct execution *execution, struct pass_replica *replica,
                            const char *reason, const char *message, struct err *err);
/* The rollout reached its state: the reason is that state's word; data names the failing replica,
 * its last probe answer and its log tail. */
enum err_code rollout_event(struct execution *execution, struct err *err);
/* From the state before this pass to deployment.status.state. */
enum err_code state_event(struct execution *execution, struct err *err);
/* All traffic goes to the replicas of `set`, or stays there; NULL = goes to every one. */
enum err_code switched_event(struct execution *execution, const struct pass_set *set,
                             const char *message, struct err *err);
/* The target's template failed by a fault of its own. */
enum err_code quarantined_event(struct execution *execution, struct err *err);
enum err_code deleted_event(struct execution *execution, struct err *err);

#endif
