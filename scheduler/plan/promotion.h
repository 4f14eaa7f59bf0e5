/* promotion.h: what a promote may be ordered for: pure. The spec and the rollout's step say it, not
 * the sizes that a pass has stored, which may not have been made yet. Threads: none.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_PROMOTION_H
#define DOGSHORE_SCHEDULER_PLAN_PROMOTION_H

#include "model/deployment.h"
#include "model/rollout.h"

struct promotion_step {
    bool waits;    /* the step is one that a promote ends */
    bool over;     /* nothing is left that could be promoted */
    bool keeps;    /* the old set is being kept, which a promote in full ends */
    int64_t wants; /* replicas of the target that have to be available before it goes on */
};
/* Of a running rollout that is not direct, with a strategy that has steps. */
struct promotion_step promotion_step(const struct deployment *deployment,
                                     const struct rollout *rollout);

#endif
