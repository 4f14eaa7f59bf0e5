#include "model/health.h"

#include "base/arena.h"

#include <assert.h>
#include <math.h>

const char *const health_kind_words[] = {
    [HEALTH_READY] = "ready",
    [HEALTH_STARTUP] = "startup",
    [HEALTH_READINESS] = "readiness",
    [HEALTH_LIVENESS] = "liveness",
    NULL,
};

const char *const health_state_words[] = {
    [HEALTH_UNKNOWN] = "unknown",
    [HEALTH_OK] = "ok",
    [HEALTH_FAILING] = "failing",
    NULL,
};

enum health_kind health_kind_of_probe(enum probe_kind probe)
{
    switch (probe) {
    case PROBE_STARTUP:
        return HEALTH_STARTUP;
    case PROBE_READINESS:
        return HEALTH_READINESS;
    case PROBE_LIVENESS:
        return HEALTH_LIVENESS;
    case PROBE_KINDS:
        break;
    }
    assert(false);
    return HEALTH_READY;
}

/* ---- silences ---- */

static int64_t end_of(int64_t until_at)
{
    return until_at == 0 ? INT64_MAX : until_at;
}

static int64_t begin_again(int64_t end_at)
{
    return end_at == INT64_MAX ? 0 : end_at;
}

static void add(struct health_spans *spans, const struct health_span *like, int64_t from_at,
                int64_t end_at)
{
    if (from_at >= end_at) return;
    struct health_span *span = &spans->items[spans->count++];
    *span = *like;
    span->from_at = from_at;
    span->until_at = begin_again(end_at);
}

/* The pieces of one span; `next` is the first silence that does not end before it. */
static void add_pieces(struct health_spans *spans, const struct health_span *span,
                       const struct silence *silences, size_t count, size_t next,
                       const char *reason)
{
    struct health_span silent = *span;
    silent.state = HEALTH_UNKNOWN;
    silent.reason = reason;
    silent.merged = 0;
    int64_t at = span->from_at, end_at = end_of(span->until_at);
    for (size_t i = next; i < count && silences[i].from_at < end_at; i++) {
        int64_t quiet_at = silences[i].from_at > at ? silences[i].from_at : at;
        int64_t heard_at = end_of(silences[i].until_at);
        if (heard_at > end_at) heard_at = end_at;
        if (heard_at <= quiet_at) continue;
        add(spans, span, at, quiet_at);
        add(spans, &silent, quiet_at, heard_at);
        at = heard_at;
    }
    add(spans, span, at, end_at);
}

struct health_spans health_silenced(struct arena *arena, struct health_spans spans,
                                    const struct silence *silences, size_t count,
                                    const char *reason)
{
    if (count == 0) return spans;
    /* Each silence cuts at most two spans more out of those that it meets. */
    struct health_spans result = {
        .items = ARENA_ARRAY(arena, struct health_span, 2 * (spans.count + count) + 1)};
    size_t next = 0;
    for (size_t i = 0; i < spans.count; i++) {
        while (next < count && end_of(silences[next].until_at) <= spans.items[i].from_at)
            next++;
        add_pieces(&result, &spans.items[i], silences, count, next, reason);
    }
    return result;
}

/* ---- sums ---- */

static int64_t overlap_ms(int64_t from_at, int64_t until_at, struct window window)
{
    int64_t from = from_at > window.from_at ? from_at : window.from_at;
    int64_t until = end_of(until_at) < window.until_at ? end_of(until_at) : window.until_at;
    return until > from ? until - from : 0;
}

static int64_t length_ms(struct window window)
{
    return window.until_at > window.from_at ? window.until_at - window.from_at : 0;
}

struct health_sum health_sum(struct health_spans spans, struct window window)
{
    struct health_sum sum = {.ok_ms = 0};
    for (size_t i = 0; i < spans.count; i++) {
        const struct health_span *span = &spans.items[i];
        int64_t ms = overlap_ms(span->from_at, span->until_at, window);
        if (span->state == HEALTH_OK) sum.ok_ms += ms;
        if (span->state == HEALTH_FAILING) sum.failing_ms += ms;
    }
    sum.unknown_ms = length_ms(window) - sum.ok_ms - sum.failing_ms;
    return sum;
}

static bool is_some(const struct availability_span *span)
{
    return span->desired > 0 && span->available > 0;
}

static bool is_none(const struct availability_span *span)
{
    return span->desired > 0 && span->available + span->unknown == 0;
}

static bool is_all(const struct availability_span *span)
{
    return span->desired > 0 && span->available >= span->desired;
}

static bool is_fewer(const struct availability_span *span)
{
    return span->available + span->unknown < span->desired;
}

struct availability_sum availability_sum(struct availability_spans spans, struct window window)
{
    struct availability_sum sum = {.some_ms = 0};
    for (size_t i = 0; i < spans.count; i++) {
        const struct availability_span *span = &spans.items[i];
        int64_t ms = overlap_ms(span->from_at, span->until_at, window);
        if (span->desired == 0) sum.idle_ms += ms;
        if (is_some(span)) sum.some_ms += ms;
        if (is_none(span)) sum.none_ms += ms;
        if (is_all(span)) sum.all_ms += ms;
        if (is_fewer(span)) sum.fewer_ms += ms;
    }
    sum.unknown_ms = length_ms(window) - sum.some_ms - sum.none_ms - sum.idle_ms;
    return sum;
}

bool availability_same_sum(const struct availability_span *a, const struct availability_span *b)
{
    return (a->desired == 0) == (b->desired == 0) && is_some(a) == is_some(b) &&
           is_none(a) == is_none(b) && is_all(a) == is_all(b) && is_fewer(a) == is_fewer(b);
}

double health_ratio(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}
