/* view_load.h: the view of one deployment out of the store, for the planner.
 *
 * Presence comes from the node table, so this runs inside a writer closure. Ownership: all of the
 * view lives in the arena. Threads: the writer's. */
#ifndef DOGSHORE_SCHEDULER_VIEW_LOAD_H
#define DOGSHORE_SCHEDULER_VIEW_LOAD_H

#include "base/err.h"
#include "model/view.h"

struct arena;
struct node_table;
struct store_tx;

/* `deployment` is the row, loaded before. */
enum err_code view_load(struct store_tx *tx, struct arena *arena, const struct node_table *nodes,
                        const struct deployment *deployment, struct view *view, struct err *err);

/* Where the replicas of a node in that state are, for all who read. */
enum replica_presence presence_of_node_state(int node_state);

#endif
