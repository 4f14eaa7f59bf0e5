#include "wire/schema.h"

#include "base/json.h"
#include "base/text.h"
#include "wire/objects.h"

static const struct object_type *const objects[] = {
    &deployment_document_type,
    &spec_type,
    &template_type,
    &resources_type,
    &probes_type,
    &probe_type,
    &http_check_type,
    &tcp_check_type,
    &stop_policy_type,
    &restart_policy_type,
    &phase_limits_type,
    &strategy_type,
    &canary_step_type,
    &canary_pause_type,
    &canary_check_type,
    &placement_type,
    &scale_document_type,
    &rollback_document_type,
    &promote_document_type,
    &deployment_type,
    &status_type,
    &status_halted_type,
    &status_rollout_type,
    &deployment_status_type,
    &revision_type,
    &revision_patch_type,
    &rollout_type,
    &rollout_progress_type,
    &rollout_step_type,
    &replica_type,
    &replica_exit_type,
    &replica_readiness_type,
    &replica_check_type,
    &node_type,
    &event_type,
    &deployment_counts_type,
    &rollout_counts_type,
    &replica_counts_type,
    &node_counts_type,
    &cluster_summary_type,
    &summary_type,
    &label_value_type,
    &label_key_type,
    &token_type,
    &token_secret_type,
    &whoami_type,
    &token_request_type,
    &node_registration_type,
    &assignment_type,
    &assignment_check_type,
    &report_type,
    &replica_change_type,
    &change_exit_type,
    &replica_sample_type,
    &sample_usage_type,
    &probe_samples_type,
    &probe_sample_type,
    &probe_answer_type,
    &replica_live_type,
    &replica_probes_type,
    &probes_now_type,
    &probe_now_type,
    &probe_answers_type,
    &probe_answered_type,
    &probe_timeline_type,
    &health_span_type,
    &window_type,
    &replica_uptime_type,
    &deployment_uptime_type,
    &availability_span_type,
    &probe_verdicts_type,
    &probe_verdict_type,
    &node_live_type,
    &change_check_type,
};

void wire_print_schema(struct text *text)
{
    struct json_writer writer;
    json_writer_init(&writer, text);
    json_object_begin(&writer);
    json_put_string(&writer, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_key(&writer, "$defs");
    json_object_begin(&writer);
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        json_key(&writer, objects[i]->name);
        object_schema(objects[i], &writer);
    }
    json_object_end(&writer);
    json_object_end(&writer);
    text_add_char(text, '\n');
}
