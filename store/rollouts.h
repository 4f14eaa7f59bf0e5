/* rollouts.h: table rollouts; ids are numbered per deployment. */
#ifndef DOGSHORE_STORE_ROLLOUTS_H
#define DOGSHORE_STORE_ROLLOUTS_H

#include "base/err.h"
#include "model/deployment.h"
#include "model/rollout.h"
#include "store/listing.h"

struct arena;
struct store_db;
struct store_tx;

enum err_code rollouts_get(struct store_db *db, struct arena *arena, const char *uid, int64_t id,
                           struct rollout *rollout, struct err *err);
/* Newest first, ids below `before` (0 = from the newest). */
enum err_code rollouts_list(struct store_db *db, struct arena *arena, const char *uid,
                            int64_t before, int64_t limit, struct rollout **items, size_t *count,
                            struct err *err);
/* A rollout as a list shows it, with what its deployment's row says besides. */
struct rollout_item {
    struct rollout rollout;
    const char *deployment, *cluster;
    bool is_latest;           /* of its deployment */
    struct strategy strategy; /* of the spec, while the rollout is the latest and runs */
};
/* A page of those of a deployment, by their number, or with uid NULL of all of a cluster (NULL =
 * all), by their beginning; newest first. */
enum err_code rollouts_page(struct store_db *db, struct arena *arena, const char *uid,
                            const char *cluster, const struct page *page,
                            struct rollout_item **items, struct listed *listed, struct err *err);
/* The checks that canaries on a node are asked for: of the replicas of that template alone. */
struct rollout_check {
    const char *uid, *template_hash;
    int64_t round;
    struct canary_check check;
};
enum err_code rollouts_checks_on_node(struct store_db *db, struct arena *arena, const char *node,
                                      struct rollout_check **items, size_t *count, struct err *err);
/* Insert or replace by (uid, id); touches list:rollouts. */
enum err_code rollouts_put(struct store_tx *tx, const char *uid, const struct rollout *rollout,
                           struct err *err);
/* Keeps the `limit` newest and those still running. */
enum err_code rollouts_prune(struct store_tx *tx, const char *uid, int64_t limit, struct err *err);

#endif
