#include "sim_chaos.h"

#include "sim_agent.h"
#include "sim_check.h"

enum {
    NODES_MIN = 3,
    NODES_MAX = 6,
    PEACE_MAX_MS = 25 * 1000, /* before the first trouble: mostly something has proven itself */
    PAUSE_BETWEEN_MAX_MS = 8 * 1000,
    CHAOS_AT_MOST = 20,           /* times as long as was asked for */
    HEALING_MS = 65 * 1000,       /* longer than any fault lasts */
    SETTLING_MS = 40 * 1000,      /* longer than any process takes to stop */
    DEADLINES_MS = 25 * 60 * 1000 /* longer than all deadlines of a rollout together */
};

static bool is_enough(struct sim *sim, int64_t rollouts, int64_t faults)
{
    return sim_check_rollouts(sim) >= rollouts && sim->faults >= faults;
}

void sim_chaos(struct sim *sim, int64_t ms, int64_t rollouts, int64_t faults)
{
    int64_t nodes = sim_between(sim, NODES_MIN, NODES_MAX);
    struct resources capacity = {.cpu_millis = 4000, .memory_mib = 4096};
    for (int64_t i = 1; i <= nodes; i++)
        sim_add_node(sim, arena_printf(&sim->memory, "n%lld", (long long)i), capacity);
    for (size_t i = 0; i < SIM_NAMES; i++) {
        sim_run_for(sim, 1); /* uids are ordered by their time, and by chance within a ms */
        sim_deploy(sim, sim_names[i]);
    }
    sim_run_for(sim, sim_between(sim, 1, PEACE_MAX_MS));
    int64_t end_ms = sim_now_ms(sim) + ms, last_ms = sim_now_ms(sim) + CHAOS_AT_MOST * ms;
    while (sim_now_ms(sim) < end_ms || !is_enough(sim, rollouts, faults)) {
        if (sim_now_ms(sim) > last_ms) sim_fail(sim, "rollouts do not come to an end");
        sim_run_for(sim, sim_between(sim, 1, PAUSE_BETWEEN_MAX_MS));
        if (sim_chance(sim, 60))
            sim_operate(sim);
        else
            sim_break(sim);
    }
}

static bool all_final(struct sim *sim)
{
    for (size_t i = 0; i < SIM_NAMES; i++) {
        const struct sim_look *look = sim_look(sim, sim_names[i]);
        if (look->exists && (look->deployment.lifecycle == LIFECYCLE_DELETING ||
                             !rollout_state_final(look->rollout.state)))
            return false;
    }
    return true;
}

void sim_calm(struct sim *sim)
{
    sim_trace(sim, "calm");
    sim->kill_after = 0;
    sim_run_for(sim, HEALING_MS); /* what was broken for a time is whole again */
    int64_t end_ms = sim_now_ms(sim) + DEADLINES_MS;
    do {
        for (size_t i = 0; i < SIM_NAMES; i++)
            sim_attend(sim, sim_names[i]);
        sim_run_for(sim, 10 * SIM_SECOND);
    } while (sim_now_ms(sim) < end_ms && !all_final(sim));
    sim_run_for(sim, SETTLING_MS);
}
