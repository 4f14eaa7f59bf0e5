/* The life of a replica: attempts, what follows their end, and how its stop goes on. */
#include "model/replica.h"

#include "agent/replica_parts.h"
#include "base/clock.h"
#include "base/text.h"

#include <assert.h>

enum { FAILED_START_BACKOFF_MS = 1000 };

/* Of a process whose template is not known here: a plain stop, no probes. */
static const struct template unknown_template = {
    .stop = {.signal = "SIGTERM", .drain_seconds = 5, .grace_seconds = 10},
    .restart = {.backoff_initial_seconds = 1, .backoff_max_seconds = 60},
};

/* --- what it is made of ----------------------------------------------------------------------- */

void local_replica_set_ports(struct local_replica *replica, const struct ports *ports)
{
    struct ports *own = &replica->record.ports;
    own->items = ARENA_ARRAY(&replica->memory, struct port, ports->count);
    own->count = ports->count;
    for (size_t i = 0; i < ports->count; i++) {
        own->items[i].name = arena_strdup(&replica->memory, ports->items[i].name);
        own->items[i].number = ports->items[i].number;
    }
}

static void set_template(struct local_replica *replica, const struct template *template,
                         const char *template_hash)
{
    replica->record.template = template;
    replica->record.template_hash = template == NULL ? "" : template_hash;
    replica->template = template == NULL ? &unknown_template : template;
}

static const char *own_text(struct local_replica *replica, const char *text)
{
    return arena_strdup(&replica->memory, text == NULL ? "" : text);
}

void local_replica_init(struct local_replica *replica, struct replica_host *host,
                        const struct replica_record *record, const struct template *template,
                        const char *template_hash)
{
    *replica = (struct local_replica){.host = host, .record = *record, .version = 1};
    arena_init(&replica->memory);
    arena_init(&replica->check.memory);
    replica->record.id = own_text(replica, record->id);
    replica->record.deployment = own_text(replica, record->deployment);
    replica->record.cluster = own_text(replica, record->cluster);
    replica->record.boot_id = own_text(replica, record->boot_id);
    local_replica_set_ports(replica, &record->ports);
    set_template(replica, template, template_hash);
    replica_set_reason(replica, "%s", record->reason == NULL ? "" : record->reason);
}

void local_replica_release(struct local_replica *replica)
{
    arena_release(&replica->memory);
    arena_release(&replica->check.memory);
    free(replica->log_tail);
}

/* --- small steps ------------------------------------------------------------------------------ */

void replica_set_reason(struct local_replica *replica, const char *format, ...)
{
    auto_arena arena;
    va_list arguments;
    arena_init(&arena);
    va_start(arguments, format);
    const char *words = arena_vprintf(&arena, format, arguments);
    va_end(arguments);
    const char *safe = text_sanitise(&arena, words, strlen(words), LIMIT_REPLICA_REASON_BYTES);
    snprintf(replica->reason, sizeof replica->reason, "%s", safe);
    replica->record.reason = replica->reason;
}

void replica_log(const struct local_replica *replica, enum log_level level, const char *event)
{
    struct log_line line;
    const struct replica_record *record = &replica->record;
    log_begin(&line, level, event);
    log_string(&line, "replica", record->id);
    if (*record->deployment != '\0') log_string(&line, "deployment", record->deployment);
    log_int(&line, "attempt", record->attempt);
    if (replica->pid > 0) log_int(&line, "pid", replica->pid);
    if (*record->reason != '\0') log_string(&line, "reason", record->reason);
    log_end(&line);
}

void replica_changed(struct local_replica *replica)
{
    replica->version++;
    replica->host->changed(replica->host, replica);
}

void replica_note_log(struct local_replica *replica)
{
    free(replica->log_tail);
    replica->log_tail = replica->host->log_tail(replica->host, replica);
}

/* A journal that is behind costs nothing but a repeated step after a restart of the agent; only a
 * start needs it to be there. */
void replica_save(struct local_replica *replica, bool durable)
{
    struct err err;
    if (replica->host->save(replica->host, replica, durable, &err) == ERR_OK) return;
    log_message(LOG_ERROR, "journal_failed", "%s", err.detail);
}

static void set_phase_timer(struct local_replica *replica, int64_t delay_ms)
{
    replica->host->set_timer(replica->host, replica, REPLICA_TIMER_PHASE, delay_ms);
}

