/* sim_check.h: what must hold after every commit of a simulation, and at its end. */
#ifndef DOGSHORE_TESTS_SIM_CHECK_H
#define DOGSHORE_TESTS_SIM_CHECK_H

#include "sim.h"

struct sim_check *sim_check_open(void);
void sim_check_close(struct sim_check *check);

/* A commit published this deployment. */
void sim_check_touched(struct sim *sim, const struct touched *touched, size_t count,
                       int64_t newest_index);
/* The commit is whole: compares with what was before it. */
void sim_check_commit(struct sim *sim);

/* Faults have ended and time has passed: every rollout is final, the database and the nodes agree,
 * nothing runs that nobody wants. */
void sim_check_settled(struct sim *sim);

int64_t sim_check_rollouts(const struct sim *sim); /* that ended */

#endif
