#include "sim.h"

#include "base/crypto.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/text.h"
#include "scheduler/control.h"
#include "scheduler/scheduler.h"
#include "sim_agent.h"
#include "sim_check.h"
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct sim_event {
    struct heap_node timer;
    void (*run)(struct sim *sim, void *self, uint64_t stamp);
    void *self;
    uint64_t stamp;
};

enum { FIRST_BOOT_MS = 1000 * 1000 };
static const int64_t first_wall_ms = INT64_C(1767225600000); /* 2026-01-01 */

/* ---- failing ---- */

void sim_trace(struct sim *sim, const char *format, ...)
{
    if (!sim->trace) return;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%10.3f ", (double)(sim->time.boot_ms - FIRST_BOOT_MS) / 1000.0);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static void remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char file[512];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        unlink(file); /* fails on . and .. */
    }
    closedir(dir);
    rmdir(path);
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    char program[512] = "";
    va_list args;
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) abort();
    va_start(args, format);
    fprintf(stderr, "\nsimulation broken at %.3f s: ",
            (double)(sim->time.boot_ms - FIRST_BOOT_MS) / 1000.0);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nreplay: DOGSHORE_SEED=%llu %s (DOGSHORE_TRACE=1 tells more)\n",
            (unsigned long long)sim->seed, program);
    va_end(args);
    remove_dir(sim->dir);
    abort();
}

/* ---- time ---- */

int64_t sim_now_ms(const struct sim *sim)
{
    return sim->time.boot_ms;
}

int64_t sim_between(struct sim *sim, int64_t low, int64_t high)
{
    return low + (int64_t)rng_below(&sim->rng, (uint64_t)(high - low + 1));
}

bool sim_chance(struct sim *sim, unsigned percent)
{
    return rng_below(&sim->rng, 100) < percent;
}

void sim_after(struct sim *sim, int64_t delay_ms,
               void (*run)(struct sim *sim, void *self, uint64_t stamp), void *self, uint64_t stamp)
{
    struct sim_event *event = xcalloc(1, sizeof *event);
    event->run = run;
    event->self = self;
    event->stamp = stamp;
    heap_set(&sim->events, &event->timer, sim->time.boot_ms + delay_ms);
}

static void server_dies(struct sim *sim);

static void drain_writer(struct sim *sim)
{
    while (sim->server_up && writer_step(sim->writer)) {
        sim_check_commit(sim);
        if (sim->on_commit) sim->on_commit(sim, sim->on_commit_argument);
        if (sim->kill_after > 0 && --sim->kill_after == 0) server_dies(sim);
    }
}

static int64_t closures_failed(struct sim *sim)
{
    struct writer_stats stats;
    writer_stats(sim->writer, &stats);
    return stats.failed;
}

/* What the server orders itself never fails, unless it is made to. */
static void check_failed(struct sim *sim)
{
    if (!sim->server_up) return;
    int64_t failed = closures_failed(sim);
    if (failed > sim->failed_seen && !sim->writes_fail)
        sim_fail(sim, "%lld passes or steps of the server failed, see its log",
                 (long long)(failed - sim->failed_seen));
    sim->failed_seen = failed;
}

static bool is_busy(struct sim *sim)
{
    return sim->server_up &&
           (scheduler_running(sim->scheduler) > 0 || sim->scheduler_due_ms <= sim->time.boot_ms);
}

/* The server does all that is due now. */
static void settle(struct sim *sim)
{
    if (!sim->server_up) return;
    do {
        sim->scheduler_due_ms = scheduler_step(sim->scheduler);
        drain_writer(sim);
        if (sim->server_up) sim->scheduler_due_ms = scheduler_step(sim->scheduler);
    } while (is_busy(sim));
    drain_writer(sim);
    check_failed(sim);
}

static void run_due_events(struct sim *sim)
{
    for (;;) {
        struct heap_node *first = heap_first(&sim->events);
        if (!first || first->due_ms > sim->time.boot_ms) return;
        heap_remove(&sim->events, first);
        struct sim_event *event = CONTAINER_OF(first, struct sim_event, timer);
        event->run(sim, event->self, event->stamp);
        free(event);
    }
}

static int64_t next_due_ms(const struct sim *sim)
{
    const struct heap_node *first = heap_first(&sim->events);
    int64_t due_ms = first ? first->due_ms : INT64_MAX;
    if (sim->server_up && sim->scheduler_due_ms < due_ms) due_ms = sim->scheduler_due_ms;
    return due_ms;
}

static void advance_to(struct sim *sim, int64_t boot_ms)
{
    if (boot_ms <= sim->time.boot_ms) return;
    sim->time.wall_ms += boot_ms - sim->time.boot_ms;
    sim->time.boot_ms = boot_ms;
}

