/* replicas.h: table replicas. replicas_write() is the one way a row changes. */
#ifndef DOGSHORE_STORE_REPLICAS_H
#define DOGSHORE_STORE_REPLICAS_H

#include "base/err.h"
#include "model/replica.h"
#include "store/listing.h"

struct arena;
struct store_db;
struct store_tx;

enum err_code replicas_get(struct store_db *db, struct arena *arena, const char *id,
                           struct replica *replica, struct err *err);
/* Those of a deployment that are not final, plus those that ended by themselves (failed, or stopped
 * though wanted) and were not counted yet: what a pass needs. Oldest first. */
enum err_code replicas_for_pass(struct store_db *db, struct arena *arena, const char *uid,
                                struct replica **items, size_t *count, struct err *err);
/* All rows of a deployment, oldest first, numbers above `after`. */
enum err_code replicas_list(struct store_db *db, struct arena *arena, const char *uid,
                            int64_t after, int64_t limit, struct replica **items, size_t *count,
                            struct err *err);
/* A page of those of a deployment (NULL = all) and a cluster (NULL = all). Its own order is by age,
 * oldest first. */
enum err_code replicas_page(struct store_db *db, struct arena *arena, const char *uid,
                            const char *cluster, const struct page *page, struct replica **items,
                            struct listed *listed, struct err *err);
/* Rows of a node that are not final. */
enum err_code replicas_on_node(struct store_db *db, struct arena *arena, const char *node,
                               struct replica **items, size_t *count, struct err *err);
/* Insert or replace by id. Sets replica->index; touches deployment:<…> (and endpoints when
 * `endpoints`), assignments:<node> when `assignments`, list:replicas; marks nothing dirty. */
struct replica_effects {
    bool endpoints;   /* address, ready, role or membership of the endpoints list changed */
    bool assignments; /* what its node must do changed */
};
enum err_code replicas_write(struct store_tx *tx, const struct replica *replica,
                             struct replica_effects effects, int64_t index, struct err *err);
/* Keeps the `limit` newest final rows of a deployment, and those that a pass has yet to count. */
enum err_code replicas_prune(struct store_tx *tx, const char *uid, int64_t limit, struct err *err);
/* Sums per node of what is allocated (not final): for the node table at start. */
struct replica_allocation {
    const char *node;
    struct resources resources;
    int64_t replicas;
};
enum err_code replicas_allocations(struct store_db *db, struct arena *arena,
                                   struct replica_allocation **items, size_t *count,
                                   struct err *err);

#endif
