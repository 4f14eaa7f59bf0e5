/* What must hold once faults have ended and time has passed. */
#include "base/text.h"
#include "sim_agent.h"
#include "sim_check_parts.h"
#include "store/deployments.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"

static bool is_whole(const struct rollout *newest)
{
    return newest->state == ROLLOUT_SUCCEEDED || newest->state == ROLLOUT_ROLLED_BACK;
}

static void check_same(struct sim *sim, const struct replica *replica)
{
    struct sim_agent *agent = replica->node ? sim_agent_find(sim, replica->node) : NULL;
    if (!agent)
        sim_fail(sim, "%s is still %s: %s", replica->id, replica_phase_words[replica->phase],
                 replica->reason);
    const struct sim_process *process = map_get(&agent->by_id, replica->id);
    if (!process || process->attempt != replica->attempt || process->phase != replica->phase)
        sim_fail(sim, "%s is %s#%lld in the store and %s#%lld on %s", replica->id,
                 replica_phase_words[replica->phase], (long long)replica->attempt,
                 process ? replica_phase_words[process->phase] : "absent",
                 process ? (long long)process->attempt : 0LL, agent->name);
}

/* A version that works is wholly there; one that does not may be between two attempts. */
static int64_t check_replicas(struct sim *sim, struct arena *arena,
                              const struct deployment *deployment, bool steady)
{
    struct replica *replicas = NULL;
    size_t count = 0;
    int64_t running = 0, available = 0;
    SIM_MUST(sim, replicas_list(sim->reader, arena, deployment->uid, 0, SIM_ROWS_MAX, &replicas,
                                &count, err));
    for (size_t i = 0; i < count; i++) {
        if (replica_phase_final(replicas[i].phase)) continue;
        if (steady) check_same(sim, &replicas[i]);
        running += replicas[i].node != NULL;
        available += replicas[i].available;
    }
    if (steady && available != deployment->spec.replicas)
        sim_fail(sim, "%s is whole with %lld of %lld available: %s", deployment->name,
                 (long long)available, (long long)deployment->spec.replicas,
                 deployment->status.message);
    return running;
}

static void check_terminated(struct sim *sim, struct arena *arena,
                             const struct deployment *deployment)
{
    if (deployment->status.state != DEPLOYMENT_TERMINATED)
        sim_fail(sim, "%s is terminated and says %s", deployment->name,
                 deployment_state_words[deployment->status.state]);
    struct replica *replicas = NULL;
    size_t count = 0;
    SIM_MUST(sim, replicas_for_pass(sim->reader, arena, deployment->uid, &replicas, &count, err));
    if (count > 0) sim_fail(sim, "%s is terminated and has %zu replicas", deployment->name, count);
}

/* One revision is the proven one, and what is not the target any more is not on its way. */
static void check_outcomes(struct sim *sim, struct arena *arena,
                           const struct deployment *deployment)
{
    struct revision *revisions = NULL;
    size_t count = 0;
    const struct deployment_status *status = &deployment->status;
    SIM_MUST(sim, revisions_list(sim->reader, arena, deployment->uid, 0, SIM_ROWS_MAX, &revisions,
                                 &count, err));
    for (size_t i = 0; i < count; i++) {
        const struct revision *revision = &revisions[i];
        bool stable = revision->number == status->stable_revision;
        if ((revision->outcome == OUTCOME_STABLE) != stable)
            sim_fail(sim, "revision %lld of %s is %s, the stable one is %lld",
                     (long long)revision->number, deployment->name,
                     revision_outcome_words[revision->outcome], (long long)status->stable_revision);
        bool on_its_way =
            revision->outcome == OUTCOME_ACTIVE || revision->outcome == OUTCOME_PENDING;
        if (on_its_way && revision->number != status->revision)
            sim_fail(sim, "revision %lld of %s is %s, the target is %lld",
                     (long long)revision->number, deployment->name,
                     revision_outcome_words[revision->outcome], (long long)status->revision);
    }
}

