/* order.h: what the orders of control.h have in common. Threads: the writer's, inside a closure. */
#ifndef DOGSHORE_SCHEDULER_ORDER_H
#define DOGSHORE_SCHEDULER_ORDER_H

#include "scheduler/control.h"

struct order {
    struct control *control;
    struct store_tx *tx;
    struct arena *arena;
};

/* One event about the deployment; its index becomes deployment->index. `kind` is deployment or
 * rollout, `data` a JSON object or NULL. */
enum err_code order_event(const struct order *order, struct deployment *deployment,
                          const char *kind, const char *reason, const char *message,
                          const char *data, struct err *err);
/* {"<key>": value, …} of `count` numbers. */
struct order_number {
    const char *key;
    int64_t value;
};
const char *order_numbers(const struct order *order, const struct order_number *numbers,
                          size_t count);

/* ERR_PRECONDITION with both generations. `precondition` may be NULL. */
enum err_code order_check(const struct precondition *precondition,
                          const struct deployment *deployment, struct err *err);
/* May it be changed? ERR_ILLEGAL_STATE when it is being deleted, then ERR_PRECONDITION. */
enum err_code order_accept(const struct precondition *precondition,
                           const struct deployment *deployment, struct err *err);
/* The deployment that an order changes: ERR_NOT_FOUND, then as order_accept(). */
enum err_code order_load(const struct order *order, const char *cluster, const char *name,
                         const struct precondition *precondition, struct deployment *deployment,
                         struct err *err);
/* Generation and updated_*: an accepted change of the spec. */
void order_stamp(const struct order *order, struct deployment *deployment);

/* A launch of `template`, whose canonical form and hash are made here. */
struct launch order_launch(const struct order *order, const struct template *template,
                           enum revision_source source);

#endif
