/* summary.h: what there is, counted by state, in one snapshot.
 *
 * Costs a walk through the covering indexes of deployments and of the replicas that have not ended
 * (some 10 ms for 50,000), and through all nodes: for a reader's thread. It is kept with the
 * connection until somebody commits something, so who asks again has it at once. */
#ifndef DOGSHORE_STORE_SUMMARY_H
#define DOGSHORE_STORE_SUMMARY_H

#include "base/err.h"
#include "model/summary.h"

struct arena;
struct store_db;
struct summary_memo; /* what a connection keeps */

void summary_memo_free(struct summary_memo *memo); /* NULL is fine */

/* `cluster`: that one alone; NULL = all. A cluster is there when it is "default", or when it has
 * nodes or deployments. */
enum err_code summary_read(struct store_db *db, struct arena *arena, const char *cluster,
                           struct summary *summary, struct err *err);

#endif
