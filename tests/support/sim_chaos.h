/* sim_chaos.h: operators and faults by chance. */
#ifndef DOGSHORE_TESTS_SIM_CHAOS_H
#define DOGSHORE_TESTS_SIM_CHAOS_H

#include "sim.h"

/* Nodes join, then for `ms` people order and things break; and on, for as long as fewer rollouts
 * ended or fewer faults were made than that. */
void sim_chaos(struct sim *sim, int64_t ms, int64_t rollouts, int64_t faults);
/* Everything is well again: the network, the nodes, the server; operators only resume and promote
 * what waits for it. Then until every rollout is final, or longer than its deadlines allow. */
void sim_calm(struct sim *sim);

/* ---- sim_operators.c ---- */

enum { SIM_NAMES = 3 };
extern const char *const sim_names[]; /* of the deployments that operators order about */

void sim_deploy(struct sim *sim, const char *name);
/* One order by chance, which may be refused. */
void sim_operate(struct sim *sim);
/* What waits for somebody goes on. */
void sim_attend(struct sim *sim, const char *name);

/* ---- sim_faults.c ---- */

void sim_break(struct sim *sim); /* one fault by chance; it heals within a minute */

#endif
