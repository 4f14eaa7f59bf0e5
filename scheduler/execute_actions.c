/* One table maps each kind of action to the function that carries it out: it changes the copies of
 * the execution and writes the event. The rows follow later (execute.c). */
#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "scheduler/control.h"
#include "scheduler/control_parts.h"
#include "scheduler/execution.h"
#include "scheduler/node_table.h"
#include "scheduler/pass_events.h"
#include "store/deployments.h"
#include "store/nodes.h"
#include "store/revisions.h"
#include "store/writer.h"

#include <assert.h>

/* ---- what an action speaks of ---- */

/* The execution's copy of a replica of the view. */
static struct pass_replica *replica_of(struct execution *execution, const struct action *action)
{
    size_t position = view_position(execution->view, action->replica);
    assert(position < execution->view->replica_count);
    return &execution->replicas[position];
}

/* NULL: there is no row, as for a replica whose set was forgotten while its node was lost. */
static struct pass_set *find_set(struct execution *execution, const char *template_hash)
{
    for (size_t i = 0; i < execution->set_count; i++)
        if (text_equal(execution->sets[i].row.template_hash, template_hash))
            return &execution->sets[i];
    return NULL;
}

/* Made when it does not exist. */
static struct pass_set *ensure_set(struct execution *execution, const struct action *action)
{
    struct pass_set *set = find_set(execution, action->template_hash);
    if (!set) {
        set = &execution->sets[execution->set_count++];
        set->row.template_hash = action->template_hash;
        set->row.revision = action->revision;
    }
    set->changed = true;
    return set;
}

static void set_backoff(struct execution *execution, const struct action *action, int64_t failures,
                        int64_t retry_at_ms)
{
    struct pass_set *set = find_set(execution, action->template_hash);
    if (!set) return;
    set->row.failures = failures;
    set->row.retry_at_ms = retry_at_ms;
    set->changed = true;
}

/* ---- actions on sets ---- */

static enum err_code do_scaled(struct execution *execution, const struct action *action,
                               struct err *err)
{
    (void)err;
    execution->deployment.scaled_to = action->scaled_to;
    execution->deployment.scaled_ceiling = action->scaled_ceiling;
    execution->deployment_changed = true;
    return ERR_OK;
}

static enum err_code do_set_wanted(struct execution *execution, const struct action *action,
                                   struct err *err)
{
    (void)err;
    ensure_set(execution, action)->row.wanted = action->amount;
    return ERR_OK;
}

static enum err_code do_relabel(struct execution *execution, const struct action *action,
                                struct err *err)
{
    (void)err;
    ensure_set(execution, action)->row.revision = action->revision;
    for (size_t i = 0; i < execution->replica_count; i++) {
        struct pass_replica *replica = &execution->replicas[i];
        if (replica->row.wanted != WANTED_RUN || replica_phase_final(replica->row.phase)) continue;
        if (replica->row.revision == action->revision) continue;
        if (!text_equal(replica->row.template_hash, action->template_hash)) continue;
        replica->row.revision = action->revision;
        replica->changed = true;
        replica->effects.assignments = true;
    }
    return ERR_OK;
}

static enum err_code do_reset_backoff(struct execution *execution, const struct action *action,
                                      struct err *err)
{
    (void)err;
    set_backoff(execution, action, 0, 0);
    return ERR_OK;
}

static enum err_code do_forget_set(struct execution *execution, const struct action *action,
                                   struct err *err)
{
    (void)err;
    struct pass_set *set = find_set(execution, action->template_hash);
    if (set) set->forgotten = true;
    return ERR_OK;
}

/* ---- actions on replicas ---- */

static enum err_code do_mark_available(struct execution *execution, const struct action *action,
                                       struct err *err)
{
    struct pass_replica *replica = replica_of(execution, action);
    replica->row.available = true;
    replica->row.was_available = true;
    replica->changed = true;
    return replica_event(execution, replica, "available", action->why, err);
}

static enum err_code do_mark_unavailable(struct execution *execution, const struct action *action,
                                         struct err *err)
{
    struct pass_replica *replica = replica_of(execution, action);
    replica->row.available = false;
    replica->changed = true;
    return replica_event(execution, replica, "unavailable", action->why, err);
}

