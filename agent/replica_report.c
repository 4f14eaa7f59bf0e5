/* A replica as the server is told of it. */
#include "agent/replica_parts.h"
#include "model/replica.h"
#include "wire/object_wire.h"

#include <assert.h>

/* While it waits for its next attempt it is shown where the last one ended: never back within an
 * attempt. */
static enum replica_phase reported_phase(const struct replica_record *record)
{
    switch ((enum local_phase)record->phase) {
    case LOCAL_WAITING:
        return record->ran ? REPLICA_RUNNING : REPLICA_STARTING;
    case LOCAL_STARTING:
        return REPLICA_STARTING;
    case LOCAL_RUNNING:
    case LOCAL_REPLACING:
        return REPLICA_RUNNING;
    case LOCAL_DRAINING:
    case LOCAL_TERMINATING:
    case LOCAL_KILLING:
        return REPLICA_STOPPING;
    case LOCAL_ENDED:
        return record->failed ? REPLICA_FAILED : REPLICA_STOPPED;
    }
    assert(false);
    return REPLICA_FAILED;
}

/* Between two attempts nobody is asked, and whoever asked would get no answer. */
static struct probe_verdict verdict_of(const struct local_replica *replica, enum probe_kind kind)
{
    const struct probe_record *record = &replica->probes[kind].record;
    if (replica_probe(replica, kind) == NULL) return (struct probe_verdict){.present = false};
    bool ended = replica->record.phase == LOCAL_WAITING && kind != PROBE_STARTUP;
    if (ended && record->state == PROBE_PASSING)
        return (struct probe_verdict){
            .present = true, .state = PROBE_FAILING, .reason = "its process has ended"};
    return (struct probe_verdict){
        .present = true,
        .state = record->state,
        .reason = record->state == PROBE_FAILING ? record->last.reason : "",
    };
}

void local_replica_change(const struct local_replica *replica, struct replica_change *change)
{
    const struct replica_record *record = &replica->record;
    *change = (struct replica_change){
        .id = record->id,
        .attempt = record->attempt > 0 ? record->attempt : 1,
        .state = (int)reported_phase(record),
        .ready = record->ready && record->phase == LOCAL_RUNNING,
        .reason = record->reason,
        .ports = record->ports,
        .pid = replica->pid,
        .has_exit = record->has_exit,
        .exit_code = record->exit_code,
        .exit_signal = record->exit_signal,
        .log_tail = replica->log_tail,
    };
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        change->probes[kind] = verdict_of(replica, (enum probe_kind)kind);
    if (!replica->check.answered) return;
    change->check_round = replica->check.round;
    change->check_passed = replica->check.passed;
    change->check_reason = replica->check.reason;
}

void local_replica_touch(struct local_replica *replica)
{
    replica_changed(replica);
}

void local_replica_told(struct local_replica *replica)
{
    replica->told_version = replica->sent_version;
    if (local_replica_is_dirty(replica)) return;
    free(replica->log_tail);
    replica->log_tail = NULL;
}
