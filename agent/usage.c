/* Reading is done with plain system calls into buffers on the stack: a node reads every replica
 * every few seconds, and a process that forks without end must not make its agent grow. */
#include "agent/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
    PROCESSES_MOST = 4096, /* further ones are not counted */
    THREADS_MOST = 16384,  /* of all of them; each may have children of its own */
    PATH_BYTES = 64,
    STAT_BYTES = 1024,
    CHILDREN_BYTES = 2048,
    FOLDER_BYTES = 4096,
    MICROS_PER_SECOND = 1000000
};

/* A walk through the tree, breadth first: the processes found and how many were looked at. */
struct walk {
    pid_t pids[PROCESSES_MOST];
    size_t count, next;
    size_t threads;
    int64_t cpu_ticks, memory_pages, alive;
};

/* Reads what fits; -1 when the file cannot be read: the process vanished. */
static ssize_t read_file(const char *path, char *bytes, size_t room)
{
    size_t length = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t got = 1;
    while (got > 0 && length + 1 < room) {
        got = read(fd, bytes + length, room - 1 - length);
        if (got > 0) length += (size_t)got;
    }
    close(fd);
    bytes[length] = '\0';
    return length > 0 ? (ssize_t)length : got;
}

/* --- one process ------------------------------------------------------------------------------ */

/* Fields of /proc/<pid>/stat after the name in parentheses, counted from the state (field 3). */
enum { FIELD_USER = 14 - 3, FIELD_CHILDREN_SYSTEM = 17 - 3, FIELD_RESIDENT = 24 - 3 };

static void add_process(struct walk *walk, pid_t pid)
{
    char path[PATH_BYTES], stat[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_file(path, stat, sizeof stat) <= 0) return;
    char *at = strrchr(stat, ')'); /* the name may hold anything */
    if (at == NULL || at[1] != ' ') return;
    at += 2;
    bool dead = at[0] == 'Z' || at[0] == 'X';
    if (!dead) walk->alive++;
    at++;
    for (int field = 1; field <= FIELD_RESIDENT; field++) {
        int64_t value = strtoll(at, &at, 10);
        if (field >= FIELD_USER && field <= FIELD_CHILDREN_SYSTEM) walk->cpu_ticks += value;
        if (field == FIELD_RESIDENT && !dead) walk->memory_pages += value;
    }
}

/* --- its children ------------------------------------------------------------------------------
 */

static void add_pid(struct walk *walk, pid_t pid)
{
    if (pid > 0 && walk->count < PROCESSES_MOST) walk->pids[walk->count++] = pid;
}

/* "412 413 " of one thread, read in pieces: a number may be cut in two. */
static void add_children(struct walk *walk, pid_t pid, const char *thread)
{
    char path[2 * PATH_BYTES], bytes[CHILDREN_BYTES];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    pid_t number = 0;
    ssize_t got;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            bool digit = bytes[i] >= '0' && bytes[i] <= '9';
            if (!digit) add_pid(walk, number);
            number = digit ? number * 10 + (bytes[i] - '0') : 0;
        }
        if (walk->count == PROCESSES_MOST) break;
    }
    add_pid(walk, number);
    close(fd);
}

/* Every thread of the process has children of its own. */
static void add_threads(struct walk *walk, pid_t pid)
{
    char path[PATH_BYTES];
    _Alignas(struct dirent64) char entries[FOLDER_BYTES];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t got;
    while (walk->threads < THREADS_MOST && (got = getdents64(fd, entries, sizeof entries)) > 0) {
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
            if (entry->d_name[0] != '.') add_children(walk, pid, entry->d_name);
            walk->threads++;
            at += entry->d_reclen;
        }
    }
    close(fd);
}

/* --- readings ----------------------------------------------------------------------------------
 */

/* A process that vanished takes its ticks away unless its parent waited for it: such a reading
 * counts as nothing used. */
static int64_t cpu_millis(const struct usage_mark *mark, int64_t cpu_ticks, int64_t now_us)
{
    if (mark->at_us == 0 || now_us <= mark->at_us) return -1;
    if (cpu_ticks <= mark->cpu_ticks) return 0;
    double seconds = (double)(now_us - mark->at_us) / MICROS_PER_SECOND;
    double used = (double)(cpu_ticks - mark->cpu_ticks) / (double)sysconf(_SC_CLK_TCK);
    return (int64_t)(used / seconds * 1000 + 0.5);
}

void usage_read(pid_t group, struct usage_mark *mark, int64_t now_us, struct usage *usage)
{
    struct walk walk;
    walk.count = walk.next = walk.threads = 0;
    walk.cpu_ticks = walk.memory_pages = walk.alive = 0;
    add_pid(&walk, group);
    while (walk.next < walk.count) {
        pid_t pid = walk.pids[walk.next++];
        add_process(&walk, pid);
        add_threads(&walk, pid);
    }
    usage->cpu_millis = cpu_millis(mark, walk.cpu_ticks, now_us);
    usage->memory_bytes = walk.memory_pages * sysconf(_SC_PAGESIZE);
    usage->processes = walk.alive;
    mark->cpu_ticks = walk.cpu_ticks;
    mark->at_us = now_us;
}

int64_t machine_cpu_millis(void)
{
    return (int64_t)sysconf(_SC_NPROCESSORS_ONLN) * 1000;
}

int64_t machine_memory_mib(void)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0) return 0;
    return (int64_t)(info.totalram * info.mem_unit / (1024 * 1024));
}
