/* strategy.h: how one template takes over from another: one file per strategy, behind one table.
 *
 * A strategy says four things: the limits of a pass, the sizes that a scaling event leaves, the
 * sizes that the template step wants, and when the target has taken over. Everything else (health,
 * clocks, failure, rollback, the dumb step) is the same for all of them.
 *
 * Each is a function of the view. What it cannot see there it keeps in the rollout: step,
 * step_since_ms, keep_old_since_ms, monitor_since_ms, batch_since_ms, check_round.
 */
#ifndef DOGSHORE_SCHEDULER_PLAN_STRATEGY_H
#define DOGSHORE_SCHEDULER_PLAN_STRATEGY_H

#include "scheduler/plan/arithmetic.h"
#include "scheduler/plan/pass.h"

struct strategy_rules {
    /* Surge, ceiling and floor; the budget holds rolling's when it is called. */
    void (*limit)(const struct pass *pass, struct plan_budget *budget);
    /* New sizes after a scaling event; NULL = in proportion. */
    void (*scale)(struct pass *pass, const struct scaling *scaling);
    /* The template step: new sizes. Not called while template steps stand still. */
    void (*step)(struct pass *pass);
    /* Are there steps that the target has to take, and does something else serve until then? Then
     * the rollout does not end at 0 replicas. NULL = no. */
    bool (*steps_left)(const struct pass *pass);
    /* Is there more to do although every replica is the target's and available? NULL = no. */
    bool (*unfinished)(const struct pass *pass);
    /* Was the monitor period a part of it, so that it ends as soon as it is complete? NULL = no. */
    bool (*monitored)(const struct pass *pass);
    /* What speaks against the target besides failed replicas; NULL = nothing. */
    void (*judge)(struct pass *pass);
    /* How far it has come, added to the status's sentence. NULL = nothing of its own. */
    void (*tell)(struct pass *pass);
    /* What it waits for, and what comes next; false = nothing of its own. NULL = never. */
    bool (*waiting)(struct pass *pass);
    bool (*next)(struct pass *pass);
};

extern const struct strategy_rules rolling_rules, recreate_rules, blue_green_rules, canary_rules;

/* Of the spec's strategy as it is now: a rollout follows it when it is edited. A canary that is
 * direct, or outside of a rollout, goes rolling's way. */
const struct strategy_rules *strategy_rules(const struct pass *pass);
/* A strategy that was edited in mid-rollout begins with its own first step. */
void strategy_follow(struct pass *pass);
/* Scaled to 0 before its last step, or on its way back from there: the rollout holds. No replica is
 * no proof, so it neither ends nor goes on before the set that served has its replicas again. */
bool strategy_holds(const struct pass *pass);
/* What served before the target took over from it: the active set, else the stable one, else the
 * newest of the others. NULL = nothing did. */
struct set_tally *strategy_predecessor(const struct pass *pass);
/* The template step, with what is common to all strategies around it. */
void strategy_step(struct pass *pass);

/* For the strategies. */

/* What is left of every set but the target, on nodes in reach: running or wanted. */
int64_t others_wanted(const struct pass *pass);
int64_t others_running(const struct pass *pass);
/* No set wants any. */
bool all_at_zero(const struct pass *pass);
void set_resize(struct set_tally *set, int64_t wanted, const char *why);
/* All others but `kept` (NULL = none) are to go. */
void others_dismiss(struct pass *pass, const struct set_tally *kept, const char *why);
/* Rolling's own way for `goal` replicas of the target: it grows under the ceiling. */
void target_grow(struct pass *pass, int64_t goal, const char *why);
/* Rolling's way to the end, without batch pauses. */
void rolling_move(struct pass *pass);
/* All traffic goes to `set`; NULL = to every replica. */
void strategy_switch(struct pass *pass, struct set_tally *set);
/* The rollout waits for a promote; called anew by each pass that has to wait. */
void strategy_await(struct pass *pass);
/* A pause of `seconds` that begins when it is first asked for, and by which the deadline moves on.
 * True once it is over. */
bool strategy_pause(struct pass *pass, int64_t seconds);

/* check_round.c: the number under which replicas answer that check at the rollout's step. */
int64_t check_round(const struct rollout *rollout, const struct canary_check *check);

#endif
