#include "scheduler/pass_events.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "scheduler/execution.h"
#include "store/events.h"
#include "store/replicas.h"
#include "store/writer.h"

static enum err_code add(struct execution *execution, struct event event, struct err *err)
{
    event.cluster = execution->deployment.cluster;
    event.uid = execution->deployment.uid;
    return events_add(execution->tx, &event, &execution->index, err);
}

enum err_code replica_event(struct execution *execution, struct pass_replica *replica,
                            const char *reason, const char *message, struct err *err)
{
    const struct replica *row = &replica->row;
    struct text data;
    struct json_writer writer;
    text_init(&data, execution->arena);
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_put_string(&writer, "deployment", row->deployment);
    json_put_int(&writer, "revision", row->revision);
    if (row->node) json_put_string(&writer, "node", row->node);
    if (row->stop_cause != CAUSE_NONE && !replica_is_of_backup(row))
        json_put_string(&writer, "cause", word_of(stop_cause_words, row->stop_cause));
    json_object_end(&writer);
    TRY(add(execution,
            (struct event){.kind = "replica",
                           .name = row->id,
                           .reason = reason,
                           .message = message,
                           .data = text_string(&data)},
            err));
    replica->index = execution->index;
    return ERR_OK;
}

/* The failing replica of a rollout, out of the view or, when it was counted by an earlier pass, out
 * of the store. False: none, or its row is gone by now. */
static bool failing_replica(struct execution *execution, const char *id, struct replica *replica)
{
    if (!id) return false;
    const struct view *view = execution->view;
    for (size_t i = 0; i < view->replica_count; i++) {
        *replica = view->replicas[i].replica;
        if (text_equal(replica->id, id)) return true;
    }
    struct err ignored;
    return replicas_get(tx_db(execution->tx), execution->arena, id, replica, &ignored) == ERR_OK;
}

static void put_failing_replica(struct json_writer *writer, const struct replica *replica)
{
    json_key(writer, "failed_replica");
    json_object_begin(writer);
    json_put_string(writer, "id", replica->id);
    json_put_string(writer, "node", replica->node);
    json_put_string(writer, "state", word_of(replica_phase_words, replica->phase));
    json_put_int(writer, "attempt", replica->attempt);
    json_put_int(writer, "restarts", replica->restarts);
    json_put_string(writer, "reason", replica->reason);
    json_put_string(writer, "readiness", replica->readiness_reason);
    if (replica->has_exit) {
        json_put_int(writer, "exit_code", replica->exit_code);
        json_put_int(writer, "exit_signal", replica->exit_signal);
    }
    json_put_string(writer, "log_tail", replica->log_tail);
    json_object_end(writer);
}

enum err_code rollout_event(struct execution *execution, struct err *err)
{
    const struct rollout *rollout = &execution->rollout;
    struct text data;
    struct json_writer writer;
    struct replica failing;
    text_init(&data, execution->arena);
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_put_int(&writer, "rollout", rollout->id);
    json_put_int(&writer, "from_revision", rollout->from_revision);
    json_put_int(&writer, "to_revision", rollout->to_revision);
    if (rollout->rollback_revision != 0)
        json_put_int(&writer, "rollback_revision", rollout->rollback_revision);
    if (rollout->reason && rollout->reason[0] != '\0')
        json_put_string(&writer, "reason", rollout->reason);
    if (failing_replica(execution, rollout->failed_replica, &failing))
        put_failing_replica(&writer, &failing);
    json_object_end(&writer);
    return add(execution,
               (struct event){.kind = "rollout",
                              .name = execution->deployment.name,
                              .reason = word_of(rollout_state_words, rollout->state),
                              .message = rollout->message,
                              .data = text_string(&data)},
               err);
}

enum err_code state_event(struct execution *execution, struct err *err)
{
    const struct deployment *deployment = &execution->deployment;
    const char *from = word_of(deployment_state_words, execution->view->deployment.status.state);
    const char *to = word_of(deployment_state_words, deployment->status.state);
    struct text data;
    struct json_writer writer;
    text_init(&data, execution->arena);
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_put_string(&writer, "from", from);
    json_put_string(&writer, "to", to);
    json_object_end(&writer);
    return add(execution,
               (struct event){.kind = "deployment",
                              .name = deployment->name,
                              .reason = "state_changed",
                              .message = arena_printf(execution->arena, "%s: %s", to,
                                                      deployment->status.message),
                              .data = text_string(&data)},
               err);
}

static const char *numbers(struct execution *execution, const char *first, int64_t first_number,
                           const char *second, int64_t second_number)
{
    struct text data;
    struct json_writer writer;
    text_init(&data, execution->arena);
    json_writer_init(&writer, &data);
    json_object_begin(&writer);
    json_put_int(&writer, first, first_number);
    json_put_int(&writer, second, second_number);
    json_object_end(&writer);
    return text_string(&data);
}

enum err_code switched_event(struct execution *execution, const struct pass_set *set,
                             const char *message, struct err *err)
{
    int64_t revision = set ? set->row.revision : 0;
    return add(execution,
               (struct event){.kind = "deployment",
                              .name = execution->deployment.name,
                              .reason = "switched",
                              .message = message,
                              .data = numbers(execution, "revision", revision, "rollout",
                                              execution->rollout.id)},
               err);
}

enum err_code quarantined_event(struct execution *execution, struct err *err)
{
    const struct rollout *rollout = &execution->rollout;
    int64_t revision = execution->view->target.number;
    const char *message = arena_printf(
        execution->arena,
        "the template of revision %lld is quarantined, for rollout %lld failed by it: %s",
        (long long)revision, (long long)rollout->id, rollout->reason);
    return add(
        execution,
        (struct event){.kind = "deployment",
                       .name = execution->deployment.name,
                       .reason = "quarantined",
                       .message = message,
                       .data = numbers(execution, "revision", revision, "rollout", rollout->id)},
        err);
}

enum err_code deleted_event(struct execution *execution, struct err *err)
{
    return add(execution,
               (struct event){.kind = "deployment",
                              .name = execution->deployment.name,
                              .reason = "deleted",
                              .message = "every replica has ended, the deployment is gone"},
               err);
}