static enum err_code do_dismiss_failure(struct execution *execution, const struct action *action,
                                        struct err *err)
{
    (void)err;
    struct pass_replica *replica = replica_of(execution, action);
    replica->row.counted = true;
    replica->changed = true;
    execution->made = true;
    return ERR_OK;
}

static enum err_code do_count_failure(struct execution *execution, const struct action *action,
                                      struct err *err)
{
    set_backoff(execution, action, action->failures, action->retry_at_ms);
    return do_dismiss_failure(execution, action, err);
}

static enum err_code do_stop(struct execution *execution, const struct action *action,
                             struct err *err)
{
    struct pass_replica *replica = replica_of(execution, action);
    struct replica *row = &replica->row;
    row->wanted = WANTED_STOP;
    row->stop_cause = action->stop_cause;
    row->available = false;
    replica->changed = true;
    if (row->phase == REPLICA_PENDING) {
        row->phase = REPLICA_STOPPED;
        row->phase_since_ms = tx_now_ms(execution->tx);
        row->ended_at = tx_wall_ms(execution->tx);
        row->reason = action->why;
        return replica_event(execution, replica, "stopped", action->why, err);
    }
    replica->effects = (struct replica_effects){.endpoints = true, .assignments = true};
    return replica_event(execution, replica, "stopping", action->why, err);
}

static enum err_code resources_of(struct execution *execution, const char *template_hash,
                                  struct resources *resources, struct err *err)
{
    const struct deployment *deployment = &execution->deployment;
    *resources = deployment->spec.template.resources;
    if (text_equal(template_hash, deployment->template_hash)) return ERR_OK;
    struct revision revision;
    struct template template;
    TRY(revisions_get_hash(tx_db(execution->tx), execution->arena, deployment->uid, template_hash,
                           &revision, err));
    TRY(template_parse(execution->arena, revision.template_json, &template, err));
    *resources = template.resources;
    return ERR_OK;
}

static void create(struct execution *execution, const struct action *action,
                   const struct resources *resources)
{
    const struct deployment *deployment = &execution->deployment;
    int64_t number = tx_next_replica(execution->tx);
    execution->replicas[execution->replica_count++] = (struct pass_replica){
        .row =
            {
                .id = replica_id_make(execution->arena, deployment->name, number),
                .number = number,
                .deployment_uid = deployment->uid,
                .deployment = deployment->name,
                .cluster = deployment->cluster,
                .revision = action->revision,
                .template_hash = action->template_hash,
                .wanted = WANTED_RUN,
                .phase = REPLICA_PENDING,
                .reason = "",
                .resources = *resources,
                .created_at = tx_wall_ms(execution->tx),
                .phase_since_ms = tx_now_ms(execution->tx),
            },
        .presence = PRESENCE_PRESENT,
        .changed = true,
    };
}

static enum err_code do_create(struct execution *execution, const struct action *action,
                               struct err *err)
{
    struct resources resources;
    TRY(resources_of(execution, action->template_hash, &resources, err));
    size_t room = execution->view->replica_count + PASS_CREATE_MAX - execution->replica_count;
    int64_t amount = action->amount;
    if (amount > (int64_t)room) {
        amount = (int64_t)room;
        execution_wake_in(execution, 0);
    }
    for (int64_t i = 0; i < amount; i++)
        create(execution, action, &resources);
    execution->made = true;
    return ERR_OK;
}

/* ---- actions on the deployment ---- */

/* Each replica's role follows from the deployment's row: none of theirs changes. */
static enum err_code do_switch(struct execution *execution, const struct action *action,
                               struct err *err)
{
    execution->deployment.active_hash = action->template_hash;
    execution->deployment_changed = true;
    execution->endpoints = true;
    return switched_event(execution, find_set(execution, action->template_hash), action->why, err);
}

