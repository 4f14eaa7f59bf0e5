/* control.h: this node's side of the worker protocol (docs/worker.md): it registers, long-polls its
 * assignments, and reports. Whatever happens here, replicas run on; only an order stops one.
 *
 *   registering ──2xx──► following: one poll and at most one report are on their way
 *        ▲                   │
 *        └── 401, 404, another incarnation ──┘        another epoch, same incarnation ─► fenced
 *
 * Ownership: the settings' pointers are borrowed. Threads: those of the loop.
 */
#ifndef DOGSHORE_AGENT_CONTROL_H
#define DOGSHORE_AGENT_CONTROL_H

#include "wire/object_wire.h"

struct agent_control;
struct client;
struct loop;
struct supervisor;

struct control_settings {
    struct loop *loop;
    struct client *client;
    struct supervisor *supervisor;
    const char *node;
    const char *join_token_file;           /* NULL = none */
    struct node_registration registration; /* with this node's own token */
    int64_t sample_ms;
    void (*fenced)(void *self); /* another agent has registered this name: the end */
    void (*told)(void *self);   /* the server knows all there is to know */
    void *self;
};

struct agent_control *agent_control_open(const struct control_settings *settings);
void agent_control_close(struct agent_control *control); /* NULL is fine */
void agent_control_start(struct agent_control *control);
/* Takes no orders any more; goes on reporting. */
void agent_control_leave(struct agent_control *control);
/* A replica has changed: reported in the next turn, with whatever changes until then. */
void agent_control_report_soon(struct agent_control *control);

#endif
