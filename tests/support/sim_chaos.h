/* sim_chaos.h: operators and faults by chance. */
#ifndef DOGSHORE_TESTS_SIM_CHAOS_H
#define DOGSHORE_TESTS_SIM_CHAOS_H

#include "sim.h"

/* Nodes join, then for `ms` people order and things break. */
void sim_chaos(struct sim *sim, int64_t ms);
/* Everything is well again: the network, the nodes, the server; nothing stays paused. Then
 * until every rollout is final, or longer than its deadlines allow. */
void sim_calm(struct sim *sim);

#endif
