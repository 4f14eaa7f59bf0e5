#include "base/failpoint.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

Test(failpoint, the_names_are_listed_once_each)
{
    size_t count = 0;
    for (const char *name = failpoint_name(0); name != NULL; name = failpoint_name(++count))
        for (size_t i = 0; i < count; i++)
            cr_assert_str_neq(failpoint_name(i), name);
#ifdef DOGSHORE_FAILPOINTS
    cr_assert_gt(count, 0);
#else
    cr_assert_eq(count, 0);
#endif
}

#ifdef DOGSHORE_FAILPOINTS

/* Which of the next ten hits fail, as text. */
static const char *ten_hits(char pattern[static 11])
{
    for (int i = 0; i < 10; i++)
        pattern[i] = FP("node.report") ? 'x' : '.';
    pattern[10] = '\0';
    return pattern;
}

static const struct pattern_case {
    const char *action, *pattern;
} pattern_cases[] = {
    {"error", "x........."},     {"error@1", "x........."},  {"error@3", "..x......."},
    {"error@10", ".........x"},  {"error@11", ".........."}, {"error@*", "xxxxxxxxxx"},
    {"sleep:0@*", ".........."},
};

Test(failpoint, an_action_fires_on_its_hit)
{
    for (size_t i = 0; i < sizeof pattern_cases / sizeof *pattern_cases; i++) {
        char pattern[11];
        failpoint_arm("node.report", pattern_cases[i].action);
        cr_assert_str_eq(ten_hits(pattern), pattern_cases[i].pattern);
    }
}

Test(failpoint, nothing_fires_unless_armed)
{
    char pattern[11];
    cr_assert_str_eq(ten_hits(pattern), "..........");
    failpoint_arm("node.register", "error@*");
    cr_assert_str_eq(ten_hits(pattern), "..........");
    failpoint_arm("node.report", "error@*");
    failpoint_clear();
    cr_assert_str_eq(ten_hits(pattern), "..........");
}

Test(failpoint, the_environment_arms_several)
{
    setenv("DOGSHORE_FAILPOINTS", "node.report=error@2,writer.commit.before=error@*", 1);
    failpoint_start();
    char pattern[11];
    cr_assert_str_eq(ten_hits(pattern), ".x........");
    cr_assert(FP("writer.commit.before"));
    cr_assert_not(FP("writer.commit.after"));
}

Test(failpoint, an_absent_or_empty_environment_arms_nothing)
{
    unsetenv("DOGSHORE_FAILPOINTS");
    failpoint_start();
    setenv("DOGSHORE_FAILPOINTS", "", 1);
    failpoint_start();
    cr_assert_not(FP("node.report"));
}

Test(failpoint, panic_kills_the_process, .signal = SIGKILL)
{
    failpoint_arm("writer.commit.after", "panic");
    FP("writer.commit.after");
}

static void start_with(const char *setting)
{
    setenv("DOGSHORE_FAILPOINTS", setting, 1);
    failpoint_start();
}

Test(failpoint, an_unknown_name_ends_the_program, .exit_code = 64)
{
    start_with("node.report=error,no.such.place=error");
}

Test(failpoint, a_missing_action_ends_the_program, .exit_code = 64)
{
    start_with("node.report");
}

Test(failpoint, an_unknown_action_ends_the_program, .exit_code = 64)
{
    start_with("node.report=explode");
}

Test(failpoint, a_bad_hit_ends_the_program, .exit_code = 64)
{
    start_with("node.report=error@0");
}

Test(failpoint, a_bad_sleep_ends_the_program, .exit_code = 64)
{
    start_with("node.report=sleep:soon");
}

Test(failpoint, arming_an_unknown_name_is_a_mistake, .signal = SIGABRT)
{
    failpoint_arm("no.such.place", "error");
}

static void *hit_a_thousand_times(void *fired)
{
    for (int i = 0; i < 1000; i++)
        if (FP("reconcile.before")) atomic_fetch_add((atomic_int *)fired, 1);
    return NULL;
}

Test(failpoint, one_hit_fires_once_whatever_the_threads)
{
    atomic_int fired = 0;
    failpoint_arm("reconcile.before", "error@2500");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, hit_a_thousand_times, &fired);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&fired), 1);
}

#endif