/* One moment: what is due next, if it is due by `end_ms`. */
static bool step(struct sim *sim, int64_t end_ms)
{
    settle(sim);
    int64_t due_ms = next_due_ms(sim);
    if (due_ms > end_ms) {
        advance_to(sim, end_ms);
        return false;
    }
    advance_to(sim, due_ms);
    run_due_events(sim);
    settle(sim);
    return true;
}

void sim_run_for(struct sim *sim, int64_t ms)
{
    int64_t end_ms = sim->time.boot_ms + ms;
    while (step(sim, end_ms)) {
    }
}

bool sim_run_until(struct sim *sim, bool (*reached)(struct sim *sim, void *argument),
                   void *argument, int64_t ms)
{
    int64_t end_ms = sim->time.boot_ms + ms;
    for (;;) {
        settle(sim);
        if (reached(sim, argument)) return true;
        if (!step(sim, end_ms)) return reached(sim, argument);
    }
}

/* ---- the server ---- */

static void on_publish(void *self, const struct touched *touched, size_t count,
                       int64_t newest_index)
{
    struct sim *sim = self;
    sim->newest_index = newest_index;
    sim_check_touched(sim, touched, count, newest_index);
    for (size_t i = 0; i < count; i++) {
        if (touched[i].kind != FACET_ASSIGNMENTS) continue;
        struct sim_agent *agent = sim_agent_find(sim, touched[i].key);
        if (agent) sim_agent_assignments_changed(agent);
    }
}

static void on_dirty(void *self, const char *const *uids, size_t count)
{
    struct sim *sim = self;
    scheduler_dirty(sim->scheduler, uids, count);
}

static void on_fatal(void *self, const struct err *err)
{
    sim_fail(self, "the store failed: %s", err->detail);
}

void sim_server_start(struct sim *sim)
{
    struct store_config config = {
        .data_dir = sim->dir,
        .keep_events = 1000 * 1000,
        .clock = sim->clock,
        .volatile_writes = true,
    };
    struct writer_hooks hooks = {
        .self = sim, .publish = on_publish, .dirty = on_dirty, .fatal = on_fatal};
    SIM_MUST(sim, store_open(&sim->store, &config, err));
    SIM_MUST(sim, store_reader_open(sim->store, &sim->reader, err));
    SIM_MUST(sim, writer_open(&sim->writer, sim->store, &hooks, err));
    SIM_MUST(sim, control_open(&sim->control, sim->store, sim->clock, err));
    SIM_MUST(sim, scheduler_open(&sim->scheduler, sim->store, sim->writer, sim->control, sim->clock,
                                 err));
    sim->server_up = true;
    sim->failed_seen = 0;
    sim->scheduler_due_ms = sim->time.boot_ms;
    sim_trace(sim, "server starts");
}

static void server_close(struct sim *sim)
{
    sim->server_up = false;
    sim->kill_after = 0;
    scheduler_close(sim->scheduler);
    control_close(sim->control);
    writer_close(sim->writer);
    store_reader_close(sim->reader);
    store_close(sim->store);
    for (size_t i = 0; i < sim->agent_count; i++)
        sim_agent_server_lost(sim->agents[i]);
}

void sim_server_stop(struct sim *sim)
{
    if (sim->server_up) settle(sim);
    if (!sim->server_up) return;
    server_close(sim);
    sim_trace(sim, "server stops");
}

static void starts_again(struct sim *sim, void *self, uint64_t stamp)
{
    (void)self;
    (void)stamp;
    if (!sim->server_up) sim_server_start(sim);
}

/* Nothing that waits reaches the store any more, as if the process were gone. */
static void server_dies(struct sim *sim)
{
    static const enum log_level nothing = (enum log_level) - 1;
    sim_trace(sim, "server dies");
    log_set_level(nothing);
    failpoint_arm("writer.batch.begin", "error@*");
    while (writer_step(sim->writer)) {
    }
    server_close(sim);
    failpoint_clear();
    sim->writes_fail = false;
    log_set_level(sim->trace ? LOG_DEBUG : LOG_ERROR);
    sim_after(sim, sim->kill_downtime_ms, starts_again, NULL, 0);
}

void sim_server_kill_after(struct sim *sim, int64_t batches, int64_t downtime_ms)
{
    sim_trace(sim, "server dies after %lld batches", (long long)batches);
    sim->kill_after = batches;
    sim->kill_downtime_ms = downtime_ms;
}

static void writes_recover(struct sim *sim, void *self, uint64_t stamp)
{
    (void)self;
    (void)stamp;
    failpoint_clear();
    sim->writes_fail = false;
    log_set_level(sim->trace ? LOG_DEBUG : LOG_ERROR);
}

