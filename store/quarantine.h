/* quarantine.h: table quarantine: templates that failed a rollout of their deployment by a fault of
 * their own. A row stays until somebody lifts it, the deployment is gone, or LIMIT_QUARANTINED
 * later ones of the same deployment came. */
#ifndef DOGSHORE_STORE_QUARANTINE_H
#define DOGSHORE_STORE_QUARANTINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct store_db;
struct store_tx;

struct quarantine {
    int64_t rollout;    /* that failed */
    const char *reason; /* as in rollout.reason */
    int64_t at;         /* wall ms */
};

enum err_code quarantine_get(struct store_db *db, struct arena *arena, const char *uid,
                             const char *template_hash, struct quarantine *quarantine, bool *found,
                             struct err *err);
/* Insert or replace by (uid, template_hash). */
enum err_code quarantine_put(struct store_tx *tx, const char *uid, const char *template_hash,
                             const struct quarantine *quarantine, struct err *err);
/* Fine when there is none. */
enum err_code quarantine_lift(struct store_tx *tx, const char *uid, const char *template_hash,
                              struct err *err);

#endif
