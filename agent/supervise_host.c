/* The replicas' host (replica.h) on this machine: the driver, the prober, the loop, the journal. */
#include "agent/files.h"
#include "agent/launch.h"
#include "agent/log_tail.h"
#include "agent/ports.h"
#include "agent/replica_parts.h"
#include "agent/supervise_parts.h"
#include "base/clock.h"
#include "base/text.h"

#include <signal.h>

static struct runner *runner_of(struct local_replica *replica)
{
    return CONTAINER_OF(replica, struct runner, replica);
}

static struct supervisor *supervisor_of(struct replica_host *host)
{
    return CONTAINER_OF(host, struct supervisor, host);
}

static int64_t host_now_ms(struct replica_host *host)
{
    return loop_now_ms(supervisor_of(host)->settings.loop);
}

static uint64_t host_random_below(struct replica_host *host, uint64_t bound)
{
    return rng_below(&supervisor_of(host)->rng, bound);
}

static void host_set_timer(struct replica_host *host, struct local_replica *replica, int timer,
                           int64_t delay_ms)
{
    struct loop *loop = supervisor_of(host)->settings.loop;
    struct loop_timer *own = &runner_of(replica)->timers[timer].timer;
    if (delay_ms < 0)
        loop_timer_cancel(loop, own);
    else
        loop_timer_set(loop, own, delay_ms);
}

static void host_changed(struct replica_host *host, struct local_replica *replica)
{
    const struct supervise_settings *settings = &supervisor_of(host)->settings;
    (void)replica;
    settings->changed(settings->self);
}

/* --- files ------------------------------------------------------------------------------------ */

static enum err_code take_ports(struct supervisor *supervisor, struct local_replica *replica,
                                struct err *err)
{
    const struct ports *named = &replica->template->ports;
    auto_arena arena;
    arena_init(&arena);
    if (replica->record.ports.count == named->count) return ERR_OK;
    struct ports ports = {.items = ARENA_ARRAY(&arena, struct port, named->count)};
    for (; ports.count < named->count; ports.count++) {
        struct port *port = &ports.items[ports.count];
        port->name = named->items[ports.count].name;
        enum err_code code = port_take(supervisor->settings.ports, &port->number, err);
        if (code == ERR_OK) continue;
        while (ports.count-- > 0)
            port_give_back(supervisor->settings.ports, ports.items[ports.count].number);
        return code;
    }
    local_replica_set_ports(replica, &ports);
    return ERR_OK;
}

static enum err_code host_prepare(struct replica_host *host, struct local_replica *replica,
                                  struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct supervisor *supervisor = supervisor_of(host);
    const char *folder = runner_folder(runner_of(replica), &arena);
    replica->record.boot_id = supervisor->settings.boot_id;
    TRY(folder_make(folder, err));
    TRY(folder_make(arena_printf(&arena, "%s/home", folder), err));
    return take_ports(supervisor, replica, err);
}

static enum err_code host_save(struct replica_host *host, struct local_replica *replica,
                               bool durable, struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    const struct runner *runner = runner_of(replica);
    (void)host;
    if (runner->never_here) return ERR_OK;
    TRY(journal_write(runner_folder(runner, &arena), JOURNAL_FILE, &replica->record, durable, err));
    return journal_write(runner_run_folder(runner, &arena), RECORD_FILE, &replica->record, false,
                         err);
}

static char *host_log_tail(struct replica_host *host, struct local_replica *replica)
{
    auto_arena arena;
    arena_init(&arena);
    (void)host;
    const char *path = arena_printf(&arena, "%s/log", runner_folder(runner_of(replica), &arena));
    const char *tail = log_tail_read(&arena, path, LIMIT_LOG_TAIL_BYTES);
    return *tail == '\0' ? NULL : xstrdup(tail);
}

/* --- processes -------------------------------------------------------------------------------- */

/* "SIGTERM" → 15 */
static int signal_number(const char *name)
{
    for (int number = 1; number < SIGRTMIN; number++) {
        const char *short_name = sigabbrev_np(number);
        if (short_name != NULL && text_starts(name, "SIG") && text_equal(name + 3, short_name))
            return number;
    }
    return SIGTERM;
}

