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

static bool replica_was_checked(const void *value)
{
    return ((const struct replica_view *)value)->replica.check_round != 0;
}

static const struct field replica_check_fields[] = {
    FIELD_AS("round", int, struct replica_view, replica.check_round),
    FIELD_AS("passed", boolean, struct replica_view, replica.check_passed),
    FIELD_AS("reason", string, struct replica_view, replica.check_reason, .flags = FIELD_NULLABLE),
};
const struct object_type replica_check_type =
    OBJECT_TYPE("ReplicaCheck", struct replica_view, replica_check_fields, .flags = OBJECT_ANSWER);

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
    FIELD_AS("resources", embedded, struct replica_view, replica.resources,
             .object = &resources_type),
    FIELD_AS("created_at", time, struct replica_view, replica.created_at),
    FIELD_AS("started_at", time, struct replica_view, replica.started_at, .flags = FIELD_NULLABLE),
    FIELD_AS("ended_at", time, struct replica_view, replica.ended_at, .flags = FIELD_NULLABLE),
    FIELD_AS("restarts", int, struct replica_view, replica.restarts),
    FIELD_AS("reason", string, struct replica_view, replica.reason, .flags = FIELD_NULLABLE),
    FIELD_WHOLE("exit", embedded, .object = &replica_exit_type, .present = replica_has_exit),
    FIELD_AS("log_tail", string, struct replica_view, replica.log_tail, .flags = FIELD_NULLABLE),
    FIELD_WHOLE("readiness", embedded, .object = &replica_readiness_type),
    FIELD_WHOLE("check", embedded, .object = &replica_check_type, .present = replica_was_checked),
};
const struct object_type replica_type =
    OBJECT_TYPE("Replica", struct replica_view, replica_fields, .flags = OBJECT_ANSWER);

void replica_render(struct json_writer *writer, const struct replica *replica,
                    enum replica_presence presence)
{
    struct replica_view view = {.replica = *replica, .presence = (int)presence};
    object_render(&replica_type, writer, &view, NULL);
}

/* --- what a node is told ------------------------------------------------------------------- */

struct assignment_view {
    struct replica replica;
    struct assigned_check asked; /* round 0 = nothing */
};

static bool assignment_is_asked(const void *value)
{
    return ((const struct assignment_view *)value)->asked.round != 0;
}

static const struct field assignment_check_fields[] = {
    FIELD_AS("round", int, struct assignment_view, asked.round),
    FIELD_AS("port", string, struct assignment_view, asked.check.port),
    FIELD_AS("path", string, struct assignment_view, asked.check.path),
    FIELD_AS("expect_status", int, struct assignment_view, asked.check.expect_status),
    FIELD_AS("expect_substring", string, struct assignment_view, asked.check.expect_substring,
             .flags = FIELD_NULLABLE),
    FIELD_AS("times", int, struct assignment_view, asked.check.times),
};
const struct object_type assignment_check_type = OBJECT_TYPE(
    "AssignmentCheck", struct assignment_view, assignment_check_fields, .flags = OBJECT_ANSWER);

static const struct field assignment_fields[] = {
    FIELD_AS("id", string, struct assignment_view, replica.id),
    FIELD_AS("deployment", string, struct assignment_view, replica.deployment),
    FIELD_AS("cluster", string, struct assignment_view, replica.cluster),
    FIELD_AS("revision", int, struct assignment_view, replica.revision),
    FIELD_AS("template_hash", string, struct assignment_view, replica.template_hash),
    FIELD_AS("last_attempt", int, struct assignment_view, replica.attempt),
    FIELD_AS("wanted", word, struct assignment_view, replica.wanted, .words = replica_wanted_words),
    FIELD_WHOLE("check", embedded, .object = &assignment_check_type,
                .present = assignment_is_asked),
};
const struct object_type assignment_type =
    OBJECT_TYPE("Assignment", struct assignment_view, assignment_fields, .flags = OBJECT_ANSWER);

void assignment_render(struct json_writer *writer, const struct replica *replica,
                       const struct assigned_check *check)
{
    struct assignment_view view = {.replica = *replica};
    if (check != NULL) view.asked = *check;
    object_render(&assignment_type, writer, &view, NULL);
}
