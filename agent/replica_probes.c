/* Startup first; once it passed, readiness and liveness side by side. A check that was slept
 * through, by a stopped agent or a machine in standby, says nothing and is made again. */
#include "agent/replica_parts.h"
#include "base/clock.h"
#include "base/text.h"

#include <assert.h>

enum { JITTER_DIVISOR = 20 };

const struct probe *replica_probe(const struct local_replica *replica, enum probe_kind kind)
{
    const struct probes *probes = &replica->template->probes;
    switch (kind) {
    case PROBE_STARTUP:
        return probes->startup;
    case PROBE_READINESS:
        return probes->readiness;
    case PROBE_LIVENESS:
        return probes->liveness;
    case PROBE_KINDS:
        break;
    }
    assert(false);
    return NULL;
}

/* --- readiness ---------------------------------------------------------------------------------
 */

/* Ready so long, and the back-off begins anew. */
static bool was_steady(const struct local_replica *replica)
{
    int64_t enough_ms = replica->template->restart.backoff_max_seconds * SECOND_MS;
    if (enough_ms > REPLICA_STEADY_MS) enough_ms = REPLICA_STEADY_MS;
    return replica->host->now_ms(replica->host) - replica->ready_since_ms >= enough_ms;
}

void replica_note_unready(struct local_replica *replica)
{
    struct replica_record *record = &replica->record;
    if (record->ready && was_steady(replica)) record->backoff_ms = 0;
    record->ready = false;
}

static void set_ready(struct local_replica *replica)
{
    struct replica_record *record = &replica->record;
    replica_set_reason(replica, "%s", "");
    if (record->ready) return;
    record->ready = true;
    replica->ready_since_ms = replica->host->now_ms(replica->host);
    if (replica_probe(replica, PROBE_READINESS) != NULL) record->was_ready = true;
    replica_log(replica, LOG_INFO, "replica_ready");
    replica_save(replica, false);
    replica_changed(replica);
    replica_check_begin(replica);
}

/* Of one that was; why another is not is for say_why(). */
static void set_unready(struct local_replica *replica, const char *reason)
{
    if (!replica->record.ready) return;
    replica_note_unready(replica);
    replica_set_reason(replica, "%s", reason);
    replica_log(replica, LOG_WARN, "replica_unready");
    replica_save(replica, false);
    replica_note_log(replica);
    replica_changed(replica);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void ask(struct local_replica *replica, enum probe_kind kind)
{
    struct watched_probe *watched = &replica->probes[kind];
    watched->asked = true;
    watched->asked_at_ms = replica->host->now_ms(replica->host);
    replica->host->check(replica->host, replica, kind);
}

static void ask_after(struct local_replica *replica, enum probe_kind kind, int64_t delay_ms)
{
    replica->host->set_timer(replica->host, replica, (int)kind, delay_ms);
}

static int64_t random_ms(const struct local_replica *replica, int64_t below_ms)
{
    if (below_ms <= 0) return 0;
    return (int64_t)replica->host->random_below(replica->host, (uint64_t)below_ms);
}

/* A period from check to check, a little less or more, so that many replicas do not march. */
static void ask_next(struct local_replica *replica, enum probe_kind kind)
{
    int64_t period_ms = replica_probe(replica, kind)->period_seconds * SECOND_MS;
    int64_t jitter_ms = period_ms / JITTER_DIVISOR;
    int64_t due_ms = replica->probes[kind].asked_at_ms + period_ms - jitter_ms / 2 +
                     random_ms(replica, jitter_ms);
    int64_t now_ms = replica->host->now_ms(replica->host);
    ask_after(replica, kind, due_ms > now_ms ? due_ms - now_ms : 0);
}

static void begin(struct local_replica *replica, enum probe_kind kind, bool spread)
{
    const struct probe *settings = replica_probe(replica, kind);
    if (settings == NULL) return;
    if (spread)
        ask_after(replica, kind, random_ms(replica, settings->period_seconds * SECOND_MS));
    else
        ask_after(replica, kind, settings->initial_delay_seconds * SECOND_MS);
}

static void begin_live(struct local_replica *replica, bool spread)
{
    if (replica->record.template == NULL) return; /* nothing vouches for it */
    begin(replica, PROBE_LIVENESS, spread);
    if (replica_probe(replica, PROBE_READINESS) != NULL) {
        begin(replica, PROBE_READINESS, spread);
        return;
    }
    set_ready(replica);
    replica->host->set_timer(replica->host, replica, REPLICA_TIMER_PHASE, REPLICA_PROVEN_MS);
}

/* What an adopted process had passed it still passes, until its probe says otherwise. */
static void believe(struct local_replica *replica)
{
    const struct replica_record *record = &replica->record;
    if (record->startup_passed) replica->probes[PROBE_STARTUP].record.state = PROBE_PASSING;
    if (!record->ready) return;
    replica->probes[PROBE_READINESS].record.state = PROBE_PASSING;
    replica->ready_since_ms = replica->host->now_ms(replica->host);
}

void replica_probes_begin(struct local_replica *replica, bool spread)
{
    if (spread) believe(replica);
    if (replica_probe(replica, PROBE_STARTUP) != NULL && !replica->record.startup_passed)
        begin(replica, PROBE_STARTUP, spread);
    else
        begin_live(replica, spread);
}

void replica_probes_end(struct local_replica *replica)
{
    replica_check_end(replica);
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        ask_after(replica, (enum probe_kind)kind, -1);
        if (!replica->probes[kind].asked) continue;
        replica->probes[kind].asked = false;
        replica->host->cancel_check(replica->host, replica, (enum probe_kind)kind);
    }
}