static enum err_code host_start(struct replica_host *host, struct local_replica *replica,
                                struct err *err)
{
    auto_arena arena;
    arena_init(&arena);
    struct runner *runner = runner_of(replica);
    const struct supervise_settings *settings = &supervisor_of(host)->settings;
    const struct replica_record *record = &replica->record;
    const char *folder = runner_folder(runner, &arena);
    const struct launch_facts facts = {
        .replica = record->id,
        .deployment = record->deployment,
        .node = settings->node,
        .address = settings->address,
        .attempt = record->attempt,
        .revision = record->revision,
        .ports = &record->ports,
        .home = arena_printf(&arena, "%s/home", folder),
        .path = settings->path,
    };
    struct launch launch;
    launch_make(replica->template, &facts, &arena, &launch);
    const struct attempt_spec spec = {
        .replica = record->id,
        .number = record->attempt,
        .arguments = launch.arguments,
        .environment = launch.environment,
        .working_dir = launch.working_dir,
        .log_path = arena_printf(&arena, "%s/log", folder),
        .log_bytes = settings->log_bytes,
        .stop_signal = signal_number(replica->template->stop.signal),
    };
    runner->usage = (struct usage_mark){0};
    TRY(driver_start(settings->driver, &runner->attempt, &spec, err));
    runner->has_attempt = true;
    return ERR_OK;
}

static void host_signal(struct replica_host *host, struct local_replica *replica)
{
    struct runner *runner = runner_of(replica);
    (void)host;
    if (runner->has_attempt) driver_signal(&runner->attempt);
}

static void host_kill(struct replica_host *host, struct local_replica *replica)
{
    struct runner *runner = runner_of(replica);
    (void)host;
    if (runner->has_attempt) driver_kill(&runner->attempt);
}

static void attempt_running(struct attempt *attempt, pid_t child)
{
    struct runner *runner = CONTAINER_OF(attempt, struct runner, attempt);
    local_replica_running(&runner->replica, child);
}

static void attempt_ended(struct attempt *attempt, const struct attempt_exit *exit)
{
    struct runner *runner = CONTAINER_OF(attempt, struct runner, attempt);
    runner->has_attempt = false;
    local_replica_ended(&runner->replica, exit);
}

const struct attempt_events runner_events = {.running = attempt_running, .ended = attempt_ended};

/* --- probes ----------------------------------------------------------------------------------- */

static void host_check(struct replica_host *host, struct local_replica *replica,
                       enum probe_kind kind)
{
    const struct supervise_settings *settings = &supervisor_of(host)->settings;
    const struct probe *probe = replica_probe(replica, kind);
    const char *port = probe->http != NULL ? probe->http->port : probe->tcp->port;
    const struct check_target target = {
        .address = settings->address,
        .port = ports_get(&replica->record.ports, port),
        .path = probe->http != NULL ? probe->http->path : NULL,
        .timeout_ms = probe->timeout_seconds * SECOND_MS,
    };
    check_start(settings->prober, &runner_of(replica)->checks[kind].check, &target);
}

static void host_cancel_check(struct replica_host *host, struct local_replica *replica,
                              enum probe_kind kind)
{
    check_cancel(supervisor_of(host)->settings.prober, &runner_of(replica)->checks[kind].check);
}

static void host_check_canary(struct replica_host *host, struct local_replica *replica)
{
    const struct supervise_settings *settings = &supervisor_of(host)->settings;
    const struct canary_check *check = &replica->check.check;
    const struct check_target target = {
        .address = settings->address,
        .port = ports_get(&replica->record.ports, check->port),
        .path = check->path,
        .timeout_ms = REPLICA_CHECK_TIMEOUT_MS,
        .expect_status = check->expect_status,
        .expect_substring = check->expect_substring,
    };
    check_start(settings->prober, &runner_of(replica)->canary.check, &target);
}

static void host_cancel_canary_check(struct replica_host *host, struct local_replica *replica)
{
    check_cancel(supervisor_of(host)->settings.prober, &runner_of(replica)->canary.check);
}

const struct replica_host supervise_host = {
    .now_ms = host_now_ms,
    .random_below = host_random_below,
    .set_timer = host_set_timer,
    .prepare = host_prepare,
    .save = host_save,
    .start = host_start,
    .signal = host_signal,
    .kill = host_kill,
    .check = host_check,
    .cancel_check = host_cancel_check,
    .check_canary = host_check_canary,
    .cancel_canary_check = host_cancel_canary_check,
    .log_tail = host_log_tail,
    .changed = host_changed,
};
