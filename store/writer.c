/* The writer thread's loop. One batch:
 *
 *   lanes ─► BEGIN ─► { SAVEPOINT ─ apply ─ RELEASE | ROLLBACK TO }… ─► index columns, meta ─►
 * COMMIT ─► counters ─► publish ─► dirty ─► done()… ─► flush ─► checkpoint when due
 *
 * Everything that a batch changes outside the database waits in struct batch until COMMIT. */
#include "store/writer.h"

#include "base/failpoint.h"
#include "base/limits.h"
#include "base/log.h"
#include "store/batch.h"
#include "store/checkpoint.h"
#include "store/connection.h"
#include "store/copy_step.h"
#include "store/events_private.h"
#include "store/facets.h"
#include "store/store_private.h"
#include "store/transaction.h"
#include "store/writer_queue.h"

#include <assert.h>
#include <pthread.h>

enum {
    CLOCK_SAVE_MS = 60 * 1000, /* at idle: what a kill may cost the cluster clock */
    IDLE_MS = 2,               /* clients that have just been answered may come back before */
    REPORTS_TURN_CLOSURES = LIMIT_BATCH_CLOSURES / 8 * 7,
    REPORTS_TURN_MS = LIMIT_BATCH_MS - 2
};

struct writer {
    struct store *store;
    struct writer_hooks hooks;
    struct writer_queue queue;
    struct batch batch;
    struct checkpoint checkpoint;
    /* The closures of the running batch, in the order they ran. */
    struct writer_job *first, *last;
    int taken;
    bool dead;               /* after a fatal error */
    int64_t upkeep_after_ms; /* cluster clock: a failed upkeep is not repeated at once */
    enum err_code failing;   /* of the last batch, so that a full disk is one line in the log */
    pthread_mutex_t copy_lock;
    struct store_copy *copy; /* under the lock: that is being made */
    bool takes_copies;       /* under the lock: until it ends */
    struct {                 /* the writer thread counts, any thread reads */
        struct counter batches, closures, failed, checkpoints, wal_pages, commit_us_max;
        struct histogram commits, batch_sizes;
        struct counter rollouts_ended[ROLLOUT_STATES];
    } stats;
};

enum err_code writer_open(struct writer **writer, struct store *store,
                          const struct writer_hooks *hooks, struct err *err)
{
    (void)err; /* nothing here can fail yet; callers need not know */
    struct writer *opened = xcalloc(1, sizeof *opened);
    opened->store = store;
    opened->hooks = *hooks;
    opened->takes_copies = true;
    pthread_mutex_init(&opened->copy_lock, NULL);
    writer_queue_init(&opened->queue);
    batch_init(&opened->batch);
    checkpoint_watch(&opened->checkpoint, store->write);
    *writer = opened;
    return ERR_OK;
}

static struct store_copy *current_copy(struct writer *writer)
{
    pthread_mutex_lock(&writer->copy_lock);
    struct store_copy *copy = writer->copy;
    pthread_mutex_unlock(&writer->copy_lock);
    return copy;
}

static void end_copy(struct writer *writer, enum err_code code, const struct err *err)
{
    pthread_mutex_lock(&writer->copy_lock);
    struct store_copy *copy = writer->copy;
    writer->copy = NULL;
    pthread_mutex_unlock(&writer->copy_lock);
    if (copy == NULL) return;
    copy->index = writer->store->meta.next_index - 1;
    copy->done(copy, code, err);
}

/* Whoever asks for a copy from now on is refused; one that was taken is ended by its own. */
static void refuse_copies(struct writer *writer)
{
    pthread_mutex_lock(&writer->copy_lock);
    writer->takes_copies = false;
    pthread_mutex_unlock(&writer->copy_lock);
}