static void cancel_phase_timer(struct local_replica *replica)
{
    set_phase_timer(replica, -1);
}

static void finish(struct local_replica *replica, bool failed)
{
    cancel_phase_timer(replica);
    replica_probes_end(replica);
    replica->begun = true;
    replica->record.phase = LOCAL_ENDED;
    replica->record.failed = failed;
    replica->record.ready = false;
    replica->pid = 0;
    replica_log(replica, failed ? LOG_WARN : LOG_INFO,
                failed ? "replica_failed" : "replica_stopped");
    replica_save(replica, true);
    replica_changed(replica);
}

void local_replica_refuse(struct local_replica *replica, bool failed, const char *reason)
{
    replica_set_reason(replica, "%s", reason);
    finish(replica, failed);
}

/* --- attempts --------------------------------------------------------------------------------- */

static void wait_for_next(struct local_replica *replica, int64_t delay_ms)
{
    replica->record.phase = LOCAL_WAITING;
    set_phase_timer(replica, delay_ms);
    replica_save(replica, false);
    replica_changed(replica);
}

static int64_t next_backoff_ms(struct local_replica *replica, int64_t least_ms)
{
    const struct restart_policy *restart = &replica->template->restart;
    int64_t *backoff_ms = &replica->record.backoff_ms;
    int64_t most_ms = restart->backoff_max_seconds * SECOND_MS;
    *backoff_ms = *backoff_ms == 0 ? restart->backoff_initial_seconds * SECOND_MS : 2 * *backoff_ms;
    if (*backoff_ms > most_ms) *backoff_ms = most_ms;
    if (*backoff_ms < least_ms) *backoff_ms = least_ms;
    return *backoff_ms;
}

/* Nothing was run: this machine is at fault, not the template. */
static void start_failed(struct local_replica *replica, const char *why)
{
    replica_set_reason(replica, "spawn_failed: %s", why);
    replica->record.failed_starts++;
    replica_log(replica, LOG_WARN, "replica_not_started");
    if (replica->record.failed_starts >= REPLICA_FAILED_STARTS_MAX)
        finish(replica, true);
    else
        wait_for_next(replica, next_backoff_ms(replica, FAILED_START_BACKOFF_MS));
}

static enum err_code begin_attempt(struct local_replica *replica, struct err *err)
{
    struct replica_host *host = replica->host;
    TRY(host->prepare(host, replica, err));
    TRY(host->save(host, replica, true, err));
    return host->start(host, replica, err);
}

void local_replica_start(struct local_replica *replica)
{
    struct replica_record *record = &replica->record;
    struct err err;
    assert(record->template != NULL);
    replica->begun = true;
    record->attempt++;
    record->phase = LOCAL_STARTING;
    record->ran = record->startup_passed = record->ready = record->was_ready = false;
    replica->pid = 0;
    replica_probes_reset(replica);
    cancel_phase_timer(replica);
    if (begin_attempt(replica, &err) != ERR_OK) {
        start_failed(replica, err.detail);
        return;
    }
    replica_log(replica, LOG_INFO, record->attempt > 1 ? "replica_restarting" : "replica_started");
    replica_changed(replica);
}

void local_replica_recognise(struct local_replica *replica, const char *deployment,
                             const char *cluster, const struct template *template,
                             const char *template_hash)
{
    replica->record.deployment = own_text(replica, deployment);
    replica->record.cluster = own_text(replica, cluster);
    set_template(replica, template, template_hash);
    if (replica->record.phase == LOCAL_WAITING)
        local_replica_start(replica);
    else if (replica->record.phase == LOCAL_RUNNING)
        replica_probes_begin(replica, true);
    replica_save(replica, false);
}

