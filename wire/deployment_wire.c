/* Deployments: what clients send and what they get back. */
#include "wire/deployment_wire.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/rollout.h"
#include "wire/annotation_rules.h"
#include "wire/objects.h"
#include "wire/schema_rules.h"

#include <string.h>

/* --- status -------------------------------------------------------------------------------- */

static const struct field status_halted_fields[] = {
    FIELD_AS("reason", string, struct deployment_status, halted_reason),
    FIELD_AS("since", time, struct deployment_status, halted_since_at),
};
const struct object_type status_halted_type = OBJECT_TYPE(
    "StatusHalted", struct deployment_status, status_halted_fields, .flags = OBJECT_ANSWER);

static bool status_is_halted(const void *value)
{
    return ((const struct deployment_status *)value)->halted_reason != NULL;
}

static const struct field status_rollout_fields[] = {
    FIELD_AS("id", int, struct deployment_status, rollout_id),
    FIELD_AS("state", word, struct deployment_status, rollout_state, .words = rollout_state_words),
};
const struct object_type status_rollout_type = OBJECT_TYPE(
    "StatusRollout", struct deployment_status, status_rollout_fields, .flags = OBJECT_ANSWER);

static bool status_has_rollout(const void *value)
{
    return ((const struct deployment_status *)value)->rollout_id != 0;
}

static const struct field status_fields[] = {
    FIELD(word, struct deployment_status, state, .words = deployment_state_words),
    FIELD(string, struct deployment_status, message),
    FIELD(int, struct deployment_status, observed_generation),
    FIELD(int, struct deployment_status, revision, .flags = FIELD_NULLABLE),
    FIELD(int, struct deployment_status, stable_revision, .flags = FIELD_NULLABLE),
    FIELD(string, struct deployment_status, version, .flags = FIELD_NULLABLE),
    FIELD_WHOLE("halted", embedded, .object = &status_halted_type, .present = status_is_halted),
    FIELD(int, struct deployment_status, desired),
    FIELD(int, struct deployment_status, updated),
    FIELD(int, struct deployment_status, ready),
    FIELD(int, struct deployment_status, available),
    FIELD(int, struct deployment_status, total),
    FIELD_WHOLE("rollout", embedded, .object = &status_rollout_type, .present = status_has_rollout),
    FIELD_WHOLE("conditions", empty_list),
};
const struct object_type status_type =
    OBJECT_TYPE("Status", struct deployment_status, status_fields, .flags = OBJECT_ANSWER);

static const struct field deployment_status_fields[] = {
    FIELD(string, struct deployment, name),
    FIELD(string, struct deployment, cluster),
    FIELD(int, struct deployment, generation),
    FIELD(int, struct deployment, index),
    FIELD_AS("paused", boolean, struct deployment, spec.paused),
    FIELD(inline, struct deployment, status, .object = &status_type),
};
const struct object_type deployment_status_type = OBJECT_TYPE(
    "DeploymentStatus", struct deployment, deployment_status_fields, .flags = OBJECT_ANSWER);

void deployment_status_render(struct json_writer *writer, const struct deployment *deployment)
{
    object_render(&deployment_status_type, writer, deployment, NULL);
}

/* --- the whole deployment ------------------------------------------------------------------ */

#define FIELD_ANNOTATIONS(type)                                                                    \
    FIELD(pairs, type, annotations, .max = LIMIT_ANNOTATIONS,                                      \
          .item_bytes = LIMIT_ANNOTATION_VALUE_BYTES, .key_rule = &rule_label_key)

static const struct field deployment_fields[] = {
    FIELD(string, struct deployment, name),
    FIELD(string, struct deployment, cluster),
    FIELD(string, struct deployment, uid),
    FIELD(string, struct deployment, description),
    FIELD_LABELS(struct deployment),
    FIELD_ANNOTATIONS(struct deployment),
    FIELD(int, struct deployment, generation),
    FIELD(int, struct deployment, index),
    FIELD(time, struct deployment, created_at),
    FIELD(string, struct deployment, created_by),
    FIELD(time, struct deployment, updated_at),
    FIELD(string, struct deployment, updated_by),
    FIELD(embedded, struct deployment, spec, .object = &spec_type),
    FIELD(embedded, struct deployment, status, .object = &status_type),
};
const struct object_type deployment_type =
    OBJECT_TYPE("Deployment", struct deployment, deployment_fields, .flags = OBJECT_ANSWER);

