/* wait.c: GET …/wait?for=: parks until the deployment is where somebody wants to see it. What
 * cannot be reached without another order is answered at once. */
#include "api/deployments.h"
#include "api/handlers.h"
#include "api/poll.h"
#include "api/query.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "model/rollout.h"
#include "store/deployments.h"
#include "store/rollouts.h"

enum wait_for { WAIT_AVAILABLE, WAIT_COMPLETE, WAIT_TERMINATED };
static const char *const wait_words[] = {"available", "complete", "terminated", NULL};

static const char *meant(struct request *request, const char *word)
{
    const char *nearest = text_nearest(word, wait_words, WAIT_TERMINATED + 1);
    if (nearest == NULL) return "";
    return arena_printf(&request->arena, "; did you mean '%s'?", nearest);
}

API_DECODE(deployment_wait_decode)
{
    (void)errors;
    const char *word = query_text(request, "for");
    int *wanted = ARENA_NEW(&request->arena, int);
    request->input = wanted;
    if (word == NULL)
        return err_set(err, ERR_BAD_PARAMETER,
                       "for is required: available, complete or terminated");
    *wanted = word_find(wait_words, word);
    if (*wanted < 0)
        return err_set(err, ERR_BAD_PARAMETER,
                       "for must be available, complete or terminated, got '%s'%s",
                       query_quote(request, word), meant(request, word));
    if (query_text(request, "wait_seconds") == NULL)
        request->wait_ms = LIMIT_WAIT_SECONDS * SECOND_MS;
    return ERR_OK;
}

/* Has the scheduler seen the newest spec, and is it to run at all? */
static bool is_current(const struct deployment *deployment)
{
    return deployment->lifecycle == LIFECYCLE_ACTIVE &&
           deployment->status.observed_generation == deployment->generation;
}

static bool is_available(const struct deployment *deployment)
{
    return is_current(deployment) && deployment->status.available >= deployment->spec.replicas;
}

/* Every replica is of the newest template, available, and no other is left. */
static bool is_complete(const struct deployment *deployment)
{
    const struct deployment_status *status = &deployment->status;
    int64_t replicas = deployment->spec.replicas;
    bool ended = status->rollout_id == 0 || rollout_state_final(status->rollout_state);
    return is_current(deployment) && ended && status->halted_reason == NULL &&
           status->updated == replicas && status->available == replicas &&
           status->total == replicas;
}

static bool is_reached(const struct deployment *deployment, int wanted)
{
    switch ((enum wait_for)wanted) {
    case WAIT_AVAILABLE:
        return is_available(deployment);
    case WAIT_COMPLETE:
        return is_complete(deployment);
    case WAIT_TERMINATED:
        break;
    }
    return deployment->status.state == DEPLOYMENT_TERMINATED;
}

/* Does its rollout stand still until somebody orders something? A promote that was ordered already
 * is taken up by the next pass. */
static enum err_code stands_still(struct store_db *db, struct request *request,
                                  const struct deployment *deployment, bool *still, struct err *err)
{
    const struct deployment_status *status = &deployment->status;
    struct rollout rollout;
    *still = status->halted_reason != NULL;
    if (*still || status->rollout_id == 0) return ERR_OK;
    TRY(rollouts_get(db, &request->arena, deployment->uid, status->rollout_id, &rollout, err));
    if (rollout_state_final(rollout.state)) return ERR_OK;
    bool awaits = rollout.state == ROLLOUT_AWAITING_PROMOTION && rollout.promote == PROMOTE_NONE;
    *still = deployment->spec.paused || (awaits && is_current(deployment));
    return ERR_OK;
}

/* Only another order leads there. */
static enum err_code is_hopeless(struct store_db *db, struct request *request,
                                 const struct deployment *deployment, int wanted, bool *hopeless,
                                 struct err *err)
{
    bool ends = deployment->lifecycle != LIFECYCLE_ACTIVE;
    *hopeless = wanted == WAIT_TERMINATED ? !ends : ends;
    if (*hopeless || wanted != WAIT_COMPLETE) return ERR_OK;
    return stands_still(db, request, deployment, hopeless, err);
}

static void answer(struct reply *reply, bool reached, const char *state, const char *message,
                   const struct deployment_status *status)
{
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_bool(&writer, "reached", reached);
    json_put_string(&writer, "state", state);
    json_put_string(&writer, "message", message);
    json_key(&writer, "rollout");
    if (status != NULL && status->rollout_id != 0) {
        json_object_begin(&writer);
        json_put_int(&writer, "id", status->rollout_id);
        json_put_string(&writer, "state", rollout_state_words[status->rollout_state]);
        json_object_end(&writer);
    } else {
        json_null(&writer);
    }
    json_object_end(&writer);
}

/* One that is gone has reached its end; one that never was has not. */
static enum err_code answer_gone(struct store_db *db, struct request *request, struct reply *reply,
                                 const struct err *missing, struct err *err)
{
    bool deleted;
    TRY(tombstones_find(db, request->cluster, request->params[0], &deleted, err));
    if (!deleted || *(const int *)request->input != WAIT_TERMINATED) return err_copy(err, missing);
    answer(reply, true, deployment_state_words[DEPLOYMENT_TERMINATED], missing->detail, NULL);
    return ERR_OK;
}

API_READ(deployment_wait_read)
{
    int wanted = *(const int *)request->input;
    struct deployment deployment;
    struct err missing;
    enum err_code code = deployment_load(db, request, &deployment, &missing);
    if (code == ERR_NOT_FOUND) return answer_gone(db, request, reply, &missing, err);
    if (code != ERR_OK) return err_copy(err, &missing);
    TRY(poll_object(db, request, reply, deployment.index, err));
    bool reached = is_reached(&deployment, wanted);
    bool hopeless;
    TRY(is_hopeless(db, request, &deployment, wanted, &hopeless, err));
    reply->unsatisfied = request->wait_ms > 0 && !reached && !hopeless;
    answer(reply, reached, deployment_state_words[deployment.status.state],
           deployment.status.message, &deployment.status);
    return ERR_OK;
}
