/* Removing a node: it will not come back to say how its replicas ended, so the control plane says
 * it. Should its agent register again all the same, what it still runs is told to stop. */
#include "base/arena.h"
#include "scheduler/control.h"
#include "scheduler/control_parts.h"
#include "scheduler/node_table.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/tokens.h"
#include "store/writer.h"

struct removal {
    struct control *control;
    struct store_tx *tx;
    struct arena *arena;
    struct node node;
};

static enum err_code end_replica(const struct removal *removal, struct replica *replica,
                                 struct err *err)
{
    replica->phase = REPLICA_FAILED;
    replica->reason = REASON_NODE_REMOVED;
    replica->stop_cause = CAUSE_NODE;
    replica->counted = true;
    replica->ready = replica->available = false;
    replica->ended_at = tx_wall_ms(removal->tx);
    replica->phase_since_ms = tx_now_ms(removal->tx);
    replica->ready_since_ms = 0;
    struct event event = {
        .kind = "replica",
        .cluster = replica->cluster,
        .name = replica->id,
        .uid = replica->deployment_uid,
        .reason = "failed",
        .message =
            arena_printf(removal->arena, "given up, its node %s was removed", removal->node.name),
        .data = "{\"reason\":\"" REASON_NODE_REMOVED "\"}",
    };
    int64_t index;
    TRY(events_add(removal->tx, &event, &index, err));
    struct replica_effects effects = {.endpoints = true, .assignments = true};
    TRY(replicas_write(removal->tx, replica, effects, index, err));
    tx_dirty(removal->tx, replica->deployment_uid);
    return ERR_OK;
}

static enum err_code end_replicas(const struct removal *removal, size_t *count, struct err *err)
{
    struct replica *replicas;
    TRY(replicas_on_node(tx_db(removal->tx), removal->arena, removal->node.name, &replicas, count,
                         err));
    for (size_t i = 0; i < *count; i++)
        TRY(end_replica(removal, &replicas[i], err));
    return ERR_OK;
}

static enum err_code delete_token(const struct removal *removal, struct err *err)
{
    struct err problem = {.code = ERR_OK};
    const char *id = arena_printf(removal->arena, "node/%s", removal->node.name);
    enum err_code code = tokens_delete(removal->tx, id, &problem);
    if (code == ERR_OK || code == ERR_NOT_FOUND) return ERR_OK;
    if (err != NULL) *err = problem;
    return code;
}

static void restore_node(void *self, void *name)
{
    control_add_node(self, name, true);
}

static enum err_code delete_node(const struct removal *removal, size_t replicas, struct err *err)
{
    const struct node *node = &removal->node;
    struct event event = {
        .kind = "node",
        .cluster = node->cluster,
        .name = node->name,
        .reason = "removed",
        .message = arena_printf(removal->arena, "removed, with %zu replicas on it", replicas),
    };
    int64_t index;
    TRY(events_add(removal->tx, &event, &index, err));
    TRY(delete_token(removal, err));
    TRY(nodes_delete(removal->tx, node->name, index, err));
    tx_raise_epochs_floor(removal->tx, node->epoch);
    node_table_remove(removal->tx, removal->control->nodes, node->name);
    if (tx_is_undone(removal->tx)) return ERR_OK; /* its samples could not be put back */
    control_forget_node(removal->control, node->name);
    tx_stage(removal->tx, restore_node, removal->control,
             arena_strdup(tx_arena(removal->tx), node->name));
    return ERR_OK;
}

enum err_code control_remove_node(struct control *control, struct store_tx *tx, struct arena *arena,
                                  const char *name, bool force, struct err *err)
{
    struct removal removal = {.control = control, .tx = tx, .arena = arena};
    TRY(nodes_get(tx_db(tx), arena, name, &removal.node, err));
    if (removal.node.state == NODE_READY && !force)
        return err_set(err, ERR_ILLEGAL_STATE,
                       "node %s is ready: its agent reports; only force removes it all the same",
                       name);
    size_t replicas;
    TRY(end_replicas(&removal, &replicas, err));
    return delete_node(&removal, replicas, err);
}
