#include "scheduler/crash_guard.h"

#include "base/log.h"
#include "model/deployment.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/writer.h"

static const char fault_message[] =
    "planner_fault: planning this deployment crashed the server three times in a row; what runs is "
    "left alone until the spec changes";

/* What runs cannot be told any more. */
static enum err_code show_unknown(struct store_tx *tx, struct deployment *deployment,
                                  struct err *err)
{
    deployment->status.state = DEPLOYMENT_UNKNOWN;
    deployment->status.message = fault_message;
    deployment->status.observed_generation = deployment->generation;
    struct event event = {
        .kind = "deployment",
        .cluster = deployment->cluster,
        .name = deployment->name,
        .uid = deployment->uid,
        .reason = "planner_fault",
        .message = fault_message,
    };
    TRY(events_add(tx, &event, &deployment->index, err));
    return deployments_update_status(tx, deployment, err);
}

enum err_code crash_guard_count(struct store_tx *tx, const char *uid, struct err *err)
{
    struct deployment deployment;
    struct err why = {.code = ERR_OK};
    enum err_code code = deployments_get_uid(tx_db(tx), tx_arena(tx), uid, &deployment, &why);
    if (code == ERR_NOT_FOUND) return ERR_OK;
    if (code != ERR_OK) return err_copy(err, &why);
    int64_t faults = deployment.faults + 1;
    log_message(LOG_ERROR, "pass_crashed",
                "the server died in a pass over deployment %s/%s, %lld time(s) in a row",
                deployment.cluster, deployment.name, (long long)faults);
    TRY(deployments_set_faults(tx, uid, faults, err));
    if (faults < CRASH_GUARD_FAULTS_MAX) return ERR_OK;
    return show_unknown(tx, &deployment, err);
}

bool crash_guard_skips(const struct deployment *deployment)
{
    return deployment->faults >= CRASH_GUARD_FAULTS_MAX &&
           deployment->status.observed_generation == deployment->generation;
}

enum err_code crash_guard_passed(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err)
{
    if (deployment->faults == 0) return ERR_OK;
    return deployments_set_faults(tx, deployment->uid, 0, err);
}
