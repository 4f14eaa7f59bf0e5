/* The spec around the template: strategy, placement, and the few plain fields. */
#include "base/arena.h"
#include "base/limits.h"
#include "base/text.h"
#include "model/deployment.h"
#include "model/selector.h"
#include "wire/canary_wire.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"
#include "wire/schema_rules.h"

#include <inttypes.h>
#include <string.h>

/* --- strategy.type: presets are names for rolling with fixed sizes ------------------------- */

struct preset {
    const char *type;
    struct amount max_surge, max_unavailable;
};

static const struct preset presets[] = {
    {"ramped", {1, false}, {0, false}},
    {"best_effort", {0, false}, {20, true}},
};

static const char *const known_types[] = {"rolling",  "ramped",     "best_effort",
                                          "recreate", "blue_green", "canary"};

enum { KNOWN_TYPES = sizeof known_types / sizeof *known_types };

static const struct preset *find_preset(const struct json *type)
{
    if (!type || type->type != JSON_STRING) return NULL;
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(presets[i].type, type->string) == 0) return &presets[i];
    return NULL;
}

static void strategy_type_decode(struct field_decoder *decoder, const struct field *field,
                                 const struct json *json, void *value)
{
    (void)field;
    *(int *)value = STRATEGY_ROLLING;
    if (json->type != JSON_STRING)
        field_fail_type(decoder, json, "a string");
    else if (word_find(strategy_type_words, json->string) >= 0)
        *(int *)value = word_find(strategy_type_words, json->string);
    else if (!find_preset(json))
        field_fail_word(decoder, json->string, known_types, KNOWN_TYPES);
}

static void strategy_type_reset(const struct field *field, void *value)
{
    field_word.reset(field, value);
}

static bool strategy_type_is_fallback(const struct field *field, const void *value)
{
    return field_word.is_fallback(field, value);
}

static void strategy_type_render(struct field_renderer *renderer, const struct field *field,
                                 const void *value)
{
    field_word.render(renderer, field, value);
}

static void strategy_type_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "string");
    json_key(writer, "enum");
    json_array_begin(writer);
    for (size_t i = 0; i < KNOWN_TYPES; i++)
        json_string(writer, known_types[i]);
    json_array_end(writer);
}

static const struct field_kind field_strategy_type = {
    sizeof(int),          strategy_type_decode, strategy_type_reset, strategy_type_is_fallback,
    strategy_type_render, strategy_type_schema};

static void apply_preset_amount(struct field_decoder *decoder, const struct json *json,
                                const char *name, struct amount wanted, struct amount *amount,
                                const char *type)
{
    bool given = json_member(json, name) != NULL;
    if (given && field_is_wrong(decoder, name)) return;
    if (given && (amount->value != wanted.value || amount->percent != wanted.percent))
        field_fail_below(decoder, name, "conflict",
                         "is %" PRId64
                         "%s by the type '%s'; leave it out or use the type 'rolling'",
                         wanted.value, wanted.percent ? "%" : "", type);
    *amount = wanted;
}

static void apply_preset(struct field_decoder *decoder, const struct json *json,
                         struct strategy *strategy)
{
    const struct preset *preset = find_preset(json_member(json, "type"));
    if (!preset) return;
    apply_preset_amount(decoder, json, "max_surge", preset->max_surge, &strategy->max_surge,
                        preset->type);
    apply_preset_amount(decoder, json, "max_unavailable", preset->max_unavailable,
                        &strategy->max_unavailable, preset->type);
}

/* --- rules between the fields of a strategy ------------------------------------------------ */

static void check_room(struct field_decoder *decoder, const struct strategy *strategy)
{
    if (strategy->max_surge.value != 0 || strategy->max_unavailable.value != 0) return;
    if (field_is_wrong(decoder, "max_surge") || field_is_wrong(decoder, "max_unavailable")) return;
    field_fail_below(decoder, "max_unavailable", "conflict",
                     "must not be 0 together with max_surge: no replica could be replaced");
}

