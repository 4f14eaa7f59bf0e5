/* The steps of a canary: a list of objects with exactly one member each, whose name is the kind of
 * the step: [{"set_weight": 10}, {"pause": {"seconds": 60}}, {"check": {"path": "/ok"}}]. */
#include "wire/canary_wire.h"

#include "base/arena.h"
#include "base/limits.h"
#include "model/deployment.h"
#include "wire/objects.h"
#include "wire/schema_rules.h"

#include <inttypes.h>

static const struct field canary_check_fields[] = {
    FIELD(string, struct canary_check, port, .fallback_text = "http", .min = 1,
          .max = LIMIT_NAME_BYTES, .rule = &rule_name),
    FIELD(string, struct canary_check, path, .fallback_text = "/", .min = 1,
          .max = LIMIT_PATH_BYTES, .rule = &rule_request_target),
    FIELD(int, struct canary_check, expect_status, .min = 100, .max = 599, .fallback = 200),
    FIELD(string, struct canary_check, expect_substring, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_CHECK_SUBSTRING_BYTES),
    FIELD(int, struct canary_check, times, .min = 1, .max = LIMIT_CHECK_TIMES, .fallback = 1),
};
const struct object_type canary_check_type =
    OBJECT_TYPE("CanaryCheck", struct canary_check, canary_check_fields);

struct canary_pause {
    int64_t seconds; /* 0 = until it is promoted */
};

static const struct field canary_pause_fields[] = {
    FIELD(int, struct canary_pause, seconds, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_SECONDS),
};
const struct object_type canary_pause_type =
    OBJECT_TYPE("CanaryPause", struct canary_pause, canary_pause_fields);

/* ---- one step ---- */

enum { NOT_GIVEN = -1 };

/* As it is written: one of them is given. */
struct written_step {
    int64_t set_weight, set_replicas;
    struct canary_pause *pause;
    struct canary_check *check;
};

static void step_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    const struct written_step *step = object;
    int given = (step->set_weight != NOT_GIVEN) + (step->set_replicas != NOT_GIVEN) +
                (step->pause != NULL) + (step->check != NULL);
    (void)json;
    if (given == 1 || field_is_wrong(decoder, NULL)) return;
    field_fail(decoder, given ? "conflict" : "required",
               "needs exactly one of set_weight, set_replicas, pause and check%s",
               given ? "; make a step of each" : "");
}

static const struct field step_fields[] = {
    FIELD(int, struct written_step, set_weight, .flags = FIELD_NULLABLE, .max = 100,
          .none = NOT_GIVEN, .fallback = NOT_GIVEN),
    FIELD(int, struct written_step, set_replicas, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_REPLICAS, .none = NOT_GIVEN, .fallback = NOT_GIVEN),
    FIELD(pointer, struct written_step, pause, .flags = FIELD_NULLABLE,
          .object = &canary_pause_type),
    FIELD(pointer, struct written_step, check, .flags = FIELD_NULLABLE,
          .object = &canary_check_type),
};
const struct object_type canary_step_type =
    OBJECT_TYPE("CanaryStep", struct written_step, step_fields, .finish = step_finish,
                .rules = canary_step_schema_rules);

static struct canary_step read_step(const struct written_step *written)
{
    if (written->set_weight != NOT_GIVEN)
        return (struct canary_step){.kind = CANARY_SET_WEIGHT, .amount = written->set_weight};
    if (written->set_replicas != NOT_GIVEN)
        return (struct canary_step){.kind = CANARY_SET_REPLICAS, .amount = written->set_replicas};
    if (written->check) return (struct canary_step){.kind = CANARY_CHECK, .check = *written->check};
    return (struct canary_step){.kind = CANARY_PAUSE,
                                .amount = written->pause ? written->pause->seconds : 0};
}

static void render_step(struct field_renderer *renderer, const struct canary_step *step)
{
    struct canary_pause pause = {step->amount};
    json_object_begin(renderer->writer);
    json_key(renderer->writer, word_of(canary_step_words, step->kind));
    switch ((enum canary_step_kind)step->kind) {
    case CANARY_SET_WEIGHT:
    case CANARY_SET_REPLICAS:
        json_int(renderer->writer, step->amount);
        break;
    case CANARY_PAUSE:
        json_object_begin(renderer->writer);
        if (pause.seconds > 0) object_render_members(renderer, &canary_pause_type, &pause);
        json_object_end(renderer->writer);
        break;
    case CANARY_CHECK:
        json_object_begin(renderer->writer);
        object_render_members(renderer, &canary_check_type, &step->check);
        json_object_end(renderer->writer);
        break;
    }
    json_object_end(renderer->writer);
}

