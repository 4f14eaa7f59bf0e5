/* canary: the target takes over in steps: some replicas, a pause, a check, some more. After the
 * last step it goes rolling's way.
 *
 *   set_weight, set_replicas   sizes: the target's share, the rest to the set that it replaces
 *   pause {}                   waits for a promote, the deadline stands still
 *   pause {seconds}            the deadline moves on by it; a promote ends it early
 *   check                      each canary's agent answers; one failed answer fails the rollout
 *
 * rollout.step counts the steps that are done. The sizes are those of the last sizing step so far,
 * made anew by every pass, so steps may be edited on the way.
 */
#include "scheduler/plan/strategy.h"

static const struct canary_steps *steps_of(const struct pass *pass)
{
    return &pass_strategy(pass)->steps;
}

/* The step that the rollout is at; NULL = all are done. */
static const struct canary_step *current_step(const struct pass *pass)
{
    const struct canary_steps *steps = steps_of(pass);
    size_t step = (size_t)pass->plan->rollout.step;
    return step < steps->count ? &steps->items[step] : NULL;
}

/* ---- sizes ---- */

struct split {
    int64_t target, others;
};

/* By the last sizing step so far; none yet: no canary. The only replica there is stays beside its
 * canary if the surge has room for both. */
static struct split current_split(const struct pass *pass)
{
    int64_t replicas = pass_replicas(pass);
    const struct canary_step *step = canary_sizing(steps_of(pass), pass->plan->rollout.step);
    if (!step) return (struct split){0, replicas};
    int64_t share = canary_share(step, replicas);
    bool partly = step->kind == CANARY_SET_WEIGHT && step->amount < 100 && share == replicas;
    bool beside = partly && pass->plan->budget.surge > 0;
    return (struct split){share, beside ? 1 : replicas - share};
}

/* The set that the target takes over from: what was proven, else the largest. NULL = there is
 * nothing that a canary could be held against. */
static struct set_tally *base_set(const struct pass *pass)
{
    if (pass->stable && pass->stable != pass->target) return pass->stable;
    struct set_tally *base = NULL;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        struct set_tally *set = &pass->plan->sets[i];
        if (set == pass->target || set->wanted == 0) continue;
        if (!base || set->wanted >= base->wanted) base = set;
    }
    return base;
}

static void move_sizes(struct pass *pass, struct set_tally *base)
{
    struct plan *plan = pass->plan;
    struct split split = current_split(pass);
    others_dismiss(pass, base, "overtaken");
    target_grow(pass, split.target, "canary step");
    set_resize(base, max_i64(base->wanted, split.others), "canary step");
    rolling_shrink_by(plan->sets, plan->set_count, pass->target, plan->budget.min_available,
                      base->wanted - split.others);
    base->why = "canary step";
}

/* The steps are made anew from the number of replicas; where they stand still, the proportions are
 * kept. */
static void canary_scale(struct pass *pass, const struct scaling *scaling)
{
    bool anew = current_step(pass) && base_set(pass) && !pass_frozen(pass) && !strategy_holds(pass);
    if (!anew) sets_scale(pass->plan->sets, pass->plan->set_count, scaling);
}

static bool sizes_reached(const struct pass *pass)
{
    struct split split = current_split(pass);
    const struct set_tally *target = pass->target;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        if (pass->plan->sets[i].stopping > 0) return false;
    return target->wanted == split.target && target->running == split.target &&
           target->available == split.target && others_wanted(pass) == split.others &&
           others_running(pass) <= split.others;
}

/* ---- checks ---- */

/* Of the step that the rollout is at, which is one. */
static int64_t current_round(const struct pass *pass)
{
    return check_round(&pass->plan->rollout, &current_step(pass)->check);
}

/* A canary that has not passed this round's check; NULL = all have. */
static const struct replica *unchecked(const struct pass *pass)
{
    int64_t round = current_round(pass);
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        if (tally->set != pass->target || !tally->running) continue;
        const struct replica *replica = tally->replica;
        if (replica->check_round != round || !replica->check_passed) return replica;
    }
    return NULL;
}

/* The answer stays in the replica, so one that came while the rollout was paused is judged later.
 */
static void canary_judge(struct pass *pass)
{
    const struct canary_step *step = current_step(pass);
    if (!step || step->kind != CANARY_CHECK) return;
    int64_t round = current_round(pass);
    for (size_t i = 0; i < pass->plan->replica_count; i++) {
        const struct replica_tally *tally = &pass->plan->replicas[i];
        const struct replica *replica = tally->replica;
        if (tally->set != pass->target || !tally->running || replica->check_passed) continue;
        if (replica->check_round == round) failure_of_check(pass, replica);
    }
}

/* ---- the steps ---- */

/* What the steps so far want of the target. */
static bool canaries_available(const struct pass *pass)
{
    return pass->target->available >= current_split(pass).target;
}

