/* sim_count.h: how often a run met each outcome, reason, strategy, order and fault, so that a soak
 * can show that it met all of them.
 *
 * Ownership: plain data. Threads: counts may be shared between processes that add to them. */
#ifndef DOGSHORE_TESTS_SIM_COUNT_H
#define DOGSHORE_TESTS_SIM_COUNT_H

#include <stdbool.h>
#include <stdint.h>

enum { SIM_COUNTS_MAX = 96 };

struct sim_counts {
    _Atomic int64_t items[SIM_COUNTS_MAX];
};

/* One more of that word of that group; a word that the table does not know aborts. */
void sim_count(struct sim_counts *counts, const char *group, const char *word);
/* A line per group on stderr. */
void sim_counts_print(const struct sim_counts *counts);
/* Was each met `least` times? Names those that were not. */
bool sim_counts_suffice(const struct sim_counts *counts, int64_t least);

#endif
