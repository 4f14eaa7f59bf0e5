/* The plan as text: the one rendering that logs, explain and tests share. */
#include "base/text.h"
#include "scheduler/plan/plan.h"

const char *const action_kind_words[] = {
    [ACTION_SCALED] = "scaled",
    [ACTION_SET_WANTED] = "set_wanted",
    [ACTION_RELABEL] = "relabel",
    [ACTION_MARK_AVAILABLE] = "mark_available",
    [ACTION_MARK_UNAVAILABLE] = "mark_unavailable",
    [ACTION_COUNT_FAILURE] = "count_failure",
    [ACTION_DISMISS_FAILURE] = "dismiss_failure",
    [ACTION_RESET_BACKOFF] = "reset_backoff",
    [ACTION_STOP] = "stop",
    [ACTION_CREATE] = "create",
    [ACTION_FORGET_SET] = "forget_set",
    [ACTION_ROLLBACK] = "rollback",
    [ACTION_SWITCH] = "switch",
    [ACTION_DELETED] = "deleted",
    NULL,
};

#define PRINT_INT(text, name, value) text_printf((text), " " name "=%lld", (long long)(value))

static void print_values(const struct action *action, struct text *text)
{
    switch ((enum action_kind)action->kind) {
    case ACTION_MARK_AVAILABLE:
    case ACTION_MARK_UNAVAILABLE:
    case ACTION_DISMISS_FAILURE:
    case ACTION_RESET_BACKOFF:
    case ACTION_FORGET_SET:
    case ACTION_SWITCH:
    case ACTION_DELETED:
        return;
    case ACTION_SCALED:
        PRINT_INT(text, "to", action->scaled_to);
        PRINT_INT(text, "ceiling", action->scaled_ceiling);
        return;
    case ACTION_SET_WANTED:
        PRINT_INT(text, "revision", action->revision);
        PRINT_INT(text, "wanted", action->amount);
        return;
    case ACTION_CREATE:
        PRINT_INT(text, "revision", action->revision);
        PRINT_INT(text, "count", action->amount);
        return;
    case ACTION_COUNT_FAILURE:
        PRINT_INT(text, "failures", action->failures);
        PRINT_INT(text, "retry_at_ms", action->retry_at_ms);
        return;
    case ACTION_STOP:
        text_printf(text, " cause=%s", word_of(stop_cause_words, action->stop_cause));
        return;
    case ACTION_RELABEL:
        PRINT_INT(text, "revision", action->revision);
        return;
    case ACTION_ROLLBACK:
        PRINT_INT(text, "revision", action->revision);
        PRINT_INT(text, "copy_of", action->copy_of);
        return;
    }
}

void action_print(const struct action *action, struct text *text)
{
    text_add(text, word_of(action_kind_words, action->kind));
    if (action->replica)
        text_printf(text, " %s", action->replica->id);
    else if (action->template_hash)
        text_printf(text, " %s", action->template_hash);
    print_values(action, text);
    if (action->why[0]) text_printf(text, ": %s", action->why);
}

static void print_rollout(const struct plan *plan, struct text *text)
{
    const struct rollout *rollout = &plan->rollout;
    if (!plan->has_rollout) return;
    text_printf(text, "rollout %lld %s available=%lld/%lld high_water=%lld failed=%lld",
                (long long)rollout->id, word_of(rollout_state_words, rollout->state),
                (long long)rollout->progress.available, (long long)rollout->progress.desired,
                (long long)rollout->high_water, (long long)rollout->failed_replicas);
    if (rollout->reason && *rollout->reason) text_printf(text, " reason=%s", rollout->reason);
    if (rollout->message && *rollout->message) text_printf(text, ": %s", rollout->message);
    text_add_char(text, '\n');
}

static void print_budget(const struct plan_budget *budget, struct text *text)
{
    text_printf(text,
                "budget replicas=%lld surge=%lld total=%lld min_available=%lld available=%lld "
                "shrink=%lld grow=%lld%s\n",
                (long long)budget->replicas, (long long)budget->surge, (long long)budget->total,
                (long long)budget->min_available, (long long)budget->available,
                (long long)budget->shrink, (long long)budget->grow,
                budget->rounded ? " (surge and unavailable round to 0, so 1 may be missing)" : "");
}

void plan_print(const struct plan *plan, struct text *text)
{
    for (size_t i = 0; i < plan->action_count; i++) {
        action_print(&plan->actions[i], text);
        text_add_char(text, '\n');
    }
    for (size_t i = 0; i < plan->outcome_count; i++)
        text_printf(text, "outcome revision=%lld %s\n", (long long)plan->outcomes[i].revision,
                    word_of(revision_outcome_words, plan->outcomes[i].outcome));
    print_rollout(plan, text);
    text_printf(text, "status %s: %s\n", word_of(deployment_state_words, plan->status.state),
                plan->status.message);
    print_budget(&plan->budget, text);
    if (*plan->waiting_for) text_printf(text, "waiting_for %s\n", plan->waiting_for);
    if (*plan->next) text_printf(text, "next %s\n", plan->next);
    text_printf(text, "wake %lld\n", (long long)plan->wake_at_ms);
}
