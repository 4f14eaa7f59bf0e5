/* The template as JSON. Its canonical form is its identity: the order of the fields in these
 * tables, their names and their fallbacks never change. A new field gets a fallback that means what
 * older servers did without it. tests/golden/template_hashes.txt holds frozen hashes. */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/limits.h"
#include "base/text.h"
#include "wire/deployment_wire.h"
#include "wire/objects.h"
#include "wire/schema_rules.h"
#include "wire/template_rules.h"

static const struct field http_check_fields[] = {
    FIELD(string, struct http_check, port, .fallback_text = "http", .min = 1,
          .max = LIMIT_NAME_BYTES, .rule = &rule_name),
    FIELD(string, struct http_check, path, .fallback_text = "/", .min = 1, .max = LIMIT_PATH_BYTES,
          .rule = &rule_request_target),
};
const struct object_type http_check_type =
    OBJECT_TYPE("HttpCheck", struct http_check, http_check_fields);

static const struct field tcp_check_fields[] = {
    FIELD(string, struct tcp_check, port, .fallback_text = "http", .min = 1,
          .max = LIMIT_NAME_BYTES, .rule = &rule_name),
};
const struct object_type tcp_check_type =
    OBJECT_TYPE("TcpCheck", struct tcp_check, tcp_check_fields);

static const struct field probe_fields[] = {
    FIELD(pointer, struct probe, http, .flags = FIELD_NULLABLE, .object = &http_check_type),
    FIELD(pointer, struct probe, tcp, .flags = FIELD_NULLABLE, .object = &tcp_check_type),
    FIELD(int, struct probe, initial_delay_seconds, .max = LIMIT_SECONDS),
    FIELD(int, struct probe, period_seconds, .min = 1, .max = LIMIT_SECONDS, .fallback = 10),
    FIELD(int, struct probe, timeout_seconds, .min = 1, .max = LIMIT_SECONDS, .fallback = 1),
    FIELD(int, struct probe, success_threshold, .min = 1, .max = LIMIT_PROBE_THRESHOLD,
          .fallback = 1),
    FIELD(int, struct probe, failure_threshold, .min = 1, .max = LIMIT_PROBE_THRESHOLD,
          .fallback = 3),
};
const struct object_type probe_type = OBJECT_TYPE(
    "Probe", struct probe, probe_fields, .finish = probe_finish, .rules = probe_schema_rules);

static const struct field probes_fields[] = {
    FIELD(pointer, struct probes, startup, .flags = FIELD_NULLABLE, .object = &probe_type),
    FIELD(pointer, struct probes, readiness, .flags = FIELD_NULLABLE, .object = &probe_type),
    FIELD(pointer, struct probes, liveness, .flags = FIELD_NULLABLE, .object = &probe_type),
};
const struct object_type probes_type = OBJECT_TYPE("Probes", struct probes, probes_fields);

static const struct field stop_policy_fields[] = {
    FIELD(string, struct stop_policy, signal, .fallback_text = "SIGTERM", .min = 1, .max = 16,
          .rule = &rule_signal),
    FIELD(int, struct stop_policy, drain_seconds, .max = LIMIT_SECONDS, .fallback = 5),
    FIELD(int, struct stop_policy, grace_seconds, .max = LIMIT_SECONDS, .fallback = 10),
};
const struct object_type stop_policy_type =
    OBJECT_TYPE("StopPolicy", struct stop_policy, stop_policy_fields);

static const struct field restart_policy_fields[] = {
    FIELD(word, struct restart_policy, policy, .words = restart_policy_words,
          .fallback = RESTART_ALWAYS),
    FIELD(int, struct restart_policy, backoff_initial_seconds, .max = LIMIT_SECONDS, .fallback = 1),
    FIELD(int, struct restart_policy, backoff_max_seconds, .max = LIMIT_SECONDS, .fallback = 60),
};
const struct object_type restart_policy_type = OBJECT_TYPE(
    "RestartPolicy", struct restart_policy, restart_policy_fields, .finish = restart_policy_finish);

static const struct field phase_limits_fields[] = {
    FIELD(int, struct phase_limits, schedule_seconds, .min = 1, .max = LIMIT_SECONDS,
          .fallback = 120),
    FIELD(int, struct phase_limits, prepare_seconds, .min = 1, .max = LIMIT_SECONDS,
          .fallback = 600),
    FIELD(int, struct phase_limits, healthy_seconds, .min = 1, .max = LIMIT_SECONDS,
          .fallback = 300),
};
const struct object_type phase_limits_type =
    OBJECT_TYPE("PhaseLimits", struct phase_limits, phase_limits_fields);

