/* From what an agent says to the history of its replica's health. Nothing is looked up for a change
 * that says nothing of it: a worker may send no verdicts at all. */
#include "base/clock.h"
#include "scheduler/control_parts.h"
#include "scheduler/live.h"
#include "scheduler/report_parts.h"
#include "store/health.h"

static enum health_state state_of_verdict(const struct probe_verdict *verdict)
{
    switch ((enum probe_state)verdict->state) {
    case PROBE_PENDING:
        return HEALTH_UNKNOWN;
    case PROBE_PASSING:
        return HEALTH_OK;
    case PROBE_FAILING:
        return HEALTH_FAILING;
    }
    return HEALTH_UNKNOWN;
}

/* Its agent says why a process is not ready; before and after there is none, or it ends. */
static const char *why_not_ready(const struct replica *replica)
{
    bool silent = replica->reason == NULL || *replica->reason == '\0';
    if (!silent) return replica->reason;
    return replica->phase == REPLICA_RUNNING ? "not ready yet"
                                             : replica_phase_words[replica->phase];
}

static bool readiness_is_news(const struct replica *before, const struct replica *after)
{
    return before->ready != after->ready || before->attempt != after->attempt ||
           before->phase <= REPLICA_ASSIGNED;
}

static enum err_code observe_verdict(const struct reporting *reporting,
                                     const struct replica *replica, enum probe_kind kind,
                                     const struct probe_verdict *verdict, struct err *err)
{
    const struct control *control = reporting->control;
    live_tell_verdict(control->live, reporting->node, replica->id, replica->attempt, kind,
                      (enum probe_state)verdict->state, clock_boot_ms(&control->clock));
    return health_note(reporting->tx, replica, health_kind_of_probe(kind),
                       state_of_verdict(verdict), verdict->reason, err);
}

enum err_code observe_health(const struct reporting *reporting, const struct replica *before,
                             const struct replica *after, const struct replica_change *change,
                             struct err *err)
{
    if (replica_phase_final(after->phase)) return ERR_OK;
    if (readiness_is_news(before, after))
        TRY(health_note(reporting->tx, after, HEALTH_READY,
                        after->ready ? HEALTH_OK : HEALTH_FAILING,
                        after->ready ? NULL : why_not_ready(after), err));
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        const struct probe_verdict *verdict = &change->probes[kind];
        if (!verdict->present) continue;
        TRY(observe_verdict(reporting, after, (enum probe_kind)kind, verdict, err));
    }
    return ERR_OK;
}
