/* An agent's two conversations. Each message may be lost on its way and each answer too; a guard
 * timer makes the agent begin again. `life` and `poll` tell old messages from those that count. */
#include "sim_agent.h"

#include "base/text.h"
#include "scheduler/control.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"
#include "wire/object_wire.h"

enum {
    RETRY_MS = 1000,
    ANSWER_MS = 3000, /* an answer is not waited for longer */
    LATE_MS = 8000    /* more than ANSWER_MS: a message may come after the one that repeats it */
};

bool sim_agent_reachable(const struct sim_agent *agent)
{
    return agent->online && !agent->partitioned && agent->sim->server_up;
}

struct sim_agent *sim_agent_find(struct sim *sim, const char *name)
{
    for (size_t i = 0; i < sim->agent_count; i++)
        if (text_equal(sim->agents[i]->name, name)) return sim->agents[i];
    return NULL;
}

int64_t sim_agent_running(const struct sim_agent *agent)
{
    int64_t running = 0;
    for (const struct sim_process *process = agent->processes; process; process = process->next)
        running += !replica_phase_final(process->phase);
    return running;
}

int64_t sim_agent_starts(struct sim *sim, const char *replica)
{
    int64_t starts = 0;
    char key[128];
    for (;; starts++) {
        snprintf(key, sizeof key, "%s#%lld", replica, (long long)starts + 1);
        if (!map_get(&sim->starts, key)) return starts;
    }
}

/* ---- what is assigned ---- */

struct assignment {
    const char *id, *version;
    int64_t last_attempt;
    int64_t check_round; /* 0 = none is asked for */
    int wanted;
};

struct assignments {
    struct sim_agent *agent;
    uint64_t poll;
    int64_t index;
    struct assignment *items;
    size_t count;
};

static const char *version_of(struct sim *sim, struct arena *scratch, const struct replica *replica)
{
    const char *version = map_get(&sim->versions, replica->template_hash);
    if (version) return version;
    struct revision revision;
    struct template template;
    struct err err;
    if (revisions_get_hash(sim->reader, scratch, replica->deployment_uid, replica->template_hash,
                           &revision, &err) != ERR_OK ||
        template_parse(scratch, revision.template_json, &template, &err) != ERR_OK)
        sim_fail(sim, "no template for %s: %s", replica->id, err.detail);
    version = arena_strdup(&sim->memory, template.version);
    map_put(&sim->versions, replica->template_hash, (void *)(uintptr_t)version);
    return version;
}

static int64_t check_round_of(const struct replica *replica, const struct rollout_check *checks,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(checks[i].uid, replica->deployment_uid) &&
            text_equal(checks[i].template_hash, replica->template_hash))
            return checks[i].round;
    return 0;
}

/* False when the node was removed meanwhile. */
static bool read_assignments(struct sim_agent *agent, struct assignments *assignments)
{
    struct sim *sim = agent->sim;
    auto_arena scratch;
    arena_init(&scratch);
    struct node node;
    struct replica *replicas = NULL;
    struct rollout_check *checks = NULL;
    struct strings orphans;
    size_t count = 0, check_count = 0;
    struct err err;
    if (nodes_get(sim->reader, &scratch, agent->name, &node, &err) != ERR_OK) return false;
    if (store_read_begin(sim->reader, &err) != ERR_OK ||
        replicas_on_node(sim->reader, &scratch, agent->name, &replicas, &count, &err) != ERR_OK ||
        rollouts_checks_on_node(sim->reader, &scratch, agent->name, &checks, &check_count, &err) !=
            ERR_OK ||
        node_orphans_list(sim->reader, &scratch, agent->name, &orphans, &err) != ERR_OK)
        sim_fail(sim, "assignments of %s: %s", agent->name, err.detail);
    assignments->index = node.assignments_index;
    assignments->count = count + orphans.count;
    assignments->items = ARENA_ARRAY(&sim->memory, struct assignment, assignments->count);
    for (size_t i = 0; i < count; i++)
        assignments->items[i] = (struct assignment){
            .id = arena_strdup(&sim->memory, replicas[i].id),
            .version = version_of(sim, &scratch, &replicas[i]),
            .last_attempt = replicas[i].attempt,
            .check_round = check_round_of(&replicas[i], checks, check_count),
            .wanted = replicas[i].wanted,
        };
    for (size_t i = 0; i < orphans.count; i++)
        assignments->items[count + i] = (struct assignment){
            .id = arena_strdup(&sim->memory, orphans.items[i]), .wanted = WANTED_STOP};
    store_read_end(sim->reader);
    return true;
}

