/* explain.c: GET …/explain: what the planner would do next, in its own words.
 *
 * The very planner of the passes runs over this snapshot and nothing is carried out. What it says
 * depends on the clock, so that the answer has no tag and is not to be kept. */
#include "api/api.h"
#include "api/deployments.h"
#include "api/handlers.h"
#include "api/plan_render.h"
#include "api/plan_view.h"

/* ---- replicas that hold things up ---- */

static bool is_blocked(const struct replica *replica)
{
    return replica->wanted == WANTED_RUN && !replica_phase_final(replica->phase) &&
           !replica->available;
}

static const char *why_blocked(const struct replica *replica)
{
    bool probed = replica->phase == REPLICA_RUNNING || replica->phase == REPLICA_STARTING;
    bool has_reason = replica->reason != NULL && replica->reason[0] != '\0';
    if (probed && !replica->ready && replica->readiness_reason != NULL)
        return replica->readiness_reason;
    return has_reason ? replica->reason : NULL;
}

static void write_blocked(struct json_writer *writer, const struct view *view)
{
    json_key(writer, "blocked_replicas");
    json_array_begin(writer);
    for (size_t i = 0; i < view->replica_count; i++) {
        const struct replica *replica = &view->replicas[i].replica;
        if (!is_blocked(replica)) continue;
        json_object_begin(writer);
        json_put_string(writer, "id", replica->id);
        json_put_int(writer, "revision", replica->revision);
        json_put_string(writer, "node", replica->node);
        json_put_string(writer, "state", replica_phase_words[replica->phase]);
        json_put_string(writer, "presence", replica_presence_words[view->replicas[i].presence]);
        json_put_bool(writer, "ready", replica->ready);
        json_put_string(writer, "reason", why_blocked(replica));
        json_put_int(writer, "for_ms", view->now_ms - replica->phase_since_ms);
        json_object_end(writer);
    }
    json_array_end(writer);
}

/* ---- the deadline ---- */

static void write_deadline(struct json_writer *writer, const struct view *view,
                           const struct plan *plan)
{
    const struct rollout *rollout = &plan->rollout;
    bool runs = plan->has_rollout && !rollout_state_final(rollout->state);
    int64_t left_ms = rollout->deadline_left_ms;
    if (rollout->deadline_at_ms != 0) left_ms = rollout->deadline_at_ms - view->now_ms;
    bool has = runs && (rollout->deadline_at_ms != 0 || left_ms != 0);
    json_put_optional_int(writer, "deadline_in_ms", has, left_ms > 0 ? left_ms : 0);
    json_put_bool(writer, "deadline_stands_still", runs && rollout->deadline_at_ms == 0);
}

/* When what is waited for is a time. */
static void write_wait_end(struct json_writer *writer, const struct view *view,
                           const struct plan *plan)
{
    int64_t left_ms = plan->waiting_until_ms - view->now_ms;
    json_put_optional_int(writer, "waiting_ends_in_ms", left_ms > 0, left_ms);
}

static void write_explanation(struct reply *reply, const struct view *view, const struct plan *plan)
{
    struct json_writer writer;
    const struct deployment_status *status = &plan->status;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_string(&writer, "state", deployment_state_words[status->state]);
    json_put_string(&writer, "message", status->message);
    json_put_string(&writer, "waiting_for", plan->waiting_for[0] ? plan->waiting_for : NULL);
    write_wait_end(&writer, view, plan);
    json_put_string(&writer, "next", plan->next[0] ? plan->next : NULL);
    json_key(&writer, "budget");
    plan_render_budget(&writer, &plan->budget);
    write_deadline(&writer, view, plan);
    write_blocked(&writer, view);
    json_key(&writer, "actions");
    plan_render_actions(&writer, plan);
    json_put_int(&writer, "index", view->deployment.index);
    json_object_end(&writer);
}

API_READ(deployment_explain_read)
{
    struct deployment deployment;
    struct view view;
    struct plan plan;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(plan_view(db, request, &deployment, &view, err));
    plan_prepare(&plan, &request->arena, &view);
    plan_make(&view, &plan);
    reply->index = deployment.index;
    reply->no_store = true;
    write_explanation(reply, &view, &plan);
    return ERR_OK;
}
