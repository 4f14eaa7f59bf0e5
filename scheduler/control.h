/* control.h: the control plane's memory beside the store, and what users and agents may order.
 *
 * Every order is a function over a writer closure (store_tx), so that the API, the simulator and
 * tests run the same code. Each writes its rows and events, moves the facets and marks the
 * deployment dirty; the reconcile pass does the rest.
 *
 * The node table (capacity, allocations, state) belongs to the writer thread: it is rebuilt from
 * the store by control_open() and changed only inside closures, with tx_stage() undoing it. What
 * other threads may call is said at each function.
 */
#ifndef DOGSHORE_SCHEDULER_CONTROL_H
#define DOGSHORE_SCHEDULER_CONTROL_H

#include "base/clock.h"
#include "base/err.h"
#include "model/deployment.h"
#include "model/node.h"
#include "wire/object_wire.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct control;
struct live_sample;
struct store;
struct store_tx;

/* What is counted since the start. */
struct control_stats {
    int64_t reports;                         /* of agents, fenced ones left out */
    int64_t changes_taken, changes_rejected; /* items of them */
    int64_t samples;                         /* live data of replicas that agents told */
    int64_t placed;                          /* replicas that got a node */
    int64_t unplaced;                        /* looks for a node that found none */
    int64_t waiting;                         /* deployments that wait now until a node has room */
};
void control_stats(struct control *control, struct control_stats *stats); /* any thread */

enum err_code control_open(struct control **control, struct store *store, struct clock clock,
                           struct err *err);
void control_close(struct control *control); /* NULL is fine */

/* ---- deployments ---- */

/* What a write is made under: If-Match, If-None-Match: *, force=true. Zero-initialised = none. */
struct precondition {
    bool create_only;
    bool match; /* generation must be `generation` */
    int64_t generation;
    bool force; /* a template that is quarantined too, whose quarantine is lifted */
};

struct change {
    struct deployment deployment; /* as it stands after the order */
    bool created;
    bool changed;       /* false: nothing was written */
    int64_t rollout_id; /* that this order began; 0 = none */
};

/* POST. ERR_ALREADY_EXISTS, ERR_UNKNOWN_CLUSTER, ERR_LIMIT. */
enum err_code control_create(struct control *control, struct store_tx *tx, struct arena *arena,
                             const struct deployment_document *document, struct change *change,
                             struct err *err);
/* PUT: create or replace. An identical document changes nothing. A new template that is quarantined
 * is refused with ERR_QUARANTINED, unless forced; forced, the one that the deployment is halted
 * with is tried again. template.restart_token is the server's: whatever the document says of it is
 * not looked at. */
enum err_code control_apply(struct control *control, struct store_tx *tx, struct arena *arena,
                            const struct deployment_document *document,
                            const struct precondition *precondition, struct change *change,
                            struct err *err);
enum err_code control_scale(struct control *control, struct store_tx *tx, struct arena *arena,
                            const char *cluster, const char *name, int64_t replicas,
                            const struct precondition *precondition, struct change *change,
                            struct err *err);
/* A new revision with copy_of and a new rollout. ERR_NOT_FOUND for the revision, tag or stable. To
 * the template that is the target already, unless halted: changes nothing. ERR_QUARANTINED as in
 * control_apply(). */
enum err_code control_rollback(struct control *control, struct store_tx *tx, struct arena *arena,
                               const char *cluster, const char *name,
                               const struct rollback_document *document,
                               const struct precondition *precondition, struct change *change,
                               struct err *err);
/* Tags, pin and cause of a kept revision, named by number, `latest`, `stable` or tag. A tag names
 * one revision: another one that has it loses it. What nothing keeps any more is pruned. */
enum err_code control_mark_revision(struct control *control, struct store_tx *tx,
                                    struct arena *arena, struct deployment *deployment,
                                    struct revision *revision, const struct revision_patch *patch,
                                    bool *changed, struct err *err);
/* Begins the end; done when every replica stopped. Again: changes nothing. */
enum err_code control_delete(struct control *control, struct store_tx *tx, struct arena *arena,
                             const char *cluster, const char *name,
                             const struct precondition *precondition, struct change *change,
                             struct err *err);

/* Orders that take no document; each leaves things alone where its end is reached already. They are
 * refused with ERR_ILLEGAL_STATE, in a sentence that says why, where they make no sense. */
typedef enum err_code control_order(struct control *control, struct store_tx *tx,
                                    struct arena *arena, const char *cluster, const char *name,
                                    const struct precondition *precondition, struct change *change,
                                    struct err *err);
/* spec.paused. Resuming also clears `halted`; what failed, unless it is the stable template, is
 * then rolled out again, and refused with ERR_QUARANTINED while it is quarantined. */
control_order control_pause, control_resume;
/* The same template with a new restart_token, as a new revision. */
control_order control_restart;
/* The running rollout ends aborted; a direct one to the stable template begins, and goes on even if
 * the spec was paused. Nothing happens when it goes back already. */
control_order control_abort;
/* A new rollout of what failed, was rolled back or aborted last; lifts its quarantine. */
control_order control_retry;
/* lifecycle: no replica runs until it is started; then a template that was not proven yet is rolled
 * out anew, without steps. One that has failed is left for the stable one; without that it is
 * refused with ERR_QUARANTINED while it is quarantined. */
control_order control_terminate, control_start;
/* What waits for it goes on, but not while it is paused or scaled to 0: the pause of this step
 * alone, or, with `full`, all that is left of the steps. Only while every replica that the step
 * asks for is available. */