static struct sim_process *new_process(struct sim_agent *agent, const struct assignment *assignment)
{
    struct sim_process *process = ARENA_NEW(&agent->sim->memory, struct sim_process);
    process->agent = agent;
    process->id = assignment->id;
    process->version = assignment->version ? assignment->version : "ok";
    process->behaviour = sim_behaviour(process->version);
    process->attempt = assignment->last_attempt;
    process->phase = REPLICA_ASSIGNED;
    process->reason = "";
    process->next = agent->processes;
    agent->processes = process;
    map_put(&agent->by_id, process->id, process);
    return process;
}

static void follow_wanted(struct sim_agent *agent, const struct assignment *assignment)
{
    struct sim_process *process = map_get(&agent->by_id, assignment->id);
    if (!process) {
        process = new_process(agent, assignment);
        if (assignment->wanted == WANTED_RUN) {
            sim_process_start(process);
            return;
        }
        process->phase = REPLICA_STOPPED; /* never started here */
        process->reason = "not running here";
        sim_process_changed(process);
        return;
    }
    if (assignment->wanted != WANTED_STOP) return;
    if (replica_phase_final(process->phase))
        sim_process_changed(process); /* the server has not heard yet */
    else
        sim_process_stop(process);
}

static void follow(struct sim_agent *agent, const struct assignment *assignment)
{
    follow_wanted(agent, assignment);
    struct sim_process *process = map_get(&agent->by_id, assignment->id);
    if (assignment->check_round > 0) sim_process_check(process, assignment->check_round);
}

/* ---- polling ---- */

static void poll_send(struct sim *sim, void *self, uint64_t life);

static int64_t latency_ms(struct sim_agent *agent)
{
    return sim_between(agent->sim, 1, 10);
}

/* The server knows this node no longer: it joins as a new one. */
static void registers_anew(struct sim_agent *agent)
{
    agent->known = false;
    sim_agent_start(agent);
}

static void poll_again(struct sim_agent *agent, int64_t delay_ms)
{
    agent->poll++;
    agent->poll_parked = false;
    sim_after(agent->sim, delay_ms, poll_send, agent, agent->life);
}

static void poll_answered(struct sim *sim, void *self, uint64_t poll)
{
    struct assignments *assignments = self;
    struct sim_agent *agent = assignments->agent;
    (void)sim;
    if (poll != agent->poll || !sim_agent_reachable(agent)) return;
    agent->index = assignments->index;
    for (size_t i = 0; i < assignments->count; i++)
        follow(agent, &assignments->items[i]);
    poll_again(agent, 1);
}

static void poll_answer(struct sim *sim, void *self, uint64_t poll)
{
    struct sim_agent *agent = self;
    if (poll != agent->poll || !agent->poll_parked || !sim->server_up) return;
    agent->poll_parked = false;
    struct assignments *assignments = ARENA_NEW(&sim->memory, struct assignments);
    assignments->agent = agent;
    if (!read_assignments(agent, assignments)) {
        registers_anew(agent);
        return;
    }
    if (sim_chance(sim, sim->network.lost)) return;
    sim_after(sim, latency_ms(agent), poll_answered, assignments, poll);
}

static void poll_arrive(struct sim *sim, void *self, uint64_t poll)
{
    struct sim_agent *agent = self;
    if (poll != agent->poll || !sim_agent_reachable(agent)) return;
    control_node_seen(sim->control, agent->name);
    auto_arena scratch;
    arena_init(&scratch);
    struct node node;
    struct err err;
    if (nodes_get(sim->reader, &scratch, agent->name, &node, &err) != ERR_OK) {
        registers_anew(agent);
        return;
    }
    agent->poll_parked = true;
    bool news = node.assignments_index > agent->index;
    sim_after(sim, news ? 0 : control_poll_wait_ms(sim->control), poll_answer, agent, poll);
}

