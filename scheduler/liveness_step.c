#include "scheduler/liveness_step.h"

#include "base/arena.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/map.h"
#include "scheduler/control_parts.h"
#include "scheduler/node_replicas.h"
#include "scheduler/node_table.h"
#include "scheduler/plan/liveness.h"
#include "scheduler/presence.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/store.h"
#include "store/writer.h"

#include <assert.h>
#include <pthread.h>

enum {
    VERDICTS_PER_STEP = 256,
    NO_NODES_TICK_MS = 1000,
    VERDICT_RETRY_MS = 1000 /* the writer's queue was full, or the closure failed */
};

/* A verdict on its way through the writer. */
struct verdict {
    struct writer_job job;
    struct liveness_step *step;
    struct verdict *next;
    char *name;
    int64_t seen_ms, check_ms;
    int state; /* enum node_state */
    bool stored;
};

struct liveness_step {
    struct control *control;
    struct writer *writer;
    int64_t start_ms;     /* presence clock */
    int64_t last_tick_ms; /* boot clock */
    /* Name → the word of its state, for nodes that are not ready; who is not in it is held to be.
     * The scheduler thread's: what is stored may differ, so the closure looks again. */
    struct map silent;
    pthread_mutex_t lock; /* of the two below */
    struct verdict *ended;
    int64_t running;
};

/* ---- one verdict, in its closure ---- */

static const char *sentence_of(int state)
{
    switch ((enum node_state)state) {
    case NODE_READY:
        return "its agent is heard again";
    case NODE_SUSPECT:
        return "its agent was not heard for one and a half poll waits";
    case NODE_LOST:
        return "its agent was not heard for three poll waits";
    case NODE_LEFT:
        break;
    }
    return "";
}

static enum err_code store_state(struct store_tx *tx, struct node_table *nodes, struct node *node,
                                 int state, struct err *err)
{
    node->state = state;
    node->state_reason = sentence_of(state);
    node->state_since_at = tx_wall_ms(tx);
    struct event event = {
        .kind = "node",
        .cluster = node->cluster,
        .name = node->name,
        .reason = word_of(node_state_words, state),
        .message = node->state_reason,
    };
    TRY(events_add(tx, &event, &node->index, err));
    TRY(nodes_put(tx, node, false, err));
    node_table_put(tx, nodes, node);
    return ERR_OK;
}

/* Between the judgement and its closure: then it is judged again. */
static bool was_heard_since(const struct verdict *verdict)
{
    int64_t seen_ms = verdict->seen_ms;
    return presence_last_seen(verdict->step->control->presence, verdict->name, &seen_ms) &&
           seen_ms != verdict->seen_ms && verdict->state != NODE_READY;
}

static enum err_code verdict_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct verdict *verdict = CONTAINER_OF(job, struct verdict, job);
    struct node_table *nodes = verdict->step->control->nodes;
    auto_arena arena;
    arena_init(&arena);
    struct node_facts facts;
    if (was_heard_since(verdict)) return ERR_OK;
    verdict->stored = true;
    if (!node_table_get(nodes, verdict->name, &facts)) return ERR_OK;
    if (!node_state_may_move(facts.state, verdict->state)) return ERR_OK;
    tx_set_actor(tx, "server", NULL);
    struct node node;
    TRY(nodes_get(tx_db(tx), &arena, verdict->name, &node, err));
    TRY(store_state(tx, nodes, &node, verdict->state, err));
    return node_replicas_touch(tx, &arena, &node, err);
}

static void verdict_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct verdict *verdict = CONTAINER_OF(job, struct verdict, job);
    struct liveness_step *step = verdict->step;
    if (code != ERR_OK)
        log_message(LOG_ERROR, "verdict_failed", "node %s: %s", verdict->name, err->detail);
    if (code != ERR_OK) verdict->stored = false;
    pthread_mutex_lock(&step->lock);
    verdict->next = step->ended;
    step->ended = verdict;
    step->running--;
    pthread_mutex_unlock(&step->lock);
}

static void verdict_free(struct verdict *verdict)
{
    free(verdict->name);
    free(verdict);
}

/* ---- the step ---- */

static int known_state(const struct liveness_step *step, const char *name)
{
    const char *const *word = map_get(&step->silent, name);
    return word ? (int)(word - node_state_words) : NODE_READY;
}

static void remember(struct liveness_step *step, const char *name, int state)
{
    if (state == NODE_READY)
        map_remove(&step->silent, name);
    else
        map_put(&step->silent, name, (void *)(uintptr_t)&node_state_words[state]);
}

/* Nodes that were removed while they were silent. */
static void forget_removed(struct liveness_step *step)
{
    const struct presence *presence = step->control->presence;
    if ((int64_t)step->silent.count <= presence_count(presence)) return;
    size_t position = 0;
    const char *name;
    int64_t ignored;
    while (map_next(&step->silent, &position, &name, NULL))
        if (!presence_last_seen(step->control->presence, name, &ignored))
            map_remove(&step->silent, name);
}

static void watch(struct liveness_step *step, const char *name, int state, int64_t check_ms,
                  int64_t seen_ms)
{
    presence_watch(step->control->presence, name, check_ms == 0 ? INT64_MAX : check_ms, seen_ms,
                   state != NODE_READY);
}

