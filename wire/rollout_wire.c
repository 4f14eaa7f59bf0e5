#include "model/deployment.h"
#include "wire/object_wire.h"
#include "wire/objects.h"

static const struct field rollout_progress_fields[] = {
    FIELD_AS("desired", int, struct rollout, progress.desired),
    FIELD_AS("old", int, struct rollout, progress.old),
    FIELD_AS("updated", int, struct rollout, progress.updated),
    FIELD_AS("ready", int, struct rollout, progress.ready),
    FIELD_AS("available", int, struct rollout, progress.available),
};
const struct object_type rollout_progress_type =
    OBJECT_TYPE("RolloutProgress", struct rollout, rollout_progress_fields, .flags = OBJECT_ANSWER);

static const struct field rollout_fields[] = {
    FIELD(int, struct rollout, id),
    FIELD(int, struct rollout, from_revision, .flags = FIELD_NULLABLE),
    FIELD(int, struct rollout, to_revision),
    FIELD(int, struct rollout, rollback_revision, .flags = FIELD_NULLABLE),
    FIELD(word, struct rollout, strategy, .words = strategy_type_words),
    FIELD(word, struct rollout, state, .words = rollout_state_words),
    FIELD(string, struct rollout, reason),
    FIELD(string, struct rollout, message),
    FIELD_WHOLE("progress", embedded, .object = &rollout_progress_type),
    FIELD_WHOLE("steps", empty_list),
    FIELD(string, struct rollout, failed_replica, .flags = FIELD_NULLABLE),
    FIELD(time, struct rollout, started_at),
    FIELD(int, struct rollout, deadline_in_ms, .flags = FIELD_NULLABLE),
    FIELD(time, struct rollout, finished_at, .flags = FIELD_NULLABLE),
};
const struct object_type rollout_type =
    OBJECT_TYPE("Rollout", struct rollout, rollout_fields, .flags = OBJECT_ANSWER);

void rollout_render(struct json_writer *writer, const struct rollout *rollout)
{
    object_render(&rollout_type, writer, rollout, NULL);
}
