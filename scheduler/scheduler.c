/* The idea: a deployment is dirty, or has a time at which it must be looked at again; both are one
 * timer per deployment in one heap. A step pops what is due and submits it; the end of a pass sets
 * the next timer. Nothing is polled.
 *
 *   dirty ──► timer ──► submitted ──► done ──► timer (its plan's wake time, or dirty meanwhile)
 *                                        └───► forgotten (the deployment is gone)
 */
#include "scheduler/scheduler.h"

#include "base/arena.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"
#include "scheduler/control.h"
#include "scheduler/crash_guard.h"
#include "scheduler/liveness_step.h"
#include "scheduler/pass_marker.h"
#include "scheduler/reconcile.h"
#include "store/deployments.h"
#include "store/idempotency.h"
#include "store/store.h"
#include "store/writer.h"

#include <assert.h>
#include <pthread.h>

enum {
    PASS_GAP_MS = 20,     /* between two passes of a deployment, at least */
    PASS_GAP_FACTOR = 4,  /* or this many times what the last one took */
    PASS_RETRY_MS = 1000, /* after a pass that failed, doubling up to */
    PASS_RETRY_MAX_MS = 60 * 1000,
    PASSES_RUNNING_MAX = 64,     /* so that users' writes get between them */
    HOUSEKEEPING_MS = 60 * 1000, /* what has expired */
    SUBMIT_RETRY_MS = 50         /* the writer's queue was full */
};

struct entry {
    struct heap_node timer;
    struct writer_job job;
    struct scheduler *scheduler;
    char *uid;
    bool running, dirty, urgent;
    int64_t earliest_ms; /* boot: no pass before */
    int64_t began_ms;    /* boot: when the running pass began */
    int64_t retry_ms;    /* of the next failure */
    struct pass_result result;
};

struct scheduler {
    struct store *store;
    struct writer *writer;
    struct control *control;
    struct clock clock;
    struct liveness_step *liveness;
    struct pass_marker marker;
    struct histogram passes; /* the writer thread's, as the next one is */
    struct counter failed;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t wake;
    struct map entries;
    struct heap timers;
    int64_t running, dirty; /* entries that are so */
    bool woken, stopping;

    /* The deployment whose pass crashed the server: counted before any pass runs. */
    char crashed_uid[PASS_MARKER_BYTES];
    struct writer_job crash_job;
    bool crash_pending, crash_submitted;

    struct writer_job housekeeping_job;
    bool housekeeping_running;
    int64_t housekeeping_due_ms;
};

static int64_t boot_ms(const struct scheduler *scheduler)
{
    return clock_boot_ms(&scheduler->clock);
}

static void wake_locked(struct scheduler *scheduler)
{
    scheduler->woken = true;
    pthread_cond_signal(&scheduler->wake);
}

static void set_dirty_locked(struct entry *entry, bool dirty)
{
    entry->scheduler->dirty += (int)dirty - (int)entry->dirty;
    entry->dirty = dirty;
}

static void mark_locked(struct scheduler *scheduler, const char *uid, bool urgent, int64_t now_ms)
{
    struct entry *entry = map_get(&scheduler->entries, uid);
    if (!entry) {
        entry = xcalloc(1, sizeof *entry);
        entry->scheduler = scheduler;
        entry->uid = xstrdup(uid);
        map_put(&scheduler->entries, uid, entry);
    }
    set_dirty_locked(entry, true);
    entry->urgent = entry->urgent || urgent;
    if (entry->running) return; /* what it writes belongs to its pass until that is done */
    int64_t due_ms = entry->earliest_ms > now_ms && !entry->urgent ? entry->earliest_ms : now_ms;
    if (heap_contains(&entry->timer) && entry->timer.due_ms <= due_ms) return;
    heap_set(&scheduler->timers, &entry->timer, due_ms);
}

