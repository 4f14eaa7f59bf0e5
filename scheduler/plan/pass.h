/* pass.h: what the files of the planner share: one pass in the making.
 *
 * Each step reads the tallies that the steps before it brought up to date, and adds actions. Only
 * the planner includes this.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_PASS_H
#define DOGSHORE_SCHEDULER_PLAN_PASS_H

#include "base/clock.h"
#include "base/number.h"
#include "scheduler/plan/plan.h"

struct pass {
    const struct view *view;
    struct plan *plan;
    struct set_tally *target; /* of the spec's template */
    struct set_tally *stable; /* NULL = none; may be the target */
    struct set_tally *active; /* the only one that gets traffic; NULL = none, or all do */
    bool hidden;              /* not every set gets traffic */
    bool awaits;              /* the strategy waits for a promote */
    bool paused;              /* spec.paused holds a running rollout */
    bool resumed;             /* in this pass: judged and moved on only by the next one */
    bool scaled_down;         /* the sizes were made smaller by a scaling event */
    bool rolled_back;         /* this pass ordered the rollback: the next one plans its sizes */
    /* What speaks against the target in this pass; slug NULL = nothing. */
    struct {
        const char *slug;
        const char *replica;
        bool at_once; /* whatever max_failure_ratio says */
        char sentence[PLAN_SENTENCE_BYTES];
    } failure;
};

static inline const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* That are wanted now: none of a terminated deployment. */
static inline int64_t pass_replicas(const struct pass *pass)
{
    const struct deployment *deployment = &pass->view->deployment;
    return deployment->lifecycle == LIFECYCLE_TERMINATED ? 0 : deployment->spec.replicas;
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
/* Is that still to come? 0 = no time at all never is. */
bool pass_ahead(const struct pass *pass, int64_t at_ms);
/* The same, and if it is, the next pass is due then. */
bool pass_waits(struct pass *pass, int64_t at_ms);
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
/* A canary that answered a check with no: fails the rollout at once, the replica goes on. */
void failure_of_check(struct pass *pass, const struct replica *replica);
/* Nothing serves but what has no traffic: fails the rollout at once, unless silence alone says so.
 */
void failure_of_service(struct pass *pass);

/* phase_limits.c */
void limit_judge(struct pass *pass, struct replica_tally *tally);

/* progress.c: what speaks for and against the rollout, and what follows from it. */
void progress_judge(struct pass *pass);
void progress_abort(struct pass *pass, const char *reason, const char *sentence);
/* Every wanted replica is of the target and available, and no other is left or wanted. */
bool progress_complete(const struct pass *pass);

/* clocks.c: the deadline, and the states in which it stands still. */
int64_t clocks_fresh_deadline_ms(const struct pass *pass);
/* There was progress. */
void clocks_renew(struct pass *pass);
void clocks_start(struct pass *pass);
void clocks_pause_or_resume(struct pass *pass);
/* While strategy_holds(). True when that was a move, and so all that this pass may do. */
bool clocks_hold(struct pass *pass);
/* Into or out of awaiting_promotion. */
void clocks_await(struct pass *pass, bool awaits);
/* A time that the strategy takes for itself, kept in the rollout as its beginning: it lasts as long
 * as the spec says now, and the deadline moves on by it. */
void clocks_begin(struct pass *pass, int64_t *since_ms);
/* Now, as a beginning: 0 says that something has not begun. */
int64_t clocks_since_now_ms(const struct pass *pass);
/* It does not count any more: the deadline keeps no more of it than it has lasted. */
void clocks_drop(struct pass *pass, int64_t *since_ms);
/* Does it last? Then the next pass is due at its end. */
bool clocks_lasts(struct pass *pass, int64_t since_ms, int64_t seconds);
/* When what began then ends; 0 = it has not begun. */
int64_t clocks_end_ms(int64_t since_ms, int64_t seconds);
/* How long the target is watched: for monitor_seconds, and as long as blue_green keeps the old set.
 */
int64_t clocks_monitor_seconds(const struct pass *pass);
const char *clocks_monitor_name(const struct pass *pass); /* of the field that says so */
int64_t clocks_monitor_end_ms(const struct pass *pass);

/* verdict.c: one move of the rollout, and how it fails. */
void rollout_move(struct pass *pass, enum rollout_state state);
void rollout_say(struct pass *pass, const char *reason, const char *sentence);
/* What began the rollback that runs: the message, without what was said of the way back. */
void rollout_cause(const struct pass *pass, char *out, size_t bytes);
void rollout_say_more(struct pass *pass, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Rolls back, or halts where there is no way back. */
void rollout_fail(struct pass *pass, const char *slug, const char *sentence);

/* scale.c: the sizes after a scaling event; the strategies change them from there. */
void scale_apply(struct pass *pass);

/* reconcile_sets.c: SET_WANTED, STOP, CREATE, RELABEL, FORGET_SET. */
void sets_reconcile(struct pass *pass);
void sets_write_wanted(struct pass *pass);
void sets_forget_empty(struct pass *pass);
/* end.c: deleted, terminated. */
void delete_all(struct pass *pass);
void terminate_all(struct pass *pass);

/* status.c, explain.c: words for people. */
int64_t stopping_replicas(const struct pass *pass);
void status_fill(struct pass *pass);
void explain_fill(struct pass *pass);

/* For explain_fill() and the strategies that add to it. WAIT_UNTIL: for a time of the cluster
 * clock.
 */
#define WAIT(pass, ...)                                                                            \
    sentence_set((pass)->plan->waiting_for, sizeof(pass)->plan->waiting_for, __VA_ARGS__)
#define WAIT_UNTIL(pass, at_ms, ...)                                                               \
    (WAIT(pass, __VA_ARGS__), (void)((pass)->plan->waiting_until_ms = (at_ms)))
#define NEXT(pass, ...) sentence_set((pass)->plan->next, sizeof(pass)->plan->next, __VA_ARGS__)
/* For status_fill() and the strategies that add to it. */
#define SAY(pass, ...)                                                                             \
    sentence_add((pass)->plan->status_message, sizeof(pass)->plan->status_message, __VA_ARGS__)

/* words.c */
/* "" for one, "s" for any other count. */
const char *plural(int64_t count);
/* "1 failure", "2 failures in a row"; in `out`. */
const char *failures_text(int64_t failures, char *out, size_t bytes);
/* printf into a buffer, cut at a character. */
void sentence_set(char *out, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sentence_add(char *out, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "web-0k2 on n1 is not ready: …": why that replica is not available. */
void replica_describe(const struct pass *pass, const struct replica_tally *tally, char *out,
                      size_t bytes);
/* Agents end a reason with how the process ended, which is no answer of a probe. */
bool says_how_it_ended(const char *reason);
/* " on n1", or "" while it has no node; in `out`. */
const char *replica_place(const struct replica *replica, char *out, size_t bytes);
/* The replica whose trouble says most about why not all are available; NULL = none. */
const struct replica_tally *replica_most_telling(const struct pass *pass);

#endif
