#include "scheduler/order.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/rollouts.h"
#include "store/writer.h"

enum err_code order_event(const struct order *order, struct deployment *deployment,
                          const char *kind, const char *reason, const char *message,
                          const char *data, struct err *err)
{
    struct event event = {
        .kind = kind,
        .cluster = deployment->cluster,
        .name = deployment->name,
        .uid = deployment->uid,
        .reason = reason,
        .message = message,
        .data = data,
    };
    return events_add(order->tx, &event, &deployment->index, err);
}

const char *order_numbers(const struct order *order, const struct order_number *numbers,
                          size_t count)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, order->arena);
    json_writer_init(&writer, &text);
    json_object_begin(&writer);
    for (size_t i = 0; i < count; i++)
        json_put_int(&writer, numbers[i].key, numbers[i].value);
    json_object_end(&writer);
    return text_string(&text);
}

enum err_code order_check(const struct precondition *precondition,
                          const struct deployment *deployment, struct err *err)
{
    if (precondition == NULL) return ERR_OK;
    if (precondition->create_only)
        return err_set(err, ERR_PRECONDITION,
                       "deployment %s exists in cluster %s and only a creation was asked for",
                       deployment->name, deployment->cluster);
    if (precondition->match && precondition->generation != deployment->generation)
        return err_set(err, ERR_PRECONDITION,
                       "deployment %s is at generation %lld, the request was made for %lld",
                       deployment->name, (long long)deployment->generation,
                       (long long)precondition->generation);
    return ERR_OK;
}

enum err_code order_accept(const struct precondition *precondition,
                           const struct deployment *deployment, struct err *err)
{
    if (deployment->lifecycle == LIFECYCLE_DELETING)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "deployment %s is being deleted; its name is free once its replicas ended",
                       deployment->name);
    return order_check(precondition, deployment, err);
}

enum err_code order_load(const struct order *order, const char *cluster, const char *name,
                         const struct precondition *precondition, struct deployment *deployment,
                         struct err *err)
{
    TRY(deployments_get(tx_db(order->tx), order->arena, cluster, name, deployment, err));
    return order_accept(precondition, deployment, err);
}

enum err_code order_load_active(const struct order *order, const char *cluster, const char *name,
                                const struct precondition *precondition,
                                struct deployment *deployment, struct err *err)
{
    TRY(order_load(order, cluster, name, precondition, deployment, err));
    if (deployment->lifecycle != LIFECYCLE_TERMINATED) return ERR_OK;
    return err_set(err, ERR_ILLEGAL_STATE, "deployment %s is terminated; start it first", name);
}

enum err_code order_store(const struct order *order, struct deployment *deployment, struct err *err)
{
    order_stamp(order, deployment);
    TRY(deployments_update(order->tx, deployment, err));
    tx_dirty_spec(order->tx, deployment->uid);
    return ERR_OK;
}

enum err_code order_last_rollout(const struct order *order, const struct deployment *deployment,
                                 struct rollout *rollout, struct err *err)
{
    *rollout = (struct rollout){.id = 0};
    if (deployment->status.rollout_id == 0) return ERR_OK;
    return rollouts_get(tx_db(order->tx), order->arena, deployment->uid,
                        deployment->status.rollout_id, rollout, err);
}

bool order_rollout_runs(const struct rollout *rollout)
{
    return rollout->id != 0 && !rollout_state_final(rollout->state);
}

/* Did it come to its end, so that every replica is of one template? */
static bool is_whole(const struct rollout *last)
{
    bool whole = last->state == ROLLOUT_SUCCEEDED || last->state == ROLLOUT_ROLLED_BACK;
    return last->id != 0 && whole;
}

static bool is_of(const struct rollout *rollout, int64_t revision)
{
    return rollout->to_revision == revision || rollout->rollback_revision == revision;
}

/* A failing rollout leads back, for people, to what is whole now, else to what was proven. */
struct rollout order_rollout(struct deployment *deployment, const struct rollout *last,
                             int64_t to_revision, int64_t started_at)
{
    const struct deployment_status *status = &deployment->status;
    bool whole = is_whole(last) && is_of(last, status->revision);
    return (struct rollout){
        .id = deployment->next_rollout++,
        .from_revision = whole ? status->revision : status->stable_revision,
        .to_revision = to_revision,
        .strategy = deployment->spec.strategy.type,
        .state = ROLLOUT_PROGRESSING,
        .reason = "",
        .message = "",
        .progress.desired = deployment->spec.replicas,
        .started_at = started_at,
    };
}

bool order_is_direct(const struct rollout *last, const char *stable_hash, const char *template_hash,
                     const struct revision_set *sets, size_t set_count)
{
    if (stable_hash != NULL) return !is_whole(last) && text_equal(stable_hash, template_hash);
    for (size_t i = 0; i < set_count; i++)
        if (!text_equal(sets[i].template_hash, template_hash)) return false;
    return true;
}

void order_stamp(const struct order *order, struct deployment *deployment)
{
    deployment->generation++;
    deployment->faults = 0; /* what made passes crash may be gone with it */
    deployment->updated_at = tx_wall_ms(order->tx);
    deployment->updated_by = tx_actor(order->tx);
}

struct launch order_launch(const struct order *order, const struct template *template,
                           enum revision_source source)
{
    struct text json;
    text_init(&json, order->arena);
    template_canonical(&json, template);
    char *hash = arena_alloc(order->arena, TEMPLATE_HASH_BYTES);
    template_hash(template, order->arena, hash);
    return (struct launch){
        .template = template,
        .template_json = text_string(&json),
        .template_hash = hash,
        .source = source,
    };
}

enum err_code order_copy(const struct order *order, const struct revision *revision,
                         enum revision_source source, struct launch *launch, struct err *err)
{
    struct template *template = ARENA_NEW(order->arena, struct template);
    TRY(template_parse(order->arena, revision->template_json, template, err));
    *launch = (struct launch){
        .template = template,
        .template_json = revision->template_json,
        .template_hash = revision->template_hash,
        .source = source,
        .copy_of = revision->number,
    };
    return ERR_OK;
}