static const struct field resources_fields[] = {
    FIELD(int, struct resources, cpu_millis, .max = LIMIT_CPU_MILLIS),
    FIELD(int, struct resources, memory_mib, .max = LIMIT_MEMORY_MIB),
    FIELD(int, struct resources, gpus, .max = LIMIT_GPUS),
};
const struct object_type resources_type =
    OBJECT_TYPE("Resources", struct resources, resources_fields);

enum { RESERVED = FIELD_NULLABLE | FIELD_UNSUPPORTED };

static const struct field template_fields[] = {
    FIELD(string, struct template, version, .flags = FIELD_REQUIRED, .min = 1,
          .max = LIMIT_VERSION_BYTES, .rule = &rule_line),
    FIELD(strings, struct template, command, .flags = FIELD_REQUIRED, .min = 1,
          .max = LIMIT_COMMAND_ARGUMENTS, .item_bytes = LIMIT_ARGUMENT_BYTES),
    FIELD(string, struct template, image, .flags = RESERVED, .max = LIMIT_PATH_BYTES),
    FIELD(string, struct template, artifact, .flags = RESERVED, .max = LIMIT_PATH_BYTES),
    FIELD(string, struct template, working_dir, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_PATH_BYTES, .rule = &rule_absolute_path),
    FIELD(string, struct template, user, .flags = RESERVED, .max = LIMIT_NAME_BYTES),
    FIELD(pairs, struct template, env, .flags = FIELD_SECRET, .max = LIMIT_ENV_VARIABLES,
          .item_bytes = LIMIT_ENV_VALUE_BYTES, .key_rule = &rule_env_name, .rule = &rule_env_value),
    FIELD(free_ports, struct template, ports, .max = LIMIT_PORTS, .key_rule = &rule_name),
    FIELD(embedded, struct template, resources, .object = &resources_type),
    FIELD(string, struct template, instance_type, .flags = RESERVED, .max = LIMIT_NAME_BYTES),
    FIELD(embedded, struct template, probes, .object = &probes_type),
    FIELD(embedded, struct template, stop, .object = &stop_policy_type),
    FIELD(embedded, struct template, restart, .object = &restart_policy_type),
    FIELD(embedded, struct template, limits, .object = &phase_limits_type),
    FIELD_WHOLE("secrets", reserved, .flags = FIELD_UNSUPPORTED | FIELD_HIDDEN),
    FIELD(string, struct template, restart_token, .flags = FIELD_NULLABLE, .min = 1,
          .max = LIMIT_NAME_BYTES, .rule = &rule_name),
};
const struct object_type template_type =
    OBJECT_TYPE("Template", struct template, template_fields, .finish = template_finish);

void template_canonical(struct text *text, const struct template *template)
{
    object_canonical(&template_type, text, template);
}

void template_hash(const struct template *template, struct arena *arena,
                   char out[static TEMPLATE_HASH_BYTES])
{
    struct text text;
    char hex[CRYPTO_HASH_HEX_BYTES];

    text_init(&text, arena);
    template_canonical(&text, template);
    crypto_hash_hex(NULL, text.bytes, text.length, hex);
    snprintf(out, TEMPLATE_HASH_BYTES, "%.*s", TEMPLATE_HASH_BYTES - 1, hex);
}

const char *template_base_hash(const struct template *template, const char *hash,
                               struct arena *arena)
{
    if (template->restart_token == NULL) return hash;
    struct template base = *template;
    char *base_hash = arena_alloc(arena, TEMPLATE_HASH_BYTES);
    base.restart_token = NULL;
    template_hash(&base, arena, base_hash);
    return base_hash;
}

enum err_code template_parse(struct arena *arena, const char *json, struct template *template,
                             struct err *err)
{
    return object_parse(&template_type, arena, json, template, err);
}

static bool has_check(const struct probe *probe)
{
    return probe == NULL || probe->http != NULL || probe->tcp != NULL;
}

const char *template_unknown_probe(const struct template *template)
{
    if (!has_check(template->probes.startup)) return "startup";
    if (!has_check(template->probes.readiness)) return "readiness";
    if (!has_check(template->probes.liveness)) return "liveness";
    return NULL;
}

void template_render(struct json_writer *writer, const struct template *template,
                     struct env_mask mask)
{
    object_render(&template_type, writer, template, mask.key);
}
