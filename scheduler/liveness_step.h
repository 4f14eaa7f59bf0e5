/* liveness_step.h: judges the nodes that are due and stores what changed.
 *
 * The judgement is scheduler/plan/liveness.h, pure; what arrived when is scheduler/presence.h. A
 * verdict that changes a stored state is one writer closure: the node's row and event, the node
 * table, the endpoints of the deployments with replicas there, and a dirty mark for each.
 * Threads: the scheduler's.
 */
#ifndef DOGSHORE_SCHEDULER_LIVENESS_STEP_H
#define DOGSHORE_SCHEDULER_LIVENESS_STEP_H

#include "base/err.h"

#include <stdint.h>

struct control;
struct writer;
struct liveness_step;

enum err_code liveness_step_open(struct liveness_step **step, struct control *control,
                                 struct writer *writer, struct err *err);
void liveness_step_close(struct liveness_step *step); /* NULL is fine; no verdict under way */

/* Returns the boot_ms of the next look. */
int64_t liveness_step(struct liveness_step *step, int64_t now_boot_ms);

#endif
