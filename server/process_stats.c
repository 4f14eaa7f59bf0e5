#include "server/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void read_memory(struct process_stats *stats)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return;
    long long total, resident, page_bytes = sysconf(_SC_PAGESIZE);
    if (fscanf(file, "%lld %lld", &total, &resident) == 2) {
        stats->virtual_bytes = total * page_bytes;
        stats->resident_bytes = resident * page_bytes;
    }
    fclose(file);
}

/* Without "." and "..", and the descriptor that is open to look. */
static int64_t count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return 0;
    int64_t count = -3;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

void process_stats(struct process_stats *stats)
{
    struct rusage usage;
    struct rlimit limit;
    *stats = (struct process_stats){.open_files = count_files()};
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        stats->cpu_seconds = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) stats->open_files_max = (int64_t)limit.rlim_cur;
    read_memory(stats);
}
