/* batch.h: what one group of closures changes besides rows, and how a closure's share of it is
 * taken back (private to store/).
 *
 * Threads: the writer thread. Lists grow as needed and keep their memory between batches. */
#ifndef DOGSHORE_STORE_BATCH_H
#define DOGSHORE_STORE_BATCH_H

#include "base/arena.h"
#include "model/event.h"
#include "store/meta.h"
#include "store/writer.h"

struct staged {
    void (*undo)(void *self, void *argument);
    void *self, *argument;
};

/* What a closure that fails goes back to. */
struct batch_mark {
    struct meta meta;
    int64_t events_added, tokens_changed;
    int64_t rollouts_ended[ROLLOUT_STATES];
    size_t touched, lagging, dirty, urgent, staged, logged;
};

struct batch {
    struct arena arena;
    struct meta meta; /* the counters as of now; the store's own move at COMMIT */
    int64_t events_added;
    int64_t tokens_changed;
    int64_t rollouts_ended[ROLLOUT_STATES]; /* by their final state */
    bool wrote;                             /* a closure that was kept has changed rows */
    struct {
        struct touched *items;
        size_t count, capacity;
    } touched;
    struct {
        struct touched *items;
        size_t count, capacity;
    } lagging; /* those whose row does not carry the index yet (facets.h) */
    struct uid_list {
        const char **items;
        size_t count, capacity;
    } dirty, urgent;
    struct {
        struct staged *items;
        size_t count, capacity;
    } staged;
    struct {
        const struct event **items;
        size_t count, capacity;
    } logged; /* events whose log lines are written after COMMIT */
};

struct store_tx {
    struct store *store;
    struct batch *batch;
    const char *actor, *request_id;
    int64_t now_ms;
    bool undone;
};

void batch_init(struct batch *batch);
void batch_release(struct batch *batch);
void batch_start(struct batch *batch, const struct meta *meta);

struct batch_mark batch_mark(const struct batch *batch);
/* Undoes what was staged since the mark, newest first, and forgets the rest. */
void batch_restore(struct batch *batch, const struct batch_mark *mark);
/* Leaves each facet once, with its newest index, and each dirty or urgent uid
 * once. */
void batch_settle(struct batch *batch);
/* One log line per event that was committed: replicas at debug, everything else at info. */
void batch_log_event(struct batch *batch, const struct event *event); /* copied */
void batch_write_log(struct batch *batch);

/* The facets of a deployment, for files that know it by cluster and name. `written`: its row
 * carries the index already. */
void tx_touch_deployment(struct store_tx *tx, const char *cluster, const char *name, bool endpoints,
                         bool written, int64_t index);
/* tx_touch() for a row that carries the index already, and for facets without a row. */
void tx_touch_written(struct store_tx *tx, enum facet_kind kind, const char *key, int64_t index);

#endif
