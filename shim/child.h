/* child.h: the process that was ordered, its group, and whatever else descends from it.
 *
 * Ownership: the number of a child that was not reaped is nobody else's, nor is that of its group;
 * so the group is signalled only until the child is reaped. Threads: one, which must live as long
 * as the child: the kernel kills the child at its end.
 */
#ifndef DOGSHORE_SHIM_CHILD_H
#define DOGSHORE_SHIM_CHILD_H

#include "shim/order.h"
#include "shim/outcome.h"

#include <stdbool.h>
#include <sys/types.h>

struct child {
    pid_t pid;  /* 0 once it was reaped */
    int output; /* what it writes to stdout and stderr; -1 = closed by all who had it */
    int report; /* ends when it was executed, or says why it was not; -1 = over */
};

/* On failure the outcome is why. */
bool child_start(struct child *child, const struct order *order, struct outcome *outcome);
/* Reads the report, which must be there. True: it was executed. */
bool child_was_executed(struct child *child, struct outcome *outcome);
/* It did, and waits to be reaped. */
bool child_has_ended(const struct child *child);
void child_signal_group(const struct child *child, int number);
/* Reaps everybody who ended. When the child is among them, its outcome is noted (unless there is
 * one) and what is left of its group is killed. */
void child_reap(struct child *child, struct outcome *outcome);
/* Once the child was reaped: kills and reaps all who descend from it, until nobody is left or for
 * ten seconds. The shim adopts them as their parents end. */
void descendants_kill(void);

#endif
