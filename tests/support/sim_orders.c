#include "base/json.h"
#include "base/text.h"
#include "scheduler/control.h"
#include "sim.h"
#include "wire/deployment_wire.h"
#include "wire/field_errors.h"

static const char *spec_json(struct arena *arena, const struct sim_spec *spec)
{
    struct text text;
    text_init(&text, arena);
    text_printf(&text, "{\"name\":\"%s\",\"labels\":{%s},\"spec\":{\"replicas\":%lld,", spec->name,
                spec->labels ? spec->labels : "", (long long)spec->replicas);
    if (spec->spec) text_printf(&text, "%s,", spec->spec);
    text_printf(&text, "\"strategy\":{%s},", spec->strategy ? spec->strategy : "");
    text_printf(&text,
                "\"template\":{\"version\":\"%s\",\"command\":[\"serve\"],\"ports\":{\"http\":0},"
                "\"resources\":{%s},\"limits\":{%s},\"probes\":{\"readiness\":{\"http\":{\"port\":"
                "\"http\",\"path\":\"/readyz\"}}}}}}",
                spec->version, spec->resources ? spec->resources : "",
                spec->limits ? spec->limits : "");
    return text_string(&text);
}

static void decode(struct sim *sim, struct arena *arena, const struct sim_spec *spec,
                   struct deployment_document *document)
{
    const char *text = spec_json(arena, spec);
    struct json *json;
    struct err err;
    if (json_parse(arena, text, strlen(text), &json, &err) != ERR_OK)
        sim_fail(sim, "%s: %s", err.detail, text);
    struct field_errors errors;
    field_errors_init(&errors, arena);
    if (!deployment_document_decode(json, arena, document, &errors))
        sim_fail(sim, "%s %s: %s", errors.items[0].pointer, errors.items[0].detail, text);
    document->cluster = "default";
}

static enum err_code apply_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                 void *argument, struct err *err)
{
    const struct sim_spec *spec = argument;
    struct deployment_document document;
    struct precondition precondition = {.force = spec->force};
    struct change change;
    decode(sim, arena, spec, &document);
    tx_set_actor(tx, "operator", "request-1");
    return control_apply(sim->control, tx, arena, &document, &precondition, &change, err);
}

enum err_code sim_try_apply(struct sim *sim, const struct sim_spec *spec, struct err *err)
{
    struct sim_spec copy = *spec;
    sim_trace(sim, "operator applies %s: %lld of %s %s", spec->name, (long long)spec->replicas,
              spec->version, spec->strategy ? spec->strategy : "");
    return sim_write(sim, LANE_FIRST, apply_apply, &copy, err);
}

void sim_apply(struct sim *sim, const struct sim_spec *spec)
{
    struct err err;
    if (sim_try_apply(sim, spec, &err) != ERR_OK) sim_fail(sim, "apply: %s", err.detail);
}

struct named_order {
    const char *name;
    int64_t number;
};

static enum err_code scale_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                 void *argument, struct err *err)
{
    const struct named_order *order = argument;
    struct change change;
    tx_set_actor(tx, "operator", "request-2");
    return control_scale(sim->control, tx, arena, "default", order->name, order->number, NULL,
                         &change, err);
}

enum err_code sim_try_scale(struct sim *sim, const char *name, int64_t replicas, struct err *err)
{
    struct named_order order = {name, replicas};
    sim_trace(sim, "operator scales %s to %lld", name, (long long)replicas);
    return sim_write(sim, LANE_FIRST, scale_apply, &order, err);
}

void sim_scale(struct sim *sim, const char *name, int64_t replicas)
{
    struct err err;
    if (sim_try_scale(sim, name, replicas, &err) != ERR_OK) sim_fail(sim, "scale: %s", err.detail);
}

