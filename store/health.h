/* health.h: tables probe_transitions, availability_transitions and node_silences: health over time
 * (model/health.h), written where what it tells of is written, in the same transaction.
 *
 * Kept are LIMIT_HEALTH_TRANSITIONS spans that ended per deployment (and likewise per node), and
 * none that ended more than store_config.keep_health_days ago. Whoever adds a span takes a few of
 * the oldest away; what lasts is never taken. Threads: as the connection. */
#ifndef DOGSHORE_STORE_HEALTH_H
#define DOGSHORE_STORE_HEALTH_H

#include "base/err.h"
#include "model/health.h"

struct arena;
struct deployment;
struct replica;
struct store_db;
struct store_tx;

/* What its node says now, of the attempt in the row. Nothing is written when it was known. A probe
 * that has given no verdict is unknown, which is no news of an attempt that had one. Not ready is
 * what it was from its making to the first word. Changes beyond LIMIT_HEALTH_BURST within
 * LIMIT_HEALTH_BURST_MS are merged into the newest span. */
enum err_code health_note(struct store_tx *tx, const struct replica *replica, enum health_kind kind,
                          enum health_state state, const char *reason, struct err *err);

/* What a replica's spans show of the time from `from_at` on, by kind and in order. */
struct health_history {
    struct health_spans of[HEALTH_KINDS];
};
enum err_code health_history(struct store_db *db, struct arena *arena,
                             const struct replica *replica, int64_t from_at,
                             struct health_history *history, struct err *err);

/* What the deployment's status counts now, and of those that are missing how many get traffic on
 * nodes that are silent. Numbers that change too quickly are merged like those above, but never two
 * that mean something else for an availability_sum. */
enum err_code availability_note(struct store_tx *tx, const struct deployment *deployment,
                                struct err *err);
enum err_code availability_history(struct store_db *db, struct arena *arena, const char *uid,
                                   int64_t from_at, struct availability_spans *spans,
                                   struct err *err);

/* Is its agent heard? */
enum err_code node_silence_note(struct store_tx *tx, const char *node, bool silent,
                                struct err *err);
enum err_code node_silences(struct store_db *db, struct arena *arena, const char *node,
                            int64_t from_at, struct silence **items, size_t *count,
                            struct err *err);

#endif