/* ---- all of them ---- */

static void steps_decode(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *value)
{
    struct canary_steps *steps = value;
    struct field_path at;
    if (json->type != JSON_ARRAY) {
        field_fail_type(decoder, json, "an array");
        return;
    }
    if ((int64_t)json->count > field->max) {
        field_fail(decoder, "length", "must have at most %" PRId64 " entries, got %zu", field->max,
                   json->count);
        return;
    }
    steps->items = ARENA_ARRAY(decoder->arena, struct canary_step, json->count);
    steps->count = json->count;
    for (size_t i = 0; i < json->count; i++) {
        struct written_step written = {NOT_GIVEN, NOT_GIVEN, NULL, NULL};
        field_enter(decoder, &at, NULL, i);
        object_decode_members(decoder, &canary_step_type, &json->children[i], &written);
        field_leave(decoder);
        steps->items[i] = read_step(&written);
    }
}

static void steps_reset(const struct field *field, void *value)
{
    (void)field;
    *(struct canary_steps *)value = (struct canary_steps){0};
}

static bool steps_is_fallback(const struct field *field, const void *value)
{
    (void)field;
    return ((const struct canary_steps *)value)->count == 0;
}

static void steps_render(struct field_renderer *renderer, const struct field *field,
                         const void *value)
{
    const struct canary_steps *steps = value;
    (void)field;
    json_array_begin(renderer->writer);
    for (size_t i = 0; i < steps->count; i++)
        render_step(renderer, &steps->items[i]);
    json_array_end(renderer->writer);
}

static void steps_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "array");
    json_key(writer, "items");
    json_object_begin(writer);
    json_put_string(writer, "$ref", "#/$defs/CanaryStep");
    json_object_end(writer);
    json_put_int(writer, "maxItems", field->max);
}

const struct field_kind field_canary_steps = {.decode = steps_decode,
                                              .reset = steps_reset,
                                              .is_fallback = steps_is_fallback,
                                              .render = steps_render,
                                              .schema = steps_schema};

/* ---- rules between steps ---- */

static void fail_step(struct field_decoder *decoder, size_t step, const char *member,
                      const char *detail)
{
    const char *below = arena_printf(decoder->arena, "strategy/steps/%zu/%s", step, member);
    if (!field_is_wrong(decoder, below)) field_fail_below(decoder, below, "conflict", "%s", detail);
}

static void check_port(struct field_decoder *decoder, const struct ports *ports, size_t step,
                       const char *port)
{
    if (!port || ports_has(ports, port)) return; /* NULL: it was wrong by itself */
    fail_step(decoder, step, "check/port",
              arena_printf(decoder->arena,
                           "'%s' is not in template.ports; a check that names no port uses 'http'",
                           field_quote(decoder, port)));
}

void canary_steps_check(struct field_decoder *decoder, const struct canary_steps *steps,
                        const struct ports *ports)
{
    int64_t weight = 0;
    bool sized = false;
    for (size_t i = 0; i < steps->count; i++) {
        const struct canary_step *step = &steps->items[i];
        bool weighs = step->kind == CANARY_SET_WEIGHT;
        if (weighs && step->amount < weight)
            fail_step(decoder, i, "set_weight",
                      arena_printf(decoder->arena,
                                   "must not be below the weight of an earlier step (%" PRId64
                                   "), got %" PRId64,
                                   weight, step->amount));
        if (weighs) weight = step->amount;
        bool sizes = weighs || step->kind == CANARY_SET_REPLICAS;
        sized = sized || (sizes && step->amount > 0);
        if (step->kind != CANARY_CHECK) continue;
        if (!sized)
            fail_step(decoder, i, "check",
                      "comes before any set_weight or set_replicas: there is no canary to ask");
        if (!field_is_wrong(decoder, "template/ports"))
            check_port(decoder, ports, i, step->check.port);
    }
}
