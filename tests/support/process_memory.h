/* process_memory.h: how much memory a process has. */
#ifndef DOGSHORE_TESTS_PROCESS_MEMORY_H
#define DOGSHORE_TESTS_PROCESS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

/* What is resident; -1 when there is no such process. */
static inline int64_t process_resident_bytes(pid_t pid)
{
    char path[64];
    long long all = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) return -1;
    bool read = fscanf(file, "%lld %lld", &all, &resident) == 2;
    fclose(file);
    return read ? (int64_t)resident * sysconf(_SC_PAGESIZE) : -1;
}

#endif
