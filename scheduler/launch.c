/* Beginning a rollout: the one place where a template becomes a revision and the spec's target.
 *
 * A new rollout ends the one that runs as superseded, or as aborted. The stable revision is left as
 * it is: it stays the way back until the new one is proven. The first pass starts the rollout's
 * clocks. */
#include "base/arena.h"
#include "base/text.h"
#include "scheduler/order.h"
#include "store/deployments.h"
#include "store/replicas.h"
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

/* No rollout of a terminated deployment begins: that is left to its start. */
static bool waits(const struct launching *launching)
{
    return launching->deployment->lifecycle == LIFECYCLE_TERMINATED;
}

/* ---- the rollout that is overtaken ---- */

static enum err_code end_outcome(struct launching *launching, struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    struct revision current;
    TRY(revisions_get(tx_db(launching->order.tx), launching->order.arena, deployment->uid,
                      deployment->status.revision, &current, err));
    if (current.number == launching->revision.number) return ERR_OK;
    if (current.outcome != OUTCOME_PENDING && current.outcome != OUTCOME_ACTIVE) return ERR_OK;
    bool aborted = launching->launch->source == SOURCE_ABORT;
    return revisions_set_outcome(launching->order.tx, deployment->uid, current.number,
                                 aborted ? OUTCOME_FAILED : OUTCOME_SUPERSEDED, err);
}

static enum err_code end_running(struct launching *launching, struct err *err)
{
    struct rollout *last = &launching->last;
    const struct order *order = &launching->order;
    bool aborted = launching->launch->source == SOURCE_ABORT;
    enum rollout_state state = aborted ? ROLLOUT_ABORTED : ROLLOUT_SUPERSEDED;
    rollout_finish(last, state, tx_wall_ms(order->tx));
    last->reason = rollout_state_words[state];
    last->message = arena_printf(order->arena,
                                 aborted ? "aborted: revision %lld goes back to what was stable"
                                         : "overtaken by revision %lld before it was complete",
                                 (long long)launching->revision.number);
    const char *data = order_numbers(order,
                                     (struct order_number[]){
                                         {"rollout", last->id},
                                         {"to_revision", last->to_revision},
                                         {"overtaken_by", launching->revision.number},
                                     },
                                     3);
    TRY(order_event(order, launching->deployment, "rollout", last->reason, last->message, data,
                    err));
    last->index = launching->deployment->index;
    return rollouts_put(order->tx, launching->deployment->uid, last, err);
}

/* A revision whose rollout succeeded without proving it, for none was wanted, is overtaken too. */
static enum err_code supersede(struct launching *launching, struct err *err)
{
    if (launching->last.id == 0) return ERR_OK;
    if (order_rollout_runs(&launching->last)) TRY(end_running(launching, err));
    return end_outcome(launching, err);
}

/* ---- the new one ---- */

static enum err_code take_revision(struct launching *launching, struct err *err)
{
    const struct launch *launch = launching->launch;
    const struct order *order = &launching->order;
    if (launch->revision != 0)
        return revisions_get(tx_db(order->tx), order->arena, launching->deployment->uid,
                             launch->revision, &launching->revision, err);
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
        .outcome = waits(launching) ? OUTCOME_PENDING : OUTCOME_ACTIVE,
    };
    return ERR_OK;
}

/* The revision that has all traffic; 0 = every set has its share. */
static enum err_code find_active(const struct launching *launching, int64_t *revision,
                                 struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    struct revision_set *sets;
    size_t count;
    *revision = 0;
    if (deployment->active_hash == NULL) return ERR_OK;
    TRY(revision_sets_list(tx_db(launching->order.tx), launching->order.arena, deployment->uid,
                           &sets, &count, err));
    for (size_t i = 0; i < count; i++)
        if (text_equal(sets[i].template_hash, deployment->active_hash))
            *revision = sets[i].revision;
    return ERR_OK;
}

static const char *start_sentence(const struct launching *launching, int64_t active)
{
    struct arena *arena = launching->order.arena;
    long long to = launching->next.to_revision, from = launching->next.from_revision;
    long long copy_of = launching->revision.copy_of;
    if (copy_of != 0)
        return arena_printf(arena, "revision %lld takes over, a copy of revision %lld", to,
                            copy_of);
    if (from == 0) return arena_printf(arena, "revision %lld is deployed", to);
    if (active == 0 || active == from)
        return arena_printf(arena, "revision %lld takes over from revision %lld", to, from);
    return arena_printf(arena,
                        "revision %lld takes over from revision %lld, which has the traffic but is "
                        "not proven: the way back is revision %lld",
                        to, (long long)active, from);
}

