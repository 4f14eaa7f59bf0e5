#include "base/text.h"
#include "model/event.h"
#include "sim.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"

enum { ROWS_MAX = 1000 };

static void look_at_replicas(struct sim *sim, struct sim_look *look)
{
    struct replica *rows = NULL;
    size_t count = 0;
    SIM_MUST(sim, replicas_list(sim->reader, &sim->look, look->deployment.uid, 0, ROWS_MAX, &rows,
                                &count, err));
    look->replicas = ARENA_ARRAY(&sim->look, struct replica, count);
    look->ended = ARENA_ARRAY(&sim->look, struct replica, count);
    for (size_t i = 0; i < count; i++) {
        if (replica_phase_final(rows[i].phase))
            look->ended[look->ended_count++] = rows[i];
        else
            look->replicas[look->count++] = rows[i];
    }
}

static void look_inside(struct sim *sim, const char *name, struct sim_look *look)
{
    struct err problem;
    enum err_code code =
        deployments_get(sim->reader, &sim->look, "default", name, &look->deployment, &problem);
    look->exists = code == ERR_OK;
    if (code == ERR_NOT_FOUND) return;
    if (code != ERR_OK) sim_fail(sim, "%s: %s", name, problem.detail);
    const char *uid = look->deployment.uid;
    look_at_replicas(sim, look);
    SIM_MUST(sim, rollouts_list(sim->reader, &sim->look, uid, 0, ROWS_MAX, &look->rollouts,
                                &look->rollout_count, err));
    SIM_MUST(sim, revisions_list(sim->reader, &sim->look, uid, 0, ROWS_MAX, &look->revisions,
                                 &look->revision_count, err));
    if (look->rollout_count > 0) look->rollout = look->rollouts[0];
}

const struct sim_look *sim_look(struct sim *sim, const char *name)
{
    arena_reset(&sim->look);
    struct sim_look *look = ARENA_NEW(&sim->look, struct sim_look);
    SIM_MUST(sim, store_read_begin(sim->reader, err));
    look_inside(sim, name, look);
    store_read_end(sim->reader);
    return look;
}

int64_t sim_count_on_node(const struct sim_look *look, const char *node)
{
    int64_t count = 0;
    for (size_t i = 0; i < look->count; i++)
        count += text_equal(look->replicas[i].node, node);
    return count;
}

static bool is_event(const struct event *event, const char *kind, const char *name,
                     const char *reason)
{
    return text_equal(event->kind, kind) && text_equal(event->reason, reason) &&
           (!name || text_equal(event->name, name));
}

/* All events, oldest first. */
static void read_events(struct sim *sim, struct event **items, size_t *count)
{
    struct events_filter filter = {.after = 0, .limit = 1000 * 1000};
    SIM_MUST(sim, store_read_begin(sim->reader, err));
    SIM_MUST(sim, events_list(sim->reader, &sim->memory, &filter, items, count, err));
    store_read_end(sim->reader);
}

const struct event *sim_event(struct sim *sim, const char *kind, const char *name,
                              const char *reason)
{
    struct event *items = NULL;
    size_t count = 0;
    read_events(sim, &items, &count);
    while (count > 0)
        if (is_event(&items[--count], kind, name, reason)) return &items[count];
    return NULL;
}

int64_t sim_count_events(struct sim *sim, const char *kind, const char *reason)
{
    struct event *items = NULL;
    size_t count = 0;
    int64_t found = 0;
    read_events(sim, &items, &count);
    for (size_t i = 0; i < count; i++)
        found += is_event(&items[i], kind, NULL, reason);
    return found;
}

/* ---- waiting ---- */

struct wanted {
    const char *name;
    int state;
};

static bool rollout_is(struct sim *sim, void *argument)
{
    const struct wanted *wanted = argument;
    const struct sim_look *look = sim_look(sim, wanted->name);
    return look->exists && look->rollout.id != 0 && look->rollout.state == wanted->state;
}

static bool state_is(struct sim *sim, void *argument)
{
    const struct wanted *wanted = argument;
    const struct sim_look *look = sim_look(sim, wanted->name);
    return look->exists && look->deployment.status.state == wanted->state;
}

static bool is_gone(struct sim *sim, void *argument)
{
    return !sim_look(sim, argument)->exists;
}

bool sim_until_rollout(struct sim *sim, const char *name, enum rollout_state state, int64_t ms)
{
    struct wanted wanted = {name, (int)state};
    return sim_run_until(sim, rollout_is, &wanted, ms);
}

bool sim_until_state(struct sim *sim, const char *name, enum deployment_state state, int64_t ms)
{
    struct wanted wanted = {name, (int)state};
    return sim_run_until(sim, state_is, &wanted, ms);
}

bool sim_until_gone(struct sim *sim, const char *name, int64_t ms)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    return sim_run_until(sim, is_gone, copy, ms);
}