static void poll_guard(struct sim *sim, void *self, uint64_t poll)
{
    struct sim_agent *agent = self;
    (void)sim;
    if (poll == agent->poll && agent->online) poll_again(agent, 0);
}

static void poll_send(struct sim *sim, void *self, uint64_t life)
{
    struct sim_agent *agent = self;
    if (life != agent->life || !agent->registered) return;
    if (!sim_agent_reachable(agent)) {
        poll_again(agent, RETRY_MS);
        return;
    }
    uint64_t poll = ++agent->poll;
    sim_after(sim, control_poll_wait_ms(sim->control) + ANSWER_MS, poll_guard, agent, poll);
    if (sim_chance(sim, sim->network.lost)) return;
    sim_after(sim, latency_ms(agent), poll_arrive, agent, poll);
}

void sim_agent_assignments_changed(struct sim_agent *agent)
{
    if (!agent->poll_parked) return;
    sim_after(agent->sim, 0, poll_answer, agent, agent->poll);
}

void sim_agent_server_lost(struct sim_agent *agent)
{
    if (!agent->online || !agent->registered) return;
    agent->report_in_flight = false;
    agent->report_full = true;
    poll_again(agent, sim_between(agent->sim, 10, RETRY_MS));
}

/* ---- reporting ---- */

struct sent_report {
    struct sim_agent *agent;
    struct report report;
    struct sim_process **processes;
    uint64_t *changed; /* of each process when it was sent */
    uint64_t life;
    int64_t epoch;
    bool answered;
};

static void report_send(struct sim *sim, void *self, uint64_t life);

void sim_agent_report_soon(struct sim_agent *agent)
{
    if (agent->report_scheduled || agent->report_in_flight || !agent->registered) return;
    agent->report_scheduled = true;
    sim_after(agent->sim, sim_between(agent->sim, 1, 20), report_send, agent, agent->life);
}

static bool is_unreported(const struct sim_agent *agent, const struct sim_process *process)
{
    if (process->phase == REPLICA_ASSIGNED) return false;
    bool known_end =
        replica_phase_final(process->phase) && process->changed == process->acknowledged;
    return process->changed != process->acknowledged || (agent->report_full && !known_end);
}

static struct replica_change change_of(const struct sim_process *process)
{
    bool passed = !process->behaviour->fails_checks;
    return (struct replica_change){
        .id = process->id,
        .attempt = process->attempt,
        .state = process->phase,
        .ready = process->ready,
        .reason = process->reason,
        .address = process->agent->name,
        .pid = 1000 + process->attempt,
        .has_exit = process->exited,
        .exit_code = process->exited ? 1 : -1,
        .exit_signal = -1,
        .log_tail = process->exited ? "panic: out of cheese" : NULL,
        .check_round = process->check_answered,
        .check_passed = process->check_answered > 0 && passed,
        .check_reason = process->check_answered > 0 && !passed ? "answered 500" : NULL,
    };
}

static struct sent_report *make_report(struct sim_agent *agent)
{
    struct arena *arena = &agent->sim->memory;
    struct sent_report *sent = ARENA_NEW(arena, struct sent_report);
    size_t count = 0;
    for (struct sim_process *process = agent->processes; process; process = process->next)
        count += is_unreported(agent, process);
    sent->agent = agent;
    sent->life = agent->life;
    sent->epoch = agent->epoch;
    sent->processes = ARENA_ARRAY(arena, struct sim_process *, count);
    sent->changed = ARENA_ARRAY(arena, uint64_t, count);
    sent->report = (struct report){
        .boot_id = arena_printf(arena, "boot-%lld", (long long)agent->boot),
        .epoch = agent->epoch,
        .seq = ++agent->seq,
        .full = agent->report_full,
        .changes = ARENA_ARRAY(arena, struct replica_change, count),
    };
    for (struct sim_process *process = agent->processes; process; process = process->next) {
        if (!is_unreported(agent, process)) continue;
        size_t i = sent->report.change_count++;
        sent->processes[i] = process;
        sent->changed[i] = process->changed;
        sent->report.changes[i] = change_of(process);
    }
    return sent;
}

