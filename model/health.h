/* health.h: what was seen of a replica's health and of a deployment's availability over time, as
 * spans that follow each other, and how much of a window they fill. Pure: no clock, no store.
 *
 *   ready      unknown ┊ failing ─ ok ───── unknown (its node is silent) ─ ok ─ failing ─► now
 *   readiness            failing ─ ok ───── unknown ────────────────────── ok ─ failing ─► now
 *
 * Times are wall ms. A span lasts from `from_at` up to, not including, `until_at`; 0 there = it has
 * not ended. Time that no span covers is unknown: it was before the first word of the replica's
 * node, or the spans are kept no longer.
 */
#ifndef DOGSHORE_MODEL_HEALTH_H
#define DOGSHORE_MODEL_HEALTH_H

#include "model/sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Whether it gets traffic, and each of its probes. */
enum health_kind { HEALTH_READY, HEALTH_STARTUP, HEALTH_READINESS, HEALTH_LIVENESS, HEALTH_KINDS };
extern const char *const health_kind_words[];

enum health_state { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_FAILING };
extern const char *const health_state_words[];

enum health_kind health_kind_of_probe(enum probe_kind probe);

struct health_span {
    int64_t from_at, until_at;
    int kind;           /* enum health_kind */
    int state;          /* enum health_state */
    const char *reason; /* the answer that it began with; "" = none */
    int64_t attempt;
    int64_t merged; /* further changes within it that were too quick to be kept */
};

struct health_spans {
    struct health_span *items;
    size_t count;
};

struct window {
    int64_t from_at, until_at;
};

/* Of one node: when it was not heard. */
struct silence {
    int64_t from_at, until_at; /* 0 = it is silent now */
};

/* The spans (of one kind, in order) with what the silences (in order) cover made unknown. */
struct health_spans health_silenced(struct arena *arena, struct health_spans spans,
                                    const struct silence *silences, size_t count,
                                    const char *reason);

/* They add up to the length of the window. */
struct health_sum {
    int64_t ok_ms, failing_ms, unknown_ms;
};
struct health_sum health_sum(struct health_spans spans, struct window window);

struct availability_span {
    int64_t from_at, until_at;
    int64_t desired, ready, available;
    int64_t unknown; /* further ones that were available when their silent nodes were last heard */
    int64_t merged;  /* further changes of the numbers within it; none that this file tells apart */
};

struct availability_spans {
    struct availability_span *items;
    size_t count;
};

/* Idle: nothing was wanted. The first four add up to the length of the window; all_ms is a part of
 * some_ms, fewer_ms of some_ms, none_ms and unknown_ms. What depends on replicas whose nodes are
 * silent, and that get traffic all the same, is in none of them but unknown_ms. */
struct availability_sum {
    int64_t some_ms; /* at least one replica was available */
    int64_t none_ms; /* wanted, and none was */
    int64_t idle_ms, unknown_ms;
    int64_t all_ms;   /* at least as many as desired were */
    int64_t fewer_ms; /* fewer than desired were, whatever became of those that nobody hears */
};
struct availability_sum availability_sum(struct availability_spans spans, struct window window);

/* Do two rows mean the same for an availability_sum? */
bool availability_same_sum(const struct availability_span *a, const struct availability_span *b);

/* part / whole; not a number when there is no whole. */
double health_ratio(int64_t part, int64_t whole);

#endif
