/* node.h: a worker machine, known by its agent.
 *
 *   ready ⇄ suspect ─► lost ─► ready     any ─► left ─► ready (it registers again)
 *
 * left: its agent said goodbye or an operator removed it.
 */
#ifndef DOGSHORE_MODEL_NODE_H
#define DOGSHORE_MODEL_NODE_H

#include "model/values.h"

enum node_state { NODE_READY, NODE_SUSPECT, NODE_LOST, NODE_LEFT };
enum { NODE_STATES = NODE_LEFT + 1 };
extern const char *const node_state_words[];
bool node_state_may_move(int from, int to);

struct node {
    const char *name;
    const char *cluster;
    struct pairs labels;
    struct resources capacity; /* 0 = not limited */
    const char *address;
    const char *agent_version;
    const char *boot_id;
    struct strings drivers;
    int64_t epoch;      /* of the agent that may speak for it */
    int64_t report_seq; /* of the last numbered report of this epoch; 0 = none yet */
    int state;          /* enum node_state */
    const char *state_reason;
    bool schedulable, draining;
    int64_t index, assignments_index;
    int64_t rejoin_until_ms; /* cluster clock: the join token may register it once; 0 = may not */
    int64_t registered_at, state_since_at; /* wall ms */
};

#endif