static bool is_way_back(const struct launching *launching)
{
    return launching->launch->direct || launching->launch->source == SOURCE_ROLLBACK ||
           launching->launch->source == SOURCE_ABORT;
}

static enum err_code choose_direct(struct launching *launching, struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    struct store_db *db = tx_db(launching->order.tx);
    struct arena *arena = launching->order.arena;
    struct revision stable = {.template_hash = NULL};
    struct revision_set *sets;
    size_t count;
    int64_t number = deployment->status.stable_revision;
    if (number != 0) TRY(revisions_get(db, arena, deployment->uid, number, &stable, err));
    TRY(revision_sets_list(db, arena, deployment->uid, &sets, &count, err));
    launching->next.direct =
        is_way_back(launching) || order_is_direct(&launching->last, stable.template_hash,
                                                  launching->launch->template_hash, sets, count);
    return ERR_OK;
}

static enum err_code put_by(struct launching *launching, struct err *err)
{
    const struct order *order = &launching->order;
    int64_t number = launching->revision.number;
    TRY(supersede(launching, err));
    const char *data = order_numbers(order, &(struct order_number){"revision", number}, 1);
    const char *message = arena_printf(
        order->arena, "revision %lld is rolled out once it is started", (long long)number);
    launching->deployment->status.message = message;
    return order_event(order, launching->deployment, "deployment", "awaits_start", message, data,
                       err);
}

static enum err_code begin(struct launching *launching, struct err *err)
{
    struct deployment *deployment = launching->deployment;
    const struct order *order = &launching->order;
    struct rollout *next = &launching->next;
    int64_t active;
    *next = order_rollout(deployment, &launching->last, launching->revision.number,
                          tx_wall_ms(order->tx));
    TRY(find_active(launching, &active, err));
    next->message = start_sentence(launching, active);
    TRY(choose_direct(launching, err));
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

/* ---- rows ---- */

/* Of an older template `updated` would read as if the new one were there. */
static enum err_code count_updated(const struct launching *launching, int64_t *updated,
                                   struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    const char *hash = launching->launch->template_hash;
    struct replica *replicas;
    size_t count;
    TRY(replicas_for_pass(tx_db(launching->order.tx), launching->order.arena, deployment->uid,
                          &replicas, &count, err));
    *updated = 0;
    for (size_t i = 0; i < count; i++) {
        const struct replica *replica = &replicas[i];
        bool runs = replica->wanted == WANTED_RUN && !replica_phase_final(replica->phase);
        if (runs && text_equal(replica->template_hash, hash)) ++*updated;
    }
    return ERR_OK;
}

static void retarget(struct launching *launching)
{
    struct deployment *deployment = launching->deployment;
    struct deployment_status *status = &deployment->status;
    deployment->spec.template = *launching->launch->template;
    deployment->template_hash = launching->launch->template_hash;
    order_stamp(&launching->order, deployment);
    status->revision = launching->revision.number;
    status->version = launching->revision.version;
    if (launching->launch->within_rollout != 0) return;
    status->halted_reason = NULL;
    status->halted_since_at = 0;
    if (waits(launching)) return;
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
    if (launching->launch->within_rollout == 0) set.failures = set.retry_at_ms = 0;
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

/* No rollout ends that would leave the newest ones. */
static enum err_code prune(const struct launching *launching, struct err *err)
{
    const struct deployment *deployment = launching->deployment;
    return revisions_prune(launching->order.tx, deployment->uid,
                           deployment->spec.revision_history_limit, deployment->status.revision,
                           deployment->status.stable_revision, err);
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
    bool ordered = launch->within_rollout == 0, begins = ordered && !waits(&launching);
    if (ordered) TRY(order_last_rollout(&launching.order, deployment, &launching.last, err));
    TRY(take_revision(&launching, err));
    if (ordered) TRY(begins ? begin(&launching, err) : put_by(&launching, err));
    if (ordered) TRY(count_updated(&launching, &deployment->status.updated, err));
    retarget(&launching);
    TRY(write_deployment(&launching, err));
    if (launch->revision == 0) TRY(revisions_insert(tx, deployment->uid, &launching.revision, err));
    TRY(ensure_set(&launching, err));
    if (begins) TRY(rollouts_put(tx, deployment->uid, &launching.next, err));
    if (waits(&launching)) TRY(prune(&launching, err));
    *rollout_id = begins ? launching.next.id : launch->within_rollout;
    tx_dirty_spec(tx, deployment->uid);
    return ERR_OK;
}
