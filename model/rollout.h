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
enum { ROLLOUT_STATES = ROLLOUT_ABORTED + 1 };
extern const char *const rollout_state_words[];
bool rollout_state_final(int state);
bool rollout_state_may_move(int from, int to);

/* blue_green: how far rollout.step has come. */
enum blue_green_step { BLUE_GREEN_PREVIEW, BLUE_GREEN_PROMOTED, BLUE_GREEN_SWITCHED };

/* What an operator ordered and no pass has taken up yet. */
enum promote_order { PROMOTE_NONE, PROMOTE_STEP, PROMOTE_FULL };
extern const char *const promote_order_words[];

/* `reason` is a stable slug that says why it left `progressing`, "" while it goes well:
 * progress_deadline, schedule_limit, prepare_limit, healthy_limit, replica_failed, crash_loop,
 * unrunnable, unhealthy_after_ready, check_failed, superseded, aborted, terminated, deleted. What
 * was counted while it stood still and fails it as soon as it goes on is already there. */
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
    /* Where it is in its strategy. */
    bool direct;         /* without steps, pauses and previews: first deploys, ways back */
    int promote;         /* enum promote_order */
    int64_t step;        /* canary: steps that are done; blue_green: enum blue_green_step */
    int64_t check_round; /* canary: number of the check that replicas are asked for; 0 = none */
    /* Cluster clock; 0 = not set. */
    int64_t deadline_at_ms;
    int64_t deadline_left_ms; /* while it stands still: what was left of the deadline */
    int64_t deadline_in_ms;   /* what was left when the row was last written: for people */
    /* Beginnings: how long each lasts is what the spec says now. */
    int64_t monitor_since_ms;  /* the target is watched; blue_green: from the switch on */
    int64_t batch_since_ms;    /* no further step (batch_pause_seconds) */
    int64_t step_since_ms;     /* the current pause, if it ends by itself */
    int64_t keep_old_since_ms; /* blue_green: the old set is kept */
    int64_t extended_ms;       /* by so much the newest of these has moved the deadline on */
    /* What was seen of the target. */
    int64_t high_water;         /* most replicas available at once */
    int64_t failed_replicas;    /* counted once each */
    const char *failed_replica; /* the one that says most about a failure, for people; NULL */
    int64_t index;
};

/* Enters a final state; nothing of it is timed, asked for or ordered any more. */
void rollout_finish(struct rollout *rollout, enum rollout_state state, int64_t finished_at);

#endif
