/* sim_agent.h: the nodes of a simulation: an agent and its processes on each.
 *
 * An agent polls its assignments and reports changes, as docs/worker.md says. Its processes behave
 * as the first word of their template's version says (`ok-3` and `ok-4` are two versions that
 * work):
 *
 *   ok         is ready after half a second
 *   slow       is ready after 20 seconds
 *   mute       runs and is never ready
 *   crash      exits soon after every start
 *   fragile    is ready, and exits 40 seconds later, again and again
 *   fading     is ready, and 4 seconds later no longer
 *   flapping   is ready and not ready by turns, six times, then stays ready
 *   rotten     works at first; what is started half a minute after the first one exits
 *   picky      works, and answers every canary check with no
 *   stubborn   takes 25 seconds to stop
 *   stuck      is never done with its preparation
 *   broken     ends before it is started, by no fault that has a name
 *   unrunnable cannot be started at all
 */
#ifndef DOGSHORE_TESTS_SIM_AGENT_H
#define DOGSHORE_TESTS_SIM_AGENT_H

#include "model/values.h"
#include "sim.h"

struct behaviour {
    const char *word;
    int64_t ready_after_ms;      /* -1 = never */
    int64_t exit_after_start_ms; /* -1 = does not */
    int64_t exit_after_ready_ms; /* -1 = does not */
    int64_t stop_ms;
    int64_t flaps;            /* so often it stops being ready... */
    int64_t unready_after_ms; /* ... that long after it became so */
    int64_t ready_again_ms;   /* ... and is ready again that much later; -1 = never */
    bool stuck, broken, unrunnable, rots, fails_checks;
    const char *probe_answer; /* while it is not ready */
};

struct sim_process {
    struct sim_agent *agent;
    struct sim_process *next;
    const char *id;
    const char *version;
    const struct behaviour *behaviour;
    int64_t attempt, restarts, exits_unready;
    int phase; /* enum replica_phase */
    bool ready, was_ready;
    bool stopping;
    bool exited; /* between two attempts */
    const char *reason;
    int64_t flaps;
    bool rotten;
    int64_t check_asked, check_answered; /* rounds of the canary's check; 0 = none */
    uint64_t stamp;                      /* moves with every state: older timers mean nothing */
    uint64_t changed;                    /* moves with everything that is reported */
    uint64_t acknowledged;
};

struct sim_agent {
    struct sim *sim;
    const char *name;
    struct resources capacity;
    const char *token;
    bool online;      /* the agent runs */
    bool partitioned; /* no message passes, in neither direction */
    bool registered;  /* since it runs */
    bool known;       /* registered ever */
    int64_t epoch, boot, seq;
    int64_t index; /* of the assignments it has */
    uint64_t life; /* moves when the agent dies or starts */
    uint64_t poll; /* the newest poll */
    bool poll_parked;
    bool report_scheduled, report_in_flight, report_full;
    struct sim_process *processes;
    struct map by_id;
};

/* Adds a node and starts its agent. */
struct sim_agent *sim_add_node(struct sim *sim, const char *name, struct resources capacity);
struct sim_agent *sim_agent_find(struct sim *sim, const char *name);
/* Processes that run there, in whatever phase. */
int64_t sim_agent_running(const struct sim_agent *agent);
int64_t sim_agent_starts(struct sim *sim, const char *replica); /* attempts started, of all time */

void sim_agent_stop(struct sim_agent *agent); /* kill -9: its processes live on */
void sim_agent_start(struct sim_agent *agent);
void sim_agent_reboot(struct sim_agent *agent, int64_t ms); /* its processes die */
void sim_agent_partition(struct sim_agent *agent, int64_t ms);
bool sim_agent_reachable(const struct sim_agent *agent);

/* The writer published a change of this node's assignments. */
void sim_agent_assignments_changed(struct sim_agent *agent);
/* The server went away: parked polls end. */
void sim_agent_server_lost(struct sim_agent *agent);

/* ---- sim_process.c ---- */

const struct behaviour *sim_behaviour(const char *version);
bool sim_behaviour_works(const struct behaviour *behaviour); /* in the end, without a check */
void sim_process_start(struct sim_process *process);         /* its next attempt */
void sim_process_stop(struct sim_process *process);
void sim_process_killed(struct sim_process *process); /* by the end of its machine */
void sim_process_fail(struct sim_process *process, const char *reason); /* ends for good */
void sim_process_changed(struct sim_process *process);
/* A round of a check is asked for; answered when it is ready. */
void sim_process_check(struct sim_process *process, int64_t round);
/* Something is to be reported. */
void sim_agent_report_soon(struct sim_agent *agent);

#endif
