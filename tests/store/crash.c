/* kill -9 at every failpoint of the writer: a child writes and says what was acknowledged, until
 * the failpoint kills it; then the parent opens what is left. */
#include "base/failpoint.h"
#include "store/deployments.h"
#include "store/events.h"
#include "support/store_check.h"
#include "support/store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { BATCH = 8, BATCHES = 40, ROUNDS_MAX = 64 };

static struct store_fixture f;
static int acknowledge_fd;

static void setup(void)
{
    store_fixture_open(&f);
}

static void teardown(void)
{
    store_fixture_close(&f);
}

TestSuite(crash, .init = setup, .fini = teardown);

static struct {
    struct deployment deployments[BATCH * BATCHES];
    struct writer_job jobs[BATCH * BATCHES];
    int outcomes[BATCH * BATCHES]; /* as the child told: 0 = nothing */
} run;

static enum err_code apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct deployment *deployment = &run.deployments[job - run.jobs];
    TRY(sample_create(tx, deployment, err));
    if ((job - run.jobs) % 5 == 4) return err_set(err, ERR_CONFLICT, "every fifth is refused");
    return ERR_OK;
}

static void acknowledge(struct writer_job *job, enum err_code code, const struct err *err)
{
    int said[2] = {(int)(job - run.jobs), code == ERR_OK ? 1 : 2};
    (void)err;
    if (write(acknowledge_fd, said, sizeof said) != sizeof said) _exit(1);
}

static _Noreturn void write_until_killed(const char *failpoint, int hit)
{
    struct err err;
    char action[32];
    store_fixture_start(&f);
    snprintf(action, sizeof action, "panic@%d", hit);
    failpoint_arm(failpoint, action);
    for (int i = 0; i < BATCH * BATCHES; i++) {
        const char *name = arena_printf(&f.arena, "web-%d", i);
        run.deployments[i] = sample_deployment(&f.arena, "default", name);
        run.jobs[i] = (struct writer_job){.apply = apply, .done = acknowledge};
        if (writer_submit(f.writer, i % 2, &run.jobs[i], &err) != ERR_OK) _exit(1);
        if (i % BATCH != BATCH - 1) continue;
        writer_step(f.writer);
        writer_step(f.writer); /* with nothing to do: may checkpoint */
    }
    _exit(0);
}

/* True when the failpoint was reached. */
static bool crashed_at(const char *failpoint, int hit)
{
    int ends[2], said[2], status;
    memset(run.outcomes, 0, sizeof run.outcomes);
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        acknowledge_fd = ends[1];
        write_until_killed(failpoint, hit);
    }
    close(ends[1]);
    while (read(ends[0], said, sizeof said) == sizeof said)
        run.outcomes[said[0]] = said[1];
    close(ends[0]);
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* Each deployment is there with its event or not at all, and no acknowledged one is missing. */
static void expect_truth(const char *failpoint, int hit)
{
    struct event *events;
    size_t count;
    int stored = 0;
    struct events_filter all = {.limit = 10000};
    for (int i = 0; i < BATCH * BATCHES; i++) {
        struct deployment out;
        struct err said;
        const char *name = arena_printf(&f.arena, "web-%d", i);
        enum err_code code = deployments_get(f.reader, &f.arena, "default", name, &out, &said);
        bool there = code == ERR_OK;
        cr_assert(there || code == ERR_NOT_FOUND, "%s", said.detail);
        cr_expect_not(run.outcomes[i] == 1 && !there, "%s@%d: %s is lost", failpoint, hit, name);
        cr_expect_not(i % 5 == 4 && there, "%s@%d: %s was refused", failpoint, hit, name);
        stored += there ? 1 : 0;
    }
    MUST(events_list(f.reader, &f.arena, &all, &events, &count, &err));
    cr_expect_eq(count, stored, "%s@%d: each with its event", failpoint, hit);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(events[i].index, (int64_t)i + 1, "%s@%d: no gap", failpoint, hit);
}

static void expect_writes_work(void)
{
    struct deployment more = sample_deployment(&f.arena, "default", "more");
    MUST(store_fixture_write(&f, sample_create, &more, &err));
}

/* A child that was killed leaves the directory as it is; the next round starts with a new one. */
static bool survived(const char *failpoint, int hit)
{
    store_fixture_shut(&f);
    bool reached = crashed_at(failpoint, hit);
    store_fixture_start(&f); /* checks the integrity of the file */
    expect_truth(failpoint, hit);
    expect_writes_work();
    store_fixture_close(&f);
    store_fixture_open(&f);
    return reached;
}

static void survive(const char *failpoint)
{
    static const int hits[] = {1, 2, 7, 13, 31};
    int reached = 0;
    for (size_t i = 0; i < sizeof hits / sizeof *hits; i++)
        reached += survived(failpoint, hits[i]) ? 1 : 0;
    cr_expect_gt(reached, 0, "%s is reached", failpoint);
}

Test(crash, every_failpoint_of_the_writer_may_kill, .timeout = 300)
{
    int tried = 0;
    for (size_t i = 0; failpoint_name(i) != NULL; i++) {
        if (!text_starts(failpoint_name(i), "writer.")) continue;
        survive(failpoint_name(i));
        tried++;
    }
    cr_expect_geq(tried, 9);
}
