#include "wire/live_wire.h"

#include "model/node.h"
#include "model/replica.h"
#include "wire/objects.h"

static const struct field replica_live_fields[] = {
    FIELD(string, struct replica_live, id),
    FIELD(string, struct replica_live, deployment),
    FIELD(string, struct replica_live, cluster),
    FIELD(string, struct replica_live, node, .flags = FIELD_NULLABLE),
    FIELD(word, struct replica_live, presence, .words = replica_presence_words),
    FIELD(boolean, struct replica_live, sampled),
    FIELD(int, struct replica_live, age_ms, .flags = FIELD_NULLABLE, .none = -1),
    FIELD_AS("usage", pointer, struct replica_live, sample, .flags = FIELD_NULLABLE,
             .object = &sample_usage_type),
};
const struct object_type replica_live_type =
    OBJECT_TYPE("ReplicaLive", struct replica_live, replica_live_fields, .flags = OBJECT_ANSWER);

static const struct field node_live_fields[] = {
    FIELD(string, struct node_live, name),
    FIELD(string, struct node_live, cluster),
    FIELD(word, struct node_live, state, .words = node_state_words),
    FIELD(int, struct node_live, last_seen_ms, .flags = FIELD_NULLABLE, .none = -1),
    FIELD(int, struct node_live, replicas),
    FIELD(int, struct node_live, sampled),
    FIELD_AS("usage", pointer, struct node_live, sum, .flags = FIELD_NULLABLE,
             .object = &sample_usage_type),
};
const struct object_type node_live_type =
    OBJECT_TYPE("NodeLive", struct node_live, node_live_fields, .flags = OBJECT_ANSWER);

void replica_live_render(struct json_writer *writer, const struct replica_live *live)
{
    object_render(&replica_live_type, writer, live, NULL);
}

void node_live_render(struct json_writer *writer, const struct node_live *live)
{
    object_render(&node_live_type, writer, live, NULL);
}
