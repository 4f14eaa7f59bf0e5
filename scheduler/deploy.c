/* Create, apply, scale, delete: what people order of a deployment's spec. An order that changes
 * nothing writes nothing. */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/difference.h"
#include "scheduler/order.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/quarantine.h"
#include "store/rollouts.h"
#include "store/writer.h"

#include <assert.h>

/* ---- create ---- */

/* The bound only grows with each creation; when it meets the limit the rows are counted again. */
static enum err_code check_room(const struct order *order, struct err *err)
{
    int64_t *at_most = &order->control->deployments_at_most;
    if (*at_most >= LIMIT_DEPLOYMENTS) TRY(deployments_count(tx_db(order->tx), at_most, err));
    if (*at_most >= LIMIT_DEPLOYMENTS)
        return err_set(err, ERR_LIMIT, "this server already has %d deployments, which is its limit",
                       LIMIT_DEPLOYMENTS);
    ++*at_most;
    return ERR_OK;
}

static void make_deployment(const struct order *order, const struct deployment_document *document,
                            struct deployment *deployment)
{
    char uid[27];
    crypto_uid(tx_wall_ms(order->tx), uid);
    *deployment = (struct deployment){
        .uid = arena_strdup(order->arena, uid),
        .cluster = document->cluster,
        .name = document->name,
        .description = document->description,
        .labels = document->labels,
        .annotations = document->annotations,
        .created_at = tx_wall_ms(order->tx),
        .created_by = tx_actor(order->tx),
        .lifecycle = LIFECYCLE_ACTIVE,
        .spec = document->spec,
        .next_revision = 1,
        .next_rollout = 1,
    };
    if (deployment->spec.replicas == REPLICAS_ABSENT) deployment->spec.replicas = 1;
    deployment->status = (struct deployment_status){
        .state = DEPLOYMENT_PENDING,
        .message = "waiting for the scheduler",
        .desired = deployment->spec.replicas,
    };
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static enum err_code create(const struct order *order, const struct deployment_document *document,
                            struct change *change, struct err *err)
{
    struct deployment *deployment = &change->deployment;
    TRY(clusters_check(tx_db(order->tx), document->cluster, err));
    TRY(check_room(order, err));
    make_deployment(order, document, deployment);
    int64_t replicas = deployment->spec.replicas;
    const char *data = order_numbers(order, &(struct order_number){"replicas", replicas}, 1);
    const char *version = deployment->spec.template.version;
    bool named = version != NULL && *version != '\0';
    const char *message =
        arena_printf(order->arena, "created with %lld replica%s%s%s", (long long)replicas,
                     plural(replicas), named ? " of version " : "", named ? version : "");
    TRY(order_event(order, deployment, "deployment", "created", message, data, err));
    deployment->spec.template.restart_token = NULL;
    struct launch launch = order_launch(order, &deployment->spec.template, SOURCE_CREATE);
    TRY(control_launch(order->tx, order->arena, deployment, &launch, &change->rollout_id, err));
    change->created = change->changed = true;
    return ERR_OK;
}

/* ERR_NOT_FOUND is an answer here, not a failure. */
static enum err_code find(const struct order *order, const struct deployment_document *document,
                          struct deployment *deployment, bool *found, struct err *err)
{
    struct err missing = {.code = ERR_OK};
    enum err_code code = deployments_get(tx_db(order->tx), order->arena, document->cluster,
                                         document->name, deployment, &missing);
    *found = code == ERR_OK;
    if (code == ERR_OK || code == ERR_NOT_FOUND) return ERR_OK;
    return err_copy(err, &missing);
}

enum err_code control_create(struct control *control, struct store_tx *tx, struct arena *arena,
                             const struct deployment_document *document, struct change *change,
                             struct err *err)
{
    struct order order = {control, tx, arena};
    bool found;
    *change = (struct change){.created = false};
    TRY(find(&order, document, &change->deployment, &found, err));
    if (found)
        return err_set(err, ERR_ALREADY_EXISTS, "deployment %s exists in cluster %s%s",
                       document->name, document->cluster,
                       change->deployment.lifecycle == LIFECYCLE_DELETING
                           ? ", it is still being deleted"
                           : "");
    return create(&order, document, change, err);
}

/* ---- apply ---- */

static void put_if(struct json_writer *writer, bool differs, const char *word)
{
    if (differs) json_string(writer, word);
}

static enum err_code updated_event(const struct order *order, struct deployment *deployment,
                                   const struct difference *difference, struct err *err)
{
    struct text data;
    struct json_writer writer;
    text_init(&data, order->arena);
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_put_int(&writer, "generation", deployment->generation + 1);
    json_key(&writer, "changed");
    json_array_begin(&writer);
    put_if(&writer, difference->description, "description");
    put_if(&writer, difference->labels, "labels");
    put_if(&writer, difference->annotations, "annotations");
    put_if(&writer, difference->settings, "settings");
    put_if(&writer, difference->template, "template");
    json_array_end(&writer);
    json_object_end(&writer);
    return order_event(order, deployment, "deployment", "updated",
                       difference->template ? "the spec changed, with a new template"
                                            : "the spec changed, the template did not",
                       text_string(&data), err);
}

static enum err_code scaled_event(const struct order *order, struct deployment *deployment,
                                  int64_t replicas, struct err *err)
{
    int64_t from = deployment->spec.replicas;
    const char *data =
        order_numbers(order, (struct order_number[]){{"from", from}, {"to", replicas}}, 2);
    const char *message = arena_printf(order->arena, "scaled from %lld to %lld replica%s",
                                       (long long)from, (long long)replicas, plural(replicas));
    deployment->spec.replicas = replicas;
    return order_event(order, deployment, "deployment", "scaled", message, data, err);
}

/* Forced, a template that the deployment is halted with or that failed here is as good as a new
 * one.
 */
static enum err_code is_tried_again(const struct order *order, const struct deployment *deployment,
                                    const struct launch *launch,
                                    const struct precondition *precondition, bool *again,
                                    struct err *err)
{
    struct quarantine row;
    *again = precondition != NULL && precondition->force;
    if (!*again || deployment->status.halted_reason != NULL) return ERR_OK;
    return quarantine_find(order, deployment, launch, &row, again, err);
}

/* A canary that is on its way goes back to the first of its steps that reads otherwise now, and
 * what was ordered or begun of the one it is at begins anew. */
static enum err_code follow_steps(const struct order *order, const struct deployment *deployment,
                                  const struct canary_steps *before, struct err *err)
{
    struct rollout rollout;
    int64_t first = difference_first_step(before, &deployment->spec.strategy.steps);
    if (first == DIFFERENCE_NONE) return ERR_OK;
    TRY(order_last_rollout(order, deployment, &rollout, err));
    bool canary = order_rollout_runs(&rollout) && rollout.strategy == STRATEGY_CANARY;
    if (!canary || first > rollout.step) return ERR_OK;
    rollout.step = first;
    rollout.step_since_ms = 0;
    rollout.promote = PROMOTE_NONE;
    rollout.index = deployment->index;
    return rollouts_put(order->tx, deployment->uid, &rollout, err);
}

static enum err_code replace(const struct order *order, const struct deployment_document *document,
                             const struct precondition *precondition, struct change *change,
                             struct err *err)
{
    struct deployment *deployment = &change->deployment;
    const struct template *template =
        difference_template(order->arena, deployment, &document->spec.template);
    struct launch launch = order_launch(order, template, SOURCE_UPDATE);
    struct difference difference =
        difference_of(order->arena, deployment, document, launch.template_hash);
    bool again;
    TRY(is_tried_again(order, deployment, &launch, precondition, &again, err));
    if (again) difference.template = true;
    if (!difference_edits(&difference) && !difference.replicas) return ERR_OK;
    if (difference.template) TRY(quarantine_check(order, deployment, &launch, precondition, err));
    change->changed = true;
    if (difference_edits(&difference)) TRY(updated_event(order, deployment, &difference, err));
    if (difference.replicas) TRY(scaled_event(order, deployment, document->spec.replicas, err));
    struct canary_steps steps = deployment->spec.strategy.steps;
    difference_take_over(deployment, document);
    if (difference.template)
        TRY(control_launch(order->tx, order->arena, deployment, &launch, &change->rollout_id, err));
    else
        TRY(order_store(order, deployment, err));
    if (!difference.template) TRY(follow_steps(order, deployment, &steps, err));
    return difference.labels ? deployments_set_labels(order->tx, deployment, err) : ERR_OK;
}

enum err_code control_apply(struct control *control, struct store_tx *tx, struct arena *arena,
                            const struct deployment_document *document,
                            const struct precondition *precondition, struct change *change,
                            struct err *err)
{
    struct order order = {control, tx, arena};
    bool found;
    *change = (struct change){.created = false};
    TRY(find(&order, document, &change->deployment, &found, err));
    if (found) {
        TRY(order_accept(precondition, &change->deployment, err));
        return replace(&order, document, precondition, change, err);
    }
    if (precondition != NULL && precondition->match)
        return err_set(err, ERR_PRECONDITION,
                       "deployment %s does not exist, the request was made for generation %lld",
                       document->name, (long long)precondition->generation);
    return create(&order, document, change, err);
}

/* ---- scale ---- */

enum err_code control_scale(struct control *control, struct store_tx *tx, struct arena *arena,
                            const char *cluster, const char *name, int64_t replicas,
                            const struct precondition *precondition, struct change *change,
                            struct err *err)
{
    assert(replicas >= 0 && replicas <= LIMIT_REPLICAS);
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    *change = (struct change){.created = false};
    TRY(order_load(&order, cluster, name, precondition, deployment, err));
    if (deployment->spec.replicas == replicas) return ERR_OK;
    TRY(scaled_event(&order, deployment, replicas, err));
    change->changed = true;
    return order_store(&order, deployment, err);
}

/* ---- delete ---- */

enum err_code control_delete(struct control *control, struct store_tx *tx, struct arena *arena,
                             const char *cluster, const char *name,
                             const struct precondition *precondition, struct change *change,
                             struct err *err)
{
    struct order order = {control, tx, arena};
    struct deployment *deployment = &change->deployment;
    *change = (struct change){.created = false};
    TRY(deployments_get(tx_db(tx), arena, cluster, name, deployment, err));
    if (deployment->lifecycle == LIFECYCLE_DELETING) return ERR_OK;
    TRY(order_check(precondition, deployment, err));
    deployment->lifecycle = LIFECYCLE_DELETING;
    deployment->status.state = DEPLOYMENT_TERMINATING;
    deployment->status.message = "its replicas are told to stop";
    TRY(order_event(&order, deployment, "deployment", "deleting",
                    "deletion was ordered, its replicas are told to stop", NULL, err));
    change->changed = true;
    return order_store(&order, deployment, err);
}
