/* changes.h: does a verdict differ from what is stored, so that it has to be written?
 *
 * Compared is what a plan may change; words are equal when they read the same. Threads: none.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_CHANGES_H
#define DOGSHORE_SCHEDULER_PLAN_CHANGES_H

#include "model/deployment.h"
#include "model/rollout.h"

bool status_same(const struct deployment_status *a, const struct deployment_status *b);

/* Two states of one rollout: what it is of, and when it was started, stays. */
bool rollout_same(const struct rollout *a, const struct rollout *b);

#endif
