/* deployments.h: table deployments (spec and status) with deployment_labels, and tombstones.
 * Writers keep index facets right: deployment_write_*() takes the index of the change. */
#ifndef DOGSHORE_STORE_DEPLOYMENTS_H
#define DOGSHORE_STORE_DEPLOYMENTS_H

#include "base/err.h"
#include "model/deployment.h"
#include "store/listing.h"

struct arena;
struct store_db;
struct store_tx;

/* ERR_NOT_FOUND names the deployment; a tombstone makes the detail say when it was deleted. */
enum err_code deployments_get(struct store_db *db, struct arena *arena, const char *cluster,
                              const char *name, struct deployment *deployment, struct err *err);
enum err_code deployments_get_uid(struct store_db *db, struct arena *arena, const char *uid,
                                  struct deployment *deployment, struct err *err);

/* A page of those of a cluster; NULL = all. Its own order is by cluster and name. */
enum err_code deployments_page(struct store_db *db, struct arena *arena, const char *cluster,
                               const struct page *page, struct deployment **items,
                               struct listed *listed, struct err *err);
enum err_code deployments_count(struct store_db *db, int64_t *count, struct err *err);
/* Every uid, for the first passes after a start. */
enum err_code deployments_uids(struct store_db *db, struct arena *arena, struct strings *uids,
                               struct err *err);

enum err_code deployments_insert(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err);
/* Every column but the labels; touches facets deployment and list:deployments with
 * deployment->index. */
enum err_code deployments_update(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err);
/* Also touches the lists that select by labels of deployments. */
enum err_code deployments_set_labels(struct store_tx *tx, const struct deployment *deployment,
                                     struct err *err);
/* Status columns, scaled_*, active_hash, index alone: what passes write. Touches like update. */
enum err_code deployments_update_status(struct store_tx *tx, const struct deployment *deployment,
                                        struct err *err);
/* Moves deployment.index (and with `endpoints` its endpoints_index) and touches the facets. */
enum err_code deployments_touch(struct store_tx *tx, const char *uid, const char *cluster,
                                const char *name, bool endpoints, int64_t index, struct err *err);
/* Crash guard: counted up in a transaction of its own before a pass, zeroed by its success. */
enum err_code deployments_set_faults(struct store_tx *tx, const char *uid, int64_t faults,
                                     struct err *err);
/* The row and all that hangs on it; leaves a tombstone for an hour of cluster clock. */
enum err_code deployments_delete(struct store_tx *tx, const struct deployment *deployment,
                                 struct err *err);
/* Was one of that name deleted within the last hour? */
enum err_code tombstones_find(struct store_db *db, const char *cluster, const char *name,
                              bool *found, struct err *err);
/* Tombstones that are due go. */
enum err_code tombstones_expire(struct store_tx *tx, struct err *err);

#endif
