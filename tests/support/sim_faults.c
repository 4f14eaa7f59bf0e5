/* Faults by chance. Each is counted, and heals by itself. */
#include "base/text.h"
#include "sim_agent.h"
#include "sim_chaos.h"

static void note(struct sim *sim, const char *fault)
{
    sim->faults++;
    sim_count(sim->counts, "fault", fault);
}

static int64_t a_while(struct sim *sim)
{
    return sim_between(sim, 500, SIM_MINUTE);
}

/* ---- nodes ---- */

static void agent_returns(struct sim *sim, void *self, uint64_t life)
{
    struct sim_agent *agent = self;
    (void)sim;
    if (agent->life == life) sim_agent_start(agent);
}

static void break_agent(struct sim *sim, struct sim_agent *agent)
{
    int64_t ms = a_while(sim);
    switch (sim_between(sim, 1, 3)) {
    case 1:
        note(sim, "agent killed");
        sim_agent_stop(agent);
        sim_after(sim, ms, agent_returns, agent, agent->life);
        break;
    case 2:
        note(sim, "node rebooted");
        sim_agent_reboot(agent, ms);
        break;
    default:
        note(sim, "node cut off");
        sim_agent_partition(agent, ms);
        break;
    }
}

static void remove_node(struct sim *sim, const struct sim_agent *agent)
{
    struct err err;
    enum err_code code = sim_try_remove_node(sim, agent->name, &err);
    if (code == ERR_OK) note(sim, "node removed");
    if (code == ERR_OK || code == ERR_NOT_FOUND || sim_write_failed(sim, code)) return;
    sim_fail(sim, "remove: %s", err.detail);
}

/* ---- network ---- */

static void network_heals(struct sim *sim, void *self, uint64_t stamp)
{
    (void)self;
    (void)stamp;
    sim->network = (struct sim_network){0};
}

static void disturb_network(struct sim *sim)
{
    note(sim, "network disturbed");
    sim->network = (struct sim_network){
        .lost = (unsigned)sim_between(sim, 0, 20),
        .repeated = (unsigned)sim_between(sim, 0, 20),
        .late = (unsigned)sim_between(sim, 0, 20),
    };
    sim_trace(sim, "the network loses %u %%", sim->network.lost);
    sim_after(sim, sim_between(sim, SIM_SECOND, SIM_MINUTE), network_heals, NULL, 0);
}

/* ---- the server ---- */

static void fail_writes(struct sim *sim)
{
    static const char *const failpoints[] = {
        "writer.closure.before", "writer.closure.after", "writer.batch.begin", "reconcile.before",
        "reconcile.planned",     "reconcile.executed",   "node.register",      "node.report",
    };
    enum { FAILPOINTS = sizeof failpoints / sizeof *failpoints };
    if (sim->writes_fail) return;
    note(sim, "write failed");
    bool all = sim_chance(sim, 30);
    const char *action =
        all ? "error@*"
            : arena_printf(&sim->memory, "error@%lld", (long long)sim_between(sim, 1, 12));
    sim_fail_writes(sim, failpoints[rng_below(&sim->rng, FAILPOINTS)], action,
                    sim_between(sim, SIM_SECOND, 20 * SIM_SECOND));
}

static void break_server(struct sim *sim)
{
    if (sim_chance(sim, 50)) {
        note(sim, "server stopped");
        sim_server_restart(sim, sim_between(sim, 0, 40 * SIM_SECOND));
    } else {
        note(sim, "server killed");
        sim_server_kill_after(sim, sim_between(sim, 1, 20), sim_between(sim, 0, 40 * SIM_SECOND));
    }
}

void sim_break(struct sim *sim)
{
    struct sim_agent *agent = sim->agents[rng_below(&sim->rng, sim->agent_count)];
    int64_t dice = sim_between(sim, 1, 100);
    if (dice <= 60 && agent->online && !agent->partitioned)
        break_agent(sim, agent);
    else if (dice <= 75)
        disturb_network(sim);
    else if (!sim->server_up)
        return;
    else if (dice <= 83)
        remove_node(sim, agent);
    else if (dice <= 91)
        fail_writes(sim);
    else
        break_server(sim);
}
