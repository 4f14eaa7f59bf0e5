/* placement.h: gives pending replicas their nodes, within a pass. What fits nowhere stays pending
 * and says why; the deployment then waits in the node table for room. Threads: the writer's. */
#ifndef DOGSHORE_SCHEDULER_PLACEMENT_H
#define DOGSHORE_SCHEDULER_PLACEMENT_H

#include "base/err.h"

struct execution;

enum err_code place_pending(struct execution *execution, struct err *err);

#endif
