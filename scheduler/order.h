/* order.h: what the orders of control.h have in common. Threads: the writer's, inside a closure. */
#ifndef DOGSHORE_SCHEDULER_ORDER_H
#define DOGSHORE_SCHEDULER_ORDER_H

#include "scheduler/control.h"
#include "store/quarantine.h"

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
/* As order_load(), and ERR_ILLEGAL_STATE when it is terminated. */
enum err_code order_load_active(const struct order *order, const char *cluster, const char *name,
                                const struct precondition *precondition,
                                struct deployment *deployment, struct err *err);
/* Writes an edited spec, or lifecycle, without a rollout: stamped, dirty. Its event is there. */
enum err_code order_store(const struct order *order, struct deployment *deployment,
                          struct err *err);
/* The deployment's newest rollout; id 0 when it has none. */
enum err_code order_last_rollout(const struct order *order, const struct deployment *deployment,
                                 struct rollout *rollout, struct err *err);
bool order_rollout_runs(const struct rollout *rollout);
/* Generation and updated_*: an accepted change of the spec. */
void order_stamp(const struct order *order, struct deployment *deployment);

/* ---- a rollout that begins; `last`: the newest one before it, id 0 = none ---- */

/* Its row, but for message and `direct`; takes its number. The deployment's status is still that of
 * before. */
struct rollout order_rollout(struct deployment *deployment, const struct rollout *last,
                             int64_t to_revision, int64_t started_at);
/* Has it nothing to replace, for no template was proven and none but this one has a set; or is it
 * the way back to the stable template while another one is not complete? `stable_hash` NULL = no
 * template was proven. */
bool order_is_direct(const struct rollout *last, const char *stable_hash, const char *template_hash,
                     const struct revision_set *sets, size_t set_count);

/* A launch of `template`, whose canonical form and hash are made here. */
struct launch order_launch(const struct order *order, const struct template *template,
                           enum revision_source source);
/* A launch of the template of a kept revision, as its copy. */
enum err_code order_copy(const struct order *order, const struct revision *revision,
                         enum revision_source source, struct launch *launch, struct err *err);

/* ---- quarantine.c ---- */

/* Of the launch's template, whatever its restart_token. */
enum err_code quarantine_find(const struct order *order, const struct deployment *deployment,
                              const struct launch *launch, struct quarantine *row, bool *found,
                              struct err *err);
/* ERR_QUARANTINED when the template is; with precondition->force it is lifted instead. */
enum err_code quarantine_check(const struct order *order, struct deployment *deployment,
                               const struct launch *launch, const struct precondition *precondition,
                               struct err *err);
/* With an event; nothing when it is not quarantined. */
enum err_code quarantine_release(const struct order *order, struct deployment *deployment,
                                 const struct launch *launch, struct err *err);

#endif
