/* One gathering of candidates serves all pending replicas of one template. Spreading looks at the
 * copies of that template alone, so that a finished rollout is as even as a first deploy. */
#include "scheduler/placement.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/execution.h"
#include "scheduler/node_table.h"
#include "scheduler/pass_events.h"
#include "scheduler/plan/place.h"
#include "store/writer.h"

struct group {
    struct pass_replica **items; /* pending replicas of one template */
    size_t count;
    struct place_request request;
    struct placement_query query;
    struct gathering gathering;
};

static bool is_waiting(const struct pass_replica *replica)
{
    return replica->row.phase == REPLICA_PENDING && replica->row.wanted == WANTED_RUN;
}

static bool same_template(const struct pass_replica *a, const struct pass_replica *b)
{
    return text_equal(a->row.template_hash, b->row.template_hash);
}

/* ---- candidates ---- */

static void count_per_node(const struct execution *execution, const struct group *group,
                           struct map *counts)
{
    for (size_t i = 0; i < execution->replica_count; i++) {
        const struct pass_replica *replica = &execution->replicas[i];
        if (!replica->row.node || replica->row.wanted != WANTED_RUN) continue;
        if (replica_phase_final(replica->row.phase) || !same_template(replica, group->items[0]))
            continue;
        int64_t *count = map_get(counts, replica->row.node);
        if (!count) {
            count = ARENA_NEW(execution->arena, int64_t);
            map_put(counts, replica->row.node, count);
        }
        ++*count;
    }
}

static void gather(struct execution *execution, struct group *group)
{
    node_table_gather(execution->control->nodes, execution->arena, &group->query,
                      &group->gathering);
    struct map counts;
    map_init(&counts);
    count_per_node(execution, group, &counts);
    for (size_t i = 0; i < group->gathering.count; i++) {
        const int64_t *count = map_get(&counts, group->gathering.items[i].name);
        group->gathering.items[i].replicas_of_deployment = count ? *count : 0;
    }
    map_release(&counts);
}

static bool is_later_failure(const struct replica *replica, const char *template_hash,
                             const struct replica *last)
{
    if (replica->phase != REPLICA_FAILED || !replica->node) return false;
    if (!text_equal(replica->template_hash, template_hash)) return false;
    return !last || replica->ended_at >= last->ended_at;
}

static bool is_failing_set(const struct execution *execution, const char *template_hash)
{
    for (size_t i = 0; i < execution->set_count; i++) {
        const struct revision_set *set = &execution->sets[i].row;
        if (text_equal(set->template_hash, template_hash)) return set->failures > 0;
    }
    return false;
}

/* The node on which a replica of this template failed last; NULL when none has since one became
 * available. Only a set that fails pays for the look at its ended replicas. */
static enum err_code failed_node(struct execution *execution, const char *template_hash,
                                 const char **node, struct err *err)
{
    *node = NULL;
    if (!is_failing_set(execution, template_hash)) return ERR_OK;
    struct replica *rows = NULL;
    size_t count = 0;
    TRY(replicas_list(tx_db(execution->tx), execution->arena, execution->deployment.uid, 0,
                      LIMIT_REPLICAS, &rows, &count, err));
    const struct replica *last = NULL;
    for (size_t i = 0; i < count; i++)
        if (is_later_failure(&rows[i], template_hash, last)) last = &rows[i];
    if (last) *node = last->node;
    return ERR_OK;
}

static enum err_code group_init(struct execution *execution, struct pass_replica *first,
                                struct group *group, struct err *err)
{
    const struct deployment *deployment = &execution->deployment;
    const char *selector_text = deployment->spec.placement.node_selector;
    struct selector *selector = NULL;
    if (selector_text && selector_text[0] != '\0') {
        selector = ARENA_NEW(execution->arena, struct selector);
        TRY(selector_parse(execution->arena, selector_text, selector, err));
    }
    *group = (struct group){
        .items = ARENA_ARRAY(execution->arena, struct pass_replica *, execution->replica_count),
        .request = {.resources = first->row.resources,
                    .selector = selector,
                    .selector_text = selector ? selector_text : NULL,
                    .spread_by = deployment->spec.placement.spread_by},
        .query = {.uid = deployment->uid, .cluster = deployment->cluster, .selector = selector},
    };
    size_t left = execution->replica_count - (size_t)(first - execution->replicas);
    for (size_t i = 0; i < left; i++) {
        if (!is_waiting(&first[i]) || !same_template(&first[i], first)) continue;
        first[i].tried = true;
        group->items[group->count++] = &first[i];
    }
    group->query.resources = &group->request.resources;
    group->query.wanted = group->count < PASS_PLACE_MAX ? group->count : PASS_PLACE_MAX;
    return failed_node(execution, first->row.template_hash, &group->request.avoid_node, err);
}

