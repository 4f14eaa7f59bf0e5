#include "wire/health_wire.h"

#include "model/replica.h"
#include "wire/objects.h"

#include <assert.h>

/* ---- parts ---- */

static const struct field window_fields[] = {
    FIELD_AS("from", time, struct window, from_at),
    FIELD_AS("until", time, struct window, until_at),
};
const struct object_type window_type =
    OBJECT_TYPE("Window", struct window, window_fields, .flags = OBJECT_ANSWER);

static const struct field probe_answered_fields[] = {
    FIELD(time, struct shown_answer, at),
    FIELD(boolean, struct shown_answer, ok),
    FIELD(int, struct shown_answer, duration_us),
};
const struct object_type probe_answered_type = OBJECT_TYPE(
    "ProbeAnswered", struct shown_answer, probe_answered_fields, .flags = OBJECT_ANSWER);

/* ---- its probes now ---- */

/* One vocabulary for what a probe says now and what it said: of a sample (pending, passing,
 * failing) the word at the same place. */
static_assert((int)PROBE_PENDING == (int)HEALTH_UNKNOWN && (int)PROBE_PASSING == (int)HEALTH_OK &&
                  (int)PROBE_FAILING == (int)HEALTH_FAILING,
              "health_state_words name a probe_state");

static bool probe_was_checked(const void *value)
{
    return ((const struct probe_sample *)value)->checks > 0;
}

static const struct field probe_now_fields[] = {
    FIELD(word, struct probe_sample, state, .words = health_state_words),
    FIELD(int, struct probe_sample, age_ms),
    FIELD(history, struct probe_sample, history),
    FIELD(int, struct probe_sample, checks),
    FIELD(int, struct probe_sample, failures),
    FIELD_WHOLE("last", embedded, .flags = FIELD_NULLABLE, .object = &probe_answer_type,
                .present = probe_was_checked),
};
const struct object_type probe_now_type =
    OBJECT_TYPE("ProbeNow", struct probe_sample, probe_now_fields, .flags = OBJECT_ANSWER);

static bool probe_is_present(const void *value)
{
    return ((const struct probe_sample *)value)->present;
}

#define NOW(name, kind)                                                                            \
    FIELD_AS(name, embedded, struct replica_sample, probes[kind], .flags = FIELD_NULLABLE,         \
             .object = &probe_now_type, .present = probe_is_present)

static const struct field probes_now_fields[] = {
    NOW("startup", PROBE_STARTUP),
    NOW("readiness", PROBE_READINESS),
    NOW("liveness", PROBE_LIVENESS),
};
const struct object_type probes_now_type =
    OBJECT_TYPE("ProbesNow", struct replica_sample, probes_now_fields, .flags = OBJECT_ANSWER);

/* ---- its answers and timeline ---- */

#define ANSWERS(name, kind)                                                                        \
    FIELD_AS(name, objects, struct replica_health, answers[kind], .object = &probe_answered_type)

static const struct field probe_answers_fields[] = {
    ANSWERS("startup", PROBE_STARTUP),
    ANSWERS("readiness", PROBE_READINESS),
    ANSWERS("liveness", PROBE_LIVENESS),
};
const struct object_type probe_answers_type = OBJECT_TYPE(
    "ProbeAnswers", struct replica_health, probe_answers_fields, .flags = OBJECT_ANSWER);

static const struct field health_span_fields[] = {
    FIELD(word, struct health_span, state, .words = health_state_words),
    FIELD_AS("from", time, struct health_span, from_at),
    FIELD_AS("until", time, struct health_span, until_at, .flags = FIELD_NULLABLE),
    FIELD(string, struct health_span, reason),
    FIELD(int, struct health_span, attempt),
    FIELD(int, struct health_span, merged),
};
const struct object_type health_span_type =
    OBJECT_TYPE("HealthSpan", struct health_span, health_span_fields, .flags = OBJECT_ANSWER);

#define SPANS(name, kind)                                                                          \
    FIELD_AS(name, objects, struct replica_health, timeline[kind], .object = &health_span_type)

static const struct field probe_timeline_fields[] = {
    SPANS("ready", HEALTH_READY),
    SPANS("startup", HEALTH_STARTUP),
    SPANS("readiness", HEALTH_READINESS),
    SPANS("liveness", HEALTH_LIVENESS),
};
const struct object_type probe_timeline_type = OBJECT_TYPE(
    "ProbeTimeline", struct replica_health, probe_timeline_fields, .flags = OBJECT_ANSWER);