static enum err_code rollback_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                    void *argument, struct err *err)
{
    const struct named_order *order = argument;
    struct rollback_document document = {.revision = order->number};
    if (order->number == 0) document.tag = "stable";
    struct change change;
    tx_set_actor(tx, "operator", "request-3");
    return control_rollback(sim->control, tx, arena, "default", order->name, &document, NULL,
                            &change, err);
}

enum err_code sim_try_rollback(struct sim *sim, const char *name, int64_t revision, struct err *err)
{
    struct named_order order = {name, revision};
    sim_trace(sim, "operator rolls %s back to %lld", name, (long long)revision);
    return sim_write(sim, LANE_FIRST, rollback_apply, &order, err);
}

static enum err_code delete_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                  void *argument, struct err *err)
{
    struct change change;
    tx_set_actor(tx, "operator", "request-4");
    return control_delete(sim->control, tx, arena, "default", argument, NULL, &change, err);
}

enum err_code sim_try_delete(struct sim *sim, const char *name, struct err *err)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    sim_trace(sim, "operator deletes %s", name);
    return sim_write(sim, LANE_FIRST, delete_apply, copy, err);
}

void sim_delete(struct sim *sim, const char *name)
{
    struct err err;
    if (sim_try_delete(sim, name, &err) != ERR_OK) sim_fail(sim, "delete: %s", err.detail);
}

/* ---- orders without a document ---- */

const char *const sim_order_words[] = {
    [ORDER_PAUSE] = "pause",     [ORDER_RESUME] = "resume",
    [ORDER_PROMOTE] = "promote", [ORDER_PROMOTE_FULL] = "promote full",
    [ORDER_ABORT] = "abort",     [ORDER_RETRY] = "retry",
    [ORDER_RESTART] = "restart", [ORDER_TERMINATE] = "terminate",
    [ORDER_START] = "start",
};

static control_order *const orders[] = {
    [ORDER_PAUSE] = control_pause,
    [ORDER_RESUME] = control_resume,
    [ORDER_PROMOTE] = NULL,
    [ORDER_PROMOTE_FULL] = NULL,
    [ORDER_ABORT] = control_abort,
    [ORDER_RETRY] = control_retry,
    [ORDER_RESTART] = control_restart,
    [ORDER_TERMINATE] = control_terminate,
    [ORDER_START] = control_start,
};

static enum err_code order_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                 void *argument, struct err *err)
{
    const struct named_order *named = argument;
    struct change change;
    tx_set_actor(tx, "operator", "request-6");
    if (orders[named->number])
        return orders[named->number](sim->control, tx, arena, "default", named->name, NULL, &change,
                                     err);
    bool full = named->number == ORDER_PROMOTE_FULL;
    return control_promote(sim->control, tx, arena, "default", named->name, full, NULL, &change,
                           err);
}

enum err_code sim_try_order(struct sim *sim, enum sim_order order, const char *name,
                            struct err *err)
{
    struct named_order named = {name, (int64_t)order};
    sim_trace(sim, "operator: %s %s", sim_order_words[order], name);
    enum err_code code = sim_write(sim, LANE_FIRST, order_apply, &named, err);
    if (code == ERR_OK) sim_count(sim->counts, "order", sim_order_words[order]);
    if (code != ERR_OK) sim_trace(sim, "  refused: %s", err->detail);
    return code;
}

void sim_order(struct sim *sim, enum sim_order order, const char *name)
{
    struct err err;
    if (sim_try_order(sim, order, name, &err) != ERR_OK)
        sim_fail(sim, "%s: %s", sim_order_words[order], err.detail);
}

static enum err_code remove_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                  void *argument, struct err *err)
{
    tx_set_actor(tx, "operator", "request-5");
    return control_remove_node(sim->control, tx, arena, argument, true, err);
}

enum err_code sim_try_remove_node(struct sim *sim, const char *node, struct err *err)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", node);
    sim_trace(sim, "operator removes node %s", node);
    return sim_write(sim, LANE_FIRST, remove_apply, copy, err);
}
