/* Beginning a rollout: the one place where a template becomes a revision and the spec's target.
 *
 * A new rollout ends the one that runs as superseded. The stable revision is left as it is: it
 * stays the way back until the new one is proven. The first pass starts the rollout's clocks. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "store/deployments.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/writer.h"

#include <assert.h>

struct launching {
    struct order order;
    struct deployment *deployment;
    const struct launch *launch;
    struct rollout last; /* the newest rollout before this one; id 0 = there is none */
    struct rollout next;
    struct revision revision;
};

static bool runs(const struct rollout *rollout)
{
    return rollout->id != 0 && !rollout_state_final(rollout->state);
}

static enum err_code load_last(struct launching *launching, struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    if (deployment->status.rollout_id == 0) return ERR_OK;
    return rollouts_get(tx_db(launching->order.tx), launching->order.arena, deployment->uid,
                        deployment->status.rollout_id, &launching->last, err);
}

/* Where a failing rollout leads back to, for people: what is whole now, else what was proven. */
static int64_t from_revision(const struct launching *launching)
{
    const struct deployment_status *status = &launching->deployment->status;
    int state = launching->last.state;
    bool whole =
        launching->last.id != 0 && (state == ROLLOUT_SUCCEEDED || state == ROLLOUT_ROLLED_BACK);
    return whole ? status->revision : status->stable_revision;
}

/* ---- the rollout that is overtaken ---- */

static enum err_code end_outcome(struct launching *launching, struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    struct revision current;
    TRY(revisions_get(tx_db(launching->order.tx), launching->order.arena, deployment->uid,
                      deployment->status.revision, &current, err));
    if (current.outcome != OUTCOME_PENDING && current.outcome != OUTCOME_ACTIVE) return ERR_OK;
    return revisions_set_outcome(launching->order.tx, deployment->uid, current.number,
                                 OUTCOME_SUPERSEDED, err);
}

static enum err_code tell_superseded(struct launching *launching, struct err *err)
{
    struct rollout *last = &launching->last;
    assert(rollout_state_may_move(last->state, ROLLOUT_SUPERSEDED));
    const struct order *order = &launching->order;
    last->state = ROLLOUT_SUPERSEDED;
    last->reason = "superseded";
    last->message = arena_printf(order->arena, "overtaken by revision %lld before it was complete",
                                 (long long)launching->revision.number);
    last->finished_at = tx_wall_ms(order->tx);
    const char *data = order_numbers(order,
                                     (struct order_number[]){
                                         {"rollout", last->id},
                                         {"to_revision", last->to_revision},
                                         {"overtaken_by", launching->revision.number},
                                     },
                                     3);
    TRY(order_event(order, launching->deployment, "rollout", "superseded", last->message, data,
                    err));
    last->index = launching->deployment->index;
    return rollouts_put(order->tx, launching->deployment->uid, last, err);
}

/* A revision whose rollout succeeded without proving it, for none was wanted, is overtaken too. */
static enum err_code supersede(struct launching *launching, struct err *err)
{
    if (launching->last.id == 0) return ERR_OK;
    if (runs(&launching->last)) TRY(tell_superseded(launching, err));
    return end_outcome(launching, err);
}

/* ---- the new one ---- */

static void make_revision(struct launching *launching)
{
    const struct launch *launch = launching->launch;
    launching->revision = (struct revision){
        .number = launching->deployment->next_revision++,
        .version = launch->template->version,
        .template_json = launch->template_json,
        .template_hash = launch->template_hash,
        .created_at = tx_wall_ms(launching->order.tx),
        .created_by = tx_actor(launching->order.tx),
        .change_cause = launch->change_cause,
        .source = launch->source,
        .copy_of = launch->copy_of,
        .outcome = OUTCOME_ACTIVE,
    };
}

static const char *start_sentence(const struct launching *launching)
{
    struct arena *arena = launching->order.arena;
    long long to = launching->next.to_revision, from = launching->next.from_revision;
    long long copy_of = launching->revision.copy_of;
    if (copy_of != 0)
        return arena_printf(arena, "revision %lld takes over, a copy of revision %lld", to,
                            copy_of);
    if (from == 0) return arena_printf(arena, "revision %lld is deployed", to);
    return arena_printf(arena, "revision %lld takes over from revision %lld", to, from);
}

