/* handlers.h: what each row of the route table does: api/routes.c names these and nobody else calls
 * them. Signatures as in struct route (routes.h): decode is pure, read runs inside one read
 * transaction, apply inside a writer closure. */
#ifndef DOGSHORE_API_HANDLERS_H
#define DOGSHORE_API_HANDLERS_H

#include "api/request.h"

#define API_DECODE(name)                                                                           \
    enum err_code name(struct request *request, struct field_errors *errors, struct err *err)
#define API_READ(name)                                                                             \
    enum err_code name(struct store_db *db, struct request *request, struct reply *reply,          \
                       struct err *err)
#define API_APPLY(name)                                                                            \
    enum err_code name(struct store_tx *tx, struct request *request, struct reply *reply,          \
                       struct err *err)

/* lists without parameters of their own (list_query.c) */
API_DECODE(list_decode);

/* deployments.c */
API_READ(deployments_list_read);
API_READ(deployment_read);
API_READ(deployment_status_read);

/* deployment_writes.c */
API_DECODE(deployment_create_decode);
API_APPLY(deployment_create_apply);
API_DECODE(deployment_put_decode);
API_APPLY(deployment_put_apply);
API_APPLY(deployment_delete_apply);
API_DECODE(deployment_scale_decode);
API_APPLY(deployment_scale_apply);
API_DECODE(deployment_rollback_decode);
API_APPLY(deployment_rollback_apply);

/* deployment_patch.c */
API_DECODE(deployment_patch_decode);
API_APPLY(deployment_patch_apply);

/* deployment_actions.c */
API_DECODE(deployment_action_decode);
API_APPLY(deployment_pause_apply);
API_APPLY(deployment_resume_apply);
API_APPLY(deployment_restart_apply);
API_APPLY(deployment_abort_apply);
API_APPLY(deployment_retry_apply);
API_APPLY(deployment_terminate_apply);
API_APPLY(deployment_start_apply);
API_DECODE(deployment_promote_decode);
API_APPLY(deployment_promote_apply);

/* explain.c, plan.c, wait.c */
API_READ(deployment_explain_read);
API_DECODE(deployment_plan_decode);
API_READ(deployment_plan_read);
API_DECODE(deployment_wait_decode);
API_READ(deployment_wait_read);

/* revision_diff.c, revision_patch.c */
API_DECODE(revision_diff_decode);
API_READ(revision_diff_read);
API_DECODE(revision_patch_decode);
API_APPLY(revision_patch_apply);

/* endpoints.c, replicas.c, revisions.c, rollouts.c */
API_READ(endpoints_read);
API_READ(deployment_replicas_read);
API_READ(replicas_list_read);
API_READ(replica_read);
API_READ(revisions_list_read);
API_READ(revision_read);
API_READ(rollouts_list_read);
API_READ(deployment_rollouts_read);
API_DECODE(rollout_decode);
API_READ(rollout_read);

/* events.c */
API_DECODE(events_decode);
API_READ(events_read);
API_READ(deployment_events_read);

/* nodes.c */
API_READ(nodes_list_read);
API_READ(node_read);
API_DECODE(node_register_decode);
API_APPLY(node_register_apply);
API_DECODE(node_rejoin_decode);
API_APPLY(node_rejoin_apply);
API_DECODE(node_remove_decode);
API_APPLY(node_remove_apply);

/* node_unknown.c */
API_DECODE(node_stop_unknown_decode);
API_APPLY(node_stop_unknown_apply);

/* live.c */
API_READ(replica_live_read);
API_READ(node_live_read);

/* health.c */
API_DECODE(window_decode);
API_DECODE(deployment_probes_decode);
API_READ(replica_probes_read);
API_READ(deployment_probes_read);
API_READ(deployment_uptime_read);

/* worker.c */
API_DECODE(assignments_decode);
API_READ(assignments_read);
API_DECODE(report_decode_request);
API_APPLY(report_apply);

/* summary.c */
API_READ(summary_read_counts);
API_DECODE(clusters_decode);
API_READ(clusters_list_read);
API_DECODE(labels_decode);
API_READ(labels_list_read);

/* tokens.c */
API_READ(tokens_list_read);
API_READ(token_read);
API_READ(whoami_read);
API_DECODE(token_create_decode);
API_APPLY(token_create_apply);
API_APPLY(token_revoke_apply);
API_DECODE(token_rotate_decode);
API_APPLY(token_rotate_apply);

/* backup.c */
API_DECODE(backup_decode);

/* system.c */
API_READ(livez_read);
API_READ(readyz_read);
API_READ(version_read);

/* files.c */
API_READ(file_read);

/* metrics.c, discovery.c */
API_READ(metrics_read);
API_READ(prometheus_targets_read);

#endif
