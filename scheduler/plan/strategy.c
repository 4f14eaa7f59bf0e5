/* Which strategy it is, and what all of them share. */
#include "scheduler/plan/strategy.h"

#include "base/text.h"

static const struct strategy_rules *const rules[] = {
    [STRATEGY_ROLLING] = &rolling_rules,
    [STRATEGY_RECREATE] = &recreate_rules,
    [STRATEGY_BLUE_GREEN] = &blue_green_rules,
    [STRATEGY_CANARY] = &canary_rules,
};

const struct strategy_rules *strategy_rules(const struct pass *pass)
{
    int type = pass_strategy(pass)->type;
    bool steps = pass_rollout_running(pass) && !pass->plan->rollout.direct;
    return type == STRATEGY_CANARY && !steps ? &rolling_rules : rules[type];
}

void strategy_follow(struct pass *pass)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->strategy == pass_strategy(pass)->type) return;
    rollout->strategy = pass_strategy(pass)->type;
    rollout->step = rollout->step_since_ms = 0;
    rollout->keep_old_since_ms = rollout->extended_ms = rollout->check_round = 0;
}

/* ---- sizes ---- */

int64_t others_wanted(const struct pass *pass)
{
    int64_t wanted = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        if (&pass->plan->sets[i] != pass->target) wanted += pass->plan->sets[i].wanted;
    return wanted;
}

int64_t others_running(const struct pass *pass)
{
    int64_t running = 0;
    for (size_t i = 0; i < pass->plan->set_count; i++)
        if (&pass->plan->sets[i] != pass->target) running += pass->plan->sets[i].running;
    return running;
}

void set_resize(struct set_tally *set, int64_t wanted, const char *why)
{
    if (set->wanted == wanted) return;
    set->wanted = wanted;
    set->why = why;
}

void others_dismiss(struct pass *pass, const struct set_tally *kept, const char *why)
{
    for (size_t i = 0; i < pass->plan->set_count; i++) {
        struct set_tally *set = &pass->plan->sets[i];
        if (set != pass->target && set != kept) set_resize(set, 0, why);
    }
}

/* ---- scaled to 0 on the way ---- */

/* Once a rollout holds, its clock has stood still; one that begins at 0 has no unproven set to go
 * back to. */
static bool served(const struct pass *pass, const struct set_tally *set)
{
    if (set == pass->target || !set->stored) return false;
    bool held = pass->view->rollout.deadline_left_ms > 0;
    return held || set->wanted_before + set->running + set->stopping > 0;
}

struct set_tally *strategy_predecessor(const struct pass *pass)
{
    if (pass->active && pass->active != pass->target) return pass->active;
    if (pass->stable && pass->stable != pass->target) return pass->stable;
    for (size_t i = pass->plan->set_count; i-- > 0;)
        if (served(pass, &pass->plan->sets[i])) return &pass->plan->sets[i];
    return NULL;
}

bool strategy_holds(const struct pass *pass)
{
    const struct strategy_rules *own = strategy_rules(pass);
    bool at_zero = pass_replicas(pass) == 0 || pass->view->deployment.scaled_to == 0;
    if (!at_zero || !pass_rollout_running(pass) || pass->plan->rollout.direct) return false;
    return own->steps_left && own->steps_left(pass) && strategy_predecessor(pass);
}

/* ---- traffic ---- */

void strategy_switch(struct pass *pass, struct set_tally *set)
{
    const char *moves = pass->active ? "goes back to" : "stays with";
    if (set)
        pass_act(pass, ACTION_SWITCH, "all traffic %s revision %lld",
                 set == pass->target ? "goes to" : moves, (long long)set->revision)
            ->template_hash = set->template_hash;
    else
        pass_act(pass, ACTION_SWITCH, "every ready replica gets traffic");
    pass->active = set;
    pass->hidden = set != NULL;
}

/* ---- waiting ---- */

void strategy_await(struct pass *pass)
{
    pass->awaits = true;
}

bool strategy_pause(struct pass *pass, int64_t seconds)
{
    struct rollout *rollout = &pass->plan->rollout;
    if (rollout->step_since_ms == 0) clocks_begin(pass, &rollout->step_since_ms);
    return !clocks_lasts(pass, rollout->step_since_ms, seconds);
}

/* A promote is taken up by the pass that finds it, or else means nothing: it must not end a pause
 * that is yet to come. */
void strategy_step(struct pass *pass)
{
    bool blue_green = pass_strategy(pass)->type == STRATEGY_BLUE_GREEN;
    if (strategy_holds(pass)) {
        pass->plan->rollout.check_round = 0;
        return;
    }
    if (pass->hidden && !blue_green) strategy_switch(pass, NULL);
    strategy_rules(pass)->step(pass);
    pass->plan->rollout.promote = PROMOTE_NONE;
    clocks_await(pass, pass->awaits);
}