/* Told at the start of an attempt, and again when a restarted agent has adopted it. */
void local_replica_running(struct local_replica *replica, pid_t pid)
{
    struct replica_record *record = &replica->record;
    bool adopted = record->ran;
    replica->begun = true;
    replica->pid = pid;
    record->ran = true;
    record->failed_starts = 0;
    if (record->phase == LOCAL_STARTING || record->phase == LOCAL_RUNNING) {
        record->phase = LOCAL_RUNNING;
        if (!record->ready) replica_set_reason(replica, "%s", "");
        replica_log(replica, LOG_INFO, adopted ? "replica_adopted" : "replica_running");
        replica_probes_begin(replica, adopted);
        replica_save(replica, false);
    }
    replica_changed(replica);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void note_exit(struct local_replica *replica, const struct attempt_exit *exit)
{
    struct replica_record *record = &replica->record;
    record->has_exit = exit->code >= 0 || exit->signal >= 0;
    record->exit_code = exit->code;
    record->exit_signal = exit->signal;
    free(replica->log_tail);
    replica->log_tail = NULL;
}

static bool has_next_attempt(const struct local_replica *replica, bool success)
{
    switch ((enum restart_policy_kind)replica->template->restart.policy) {
    case RESTART_ALWAYS:
        return true;
    case RESTART_ON_FAILURE:
        return !success;
    case RESTART_NEVER:
        return false;
    }
    assert(false);
    return false;
}

/* It ended by itself or because of a probe; the reason is set. */
static void follow(struct local_replica *replica, bool success)
{
    struct replica_record *record = &replica->record;
    record->crashes = record->was_ready ? 0 : record->crashes + 1;
    replica_log(replica, LOG_WARN, "replica_exited");
    if (!has_next_attempt(replica, success)) {
        finish(replica, true);
        return;
    }
    if (record->crashes >= REPLICA_CRASHES_MAX) {
        char why[sizeof replica->reason];
        snprintf(why, sizeof why, "%s", replica->reason);
        replica_set_reason(replica, "crash_loop: %s", why);
        finish(replica, true);
        return;
    }
    wait_for_next(replica, next_backoff_ms(replica, REPLICA_BACKOFF_LEAST_MS));
}

/* Nobody's fault: it begins again at once, unless it was to run once only. */
static void follow_reboot(struct local_replica *replica)
{
    replica_set_reason(replica, "rebooted");
    replica_log(replica, LOG_INFO, "replica_exited");
    if (replica->template->restart.policy == RESTART_NEVER)
        finish(replica, true);
    else
        wait_for_next(replica, 0);
}

static void set_end_reason(struct local_replica *replica, const char *slug, const char *reason)
{
    bool named = text_starts(reason, slug);
    replica_set_reason(replica, "%s%s%s", named ? "" : slug, named ? "" : ": ", reason);
}

static void judge(struct local_replica *replica, const struct attempt_exit *exit, bool probed)
{
    switch (exit->end) {
    case ATTEMPT_UNRUNNABLE:
        set_end_reason(replica, "unrunnable", exit->reason);
        finish(replica, true);
        return;
    case ATTEMPT_NOT_FORKED:
        start_failed(replica, exit->reason);
        return;
    case ATTEMPT_REBOOTED:
        follow_reboot(replica);
        return;
    case ATTEMPT_SHIM_LOST:
        set_end_reason(replica, "shim_lost", exit->reason);
        follow(replica, false);
        return;
    case ATTEMPT_EXITED:
    case ATTEMPT_SIGNALLED:
        /* Why it was ended says more than how. */
        if (!probed) replica_set_reason(replica, "%s", exit->reason);
        follow(replica, exit->end == ATTEMPT_EXITED && exit->code == 0 && !probed);
        return;
    }
    assert(false);
}

void local_replica_ended(struct local_replica *replica, const struct attempt_exit *exit)
{
    struct replica_record *record = &replica->record;
    bool probed = record->phase == LOCAL_REPLACING;
    bool ordered = record->phase >= LOCAL_DRAINING;
    cancel_phase_timer(replica);
    replica_probes_end(replica);
    replica_note_unready(replica);
    replica->begun = true;
    replica->pid = 0;
    note_exit(replica, exit);
    if (ordered) {
        replica_set_reason(replica, "%s", "");
        finish(replica, false);
        return;
    }
    replica_note_log(replica);
    if (record->template != NULL) {
        judge(replica, exit, probed);
        return;
    }
    /* What is to follow is said by the assignments, with its template. */
    replica_set_reason(replica, "%s", exit->reason);
    record->phase = LOCAL_WAITING;
    replica_changed(replica);
}

/* --- stopping --------------------------------------------------------------------------------- */

static void enter(struct local_replica *replica, enum local_phase phase, int64_t delay_ms)
{
    replica->record.phase = (int)phase;
    set_phase_timer(replica, delay_ms);
    replica_save(replica, false);
}

static int64_t grace_ms(const struct local_replica *replica)
{
    return replica->template->stop.grace_seconds * SECOND_MS;
}

static void kill_now(struct local_replica *replica)
{
    set_phase_timer(replica, REPLICA_STUCK_MS);
    replica->host->kill(replica->host, replica);
}

/* SIGKILL was sent long ago. It is sent again, and said. */
static void say_stuck(struct local_replica *replica)
{
    replica_set_reason(replica, "stop_stuck: still there %d s after SIGKILL",
                       REPLICA_STUCK_MS / SECOND_MS);
    replica_log(replica, LOG_ERROR, "replica_stop_stuck");
    kill_now(replica);
    replica_changed(replica);
}

static void terminate(struct local_replica *replica)
{
    enter(replica, LOCAL_TERMINATING, grace_ms(replica));
    replica->host->signal(replica->host, replica);
}

void replica_replace(struct local_replica *replica, bool at_once)
{
    replica_probes_end(replica);
    replica_note_unready(replica);
    replica_log(replica, LOG_WARN, "replica_replacing");
    enter(replica, LOCAL_REPLACING, grace_ms(replica));
    if (at_once)
        kill_now(replica);
    else
        replica->host->signal(replica->host, replica);
    replica_changed(replica);
}

static void begin_stop(struct local_replica *replica, bool drain)
{
    bool replacing = replica->record.phase == LOCAL_REPLACING;
    replica_probes_end(replica);
    replica_note_unready(replica);
    replica_set_reason(replica, "%s", "");
    replica_log(replica, LOG_INFO, "replica_stopping");
    /* One that is being replaced has no clients to wait for. */
    int64_t drain_ms = replica->template->stop.drain_seconds * SECOND_MS;
    if (drain && !replacing && drain_ms > 0)
        enter(replica, LOCAL_DRAINING, drain_ms);
    else
        terminate(replica);
    replica_changed(replica);
}

void local_replica_stop(struct local_replica *replica, bool drain)
{
    switch ((enum local_phase)replica->record.phase) {
    case LOCAL_WAITING:
        replica_set_reason(replica, "%s", "");
        finish(replica, false);
        return;
    case LOCAL_STARTING:
    case LOCAL_RUNNING:
    case LOCAL_REPLACING:
        begin_stop(replica, drain);
        return;
    case LOCAL_DRAINING:
        if (!drain) terminate(replica);
        return;
    case LOCAL_TERMINATING:
    case LOCAL_KILLING:
    case LOCAL_ENDED:
        return;
    }
    assert(false);
}

/* --- time ------------------------------------------------------------------------------------- */

static void phase_is_over(struct local_replica *replica)
{
    switch ((enum local_phase)replica->record.phase) {
    case LOCAL_WAITING:
        if (replica->record.template != NULL) local_replica_start(replica);
        return;
    case LOCAL_RUNNING: /* without a probe of its readiness, and here for long enough */
        replica->record.was_ready = true;
        replica_save(replica, false);
        return;
    case LOCAL_REPLACING:
        kill_now(replica);
        return;
    case LOCAL_DRAINING:
        terminate(replica);
        return;
    case LOCAL_TERMINATING:
        enter(replica, LOCAL_KILLING, REPLICA_STUCK_MS);
        kill_now(replica);
        return;
    case LOCAL_KILLING:
        say_stuck(replica);
        return;
    case LOCAL_STARTING:
    case LOCAL_ENDED:
        return;
    }
    assert(false);
}

void local_replica_timer(struct local_replica *replica, int timer)
{
    if (timer == REPLICA_TIMER_PHASE)
        phase_is_over(replica);
    else if (timer == REPLICA_TIMER_CHECK)
        replica_check_is_due(replica);
    else
        replica_probe_is_due(replica, (enum probe_kind)timer);
}

void local_replica_resume(struct local_replica *replica)
{
    replica->begun = true;
    switch ((enum local_phase)replica->record.phase) {
    case LOCAL_WAITING:
        if (replica->record.template != NULL) set_phase_timer(replica, replica->record.backoff_ms);
        return;
    case LOCAL_REPLACING:
        enter(replica, LOCAL_REPLACING, grace_ms(replica));
        replica->host->signal(replica->host, replica);
        return;
    case LOCAL_DRAINING:
        set_phase_timer(replica, replica->template->stop.drain_seconds * SECOND_MS);
        return;
    case LOCAL_TERMINATING:
        terminate(replica);
        return;
    case LOCAL_KILLING:
        kill_now(replica);
        return;
    case LOCAL_STARTING:
    case LOCAL_RUNNING: /* `running` and `ended` will tell */
    case LOCAL_ENDED:
        return;
    }
    assert(false);
}