enum err_code control_promote(struct control *control, struct store_tx *tx, struct arena *arena,
                              const char *cluster, const char *name, bool full,
                              const struct precondition *precondition, struct change *change,
                              struct err *err);

/* What "begin a rollout to this template" means, shared by all of the above and by the automatic
 * rollback: revision row (outcome active), set row (its size untouched), deployment row (spec,
 * generation, status.revision), rollout row and event, dirty mark; a rollout that runs ends
 * superseded, or aborted where that is what was ordered, and `halted` is cleared. SOURCE_CREATE
 * inserts the deployment row.
 *
 * The rollout is direct (without steps, pauses and previews) where it is said so, for a rollback or
 * an abort, for a first deploy, and for the way back to the stable template while another one is
 * not complete.
 *
 * While the deployment is terminated no rollout begins: the revision is written as pending, and its
 * start launches it, by its number.
 *
 * With within_rollout no rollout begins either: that one goes on with the template, and its row,
 * its event and status.state, rollout and halted are the caller's. No event is written here, so
 * deployment->index must be a new one already. */
struct launch {
    int64_t revision; /* a pending one that has the template; 0 = one is made */
    const struct template *template;
    const char *template_json, *template_hash;
    enum revision_source source;
    int64_t copy_of;
    const char *change_cause;
    bool direct;            /* whatever the source */
    int64_t within_rollout; /* automatic rollback: its id; 0 = a new one begins */
};
enum err_code control_launch(struct store_tx *tx, struct arena *arena,
                             struct deployment *deployment, const struct launch *launch,
                             int64_t *rollout_id, struct err *err);

/* ---- nodes ---- */

enum registration_right {
    RIGHT_CREATE, /* the join token: a new name, or one that an operator lets in once */
    RIGHT_SELF,   /* the node's own token */
    RIGHT_OPERATE
};

/* Stores the agent's own token (hashed) as scope node; the node is ready and its epoch goes up by
 * one each time. ERR_CONFLICT: the join token and a name that exists; ERR_NOT_FOUND: its own token
 * and the node was removed; ERR_ALREADY_EXISTS: the token is another's; ERR_ILLEGAL_STATE: another
 * cluster while it holds replicas; ERR_LIMIT. */
enum err_code control_register(struct control *control, struct store_tx *tx, struct arena *arena,
                               const char *name, enum registration_right right,
                               const struct node_registration *registration, struct node *node,
                               struct err *err);

enum { REJOIN_ALLOWED_MS = 3600 * 1000 }; /* cluster clock */
/* From now on and that long the join token may register the name once, although it exists: for a
 * node that has lost its own token. Again: the time begins anew. */
enum err_code control_allow_rejoin(struct store_tx *tx, struct arena *arena, const char *name,
                                   struct node *node, struct err *err);

/* Orders the stop of the unknown replicas that a node was left to run, or of one of them (`id`;
 * ERR_NOT_FOUND when it is not listed). `ordered`: those that had not been told before. */
enum err_code control_stop_unknown(struct store_tx *tx, struct arena *arena,
                                   const struct node *node, const char *id, struct strings *ordered,
                                   struct err *err);

struct rejected_change {
    const char *id;
    const char *code; /* unknown_replica, stale_attempt, illegal_move, or the item's own error */
};
struct report_result {
    struct rejected_change *items;
    size_t count;
};
/* ERR_FENCED for another epoch. Each change is judged alone. What a report leaves out stays as it
 * is, also in a full one. A replica that the node must not run is put on its list of orphans, which
 * orders its stop, until a report says that it ended. */
enum err_code control_report(struct control *control, struct store_tx *tx, struct arena *arena,
                             const char *name, const struct report *report,
                             struct report_result *result, struct err *err);
/* DELETE: the node and what it ran are gone; its replicas end as failed(node_removed). Refused for
 * a ready node unless `force`. */
enum err_code control_remove_node(struct control *control, struct store_tx *tx, struct arena *arena,
                                  const char *name, bool force, struct err *err);

/* Allocations of a node; they may run ahead of the last commit by one batch. Any thread. False if
 * unknown. */
bool control_node_allocated(struct control *control, const char *name, struct resources *resources,
                            int64_t *replicas);

/* Epoch of the agent that may speak for a node; 0 if unknown. Any thread. */
int64_t control_node_epoch(struct control *control, const char *name);

/* ---- liveness (presence.c) ---- */

/* A poll or report of that node arrived. Any thread; waits for the writer only while it adds or
 * removes a node. */
void control_node_seen(struct control *control, const char *name);
/* How long ago that was, as liveness counts it: what this server was not able to hear is no
 * silence. False if it was not heard since the start. Any thread. */
bool control_node_silence(struct control *control, const char *name, int64_t *silent_ms);
/* How long agents are told to poll: max(10 s, nodes / 500 per second). Any thread. */
int64_t control_poll_wait_ms(struct control *control);

/* ---- live data (live.c) ---- */

/* Of one report that the node's epoch allows; without samples, too. Any thread. */
void control_node_samples(struct control *control, const char *name,
                          const struct replica_sample *samples, size_t count);
/* What the replica's own node told last of its current attempt. False if nothing, or if the
 * replica has ended. Any thread. */
bool control_replica_sample(struct control *control, struct arena *arena,
                            const struct replica *replica, struct live_sample *found);
/* The last answers of its probes, oldest first; none where there is no sample. Any thread. */
void control_replica_answers(struct control *control, struct arena *arena,
                             const struct replica *replica,
                             struct probe_answers answers[static PROBE_KINDS]);

#endif
