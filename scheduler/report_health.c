/* From what an agent says to the history of its replica's health. Nothing is looked up for a change
 * that says nothing of it: a worker may send no verdicts at all. */
#include "base/arena.h"
#include "base/clock.h"
#include "scheduler/control_parts.h"
#include "scheduler/live.h"
#include "scheduler/report_parts.h"
#include "store/health.h"
#include "store/writer.h"

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
static const char *why_not_ready(const struct replica *before, const struct replica *after)
{
    bool silent = after->reason == NULL || *after->reason == '\0';
    bool was_ready = before->ready && before->attempt == after->attempt;
    if (!silent) return after->reason;
    if (after->phase != REPLICA_RUNNING) return replica_phase_words[after->phase];
    return was_ready ? "not ready any more" : "not ready yet";
}

static bool readiness_is_news(const struct replica *before, const struct replica *after)
{
    return before->ready != after->ready || before->attempt != after->attempt ||
           before->phase <= REPLICA_ASSIGNED;
}

struct sample_name {
    const char *node, *id;
};

static struct sample_name *name_sample(const struct reporting *reporting,
                                       const struct replica *replica)
{
    struct arena *arena = tx_arena(reporting->tx);
    struct sample_name *name = ARENA_NEW(arena, struct sample_name);
    name->node = arena_strdup(arena, reporting->node);
    name->id = arena_strdup(arena, replica->id);
    return name;
}

/* A verdict that was not recorded after all: nothing is known until the next sample. */
static void forget_sample(void *self, void *argument)
{
    const struct sample_name *name = argument;
    live_forget(self, name->node, name->id);
}

/* Told before it is recorded, so that nobody who reads the record finds an older sample. */
static enum err_code observe_verdict(const struct reporting *reporting,
                                     const struct replica *replica, enum probe_kind kind,
                                     const struct probe_verdict *verdict, struct err *err)
{
    const struct control *control = reporting->control;
    if (live_tell_verdict(control->live, reporting->node, replica->id, replica->attempt, kind,
                          (enum probe_state)verdict->state, clock_boot_ms(&control->clock)))
        tx_stage(reporting->tx, forget_sample, control->live, name_sample(reporting, replica));
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
                        after->ready ? NULL : why_not_ready(before, after), err));
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        const struct probe_verdict *verdict = &change->probes[kind];
        if (!verdict->present) continue;
        TRY(observe_verdict(reporting, after, (enum probe_kind)kind, verdict, err));
    }
    return ERR_OK;
}
