/* Random operators and faults, one run per seed; the invariants are checked at every commit. Each
 * run goes on until enough happened, ends in calm, and then everything must have come to its end.
 *
 *   DOGSHORE_SEED=n    that run alone       DOGSHORE_SEEDS=n   so many runs
 *   DOGSHORE_JOBS=n    so many at a time    DOGSHORE_TRACE=1   tells every step */
#include "base/text.h"
#include "support/sim.h"
#include "support/sim_chaos.h"
#include "support/sim_check.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum {
    DEFAULT_SEEDS = 1000,
    DEFAULT_JOBS = 2,
    JOBS_MAX = 64,
    CHAOS_MS = 80 * 1000,
    FAULTS_MIN = 5,
    ROLLOUTS_MIN = 3,    /* a run with less proves too little to count */
    SEEDS_ENOUGH = 1000, /* of so many runs each outcome, reason and fault has its share */
    LEAST_PER_1000 = 50
};

/* What the processes share. */
struct progress {
    _Atomic int64_t next, run, rollouts, faults;
    struct sim_counts counts;
    char database[128]; /* an empty one, with which each run begins */
};

static int64_t setting(const char *name, int64_t fallback)
{
    const char *text = getenv(name);
    int64_t value = fallback;
    if (text && !text_to_int64(text, 0, INT64_MAX, &value))
        cr_assert_fail("%s is not a number", name);
    return value;
}

static void run(struct progress *progress, uint64_t seed)
{
    struct sim *sim = sim_open_copy(seed, progress->database);
    sim->counts = &progress->counts;
    sim_chaos(sim, CHAOS_MS, ROLLOUTS_MIN, FAULTS_MIN);
    sim_calm(sim);
    sim_check_settled(sim);
    progress->rollouts += sim_check_rollouts(sim);
    progress->faults += sim->faults;
    progress->run++;
    sim_close(sim);
}

static void work(struct progress *progress, int64_t first, int64_t all)
{
    for (int64_t i; (i = progress->next++) < all;)
        run(progress, (uint64_t)(first + i));
}

static void start_workers(struct progress *progress, int64_t first, int64_t all, int64_t jobs)
{
    for (int64_t i = 0; i < jobs; i++) {
        pid_t pid = fork();
        cr_assert_geq(pid, 0);
        if (pid > 0) continue;
        work(progress, first, all);
        _exit(0);
    }
}

/* True when all of them ended well. After one that did not, no further run begins. */
static bool await_workers(struct progress *progress, int64_t all, int64_t jobs)
{
    bool well = true;
    for (int64_t i = 0; i < jobs; i++) {
        int status = -1;
        waitpid(-1, &status, 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
        well = false;
        progress->next = all;
    }
    return well;
}

/* Each run has had what it needs, or it would have gone on. */
static void print(const struct progress *progress, double seconds)
{
    sim_counts_print(&progress->counts);
    fprintf(stderr,
            "%lld seeds, %lld rollouts (each at least %d), %lld faults (each at least %d)\n",
            (long long)progress->run, (long long)progress->rollouts, ROLLOUTS_MIN,
            (long long)progress->faults, FAULTS_MIN);
    fprintf(stderr, "%.1f seeds/s\n", (double)progress->run / seconds);
}

static bool run_all(struct progress *progress, int64_t first, int64_t all)
{
    int64_t jobs = setting("DOGSHORE_JOBS", DEFAULT_JOBS);
    cr_assert(jobs >= 1 && jobs <= JOBS_MAX);
    if (jobs > all) jobs = all;
    struct sim *empty = sim_open(0);
    sim_server_stop(empty);
    snprintf(progress->database, sizeof progress->database, "%s/dogshore.db", empty->dir);
    start_workers(progress, first, all, jobs);
    bool well = await_workers(progress, all, jobs);
    sim_close(empty);
    return well;
}

Test(seeds, every_run_holds_the_invariants_and_comes_to_its_end, .timeout = 24 * 3600)
{
    int64_t first = setting("DOGSHORE_SEED", 1);
    int64_t all = setting("DOGSHORE_SEEDS", getenv("DOGSHORE_SEED") ? 1 : DEFAULT_SEEDS);
    struct progress *progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(progress, MAP_FAILED);
    int64_t started_us = clock_monotonic_us();
    bool well = run_all(progress, first, all);
    print(progress, (double)(clock_monotonic_us() - started_us) / 1e6);
    cr_assert(well, "a run failed");
    cr_assert(all < SEEDS_ENOUGH ||
                  sim_counts_suffice(&progress->counts, LEAST_PER_1000 * all / SEEDS_ENOUGH),
              "some things happened too rarely");
    munmap(progress, sizeof *progress);
}
