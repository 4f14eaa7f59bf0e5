#include "sim_chaos.h"

#include "base/text.h"
#include "sim_agent.h"

enum {
    NODES_MIN = 3,
    NODES_MAX = 6,
    PAUSE_BETWEEN_MAX_MS = 15 * 1000,
    HEALING_MS = 100 * 1000,      /* longer than any fault lasts */
    DEADLINES_MS = 20 * 60 * 1000 /* longer than all deadlines below together */
};

static const char *const names[] = {"web", "api", "jobs"};
enum { NAMES = sizeof names / sizeof *names };

/* Half of all versions work. */
static const char *const words_of_versions[] = {
    "ok", "ok", "ok", "ok", "ok", "slow", "stubborn", "mute", "crash", "fragile", "unrunnable"};
static const char *const strategies[] = {
    "\"max_surge\":1",
    "\"max_surge\":0,\"max_unavailable\":1",
    "\"max_surge\":\"50%\",\"max_unavailable\":\"25%\"",
    "\"max_surge\":\"25%\",\"max_unavailable\":0",
    "\"min_ready_seconds\":3",
    "\"max_failure_ratio\":0.5",
    "\"auto_rollback\":false",
};

static const char *pick(struct sim *sim, const char *const *list, size_t count)
{
    return list[rng_below(&sim->rng, count)];
}
#define PICK(sim, list) pick((sim), (list), sizeof(list) / sizeof *(list))

/* ---- operators ---- */

static void apply(struct sim *sim, const char *name)
{
    struct arena *arena = &sim->memory;
    struct sim_spec spec = {
        .name = name,
        .version = arena_printf(arena, "%s-%lld", PICK(sim, words_of_versions),
                                (long long)sim_between(sim, 1, 4)),
        .replicas = sim_between(sim, 0, 8),
        .resources = "\"cpu_millis\":100,\"memory_mib\":64",
        .strategy =
            arena_printf(arena, "%s,\"progress_deadline_seconds\":150,\"monitor_seconds\":%lld",
                         PICK(sim, strategies), (long long)sim_between(sim, 0, 10)),
        .limits = "\"healthy_seconds\":60,\"schedule_seconds\":60,\"prepare_seconds\":60",
        .spec = sim_chance(sim, 8) ? "\"paused\":true" : "\"paused\":false",
    };
    struct err err;
    enum err_code code = sim_try_apply(sim, &spec, &err);
    if (code != ERR_OK && code != ERR_ILLEGAL_STATE) sim_fail(sim, "apply: %s", err.detail);
}

static void scale(struct sim *sim, const char *name)
{
    struct err err;
    enum err_code code = sim_try_scale(sim, name, sim_between(sim, 0, 10), &err);
    if (code != ERR_OK && code != ERR_ILLEGAL_STATE && code != ERR_NOT_FOUND)
        sim_fail(sim, "scale: %s", err.detail);
}

static void roll_back(struct sim *sim, const char *name)
{
    struct err err;
    enum err_code code = sim_try_rollback(sim, name, sim_between(sim, 0, 4), &err);
    if (code != ERR_OK && err_status(code) >= 500) sim_fail(sim, "rollback: %s", err.detail);
}

static void delete (struct sim *sim, const char *name)
{
    if (sim_look(sim, name)->exists) sim_delete(sim, name);
}

static void operate(struct sim *sim)
{
    const char *name = PICK(sim, names);
    int64_t dice = sim_between(sim, 1, 100);
    if (dice <= 55)
        apply(sim, name);
    else if (dice <= 80)
        scale(sim, name);
    else if (dice <= 95)
        roll_back(sim, name);
    else
        delete (sim, name);
}

/* ---- faults ---- */

static void agent_returns(struct sim *sim, void *self, uint64_t life)
{
    struct sim_agent *agent = self;
    (void)sim;
    if (agent->life == life) sim_agent_start(agent);
}

static void network_heals(struct sim *sim, void *self, uint64_t stamp)
{
    (void)self;
    (void)stamp;
    sim->network = (struct sim_network){0};
}

