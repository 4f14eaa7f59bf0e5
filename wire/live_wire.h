/* live_wire.h: live data (model/sample.h) as the API shows it. Nothing of it is recorded. */
#ifndef DOGSHORE_WIRE_LIVE_WIRE_H
#define DOGSHORE_WIRE_LIVE_WIRE_H

#include "model/sample.h"

struct json_writer;

/* A replica and what its node told last of it. */
struct replica_live {
    const char *id, *deployment, *cluster;
    const char *node; /* NULL while pending */
    int presence;     /* enum replica_presence */
    bool sampled;
    int64_t age_ms;                      /* of the sample, since it arrived; -1 = none */
    const struct replica_sample *sample; /* NULL = none; of one not sampled verdicts alone */
};
void replica_live_render(struct json_writer *writer, const struct replica_live *live);

struct node_live {
    const char *name, *cluster;
    int state;                        /* enum node_state */
    int64_t last_seen_ms;             /* since its last poll or report; -1 = not since the start */
    int64_t replicas, sampled;        /* on it, and those that a sample is known of */
    const struct replica_sample *sum; /* its usage; NULL = nothing sampled */
};
void node_live_render(struct json_writer *writer, const struct node_live *live);

#endif
