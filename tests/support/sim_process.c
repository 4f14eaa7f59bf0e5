#include "base/text.h"
#include "sim_agent.h"

#include <inttypes.h>

enum {
    PREPARE_MS = 30,
    START_MS = 20,
    RESTART_FIRST_MS = 1000,
    RESTART_MAX_MS = 60 * 1000,
    EXITS_UNREADY_MAX = 5,
    AGENT_AWAY_MS = 500 /* a process is looked at again when its agent was away */
};

static const struct behaviour behaviours[] = {
    {"ok", 500, -1, -1, 200, false, "connection refused"},
    {"slow", 20000, -1, -1, 200, false, "readiness answered 503 «warming up»"},
    {"mute", -1, -1, -1, 200, false, "readiness answered 503 «loading model»"},
    {"crash", -1, 300, -1, 200, false, "connection refused"},
    {"fragile", 500, -1, 40000, 200, false, "connection refused"},
    {"stubborn", 500, -1, -1, 25000, false, "connection refused"},
    {"unrunnable", -1, -1, -1, 200, true, ""},
};

const struct behaviour *sim_behaviour(const char *version)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
        if (text_starts(version, behaviours[i].word)) return &behaviours[i];
    return &behaviours[0];
}

void sim_process_changed(struct sim_process *process)
{
    process->changed++;
    sim_agent_report_soon(process->agent);
}

static void move(struct sim_process *process, int phase, bool ready, const char *reason)
{
    process->phase = phase;
    process->ready = ready;
    process->reason = reason;
    process->stamp++;
    sim_trace(process->agent->sim, "  %s %s#%lld is %s%s %s", process->agent->name, process->id,
              (long long)process->attempt, replica_phase_words[phase], ready ? " ready" : "",
              reason);
    sim_process_changed(process);
}

static void next(struct sim *sim, void *self, uint64_t stamp);

static void later(struct sim_process *process, int64_t delay_ms)
{
    sim_after(process->agent->sim, delay_ms, next, process, process->stamp);
}

static void exited(struct sim_process *process)
{
    if (!process->was_ready) process->exits_unready++;
    process->was_ready = false;
    process->exited = true;
    if (process->exits_unready >= EXITS_UNREADY_MAX) {
        move(process, REPLICA_FAILED, false, "crash_loop: 5 exits without having been ready");
        return;
    }
    move(process, REPLICA_RUNNING, false, "exited with code 1, is started again");
    int64_t delay_ms = RESTART_FIRST_MS << process->exits_unready;
    later(process, delay_ms < RESTART_MAX_MS ? delay_ms : RESTART_MAX_MS);
}

static void run(struct sim_process *process)
{
    const struct behaviour *behaviour = process->behaviour;
    move(process, REPLICA_RUNNING, false, behaviour->probe_answer);
    if (behaviour->exit_after_start_ms >= 0)
        later(process, behaviour->exit_after_start_ms);
    else if (behaviour->ready_after_ms >= 0)
        later(process, behaviour->ready_after_ms);
}

static void become_ready(struct sim_process *process)
{
    process->was_ready = true;
    process->exits_unready = 0;
    move(process, REPLICA_RUNNING, true, "");
    if (process->behaviour->exit_after_ready_ms >= 0)
        later(process, process->behaviour->exit_after_ready_ms);
}

static void in_running(struct sim_process *process)
{
    if (process->exited)
        sim_process_start(process);
    else if (process->ready || process->behaviour->exit_after_start_ms >= 0)
        exited(process);
    else
        become_ready(process);
}

/* What comes next in a process's life, when nothing else has happened to it since. */
static void next(struct sim *sim, void *self, uint64_t stamp)
{
    struct sim_process *process = self;
    (void)sim;
    if (stamp != process->stamp) return;
    if (!process->agent->online) {
        later(process, AGENT_AWAY_MS);
        return;
    }
    switch ((enum replica_phase)process->phase) {
    case REPLICA_PREPARING:
        move(process, REPLICA_STARTING, false, "");
        later(process, START_MS);
        break;
    case REPLICA_STARTING:
        run(process);
        break;
    case REPLICA_RUNNING:
        in_running(process);
        break;
    case REPLICA_STOPPING:
        move(process, REPLICA_STOPPED, false, "stopped");
        break;
    case REPLICA_PENDING:
    case REPLICA_ASSIGNED:
    case REPLICA_STOPPED:
    case REPLICA_FAILED:
        break;
    }
}

static void note_start(struct sim_process *process)
{
    struct sim *sim = process->agent->sim;
    const char *key =
        arena_printf(&sim->memory, "%s#%lld", process->id, (long long)process->attempt);
    if (map_put(&sim->starts, key, process))
        sim_fail(sim, "%s was started twice, now on %s", key, process->agent->name);
}

void sim_process_start(struct sim_process *process)
{
    process->attempt++;
    process->restarts += process->exited;
    process->exited = false;
    note_start(process);
    if (process->behaviour->unrunnable) {
        move(process, REPLICA_FAILED, false, "unrunnable: no such file: ./serve");
        return;
    }
    move(process, REPLICA_PREPARING, false, "");
    later(process, PREPARE_MS);
}

void sim_process_stop(struct sim_process *process)
{
    if (process->stopping) return;
    process->stopping = true;
    move(process, REPLICA_STOPPING, false, "");
    later(process, process->exited ? 1 : process->behaviour->stop_ms);
}

void sim_process_killed(struct sim_process *process)
{
    if (replica_phase_final(process->phase)) return;
    if (process->stopping) {
        move(process, REPLICA_STOPPED, false, "ended with its machine");
        return;
    }
    process->exited = true;
    process->was_ready = false;
    move(process, REPLICA_RUNNING, false, "its machine was started again");
    later(process, RESTART_FIRST_MS);
}
