#include "api/node_states.h"

#include "model/node.h"
#include "scheduler/view_load.h"
#include "store/nodes.h"

void node_states_init(struct node_states *states, struct store_db *db, struct arena *arena)
{
    *states = (struct node_states){.db = db, .arena = arena};
    map_init(&states->map);
}

void node_states_release(struct node_states *states)
{
    map_release(&states->map);
}

/* A node that is not there any more took its replicas with it. */
static enum err_code load(struct node_states *states, const char *name, struct node **node,
                          struct err *err)
{
    struct node *loaded = ARENA_NEW(states->arena, struct node);
    struct err missing;
    enum err_code code = nodes_get(states->db, states->arena, name, loaded, &missing);
    if (code != ERR_OK && code != ERR_NOT_FOUND) return err_copy(err, &missing);
    if (code == ERR_NOT_FOUND) *loaded = (struct node){.state = NODE_LEFT};
    map_put(&states->map, name, loaded);
    *node = loaded;
    return ERR_OK;
}

enum err_code node_states_presence(struct node_states *states, const struct replica *replica,
                                   enum replica_presence *presence, int64_t *node_index,
                                   struct err *err)
{
    if (node_index != NULL) *node_index = 0;
    *presence = PRESENCE_PRESENT;
    if (replica->node == NULL) return ERR_OK;
    struct node *node = map_get(&states->map, replica->node);
    if (node == NULL) TRY(load(states, replica->node, &node, err));
    *presence = presence_of_node_state(node->state);
    if (node_index != NULL) *node_index = node->index;
    return ERR_OK;
}