static void mark(struct scheduler *scheduler, const char *const *uids, size_t count, bool urgent)
{
    int64_t now_ms = boot_ms(scheduler);
    pthread_mutex_lock(&scheduler->lock);
    for (size_t i = 0; i < count; i++)
        mark_locked(scheduler, uids[i], urgent, now_ms);
    wake_locked(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
}

void scheduler_dirty(struct scheduler *scheduler, const char *const *uids, size_t count)
{
    mark(scheduler, uids, count, false);
}

void scheduler_urgent(struct scheduler *scheduler, const char *const *uids, size_t count)
{
    mark(scheduler, uids, count, true);
}

static void entry_free(struct entry *entry)
{
    free(entry->uid);
    free(entry);
}

/* ---- a pass ---- */

static enum err_code pass_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct entry *entry = CONTAINER_OF(job, struct entry, job);
    struct scheduler *scheduler = entry->scheduler;
    entry->began_ms = boot_ms(scheduler);
    int64_t began_us = clock_monotonic_us();
    entry->result = (struct pass_result){.wake_in_ms = RECONCILE_NO_WAKE};
    tx_set_actor(tx, "scheduler", NULL);
    pass_marker_set(&scheduler->marker, entry->uid);
    enum err_code code = reconcile(scheduler->control, tx, entry->uid, &entry->result, err);
    pass_marker_set(&scheduler->marker, NULL);
    histogram_observe(&scheduler->passes, &duration_buckets, clock_monotonic_us() - began_us);
    int64_t now_ms = boot_ms(scheduler);
    int64_t gap_ms = PASS_GAP_FACTOR * (now_ms - entry->began_ms);
    entry->earliest_ms = now_ms + (gap_ms > PASS_GAP_MS ? gap_ms : PASS_GAP_MS);
    return code;
}

static int64_t next_retry_ms(struct entry *entry)
{
    int64_t retry_ms = entry->retry_ms == 0 ? PASS_RETRY_MS : entry->retry_ms;
    entry->retry_ms = 2 * retry_ms < PASS_RETRY_MAX_MS ? 2 * retry_ms : PASS_RETRY_MAX_MS;
    return retry_ms;
}

/* When to look again; -1: not by itself. */
static int64_t next_look_ms(struct entry *entry, enum err_code code, int64_t now_ms)
{
    if (code != ERR_OK) return now_ms + next_retry_ms(entry);
    entry->retry_ms = 0;
    int64_t due_ms = -1;
    if (entry->result.wake_in_ms != RECONCILE_NO_WAKE) due_ms = now_ms + entry->result.wake_in_ms;
    if (entry->dirty) due_ms = now_ms;
    if (entry->urgent) return now_ms;
    if (due_ms >= 0 && due_ms < entry->earliest_ms) due_ms = entry->earliest_ms;
    return due_ms;
}

static void pass_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct entry *entry = CONTAINER_OF(job, struct entry, job);
    struct scheduler *scheduler = entry->scheduler;
    if (code != ERR_OK) {
        log_message(LOG_ERROR, "pass_failed", "deployment %s: %s", entry->uid, err->detail);
        counter_add(&scheduler->failed, 1);
    }
    int64_t now_ms = boot_ms(scheduler);
    pthread_mutex_lock(&scheduler->lock);
    entry->running = false;
    scheduler->running--;
    if (code == ERR_OK && entry->result.gone) {
        set_dirty_locked(entry, false);
        map_remove(&scheduler->entries, entry->uid);
        entry_free(entry);
    } else {
        int64_t due_ms = next_look_ms(entry, code, now_ms);
        if (due_ms >= 0) heap_set(&scheduler->timers, &entry->timer, due_ms);
    }
    wake_locked(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
}

/* ---- the crash guard, once after a start ---- */

static enum err_code crash_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct scheduler *scheduler = CONTAINER_OF(job, struct scheduler, crash_job);
    tx_set_actor(tx, "scheduler", NULL);
    return crash_guard_count(tx, scheduler->crashed_uid, err);
}

static void crash_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct scheduler *scheduler = CONTAINER_OF(job, struct scheduler, crash_job);
    if (code != ERR_OK) log_message(LOG_ERROR, "pass_crash_not_counted", "%s", err->detail);
    pthread_mutex_lock(&scheduler->lock);
    scheduler->crash_pending = false;
    wake_locked(scheduler);
    pthread_mutex_unlock(&scheduler->lock);
}

/* Until the crash is counted no pass runs. False while that is under way. */
static bool crash_counted(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    bool pending = scheduler->crash_pending;
    pthread_mutex_unlock(&scheduler->lock);
    if (!pending || scheduler->crash_submitted) return !pending;
    struct err ignored;
    scheduler->crash_job = (struct writer_job){.apply = crash_apply, .done = crash_done};
    scheduler->crash_submitted =
        writer_submit(scheduler->writer, LANE_FIRST, &scheduler->crash_job, &ignored) == ERR_OK;
    return false;
}