void sim_fail_writes(struct sim *sim, const char *failpoint, const char *action, int64_t ms)
{
    static const enum log_level nothing = (enum log_level) - 1;
    if (sim->writes_fail) return;
    sim_trace(sim, "%s=%s for %lld ms", failpoint, action, (long long)ms);
    sim->writes_fail = true;
    if (!sim->trace) log_set_level(nothing);
    failpoint_arm(failpoint, action);
    sim_after(sim, ms, writes_recover, NULL, 0);
}

bool sim_write_failed(const struct sim *sim, enum err_code code)
{
    bool failure = code == ERR_UNAVAILABLE || code == ERR_OUTCOME_UNKNOWN;
    return failure && (sim->writes_fail || !sim->server_up);
}

void sim_server_restart(struct sim *sim, int64_t downtime_ms)
{
    sim_server_stop(sim);
    sim_run_for(sim, downtime_ms);
    sim_server_start(sim);
}

struct sim_write {
    struct writer_job job;
    struct sim *sim;
    sim_write_function *function;
    void *argument;
    struct arena arena;
    enum err_code code;
    struct err err;
    bool done;
};

static enum err_code write_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct sim_write *write = CONTAINER_OF(job, struct sim_write, job);
    return write->function(write->sim, tx, &write->arena, write->argument, err);
}

static void write_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct sim_write *write = CONTAINER_OF(job, struct sim_write, job);
    write->code = code;
    if (code != ERR_OK) write->err = *err;
    write->done = true;
}

enum err_code sim_write(struct sim *sim, enum writer_lane lane, sim_write_function *function,
                        void *argument, struct err *err)
{
    settle(sim);
    if (!sim->server_up) return err_set(err, ERR_UNAVAILABLE, "the server is down");
    struct sim_write write = {
        .job = {.apply = write_apply, .done = write_done},
        .sim = sim,
        .function = function,
        .argument = argument,
    };
    arena_init(&write.arena);
    if (writer_submit(sim->writer, lane, &write.job, &write.err) != ERR_OK)
        sim_fail(sim, "the writer takes no more: %s", write.err.detail);
    drain_writer(sim);
    arena_release(&write.arena);
    if (!write.done) sim_fail(sim, "a closure did not end");
    if (sim->server_up) sim->failed_seen = closures_failed(sim);
    if (write.code != ERR_OK && err) *err = write.err;
    return write.code;
}

/* ---- open, close ---- */

static void copy_database(struct sim *sim, const char *database)
{
    char path[128];
    struct stat status;
    snprintf(path, sizeof path, "%s/dogshore.db", sim->dir);
    int from = open(database, O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool well = from >= 0 && to >= 0 && fstat(from, &status) == 0;
    if (!well || sendfile(to, from, NULL, (size_t)status.st_size) != status.st_size)
        sim_fail(sim, "cannot copy %s to %s", database, path);
    close(from);
    close(to);
}

struct sim *sim_open(uint64_t seed)
{
    return sim_open_copy(seed, NULL);
}

struct sim *sim_open_copy(uint64_t seed, const char *database)
{
    struct sim *sim = xcalloc(1, sizeof *sim);
    sim->seed = seed;
    sim->trace = getenv("DOGSHORE_TRACE") != NULL;
    rng_seed(&sim->rng, seed);
    SIM_MUST(sim, crypto_start(err));
    log_set_level(sim->trace ? LOG_DEBUG : LOG_ERROR);
    sim->time = (struct manual_clock){.boot_ms = FIRST_BOOT_MS, .wall_ms = first_wall_ms};
    sim->clock = clock_manual(&sim->time);
    sim->counts = &sim->own_counts;
    snprintf(sim->dir, sizeof sim->dir, "/dev/shm/dogshore-sim-XXXXXX");
    if (!mkdtemp(sim->dir)) sim_fail(sim, "cannot make %s", sim->dir);
    arena_init(&sim->memory);
    arena_init(&sim->look);
    heap_init(&sim->events);
    map_init(&sim->starts);
    map_init(&sim->versions);
    map_init(&sim->first_runs);
    sim->check = sim_check_open();
    if (database) copy_database(sim, database);
    sim_server_start(sim);
    return sim;
}

void sim_close(struct sim *sim)
{
    sim_server_stop(sim);
    failpoint_clear();
    for (struct heap_node *first; (first = heap_first(&sim->events));) {
        heap_remove(&sim->events, first);
        free(CONTAINER_OF(first, struct sim_event, timer));
    }
    heap_release(&sim->events);
    for (size_t i = 0; i < sim->agent_count; i++)
        map_release(&sim->agents[i]->by_id);
    map_release(&sim->starts);
    map_release(&sim->versions);
    map_release(&sim->first_runs);
    sim_check_close(sim->check);
    arena_release(&sim->memory);
    arena_release(&sim->look);
    remove_dir(sim->dir);
    free(sim);
}
