/* Create, apply, scale, delete: what people order of a deployment's spec. An order that changes
 * nothing writes nothing. */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/order.h"
#include "store/deployments.h"
#include "store/nodes.h"
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

static enum err_code check_cluster(const struct order *order, const char *cluster, struct err *err)
{
    bool exists;
    TRY(clusters_exists(tx_db(order->tx), cluster, &exists, err));
    if (exists) return ERR_OK;
    return err_set(err, ERR_UNKNOWN_CLUSTER,
                   "no node is registered in cluster %s, and it is not \"default\"", cluster);
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
    TRY(check_cluster(order, document->cluster, err));
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
    struct launch launch = order_launch(order, &document->spec.template, SOURCE_CREATE);
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
    if (err != NULL) *err = missing;
    return code;
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

/* What differs between a deployment and a document. */
struct difference {
    bool description, labels, annotations, settings, replicas, template;
};

static bool same_settings(struct arena *arena, const struct deployment_spec *a,
                          const struct deployment_spec *b)
{
    struct text first, second;
    text_init(&first, arena);
    text_init(&second, arena);
    spec_settings_canonical(&first, a);
    spec_settings_canonical(&second, b);
    return text_equal(text_string(&first), text_string(&second));
}

static bool same_text(const char *a, const char *b)
{
    return text_equal(a == NULL ? "" : a, b == NULL ? "" : b);
}

static struct difference compare(struct arena *arena, const struct deployment *deployment,
                                 const struct deployment_document *document, const char *hash)
{
    int64_t replicas = document->spec.replicas;
    return (struct difference){
        .description = !same_text(deployment->description, document->description),
        .labels = !pairs_equal(&deployment->labels, &document->labels),
        .annotations = !pairs_equal(&deployment->annotations, &document->annotations),
        .settings = !same_settings(arena, &deployment->spec, &document->spec),
        .replicas = replicas != REPLICAS_ABSENT && replicas != deployment->spec.replicas,
        .template = !text_equal(deployment->template_hash, hash),
    };
}

/* Scaling alone has an event of its own. */
static bool edited(const struct difference *difference)
{
    return difference->description || difference->labels || difference->annotations ||
           difference->settings || difference->template;
}

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

static void take_over(struct deployment *deployment, const struct deployment_document *document)
{
    struct deployment_spec spec = document->spec;
    spec.replicas = deployment->spec.replicas;
    spec.template = deployment->spec.template;
    deployment->spec = spec;
    deployment->description = document->description;
    deployment->labels = document->labels;
    deployment->annotations = document->annotations;
}

static enum err_code store_edit(const struct order *order, struct deployment *deployment,
                                struct err *err)
{
    order_stamp(order, deployment);
    TRY(deployments_update(order->tx, deployment, err));
    tx_dirty_spec(order->tx, deployment->uid);
    return ERR_OK;
}

static enum err_code replace(const struct order *order, const struct deployment_document *document,
                             struct change *change, struct err *err)
{
    struct deployment *deployment = &change->deployment;
    struct launch launch = order_launch(order, &document->spec.template, SOURCE_UPDATE);
    struct difference difference =
        compare(order->arena, deployment, document, launch.template_hash);
    if (!edited(&difference) && !difference.replicas) return ERR_OK;
    change->changed = true;
    if (edited(&difference)) TRY(updated_event(order, deployment, &difference, err));
    if (difference.replicas) TRY(scaled_event(order, deployment, document->spec.replicas, err));
    take_over(deployment, document);
    if (difference.template)
        TRY(control_launch(order->tx, order->arena, deployment, &launch, &change->rollout_id, err));
    else
        TRY(store_edit(order, deployment, err));
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
        return replace(&order, document, change, err);
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
    return store_edit(&order, deployment, err);
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
    return store_edit(&order, deployment, err);
}
