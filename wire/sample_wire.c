/* One table for both directions: what an agent sends is what the server shows, but for the ages,
 * which the server adds the time to that passed since. */
#include "wire/sample_wire.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/objects.h"

#include <inttypes.h>
#include <string.h>

/* Small enough that the sum over all replicas of a node is exact. */
#define MEMORY_BYTES_MAX (LIMIT_MEMORY_MIB * INT64_C(1048576))

enum { PROCESSES_MAX = 1 << 22 }; /* Linux' PID_MAX_LIMIT */

/* --- history: 64 answers as 16 hexadecimal digits ------------------------------------------ */

enum { HISTORY_DIGITS = 16 };

static void history_decode(struct field_decoder *decoder, const struct field *field,
                           const struct json *json, void *value)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t history = 0;
    (void)field;
    if (json->type != JSON_STRING) {
        field_fail_type(decoder, json, "a string");
        return;
    }
    if (json->string_bytes != HISTORY_DIGITS || strspn(json->string, digits) != HISTORY_DIGITS) {
        field_fail(decoder, "pattern", "must be %d lower-case hexadecimal digits", HISTORY_DIGITS);
        return;
    }
    for (const char *at = json->string; *at; at++)
        history = history << 4 | (uint64_t)(strchr(digits, *at) - digits);
    *(uint64_t *)value = history;
}

static void history_reset(const struct field *field, void *value)
{
    (void)field;
    *(uint64_t *)value = 0;
}

static void history_render(struct field_renderer *renderer, const struct field *field,
                           const void *value)
{
    char digits[HISTORY_DIGITS + 1];
    (void)field;
    snprintf(digits, sizeof digits, "%016" PRIx64, *(const uint64_t *)value);
    json_string(renderer->writer, digits);
}

static void history_schema(struct json_writer *writer, const struct field *field)
{
    field_schema_type(writer, field, "string");
    json_put_string(writer, "pattern", "^[0-9a-f]{16}$");
}

const struct field_kind field_history = {.decode = history_decode,
                                         .reset = history_reset,
                                         .render = history_render,
                                         .schema = history_schema};

/* --- probes -------------------------------------------------------------------------------- */

static const struct field probe_answer_fields[] = {
    FIELD_AS("ok", boolean, struct probe_sample, last_ok),
    FIELD_AS("reason", string, struct probe_sample, last_reason, .flags = FIELD_CUT,
             .fallback_text = "", .max = LIMIT_REPLICA_REASON_BYTES),
    FIELD_AS("duration_us", int, struct probe_sample, last_duration_us, .max = JSON_INTEGER_MAX),
    FIELD_AS("age_ms", int, struct probe_sample, last_age_ms, .max = JSON_INTEGER_MAX),
};
const struct object_type probe_answer_type =
    OBJECT_TYPE("ProbeAnswer", struct probe_sample, probe_answer_fields, .flags = OBJECT_OPEN);

static bool probe_was_checked(const void *value)
{
    return ((const struct probe_sample *)value)->checks > 0;
}

static const struct field probe_sample_fields[] = {
    FIELD(word, struct probe_sample, state, .words = probe_state_words),
    FIELD(history, struct probe_sample, history),
    FIELD(int, struct probe_sample, checks, .max = JSON_INTEGER_MAX),
    FIELD(int, struct probe_sample, failures, .max = JSON_INTEGER_MAX),
    FIELD_WHOLE("last", embedded, .flags = FIELD_NULLABLE, .object = &probe_answer_type,
                .present = probe_was_checked),
};

static void probe_sample_finish(struct field_decoder *decoder, const struct json *json,
                                void *object)
{
    struct probe_sample *probe = object;
    const struct json *last = json_member(json, "last");
    probe->present = true;
    if (probe->checks > 0 && (!last || last->type == JSON_NULL))
        field_fail_below(decoder, "last", "required", "is required when checks were made");
}

const struct object_type probe_sample_type =
    OBJECT_TYPE("ProbeSample", struct probe_sample, probe_sample_fields, .flags = OBJECT_OPEN,
                .finish = probe_sample_finish);

static bool probe_is_present(const void *value)
{
    return ((const struct probe_sample *)value)->present;
}

#define PROBE(name, kind)                                                                          \
    FIELD_AS(name, embedded, struct replica_sample, probes[kind], .flags = FIELD_NULLABLE,         \
             .object = &probe_sample_type, .present = probe_is_present)

static const struct field probe_samples_fields[] = {
    PROBE("startup", PROBE_STARTUP),
    PROBE("readiness", PROBE_READINESS),
    PROBE("liveness", PROBE_LIVENESS),
};
const struct object_type probe_samples_type =
    OBJECT_TYPE("ProbeSamples", struct replica_sample, probe_samples_fields, .flags = OBJECT_OPEN);

/* --- the sample ---------------------------------------------------------------------------- */

static const struct field sample_usage_fields[] = {
    FIELD(int, struct replica_sample, cpu_millis, .flags = FIELD_NULLABLE, .none = -1,
          .fallback = -1, .max = LIMIT_CPU_MILLIS),
    FIELD(int, struct replica_sample, memory_bytes, .flags = FIELD_NULLABLE, .none = -1,
          .fallback = -1, .max = MEMORY_BYTES_MAX),
    FIELD(int, struct replica_sample, processes, .max = PROCESSES_MAX),
};
const struct object_type sample_usage_type =
    OBJECT_TYPE("Usage", struct replica_sample, sample_usage_fields, .flags = OBJECT_OPEN);

static const struct field replica_sample_fields[] = {
    FIELD(string, struct replica_sample, id, .flags = FIELD_REQUIRED, .min = 1,
          .max = REPLICA_ID_BYTES, .rule = &rule_line),
    FIELD(int, struct replica_sample, attempt, .max = JSON_INTEGER_MAX),
    FIELD_WHOLE("usage", embedded, .object = &sample_usage_type),
    FIELD_WHOLE("probes", embedded, .object = &probe_samples_type),
};
const struct object_type replica_sample_type = OBJECT_TYPE(
    "ReplicaSample", struct replica_sample, replica_sample_fields, .flags = OBJECT_OPEN);

bool replica_sample_decode(const struct json *json, struct arena *arena,
                           struct replica_sample *sample, struct field_errors *errors)
{
    *sample = (struct replica_sample){0};
    return object_decode(&replica_sample_type, json, arena, sample, errors);
}

void replica_sample_render(struct json_writer *writer, const struct replica_sample *sample)
{
    object_render(&replica_sample_type, writer, sample, NULL);
}