void deployment_render(struct json_writer *writer, const struct deployment *deployment,
                       struct env_mask mask)
{
    object_render(&deployment_type, writer, deployment, mask.key);
}

/* --- what clients send --------------------------------------------------------------------- */

#define FIELD_SERVER_MADE(name) FIELD_WHOLE(name, server_made, .flags = FIELD_HIDDEN)

/* A body that came from GET may be sent back: what the server makes is accepted and ignored. */
static const struct field deployment_document_fields[] = {
    FIELD_WHOLE("$schema", for_editors, .flags = FIELD_HIDDEN),
    FIELD(string, struct deployment_document, name, .min = 1, .max = LIMIT_NAME_BYTES,
          .rule = &rule_name),
    FIELD(string, struct deployment_document, cluster, .min = 1, .max = LIMIT_NAME_BYTES,
          .rule = &rule_name),
    FIELD(string, struct deployment_document, description, .max = LIMIT_DESCRIPTION_BYTES,
          .fallback_text = ""),
    FIELD_LABELS(struct deployment_document),
    FIELD_ANNOTATIONS(struct deployment_document),
    FIELD(embedded, struct deployment_document, spec, .flags = FIELD_REQUIRED,
          .object = &spec_type),
    FIELD_SERVER_MADE("uid"),
    FIELD_SERVER_MADE("generation"),
    FIELD_SERVER_MADE("index"),
    FIELD_SERVER_MADE("created_at"),
    FIELD_SERVER_MADE("created_by"),
    FIELD_SERVER_MADE("updated_at"),
    FIELD_SERVER_MADE("updated_by"),
    FIELD_SERVER_MADE("status"),
};
const struct object_type deployment_document_type =
    OBJECT_TYPE("DeploymentDocument", struct deployment_document, deployment_document_fields,
                .finish = annotation_rules_check, .rules = annotation_schema_rules);

bool deployment_document_decode(const struct json *json, struct arena *arena,
                                struct deployment_document *document, struct field_errors *errors)
{
    return object_decode(&deployment_document_type, json, arena, document, errors);
}

struct scale_document {
    int64_t replicas;
};

static const struct field scale_document_fields[] = {
    FIELD(int, struct scale_document, replicas, .flags = FIELD_REQUIRED, .max = LIMIT_REPLICAS),
};
const struct object_type scale_document_type =
    OBJECT_TYPE("ScaleDocument", struct scale_document, scale_document_fields);

bool scale_document_decode(const struct json *json, struct arena *arena, int64_t *replicas,
                           struct field_errors *errors)
{
    struct scale_document document;
    bool ok = object_decode(&scale_document_type, json, arena, &document, errors);
    *replicas = document.replicas;
    return ok;
}

/* --- labels and annotations as the store keeps them ---------------------------------------- */

struct pairs_column {
    struct pairs pairs;
};

static const struct field pairs_column_field = FIELD(
    pairs, struct pairs_column, pairs, .max = LIMIT_BODY_BYTES, .item_bytes = LIMIT_BODY_BYTES);

void pairs_canonical(struct text *text, const struct pairs *pairs)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    struct field_renderer renderer = {.writer = &writer, .canonical = true};
    field_pairs.render(&renderer, &pairs_column_field, pairs);
}

enum err_code pairs_parse(struct arena *arena, const char *json, struct pairs *pairs,
                          struct err *err)
{
    struct json *root;
    struct field_errors errors;
    struct err cause = {0};

    if (json_parse(arena, json, strlen(json), &root, &cause) != ERR_OK)
        return err_set(err, ERR_INTERNAL, "stored pairs: %s", cause.detail);
    field_errors_init(&errors, arena);
    struct field_decoder decoder = {.arena = arena, .errors = &errors, .stored = true};
    *pairs = (struct pairs){0};
    field_pairs.decode(&decoder, &pairs_column_field, root, pairs);
    if (errors.total == 0) return ERR_OK;
    return err_set(err, ERR_INTERNAL, "stored pairs: %s", errors.items[0].detail);
}
