/* The report of a node. The envelope must be right; a change that cannot be read is marked, a
 * sample that cannot be read is left out, and the others are taken. */
#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "wire/object_wire.h"
#include "wire/objects.h"
#include "wire/sample_wire.h"

enum { ADDRESS_BYTES = 253, BOOT_ID_BYTES = 128 };

/* --- one change ---------------------------------------------------------------------------- */

static const struct field change_exit_fields[] = {
    FIELD_AS("code", int, struct replica_change, exit_code, .flags = FIELD_NULLABLE, .none = -1,
             .fallback = -1, .max = 255),
    FIELD_AS("signal", int, struct replica_change, exit_signal, .flags = FIELD_NULLABLE, .none = -1,
             .fallback = -1, .max = 64),
    FIELD_AS("oom", boolean, struct replica_change, exit_oom),
};
const struct object_type change_exit_type = OBJECT_TYPE("ReplicaChangeExit", struct replica_change,
                                                        change_exit_fields, .flags = OBJECT_OPEN);

static const struct field change_check_fields[] = {
    FIELD_AS("round", int, struct replica_change, check_round, .flags = FIELD_REQUIRED, .min = 1,
             .max = JSON_INTEGER_MAX),
    FIELD_AS("passed", boolean, struct replica_change, check_passed, .flags = FIELD_REQUIRED),
    FIELD_AS("reason", string, struct replica_change, check_reason,
             .flags = FIELD_NULLABLE | FIELD_CUT, .max = LIMIT_REPLICA_REASON_BYTES),
};
const struct object_type change_check_type = OBJECT_TYPE(
    "ReplicaChangeCheck", struct replica_change, change_check_fields, .flags = OBJECT_OPEN);

static const struct field probe_verdict_fields[] = {
    FIELD(word, struct probe_verdict, state, .flags = FIELD_REQUIRED, .words = probe_state_words),
    FIELD(string, struct probe_verdict, reason, .flags = FIELD_CUT, .fallback_text = "",
          .max = LIMIT_REPLICA_REASON_BYTES),
};

static void verdict_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    struct probe_verdict *verdict = object;
    (void)decoder;
    (void)json;
    verdict->present = true;
}

const struct object_type probe_verdict_type =
    OBJECT_TYPE("ProbeVerdict", struct probe_verdict, probe_verdict_fields, .flags = OBJECT_OPEN,
                .finish = verdict_finish);

static bool verdict_is_present(const void *value)
{
    return ((const struct probe_verdict *)value)->present;
}

#define VERDICT(name, kind)                                                                        \
    FIELD_AS(name, embedded, struct replica_change, probes[kind], .flags = FIELD_NULLABLE,         \
             .object = &probe_verdict_type, .present = verdict_is_present)

static const struct field probe_verdicts_fields[] = {
    VERDICT("startup", PROBE_STARTUP),
    VERDICT("readiness", PROBE_READINESS),
    VERDICT("liveness", PROBE_LIVENESS),
};
const struct object_type probe_verdicts_type = OBJECT_TYPE(
    "ProbeVerdicts", struct replica_change, probe_verdicts_fields, .flags = OBJECT_OPEN);

static void change_finish(struct field_decoder *decoder, const struct json *json, void *object)
{
    struct replica_change *change = object;
    const struct json *exit = json_member(json, "exit");
    (void)decoder;
    change->has_exit = exit && exit->type == JSON_OBJECT;
}

static const struct field replica_change_fields[] = {
    FIELD(string, struct replica_change, id, .flags = FIELD_REQUIRED, .min = 1,
          .max = REPLICA_ID_BYTES, .rule = &rule_line),
    FIELD(int, struct replica_change, attempt, .flags = FIELD_REQUIRED, .min = 1,
          .max = JSON_INTEGER_MAX),
    FIELD(word, struct replica_change, state, .flags = FIELD_REQUIRED, .words = replica_phase_words,
          .min = REPLICA_PREPARING),
    FIELD(boolean, struct replica_change, ready),
    FIELD(string, struct replica_change, reason, .flags = FIELD_NULLABLE | FIELD_CUT,
          .max = LIMIT_REPLICA_REASON_BYTES),
    FIELD(string, struct replica_change, address, .flags = FIELD_NULLABLE, .min = 1,
          .max = ADDRESS_BYTES, .rule = &rule_address),
    FIELD(ports, struct replica_change, ports, .max = LIMIT_PORTS, .key_rule = &rule_name),
    FIELD(int, struct replica_change, pid, .flags = FIELD_NULLABLE, .max = JSON_INTEGER_MAX),
    FIELD_WHOLE("exit", embedded, .flags = FIELD_NULLABLE, .object = &change_exit_type),
    FIELD(string, struct replica_change, log_tail, .flags = FIELD_NULLABLE | FIELD_TAIL,
          .max = LIMIT_LOG_TAIL_BYTES),
    FIELD_WHOLE("check", embedded, .flags = FIELD_NULLABLE, .object = &change_check_type),
    FIELD_WHOLE("probes", embedded, .flags = FIELD_NULLABLE, .object = &probe_verdicts_type),
};
const struct object_type replica_change_type =
    OBJECT_TYPE("ReplicaChange", struct replica_change, replica_change_fields, .flags = OBJECT_OPEN,
                .finish = change_finish);

