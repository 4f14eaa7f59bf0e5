/* plan.h: what to do next for one deployment: a pure function of a view.
 *
 *   view ─► marks ─► rollout: progress, failure, success ─► scaling ─► template step ─► dumb step
 *                                                      (sizes: set.wanted)     (replicas: create,
 * stop) = actions, each with a why  +  verdict (rollout, status, outcomes)  +  budget, words,
 * wake_at
 *
 * The sizes of revision sets are the planner's memory; the dumb step makes replicas match them. The
 * executor applies the actions in their order, then writes the verdict, all in one transaction.
 *
 * Ownership: actions, sentences and slugs live in the plan, its memory or the view; a plan is used
 * where it was made and not copied. Nothing is allocated but by plan_prepare(). Threads: none.
 * Units: *_ms is the cluster clock, *_at wall milliseconds.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_PLAN_H
#define DOGSHORE_SCHEDULER_PLAN_PLAN_H

#include "model/view.h"

struct arena;
struct text;

enum { PLAN_WHY_BYTES = 120, PLAN_SENTENCE_BYTES = 512, PLAN_OUTCOMES = 4 };

enum action_kind {
    /* deployment.scaled_to, scaled_ceiling = the action's. */
    ACTION_SCALED,
    /* set(template_hash).wanted = amount; a set that does not exist is made with `revision`. */
    ACTION_SET_WANTED,
    /* Kept replicas of template_hash, wanted run, and their set take the number `revision`; no
     * restart. */
    ACTION_RELABEL,
    /* replica.available = true, was_available = true. */
    ACTION_MARK_AVAILABLE,
    /* replica.available = false. */
    ACTION_MARK_UNAVAILABLE,
    /* replica.counted = true; its set's failures and retry_at_ms = the action's. */
    ACTION_COUNT_FAILURE,
    /* replica.counted = true and nothing else: it ended, but that says nothing about the version.
     */
    ACTION_DISMISS_FAILURE,
    /* set(template_hash).failures = 0, retry_at_ms = 0: one of its replicas became available. */
    ACTION_RESET_BACKOFF,
    /* wanted = stop, stop_cause = the action's, available = false; a pending one ends stopped at
     * once, for no node knows it. */
    ACTION_STOP,
    /* `amount` new pending replicas of template_hash, labelled `revision`; then place. */
    ACTION_CREATE,
    /* Row of the set goes: size 0 and no replica left, not even on a lost node. */
    ACTION_FORGET_SET,
    /* New revision numbered `revision` (= deployment.next_revision; source auto_rollback, copy_of,
     * outcome active); its template becomes spec.template, generation + 1; its set is ensured. The
     * verdict's rollout is rolling_back already and names it, status.revision too; status.version
     * is for the executor to set, from the template that it loads. */
    ACTION_ROLLBACK,
    /* deployment.active_hash = template_hash; NULL there = every replica gets traffic. Endpoints
     * change. */
    ACTION_SWITCH,
    /* No replica is left but on lost nodes: remove all rows, leave a tombstone, hand the lost ones
     * to their nodes as orphans. */
    ACTION_DELETED
};
extern const char *const action_kind_words[];

struct action {
    int kind;                      /* enum action_kind */
    int stop_cause;                /* STOP: enum stop_cause */
    const struct replica *replica; /* MARK_*, *_FAILURE, STOP: in the view; else NULL */
    /* Actions on sets, ROLLBACK (the stable one): never NULL there. SWITCH: may be NULL. */
    const char *template_hash;
    int64_t revision;         /* SET_WANTED, RELABEL, CREATE, ROLLBACK */
    int64_t amount;           /* SET_WANTED: wanted; CREATE: count */
    int64_t copy_of;          /* ROLLBACK: number of the stable revision */
    int64_t scaled_to;        /* SCALED */
    int64_t scaled_ceiling;   /* SCALED */
    int64_t failures;         /* COUNT_FAILURE: the set's new values */
    int64_t retry_at_ms;      /* COUNT_FAILURE */
    char why[PLAN_WHY_BYTES]; /* short, for logs, events and explain */
};