/* ---- housekeeping ---- */

static enum err_code housekeeping_apply(struct store_tx *tx, struct writer_job *job,
                                        struct err *err)
{
    (void)job;
    tx_set_actor(tx, "scheduler", NULL);
    TRY(tombstones_expire(tx, err));
    return idempotency_expire(tx, err);
}

static void housekeeping_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct scheduler *scheduler = CONTAINER_OF(job, struct scheduler, housekeeping_job);
    if (code != ERR_OK) log_message(LOG_WARN, "housekeeping_failed", "%s", err->detail);
    pthread_mutex_lock(&scheduler->lock);
    scheduler->housekeeping_running = false;
    pthread_mutex_unlock(&scheduler->lock);
}

static void keep_house(struct scheduler *scheduler, int64_t now_ms)
{
    if (now_ms < scheduler->housekeeping_due_ms) return;
    scheduler->housekeeping_due_ms = now_ms + HOUSEKEEPING_MS;
    pthread_mutex_lock(&scheduler->lock);
    bool running = scheduler->housekeeping_running;
    scheduler->housekeeping_running = true;
    pthread_mutex_unlock(&scheduler->lock);
    if (running) return;
    struct err err;
    scheduler->housekeeping_job =
        (struct writer_job){.apply = housekeeping_apply, .done = housekeeping_done};
    enum err_code code =
        writer_submit(scheduler->writer, LANE_REPORTS, &scheduler->housekeeping_job, &err);
    if (code != ERR_OK) housekeeping_done(&scheduler->housekeeping_job, code, &err);
}

/* ---- the loop ---- */

/* The next entry that is due and may run, marked running; NULL: none. */
static struct entry *take_due(struct scheduler *scheduler, int64_t now_ms)
{
    pthread_mutex_lock(&scheduler->lock);
    struct entry *entry = NULL;
    struct heap_node *first = heap_first(&scheduler->timers);
    if (first && first->due_ms <= now_ms && scheduler->running < PASSES_RUNNING_MAX) {
        heap_remove(&scheduler->timers, first);
        entry = CONTAINER_OF(first, struct entry, timer);
        entry->running = true;
        set_dirty_locked(entry, false);
        entry->urgent = false;
        scheduler->running++;
    }
    pthread_mutex_unlock(&scheduler->lock);
    return entry;
}

static void put_back(struct scheduler *scheduler, struct entry *entry, int64_t now_ms)
{
    pthread_mutex_lock(&scheduler->lock);
    entry->running = false;
    set_dirty_locked(entry, true);
    scheduler->running--;
    heap_set(&scheduler->timers, &entry->timer, now_ms + SUBMIT_RETRY_MS);
    pthread_mutex_unlock(&scheduler->lock);
}

static void submit_due(struct scheduler *scheduler, int64_t now_ms)
{
    for (struct entry *entry; (entry = take_due(scheduler, now_ms));) {
        struct err ignored;
        entry->job = (struct writer_job){.apply = pass_apply, .done = pass_done};
        if (writer_submit(scheduler->writer, LANE_FIRST, &entry->job, &ignored) == ERR_OK) continue;
        put_back(scheduler, entry, now_ms);
        return;
    }
}

/* While as many passes run as may, the end of one wakes the loop, not a timer. */
static int64_t next_pass_ms(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    struct heap_node *first = heap_first(&scheduler->timers);
    bool may_run = first && !scheduler->crash_pending && scheduler->running < PASSES_RUNNING_MAX;
    int64_t due_ms = may_run ? first->due_ms : INT64_MAX;
    pthread_mutex_unlock(&scheduler->lock);
    return due_ms;
}

int64_t scheduler_step(struct scheduler *scheduler)
{
    int64_t now_ms = boot_ms(scheduler);
    if (!crash_counted(scheduler))
        return scheduler->crash_submitted ? INT64_MAX : now_ms + SUBMIT_RETRY_MS;
    submit_due(scheduler, now_ms);
    keep_house(scheduler, now_ms);
    int64_t due_ms = liveness_step(scheduler->liveness, now_ms);
    if (scheduler->housekeeping_due_ms < due_ms) due_ms = scheduler->housekeeping_due_ms;
    int64_t pass_ms = next_pass_ms(scheduler);
    return pass_ms < due_ms ? pass_ms : due_ms;
}