static void report_answered(struct sim *sim, void *self, uint64_t life)
{
    struct sent_report *sent = self;
    struct sim_agent *agent = sent->agent;
    (void)sim;
    if (life != agent->life || sent->answered || !sim_agent_reachable(agent)) return;
    sent->answered = true;
    agent->report_in_flight = false;
    if (sent->report.full) agent->report_full = false;
    for (size_t i = 0; i < sent->report.change_count; i++)
        sent->processes[i]->acknowledged = sent->changed[i];
    for (struct sim_process *process = agent->processes; process; process = process->next) {
        if (!is_unreported(agent, process)) continue;
        sim_agent_report_soon(agent);
        return;
    }
}

static enum err_code report_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                  void *argument, struct err *err)
{
    struct sent_report *sent = argument;
    struct report_result result;
    tx_set_actor(tx, arena_printf(arena, "node/%s", sent->agent->name), NULL);
    TRY(control_report(sim->control, tx, arena, sent->agent->name, &sent->report, &result, err));
    for (size_t i = 0; i < result.count; i++)
        sim_trace(sim, "  %s: %s rejected: %s", sent->agent->name, result.items[i].id,
                  result.items[i].code);
    return ERR_OK;
}

static void report_arrive(struct sim *sim, void *self, uint64_t life)
{
    struct sent_report *sent = self;
    struct sim_agent *agent = sent->agent;
    if (agent->partitioned || !sim->server_up) return;
    control_node_seen(sim->control, agent->name);
    struct err err = {.code = ERR_OK};
    enum err_code code = sim_write(sim, LANE_REPORTS, report_apply, sent, &err);
    if (code == ERR_FENCED && sent->epoch == agent->epoch)
        sim_fail(sim, "%s was fenced by nobody: %s", agent->name, err.detail);
    if (code == ERR_NOT_FOUND && sim_agent_reachable(agent)) {
        registers_anew(agent);
        return;
    }
    bool refused = code == ERR_FENCED || code == ERR_NOT_FOUND || sim_write_failed(sim, code);
    if (code != ERR_OK && !refused) sim_fail(sim, "report of %s: %s", agent->name, err.detail);
    if (code != ERR_OK || sim_chance(sim, sim->network.lost)) return;
    sim_after(sim, latency_ms(agent), report_answered, sent, life);
}

static void report_guard(struct sim *sim, void *self, uint64_t life)
{
    struct sent_report *sent = self;
    struct sim_agent *agent = sent->agent;
    (void)sim;
    if (life != agent->life || sent->answered) return;
    sent->answered = true; /* an answer that comes later is not waited for */
    agent->report_in_flight = false;
    agent->report_full = true;
    sim_agent_report_soon(agent);
}

static void report_send(struct sim *sim, void *self, uint64_t life)
{
    struct sim_agent *agent = self;
    if (life != agent->life) return;
    agent->report_scheduled = false;
    if (agent->report_in_flight) return;
    if (!sim_agent_reachable(agent)) {
        agent->report_full = true;
        agent->report_scheduled = true;
        sim_after(sim, RETRY_MS, report_send, agent, life);
        return;
    }
    struct sent_report *sent = make_report(agent);
    agent->report_in_flight = true;
    sim_after(sim, ANSWER_MS, report_guard, sent, life);
    if (sim_chance(sim, sim->network.lost)) return;
    int64_t delay_ms = latency_ms(agent);
    if (sim_chance(sim, sim->network.late)) delay_ms = sim_between(sim, delay_ms, LATE_MS);
    sim_after(sim, delay_ms, report_arrive, sent, life);
    if (sim_chance(sim, sim->network.repeated))
        sim_after(sim, delay_ms + 1, report_arrive, sent, life);
}

