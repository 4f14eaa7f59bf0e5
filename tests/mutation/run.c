/* Runs tests by suite: run SUITE=SECONDS …
 *
 * In the order of the arguments, each test in a process that may take so many seconds of the
 * processor. Ends with the first that fails and prints its name.
 */
#include "tests/mutation/criterion/criterion.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct mutation_test *tests, **tests_end = &tests;
static bool failed;

void mutation_test_add(struct mutation_test *test)
{
    *tests_end = test;
    tests_end = &test->next;
}

void mutation_test_fail(void)
{
    failed = true;
}

void mutation_test_abort(void)
{
    _exit(1);
}

/* A crash leaves no core behind, and a mutant that eats up memory is stopped. */
static void limit(rlim_t seconds)
{
    const rlim_t memory_bytes = (rlim_t)2 << 30;
    setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds});
    setrlimit(RLIMIT_AS, &(struct rlimit){memory_bytes, memory_bytes});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static bool passes(const struct mutation_test *test, rlim_t seconds)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        limit(seconds);
        if (!freopen("/dev/null", "w", stderr)) _exit(1);
        test->run();
        _exit(failed);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) return false;
    if (WIFSIGNALED(status)) return WTERMSIG(status) == test->signal;
    return WEXITSTATUS(status) == test->exit_code && test->signal == 0;
}

/* False = a test has failed, or there is none. */
static bool run_suite(const char *suite, size_t bytes, rlim_t seconds)
{
    size_t count = 0;
    for (const struct mutation_test *test = tests; test; test = test->next) {
        if (strlen(test->suite) != bytes || strncmp(test->suite, suite, bytes) != 0) continue;
        count++;
        if (passes(test, seconds)) continue;
        printf("%s::%s\n", test->suite, test->name);
        return false;
    }
    return count > 0;
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        size_t bytes = strcspn(arguments[i], "=");
        rlim_t seconds = arguments[i][bytes] ? strtoul(arguments[i] + bytes + 1, NULL, 10) : 0;
        if (seconds == 0) seconds = RLIM_INFINITY;
        if (!run_suite(arguments[i], bytes, seconds)) return 1;
    }
    return 0;
}
