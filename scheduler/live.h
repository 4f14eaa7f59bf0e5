/* live.h: what agents told last about the resources and probes of their replicas.
 *
 * Memory only: nothing of it is recorded, and a restart begins with nothing. A sample is kept under
 * the node that sent it, so whoever looks for a replica's sample at that replica's own node never
 * meets another node's word. That an id exists is not checked when its sample arrives, since that
 * would cost a query each; instead each node may hold no more samples than the store has replicas
 * on it and LIVE_SPARE, and those that were not told for longest go first. So what ended falls out,
 * and an agent that invents ids pushes out nothing but its own.
 *
 * Beside its newest sample a replica has the last answers of each of its probes (answer_ring.h),
 * which take at most 500 bytes a probe.
 *
 * Times are boot_ms of the caller's clock. Threads: any. Looking and telling take a read lock that
 * is held for writing only while a node is added or removed, and the node's own lock.
 */
#ifndef DOGSHORE_SCHEDULER_LIVE_H
#define DOGSHORE_SCHEDULER_LIVE_H

#include "model/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct live;

enum { LIVE_SPARE = 64 }; /* replicas that are being stopped as unknown have samples, too */

void live_open(struct live **live);
void live_close(struct live *live); /* NULL is fine */

void live_add_node(struct live *live, const char *node); /* again: keeps what is there */
void live_remove_node(struct live *live, const char *node);

/* Samples of one report, copied; those of an unknown node are ignored. `replicas`: how many the
 * store has on the node. A report without samples makes room, too. */
void live_tell(struct live *live, const char *node, int64_t replicas,
               const struct replica_sample *samples, size_t count, int64_t now_ms);

/* A probe's verdict changed, which is told at once and not with the next sample: no sample that is
 * looked at is older than what was recorded. Of an attempt of which there is no sample yet, its
 * probes have made no checks and its usage is not known. False when nothing is known of the replica
 * or of a later attempt alone: then nothing has changed. */
bool live_tell_verdict(struct live *live, const char *node, const char *id, int64_t attempt,
                       enum probe_kind kind, enum probe_state state, int64_t now_ms);

struct live_sample {
    struct replica_sample sample; /* its ages count up to now */
    bool sampled;                 /* false: verdicts of its attempt are all there is */
    int64_t age_ms;               /* since the newest sample arrived */
};
/* False when that node told nothing of that replica. */
bool live_look(struct live *live, struct arena *arena, const char *node, const char *id,
               int64_t now_ms, struct live_sample *found);
/* The newest answers that its samples told of, by enum probe_kind; false as above. An answer that
 * two samples told of is there once. */
bool live_answers(struct live *live, struct arena *arena, const char *node, const char *id,
                  int64_t now_ms, struct probe_answers answers[static PROBE_KINDS]);
/* It has ended. Fine when nothing is known of it. */
void live_forget(struct live *live, const char *node, const char *id);
size_t live_count(struct live *live, const char *node);

#endif
