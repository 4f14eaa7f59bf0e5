/* plan_view.h: what a pass would see of a deployment now, on the planner's thread: for explain and
 * plan.
 *
 * Ownership: all of it lives in the request's arena. Threads: the planner's. */
#ifndef DOGSHORE_API_PLAN_VIEW_H
#define DOGSHORE_API_PLAN_VIEW_H

#include "api/request.h"
#include "model/view.h"

/* `deployment` is the row, loaded in the same read transaction. */
enum err_code plan_view(struct store_db *db, struct request *request,
                        const struct deployment *deployment, struct view *view, struct err *err);

#endif