/* A canary that was lost on the way is waited for: no time makes up for it. */
static bool pause_over(struct pass *pass, int64_t seconds)
{
    if (pass->plan->rollout.promote == PROMOTE_STEP) {
        pass->plan->rollout.promote = PROMOTE_NONE;
        return true;
    }
    if (seconds > 0) return strategy_pause(pass, seconds) && canaries_available(pass);
    if (canaries_available(pass)) strategy_await(pass);
    return false;
}

static bool step_over(struct pass *pass, const struct canary_step *step)
{
    switch ((enum canary_step_kind)step->kind) {
    case CANARY_SET_WEIGHT:
    case CANARY_SET_REPLICAS:
        return sizes_reached(pass);
    case CANARY_PAUSE:
        return pause_over(pass, step->amount);
    case CANARY_CHECK:
        break;
    }
    return canaries_available(pass) && !unchecked(pass);
}

static bool is_timed(const struct canary_step *step)
{
    return step && step->kind == CANARY_PAUSE && step->amount > 0;
}

static void canary_step(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    struct set_tally *base = base_set(pass);
    if (!base || rollout->promote == PROMOTE_FULL) rollout->step = (int64_t)steps_of(pass)->count;
    const struct canary_step *step;
    while ((step = current_step(pass)) && step_over(pass, step)) {
        rollout->step++;
        rollout->step_since_ms = 0;
    }
    if (!is_timed(step)) clocks_drop(pass, &rollout->step_since_ms); /* the steps were edited */
    rollout->check_round = step && step->kind == CANARY_CHECK ? current_round(pass) : 0;
    if (step)
        move_sizes(pass, base);
    else
        rolling_rules.step(pass);
}

static bool canary_unfinished(const struct pass *pass)
{
    return current_step(pass) != NULL;
}

/* ---- words ---- */

static const char *step_text(const struct canary_step *step, char *out, size_t bytes)
{
    switch ((enum canary_step_kind)step->kind) {
    case CANARY_SET_WEIGHT:
    case CANARY_SET_REPLICAS:
        sentence_set(out, bytes, "%s %lld", word_of(canary_step_words, step->kind),
                     (long long)step->amount);
        break;
    case CANARY_PAUSE:
        sentence_set(out, bytes, "a pause until it is promoted");
        if (step->amount > 0)
            sentence_set(out, bytes, "a pause of %lld second%s", (long long)step->amount,
                         plural(step->amount));
        break;
    case CANARY_CHECK:
        sentence_set(out, bytes, "a check of %s", or_empty(step->check.path));
        break;
    }
    return out;
}

/* A part of one replica is the whole of it, where the surge has no room for both. */
static bool replaces_the_only_one(const struct pass *pass)
{
    const struct canary_step *sizing = canary_sizing(steps_of(pass), pass->plan->rollout.step);
    bool partly = sizing && sizing->kind == CANARY_SET_WEIGHT && sizing->amount < 100;
    return partly && pass_replicas(pass) == 1 && current_split(pass).target == 1 &&
           pass->plan->budget.surge == 0;
}

static void canary_tell(struct pass *pass)
{
    const struct canary_step *step = current_step(pass);
    char text[PLAN_SENTENCE_BYTES];
    if (!step) return;
    SAY(pass, "; step %lld of %lld is %s", (long long)pass->plan->rollout.step + 1,
        (long long)steps_of(pass)->count, step_text(step, text, sizeof text));
    if (replaces_the_only_one(pass))
        SAY(pass, "; the only replica gives way to its canary: max_surge leaves no room for both");
}

static bool canary_waiting(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    const struct canary_step *step = current_step(pass);
    if (!step) return false;
    const struct replica *replica = step->kind == CANARY_CHECK ? unchecked(pass) : NULL;
    long long number = (long long)rollout->step + 1;
    long long count = (long long)steps_of(pass)->count;
    char text[PLAN_SENTENCE_BYTES];
    if (is_timed(step) && canaries_available(pass))
        WAIT_UNTIL(pass, clocks_end_ms(rollout->step_since_ms, step->amount),
                   "step %lld of %lld to pass: %s", number, count,
                   step_text(step, text, sizeof text));
    else if (step->kind == CANARY_PAUSE && step->amount == 0)
        WAIT(pass, "a promote: step %lld of %lld is a pause", number, count);
    else if (replica)
        WAIT(pass, "the check of step %lld of %lld to be answered by %s", number, count,
             replica->id);
    else
        return false;
    return true;
}

static bool canary_next(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    if (!current_step(pass)) return false;
    const struct canary_steps *steps = steps_of(pass);
    long long next = (long long)rollout->step + 2;
    char text[PLAN_SENTENCE_BYTES];
    if ((size_t)next <= steps->count)
        NEXT(pass, "step %lld of %lld: %s", next, (long long)steps->count,
             step_text(&steps->items[next - 1], text, sizeof text));
    else
        NEXT(pass, "replace the rest with revision %lld: this is the last step",
             (long long)pass->target->revision);
    return true;
}

const struct strategy_rules canary_rules = {
    .scale = canary_scale,
    .step = canary_step,
    .steps_left = canary_unfinished,
    .unfinished = canary_unfinished,
    .judge = canary_judge,
    .tell = canary_tell,
    .waiting = canary_waiting,
    .next = canary_next,
};
