#include "base/limits.h"
#include "wire/object_wire.h"
#include "wire/objects.h"

enum {
    NODE_WORD_BYTES = 128, /* versions, boot ids, driver names */
    NODE_ADDRESS_BYTES = 253,
    NODE_DRIVERS = 16,
    TOKEN_BYTES_MIN = 43, /* 256 bits as base64 */
    TOKEN_BYTES_MAX = 128
};

/* A row and what its caller counted on it. */
struct node_view {
    struct node node;
    struct node_usage usage;
};

static const struct field node_fields[] = {
    FIELD_AS("name", string, struct node_view, node.name),
    FIELD_AS("cluster", string, struct node_view, node.cluster),
    FIELD_AS("labels", pairs, struct node_view, node.labels),
    FIELD_AS("capacity", embedded, struct node_view, node.capacity, .object = &resources_type),
    FIELD_AS("allocated", embedded, struct node_view, usage.allocated, .object = &resources_type),
    FIELD_AS("state", word, struct node_view, node.state, .words = node_state_words),
    FIELD_AS("reason", string, struct node_view, node.state_reason, .flags = FIELD_NULLABLE),
    FIELD_AS("schedulable", boolean, struct node_view, node.schedulable),
    FIELD_AS("draining", boolean, struct node_view, node.draining),
    FIELD_AS("agent_version", string, struct node_view, node.agent_version),
    FIELD_AS("boot_id", string, struct node_view, node.boot_id),
    FIELD_AS("drivers", strings, struct node_view, node.drivers),
    FIELD_AS("address", string, struct node_view, node.address),
    FIELD_AS("registered_at", time, struct node_view, node.registered_at),
    FIELD_AS("replicas", int, struct node_view, usage.replicas),
    FIELD_AS("unknown_replicas", strings, struct node_view, usage.unknown_replicas),
};
const struct object_type node_type =
    OBJECT_TYPE("Node", struct node_view, node_fields, .flags = OBJECT_ANSWER);

void node_render(struct json_writer *writer, const struct node *node,
                 const struct node_usage *usage)
{
    struct node_view view = {.node = *node, .usage = *usage};
    object_render(&node_type, writer, &view, NULL);
}

static const struct field node_registration_fields[] = {
    FIELD(string, struct node_registration, token, .flags = FIELD_REQUIRED | FIELD_SECRET,
          .min = TOKEN_BYTES_MIN, .max = TOKEN_BYTES_MAX, .rule = &rule_token),
    FIELD(string, struct node_registration, cluster, .min = 1, .max = LIMIT_NAME_BYTES,
          .rule = &rule_name, .fallback_text = "default"),
    FIELD_LABELS(struct node_registration),
    FIELD(string, struct node_registration, address, .flags = FIELD_REQUIRED, .min = 1,
          .max = NODE_ADDRESS_BYTES, .rule = &rule_address),
    FIELD(embedded, struct node_registration, capacity, .object = &resources_type),
    FIELD(string, struct node_registration, agent_version, .max = NODE_WORD_BYTES,
          .rule = &rule_line, .fallback_text = ""),
    FIELD(string, struct node_registration, boot_id, .flags = FIELD_REQUIRED, .min = 1,
          .max = NODE_WORD_BYTES, .rule = &rule_line),
    FIELD(strings, struct node_registration, drivers, .max = NODE_DRIVERS,
          .item_bytes = NODE_WORD_BYTES, .rule = &rule_line),
};
const struct object_type node_registration_type = OBJECT_TYPE(
    "NodeRegistration", struct node_registration, node_registration_fields, .flags = OBJECT_OPEN);

bool node_registration_decode(const struct json *json, struct arena *arena,
                              struct node_registration *registration, struct field_errors *errors)
{
    return object_decode(&node_registration_type, json, arena, registration, errors);
}
