#include "api/plan_render.h"

void plan_render_budget(struct json_writer *writer, const struct plan_budget *budget)
{
    json_object_begin(writer);
    json_put_int(writer, "replicas", budget->replicas);
    json_put_int(writer, "surge", budget->surge);
    json_put_int(writer, "unavailable", budget->unavailable);
    json_put_int(writer, "total", budget->total);
    json_put_int(writer, "ceiling", budget->ceiling);
    json_put_int(writer, "min_available", budget->min_available);
    json_put_int(writer, "available", budget->available);
    json_put_int(writer, "shrink", budget->shrink);
    json_put_int(writer, "grow", budget->grow);
    json_put_bool(writer, "rounded", budget->rounded);
    json_object_end(writer);
}

static void render_action(struct json_writer *writer, const struct action *action)
{
    bool sized = action->kind == ACTION_SET_WANTED || action->kind == ACTION_CREATE;
    json_object_begin(writer);
    json_put_string(writer, "kind", action_kind_words[action->kind]);
    json_put_string(writer, "why", action->why);
    json_put_optional_int(writer, "revision", action->revision != 0, action->revision);
    json_put_optional_int(writer, "amount", sized, action->amount);
    json_put_string(writer, "replica", action->replica ? action->replica->id : NULL);
    json_object_end(writer);
}

void plan_render_actions(struct json_writer *writer, const struct plan *plan)
{
    size_t shown = plan->action_count;
    if (shown > PLAN_ACTIONS_SHOWN) shown = PLAN_ACTIONS_SHOWN;
    json_array_begin(writer);
    for (size_t i = 0; i < shown; i++)
        render_action(writer, &plan->actions[i]);
    json_array_end(writer);
}
