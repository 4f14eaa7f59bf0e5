/* reconcile.h: one pass over one deployment, inside a writer closure.
 *
 * load the view ─► plan (pure) ─► execute: set sizes, place, order stops, store what follows
 *
 * Everything that a pass decides is in its plan; everything that it does is rows, events and marks
 * of the one closure. A pass that has nothing to do writes nothing and takes no index. Its cost
 * grows with the deployment's replicas, never with the fleet. Threads: the writer's.
 */
#ifndef DOGSHORE_SCHEDULER_RECONCILE_H
#define DOGSHORE_SCHEDULER_RECONCILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct control;
struct store_tx;

enum { RECONCILE_NO_WAKE = -1 };

struct pass_result {
    bool gone;          /* no such deployment, or this pass removed it */
    int64_t wake_in_ms; /* look again then; RECONCILE_NO_WAKE: nothing is due by itself */
};

enum err_code reconcile(struct control *control, struct store_tx *tx, const char *uid,
                        struct pass_result *result, struct err *err);

#endif