static const struct field replica_uptime_fields[] = {
    FIELD(ratio, struct replica_health, ratio, .flags = FIELD_NULLABLE),
    FIELD_AS("ready_ms", int, struct replica_health, sum.ok_ms),
    FIELD_AS("not_ready_ms", int, struct replica_health, sum.failing_ms),
    FIELD_AS("unknown_ms", int, struct replica_health, sum.unknown_ms),
};
const struct object_type replica_uptime_type = OBJECT_TYPE(
    "ReplicaUptime", struct replica_health, replica_uptime_fields, .flags = OBJECT_ANSWER);

/* ---- a replica ---- */

static const struct field replica_probes_fields[] = {
    FIELD_AS("id", string, struct replica_health, live.id),
    FIELD_AS("deployment", string, struct replica_health, live.deployment),
    FIELD_AS("cluster", string, struct replica_health, live.cluster),
    FIELD_AS("node", string, struct replica_health, live.node, .flags = FIELD_NULLABLE),
    FIELD_AS("presence", word, struct replica_health, live.presence,
             .words = replica_presence_words),
    FIELD_AS("state", word, struct replica_health, phase, .words = replica_phase_words),
    FIELD(int, struct replica_health, attempt),
    FIELD_AS("sampled", boolean, struct replica_health, live.sampled),
    FIELD_AS("age_ms", int, struct replica_health, live.age_ms, .flags = FIELD_NULLABLE,
             .none = -1),
    FIELD_AS("probes", pointer, struct replica_health, live.sample, .flags = FIELD_NULLABLE,
             .object = &probes_now_type),
    FIELD_WHOLE("recent", embedded, .object = &probe_answers_type),
    FIELD(embedded, struct replica_health, window, .object = &window_type),
    FIELD_WHOLE("uptime", embedded, .object = &replica_uptime_type),
    FIELD_WHOLE("timeline", embedded, .object = &probe_timeline_type),
};
const struct object_type replica_probes_type = OBJECT_TYPE(
    "ReplicaProbes", struct replica_health, replica_probes_fields, .flags = OBJECT_ANSWER);

void replica_probes_render(struct json_writer *writer, const struct replica_health *health)
{
    object_render(&replica_probes_type, writer, health, NULL);
}

/* ---- a deployment ---- */

static const struct field deployment_uptime_fields[] = {
    FIELD(string, struct deployment_uptime, name),
    FIELD(string, struct deployment_uptime, cluster),
    FIELD(embedded, struct deployment_uptime, window, .object = &window_type),
    FIELD_AS("some_available", ratio, struct deployment_uptime, some_ratio,
             .flags = FIELD_NULLABLE),
    FIELD_AS("all_available", ratio, struct deployment_uptime, all_ratio, .flags = FIELD_NULLABLE),
    FIELD_AS("some_ms", int, struct deployment_uptime, sum.some_ms),
    FIELD_AS("all_ms", int, struct deployment_uptime, sum.all_ms),
    FIELD_AS("fewer_ms", int, struct deployment_uptime, sum.fewer_ms),
    FIELD_AS("none_ms", int, struct deployment_uptime, sum.none_ms),
    FIELD_AS("idle_ms", int, struct deployment_uptime, sum.idle_ms),
    FIELD_AS("unknown_ms", int, struct deployment_uptime, sum.unknown_ms),
};
const struct object_type deployment_uptime_type = OBJECT_TYPE(
    "DeploymentUptime", struct deployment_uptime, deployment_uptime_fields, .flags = OBJECT_ANSWER);

static const struct field availability_span_fields[] = {
    FIELD_AS("from", time, struct availability_span, from_at),
    FIELD_AS("until", time, struct availability_span, until_at, .flags = FIELD_NULLABLE),
    FIELD(int, struct availability_span, desired),
    FIELD(int, struct availability_span, ready),
    FIELD(int, struct availability_span, available),
    FIELD(int, struct availability_span, unknown),
    FIELD(int, struct availability_span, merged),
};
const struct object_type availability_span_type = OBJECT_TYPE(
    "AvailabilitySpan", struct availability_span, availability_span_fields, .flags = OBJECT_ANSWER);

void deployment_uptime_render(struct json_writer *writer, const struct deployment_uptime *uptime)
{
    object_render(&deployment_uptime_type, writer, uptime, NULL);
}

void window_render(struct json_writer *writer, const struct window *window)
{
    object_render(&window_type, writer, window, NULL);
}

void availability_spans_render(struct json_writer *writer, const struct availability_spans *spans)
{
    json_array_begin(writer);
    for (size_t i = 0; i < spans->count; i++)
        object_render(&availability_span_type, writer, &spans->items[i], NULL);
    json_array_end(writer);
}
