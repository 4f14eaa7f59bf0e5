/* objects.h: every JSON object of the API that has a field table. */
#ifndef DOGSHORE_WIRE_OBJECTS_H
#define DOGSHORE_WIRE_OBJECTS_H

#include "base/limits.h"
#include "wire/field.h"

/* template_wire.c */
extern const struct object_type template_type;
extern const struct object_type resources_type;
extern const struct object_type probes_type;
extern const struct object_type probe_type;
extern const struct object_type http_check_type;
extern const struct object_type tcp_check_type;
extern const struct object_type stop_policy_type;
extern const struct object_type restart_policy_type;
extern const struct object_type phase_limits_type;

/* spec_wire.c */
extern const struct object_type spec_type;
extern const struct object_type strategy_type;
extern const struct object_type placement_type;

/* canary_wire.c */
extern const struct object_type canary_step_type;
extern const struct object_type canary_pause_type;
extern const struct object_type canary_check_type;

/* deployment_wire.c */
extern const struct object_type deployment_document_type;
extern const struct object_type scale_document_type;
extern const struct object_type rollback_document_type;
extern const struct object_type promote_document_type;
extern const struct object_type deployment_type;
extern const struct object_type status_type;
extern const struct object_type status_halted_type;
extern const struct object_type status_rollout_type;
extern const struct object_type deployment_status_type;

/* One file each: revision_wire.c … report_wire.c */
extern const struct object_type revision_type;
extern const struct object_type revision_patch_type;
extern const struct object_type rollout_type;
extern const struct object_type rollout_progress_type;
extern const struct object_type rollout_step_type;
extern const struct object_type replica_type;
extern const struct object_type replica_exit_type;
extern const struct object_type replica_readiness_type;
extern const struct object_type replica_check_type;
extern const struct object_type assignment_type;
extern const struct object_type assignment_check_type;
extern const struct object_type node_type;
extern const struct object_type node_registration_type;
extern const struct object_type event_type;
extern const struct object_type report_type;
extern const struct object_type replica_change_type;
extern const struct object_type change_exit_type;
extern const struct object_type change_check_type;
extern const struct object_type probe_verdicts_type;
extern const struct object_type probe_verdict_type;

/* health_wire.c */
extern const struct object_type replica_probes_type;
extern const struct object_type probes_now_type;
extern const struct object_type probe_now_type;
extern const struct object_type probe_answers_type;
extern const struct object_type probe_answered_type;
extern const struct object_type probe_timeline_type;
extern const struct object_type health_span_type;
extern const struct object_type window_type;
extern const struct object_type replica_uptime_type;
extern const struct object_type deployment_uptime_type;
extern const struct object_type availability_span_type;

/* sample_wire.c */
extern const struct object_type replica_sample_type;
extern const struct object_type sample_usage_type;
extern const struct object_type probe_samples_type;
extern const struct object_type probe_sample_type;
extern const struct object_type probe_answer_type;
extern const struct field_kind field_history; /* uint64_t: 64 answers */

/* live_wire.c */
extern const struct object_type replica_live_type;
extern const struct object_type node_live_type;

enum { REPLICA_ID_BYTES = LIMIT_NAME_BYTES + 16 }; /* in what agents send */

/* summary_wire.c */
extern const struct object_type deployment_counts_type;
extern const struct object_type rollout_counts_type;
extern const struct object_type replica_counts_type;
extern const struct object_type node_counts_type;
extern const struct object_type cluster_summary_type;
extern const struct object_type summary_type;
extern const struct object_type label_value_type;
extern const struct object_type label_key_type;

/* token_wire.c */
extern const struct object_type token_type;
extern const struct object_type token_secret_type;
extern const struct object_type token_request_type;
extern const struct object_type whoami_type;

/* Fields that several tables share. */
#define FIELD_LABELS(type)                                                                         \
    FIELD(pairs, type, labels, .max = LIMIT_LABELS, .item_bytes = LIMIT_LABEL_VALUE_BYTES,         \
          .key_rule = &rule_label_key, .rule = &rule_label_value)

#endif
