/* blue_green: a new set grows beside the old one, hidden, then all traffic switches at once.
 *
 *   preview ─ previews available, promoted ─► promoted ─ all available ─► switched ─► old set goes
 *      └ traffic is held by the old set            └ grows to replicas       └ old set stays whole
 *                                                                              while it is watched
 *
 * Only the active set gets traffic, so only it carries the floor. Sets that are neither active nor
 * the target's serve nobody and go at once.
 *
 * A direct rollout has no preview: its target grows if it is not whole, then traffic switches, so a
 * set that was kept takes over again in one pass.
 */
#include "scheduler/plan/strategy.h"

static int64_t preview_size(const struct pass *pass)
{
    return preview_share(pass_strategy(pass), pass_replicas(pass));
}

static bool switched(const struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    return !rollout->direct && rollout->step == BLUE_GREEN_SWITCHED;
}

/* Nothing of it is ready, and that is more than a silence. */
static bool serves_nobody(const struct set_tally *set)
{
    return set->ready == 0 && set->silent == 0;
}

/* Was the rollout overtaken whose set has the traffic, and does that set serve nobody? Then the
 * proven one has the traffic again, as long as any of it is left. */
static bool stable_rescues(const struct pass *pass)
{
    const struct set_tally *stable = pass->stable;
    return stable && stable != pass->target && serves_nobody(pass->active) && stable->available > 0;
}

/* The set that the target is to take over from: the active one, else what was proven, else the
 * largest that runs. NULL = the target has all traffic, or there is nothing else. */
static struct set_tally *old_set(const struct pass *pass)
{
    if (pass->active == pass->target) return NULL;
    if (pass->active) return stable_rescues(pass) ? pass->stable : pass->active;
    if (pass->stable && pass->stable != pass->target) return pass->stable;
    struct set_tally *old = NULL;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        struct set_tally *set = &pass->plan->sets[i];
        if (set == pass->target || set->running == 0) continue;
        if (!old || set->available >= old->available) old = set;
    }
    return old;
}

/* Is the target held back until it is promoted, or the old one kept after that? */
static bool stages(const struct pass *pass)
{
    if (!pass_rollout_running(pass) || pass->plan->rollout.direct || pass_replicas(pass) == 0)
        return false;
    if (switched(pass)) return pass->active == pass->target;
    return old_set(pass) != NULL;
}

/* How much may run beside the active set; a target that ran before the strategy did may be larger
 * than a preview until it is hidden. */
static int64_t beside(const struct pass *pass, int64_t surge)
{
    const struct rollout *rollout = &pass->plan->rollout;
    int64_t replicas = pass_replicas(pass);
    bool running = pass_rollout_running(pass);
    if (!running && !pass->hidden) return surge;
    if (!running || rollout->direct || rollout->step != BLUE_GREEN_PREVIEW) return replicas;
    return max_i64(preview_size(pass), min_i64(pass->target->running, replicas));
}

static void blue_green_limit(const struct pass *pass, struct plan_budget *budget)
{
    budget->surge = beside(pass, budget->surge);
    budget->ceiling = budget->replicas + budget->surge;
}

/* ---- sizes ---- */

/* While a set is active: it has all that are wanted, the target its preview or as many, and the old
 * one too as long as it is kept. */
static int64_t scaled_size(const struct pass *pass, const struct set_tally *set)
{
    const struct rollout *rollout = &pass->plan->rollout;
    int64_t replicas = pass_replicas(pass);
    if (set == pass->active || switched(pass)) return replicas;
    if (set != pass->target) return min_i64(set->wanted_before, replicas);
    bool preview = !rollout->direct && rollout->step == BLUE_GREEN_PREVIEW;
    return preview ? preview_size(pass) : replicas;
}

static void blue_green_scale(struct pass *pass, const struct scaling *scaling)
{
    struct plan *plan = pass->plan;
    if (!pass->active || all_at_zero(pass)) {
        sets_scale(plan->sets, plan->set_count, scaling);
        return;
    }
    for (size_t i = 0; i < plan->set_count; i++) {
        struct set_tally *set = &plan->sets[i];
        if (set->wanted_before > 0) set->wanted = scaled_size(pass, set);
    }
}

/* ---- stages ---- */

/* A target that has the traffic already has nothing to wait for. */
static bool blue_green_steps_left(const struct pass *pass)
{
    return !switched(pass) && pass->active != pass->target;
}

/* Before the target's first replica exists. If several sets serve already, for the strategy was
 * another one before, the old one has to be able to do so alone. */