/* ---- a replica ---- */

static enum err_code assign(struct execution *execution, struct pass_replica *replica,
                            struct candidate *node, struct err *err)
{
    struct replica *row = &replica->row;
    bool is_new = row->index == 0;
    row->node = arena_strdup(execution->arena, node->name);
    row->phase = REPLICA_ASSIGNED;
    row->phase_since_ms = tx_now_ms(execution->tx);
    row->reason = "";
    replica->changed = true;
    replica->effects.assignments = true;
    node_table_allocate(execution->tx, execution->control->nodes, node->name, &row->resources, +1);
    node->allocated.cpu_millis += row->resources.cpu_millis;
    node->allocated.memory_mib += row->resources.memory_mib;
    node->allocated.gpus += row->resources.gpus;
    node->replicas++;
    node->replicas_of_deployment++;
    const char *message =
        arena_printf(execution->arena, "%s on node %s, revision %lld",
                     is_new ? "created" : "assigned", row->node, (long long)row->revision);
    TRY(replica_event(execution, replica, "assigned", message, err));
    row->assigned_index = replica->index;
    /* Its `allocated` moved. */
    tx_touch(execution->tx, FACET_NODE, row->node, replica->index);
    tx_touch_list(execution->tx, LIST_OF_NODES, replica->index);
    return ERR_OK;
}

/* The numbers of a look at a part of the nodes differ from look to look: the first ones stand. */
static enum err_code leave_pending(struct execution *execution, const struct group *group,
                                   struct pass_replica *replica, const char *sentence,
                                   struct err *err)
{
    bool is_new = replica->row.index == 0;
    const char *before = replica->row.reason == NULL ? "" : replica->row.reason;
    bool keeps = !group->gathering.complete && *before != '\0';
    if (!is_new && (keeps || text_equal(before, sentence))) return ERR_OK;
    replica->row.reason = sentence;
    replica->changed = true;
    return is_new ? replica_event(execution, replica, "created", sentence, err) : ERR_OK;
}

static const char *why_not(const struct execution *execution, const struct group *group,
                           const struct place_refusals *chosen)
{
    const struct place_refusals *left_out = &group->gathering.refusals;
    struct place_refusals sum = {
        .nodes = left_out->nodes + chosen->nodes,
        .not_ready = left_out->not_ready + chosen->not_ready,
        .cordoned = left_out->cordoned + chosen->cordoned,
        .selector = left_out->selector + chosen->selector,
        .cpu = left_out->cpu + chosen->cpu,
        .memory = left_out->memory + chosen->memory,
        .gpus = left_out->gpus + chosen->gpus,
    };
    char sentence[LIMIT_REPLICA_REASON_BYTES];
    place_explain(&sum, &group->request, sentence, sizeof sentence);
    return arena_strdup(execution->arena, sentence);
}

/* ---- a group ---- */

static enum err_code place_group(struct execution *execution, struct group *group, struct err *err)
{
    gather(execution, group);
    size_t placed = 0;
    struct place_refusals refusals = {.nodes = 0};
    for (; placed < group->query.wanted; placed++) {
        ptrdiff_t chosen = place_choose(group->gathering.items, group->gathering.count,
                                        &group->request, &refusals);
        if (chosen < 0) break;
        TRY(assign(execution, group->items[placed], &group->gathering.items[chosen], err));
    }
    counter_add(&execution->control->stats.placed, (int64_t)placed);
    if (placed == group->count) return ERR_OK;
    bool by_limit = placed == group->query.wanted;
    const char *sentence =
        by_limit ? "waits for its turn to be placed" : why_not(execution, group, &refusals);
    for (size_t i = placed; i < group->count; i++)
        TRY(leave_pending(execution, group, group->items[i], sentence, err));
    execution->unplaced = execution->unplaced || !by_limit;
    if (!by_limit)
        counter_add(&execution->control->stats.unplaced, (int64_t)(group->count - placed));
    int64_t wake_in_ms = by_limit ? 0
                                  : node_table_wait(execution->tx, execution->control->nodes,
                                                    &group->query, &group->gathering);
    execution_wake_in(execution, wake_in_ms);
    return ERR_OK;
}

enum err_code place_pending(struct execution *execution, struct err *err)
{
    for (size_t i = 0; i < execution->replica_count; i++) {
        struct pass_replica *replica = &execution->replicas[i];
        if (!is_waiting(replica) || replica->tried) continue;
        struct group group;
        TRY(group_init(execution, replica, &group, err));
        TRY(place_group(execution, &group, err));
    }
    if (!execution->unplaced)
        node_table_unwait(execution->tx, execution->control->nodes, execution->deployment.uid);
    return ERR_OK;
}
