/* usage.h: what a replica's processes use, read from /proc: the process and its descendants.
 *
 * cpu_millis is the mean since the reading before (1000 = one core). Threads: one.
 */
#ifndef DOGSHORE_AGENT_USAGE_H
#define DOGSHORE_AGENT_USAGE_H

#include <stdint.h>
#include <sys/types.h>

/* Between two readings of one replica; zeroed at its start. */
struct usage_mark {
    int64_t cpu_ticks;
    int64_t at_us; /* 0 = no reading yet */
};

struct usage {
    int64_t cpu_millis;   /* -1 at the first reading */
    int64_t memory_bytes; /* resident, summed up */
    int64_t processes;    /* 0: it is gone */
};

/* `group` is the pid of the replica's first process. */
void usage_read(pid_t group, struct usage_mark *mark, int64_t now_us, struct usage *usage);

/* This machine: all its cores, all its memory. */
int64_t machine_cpu_millis(void);
int64_t machine_memory_mib(void);

#endif