/* ---- its life ---- */

static void registers(struct sim *sim, void *self, uint64_t life);

static enum err_code register_apply(struct sim *sim, struct store_tx *tx, struct arena *arena,
                                    void *argument, struct err *err)
{
    struct sim_agent *agent = argument;
    const char *driver = "process";
    struct node_registration registration = {
        .token = agent->token,
        .cluster = "default",
        .address = agent->name,
        .capacity = agent->capacity,
        .agent_version = "0.1.0",
        .boot_id = arena_printf(arena, "boot-%lld", (long long)agent->boot),
        .drivers = {.items = &driver, .count = 1},
    };
    struct node node;
    TRY(control_register(sim->control, tx, arena, agent->name,
                         agent->known ? RIGHT_SELF : RIGHT_CREATE, &registration, &node, err));
    agent->epoch = node.epoch;
    return ERR_OK;
}

static void registers(struct sim *sim, void *self, uint64_t life)
{
    struct sim_agent *agent = self;
    if (life != agent->life) return;
    if (!sim_agent_reachable(agent)) {
        sim_after(sim, RETRY_MS, registers, agent, life);
        return;
    }
    struct err err;
    enum err_code code = sim_write(sim, LANE_FIRST, register_apply, agent, &err);
    if (code == ERR_NOT_FOUND && agent->known) {
        registers_anew(agent);
        return;
    }
    if (sim_write_failed(sim, code)) {
        sim_after(sim, RETRY_MS, registers, agent, life);
        return;
    }
    if (code != ERR_OK) sim_fail(sim, "registration of %s: %s", agent->name, err.detail);
    agent->known = agent->registered = true;
    agent->report_full = true;
    agent->index = 0;
    poll_again(agent, 1);
    sim_agent_report_soon(agent);
}

void sim_agent_start(struct sim_agent *agent)
{
    agent->online = true;
    agent->registered = false;
    agent->report_scheduled = agent->report_in_flight = false;
    agent->life++;
    sim_trace(agent->sim, "agent %s starts", agent->name);
    registers(agent->sim, agent, agent->life);
}

void sim_agent_stop(struct sim_agent *agent)
{
    agent->online = false;
    agent->life++;
    agent->poll++;
    agent->poll_parked = false;
    sim_trace(agent->sim, "agent %s dies", agent->name);
}

static void starts_again(struct sim *sim, void *self, uint64_t life)
{
    struct sim_agent *agent = self;
    (void)sim;
    if (life == agent->life) sim_agent_start(agent);
}

void sim_agent_reboot(struct sim_agent *agent, int64_t ms)
{
    sim_agent_stop(agent);
    agent->boot++;
    for (struct sim_process *process = agent->processes; process; process = process->next)
        sim_process_killed(process);
    sim_after(agent->sim, ms, starts_again, agent, agent->life);
}

static void partition_ends(struct sim *sim, void *self, uint64_t stamp)
{
    struct sim_agent *agent = self;
    (void)stamp;
    agent->partitioned = false;
    sim_trace(sim, "node %s is connected again", agent->name);
}

void sim_agent_partition(struct sim_agent *agent, int64_t ms)
{
    agent->partitioned = true;
    sim_trace(agent->sim, "node %s is cut off for %lld ms", agent->name, (long long)ms);
    sim_after(agent->sim, ms, partition_ends, agent, 0);
}

struct sim_agent *sim_add_node(struct sim *sim, const char *name, struct resources capacity)
{
    if (sim->agent_count == SIM_NODES_MAX) sim_fail(sim, "too many nodes");
    struct sim_agent *agent = ARENA_NEW(&sim->memory, struct sim_agent);
    agent->sim = sim;
    agent->name = arena_strdup(&sim->memory, name);
    agent->capacity = capacity;
    agent->token =
        arena_printf(&sim->memory, "%s-000000000000000000000000000000000000000000000", name);
    agent->boot = 1;
    map_init(&agent->by_id);
    sim->agents[sim->agent_count++] = agent;
    sim_agent_start(agent);
    return agent;
}