static bool hide_target(struct pass *pass, struct set_tally *old)
{
    if (pass->active == old) return true;
    int64_t serving = others_running(pass) + pass->target->running;
    bool shared = !pass->active && serving > old->running;
    if (shared && old->available < pass->plan->budget.min_available) return false;
    strategy_switch(pass, old);
    return true;
}

static bool promoted(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    const struct strategy *strategy = pass_strategy(pass);
    bool waits = rollout->state == ROLLOUT_AWAITING_PROMOTION || rollout->step_since_ms != 0;
    if (rollout->promote == PROMOTE_FULL) return true;
    bool whole = pass->target->available >= preview_size(pass);
    if (rollout->promote == PROMOTE_STEP && (waits || whole)) return true;
    if (!whole) return false;
    if (strategy->auto_promote) return strategy_pause(pass, strategy->auto_promote_after_seconds);
    strategy_await(pass);
    return false;
}

static void switch_over(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    strategy_switch(pass, pass->target);
    rollout->step = BLUE_GREEN_SWITCHED;
    clocks_begin(pass, &rollout->monitor_since_ms);
    rollout->keep_old_since_ms = rollout->monitor_since_ms;
}

/* The old set goes when the target has held for as long as it is watched, and is whole then; once
 * it has, what becomes of the target is judged by its own end. A promote in full ends the keeping,
 * not the watching. */
static void keep_old(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    set_resize(pass->target, pass_replicas(pass), "it has all traffic");
    if (rollout->promote == PROMOTE_FULL) rollout->keep_old_since_ms = 0;
    if (clocks_lasts(pass, rollout->monitor_since_ms, clocks_monitor_seconds(pass))) return;
    if (pass->target->available < pass_replicas(pass)) return;
    rollout->monitor_since_ms = rollout->keep_old_since_ms = 0;
    others_dismiss(pass, NULL, "traffic has switched for good");
}

static void stage(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->step == BLUE_GREEN_SWITCHED) {
        keep_old(pass);
        return;
    }
    struct set_tally *target = pass->target, *old = old_set(pass);
    others_dismiss(pass, old, "it serves nobody");
    set_resize(old, pass_replicas(pass), "it has all traffic");
    if (!hide_target(pass, old)) return;
    if (rollout->step == BLUE_GREEN_PREVIEW && promoted(pass)) {
        rollout->step = BLUE_GREEN_PROMOTED;
        rollout->step_since_ms = 0;
    }
    bool preview = rollout->step == BLUE_GREEN_PREVIEW;
    set_resize(target, preview ? preview_size(pass) : pass_replicas(pass),
               preview ? "preview" : "promoted");
    if (preview || target->available < pass_replicas(pass)) return;
    switch_over(pass);
    keep_old(pass);
}

/* ---- the direct way ---- */

/* The one set that has all traffic now, when the target has nothing yet; NULL = there is none. */
static struct set_tally *only_server(const struct pass *pass)
{
    struct set_tally *only = NULL;
    if (pass->target->running > 0) return NULL;
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        struct set_tally *set = &pass->plan->sets[i];
        if (set->running == 0) continue;
        if (only) return NULL;
        only = set;
    }
    return only;
}

/* On the way back from a set that serves nobody any more, the first that can serve has the traffic.
 */
static bool may_take_over(const struct pass *pass)
{
    const struct set_tally *target = pass->target;
    bool rescues = pass_rollout_running(pass) && pass->active && pass->active->ready == 0 &&
                   pass->plan->rollout.state == ROLLOUT_ROLLING_BACK;
    return target->available >= (rescues ? 1 : pass_replicas(pass));
}

/* Without an active set all of them serve, and it goes rolling's way. */
static void go_direct(struct pass *pass)
{
    struct set_tally *target = pass->target;
    struct set_tally *only = pass->hidden ? NULL : only_server(pass);
    if (only && pass_rollout_running(pass)) strategy_switch(pass, only);
    if (!pass->hidden) {
        rolling_move(pass);
        return;
    }
    set_resize(target, pass_replicas(pass), "direct");
    bool takes_over = pass_replicas(pass) > 0 && may_take_over(pass);
    if (takes_over && pass->active != target) strategy_switch(pass, target);
    others_dismiss(pass, pass->active, "it serves nobody");
}

static bool only_target_left(const struct pass *pass)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        const struct set_tally *set = &pass->plan->sets[i];
        if (set != pass->target && set->wanted + set->running + set->lost > 0) return false;
    }
    return true;
}

static void blue_green_step(struct pass *pass)
{
    if (stages(pass))
        stage(pass);
    else
        go_direct(pass);
    if (pass->hidden && !pass_rollout_running(pass) && only_target_left(pass))
        strategy_switch(pass, NULL);
}