static void check_deadline(struct field_decoder *decoder, const struct strategy *strategy)
{
    int64_t needed_seconds = strategy->min_ready_seconds + strategy->monitor_seconds;
    if (needed_seconds < strategy->progress_deadline_seconds) return;
    if (field_is_wrong(decoder, "min_ready_seconds") || field_is_wrong(decoder, "monitor_seconds"))
        return;
    if (field_is_wrong(decoder, "progress_deadline_seconds")) return;
    field_fail_below(decoder, "progress_deadline_seconds", "conflict",
                     "must be above min_ready_seconds + monitor_seconds (%" PRId64
                     "), got %" PRId64,
                     needed_seconds, strategy->progress_deadline_seconds);
}

/* Fields that only one type knows. */
static const struct {
    const char *name;
    enum strategy_type owner;
} owned[] = {
    {"auto_promote", STRATEGY_BLUE_GREEN},
    {"auto_promote_after_seconds", STRATEGY_BLUE_GREEN},
    {"keep_old_seconds", STRATEGY_BLUE_GREEN},
    {"preview_replicas", STRATEGY_BLUE_GREEN},
    {"steps", STRATEGY_CANARY},
};

/* Another type may have it with its fallback, as a GET shows it. */
static void check_owner(struct field_decoder *decoder, const struct strategy *strategy,
                        const struct field *field)
{
    const void *value = (const char *)strategy + field->offset;
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        if (strcmp(owned[i].name, field->name) != 0) continue;
        if (strategy->type == (int)owned[i].owner || field->kind->is_fallback(field, value)) return;
        if (field_is_wrong(decoder, field->name)) return;
        field_fail_below(decoder, field->name, "conflict", "only with type %s",
                         word_of(strategy_type_words, (int)owned[i].owner));
    }
}

/* One says that only a promote promotes it, the other one that time does. */
static void check_promotion(struct field_decoder *decoder, const struct strategy *strategy)
{
    if (strategy->auto_promote || strategy->auto_promote_after_seconds == 0) return;
    if (strategy->type != STRATEGY_BLUE_GREEN) return;
    if (field_is_wrong(decoder, "auto_promote")) return;
    if (field_is_wrong(decoder, "auto_promote_after_seconds")) return;
    field_fail_below(decoder, "auto_promote", "conflict",
                     "must not be false while auto_promote_after_seconds is set");
    field_fail_below(decoder, "auto_promote_after_seconds", "conflict",
                     "must be 0 while auto_promote is false");
}

static void check_parameters(struct field_decoder *decoder, const struct strategy *strategy)
{
    if (field_is_wrong(decoder, "type")) return;
    for (size_t i = 0; i < strategy_type.count; i++)
        check_owner(decoder, strategy, &strategy_type.fields[i]);
    check_promotion(decoder, strategy);
    bool bare = strategy->type == STRATEGY_CANARY && strategy->steps.count == 0;
    if (bare && !field_is_wrong(decoder, "steps"))
        field_fail_below(decoder, "steps", "required", "a canary needs at least one step");
}

static void strategy_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    struct strategy *strategy = object;
    apply_preset(decoder, json, strategy);
    check_parameters(decoder, strategy);
    check_room(decoder, strategy);
    check_deadline(decoder, strategy);
}

