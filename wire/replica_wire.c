#include "wire/object_wire.h"
#include "wire/objects.h"

/* A row and the presence that its caller derived from the node. */
struct replica_view {
    struct replica replica;
    int presence; /* enum replica_presence */
};

static const struct field replica_exit_fields[] = {
    FIELD_AS("code", int, struct replica_view, replica.exit_code, .flags = FIELD_NULLABLE,
             .none = -1),
    FIELD_AS("signal", int, struct replica_view, replica.exit_signal, .flags = FIELD_NULLABLE,
             .none = -1),
    FIELD_AS("oom", boolean, struct replica_view, replica.exit_oom),
};
const struct object_type replica_exit_type =
    OBJECT_TYPE("ReplicaExit", struct replica_view, replica_exit_fields, .flags = OBJECT_ANSWER);

static bool replica_has_exit(const void *value)
{
    return ((const struct replica_view *)value)->replica.has_exit;
}

static const struct field replica_readiness_fields[] = {
    FIELD_AS("ok", boolean, struct replica_view, replica.ready),
    FIELD_AS("reason", string, struct replica_view, replica.readiness_reason,
             .flags = FIELD_NULLABLE),
    FIELD_AS("since", time, struct replica_view, replica.readiness_since_at,
             .flags = FIELD_NULLABLE),
};
const struct object_type replica_readiness_type = OBJECT_TYPE(
    "ReplicaReadiness", struct replica_view, replica_readiness_fields, .flags = OBJECT_ANSWER);

static const struct field replica_fields[] = {
    FIELD_AS("id", string, struct replica_view, replica.id),
    FIELD_AS("deployment", string, struct replica_view, replica.deployment),
    FIELD_AS("cluster", string, struct replica_view, replica.cluster),
    FIELD_AS("revision", int, struct replica_view, replica.revision),
    FIELD_AS("node", string, struct replica_view, replica.node, .flags = FIELD_NULLABLE),
    FIELD_AS("wanted", word, struct replica_view, replica.wanted, .words = replica_wanted_words),
    FIELD_AS("state", word, struct replica_view, replica.phase, .words = replica_phase_words),
    FIELD(word, struct replica_view, presence, .words = replica_presence_words),
    FIELD_AS("ready", boolean, struct replica_view, replica.ready),
    FIELD_AS("available", boolean, struct replica_view, replica.available),
    FIELD_AS("attempt", int, struct replica_view, replica.attempt),
    FIELD_AS("address", string, struct replica_view, replica.address, .flags = FIELD_NULLABLE),
    FIELD_AS("ports", ports, struct replica_view, replica.ports),
    FIELD_AS("pid", int, struct replica_view, replica.pid, .flags = FIELD_NULLABLE),
    FIELD_AS("started_at", time, struct replica_view, replica.started_at, .flags = FIELD_NULLABLE),
    FIELD_AS("restarts", int, struct replica_view, replica.restarts),
    FIELD_AS("reason", string, struct replica_view, replica.reason, .flags = FIELD_NULLABLE),
    FIELD_WHOLE("exit", embedded, .object = &replica_exit_type, .present = replica_has_exit),
    FIELD_AS("log_tail", string, struct replica_view, replica.log_tail, .flags = FIELD_NULLABLE),
    FIELD_WHOLE("readiness", embedded, .object = &replica_readiness_type),
};
const struct object_type replica_type =
    OBJECT_TYPE("Replica", struct replica_view, replica_fields, .flags = OBJECT_ANSWER);

void replica_render(struct json_writer *writer, const struct replica *replica,
                    enum replica_presence presence)
{
    struct replica_view view = {.replica = *replica, .presence = (int)presence};
    object_render(&replica_type, writer, &view, NULL);
}

static const struct field assignment_fields[] = {
    FIELD(string, struct replica, id),
    FIELD(string, struct replica, deployment),
    FIELD(string, struct replica, cluster),
    FIELD(int, struct replica, revision),
    FIELD(string, struct replica, template_hash),
    FIELD_AS("last_attempt", int, struct replica, attempt),
    FIELD(word, struct replica, wanted, .words = replica_wanted_words),
};
const struct object_type assignment_type =
    OBJECT_TYPE("Assignment", struct replica, assignment_fields, .flags = OBJECT_ANSWER);

void assignment_render(struct json_writer *writer, const struct replica *replica)
{
    object_render(&assignment_type, writer, replica, NULL);
}