static struct timespec monotonic_after(int64_t wait_ms)
{
    int64_t at_us = clock_monotonic_us() + wait_ms * 1000;
    return (struct timespec){.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
}

bool scheduler_wait(struct scheduler *scheduler, int64_t due_boot_ms)
{
    enum { LONGEST_WAIT_MS = 3600 * 1000 };
    pthread_mutex_lock(&scheduler->lock);
    while (!scheduler->stopping && !scheduler->woken) {
        int64_t now_ms = boot_ms(scheduler);
        if (due_boot_ms <= now_ms) break;
        int64_t wait_ms = due_boot_ms - now_ms;
        struct timespec until =
            monotonic_after(wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS);
        pthread_cond_timedwait(&scheduler->wake, &scheduler->lock, &until);
    }
    scheduler->woken = false;
    bool go_on = !scheduler->stopping;
    pthread_mutex_unlock(&scheduler->lock);
    return go_on;
}

void scheduler_stop(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    scheduler->stopping = true;
    pthread_cond_signal(&scheduler->wake);
    pthread_mutex_unlock(&scheduler->lock);
}

int64_t scheduler_running(struct scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    int64_t running = scheduler->running;
    pthread_mutex_unlock(&scheduler->lock);
    return running;
}

void scheduler_stats(struct scheduler *scheduler, struct scheduler_stats *stats)
{
    *stats = (struct scheduler_stats){.failed = counter_read(&scheduler->failed)};
    histogram_add_to(&scheduler->passes, &stats->passes);
    pthread_mutex_lock(&scheduler->lock);
    stats->dirty = scheduler->dirty;
    stats->running = scheduler->running;
    pthread_mutex_unlock(&scheduler->lock);
}

/* ---- open, close ---- */

static enum err_code mark_everything(struct scheduler *scheduler, struct err *err)
{
    struct store_db *reader = NULL;
    TRY(store_reader_open(scheduler->store, &reader, err));
    auto_arena arena;
    arena_init(&arena);
    struct strings uids = {.count = 0};
    enum err_code code = store_read_begin(reader, err);
    if (code == ERR_OK) {
        code = deployments_uids(reader, &arena, &uids, err);
        store_read_end(reader);
    }
    store_reader_close(reader);
    if (code == ERR_OK) scheduler_dirty(scheduler, uids.items, uids.count);
    return code;
}

static void sync_open(struct scheduler *scheduler)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&scheduler->lock, NULL);
    pthread_cond_init(&scheduler->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum err_code scheduler_open(struct scheduler **out, struct store *store, struct writer *writer,
                             struct control *control, struct clock clock, struct err *err)
{
    struct scheduler *scheduler = xcalloc(1, sizeof *scheduler);
    scheduler->store = store;
    scheduler->writer = writer;
    scheduler->control = control;
    scheduler->clock = clock;
    enum err_code code =
        pass_marker_open(&scheduler->marker, store_data_dir(store), scheduler->crashed_uid, err);
    if (code != ERR_OK) {
        free(scheduler);
        return code;
    }
    scheduler->crash_pending = scheduler->crashed_uid[0] != '\0';
    scheduler->housekeeping_due_ms = clock_boot_ms(&clock) + HOUSEKEEPING_MS;
    sync_open(scheduler);
    map_init(&scheduler->entries);
    heap_init(&scheduler->timers);
    code = liveness_step_open(&scheduler->liveness, control, writer, err);
    if (code == ERR_OK) code = mark_everything(scheduler, err);
    if (code != ERR_OK) {
        scheduler_close(scheduler);
        return code;
    }
    *out = scheduler;
    return ERR_OK;
}

void scheduler_close(struct scheduler *scheduler)
{
    if (!scheduler) return;
    assert(scheduler->running == 0);
    liveness_step_close(scheduler->liveness);
    heap_release(&scheduler->timers);
    size_t position = 0;
    void *value = NULL;
    while (map_next(&scheduler->entries, &position, NULL, &value))
        entry_free(value);
    map_release(&scheduler->entries);
    pthread_cond_destroy(&scheduler->wake);
    pthread_mutex_destroy(&scheduler->lock);
    pass_marker_close(&scheduler->marker);
    free(scheduler);
}
