/* report_parts.h: what the files of control_report() share. Threads: the writer's. */
#ifndef DOGSHORE_SCHEDULER_REPORT_PARTS_H
#define DOGSHORE_SCHEDULER_REPORT_PARTS_H

#include "base/map.h"
#include "scheduler/control.h"
#include "store/rollouts.h"

struct reporting {
    struct control *control;
    struct store_tx *tx;
    struct arena *arena;
    const char *node, *cluster;
    bool orphans_loaded;
    struct map orphans; /* ids; read from the store when first needed */
    bool checks_loaded;
    struct rollout_check *checks; /* that the node is asked for; likewise */
    size_t check_count;
};

/* The row as it is after the change; strings are borrowed from both. `asked_round` is that of the
 * check which the replica is asked for now, 0 = none: an answer to any other says nothing. */
struct replica observe(const struct store_tx *tx, const struct replica *before,
                       const struct replica_change *change, int64_t asked_round);
/* What became since of one that is of a backup: its stop says nothing against its version. From
 * now on it is judged as any other. */
void observe_since_backup(const struct replica *before, struct replica *after);
/* Is there anything in it that was not known? */
bool observed_news(const struct replica *before, const struct replica *after);
/* Is it to be reached elsewhere? */
bool observed_move(const struct replica *before, const struct replica *after);

/* What is new of its readiness and of its probes, into the history of its health. */
enum err_code observe_health(const struct reporting *reporting, const struct replica *before,
                             const struct replica *after, const struct replica_change *change,
                             struct err *err);

/* One event for each thing that happened between the two rows; the newest index, 0 if nothing that
 * people need to know. */
enum err_code observation_events(const struct reporting *reporting, const struct replica *before,
                                 const struct replica *after, int64_t *index, struct err *err);

/* A node runs what it must not: its stop is ordered, with an event the first time. `why`: "which
 * …". NULL or the slug with which the change is rejected. */
enum err_code orphan_seen(struct reporting *reporting, const char *id, const char *why,
                          const char **slug, struct err *err);
/* The same of one that this database does not know; after a restore it may be left running. */
enum err_code orphan_unknown(struct reporting *reporting, const char *id, const char **slug,
                             struct err *err);
/* It ended: nothing is ordered any more. Fine when it was not an orphan. */
enum err_code orphan_ended(struct reporting *reporting, const char *id, bool *was_orphan,
                           struct err *err);

#endif