static void submit(struct liveness_step *step, const char *name,
                   const struct liveness_verdict *judged, int64_t seen_ms)
{
    struct verdict *verdict = xcalloc(1, sizeof *verdict);
    verdict->job = (struct writer_job){.apply = verdict_apply, .done = verdict_done};
    verdict->step = step;
    verdict->name = xstrdup(name);
    verdict->seen_ms = seen_ms;
    verdict->check_ms = judged->check_ms;
    verdict->state = judged->state;
    pthread_mutex_lock(&step->lock);
    step->running++;
    pthread_mutex_unlock(&step->lock);
    struct err err;
    enum err_code code = writer_submit(step->writer, LANE_FIRST, &verdict->job, &err);
    if (code != ERR_OK) verdict_done(&verdict->job, code, &err);
}

/* What was stored is remembered only now; a verdict that was not is judged again soon. */
static void collect_ended(struct liveness_step *step)
{
    pthread_mutex_lock(&step->lock);
    struct verdict *ended = step->ended;
    step->ended = NULL;
    pthread_mutex_unlock(&step->lock);
    int64_t retry_ms = presence_now_ms(step->control->presence) + VERDICT_RETRY_MS;
    while (ended) {
        struct verdict *verdict = ended;
        ended = verdict->next;
        if (verdict->stored) remember(step, verdict->name, verdict->state);
        watch(step, verdict->name, known_state(step, verdict->name),
              verdict->stored ? verdict->check_ms : retry_ms, verdict->seen_ms);
        verdict_free(verdict);
    }
}

static void judge(struct liveness_step *step, const struct liveness_server *server,
                  const struct presence_due *due)
{
    struct liveness_node node = {
        .state = known_state(step, due->name),
        .last_arrival_ms = due->last_seen_ms,
    };
    struct liveness_verdict verdict = liveness_judge(&node, server);
    if (verdict.state == node.state)
        watch(step, due->name, verdict.state, verdict.check_ms, due->last_seen_ms);
    else
        submit(step, due->name, &verdict, due->last_seen_ms);
}

int64_t liveness_step(struct liveness_step *step, int64_t now_boot_ms)
{
    struct presence *presence = step->control->presence;
    collect_ended(step);
    forget_removed(step);
    int64_t stall_ms = liveness_stall_ms(step->last_tick_ms, now_boot_ms);
    bool is_due = now_boot_ms - step->last_tick_ms >= LIVENESS_TICK_MS;
    if (presence_count(presence) == 0) {
        step->last_tick_ms = now_boot_ms;
        return now_boot_ms + NO_NODES_TICK_MS;
    }
    if (!is_due) return step->last_tick_ms + LIVENESS_TICK_MS;
    if (stall_ms > 0) presence_forgive(presence, stall_ms);
    step->last_tick_ms = now_boot_ms;
    auto_arena arena;
    arena_init(&arena);
    struct liveness_server server = {
        .now_ms = presence_now_ms(presence),
        .start_ms = step->start_ms,
        .wait_ms = liveness_poll_wait_ms(presence_count(presence)),
    };
    struct presence_due *due = NULL;
    size_t count = 0;
    presence_due(presence, &arena, VERDICTS_PER_STEP, &due, &count);
    for (size_t i = 0; i < count; i++)
        judge(step, &server, &due[i]);
    return now_boot_ms + LIVENESS_TICK_MS;
}

/* ---- open, close ---- */

static enum err_code load_states(struct liveness_step *step, struct store_db *reader,
                                 struct arena *arena, struct err *err)
{
    enum { PAGE = 500 };
    const char *after = NULL;
    for (size_t count = PAGE; count == PAGE;) {
        struct node *nodes = NULL;
        TRY(nodes_list(reader, arena, NULL, after, PAGE, &nodes, &count, err));
        for (size_t i = 0; i < count; i++)
            remember(step, nodes[i].name, nodes[i].state);
        if (count > 0) after = nodes[count - 1].name;
    }
    return ERR_OK;
}

static enum err_code read_states(struct liveness_step *step, struct err *err)
{
    struct store_db *reader = NULL;
    TRY(store_reader_open(step->control->store, &reader, err));
    auto_arena arena;
    arena_init(&arena);
    enum err_code code = store_read_begin(reader, err);
    if (code == ERR_OK) {
        code = load_states(step, reader, &arena, err);
        store_read_end(reader);
    }
    store_reader_close(reader);
    return code;
}

enum err_code liveness_step_open(struct liveness_step **out, struct control *control,
                                 struct writer *writer, struct err *err)
{
    struct liveness_step *step = xcalloc(1, sizeof *step);
    step->control = control;
    step->writer = writer;
    step->start_ms = presence_now_ms(control->presence);
    step->last_tick_ms = clock_boot_ms(&control->clock);
    map_init(&step->silent);
    pthread_mutex_init(&step->lock, NULL);
    enum err_code code = read_states(step, err);
    if (code != ERR_OK) {
        liveness_step_close(step);
        return code;
    }
    *out = step;
    return ERR_OK;
}

void liveness_step_close(struct liveness_step *step)
{
    if (!step) return;
    assert(step->running == 0);
    while (step->ended) {
        struct verdict *verdict = step->ended;
        step->ended = verdict->next;
        verdict_free(verdict);
    }
    map_release(&step->silent);
    pthread_mutex_destroy(&step->lock);
    free(step);
}
