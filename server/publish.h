/* publish.h: what has been published (committed and announced) of every facet, who waits for the
 * next change of one, and the bodies that are still true.
 *
 *     before a read:  publish_look    → the facet's index (and perhaps a cached body)
 *     after it:       publish_cache   inserts only if the facet has not moved since the look
 *                     publish_park    parks only if it has not moved since what was read
 *     after a commit: publish_touched moves indexes, removes stale bodies, wakes watches
 *
 * Because look, park and publish take the same lock, a change either is in what was read, or finds
 * the watch parked, or makes publish_park refuse. A facet that is not in the registry counts as
 * last moved at the shard's floor, which is 0 until idle facets were swept out to bound memory.
 *
 * Lists and events change with almost every write: their watches are told at most every 50 ms. A
 * watch that is woken earlier gets a due time and its loop reads then: an event, not a poll.
 *
 * Ownership: a watch lives in its exchange; once woken it is the loop's again when the wake
 * function's message has arrived. Threads: all functions from any thread.
 */
#ifndef DOGSHORE_SERVER_PUBLISH_H
#define DOGSHORE_SERVER_PUBLISH_H

#include "base/list.h"
#include "store/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cached_body;
struct mail;
struct mailbox;
struct publish;

struct watch {
    struct list_link link;
    void *facet;    /* NULL when not parked */
    int64_t floor;  /* wakes when the facet's index is above it */
    int64_t due_ms; /* when woken: not to be acted on earlier (boot ms) */
    /* Where the wake function says so. */
    struct mailbox *mailbox;
    struct mail *mail;
};

/* Hands a woken watch to its loop; runs under a lock and must not call back. */
typedef void publish_wake(struct watch *watch);

struct publish *publish_open(publish_wake *wake, size_t watches_max);
void publish_close(struct publish *publish); /* NULL is fine; nothing may be parked */

struct facet_name {
    enum facet_kind kind;
    const char *key;
};

/* The facet's index. `body`, if not NULL, gets a reference to the cached body of `view`, or NULL.
 */
int64_t publish_look(struct publish *publish, struct facet_name name, unsigned view,
                     struct cached_body **body);
/* `seen` is what publish_look gave before the read that made `body`. */
void publish_cache(struct publish *publish, struct facet_name name, unsigned view, int64_t seen,
                   struct cached_body *body);

enum park_result {
    PARK_PARKED,
    PARK_MOVED, /* the facet is above watch->floor: read again at watch->due_ms */
    PARK_FULL   /* too many watches: answer at once */
};
/* The caller has set watch->floor. */
enum park_result publish_park(struct publish *publish, struct facet_name name, int64_t now_ms,
                              struct watch *watch);
/* True when taken back; false when the watch has been woken, so that its message is on its way. */
bool publish_unpark(struct publish *publish, struct facet_name name, struct watch *watch);

size_t publish_watches(const struct publish *publish); /* how many are parked */

void publish_touched(struct publish *publish, const struct touched *touched, size_t count,
                     int64_t now_ms);

#endif
