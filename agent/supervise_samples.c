/* Live data of what runs: usage and the last answers of the probes. */
#include "agent/replica_parts.h"
#include "agent/supervise_parts.h"
#include "base/clock.h"

static struct probe_sample probe_sample_of(const struct local_replica *replica,
                                           enum probe_kind kind, int64_t now_ms)
{
    const struct probe_record *record = &replica->probes[kind].record;
    if (replica_probe(replica, kind) == NULL) return (struct probe_sample){.present = false};
    return (struct probe_sample){
        .present = true,
        .state = record->state,
        .history = record->history,
        .checks = record->checks,
        .failures = record->failures,
        .last_ok = record->last.ok,
        .last_reason = record->last.reason,
        .last_duration_us = record->last.duration_us,
        .last_age_ms = record->checks > 0 ? now_ms - record->last_at_ms : 0,
    };
}

static void take_sample(struct runner *runner, int64_t now_ms, struct replica_sample *sample)
{
    struct local_replica *replica = &runner->replica;
    struct usage usage;
    usage_read(replica->pid, &runner->usage, clock_monotonic_us(), &usage);
    *sample = (struct replica_sample){
        .id = replica->record.id,
        .attempt = replica->record.attempt,
        .cpu_millis = usage.cpu_millis,
        .memory_bytes = usage.memory_bytes,
        .processes = usage.processes,
    };
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        sample->probes[kind] = probe_sample_of(replica, (enum probe_kind)kind, now_ms);
}

void supervisor_samples(struct supervisor *supervisor, struct arena *arena, size_t most,
                        struct replica_sample **samples, size_t *count)
{
    const char *id;
    void *found;
    size_t position = 0;
    size_t room = supervisor->runners.count < most ? supervisor->runners.count : most;
    int64_t now_ms = loop_now_ms(supervisor->settings.loop);
    *samples = ARENA_ARRAY(arena, struct replica_sample, room);
    *count = 0;
    while (*count < room && map_next(&supervisor->runners, &position, &id, &found)) {
        struct runner *runner = found;
        if (runner->replica.pid > 0) take_sample(runner, now_ms, &(*samples)[(*count)++]);
    }
}