static const struct field strategy_fields[] = {
    FIELD(strategy_type, struct strategy, type, .words = strategy_type_words,
          .fallback = STRATEGY_ROLLING),
    FIELD(amount, struct strategy, max_surge, .max = LIMIT_REPLICAS, .fallback_amount = {25, true}),
    FIELD(amount, struct strategy, max_unavailable, .max = LIMIT_REPLICAS,
          .fallback_amount = {0, false}),
    FIELD(int, struct strategy, batch_pause_seconds, .max = LIMIT_SECONDS),
    FIELD(boolean, struct strategy, auto_promote, .fallback = true),
    FIELD(int, struct strategy, auto_promote_after_seconds, .max = LIMIT_SECONDS),
    FIELD(int, struct strategy, keep_old_seconds, .max = LIMIT_SECONDS, .fallback = 30),
    FIELD(int, struct strategy, preview_replicas, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_REPLICAS, .none = PREVIEW_ALL, .fallback = PREVIEW_ALL),
    FIELD(canary_steps, struct strategy, steps, .max = LIMIT_CANARY_STEPS,
          .object = &canary_step_type),
    FIELD(int, struct strategy, min_ready_seconds, .max = LIMIT_SECONDS),
    FIELD(int, struct strategy, monitor_seconds, .max = LIMIT_SECONDS, .fallback = 10),
    FIELD(int, struct strategy, progress_deadline_seconds, .min = 1, .max = LIMIT_SECONDS,
          .fallback = 600),
    FIELD(ratio, struct strategy, max_failure_ratio, .fallback = 0),
    FIELD(boolean, struct strategy, auto_rollback, .fallback = true),
};
const struct object_type strategy_type =
    OBJECT_TYPE("Strategy", struct strategy, strategy_fields, .finish = strategy_finish,
                .rules = strategy_schema_rules);

/* --- placement ----------------------------------------------------------------------------- */

static void placement_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    const struct placement *placement = object;
    struct selector selector;
    struct err err = {0};

    (void)json;
    if (!placement->node_selector) return;
    if (selector_parse(decoder->arena, placement->node_selector, &selector, &err) != ERR_OK)
        field_fail_below(decoder, "node_selector", "pattern", "%s", err.detail);
}

static const struct field placement_fields[] = {
    FIELD(string, struct placement, node_selector, .flags = FIELD_NULLABLE,
          .max = LIMIT_SELECTOR_BYTES),
    FIELD(word, struct placement, spread_by, .words = spread_by_words, .fallback = SPREAD_NODE),
};
const struct object_type placement_type =
    OBJECT_TYPE("Placement", struct placement, placement_fields, .finish = placement_finish);

/* --- spec ---------------------------------------------------------------------------------- */

#define SETTINGS_FIELDS                                                                            \
    FIELD(embedded, struct deployment_spec, strategy, .object = &strategy_type),                   \
        FIELD(embedded, struct deployment_spec, placement, .object = &placement_type),             \
        FIELD(int, struct deployment_spec, revision_history_limit, .max = LIMIT_REVISION_HISTORY,  \
              .fallback = 10),                                                                     \
        FIELD(boolean, struct deployment_spec, paused, .flags = FIELD_KEPT, .fallback = false)

static const struct field spec_fields[] = {
    FIELD(int, struct deployment_spec, replicas, .max = LIMIT_REPLICAS,
          .fallback = REPLICAS_ABSENT),
    FIELD(embedded, struct deployment_spec, template, .flags = FIELD_REQUIRED,
          .object = &template_type),
    SETTINGS_FIELDS,
    FIELD_WHOLE("scaling", reserved, .flags = FIELD_UNSUPPORTED | FIELD_HIDDEN),
};

static void spec_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    struct deployment_spec *spec = object;
    spec->paused_absent = json_member(json, "paused") == NULL;
    canary_steps_check(decoder, &spec->strategy.steps, &spec->template.ports);
}

const struct object_type spec_type =
    OBJECT_TYPE("DeploymentSpec", struct deployment_spec, spec_fields, .finish = spec_finish);

static const struct field settings_fields[] = {SETTINGS_FIELDS};
static const struct object_type settings_type =
    OBJECT_TYPE("settings", struct deployment_spec, settings_fields);

void spec_settings_canonical(struct text *text, const struct deployment_spec *spec)
{
    object_canonical(&settings_type, text, spec);
}

enum err_code spec_settings_parse(struct arena *arena, const char *json,
                                  struct deployment_spec *spec, struct err *err)
{
    return object_parse(&settings_type, arena, json, spec, err);
}
