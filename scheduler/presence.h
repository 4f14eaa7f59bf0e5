/* presence.h: when each node was last heard, and which nodes the liveness step must look at now.
 *
 * A poll or a report notes its arrival here on the HTTP loop that got it; the writer is not
 * involved. A node that nobody needs to judge costs nothing per tick: each has one timer, and the
 * liveness step takes only the nodes that are due.
 *
 * All times are ms of the presence clock: boot_ms less what was forgiven. presence_forgive() makes
 * it stand still for as long as this server was not able to listen, so that its own stall is no
 * node's silence. liveness_judge() (plan/liveness.h) is called with times of this one clock and
 * forgiven_ms and forgiven_then_ms 0.
 *
 * The liveness step, once per tick:
 *   presence_due()    takes the nodes whose timer has run out
 *   … judges each by `last_seen_ms` and the node's stored state, submits what changes …
 *   presence_watch()  for every node taken: when to look again; `silent` for a node judged suspect
 *                     or lost: its next arrival makes it due at once
 *
 * Threads: note, last_seen, now and count from any; add and remove from the writer's, due, watch
 * and forgive from the scheduler's (or from one thread that is all of them). Noting takes a read
 * lock which is held for writing only while a node is added or removed.
 */
#ifndef DOGSHORE_SCHEDULER_PRESENCE_H
#define DOGSHORE_SCHEDULER_PRESENCE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct presence;

void presence_open(struct presence **presence, struct clock clock);
void presence_close(struct presence *presence); /* NULL is fine */

/* A node is known from now on and due at the next tick. `heard`: it was heard now; otherwise (after
 * a start) not yet, and last_seen_ms is 0. */
void presence_add(struct presence *presence, const char *name, bool heard);
void presence_remove(struct presence *presence, const char *name); /* fine when not known */

/* It was heard. Unknown names are ignored: a poll of a node that was removed meanwhile. */
void presence_note(struct presence *presence, const char *name);
/* 0 = not since the start. False if no such node. */
bool presence_last_seen(struct presence *presence, const char *name, int64_t *last_seen_ms);
int64_t presence_count(const struct presence *presence);

int64_t presence_now_ms(const struct presence *presence);
void presence_forgive(struct presence *presence, int64_t stall_ms);

struct presence_due {
    const char *name;
    int64_t last_seen_ms; /* 0 = not since the start */
};
/* Takes at most `max` nodes that are due, most overdue first. A node taken is not due again before
 * presence_watch(). */
void presence_due(struct presence *presence, struct arena *arena, size_t max,
                  struct presence_due **items, size_t *count);
/* `seen_ms` is the last_seen_ms that was judged: a silent node that was heard since is due now. */
void presence_watch(struct presence *presence, const char *name, int64_t due_ms, int64_t seen_ms,
                    bool silent);

#endif