static enum err_code begin(struct launching *launching, struct err *err)
{
    struct deployment *deployment = launching->deployment;
    const struct order *order = &launching->order;
    struct rollout *next = &launching->next;
    *next = (struct rollout){
        .id = deployment->next_rollout++,
        .from_revision = from_revision(launching),
        .to_revision = launching->revision.number,
        .strategy = deployment->spec.strategy.type,
        .state = ROLLOUT_PROGRESSING,
        .reason = "",
        .progress.desired = deployment->spec.replicas,
        .started_at = tx_wall_ms(order->tx),
    };
    next->message = start_sentence(launching);
    TRY(supersede(launching, err));
    const char *data = order_numbers(order,
                                     (struct order_number[]){
                                         {"rollout", next->id},
                                         {"from_revision", next->from_revision},
                                         {"to_revision", next->to_revision},
                                         {"copy_of", launching->revision.copy_of},
                                     },
                                     4);
    TRY(order_event(order, deployment, "rollout", "started", next->message, data, err));
    next->index = deployment->index;
    return ERR_OK;
}

/* The automatic rollback stays in its rollout: its clocks begin again, once. */
static void turn_back(struct launching *launching, struct rollout *rollout)
{
    rollout->rollback_revision = launching->revision.number;
    if (rollout->state == ROLLOUT_ROLLING_BACK) return;
    assert(rollout_state_may_move(rollout->state, ROLLOUT_ROLLING_BACK));
    rollout->state = ROLLOUT_ROLLING_BACK;
    rollout->deadline_at_ms = 0;
    rollout->deadline_left_ms = 0;
    rollout->monitor_until_ms = 0;
    rollout->batch_after_ms = 0;
    rollout->high_water = 0;
}

/* ---- rows ---- */

static void retarget(struct launching *launching)
{
    struct deployment *deployment = launching->deployment;
    struct deployment_status *status = &deployment->status;
    deployment->spec.template = *launching->launch->template;
    deployment->template_hash = launching->launch->template_hash;
    order_stamp(&launching->order, deployment);
    status->revision = launching->revision.number;
    status->version = launching->revision.version;
    if (launching->launch->same_rollout != NULL) return;
    status->halted_reason = NULL;
    status->halted_since_at = 0;
    status->rollout_id = launching->next.id;
    status->rollout_state = launching->next.state;
    if (launching->launch->source == SOURCE_CREATE) return;
    status->state = DEPLOYMENT_DEPLOYING;
    status->message = launching->next.message;
}

static enum err_code find_set(const struct launching *launching, struct revision_set *set,
                              struct err *err)
{
    struct revision_set *sets;
    size_t count;
    TRY(revision_sets_list(tx_db(launching->order.tx), launching->order.arena,
                           launching->deployment->uid, &sets, &count, err));
    *set = (struct revision_set){.template_hash = launching->launch->template_hash};
    for (size_t i = 0; i < count; i++)
        if (text_equal(sets[i].template_hash, set->template_hash)) *set = sets[i];
    return ERR_OK;
}

/* Its size is the planner's. Someone's order ends the back-off of what failed before. */
static enum err_code ensure_set(const struct launching *launching, struct err *err)
{
    struct revision_set set;
    TRY(find_set(launching, &set, err));
    set.revision = launching->revision.number;
    if (launching->launch->same_rollout == NULL) set.failures = set.retry_at_ms = 0;
    return revision_sets_put(launching->order.tx, launching->deployment->uid, &set, err);
}

static enum err_code write_deployment(const struct launching *launching, struct err *err)
{
    struct deployment *deployment = launching->deployment;
    if (launching->launch->source != SOURCE_CREATE)
        return deployments_update(launching->order.tx, deployment, err);
    deployment->endpoints_index = deployment->index;
    return deployments_insert(launching->order.tx, deployment, err);
}

enum err_code control_launch(struct store_tx *tx, struct arena *arena,
                             struct deployment *deployment, const struct launch *launch,
                             int64_t *rollout_id, struct err *err)
{
    struct launching launching = {
        .order = {.tx = tx, .arena = arena},
        .deployment = deployment,
        .launch = launch,
    };
    struct rollout *same = launch->same_rollout;
    TRY(load_last(&launching, err));
    make_revision(&launching);
    if (same != NULL)
        turn_back(&launching, same);
    else
        TRY(begin(&launching, err));
    retarget(&launching);
    TRY(write_deployment(&launching, err));
    TRY(revisions_insert(tx, deployment->uid, &launching.revision, err));
    TRY(ensure_set(&launching, err));
    if (same == NULL) TRY(rollouts_put(tx, deployment->uid, &launching.next, err));
    *rollout_id = same != NULL ? same->id : launching.next.id;
    tx_dirty_spec(tx, deployment->uid);
    return ERR_OK;
}
