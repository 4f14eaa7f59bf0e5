/* The worker protocol from the agent's side. Envelopes must be right; an item that cannot be read
 * is marked and the others are taken. */
#include "wire/worker_wire.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"

enum { WORD_BYTES = 128, POLL_WAIT_MS_MAX = 3600 * 1000 };

/* --- registration -------------------------------------------------------------------------- */

void node_registration_render(struct json_writer *writer,
                              const struct node_registration *registration)
{
    object_render(&node_registration_type, writer, registration, NULL);
}

static const struct field registration_answer_fields[] = {
    FIELD(int, struct registration_answer, epoch, .flags = FIELD_REQUIRED, .min = 1,
          .max = JSON_INTEGER_MAX),
    FIELD(string, struct registration_answer, incarnation, .flags = FIELD_REQUIRED, .min = 1,
          .max = WORD_BYTES, .rule = &rule_line),
};
static const struct object_type registration_answer_type =
    OBJECT_TYPE("RegistrationAnswer", struct registration_answer, registration_answer_fields,
                .flags = OBJECT_OPEN);

bool registration_answer_decode(const struct json *json, struct arena *arena,
                                struct registration_answer *answer, struct field_errors *errors)
{
    return object_decode(&registration_answer_type, json, arena, answer, errors);
}

/* --- one assignment ------------------------------------------------------------------------ */

static const char *replica_id_problem(const char *text)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    if (*text != '-' && text[strspn(text, characters)] == '\0') return NULL;
    return "must be lower case letters, digits and '-'";
}

static const struct string_rule rule_replica_id = {.problem = replica_id_problem};

static const struct field check_round_fields[] = {
    FIELD(int, struct assigned_check, round, .flags = FIELD_REQUIRED, .min = 1,
          .max = JSON_INTEGER_MAX),
};
static const struct object_type check_round_type =
    OBJECT_TYPE("AssignedRound", struct assigned_check, check_round_fields, .flags = OBJECT_OPEN);

/* One that cannot be read is none: what the replica is to do is heeded all the same. */
static void check_decode(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *value)
{
    const struct assigned_check **place = value;
    struct assigned_check *check = ARENA_NEW(decoder->arena, struct assigned_check);
    struct field_errors problems;
    field_errors_init(&problems, decoder->arena);
    struct field_decoder own = {.arena = decoder->arena, .errors = &problems, .open = true};
    (void)field;
    object_decode_members(&own, &check_round_type, json, check);
    object_decode_members(&own, &canary_check_type, json, &check->check);
    *place = problems.total == 0 ? check : NULL;
}

static void check_reset(const struct field *field, void *value)
{
    const struct assigned_check **place = value;
    (void)field;
    *place = NULL;
}

static const struct field_kind field_check = {.decode = check_decode, .reset = check_reset};

/* What an orphan has no value for is null. */
static const struct field assignment_fields[] = {
    FIELD(string, struct assignment, id, .flags = FIELD_REQUIRED, .min = 1, .max = REPLICA_ID_BYTES,
          .rule = &rule_replica_id),
    FIELD(string, struct assignment, deployment, .flags = FIELD_NULLABLE, .fallback_text = "",
          .max = LIMIT_NAME_BYTES, .rule = &rule_line),
    FIELD(string, struct assignment, cluster, .flags = FIELD_NULLABLE, .fallback_text = "",
          .max = LIMIT_NAME_BYTES, .rule = &rule_line),
    FIELD(int, struct assignment, revision, .flags = FIELD_NULLABLE, .max = JSON_INTEGER_MAX),
    FIELD(string, struct assignment, template_hash, .flags = FIELD_NULLABLE, .fallback_text = "",
          .max = WORD_BYTES, .rule = &rule_line),
    FIELD(int, struct assignment, last_attempt, .flags = FIELD_NULLABLE, .max = JSON_INTEGER_MAX),
    FIELD(word, struct assignment, wanted, .flags = FIELD_REQUIRED, .words = replica_wanted_words),
    FIELD(check, struct assignment, check, .flags = FIELD_NULLABLE),
};
static const struct object_type assigned_type =
    OBJECT_TYPE("Assigned", struct assignment, assignment_fields, .flags = OBJECT_OPEN);

static void items_decode(struct field_decoder *decoder, const struct field *field,
                         const struct json *json, void *object)
{
    struct assignments *assignments = object;
    (void)field;
    if (json->type != JSON_ARRAY) {
        field_fail_type(decoder, json, "an array");
        return;
    }
    assignments->items = ARENA_ARRAY(decoder->arena, struct assignment, json->count);
    assignments->count = json->count;
    for (size_t i = 0; i < json->count; i++) {
        struct field_errors problems;
        field_errors_init(&problems, decoder->arena);
        struct assignment *item = &assignments->items[i];
        if (!object_decode(&assigned_type, &json->children[i], decoder->arena, item, &problems))
            item->id = NULL;
    }
}

static void items_reset(const struct field *field, void *object)
{
    struct assignments *assignments = object;
    (void)field;
    assignments->items = NULL;
    assignments->count = 0;
}

static const struct field_kind field_items = {.decode = items_decode, .reset = items_reset};

/* --- templates ----------------------------------------------------------------------------- */

/* Fields that this version does not know are left out; the server has checked the rules between
 * those it knows. */
