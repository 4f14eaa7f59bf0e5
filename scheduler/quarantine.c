/* Templates that failed by a fault of their own are not deployed again by a client that only
 * repeats itself: somebody has to force it, or order a retry. A restart is no other template. */
#include "store/quarantine.h"

#include "base/arena.h"
#include "scheduler/order.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"

enum err_code quarantine_find(const struct order *order, const struct deployment *deployment,
                              const struct launch *launch, struct quarantine *row, bool *found,
                              struct err *err)
{
    const char *key = template_base_hash(launch->template, launch->template_hash, order->arena);
    return quarantine_get(tx_db(order->tx), order->arena, deployment->uid, key, row, found, err);
}

enum err_code quarantine_release(const struct order *order, struct deployment *deployment,
                                 const struct launch *launch, struct err *err)
{
    struct quarantine row;
    bool found;
    TRY(quarantine_find(order, deployment, launch, &row, &found, err));
    if (!found) return ERR_OK;
    const char *key = template_base_hash(launch->template, launch->template_hash, order->arena);
    TRY(quarantine_lift(order->tx, deployment->uid, key, err));
    const char *data = order_numbers(order, &(struct order_number){"rollout", row.rollout}, 1);
    const char *message = arena_printf(order->arena, "the quarantine of rollout %lld is lifted",
                                       (long long)row.rollout);
    return order_event(order, deployment, "deployment", "quarantine_lifted", message, data, err);
}

enum err_code quarantine_check(const struct order *order, struct deployment *deployment,
                               const struct launch *launch, const struct precondition *precondition,
                               struct err *err)
{
    struct quarantine row;
    bool found;
    TRY(quarantine_find(order, deployment, launch, &row, &found, err));
    if (!found) return ERR_OK;
    if (precondition != NULL && precondition->force)
        return quarantine_release(order, deployment, launch, err);
    return err_set(err, ERR_QUARANTINED,
                   "rollout %lld of deployment %s failed by this very template (%s); change it, or "
                   "force it to be tried again; /scale still works",
                   (long long)row.rollout, deployment->name, row.reason);
}
