/* writer.h: the single writer: group commit of closures.
 *
 * The loop: take up to LIMIT_BATCH_CLOSURES or LIMIT_BATCH_MS of closures from two lanes (users and
 * the scheduler first, agents' reports second), BEGIN IMMEDIATE, run each in a SAVEPOINT, COMMIT at
 * synchronous=FULL, publish what was touched, then tell each closure its outcome. There is no
 * linger timer: a lone write commits at once, and while one commit runs the next batch gathers.
 *
 * A closure that fails, or calls tx_undo(), leaves nothing behind: rows, indexes, touched facets,
 * dirty marks and staged memory go back to its mark. After every closure the writer checks that the
 * transaction still exists (SQLITE_FULL and I/O errors end it silently); if it is gone nothing
 * further runs and every closure of the batch learns ERR_DISK_FULL or ERR_OUTCOME_UNKNOWN, with
 * nothing published; those that had not run yet are left for the next batch. An error from COMMIT
 * or a checkpoint other than FULL/BUSY is fatal: nobody is answered any more and hooks.fatal is
 * called (main exits 75 for the supervisor).
 *
 * Threads: writer_submit from any; step, wait from the one writer thread. writer_step() is a plain
 * function, so that the simulator runs the same code without threads.
 */
#ifndef DOGSHORE_STORE_WRITER_H
#define DOGSHORE_STORE_WRITER_H

#include "base/err.h"
#include "base/metrics.h"
#include "model/rollout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct store;
struct store_copy;
struct store_db;
struct writer;
struct writer_job;
struct store_tx; /* what a closure writes through; valid during the call */

enum writer_lane { LANE_FIRST, LANE_REPORTS, LANE_COUNT };

/* Lives in the submitter's memory until done() was called. */
struct writer_job {
    enum err_code (*apply)(struct store_tx *tx, struct writer_job *job, struct err *err);
    /* On the writer thread, after publish (code ERR_OK: durable) or after the failure. */
    void (*done)(struct writer_job *job, enum err_code code, const struct err *err);
    /* The writer's: */
    struct writer_job *next;
    enum err_code code;
    struct err err;
};

/* A facet is a thing that can be watched, with its own published index. Keys:
 *   deployment  "<cluster>/<name>"      endpoints  "<cluster>/<name>"
 *   node, assignments  "<node>"
 *   list  a word of enum facet_list
 *   events  "" */
enum facet_kind {
    FACET_DEPLOYMENT,
    FACET_ENDPOINTS,
    FACET_NODE,
    FACET_ASSIGNMENTS,
    FACET_LIST,
    FACET_EVENTS
};

/* Of one kind of object each, but for the fleet: that moves with deployments, replicas and nodes.
 */
enum facet_list {
    LIST_OF_NONE,
    LIST_OF_DEPLOYMENTS,
    LIST_OF_NODES,
    LIST_OF_REPLICAS,
    LIST_OF_ROLLOUTS,
    LIST_OF_TOKENS,
    LIST_OF_FLEET
};
extern const char *const facet_list_words[];

struct touched {
    enum facet_kind kind;
    const char *key;
    int64_t index;
};

struct writer_hooks {
    void *self;
    /* After COMMIT, before the replies. Each facet once, with its newest index. */
    void (*publish)(void *self, const struct touched *touched, size_t count, int64_t newest_index);
    /* After publish: deployments whose plan must be looked at again. */
    void (*dirty)(void *self, const char *const *uids, size_t count);
    /* Likewise, where the spec changed: look at once. NULL: they come through dirty. */
    void (*urgent)(void *self, const char *const *uids, size_t count);
    /* After the last done() of a batch: wake the loops once. */
    void (*flush)(void *self);
    /* The store cannot be trusted any more. Must not return to normal service. */
    void (*fatal)(void *self, const struct err *err);
};

enum err_code writer_open(struct writer **writer, struct store *store,
                          const struct writer_hooks *hooks, struct err *err);
void writer_close(struct writer *writer); /* NULL is fine; the queue must be empty */

/* ERR_UNAVAILABLE when LIMIT_WRITE_QUEUE closures wait or the writer has stopped; then done() is
 * not called. */
enum err_code writer_submit(struct writer *writer, enum writer_lane lane, struct writer_job *job,
                            struct err *err);
/* Runs one batch of what is queued; false when there was nothing. Checkpoints when idle. */
bool writer_step(struct writer *writer);
/* Parks until there is work (true), or writer_stop() was called and the queue is empty, or after a
 * fatal error (false). */
bool writer_wait(struct writer *writer);
void writer_stop(struct writer *writer);

/* Makes an opened copy (copy.h) between its batches: done() will be called. ERR_UNAVAILABLE: it
 * makes another one, has stopped or had a fatal error; then done() is not called. Every copy must
 * have ended before the writer is stopped. Any thread. */
enum err_code writer_copy(struct writer *writer, struct store_copy *copy, struct err *err);
/* done() is called soon, with ERR_CANCELLED unless it had ended already. Any thread. */
void writer_copy_cancel(struct writer *writer, struct store_copy *copy);

struct writer_stats {
    int64_t batches, closures, failed, checkpoints, wal_pages, commit_us_max, queue;
    int64_t lanes[LANE_COUNT];        /* closures that wait in each */
    struct histogram_sum commits;     /* duration_buckets: of COMMIT, which waits for the disk */
    struct histogram_sum batch_sizes; /* amount_buckets: closures */
    int64_t rollouts_ended[ROLLOUT_STATES]; /* since the start, by their final state */
};
void writer_stats(struct writer *writer, struct writer_stats *stats); /* any thread */

/* ---- inside a closure ---- */

struct store_db *tx_db(struct store_tx *tx);
struct arena *tx_arena(struct store_tx *tx);  /* until the batch ends */
int64_t tx_now_ms(const struct store_tx *tx); /* cluster clock: stands still while no server runs */
int64_t tx_wall_ms(const struct store_tx *tx); /* for *_at fields */
/* Who does it: names in every event of this closure. Borrowed for the closure. */
void tx_set_actor(struct store_tx *tx, const char *actor, const char *request_id);
const char *tx_actor(const struct store_tx *tx);
const char *tx_request_id(const struct store_tx *tx);

/* The next number of the one global, gapless sequence of events and changes. */
int64_t tx_next_index(struct store_tx *tx);
int64_t tx_last_index(const struct store_tx *tx);
/* The next number of the global replica counter. */
int64_t tx_next_replica(struct store_tx *tx);
/* No epoch of a removed node or of a former life of this database is above it: the next one is. */
int64_t tx_epochs_floor(const struct store_tx *tx);
void tx_raise_epochs_floor(struct store_tx *tx, int64_t epoch);
void tx_touch(struct store_tx *tx, enum facet_kind kind, const char *key, int64_t index);
void tx_touch_list(struct store_tx *tx, enum facet_list list, int64_t index);
void tx_dirty(struct store_tx *tx, const char *uid);
/* The same for a changed spec, which does not wait for the gap between two passes. */
void tx_dirty_spec(struct store_tx *tx, const char *uid);
/* Ends the closure with success and nothing written: a dry run, or nothing had changed. Said at its
 * beginning, it lets the closure spare memory that could not be put back as it was. */
void tx_undo(struct store_tx *tx);
bool tx_is_undone(const struct store_tx *tx);
/* Memory changed along with rows: undo() runs (newest first) if the closure or its batch fails. */
void tx_stage(struct store_tx *tx, void (*undo)(void *self, void *argument), void *self,
              void *argument);

#endif