static void template_decode(struct arena *arena, const struct json *json,
                            struct assigned_template *assigned)
{
    struct field_errors problems;
    struct text text;
    field_errors_init(&problems, arena);
    struct field_decoder decoder = {
        .arena = arena, .errors = &problems, .open = true, .stored = true};
    *assigned = (struct assigned_template){.hash = json->key};
    object_decode_members(&decoder, &template_type, json, &assigned->template);
    if (problems.total > 0) {
        assigned->error =
            arena_printf(arena, "%s %s", problems.items[0].pointer, problems.items[0].detail);
        return;
    }
    const char *probe = template_unknown_probe(&assigned->template);
    if (probe != NULL) {
        assigned->error = arena_printf(arena, "#/probes/%s has no check that it knows", probe);
        return;
    }
    text_init(&text, arena);
    template_canonical(&text, &assigned->template);
    assigned->json = text_string(&text);
}

static void templates_decode(struct field_decoder *decoder, const struct field *field,
                             const struct json *json, void *object)
{
    struct assignments *assignments = object;
    (void)field;
    if (json->type != JSON_OBJECT) {
        field_fail_type(decoder, json, "an object");
        return;
    }
    assignments->templates = ARENA_ARRAY(decoder->arena, struct assigned_template, json->count);
    assignments->template_count = json->count;
    for (size_t i = 0; i < json->count; i++)
        template_decode(decoder->arena, &json->children[i], &assignments->templates[i]);
}

static void templates_reset(const struct field *field, void *object)
{
    struct assignments *assignments = object;
    (void)field;
    assignments->templates = NULL;
    assignments->template_count = 0;
}

static const struct field_kind field_templates = {.decode = templates_decode,
                                                  .reset = templates_reset};

/* --- all assignments ----------------------------------------------------------------------- */

static const struct field assignments_fields[] = {
    FIELD(int, struct assignments, index, .flags = FIELD_REQUIRED, .max = JSON_INTEGER_MAX),
    FIELD(int, struct assignments, epoch, .flags = FIELD_REQUIRED, .min = 1,
          .max = JSON_INTEGER_MAX),
    FIELD(int, struct assignments, poll_wait_ms, .flags = FIELD_REQUIRED, .min = 1,
          .max = POLL_WAIT_MS_MAX),
    FIELD(string, struct assignments, incarnation, .flags = FIELD_REQUIRED, .min = 1,
          .max = WORD_BYTES, .rule = &rule_line),
    FIELD_WHOLE("replicas", items, .flags = FIELD_REQUIRED),
    FIELD_WHOLE("templates", templates),
};
static const struct object_type assignments_type =
    OBJECT_TYPE("Assignments", struct assignments, assignments_fields, .flags = OBJECT_OPEN);

bool node_assignments_decode(const struct json *json, struct arena *arena,
                             struct assignments *assignments, struct field_errors *errors)
{
    return object_decode(&assignments_type, json, arena, assignments, errors);
}

/* --- reports ------------------------------------------------------------------------------- */

static void put_exit_number(struct json_writer *writer, const char *key, int64_t number)
{
    if (number < 0)
        json_put_null(writer, key);
    else
        json_put_int(writer, key, number);
}

static void exit_render(struct json_writer *writer, const struct replica_change *change)
{
    json_key(writer, "exit");
    json_object_begin(writer);
    put_exit_number(writer, "code", change->exit_code);
    put_exit_number(writer, "signal", change->exit_signal);
    json_put_bool(writer, "oom", change->exit_oom);
    json_object_end(writer);
}

static void ports_render(struct json_writer *writer, const struct ports *ports)
{
    json_key(writer, "ports");
    json_object_begin(writer);
    for (size_t i = 0; i < ports->count; i++)
        json_put_int(writer, ports->items[i].name, ports->items[i].number);
    json_object_end(writer);
}

static void check_render(struct json_writer *writer, const struct replica_change *change)
{
    json_key(writer, "check");
    object_render(&change_check_type, writer, change, NULL);
}

static bool has_verdict(const struct replica_change *change)
{
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        if (change->probes[kind].present) return true;
    return false;
}

static void verdicts_render(struct json_writer *writer, const struct replica_change *change)
{
    json_key(writer, "probes");
    object_render(&probe_verdicts_type, writer, change, NULL);
}

/* What has no value is left out: then it stays what it was. */
static void change_render(struct json_writer *writer, const struct replica_change *change)
{
    json_object_begin(writer);
    json_put_string(writer, "id", change->id);
    json_put_int(writer, "attempt", change->attempt);
    json_put_string(writer, "state", replica_phase_words[change->state]);
    json_put_bool(writer, "ready", change->ready);
    json_put_string(writer, "reason", change->reason == NULL ? "" : change->reason);
    if (change->address != NULL) json_put_string(writer, "address", change->address);
    if (change->ports.count > 0) ports_render(writer, &change->ports);
    if (change->pid > 0) json_put_int(writer, "pid", change->pid);
    if (change->has_exit) exit_render(writer, change);
    if (change->log_tail != NULL) json_put_string(writer, "log_tail", change->log_tail);
    if (change->check_round > 0) check_render(writer, change);
    if (has_verdict(change)) verdicts_render(writer, change);
    json_object_end(writer);
}

void report_render(struct json_writer *writer, const struct report *report,
                   const struct replica_sample *samples, size_t sample_count)
{
    json_object_begin(writer);
    json_put_string(writer, "boot_id", report->boot_id);
    json_put_int(writer, "epoch", report->epoch);
    json_put_int(writer, "seq", report->seq);
    json_put_bool(writer, "full", report->full);
    json_key(writer, "changes");
    json_array_begin(writer);
    for (size_t i = 0; i < report->change_count; i++)
        change_render(writer, &report->changes[i]);
    json_array_end(writer);
    json_key(writer, "samples");
    json_array_begin(writer);
    for (size_t i = 0; i < sample_count; i++)
        replica_sample_render(writer, &samples[i]);
    json_array_end(writer);
    json_object_end(writer);
}
