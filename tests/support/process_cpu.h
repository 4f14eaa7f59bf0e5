/* process_cpu.h: what a process has cost so far. */
#ifndef DOGSHORE_TESTS_PROCESS_CPU_H
#define DOGSHORE_TESTS_PROCESS_CPU_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Nanoseconds that all threads of a process have run. */
static inline int64_t process_cpu_ns(pid_t pid)
{
    char path[64];
    int64_t total = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        char file_path[512];
        long long ran = 0;
        snprintf(file_path, sizeof file_path, "%s/%s/schedstat", path, task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : fopen(file_path, "re");
        if (file == NULL) continue;
        if (fscanf(file, "%lld", &ran) == 1) total += ran;
        fclose(file);
    }
    if (tasks != NULL) closedir(tasks);
    return total;
}

#endif
