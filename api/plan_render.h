/* plan_render.h: a plan as JSON, for those who ask what would happen. */
#ifndef DOGSHORE_API_PLAN_RENDER_H
#define DOGSHORE_API_PLAN_RENDER_H

#include "base/json.h"
#include "scheduler/plan/plan.h"

enum { PLAN_ACTIONS_SHOWN = 500 };

void plan_render_budget(struct json_writer *writer, const struct plan_budget *budget);
/* [{kind, why, revision, amount, replica}], the first PLAN_ACTIONS_SHOWN. */
void plan_render_actions(struct json_writer *writer, const struct plan *plan);

#endif