/* Its problems are its own: they never reach the errors of the envelope. */
static void decode_change(struct arena *arena, const struct json *json,
                          struct replica_change *change)
{
    struct field_errors problems;
    field_errors_init(&problems, arena);
    if (object_decode(&replica_change_type, json, arena, change, &problems)) return;
    change->error = "invalid";
    change->error_detail =
        arena_printf(arena, "%s %s", problems.items[0].pointer, problems.items[0].detail);
}

/* --- lists of the envelope ----------------------------------------------------------------- */

static bool check_list(struct field_decoder *decoder, const struct json *json)
{
    if (json->type != JSON_ARRAY) {
        field_fail_type(decoder, json, "an array");
        return false;
    }
    if (json->count <= LIMIT_REPORT_CHANGES) return true;
    field_fail(decoder, "length", "must have at most %d entries, got %zu", LIMIT_REPORT_CHANGES,
               json->count);
    return false;
}

static void put_reference(struct json_writer *writer, const struct object_type *object)
{
    char reference[64];
    snprintf(reference, sizeof reference, "#/$defs/%s", object->name);
    json_put_string(writer, "$ref", reference);
}

static void put_list_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "array");
    json_key(writer, "items");
    json_object_begin(writer);
    put_reference(writer, field->object);
    json_object_end(writer);
    json_put_int(writer, "maxItems", LIMIT_REPORT_CHANGES);
}

static void changes_decode(struct field_decoder *decoder, const struct field *field,
                           const struct json *json, void *object)
{
    struct report *report = object;
    (void)field;
    if (!check_list(decoder, json)) return;
    report->changes = ARENA_ARRAY(decoder->arena, struct replica_change, json->count);
    report->change_count = json->count;
    for (size_t i = 0; i < json->count; i++)
        decode_change(decoder->arena, &json->children[i], &report->changes[i]);
}

static void changes_reset(const struct field *field, void *object)
{
    struct report *report = object;
    (void)field;
    report->changes = NULL;
    report->change_count = 0;
}

static void samples_decode(struct field_decoder *decoder, const struct field *field,
                           const struct json *json, void *object)
{
    struct report *report = object;
    struct field_errors problems;
    (void)field;
    if (!check_list(decoder, json)) return;
    report->samples = ARENA_ARRAY(decoder->arena, struct replica_sample, json->count);
    for (size_t i = 0; i < json->count; i++) {
        struct replica_sample *sample = &report->samples[report->sample_count];
        field_errors_init(&problems, decoder->arena);
        if (replica_sample_decode(&json->children[i], decoder->arena, sample, &problems))
            report->sample_count++;
    }
}

static void samples_reset(const struct field *field, void *object)
{
    struct report *report = object;
    (void)field;
    report->samples = NULL;
    report->sample_count = 0;
}

static const struct field_kind field_changes = {
    .decode = changes_decode, .reset = changes_reset, .schema = put_list_schema};

static const struct field_kind field_samples = {
    .decode = samples_decode, .reset = samples_reset, .schema = put_list_schema};

/* --- the envelope -------------------------------------------------------------------------- */

static const struct field report_fields[] = {
    FIELD(string, struct report, boot_id, .flags = FIELD_REQUIRED, .min = 1, .max = BOOT_ID_BYTES,
          .rule = &rule_line),
    FIELD(int, struct report, epoch, .flags = FIELD_REQUIRED, .min = 1, .max = JSON_INTEGER_MAX),
    FIELD(int, struct report, seq, .flags = FIELD_REQUIRED, .max = JSON_INTEGER_MAX),
    FIELD(boolean, struct report, full),
    FIELD_WHOLE("changes", changes, .object = &replica_change_type),
    FIELD_WHOLE("samples", samples, .object = &replica_sample_type),
};
const struct object_type report_type =
    OBJECT_TYPE("Report", struct report, report_fields, .flags = OBJECT_OPEN);

bool report_decode(const struct json *json, struct arena *arena, struct report *report,
                   struct field_errors *errors)
{
    return object_decode(&report_type, json, arena, report, errors);
}
