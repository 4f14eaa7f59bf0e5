/* probe.h: what the answers of a probe mean: thresholds, history, verdict. Pure: no clock, no I/O.
 *
 * As in Kubernetes: `success_threshold` passes in a row make it passing, `failure_threshold`
 * failures in a row make it failing; between them it stays what it was. It begins pending.
 */
#ifndef DOGSHORE_AGENT_PROBE_H
#define DOGSHORE_AGENT_PROBE_H

#include "base/limits.h"
#include "model/sample.h"

#include <stdbool.h>
#include <stdint.h>

struct probe; /* model/template.h: its settings */

struct probe_answer {
    bool ok;
    int64_t duration_us;
    char reason[LIMIT_REPLICA_REASON_BYTES]; /* "" when ok; sanitised, a named cause first:
        "answered 503 «loading model»", "timed out after 1 s", "connection refused", … */
};

struct probe_record {
    int state; /* enum probe_state */
    uint64_t history;
    int64_t checks, passes, failures; /* passes and failures: in a row */
    struct probe_answer last;
    int64_t last_at_ms;
};

void probe_reset(struct probe_record *record);
/* True when the state changed. */
bool probe_take(struct probe_record *record, const struct probe *settings,
                const struct probe_answer *answer, int64_t now_ms);

#endif
