#include "base/text.h"
#include "sim_agent.h"

#include <inttypes.h>

enum {
    PREPARE_MS = 30,
    START_MS = 20,
    RESTART_FIRST_MS = 1000,
    RESTART_MAX_MS = 60 * 1000,
    EXITS_UNREADY_MAX = 5,
    CHECK_MS = 300,
    AGENT_AWAY_MS = 500 /* a process is looked at again when its agent was away */
};

#define LIVES .ready_after_ms = 500, .exit_after_start_ms = -1, .exit_after_ready_ms = -1
#define REFUSES .probe_answer = "connection refused"
static const struct behaviour behaviours[] = {
    {"ok", LIVES, REFUSES, .stop_ms = 200},
    {"slow", 20000, -1, -1, 200, .probe_answer = "readiness answered 503 «warming up»"},
    {"mute", -1, -1, -1, 200, .probe_answer = "readiness answered 503 «loading model»"},
    {"crash", -1, 300, -1, 200, REFUSES},
    {"fragile", 500, -1, 40000, 200, REFUSES},
    {"fading", LIVES, REFUSES, .stop_ms = 200, .flaps = 1, .unready_after_ms = 4000,
     .ready_again_ms = -1},
    {"flapping", LIVES, REFUSES, .stop_ms = 200, .flaps = 6, .unready_after_ms = 2500,
     .ready_again_ms = 1500},
    {"rotten", LIVES, REFUSES, .stop_ms = 200, .rots = true},
    {"picky", LIVES, REFUSES, .stop_ms = 200, .fails_checks = true},
    {"stubborn", LIVES, REFUSES, .stop_ms = 25000},
    {"stuck", -1, -1, -1, 200, .stuck = true, .probe_answer = ""},
    {"broken", -1, -1, -1, 200, .broken = true, .probe_answer = ""},
    {"unrunnable", -1, -1, -1, 200, .unrunnable = true, .probe_answer = ""},
};

const struct behaviour *sim_behaviour(const char *version)
{
    for (size_t i = 0; i < sizeof behaviours / sizeof *behaviours; i++)
        if (text_starts(version, behaviours[i].word)) return &behaviours[i];
    return &behaviours[0];
}

bool sim_behaviour_works(const struct behaviour *behaviour)
{
    bool fades = behaviour->flaps > 0 && behaviour->ready_again_ms < 0;
    return behaviour->ready_after_ms >= 0 && !behaviour->rots &&
           behaviour->exit_after_ready_ms < 0 && !fades;
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

/* What its version needs is gone half a minute after it was first run. */
static bool is_rotten(struct sim_process *process)
{
    struct sim *sim = process->agent->sim;
    if (!process->behaviour->rots) return false;
    int64_t *first_ms = map_get(&sim->first_runs, process->version);
    if (!first_ms) {
        first_ms = ARENA_NEW(&sim->memory, int64_t);
        *first_ms = sim_now_ms(sim);
        map_put(&sim->first_runs, process->version, first_ms);
    }
    return sim_now_ms(sim) - *first_ms > SIM_MINUTE / 2;
}

static void run(struct sim_process *process)
{
    const struct behaviour *behaviour = process->behaviour;
    move(process, REPLICA_RUNNING, false, behaviour->probe_answer);
    process->rotten = is_rotten(process);
    if (process->rotten)
        later(process, START_MS);
    else if (behaviour->exit_after_start_ms >= 0)
        later(process, behaviour->exit_after_start_ms);
    else if (behaviour->ready_after_ms >= 0)
        later(process, behaviour->ready_after_ms);
}

static void become_ready(struct sim_process *process)
{
    const struct behaviour *behaviour = process->behaviour;
    process->was_ready = true;
    process->exits_unready = 0;
    move(process, REPLICA_RUNNING, true, "");
    if (behaviour->exit_after_ready_ms >= 0)
        later(process, behaviour->exit_after_ready_ms);
    else if (process->flaps < behaviour->flaps)
        later(process, behaviour->unready_after_ms);
}

static void become_unready(struct sim_process *process)
{
    process->flaps++;
    move(process, REPLICA_RUNNING, false, "readiness answered 503 «shedding load»");
    if (process->behaviour->ready_again_ms >= 0) later(process, process->behaviour->ready_again_ms);
}

static void in_running(struct sim_process *process)
{
    if (process->exited)
        sim_process_start(process);
    else if (process->ready && process->flaps < process->behaviour->flaps)
        become_unready(process);
    else if (process->ready || process->rotten || process->behaviour->exit_after_start_ms >= 0)
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
    if (process->behaviour->broken) {
        move(process, REPLICA_FAILED, false, "no space left for its directory");
        return;
    }
    move(process, REPLICA_PREPARING, false, "");
    if (!process->behaviour->stuck) later(process, PREPARE_MS);
}

void sim_process_stop(struct sim_process *process)
{
    if (process->stopping) return;
    process->stopping = true;
    move(process, REPLICA_STOPPING, false, "");
    later(process, process->exited ? 1 : process->behaviour->stop_ms);
}

void sim_process_fail(struct sim_process *process, const char *reason)
{
    move(process, REPLICA_FAILED, false, reason);
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

/* ---- canary checks ---- */

static void check(struct sim *sim, void *self, uint64_t round)
{
    struct sim_process *process = self;
    if ((int64_t)round != process->check_asked || process->stopping) return;
    if (replica_phase_final(process->phase)) return;
    if (!process->agent->online || !process->ready) {
        sim_after(sim, AGENT_AWAY_MS, check, process, round);
        return;
    }
    process->check_answered = (int64_t)round;
    sim_trace(sim, "  %s answers check %llu with %s", process->id, (unsigned long long)round,
              process->behaviour->fails_checks ? "no" : "yes");
    sim_process_changed(process);
}

void sim_process_check(struct sim_process *process, int64_t round)
{
    if (round == process->check_asked) return;
    process->check_asked = round;
    sim_after(process->agent->sim, CHECK_MS, check, process, (uint64_t)round);
}
