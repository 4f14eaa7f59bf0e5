/* process_stats.h: what the kernel says of this process. Threads: any. */
#ifndef DOGSHORE_SERVER_PROCESS_STATS_H
#define DOGSHORE_SERVER_PROCESS_STATS_H

#include <stdint.h>

struct process_stats {
    double cpu_seconds; /* of all threads, in user and kernel mode */
    int64_t resident_bytes, virtual_bytes;
    int64_t open_files, open_files_max;
};
/* What cannot be read stays 0. */
void process_stats(struct process_stats *stats);

#endif
