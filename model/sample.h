/* sample.h: live data of one replica: what it uses and what its probes answered last. Sent by its
 * agent, kept in the server's memory only: never recorded, gone with a restart. */
#ifndef DOGSHORE_MODEL_SAMPLE_H
#define DOGSHORE_MODEL_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum probe_kind { PROBE_STARTUP, PROBE_READINESS, PROBE_LIVENESS, PROBE_KINDS };
extern const char *const probe_kind_words[];

/* pending: no threshold was reached yet. */
enum probe_state { PROBE_PENDING, PROBE_PASSING, PROBE_FAILING };
extern const char *const probe_state_words[];

struct probe_sample {
    bool present;            /* the replica has such a probe */
    int state;               /* enum probe_state */
    uint64_t history;        /* newest answer in bit 0, 1 = passed */
    int64_t checks;          /* of this attempt */
    int64_t failures;        /* in a row, now */
    bool last_ok;            /* with checks > 0 */
    const char *last_reason; /* "answered 503 «loading»"; "" when it passed */
    int64_t last_duration_us;
    int64_t last_age_ms; /* when the report was made */
    int64_t age_ms;      /* since its state was told; the server adds it */
};

/* An answer of a probe that a sample told of. */
struct probe_answered {
    int64_t age_ms;
    int64_t duration_us;
    bool ok;
};

struct probe_answers {
    struct probe_answered *items; /* oldest first */
    size_t count;
};

/* What a probe's answers mean until now: sent when it changes, and recorded (model/health.h). */
struct probe_verdict {
    bool present;       /* false = nothing is said of it */
    int state;          /* enum probe_state */
    const char *reason; /* the answer that was not ok; "" when it passes */
};

struct replica_sample {
    const char *id;
    int64_t attempt;
    int64_t cpu_millis;   /* mean since the sample before; -1 = not known */
    int64_t memory_bytes; /* resident, all its processes; -1 = not known */
    int64_t processes;
    struct probe_sample probes[PROBE_KINDS];
};

#endif