/* Closing the last connection would run a checkpoint, which a disk that failed must not see. */
static void die(struct writer *writer, const struct err *err)
{
    writer->dead = true;
    writer_queue_stop(&writer->queue);
    sqlite3_db_config(writer->store->write->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    refuse_copies(writer);
    end_copy(writer, ERR_IO, err);
    if (writer->hooks.fatal != NULL) writer->hooks.fatal(writer->hooks.self, err);
}

/* ---- one closure ---- */

static enum err_code apply(struct writer_job *job, struct store_tx *tx)
{
    if (FP("writer.closure.before"))
        return err_set(&job->err, ERR_UNAVAILABLE, "failpoint writer.closure.before");
    TRY(job->apply(tx, job, &job->err));
    if (FP("writer.closure.after"))
        return err_set(&job->err, ERR_UNAVAILABLE, "failpoint writer.closure.after");
    return ERR_OK;
}

/* SQLite may have ended the transaction by itself, or said something that makes it worthless: then
 * it does not matter what the closure made of it. */
static enum err_code check_transaction(const struct store_db *db, struct err *err)
{
    if (db->trouble == 0 && transaction_is_open(db)) return ERR_OK;
    if ((db->trouble & 0xff) == SQLITE_FULL)
        return err_set(err, ERR_DISK_FULL, "the disk that holds the data directory is full");
    return err_set(err, ERR_OUTCOME_UNKNOWN, "the transaction was lost: %s",
                   db->trouble == 0 ? "it ended by itself" : sqlite3_errstr(db->trouble));
}

/* ERR_OK: the closure ran, for better or worse, and the batch goes on. */
static enum err_code run_closure(struct writer *writer, struct writer_job *job, struct err *err)
{
    struct store *store = writer->store;
    struct store_db *db = store->write;
    struct batch *batch = &writer->batch;
    struct batch_mark mark = batch_mark(batch);
    struct store_tx tx = {
        .store = store, .batch = batch, .actor = "server", .now_ms = store_clock_ms(store)};
    int64_t changes = sqlite3_total_changes64(db->handle);

    TRY(savepoint_begin(db, err));
    job->code = apply(job, &tx);
    TRY(check_transaction(db, err));
    if (job->code == ERR_OK && !tx.undone) {
        batch->wrote |= sqlite3_total_changes64(db->handle) != changes;
        return savepoint_keep(db, err);
    }
    batch_restore(batch, &mark);
    return savepoint_undo(db, err);
}

/* ---- one batch ---- */

static void take(struct writer *writer, struct writer_job *job)
{
    job->next = NULL;
    if (writer->last == NULL)
        writer->first = job;
    else
        writer->last->next = job;
    writer->last = job;
    writer->taken++;
}

/* The next closure, unless the batch is full: those that ran wait for their reply. The last eighth
 * of a batch is for reports, so that a rush of users cannot silence the nodes. */
static struct writer_job *take_next(struct writer *writer, int64_t started_ms)
{
    int64_t took_ms = clock_boot_ms(&writer->store->clock) - started_ms;
    if (writer->taken >= LIMIT_BATCH_CLOSURES || took_ms >= LIMIT_BATCH_MS) return NULL;
    bool reports_turn = writer->taken >= REPORTS_TURN_CLOSURES || took_ms >= REPORTS_TURN_MS;
    struct writer_job *job = writer_queue_take(&writer->queue, reports_turn);
    if (job != NULL) take(writer, job);
    return job;
}

static enum err_code run_closures(struct writer *writer, struct err *err)
{
    int64_t started_ms = clock_boot_ms(&writer->store->clock);
    for (struct writer_job *job = writer->first; job != NULL; job = take_next(writer, started_ms))
        TRY(run_closure(writer, job, err));
    return ERR_OK;
}

static enum err_code write_counters(struct writer *writer, struct err *err)
{
    struct store *store = writer->store;
    struct batch *batch = &writer->batch;
    bool counted = batch->meta.next_index != store->meta.next_index ||
                   batch->meta.next_replica != store->meta.next_replica;
    batch_settle(batch);
    if (!batch->wrote && !counted) return ERR_OK; /* nothing to make durable */
    TRY(facets_write(store->write, batch, err));
    TRY(events_trim(store, batch, err));
    batch->meta.clock_ms = store_clock_ms(store);
    return meta_write(store->write, &batch->meta, err);
}

/* *fatal: COMMIT itself failed, so that nobody can say what the disk holds. */
static enum err_code commit(struct writer *writer, bool *fatal, struct err *err)
{
    int64_t started_us = clock_monotonic_us();
    if (FP("writer.commit.before")) {
        *fatal = true;
        return err_set(err, ERR_IO, "failpoint writer.commit.before");
    }
    int code = transaction_commit(writer->store->write, err);
    if (code == SQLITE_OK && FP("writer.commit.after")) {
        *fatal = true;
        return err_set(err, ERR_IO, "failpoint writer.commit.after");
    }
    int64_t took_us = clock_monotonic_us() - started_us;
    if (took_us > counter_read(&writer->stats.commit_us_max))
        counter_set(&writer->stats.commit_us_max, took_us);
    int primary = code & 0xff;
    *fatal = code != SQLITE_OK && primary != SQLITE_FULL && primary != SQLITE_BUSY;
    if (code == SQLITE_OK) {
        histogram_observe(&writer->stats.commits, &duration_buckets, took_us);
        return ERR_OK;
    }
    return primary == SQLITE_FULL ? ERR_DISK_FULL : ERR_OUTCOME_UNKNOWN;
}

static enum err_code begin(struct writer *writer, bool *fatal, struct err *err)
{
    struct store_db *db = writer->store->write;
    db->trouble = 0;
    TRY(checkpoint_allow_write(&writer->checkpoint, db, fatal, err));
    if (FP("writer.batch.begin"))
        return err_set(err, ERR_UNAVAILABLE, "failpoint writer.batch.begin");
    return transaction_begin(db, err);
}

static enum err_code run_batch(struct writer *writer, bool *fatal, struct err *err)
{
    TRY(begin(writer, fatal, err));
    TRY(run_closures(writer, err));
    TRY(write_counters(writer, err));
    return commit(writer, fatal, err);
}

static void publish(struct writer *writer)
{
    const struct writer_hooks *hooks = &writer->hooks;
    struct batch *batch = &writer->batch;
    struct store *store = writer->store;
    bool newer = batch->touched.count > 0 || batch->meta.next_index != store->meta.next_index;
    if (writer->failing != ERR_OK && batch->wrote) {
        log_message(LOG_INFO, "writes_recover", "writes work again");
        writer->failing = ERR_OK;
    }
    meta_advance(&store->meta, &batch->meta);
    store->event_count += batch->events_added;
    for (int state = 0; state < ROLLOUT_STATES; state++)
        counter_add(&writer->stats.rollouts_ended[state], batch->rollouts_ended[state]);
    if (batch->tokens_changed > 0) store->tokens_epoch++;
    (void)FP("writer.publish.before");
    if (newer && hooks->publish != NULL)
        hooks->publish(hooks->self, batch->touched.items, batch->touched.count,
                       batch->meta.next_index - 1);
    void (*urgent)(void *, const char *const *, size_t) =
        hooks->urgent != NULL ? hooks->urgent : hooks->dirty;
    if (batch->dirty.count > 0 && hooks->dirty != NULL)
        hooks->dirty(hooks->self, batch->dirty.items, batch->dirty.count);
    if (batch->urgent.count > 0 && urgent != NULL)
        urgent(hooks->self, batch->urgent.items, batch->urgent.count);
}

/* Nothing of the batch may be kept: not even of those whose own closure went well. */
static void fail_batch(struct writer *writer, enum err_code code, const struct err *err)
{
    struct batch_mark nothing = {.meta = writer->store->meta};
    transaction_rollback(writer->store->write);
    batch_restore(&writer->batch, &nothing);
    for (struct writer_job *job = writer->first; job != NULL; job = job->next) {
        job->code = code;
        job->err = *err;
    }
    if (writer->failing != code)
        log_message(LOG_ERROR, "writes_fail", "%s: %s", err_slug(code), err->detail);
    writer->failing = code;
}

/* A job belongs to its submitter again as soon as done() is called. */
static void reply(struct writer *writer)
{
    (void)FP("writer.reply.before");
    for (struct writer_job *job = writer->first; job != NULL;) {
        struct writer_job *next = job->next;
        counter_add(&writer->stats.closures, 1);
        if (job->code != ERR_OK) counter_add(&writer->stats.failed, 1);
        job->next = NULL;
        job->done(job, job->code, &job->err);
        job = next;
    }
    (void)FP("writer.reply.after");
    if (writer->hooks.flush != NULL) writer->hooks.flush(writer->hooks.self);
}

/* What a batch that failed tells its closures. Errors before BEGIN have changed nothing. */
static enum err_code batch_code(enum err_code code)
{
    return code == ERR_DISK_FULL || code == ERR_UNAVAILABLE ? code : ERR_OUTCOME_UNKNOWN;
}

static void step_batch(struct writer *writer, struct writer_job *job)
{
    struct err err = {.code = ERR_OK};
    bool fatal = false;
    writer->first = writer->last = NULL;
    writer->taken = 0;
    take(writer, job);
    batch_start(&writer->batch, &writer->store->meta);
    enum err_code code = run_batch(writer, &fatal, &err);
    if (fatal) {
        die(writer, &err);
        return;
    }
    counter_add(&writer->stats.batches, 1);
    histogram_observe(&writer->stats.batch_sizes, &amount_buckets, writer->taken);
    if (code == ERR_OK)
        publish(writer);
    else
        fail_batch(writer, batch_code(code), &err);
    reply(writer);
    batch_write_log(&writer->batch);
}

/* ---- between batches ---- */

static void step_checkpoint(struct writer *writer, bool idle)
{
    struct err err;
    enum err_code code = checkpoint_if_due(&writer->checkpoint, writer->store->write, idle, &err);
    counter_set(&writer->stats.checkpoints, writer->checkpoint.count);
    counter_set(&writer->stats.wal_pages, writer->checkpoint.pages);
    if (code != ERR_OK) die(writer, &err);
}

static enum err_code save_clock(struct writer *writer, bool *fatal, struct err *err)
{
    TRY(begin(writer, fatal, err));
    writer->batch.wrote = true;
    TRY(write_counters(writer, err));
    return commit(writer, fatal, err);
}

/* A batch without closures: the clock, and events beyond what is kept. */
static void step_upkeep(struct writer *writer)
{
    struct err err = {.code = ERR_OK};
    bool fatal = false;
    writer->first = writer->last = NULL;
    writer->taken = 0;
    batch_start(&writer->batch, &writer->store->meta);
    enum err_code code = save_clock(writer, &fatal, &err);
    if (code != ERR_OK) writer->upkeep_after_ms = store_clock_ms(writer->store) + CLOCK_SAVE_MS;
    if (fatal)
        die(writer, &err);
    else if (code == ERR_OK)
        publish(writer);
    else
        fail_batch(writer, code, &err);
}

static bool upkeep_is_due(const struct writer *writer)
{
    const struct store *store = writer->store;
    int64_t now_ms = store_clock_ms(store);
    if (now_ms < writer->upkeep_after_ms) return false;
    return now_ms - store->meta.clock_ms >= CLOCK_SAVE_MS || events_overdue(store);
}

static void step_copy(struct writer *writer)
{
    struct store_copy *copy = current_copy(writer);
    enum err_code code;
    struct err err = {.code = ERR_OK};
    if (copy == NULL || copy_step(copy, writer->store->write, &code, &err)) return;
    end_copy(writer, code, &err);
}

bool writer_step(struct writer *writer)
{
    if (writer->dead) return false;
    struct writer_job *job = writer_queue_take(&writer->queue, false);
    if (job != NULL)
        step_batch(writer, job);
    else if (upkeep_is_due(writer))
        step_upkeep(writer);
    if (!writer->dead) step_checkpoint(writer, job == NULL);
    if (!writer->dead) step_copy(writer);
    return job != NULL;
}

bool writer_wait(struct writer *writer)
{
    if (writer->dead) return false;
    int64_t at_most_ms = CLOCK_SAVE_MS;
    if (checkpoint_is_due(&writer->checkpoint, true)) at_most_ms = IDLE_MS;
    if (upkeep_is_due(writer) || current_copy(writer) != NULL) at_most_ms = 0;
    return writer_queue_wait(&writer->queue, at_most_ms);
}

enum err_code writer_copy(struct writer *writer, struct store_copy *copy, struct err *err)
{
    pthread_mutex_lock(&writer->copy_lock);
    bool ends = !writer->takes_copies, busy = writer->copy != NULL;
    if (!ends && !busy) writer->copy = copy;
    pthread_mutex_unlock(&writer->copy_lock);
    if (ends) return err_set(err, ERR_UNAVAILABLE, "the database is being closed");
    if (busy) return err_set(err, ERR_UNAVAILABLE, "another copy of the database is being made");
    writer_queue_knock(&writer->queue);
    return ERR_OK;
}

void writer_copy_cancel(struct writer *writer, struct store_copy *copy)
{
    atomic_store(&copy->cancelled, true);
    writer_queue_knock(&writer->queue);
}

void writer_stop(struct writer *writer)
{
    refuse_copies(writer);
    writer_queue_stop(&writer->queue);
}

enum err_code writer_submit(struct writer *writer, enum writer_lane lane, struct writer_job *job,
                            struct err *err)
{
    return writer_queue_add(&writer->queue, lane, job, err);
}

void writer_stats(struct writer *writer, struct writer_stats *stats)
{
    *stats = (struct writer_stats){
        .batches = counter_read(&writer->stats.batches),
        .closures = counter_read(&writer->stats.closures),
        .failed = counter_read(&writer->stats.failed),
        .checkpoints = counter_read(&writer->stats.checkpoints),
        .wal_pages = counter_read(&writer->stats.wal_pages),
        .commit_us_max = counter_read(&writer->stats.commit_us_max),
        .queue = writer_queue_length(&writer->queue),
    };
    writer_queue_lengths(&writer->queue, stats->lanes);
    histogram_add_to(&writer->stats.commits, &stats->commits);
    histogram_add_to(&writer->stats.batch_sizes, &stats->batch_sizes);
    for (int state = 0; state < ROLLOUT_STATES; state++)
        stats->rollouts_ended[state] = counter_read(&writer->stats.rollouts_ended[state]);
}

void writer_close(struct writer *writer)
{
    if (writer == NULL) return;
    assert(writer->dead || writer_queue_is_empty(&writer->queue));
    assert(writer->copy == NULL);
    if (!writer->dead) step_upkeep(writer);
    sqlite3_wal_hook(writer->store->write->handle, NULL, NULL);
    batch_release(&writer->batch);
    writer_queue_release(&writer->queue);
    pthread_mutex_destroy(&writer->copy_lock);
    free(writer);
}
