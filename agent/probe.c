#include "agent/probe.h"

#include "model/template.h"

void probe_reset(struct probe_record *record)
{
    *record = (struct probe_record){.state = PROBE_PENDING};
}

static void count(struct probe_record *record, bool ok)
{
    record->history = record->history << 1 | (ok ? 1 : 0);
    record->checks++;
    record->passes = ok ? record->passes + 1 : 0;
    record->failures = ok ? 0 : record->failures + 1;
}

static int verdict(const struct probe_record *record, const struct probe *settings)
{
    if (record->passes > 0 && record->passes >= settings->success_threshold) return PROBE_PASSING;
    if (record->failures > 0 && record->failures >= settings->failure_threshold)
        return PROBE_FAILING;
    return record->state;
}

bool probe_take(struct probe_record *record, const struct probe *settings,
                const struct probe_answer *answer, int64_t now_ms)
{
    int before = record->state;
    count(record, answer->ok);
    record->last = *answer;
    record->last_at_ms = now_ms;
    record->state = verdict(record, settings);
    return record->state != before;
}