static enum err_code do_rollback(struct execution *execution, const struct action *action,
                                 struct err *err)
{
    struct deployment *deployment = &execution->deployment;
    struct revision stable;
    struct template template;
    TRY(revisions_get(tx_db(execution->tx), execution->arena, deployment->uid, action->copy_of,
                      &stable, err));
    TRY(template_parse(execution->arena, stable.template_json, &template, err));
    assert(action->revision == deployment->next_revision);
    TRY(rollout_event(execution, err));
    execution->told = true;
    deployment->index = execution->index;
    struct launch launch = {
        .template = &template,
        .template_json = stable.template_json,
        .template_hash = stable.template_hash,
        .source = SOURCE_AUTO_ROLLBACK,
        .copy_of = stable.number,
        .change_cause =
            arena_printf(execution->arena, "automatic rollback, rollout %lld failed: %s",
                         (long long)execution->rollout.id, action->why),
        .within_rollout = execution->rollout.id,
    };
    int64_t rollout_id = 0;
    TRY(control_launch(execution->tx, execution->arena, deployment, &launch, &rollout_id, err));
    ensure_set(execution, action)->row.revision = action->revision;
    return ERR_OK;
}

/* A replica on a lost node outlives its row there: its node is told to stop it when it returns. */
static enum err_code leave_orphan(struct execution *execution, const struct replica *row,
                                  struct err *err)
{
    if (!row->node || replica_phase_final(row->phase)) return ERR_OK;
    struct node_facts facts;
    if (!node_table_get(execution->control->nodes, row->node, &facts)) return ERR_OK;
    node_table_allocate(execution->tx, execution->control->nodes, row->node, &row->resources, -1);
    enum err_code code =
        node_orphans_add(execution->tx, row->node, row->id, execution_index(execution), err);
    /* Its agent reports it as unknown when it returns, and is told then. */
    return code == ERR_LIMIT ? ERR_OK : code;
}

static enum err_code do_deleted(struct execution *execution, const struct action *action,
                                struct err *err)
{
    (void)action;
    TRY(deleted_event(execution, err));
    for (size_t i = 0; i < execution->replica_count; i++)
        TRY(leave_orphan(execution, &execution->replicas[i].row, err));
    execution->deployment.index = execution->index;
    TRY(deployments_delete(execution->tx, &execution->deployment, err));
    node_table_unwait(execution->tx, execution->control->nodes, execution->deployment.uid);
    execution->gone = true;
    return ERR_OK;
}

typedef enum err_code do_action(struct execution *execution, const struct action *action,
                                struct err *err);

static do_action *const doers[] = {
    [ACTION_SCALED] = do_scaled,
    [ACTION_SET_WANTED] = do_set_wanted,
    [ACTION_RELABEL] = do_relabel,
    [ACTION_MARK_AVAILABLE] = do_mark_available,
    [ACTION_MARK_UNAVAILABLE] = do_mark_unavailable,
    [ACTION_COUNT_FAILURE] = do_count_failure,
    [ACTION_DISMISS_FAILURE] = do_dismiss_failure,
    [ACTION_RESET_BACKOFF] = do_reset_backoff,
    [ACTION_STOP] = do_stop,
    [ACTION_CREATE] = do_create,
    [ACTION_FORGET_SET] = do_forget_set,
    [ACTION_ROLLBACK] = do_rollback,
    [ACTION_SWITCH] = do_switch,
    [ACTION_DELETED] = do_deleted,
};

static void log_action(const struct execution *execution, const struct action *action)
{
    if (!log_enabled(LOG_DEBUG)) return;
    struct text text;
    text_init(&text, execution->arena);
    action_print(action, &text);
    struct log_line line;
    log_begin(&line, LOG_DEBUG, "action");
    log_string(&line, "cluster", execution->deployment.cluster);
    log_string(&line, "deployment", execution->deployment.name);
    log_string(&line, "msg", text_string(&text));
    log_end(&line);
}

enum err_code execute_actions(struct execution *execution, struct err *err)
{
    for (size_t i = 0; i < execution->plan->action_count && !execution->gone; i++) {
        const struct action *action = &execution->plan->actions[i];
        log_action(execution, action);
        TRY(doers[action->kind](execution, action, err));
    }
    return ERR_OK;
}
