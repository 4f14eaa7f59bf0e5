/* nodes.h: tables nodes and node_orphans (replicas that a node runs and this database does not
 * know: it is told to stop them). */
#ifndef DOGSHORE_STORE_NODES_H
#define DOGSHORE_STORE_NODES_H

#include "base/err.h"
#include "model/node.h"
#include "store/listing.h"

struct arena;
struct store_db;
struct store_tx;

enum err_code nodes_get(struct store_db *db, struct arena *arena, const char *name,
                        struct node *node, struct err *err);
/* Ordered by name; names above `after` (NULL = from the start); cluster NULL = all. */
enum err_code nodes_list(struct store_db *db, struct arena *arena, const char *cluster,
                         const char *after, int64_t limit, struct node **items, size_t *count,
                         struct err *err);
/* A page of those of a cluster; NULL = all. Its own order is by name. */
enum err_code nodes_page(struct store_db *db, struct arena *arena, const char *cluster,
                         const struct page *page, struct node **items, struct listed *listed,
                         struct err *err);
/* ERR_UNKNOWN_CLUSTER unless it exists: `default` always does, another one when a node is
 * registered in it. */
enum err_code clusters_check(struct store_db *db, const char *cluster, struct err *err);
/* The one that was probably meant: NULL when this one is known or none is near. */
enum err_code clusters_nearest(struct store_db *db, struct arena *arena, const char *cluster,
                               const char **nearest, struct err *err);
/* Insert or replace by name with node->index; touches node:<name>, list:nodes and, when
 * `assignments`, assignments:<name> with the same index. */
enum err_code nodes_put(struct store_tx *tx, const struct node *node, bool assignments,
                        struct err *err);
/* The last report of this epoch. Nothing that is shown, so no facet moves. */
enum err_code nodes_set_report_seq(struct store_tx *tx, const char *name, int64_t seq,
                                   struct err *err);
/* Likewise. */
enum err_code nodes_set_rejoin(struct store_tx *tx, const char *name, int64_t until_ms,
                               struct err *err);
enum err_code nodes_delete(struct store_tx *tx, const char *name, int64_t index, struct err *err);

/* All of them; those whose stop is ordered. */
enum err_code node_orphans_list(struct store_db *db, struct arena *arena, const char *node,
                                struct strings *ids, struct err *err);
enum err_code node_orphans_stopped(struct store_db *db, struct arena *arena, const char *node,
                                   struct strings *ids, struct err *err);
/* One more, whose stop is ordered, or which is left running until somebody orders it. Nothing when
 * it is listed already. Beyond LIMIT_ORPHANS_PER_NODE: ERR_LIMIT. */
enum err_code node_orphans_add(struct store_tx *tx, const char *node, const char *id, int64_t index,
                               struct err *err);
enum err_code node_orphans_leave(struct store_tx *tx, const char *node, const char *id,
                                 int64_t index, struct err *err);
/* Orders the stop of one that was left running; `ordered` = it was. */
enum err_code node_orphans_stop(struct store_tx *tx, const char *node, const char *id,
                                int64_t index, bool *ordered, struct err *err);
enum err_code node_orphans_remove(struct store_tx *tx, const char *node, const char *id,
                                  bool *removed, struct err *err);

#endif