void replica_probes_reset(struct local_replica *replica)
{
    replica_probes_end(replica);
    replica_check_reset(replica);
    for (int kind = 0; kind < PROBE_KINDS; kind++)
        probe_reset(&replica->probes[kind].record);
}

/* --- what the answers mean -------------------------------------------------------------------- */

/* Why it is not ready yet: people read it while they wait. */
static void say_why(struct local_replica *replica, const char *prefix, const char *reason)
{
    char before[sizeof replica->reason];
    snprintf(before, sizeof before, "%s", replica->reason);
    replica_set_reason(replica, "%s%s", prefix, reason);
    if (text_equal(before, replica->reason)) return;
    if (*reason != '\0') replica_note_log(replica);
    replica_changed(replica);
}

static void take_startup(struct local_replica *replica, const struct probe_record *record)
{
    if (!record->last.ok) say_why(replica, "startup probe: ", record->last.reason);
    if (record->state == PROBE_FAILING) {
        replica_replace(replica, true);
    } else if (record->state == PROBE_PASSING) {
        replica->record.startup_passed = true;
        say_why(replica, "", "");
        replica_save(replica, false);
        begin_live(replica, false);
    } else {
        ask_next(replica, PROBE_STARTUP);
    }
}

static void take_readiness(struct local_replica *replica, const struct probe_record *record,
                           bool moved)
{
    if (moved && record->state == PROBE_PASSING) set_ready(replica);
    if (moved && record->state == PROBE_FAILING && replica->record.ready)
        set_unready(replica, record->last.reason);
    else if (!replica->record.ready && !record->last.ok)
        say_why(replica, "", record->last.reason);
    ask_next(replica, PROBE_READINESS);
}

static void take_liveness(struct local_replica *replica, const struct probe_record *record)
{
    if (record->state != PROBE_FAILING) {
        ask_next(replica, PROBE_LIVENESS);
        return;
    }
    replica_set_reason(replica, "liveness probe: %s", record->last.reason);
    replica_replace(replica, false);
}

static bool slept_through(const struct local_replica *replica, enum probe_kind kind)
{
    int64_t timeout_ms = replica_probe(replica, kind)->timeout_seconds * SECOND_MS;
    int64_t took_ms = replica->host->now_ms(replica->host) - replica->probes[kind].asked_at_ms;
    return took_ms > timeout_ms + REPLICA_OVERSLEPT_MS;
}

void local_replica_answered(struct local_replica *replica, enum probe_kind kind,
                            const struct probe_answer *answer)
{
    struct watched_probe *watched = &replica->probes[kind];
    watched->asked = false;
    if (replica->record.phase != LOCAL_RUNNING) return;
    if (slept_through(replica, kind)) {
        ask(replica, kind);
        return;
    }
    bool moved = probe_take(&watched->record, replica_probe(replica, kind), answer,
                            replica->host->now_ms(replica->host));
    if (moved) replica_changed(replica);
    switch (kind) {
    case PROBE_STARTUP:
        take_startup(replica, &watched->record);
        return;
    case PROBE_READINESS:
        take_readiness(replica, &watched->record, moved);
        return;
    case PROBE_LIVENESS:
        take_liveness(replica, &watched->record);
        return;
    case PROBE_KINDS:
        break;
    }
    assert(false);
}

void replica_probe_is_due(struct local_replica *replica, enum probe_kind kind)
{
    if (replica->record.phase == LOCAL_RUNNING && !replica->probes[kind].asked) ask(replica, kind);
}
