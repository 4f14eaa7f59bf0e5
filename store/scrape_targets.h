/* scrape_targets.h: the replicas that a monitor is to scrape: those that run, have an address and
 * belong to a deployment with the annotation prometheus.io/scrape: "true".
 *
 * Costs a walk over the deployments that opted in and their replicas, whatever else there is. */
#ifndef DOGSHORE_STORE_SCRAPE_TARGETS_H
#define DOGSHORE_STORE_SCRAPE_TARGETS_H

#include "base/err.h"
#include "model/values.h"

struct arena;
struct store_db;

struct scrape_target {
    const char *uid, *cluster, *deployment;
    struct pairs annotations, labels; /* the deployment's */
    const char *active_hash;          /* NULL = every template gets traffic */
    const char *replica, *node;
    int node_state; /* enum node_state */
    int64_t revision;
    const char *version; /* of that revision; NULL = none */
    const char *template_hash;
    bool ready;
    const char *address;
    struct ports ports;
};
/* Ordered by cluster, deployment and age; cluster NULL = all. */
enum err_code scrape_targets(struct store_db *db, struct arena *arena, const char *cluster,
                             struct scrape_target **items, size_t *count, struct err *err);

#endif
