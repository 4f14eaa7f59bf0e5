/* tombstones.h: table tombstones: that a deployment was deleted, told for an hour (private to
 * store/; tombstones_find() and _expire() are in deployments.h). */
#ifndef DOGSHORE_STORE_TOMBSTONES_H
#define DOGSHORE_STORE_TOMBSTONES_H

#include "base/err.h"

struct arena;
struct deployment;
struct store_db;
struct store_tx;

enum err_code tombstones_put(struct store_tx *tx, const struct deployment *deployment,
                             struct err *err);
/* Returns ERR_NOT_FOUND, whose detail says when the deployment was deleted if that is known. */
enum err_code tombstones_not_found(struct store_db *db, struct arena *arena, const char *cluster,
                                   const char *name, struct err *err);

#endif
