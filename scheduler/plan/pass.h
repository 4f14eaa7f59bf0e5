/* pass.h: what the files of the planner share: one pass in the making.
 *
 * Each step reads the tallies that the steps before it brought up to date, and adds actions. Only
 * the planner includes this.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_PASS_H
#define DOGSHORE_SCHEDULER_PLAN_PASS_H

#include "scheduler/plan/plan.h"

enum { MS_PER_SECOND = 1000 };

struct pass {
    const struct view *view;
    struct plan *plan;
    struct set_tally *target; /* of the spec's template */
    struct set_tally *stable; /* NULL = none; may be the target */
    bool paused;              /* spec.paused holds a running rollout */
    bool resumed;             /* in this pass: judged and moved on only by the next one */
    bool scaled_down;         /* the sizes were made smaller by a scaling event */
    bool rolled_back;         /* this pass ordered the rollback: the next one plans its sizes */
    /* What speaks against the target in this pass; slug NULL = nothing. */
    struct {
        const char *slug;
        bool at_once; /* whatever max_failure_ratio says */
        char sentence[PLAN_SENTENCE_BYTES];
    } failure;
};

static inline int64_t min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline const char *or_empty(const char *text)
{
    return text ? text : "";
}

static inline int64_t pass_replicas(const struct pass *pass)
{
    return pass->view->deployment.spec.replicas;
}

static inline const struct strategy *pass_strategy(const struct pass *pass)
{
    return &pass->view->deployment.spec.strategy;
}

/* Is a rollout on its way, as far as this pass has come? */
bool pass_rollout_running(const struct pass *pass);
/* Template steps stand still: paused, or halted by a failed rollout. */
bool pass_frozen(const struct pass *pass);
/* The next pass is due at `at_ms` at the latest. */
void pass_due(struct pass *pass, int64_t at_ms);
struct action *pass_act(struct pass *pass, enum action_kind kind, const char *why, ...)
    __attribute__((format(printf, 3, 4)));
/* Orders the stop and takes the replica out of its set's running ones. */
void pass_stop(struct pass *pass, struct replica_tally *tally, enum stop_cause cause,
               const char *why);
void pass_outcome(struct pass *pass, int64_t revision, enum revision_outcome outcome);

/* tally.c: sorts and counts the view; then total, available, shrink and grow of the budget. */
void tally_view(struct pass *pass);
void tally_budget(struct pass *pass);

/* health.c: availability, failures, phase limits. */
void health_judge(struct pass *pass);

/* failure.c: one that ended; and counting any kind of failure. */
void failure_judge_end(struct pass *pass, struct replica_tally *tally);
struct failure {
    const char *slug; /* as in rollout.reason */
    bool at_once;     /* fails the rollout whatever max_failure_ratio says */
    bool backs_off;   /* holds back the next replica of its set */
};
void failure_count(struct pass *pass, struct replica_tally *tally, const struct failure *failure,
                   const char *sentence);

/* phase_limits.c */
void limit_judge(struct pass *pass, struct replica_tally *tally);

/* progress.c: the rollout's state, clocks, failure and success. */
void progress_judge(struct pass *pass);
void progress_abort(struct pass *pass);

/* scale.c, rolling.c: the sizes. */
void scale_apply(struct pass *pass);
void rolling_step(struct pass *pass);

/* reconcile_sets.c: SET_WANTED, STOP, CREATE, RELABEL, FORGET_SET. */
void sets_reconcile(struct pass *pass);
void sets_write_wanted(struct pass *pass);
/* delete.c */
void delete_all(struct pass *pass);

/* status.c, explain.c: words for people. */
void status_fill(struct pass *pass);
void explain_fill(struct pass *pass);

/* words.c */
/* "" for one, "s" for any other count. */
const char *plural(int64_t count);
/* printf into a buffer, cut at a character. */
void sentence_set(char *out, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sentence_add(char *out, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "web-0k2 on n1 is not ready: …": why that replica is not available. */
void replica_describe(const struct pass *pass, const struct replica_tally *tally, char *out,
                      size_t bytes);
/* " on n1", or "" while it has no node; in `out`. */
const char *replica_place(const struct replica *replica, char *out, size_t bytes);
/* The replica whose trouble says most about why not all are available; NULL = none. */
const struct replica_tally *replica_most_telling(const struct pass *pass);

#endif
