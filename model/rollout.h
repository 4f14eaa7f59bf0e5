/* rollout.h: one change of a deployment's template on its way. Ends in exactly one final state.
 *
 *   progressing ⇄ paused, awaiting_promotion ─► superseded | aborted
 *   progressing ─► succeeded | failed | superseded | aborted | rolling_back
 *   rolling_back ─► rolled_back | failed | superseded | aborted
 */
#ifndef DOGSHORE_MODEL_ROLLOUT_H
#define DOGSHORE_MODEL_ROLLOUT_H

#include "model/values.h"

enum rollout_state {
    ROLLOUT_PROGRESSING,
    ROLLOUT_PAUSED,
    ROLLOUT_AWAITING_PROMOTION,
    ROLLOUT_ROLLING_BACK,
    ROLLOUT_SUCCEEDED,
    ROLLOUT_ROLLED_BACK,
    ROLLOUT_FAILED,
    ROLLOUT_SUPERSEDED,
    ROLLOUT_ABORTED
};
extern const char *const rollout_state_words[];
bool rollout_state_final(int state);
bool rollout_state_may_move(int from, int to);

/* Why a rollout left `progressing`; "" while it goes well. Stable slugs, in rollout.reason:
 * progress_deadline, schedule_limit, prepare_limit, healthy_limit, replica_failed, crash_loop,
 * unrunnable, unhealthy_after_ready, no_stable_revision, stable_is_the_failing_one, superseded,
 * deleted. */
struct rollout {
    int64_t id;
    int64_t from_revision;     /* 0 at the first deploy */
    int64_t to_revision;       /* what was asked for */
    int64_t rollback_revision; /* the new revision that took it back; 0 = none */
    int strategy;              /* enum strategy_type */
    int state;                 /* enum rollout_state */
    const char *reason;
    const char *message;
    struct {
        int64_t desired, old, updated, ready, available;
    } progress;
    int64_t started_at, finished_at; /* wall ms; 0 = not yet */
    /* Cluster clock; 0 = not set. */
    int64_t deadline_at_ms;
    int64_t deadline_left_ms;   /* while paused: what was left of the deadline */
    int64_t deadline_in_ms;     /* what was left when the row was last written: for people */
    int64_t monitor_until_ms;   /* set once every target replica is available */
    int64_t batch_after_ms;     /* no further step before (batch_pause_seconds) */
    int64_t high_water;         /* most target replicas seen available at once */
    int64_t failed_replicas;    /* of the target, counted once each */
    const char *failed_replica; /* the first one that counted, for people; NULL */
    int64_t index;
};

#endif