/* The numbers behind the decisions of this pass, as `explain` shows them. */
struct plan_budget {
    int64_t replicas, surge, unavailable;
    int64_t total; /* not final, not on lost nodes: includes stopping ones */
    /* rolling, canary: replicas + surge; recreate: replicas; blue_green: replicas + preview, and
     * twice the replicas once it is promoted. */
    int64_t ceiling;
    int64_t min_available; /* replicas - unavailable; recreate: 0 while it replaces */
    int64_t available;
    int64_t shrink; /* available replicas that might stop now */
    int64_t grow;   /* replicas that might start now */
    bool rounded;   /* surge and unavailable both rounded to 0, so unavailable is 1 */
};

struct outcome_change {
    int64_t revision;
    int outcome; /* enum revision_outcome */
};

/* One set's numbers while a pass is made; scratch of the planner. */
struct set_tally {
    const char *template_hash;
    int64_t revision;
    struct phase_limits limits;
    bool stored;           /* a row exists */
    bool renumbered;       /* the row carries an older revision of this template */
    int64_t wanted_before; /* stored size */
    int64_t wanted;        /* size after this pass */
    const char *why;       /* it changed, if it did */
    int64_t failures;      /* in a row */
    int64_t retry_at_ms;   /* 0 = no back-off */
    int64_t running;       /* wanted run, not final, not on a lost node */
    int64_t silent;        /* of running: on a node that does not report */
    int64_t ready;         /* of running: ready on a ready node */
    int64_t available;     /* of running */
    int64_t stopping;      /* wanted stop, not final, not on a lost node */
    int64_t lost;          /* not final, on a lost node */
    int64_t mislabelled;   /* wanted run, not final, carries another revision number */
};

/* What is known of one replica while a pass is made; scratch of the planner. */
struct replica_tally {
    const struct replica *replica;
    int presence; /* enum replica_presence */
    struct set_tally *set;
    bool running, ready, available;
};

struct plan {
    /* Memory, by plan_prepare(). */
    struct action *actions;
    size_t action_capacity;
    struct set_tally *sets; /* oldest revision first */
    size_t set_capacity;
    struct replica_tally *replicas;
    size_t replica_capacity;

    size_t action_count;
    size_t set_count;
    size_t replica_count;

    /* Verdict. `rollout` is the row as it is after this pass (finished_at and all sentences filled
     * in) and is to be written when rollout_changed. */
    bool has_rollout, rollout_changed;
    struct rollout rollout;
    struct deployment_status status;
    bool status_changed; /* differs from the deployment's in any field */
    struct outcome_change outcomes[PLAN_OUTCOMES];
    size_t outcome_count;
    /* The rollout failed by its version: its template is quarantined, for the rollout's reason. */
    bool quarantine;

    struct plan_budget budget;
    char waiting_for[PLAN_SENTENCE_BYTES]; /* "" = nothing */
    char next[PLAN_SENTENCE_BYTES];        /* "" = nothing is left to do */
    int64_t waiting_until_ms;              /* it is a time that is waited for; 0 = it is not */
    /* The next pass is due then even if nothing is reported; now_ms = at once; 0 = not at all. */
    int64_t wake_at_ms;

    /* What the verdict's strings point to. */
    char rollout_message[PLAN_SENTENCE_BYTES];
    char status_message[PLAN_SENTENCE_BYTES];
};

/* Capacities that no plan of `view` exceeds; plan_make() asserts them. */
size_t plan_action_capacity(const struct view *view); /* 3 per replica, 6 per set, 8 more */
/* One per set, target, stable, and one that replicas without a set share. */
size_t plan_set_capacity(const struct view *view);

/* Zeroes `plan` and gives it memory from the arena. */
void plan_prepare(struct plan *plan, struct arena *arena, const struct view *view);

/* Fills a prepared plan. Deterministic: equal views, in whatever order, give equal plans. */
void plan_make(const struct view *view, struct plan *plan);

/* One line per action, then rollout, status, budget and words: for logs, explain and tests. */
void plan_print(const struct plan *plan, struct text *text);
/* One action without its line end: `stop web-01 cause=rollout: revision 3 shrinks`. */
void action_print(const struct action *action, struct text *text);

#endif
