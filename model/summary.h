/* summary.h: what there is in the fleet, counted by state.
 *
 * Replicas that have ended are history and not counted. capacity is that of the nodes that are
 * ready or suspect, allocated what replicas take on those; a node without a limit adds nothing to
 * the capacity. Rollouts are those that run.
 */
#ifndef DOGSHORE_MODEL_SUMMARY_H
#define DOGSHORE_MODEL_SUMMARY_H

#include "model/deployment.h"
#include "model/node.h"
#include "model/replica.h"
#include "model/rollout.h"

enum {
    SUMMARY_ROLLOUT_STATES = ROLLOUT_ROLLING_BACK + 1, /* those that are not final */
    SUMMARY_REPLICA_STATES = REPLICA_STOPPING + 1
};

/* int64_t and nothing else: fleet_counts_add() relies on it. */
struct fleet_counts {
    struct {
        int64_t total, states[DEPLOYMENT_STATES];
    } deployments;
    struct {
        int64_t total, states[SUMMARY_ROLLOUT_STATES];
    } rollouts;
    struct {
        int64_t total, ready, available, states[SUMMARY_REPLICA_STATES];
        int64_t presences[REPLICA_PRESENCES];
    } replicas;
    struct {
        int64_t total, schedulable, draining, states[NODE_STATES];
    } nodes;
    struct resources capacity, allocated;
};

struct cluster_summary {
    const char *name;
    struct fleet_counts counts;
};

struct cluster_summaries {
    struct cluster_summary *items; /* by name */
    size_t count;
};

struct summary {
    struct fleet_counts counts; /* of all clusters below */
    struct cluster_summaries clusters;
};

void fleet_counts_add(struct fleet_counts *sum, const struct fleet_counts *counts);

/* A label key and who carries it. */
struct label_value {
    const char *value;
    int64_t deployments;
};
struct label_values {
    struct label_value *items; /* by value */
    size_t count;
};
struct label_key {
    const char *key;
    int64_t deployments, value_count;
    struct label_values values; /* maybe not all */
};
struct label_keys {
    struct label_key *items; /* by key */
    size_t count;
};

#endif
