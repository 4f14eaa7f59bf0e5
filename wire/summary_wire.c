#include "wire/summary_wire.h"

#include "base/text.h"
#include "wire/objects.h"

/* --- counts by state: int64_t for each of the first field->max words ------------------------- */

static void counts_render(struct field_renderer *renderer, const struct field *field,
                          const void *value)
{
    const int64_t *counts = value;
    json_object_begin(renderer->writer);
    for (int64_t i = 0; i < field->max; i++)
        json_put_int(renderer->writer, field->words[i], counts[i]);
    json_object_end(renderer->writer);
}

static void counts_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "object");
    json_key(writer, "properties");
    json_object_begin(writer);
    for (int64_t i = 0; i < field->max; i++) {
        json_key(writer, field->words[i]);
        json_object_begin(writer);
        json_put_string(writer, "type", "integer");
        json_object_end(writer);
    }
    json_object_end(writer);
    json_key(writer, "required");
    json_array_begin(writer);
    for (int64_t i = 0; i < field->max; i++)
        json_string(writer, field->words[i]);
    json_array_end(writer);
}

static const struct field_kind field_counts = {.render = counts_render, .schema = counts_schema};

/* --- the fleet ------------------------------------------------------------------------------- */

#define COUNT(name_, member) FIELD_AS(name_, int, struct fleet_counts, member)
#define COUNTS(name_, member, words_, count_)                                                      \
    FIELD_AS(name_, counts, struct fleet_counts, member, .words = words_, .max = count_)
#define COUNTS_TYPE(name_, fields_)                                                                \
    OBJECT_TYPE(name_, struct fleet_counts, fields_, .flags = OBJECT_ANSWER)

static const struct field deployment_counts_fields[] = {
    COUNT("total", deployments.total),
    COUNTS("states", deployments.states, deployment_state_words, DEPLOYMENT_STATES),
};
const struct object_type deployment_counts_type =
    COUNTS_TYPE("DeploymentCounts", deployment_counts_fields);

static const struct field rollout_counts_fields[] = {
    COUNT("total", rollouts.total),
    COUNTS("states", rollouts.states, rollout_state_words, SUMMARY_ROLLOUT_STATES),
};
const struct object_type rollout_counts_type = COUNTS_TYPE("RolloutCounts", rollout_counts_fields);

static const struct field replica_counts_fields[] = {
    COUNT("total", replicas.total),
    COUNT("ready", replicas.ready),
    COUNT("available", replicas.available),
    COUNTS("states", replicas.states, replica_phase_words, SUMMARY_REPLICA_STATES),
    COUNTS("presence", replicas.presences, replica_presence_words, REPLICA_PRESENCES),
};
const struct object_type replica_counts_type = COUNTS_TYPE("ReplicaCounts", replica_counts_fields);

static const struct field node_counts_fields[] = {
    COUNT("total", nodes.total),
    COUNT("schedulable", nodes.schedulable),
    COUNT("draining", nodes.draining),
    COUNTS("states", nodes.states, node_state_words, NODE_STATES),
};
const struct object_type node_counts_type = COUNTS_TYPE("NodeCounts", node_counts_fields);

static const struct field fleet_counts_fields[] = {
    FIELD_WHOLE("deployments", embedded, .object = &deployment_counts_type),
    FIELD_WHOLE("rollouts", embedded, .object = &rollout_counts_type),
    FIELD_WHOLE("replicas", embedded, .object = &replica_counts_type),
    FIELD_WHOLE("nodes", embedded, .object = &node_counts_type),
    FIELD(embedded, struct fleet_counts, capacity, .object = &resources_type),
    FIELD(embedded, struct fleet_counts, allocated, .object = &resources_type),
};
static const struct object_type fleet_counts_type = COUNTS_TYPE("FleetCounts", fleet_counts_fields);

static const struct field cluster_summary_fields[] = {
    FIELD(string, struct cluster_summary, name),
    FIELD(inline, struct cluster_summary, counts, .object = &fleet_counts_type),
};
const struct object_type cluster_summary_type = OBJECT_TYPE(
    "ClusterSummary", struct cluster_summary, cluster_summary_fields, .flags = OBJECT_ANSWER);

static const struct field summary_fields[] = {
    FIELD(inline, struct summary, counts, .object = &fleet_counts_type),
    FIELD(objects, struct summary, clusters, .object = &cluster_summary_type),
};
const struct object_type summary_type =
    OBJECT_TYPE("Summary", struct summary, summary_fields, .flags = OBJECT_ANSWER);

void summary_render(struct json_writer *writer, const struct summary *summary)
{
    object_render(&summary_type, writer, summary, NULL);
}

void cluster_summary_render(struct json_writer *writer, const struct cluster_summary *cluster)
{
    object_render(&cluster_summary_type, writer, cluster, NULL);
}

/* --- labels ---------------------------------------------------------------------------------- */

static const struct field label_value_fields[] = {
    FIELD(string, struct label_value, value),
    FIELD(int, struct label_value, deployments),
};
const struct object_type label_value_type =
    OBJECT_TYPE("LabelValue", struct label_value, label_value_fields, .flags = OBJECT_ANSWER);

static const struct field label_key_fields[] = {
    FIELD(string, struct label_key, key),
    FIELD(int, struct label_key, deployments),
    FIELD(int, struct label_key, value_count),
    FIELD(objects, struct label_key, values, .object = &label_value_type),
};
const struct object_type label_key_type =
    OBJECT_TYPE("LabelKey", struct label_key, label_key_fields, .flags = OBJECT_ANSWER);

void label_key_render(struct json_writer *writer, const struct label_key *key)
{
    object_render(&label_key_type, writer, key, NULL);
}
