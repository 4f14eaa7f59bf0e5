/* answer_ring.h: the newest answers of one probe, at most LIMIT_PROBE_RECENT of them, 8 bytes each.
 *
 * It grows as answers come, so that a probe that is asked rarely costs little. NULL is an empty
 * ring. Times are boot_ms of the caller's clock, kept to 10 ms. Threads: the caller's lock. */
#ifndef DOGSHORE_SCHEDULER_ANSWER_RING_H
#define DOGSHORE_SCHEDULER_ANSWER_RING_H

#include "model/sample.h"

struct arena;
struct answer_ring;

/* The ring may move: the caller keeps what is returned instead of what it passed. */
struct answer_ring *answer_ring_add(struct answer_ring *ring, bool ok, int64_t duration_us,
                                    int64_t at_ms);
/* Oldest first, copied. */
struct probe_answers answer_ring_read(const struct answer_ring *ring, struct arena *arena,
                                      int64_t now_ms);
void answer_ring_free(struct answer_ring *ring);

#endif
