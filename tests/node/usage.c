#include "agent/usage.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, SECOND_US = 1000000 };

/* A child that runs `body` and then waits to be killed; returns when `body` is done. */
static pid_t child_with(void (*body)(void))
{
    int ends[2];
    char done;
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        body();
        if (write(ends[1], "x", 1) != 1) _exit(1);
        while (true)
            pause();
    }
    close(ends[1]);
    cr_assert_eq(read(ends[0], &done, 1), 1);
    close(ends[0]);
    return pid;
}

static void end_group(pid_t pid)
{
    kill(-pid, SIGKILL);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

static void own_group(void)
{
    setpgid(0, 0);
}

/* Uses that much of this process's CPU time. */
static void burn(clock_t hundredths)
{
    clock_t start = clock();
    while (clock() - start < hundredths * (CLOCKS_PER_SEC / 100))
        continue;
}

static void burn_some(void)
{
    own_group();
    burn(20);
}

static void use_memory(void)
{
    own_group();
    char *memory = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(memory, 1, 64 * MIB);
}

static void wait_for_ever(void)
{
    while (true)
        pause();
}

static void *fork_in_thread(void *unused)
{
    (void)unused;
    if (fork() == 0) wait_for_ever();
    return NULL;
}

/* Two children, one grandchild, and a child of a thread that stays. */
static void make_tree(void)
{
    own_group();
    if (fork() == 0) wait_for_ever();
    if (fork() == 0) {
        if (fork() == 0) wait_for_ever();
        wait_for_ever();
    }
}

static pthread_barrier_t forked;

static void *fork_and_stay(void *unused)
{
    fork_in_thread(unused);
    pthread_barrier_wait(&forked);
    wait_for_ever();
    return NULL;
}

static void make_tree_by_thread(void)
{
    pthread_t thread;
    own_group();
    pthread_barrier_init(&forked, NULL, 2);
    if (pthread_create(&thread, NULL, fork_and_stay, NULL) != 0) _exit(1);
    pthread_barrier_wait(&forked);
}

Test(usage, the_first_reading_knows_no_cpu)
{
    struct usage_mark mark = {0};
    struct usage usage;
    pid_t pid = child_with(own_group);
    usage_read(pid, &mark, SECOND_US, &usage);
    cr_assert_eq(usage.cpu_millis, -1);
    cr_assert_eq(usage.processes, 1);
    cr_assert(usage.memory_bytes > 0);
    cr_assert_eq(mark.at_us, SECOND_US);
    end_group(pid);
}

Test(usage, cpu_is_the_mean_since_the_reading_before)
{
    struct usage_mark mark = {0};
    struct usage usage;
    pid_t pid = child_with(burn_some); /* at least 20 ticks of 10 ms */
    mark.at_us = 1;
    usage_read(pid, &mark, 1 + SECOND_US, &usage);
    cr_assert(usage.cpu_millis >= 150 && usage.cpu_millis < 2000, "%d", (int)usage.cpu_millis);
    cr_assert(mark.cpu_ticks >= 15);
    kill(-pid, SIGSTOP);
    cr_assert_eq(waitpid(pid, NULL, WUNTRACED), pid);
    usage_read(pid, &mark, 1 + 2 * SECOND_US, &usage);
    usage_read(pid, &mark, 1 + 3 * SECOND_US, &usage);
    cr_assert_eq(usage.cpu_millis, 0);
    end_group(pid);
}

Test(usage, cpu_that_went_down_counts_as_none)
{
    struct usage_mark mark = {.cpu_ticks = INT64_MAX / 2, .at_us = 1};
    struct usage usage;
    pid_t pid = child_with(own_group);
    usage_read(pid, &mark, 1 + SECOND_US, &usage);
    cr_assert_eq(usage.cpu_millis, 0);
    cr_assert(mark.cpu_ticks < 1000);
    end_group(pid);
}

Test(usage, two_readings_at_one_instant_know_no_cpu)
{
    struct usage_mark mark = {.cpu_ticks = 0, .at_us = SECOND_US};
    struct usage usage;
    pid_t pid = child_with(own_group);
    usage_read(pid, &mark, SECOND_US, &usage);
    cr_assert_eq(usage.cpu_millis, -1);
    end_group(pid);
}

Test(usage, memory_is_what_is_resident)
{
    struct usage_mark mark = {0};
    struct usage usage;
    pid_t pid = child_with(use_memory);
    usage_read(pid, &mark, SECOND_US, &usage);
    cr_assert(usage.memory_bytes >= 64 * MIB && usage.memory_bytes < (int64_t)1024 * MIB);
    end_group(pid);
}

Test(usage, descendants_are_counted)
{
    struct usage_mark mark = {0};
    struct usage usage;
    pid_t pid = child_with(make_tree);
    /* The grandchild is made by a child, whose fork may still be to come. */
    do {
        usage_read(pid, &mark, SECOND_US, &usage);
        cr_assert(usage.processes <= 4);
    } while (usage.processes < 4);
    end_group(pid);
}

Test(usage, children_of_other_threads_are_counted)
{
    struct usage_mark mark = {0};
    struct usage usage;
    pid_t pid = child_with(make_tree_by_thread);
    usage_read(pid, &mark, SECOND_US, &usage);
    cr_assert_eq(usage.processes, 2);
    end_group(pid);
}

Test(usage, a_process_that_ended_is_gone)
{
    struct usage_mark mark = {0};
    struct usage usage;
    siginfo_t info;
    pid_t pid = child_with(own_group);
    kill(pid, SIGKILL);
    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    usage_read(pid, &mark, SECOND_US, &usage); /* a zombie */
    cr_assert_eq(usage.processes, 0);
    cr_assert_eq(usage.memory_bytes, 0);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    usage_read(pid, &mark, 2 * SECOND_US, &usage);
    cr_assert_eq(usage.processes, 0);
}

Test(usage, readings_while_processes_come_and_go_are_sane)
{
    struct usage_mark mark = {0};
    struct usage usage;
    pid_t pid = fork();
    if (pid == 0) {
        own_group();
        while (true) {
            pid_t child = fork();
            if (child == 0) _exit(0);
            waitpid(child, NULL, 0);
        }
    }
    setpgid(pid, pid);
    for (int i = 1; i <= 300; i++) {
        usage_read(pid, &mark, i * (int64_t)1000, &usage);
        cr_assert(usage.processes >= 1 && usage.processes <= 2);
        cr_assert(usage.cpu_millis >= -1 && usage.memory_bytes > 0);
    }
    end_group(pid);
}

Test(usage, the_machine_has_cores_and_memory)
{
    cr_assert(machine_cpu_millis() >= 1000 && machine_cpu_millis() % 1000 == 0);
    cr_assert(machine_memory_mib() >= 64);
}