static void break_agent(struct sim *sim, struct sim_agent *agent)
{
    int64_t ms = sim_between(sim, 500, 90 * SIM_SECOND);
    switch (sim_between(sim, 1, 3)) {
    case 1:
        sim_agent_stop(agent);
        sim_after(sim, ms, agent_returns, agent, agent->life);
        break;
    case 2:
        sim_agent_reboot(agent, ms);
        break;
    default:
        sim_agent_partition(agent, ms);
        break;
    }
}

static void disturb_network(struct sim *sim)
{
    sim->network = (struct sim_network){
        .lost = (unsigned)sim_between(sim, 0, 20),
        .repeated = (unsigned)sim_between(sim, 0, 20),
        .late = (unsigned)sim_between(sim, 0, 20),
    };
    sim_trace(sim, "the network loses %u %%", sim->network.lost);
    sim_after(sim, sim_between(sim, SIM_SECOND, SIM_MINUTE), network_heals, NULL, 0);
}

static void remove_node(struct sim *sim, const struct sim_agent *agent)
{
    struct err err;
    enum err_code code = sim_try_remove_node(sim, agent->name, &err);
    if (code != ERR_OK && code != ERR_NOT_FOUND) sim_fail(sim, "remove: %s", err.detail);
}

static void break_something(struct sim *sim)
{
    struct sim_agent *agent = sim->agents[rng_below(&sim->rng, sim->agent_count)];
    int64_t dice = sim_between(sim, 1, 100);
    sim->faults++;
    if (dice <= 60 && agent->online && !agent->partitioned)
        break_agent(sim, agent);
    else if (dice <= 75)
        disturb_network(sim);
    else if (dice <= 80)
        remove_node(sim, agent);
    else
        sim_server_restart(sim, sim_between(sim, 0, 40 * SIM_SECOND));
}

/* ---- a run ---- */

void sim_chaos(struct sim *sim, int64_t ms)
{
    int64_t nodes = sim_between(sim, NODES_MIN, NODES_MAX);
    struct resources capacity = {.cpu_millis = 4000, .memory_mib = 4096};
    for (int64_t i = 1; i <= nodes; i++)
        sim_add_node(sim, arena_printf(&sim->memory, "n%lld", (long long)i), capacity);
    for (size_t i = 0; i < NAMES; i++)
        apply(sim, names[i]);
    int64_t end_ms = sim_now_ms(sim) + ms;
    while (sim_now_ms(sim) < end_ms) {
        sim_run_for(sim, sim_between(sim, 1, PAUSE_BETWEEN_MAX_MS));
        if (sim_chance(sim, 55))
            operate(sim);
        else
            break_something(sim);
    }
}

static void resume(struct sim *sim, const char *name)
{
    const struct sim_look *look = sim_look(sim, name);
    if (!look->exists || !look->deployment.spec.paused) return;
    struct sim_spec spec = {
        .name = name,
        .version = arena_strdup(&sim->memory, look->deployment.spec.template.version),
        .replicas = look->deployment.spec.replicas,
    };
    sim_apply(sim, &spec);
}

static bool all_final(struct sim *sim)
{
    for (size_t i = 0; i < NAMES; i++) {
        const struct sim_look *look = sim_look(sim, names[i]);
        if (look->exists && (look->deployment.lifecycle == LIFECYCLE_DELETING ||
                             !rollout_state_final(look->rollout.state)))
            return false;
    }
    return true;
}

void sim_calm(struct sim *sim)
{
    sim_trace(sim, "calm");
    sim_run_for(sim, HEALING_MS); /* what was broken for a time is whole again */
    sim->network = (struct sim_network){0};
    for (size_t i = 0; i < NAMES; i++)
        resume(sim, names[i]);
    int64_t end_ms = sim_now_ms(sim) + DEADLINES_MS;
    while (sim_now_ms(sim) < end_ms && !all_final(sim))
        sim_run_for(sim, 10 * SIM_SECOND);
    sim_run_for(sim, HEALING_MS);
}
