#include "model/deployment.h"
#include "wire/object_wire.h"
#include "wire/objects.h"

/* A row, its deployment, and the steps that the deployment's spec asks for. */
struct rollout_view {
    struct rollout rollout;
    struct rollout_owner owner;
    const struct canary_steps *steps; /* NULL = it takes none */
};

/* ---- steps ---- */

enum step_state { STEP_DONE, STEP_CURRENT, STEP_PENDING };
static const char *const step_state_words[] = {
    [STEP_DONE] = "done",
    [STEP_CURRENT] = "current",
    [STEP_PENDING] = "pending",
    NULL,
};

enum { NO_VALUE = -1 };

struct step_view {
    int kind;                         /* enum canary_step_kind */
    int64_t value;                    /* weight, replicas, seconds; NO_VALUE = none */
    const struct canary_check *check; /* NULL = it is no check */
    int state;                        /* enum step_state */
};

static const struct field rollout_step_fields[] = {
    FIELD(word, struct step_view, kind, .words = canary_step_words),
    FIELD(int, struct step_view, value, .flags = FIELD_NULLABLE, .none = NO_VALUE),
    FIELD(pointer, struct step_view, check, .flags = FIELD_NULLABLE, .object = &canary_check_type),
    FIELD(word, struct step_view, state, .words = step_state_words),
};
const struct object_type rollout_step_type =
    OBJECT_TYPE("RolloutStep", struct step_view, rollout_step_fields, .flags = OBJECT_ANSWER);

static bool has_value(const struct canary_step *step)
{
    switch ((enum canary_step_kind)step->kind) {
    case CANARY_SET_WEIGHT:
    case CANARY_SET_REPLICAS:
        return true;
    case CANARY_PAUSE:
        return step->amount > 0; /* else until it is promoted */
    case CANARY_CHECK:
        break;
    }
    return false;
}

static struct step_view view_of(const struct rollout_view *view, size_t index)
{
    const struct canary_step *step = &view->steps->items[index];
    int64_t done = view->rollout.step, at = (int64_t)index;
    return (struct step_view){
        .kind = step->kind,
        .value = has_value(step) ? step->amount : NO_VALUE,
        .check = step->kind == CANARY_CHECK ? &step->check : NULL,
        .state = at < done    ? STEP_DONE
                 : at == done ? STEP_CURRENT
                              : STEP_PENDING,
    };
}

static void steps_render(struct field_renderer *renderer, const struct field *field,
                         const void *value)
{
    const struct rollout_view *view = value;
    (void)field;
    json_array_begin(renderer->writer);
    for (size_t i = 0; view->steps != NULL && i < view->steps->count; i++) {
        struct step_view step = view_of(view, i);
        json_object_begin(renderer->writer);
        object_render_members(renderer, &rollout_step_type, &step);
        json_object_end(renderer->writer);
    }
    json_array_end(renderer->writer);
}

static void steps_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "array");
    json_key(writer, "items");
    json_object_begin(writer);
    json_put_string(writer, "$ref", "#/$defs/RolloutStep");
    json_object_end(writer);
}

static const struct field_kind field_rollout_steps = {.render = steps_render,
                                                      .schema = steps_schema};

/* ---- the whole ---- */

static const struct field rollout_progress_fields[] = {
    FIELD_AS("desired", int, struct rollout_view, rollout.progress.desired),
    FIELD_AS("old", int, struct rollout_view, rollout.progress.old),
    FIELD_AS("updated", int, struct rollout_view, rollout.progress.updated),
    FIELD_AS("ready", int, struct rollout_view, rollout.progress.ready),
    FIELD_AS("available", int, struct rollout_view, rollout.progress.available),
};
const struct object_type rollout_progress_type = OBJECT_TYPE(
    "RolloutProgress", struct rollout_view, rollout_progress_fields, .flags = OBJECT_ANSWER);

static const struct field rollout_fields[] = {
    FIELD_AS("id", int, struct rollout_view, rollout.id),
    FIELD_AS("deployment", string, struct rollout_view, owner.deployment),
    FIELD_AS("cluster", string, struct rollout_view, owner.cluster),
    FIELD_AS("from_revision", int, struct rollout_view, rollout.from_revision,
             .flags = FIELD_NULLABLE),
    FIELD_AS("to_revision", int, struct rollout_view, rollout.to_revision),
    FIELD_AS("rollback_revision", int, struct rollout_view, rollout.rollback_revision,
             .flags = FIELD_NULLABLE),
    FIELD_AS("strategy", word, struct rollout_view, rollout.strategy, .words = strategy_type_words),
    FIELD_AS("state", word, struct rollout_view, rollout.state, .words = rollout_state_words),
    FIELD_AS("reason", string, struct rollout_view, rollout.reason),
    FIELD_AS("message", string, struct rollout_view, rollout.message),
    FIELD_WHOLE("progress", embedded, .object = &rollout_progress_type),
    FIELD_AS("direct", boolean, struct rollout_view, rollout.direct),
    FIELD_AS("step", int, struct rollout_view, rollout.step),
    FIELD_WHOLE("steps", rollout_steps, .object = &rollout_step_type),
    FIELD_AS("failed_replica", string, struct rollout_view, rollout.failed_replica,
             .flags = FIELD_NULLABLE),
    FIELD_AS("started_at", time, struct rollout_view, rollout.started_at),
    FIELD_AS("deadline_in_ms", int, struct rollout_view, rollout.deadline_in_ms,
             .flags = FIELD_NULLABLE),
    FIELD_AS("finished_at", time, struct rollout_view, rollout.finished_at,
             .flags = FIELD_NULLABLE),
};
const struct object_type rollout_type =
    OBJECT_TYPE("Rollout", struct rollout_view, rollout_fields, .flags = OBJECT_ANSWER);

void rollout_render(struct json_writer *writer, const struct rollout *rollout,
                    const struct rollout_owner *owner, const struct canary_steps *steps)
{
    struct rollout_view view = {.rollout = *rollout, .owner = *owner, .steps = steps};
    object_render(&rollout_type, writer, &view, NULL);
}