/* Of nothing there is nothing to watch. */
static bool blue_green_unfinished(const struct pass *pass)
{
    return switched(pass) && pass_replicas(pass) > 0 &&
           pass_ahead(pass, clocks_monitor_end_ms(pass));
}

/* Of the target nothing is ready, so it is not it that is. */
static bool anything_is_whole(const struct pass *pass)
{
    int64_t available = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        available = max_i64(available, pass->plan->sets[i].available);
    return available > 0 && available >= pass_replicas(pass);
}

/* Has the switch left nothing that serves, while the way back is whole? */
static void blue_green_judge(struct pass *pass)
{
    bool watched = switched(pass) && pass->plan->rollout.monitor_since_ms != 0;
    if (!watched || pass->active != pass->target || !serves_nobody(pass->target)) return;
    if (anything_is_whole(pass)) failure_of_service(pass);
}

/* ---- words ---- */

static void blue_green_tell(struct pass *pass)
{
    if (!stages(pass)) return;
    SAY(pass, "; revision %lld %s", (long long)pass->target->revision,
        switched(pass) ? "has all traffic" : "gets no traffic yet");
    if (!pass_ahead(pass, clocks_monitor_end_ms(pass))) return;
    SAY(pass, ", and is watched for %s (%lld)%s", clocks_monitor_name(pass),
        (long long)clocks_monitor_seconds(pass),
        others_wanted(pass) > 0 ? ", with the old replicas kept for a way back" : "");
}

static bool blue_green_waiting(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    const struct strategy *strategy = pass_strategy(pass);
    int64_t promote_at_ms =
        clocks_end_ms(rollout->step_since_ms, strategy->auto_promote_after_seconds);
    if (pass->awaits)
        WAIT(pass, "a promote: %lld preview%s of revision %lld %s available",
             (long long)pass->target->available, plural(pass->target->available),
             (long long)pass->target->revision, pass->target->available == 1 ? "is" : "are");
    else if (pass_ahead(pass, promote_at_ms))
        WAIT_UNTIL(pass, promote_at_ms, "auto_promote_after_seconds (%lld) to pass, or a promote",
                   (long long)strategy->auto_promote_after_seconds);
    else if (pass_ahead(pass, clocks_monitor_end_ms(pass)) && others_wanted(pass) > 0)
        WAIT_UNTIL(pass, clocks_monitor_end_ms(pass),
                   "%s (%lld) to pass without a failure: the old replicas stay for a way back",
                   clocks_monitor_name(pass), (long long)clocks_monitor_seconds(pass));
    else
        return false;
    return true;
}

/* After a promote all that is missing is started. */
static void next_of_preview(struct pass *pass)
{
    long long revision = (long long)pass->target->revision, preview = (long long)preview_size(pass);
    long long rest = (long long)pass_replicas(pass) - preview;
    const char *ordered = pass_strategy(pass)->auto_promote ? "" : " and a promote is ordered";
    if (pass->target->available < preview)
        NEXT(pass, "promote revision %lld once %lld of %lld preview%s %s available%s", revision,
             preview, preview, plural(preview), preview == 1 ? "is" : "are", ordered);
    else if (rest > 0)
        NEXT(pass, "start %lld more replica%s of revision %lld, then switch all traffic to it",
             rest, plural(rest), revision);
    else
        NEXT(pass, "switch all traffic to revision %lld", revision);
}

static bool blue_green_next(struct pass *pass)
{
    const struct rollout *rollout = &pass->plan->rollout;
    long long revision = (long long)pass->target->revision;
    long long replicas = (long long)pass_replicas(pass);
    if (!stages(pass)) return false;
    switch ((enum blue_green_step)rollout->step) {
    case BLUE_GREEN_PREVIEW:
        next_of_preview(pass);
        return true;
    case BLUE_GREEN_PROMOTED:
        NEXT(pass, "switch all traffic to revision %lld once %lld of %lld replicas are available",
             revision, replicas, replicas);
        return true;
    case BLUE_GREEN_SWITCHED:
        break;
    }
    NEXT(pass,
         others_wanted(pass) > 0 ? "stop the old replicas, then declare revision %lld stable"
                                 : "declare revision %lld stable",
         revision);
    return true;
}

const struct strategy_rules blue_green_rules = {
    .limit = blue_green_limit,
    .scale = blue_green_scale,
    .step = blue_green_step,
    .steps_left = blue_green_steps_left,
    .unfinished = blue_green_unfinished,
    .monitored = switched,
    .judge = blue_green_judge,
    .tell = blue_green_tell,
    .waiting = blue_green_waiting,
    .next = blue_green_next,
};
