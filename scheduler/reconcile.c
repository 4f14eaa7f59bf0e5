#include "scheduler/reconcile.h"

#include "base/arena.h"
#include "base/failpoint.h"
#include "scheduler/control_parts.h"
#include "scheduler/crash_guard.h"
#include "scheduler/execution.h"
#include "scheduler/node_table.h"
#include "scheduler/plan/plan.h"
#include "scheduler/view_load.h"
#include "store/deployments.h"
#include "store/writer.h"

static int64_t wake_in_ms(const struct view *view, const struct plan *plan,
                          const struct execution *execution)
{
    if (plan->wake_at_ms == 0) return execution->wake_in_ms;
    int64_t in_ms = plan->wake_at_ms - view->now_ms;
    if (in_ms < 0) in_ms = 0;
    if (execution->wake_in_ms == RECONCILE_NO_WAKE) return in_ms;
    return in_ms < execution->wake_in_ms ? in_ms : execution->wake_in_ms;
}

static enum err_code pass(struct control *control, struct store_tx *tx, struct arena *arena,
                          const struct deployment *deployment, struct pass_result *result,
                          struct err *err)
{
    struct view view;
    struct view_source source = {
        .db = tx_db(tx),
        .now_ms = tx_now_ms(tx),
        .now_at = tx_wall_ms(tx),
        .presence = view_presence_of_table,
        .self = control->nodes,
    };
    TRY(view_load(&source, arena, deployment, &view, err));
    struct plan plan;
    plan_prepare(&plan, arena, &view);
    plan_make(&view, &plan);
    if (FP("reconcile.planned")) return err_set(err, ERR_INTERNAL, "failpoint reconcile.planned");
    struct execution execution;
    execution_init(&execution, control, tx, arena, &view, &plan);
    TRY(execute(&execution, err));
    if (FP("reconcile.executed")) return err_set(err, ERR_INTERNAL, "failpoint reconcile.executed");
    result->gone = execution.gone;
    result->wake_in_ms = wake_in_ms(&view, &plan, &execution);
    return execution.gone ? ERR_OK : crash_guard_passed(tx, deployment, err);
}

enum err_code reconcile(struct control *control, struct store_tx *tx, const char *uid,
                        struct pass_result *result, struct err *err)
{
    *result = (struct pass_result){.wake_in_ms = RECONCILE_NO_WAKE};
    auto_arena arena;
    arena_init(&arena);
    struct deployment deployment;
    struct err why = {.code = ERR_OK};
    enum err_code code = deployments_get_uid(tx_db(tx), &arena, uid, &deployment, &why);
    if (code == ERR_NOT_FOUND) {
        result->gone = true;
        node_table_unwait(tx, control->nodes, uid);
        return ERR_OK;
    }
    if (code != ERR_OK) return err_copy(err, &why);
    if (crash_guard_skips(&deployment)) return ERR_OK;
    if (FP("reconcile.before")) return err_set(err, ERR_INTERNAL, "failpoint reconcile.before");
    return pass(control, tx, &arena, &deployment, result, err);
}