/* Can it run at all, on nodes that are as large as the first one, and be ready within its limit? */
static bool can_work(struct sim *sim, const struct template *template)
{
    int64_t room = sim->agents[0]->capacity.cpu_millis;
    bool fits = room == 0 || template->resources.cpu_millis <= room;
    const struct behaviour *behaviour = sim_behaviour(template->version);
    bool in_time = behaviour->ready_after_ms < template->limits.healthy_seconds * SIM_SECOND;
    return fits && in_time && sim_behaviour_works(behaviour);
}

static int64_t check_settled_one(struct sim *sim, struct arena *arena,
                                 const struct deployment *deployment)
{
    struct rollout *rollouts = NULL;
    size_t count = 0;
    SIM_MUST(sim, rollouts_list(sim->reader, arena, deployment->uid, 0, SIM_ROWS_MAX, &rollouts,
                                &count, err));
    for (size_t i = 0; i < count; i++)
        if (!rollout_state_final(rollouts[i].state))
            sim_fail(sim, "rollout %lld of %s is still %s: %s", (long long)rollouts[i].id,
                     deployment->name, rollout_state_words[rollouts[i].state], rollouts[i].message);
    if (deployment->lifecycle == LIFECYCLE_DELETING)
        sim_fail(sim, "%s is still there", deployment->name);
    if (deployment->status.observed_generation != deployment->generation)
        sim_fail(sim, "%s: generation %lld is not observed", deployment->name,
                 (long long)deployment->generation);
    check_outcomes(sim, arena, deployment);
    bool works = can_work(sim, &deployment->spec.template);
    if (deployment->lifecycle == LIFECYCLE_TERMINATED) {
        check_terminated(sim, arena, deployment);
        works = false;
    }
    return check_replicas(sim, arena, deployment, works && count > 0 && is_whole(&rollouts[0]));
}

/* Nothing is left of what was deleted, but a tombstone for an hour. */
static void check_gone(struct sim *sim, struct arena *arena, const struct gone *gone)
{
    struct replica *replicas = NULL;
    struct rollout *rollouts = NULL;
    struct revision *revisions = NULL;
    struct revision_set *sets = NULL;
    size_t replica_count = 0, rollout_count = 0, revision_count = 0, set_count = 0;
    struct store_db *db = sim->reader;
    SIM_MUST(sim,
             replicas_list(db, arena, gone->uid, 0, SIM_ROWS_MAX, &replicas, &replica_count, err));
    SIM_MUST(sim,
             rollouts_list(db, arena, gone->uid, 0, SIM_ROWS_MAX, &rollouts, &rollout_count, err));
    SIM_MUST(sim, revisions_list(db, arena, gone->uid, 0, SIM_ROWS_MAX, &revisions, &revision_count,
                                 err));
    SIM_MUST(sim, revision_sets_list(db, arena, gone->uid, &sets, &set_count, err));
    size_t left = replica_count + rollout_count + revision_count + set_count;
    if (left > 0) sim_fail(sim, "%zu rows of %s are left, which was deleted", left, gone->name);
}

static void count_all(struct sim *sim, int64_t *wanted, int64_t *running)
{
    auto_arena arena;
    arena_init(&arena);
    struct deployment *items = NULL;
    struct listed listed = {.count = 0};
    struct page all = {.sort = SORT_OWN, .limit = SIM_ROWS_MAX};
    *wanted = *running = 0;
    SIM_MUST(sim, store_read_begin(sim->reader, err));
    SIM_MUST(sim, deployments_page(sim->reader, &arena, NULL, &all, &items, &listed, err));
    for (size_t i = 0; i < listed.count; i++)
        *wanted += check_settled_one(sim, &arena, &items[i]);
    for (const struct gone *gone = sim_check_gone(sim); gone; gone = gone->next)
        check_gone(sim, &arena, gone);
    store_read_end(sim->reader);
    for (size_t i = 0; i < sim->agent_count; i++)
        *running += sim_agent_running(sim->agents[i]);
}

void sim_check_settled(struct sim *sim)
{
    enum { TRIES = 20 };
    int64_t wanted = 0, running = 0;
    for (int i = 0; i < TRIES; i++) {
        count_all(sim, &wanted, &running);
        if (running == wanted) return;
        sim_run_for(sim, SIM_SECOND); /* a version that does not work is being tried again */
    }
    sim_fail(sim, "%lld processes run and the store knows %lld", (long long)running,
             (long long)wanted);
}
