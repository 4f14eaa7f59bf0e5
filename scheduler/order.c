#include "scheduler/order.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "store/deployments.h"
#include "store/events.h"
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
