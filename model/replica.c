#include "model/replica.h"

#include "base/arena.h"
#include "base/crypto.h"
#include "model/node.h"
#include "model/state_machine.h"

enum { ID_DIGITS_MIN = 6, ID_DIGITS_BYTES = 16 };

const char *const replica_phase_words[] = {
    [REPLICA_PENDING] = "pending",
    [REPLICA_ASSIGNED] = "assigned",
    [REPLICA_PREPARING] = "preparing",
    [REPLICA_STARTING] = "starting",
    [REPLICA_RUNNING] = "running",
    [REPLICA_STOPPING] = "stopping",
    [REPLICA_STOPPED] = "stopped",
    [REPLICA_FAILED] = "failed",
    NULL,
};

const char *const replica_wanted_words[] = {
    [WANTED_RUN] = "run",
    [WANTED_STOP] = "stop",
    NULL,
};

const char *const replica_presence_words[] = {
    [PRESENCE_PRESENT] = "present",
    [PRESENCE_UNKNOWN] = "unknown",
    [PRESENCE_LOST] = "lost",
    NULL,
};

const char *const stop_cause_words[] = {
    [CAUSE_NONE] = "none",       [CAUSE_ROLLOUT] = "rollout",   [CAUSE_SCALING] = "scaling",
    [CAUSE_SURPLUS] = "surplus", [CAUSE_LIMIT] = "limit",       [CAUSE_DELETE] = "delete",
    [CAUSE_NODE] = "node",       [CAUSE_OPERATOR] = "operator", NULL,
};

#define ENDED (STATE_BIT(REPLICA_STOPPED) | STATE_BIT(REPLICA_FAILED))
#define FROM_STOPPING (ENDED | STATE_BIT(REPLICA_STOPPING))
#define FROM_RUNNING (FROM_STOPPING | STATE_BIT(REPLICA_RUNNING))
#define FROM_STARTING (FROM_RUNNING | STATE_BIT(REPLICA_STARTING))
#define FROM_PREPARING (FROM_STARTING | STATE_BIT(REPLICA_PREPARING))

/* pending ─► assigned ─► preparing ─► starting ─► running ─► stopping ─► stopped
 *    │           └───────────┴───────────┴───────────┴───────────┴─► failed
 *    └─► stopped
 * A report may skip phases that passed between two reports. */
static const struct state_row replica_phases[] = {
    [REPLICA_PENDING] = {STATE_BIT(REPLICA_ASSIGNED) | STATE_BIT(REPLICA_STOPPED), false,
                         "waits for a node"},
    [REPLICA_ASSIGNED] = {FROM_PREPARING, false, "placed, its node has not taken it up yet"},
    [REPLICA_PREPARING] = {FROM_STARTING, false, "its node fetches what it needs"},
    [REPLICA_STARTING] = {FROM_RUNNING, false, "started, the startup probe has not passed"},
    [REPLICA_RUNNING] = {FROM_STOPPING, false, "runs; ready is told apart"},
    [REPLICA_STOPPING] = {ENDED, false, "drains, was signalled, and is about to end"},
    [REPLICA_STOPPED] = {0, true, "ended as ordered"},
    [REPLICA_FAILED] = {0, true, "ended by itself and is not started again"},
};

const struct state_machine replica_phase_machine = {
    .name = "replica state",
    .drawing =
        "    pending ─► assigned ─► preparing ─► starting ─► running ─► stopping ─► stopped\n"
        "       │           └───────────┴───────────┴───────────┴───────────┴─► failed\n"
        "       └─► stopped\n"
        "    phases may be skipped; a higher attempt begins again at any of its agent's\n",
    .words = replica_phase_words,
    .rows = replica_phases,
    .count = sizeof replica_phases / sizeof *replica_phases,
};

bool replica_phase_final(int phase)
{
    return state_machine_final(&replica_phase_machine, phase);
}

static bool phase_is_agents(int phase)
{
    return phase >= REPLICA_PREPARING && phase <= REPLICA_FAILED;
}

bool replica_may_move(int from, int64_t last_attempt, int to, int64_t attempt)
{
    if (attempt < last_attempt) return false;
    if (attempt == last_attempt)
        return from == to || state_machine_may_move(&replica_phase_machine, from, to);
    return from != REPLICA_PENDING && !replica_phase_final(from) && phase_is_agents(to);
}

bool replica_is_of_backup(const struct replica *replica)
{
    return replica->wanted == WANTED_RUN && replica->stop_cause == CAUSE_NODE &&
           !replica_phase_final(replica->phase);
}

enum replica_presence presence_of_node_state(int node_state)
{
    switch ((enum node_state)node_state) {
    case NODE_READY:
        return PRESENCE_PRESENT;
    case NODE_SUSPECT:
        return PRESENCE_UNKNOWN;
    case NODE_LOST:
    case NODE_LEFT:
        break;
    }
    return PRESENCE_LOST;
}

const char *replica_id_make(struct arena *arena, const char *deployment, int64_t number)
{
    char digits[ID_DIGITS_BYTES];
    crypto_base32((uint64_t)number, ID_DIGITS_MIN, digits);
    return arena_printf(arena, "%s-%s", deployment, digits);
}

bool replica_id_number(const char *id, int64_t *number)
{
    const char *dash = strrchr(id, '-');
    return dash != NULL && crypto_base32_read(dash + 1, number);
}
