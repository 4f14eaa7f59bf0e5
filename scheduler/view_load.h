/* view_load.h: the view of one deployment out of the store, for the planner.
 *
 * A pass loads it inside a writer closure, with the node table; who only wants to look loads it
 * inside a read transaction. Ownership: all of the view lives in the arena. Threads: as the
 * source's.
 */
#ifndef DOGSHORE_SCHEDULER_VIEW_LOAD_H
#define DOGSHORE_SCHEDULER_VIEW_LOAD_H

#include "base/err.h"
#include "model/view.h"

struct arena;
struct store_db;

struct view_source {
    struct store_db *db;
    int64_t now_ms; /* cluster clock */
    int64_t now_at; /* wall ms */
    enum err_code (*presence)(void *self, const struct replica *replica,
                              enum replica_presence *presence, struct err *err);
    void *self;
};
/* `deployment` is the row, loaded before. */
enum err_code view_load(const struct view_source *source, struct arena *arena,
                        const struct deployment *deployment, struct view *view, struct err *err);
/* By the node table, which `self` is. The writer's thread. */
enum err_code view_presence_of_table(void *self, const struct replica *replica,
                                     enum replica_presence *presence, struct err *err);

#endif
