/* fleet_fill.h: fills a data directory with a fleet at rest, as if it had been deployed: every row
 * agrees with the others, so that a server which opens it finds nothing to do. Nobody else may have
 * the directory open. Any failure ends the program with a message. */
#ifndef DOGSHORE_BENCH_FLEET_FILL_H
#define DOGSHORE_BENCH_FLEET_FILL_H

#include <stdint.h>

/* Five labels a deployment: app (100 values), team (20), tier (3), env (4), zone (10). Names are
 * "svc-00000" …, nodes "node-000" …, all in cluster default. */
struct fleet_size {
    int64_t deployments;
    int64_t replicas; /* of each deployment */
    int64_t nodes;
    int64_t events; /* besides those that come with the rest */
};

void fleet_fill(const char *data_dir, const struct fleet_size *size);

enum { FLEET_NODE_TOKEN_BYTES = 64 };
/* The bearer token of node number `node`. */
void fleet_node_token(int64_t node, char token[FLEET_NODE_TOKEN_BYTES]);

#endif
