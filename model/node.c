#include "model/node.h"

#include "model/state_machine.h"

const char *const node_state_words[] = {
    [NODE_READY] = "ready",
    [NODE_SUSPECT] = "suspect",
    [NODE_LOST] = "lost",
    [NODE_LEFT] = "left",
    NULL,
};

/* ready ⇄ suspect ─► lost ─► ready     any ─► left ─► ready (it registers again) */
static const struct state_row node_states[] = {
    [NODE_READY] = {STATE_BIT(NODE_SUSPECT) | STATE_BIT(NODE_LEFT), false,
                    "its agent is heard in time"},
    [NODE_SUSPECT] = {STATE_BIT(NODE_READY) | STATE_BIT(NODE_LOST) | STATE_BIT(NODE_LEFT), false,
                      "silent for a while: its replicas count, but not as available"},
    [NODE_LOST] = {STATE_BIT(NODE_READY) | STATE_BIT(NODE_LEFT), false,
                   "silent for too long: its replicas are replaced elsewhere"},
    [NODE_LEFT] = {STATE_BIT(NODE_READY), false, "removed, or its agent said goodbye"},
};

const struct state_machine node_state_machine = {
    .name = "node state",
    .drawing = "    ready ⇄ suspect ─► lost ─► ready     any ─► left ─► ready (registers again)\n",
    .words = node_state_words,
    .rows = node_states,
    .count = sizeof node_states / sizeof *node_states,
};

bool node_state_may_move(int from, int to)
{
    return state_machine_may_move(&node_state_machine, from, to);
}
