/* scheduler.h: the shell around the planner: dirty queue, timers, reconcile closures, liveness.
 *
 * A pass is one writer closure (reconcile.h): load the view, plan, place, write. The scheduler owns
 * only the queue and the timers. Passes of one deployment are at least max(20 ms, 4 × its last
 * pass) apart unless its spec changed. It parks until the earliest timer or a dirty mark.
 *
 * Threads: scheduler_dirty and _urgent from any (the writer's hooks); step and wait from the one
 * scheduler thread, or from the simulator, which has no threads at all.
 */
#ifndef DOGSHORE_SCHEDULER_SCHEDULER_H
#define DOGSHORE_SCHEDULER_SCHEDULER_H

#include "base/clock.h"
#include "base/err.h"
#include "base/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;
struct scheduler;
struct store;
struct writer;

/* Marks every deployment of the store dirty: after a start everything is looked at once. */
enum err_code scheduler_open(struct scheduler **scheduler, struct store *store,
                             struct writer *writer, struct control *control, struct clock clock,
                             struct err *err);
/* All submitted passes must have ended. */
void scheduler_close(struct scheduler *scheduler);

void scheduler_dirty(struct scheduler *scheduler, const char *const *uids, size_t count);
/* Their spec changed: the next pass does not wait for the gap. */
void scheduler_urgent(struct scheduler *scheduler, const char *const *uids, size_t count);
/* Submits what is due (passes and liveness verdicts); returns the boot_ms of the next timer. */
int64_t scheduler_step(struct scheduler *scheduler);
/* Parks until boot_ms `due`, a dirty mark, or scheduler_stop() (then false). */
bool scheduler_wait(struct scheduler *scheduler, int64_t due_boot_ms);
void scheduler_stop(struct scheduler *scheduler);
/* Passes submitted and not yet ended. */
int64_t scheduler_running(struct scheduler *scheduler);

struct scheduler_stats {
    int64_t dirty;               /* deployments that changed and were not looked at since */
    int64_t running;             /* passes submitted and not yet ended */
    int64_t failed;              /* passes since the start that ended in an error */
    struct histogram_sum passes; /* duration_buckets: of all since the start, without the commit */
};
void scheduler_stats(struct scheduler *scheduler, struct scheduler_stats *stats); /* any thread */

#endif
