/* plan.c: POST …/plan: what a PUT of this document would do, without doing it: the fields that
 * differ, what the first pass would order, whether it would find room, and how it would go on in an
 * ideal cluster. All of it is reckoned from one snapshot on the planner's thread; the writer knows
 * nothing of it. */
#include "api/api.h"
#include "api/deployments.h"
#include "api/etag.h"
#include "api/handlers.h"
#include "api/plan_render.h"
#include "api/plan_view.h"
#include "api/view.h"
#include "base/json_diff.h"
#include "base/limits.h"
#include "base/map.h"
#include "scheduler/control.h"
#include "scheduler/plan/place.h"
#include "scheduler/plan_timeline.h"
#include "scheduler/preview.h"
#include "store/nodes.h"
#include "store/quarantine.h"
#include "store/store.h"
#include "wire/deployment_wire.h"

enum { PLACED_MAX = 500 }; /* as many as one pass places */

/* What the answer is made from. */
struct planning {
    struct store_db *db;
    struct request *request;
    bool exists;
    struct deployment before;
    struct view view; /* of `before` */
    struct preview preview;
    struct plan plan; /* of the first pass */
};

/* ---- fields ---- */

static enum err_code shown_as(struct request *request, const struct deployment *deployment,
                              struct json **shown, struct err *err)
{
    struct text text;
    struct json_writer writer;
    text_init(&text, &request->arena);
    json_writer_init(&writer, &text);
    deployment_render(&writer, deployment, view_env_mask(request));
    return json_parse(&request->arena, text.bytes, text.length, shown, err);
}

/* What a document can change. */
static void keep_editable(struct json *shown)
{
    static const char *const editable[] = {"description", "labels", "annotations", "spec", NULL};
    size_t kept = 0;
    for (size_t i = 0; i < shown->count; i++)
        if (word_find(editable, shown->children[i].key) >= 0)
            shown->children[kept++] = shown->children[i];
    shown->count = kept;
}

static enum err_code write_changes(struct json_writer *writer, const struct planning *planning,
                                   struct err *err)
{
    struct request *request = planning->request;
    struct json none = {.type = JSON_OBJECT}, *before = &none, *after;
    if (planning->exists) TRY(shown_as(request, &planning->before, &before, err));
    TRY(shown_as(request, &planning->preview.view.deployment, &after, err));
    keep_editable(before);
    keep_editable(after);
    json_key(writer, "changes");
    json_diff(writer, &request->arena, "", before, after);
    return ERR_OK;
}

/* ---- the first pass ---- */

static int64_t count_of(const struct plan *plan, int kind)
{
    int64_t count = 0;
    for (size_t i = 0; i < plan->action_count; i++) {
        const struct action *action = &plan->actions[i];
        if (action->kind == kind) count += kind == ACTION_CREATE ? action->amount : 1;
    }
    return count;
}

static void write_actions(struct json_writer *writer, const struct plan *plan)
{
    json_key(writer, "action_counts");
    json_object_begin(writer);
    for (int kind = 0; action_kind_words[kind] != NULL; kind++) {
        int64_t count = count_of(plan, kind);
        if (count > 0) json_put_int(writer, action_kind_words[kind], count);
    }
    json_object_end(writer);
    json_key(writer, "actions");
    plan_render_actions(writer, plan);
}

/* ---- room ---- */

static void count_copies(const struct planning *planning, struct map *counts)
{
    const struct view *view = &planning->view;
    for (size_t i = 0; i < view->replica_count && planning->exists; i++) {
        const struct replica *replica = &view->replicas[i].replica;
        bool copy = text_equal(replica->template_hash, planning->preview.template_hash);
        bool stays = replica->wanted == WANTED_RUN && !replica_phase_final(replica->phase);
        if (!copy || !stays || replica->node == NULL) continue;
        int64_t *count = map_get(counts, replica->node);
        if (count == NULL) {
            count = ARENA_NEW(&planning->request->arena, int64_t);
            map_put(counts, replica->node, count);
        }
        ++*count;
    }
}

static enum err_code list_candidates(const struct planning *planning, struct candidate **items,
                                     size_t *count, struct err *err)
{
    struct arena *arena = &planning->request->arena;
    struct control *control = planning->request->api->control;
    struct node *nodes;
    TRY(nodes_list(planning->db, arena, planning->preview.view.deployment.cluster, NULL,
                   LIMIT_NODES, &nodes, count, err));
    *items = ARENA_ARRAY(arena, struct candidate, *count);
    struct map copies;
    map_init(&copies);
    count_copies(planning, &copies);
    for (size_t i = 0; i < *count; i++) {
        const int64_t *held = map_get(&copies, nodes[i].name);
        struct candidate *item = &(*items)[i];
        *item = (struct candidate){.name = nodes[i].name,
                                   .labels = &nodes[i].labels,
                                   .state = nodes[i].state,
                                   .schedulable = nodes[i].schedulable && !nodes[i].draining,
                                   .capacity = nodes[i].capacity,
                                   .replicas_of_deployment = held != NULL ? *held : 0};
        control_node_allocated(control, nodes[i].name, &item->allocated, &item->replicas);
    }
    map_release(&copies);
    return ERR_OK;
}

/* Those of the first pass; one where a template comes whose first pass makes none. */
static int64_t count_wanted(const struct planning *planning)
{
    int64_t created = count_of(&planning->plan, ACTION_CREATE);
    bool later = planning->preview.launches && planning->preview.view.deployment.spec.replicas > 0;
    if (created == 0) return later ? 1 : 0;
    return created < PLACED_MAX ? created : PLACED_MAX;
}

static void take_room(struct candidate *node, const struct resources *resources)
{
    node->allocated.cpu_millis += resources->cpu_millis;
    node->allocated.memory_mib += resources->memory_mib;
    node->allocated.gpus += resources->gpus;
    node->replicas++;
    node->replicas_of_deployment++;
}

static enum err_code write_placement(struct json_writer *writer, const struct planning *planning,
                                     struct err *err)
{
    const struct deployment_spec *spec = &planning->preview.view.deployment.spec;
    struct candidate *items;
    size_t count;
    struct selector selector;
    struct place_request request = {.resources = spec->template.resources,
                                    .spread_by = spec->placement.spread_by};
    if (spec->placement.node_selector != NULL && *spec->placement.node_selector != '\0') {
        TRY(selector_parse(&planning->request->arena, spec->placement.node_selector, &selector,
                           err));
        request.selector = &selector;
        request.selector_text = spec->placement.node_selector;
    }
    TRY(list_candidates(planning, &items, &count, err));
    int64_t wanted = count_wanted(planning), fit = 0;
    struct place_refusals refusals = {.nodes = 0};
    for (; fit < wanted; fit++) {
        ptrdiff_t chosen = place_choose(items, count, &request, &refusals);
        if (chosen < 0) break;
        take_room(&items[chosen], &request.resources);
    }
    char sentence[LIMIT_REPLICA_REASON_BYTES] = "";
    if (fit < wanted) place_explain(&refusals, &request, sentence, sizeof sentence);
    json_key(writer, "placement");
    json_object_begin(writer);
    json_put_int(writer, "wanted", wanted);
    json_put_int(writer, "fit", fit);
    json_put_string(writer, "reason", fit < wanted ? sentence : NULL);
    json_object_end(writer);
    return ERR_OK;
}

/* ---- what stands against it ---- */

static enum err_code write_quarantine(struct json_writer *writer, const struct planning *planning,
                                      struct err *err)
{
    struct quarantine quarantine;
    bool found = false;
    if (planning->exists && planning->preview.launches)
        TRY(quarantine_get(planning->db, &planning->request->arena, planning->before.uid,
                           planning->preview.view.target.base_hash, &quarantine, &found, err));
    json_key(writer, "quarantined");
    if (!found) {
        json_null(writer);
        return ERR_OK;
    }
    json_object_begin(writer);
    json_put_int(writer, "rollout", quarantine.rollout);
    json_put_string(writer, "reason", quarantine.reason);
    json_object_end(writer);
    return ERR_OK;
}

/* ---- the way ---- */

static void write_step(struct json_writer *writer, const struct timeline_step *step)
{
    json_object_begin(writer);
    json_put_int(writer, "at_ms", step->at_ms);
    json_put_string(writer, "rollout_state",
                    step->rollout_state < 0 ? NULL : rollout_state_words[step->rollout_state]);
    json_put_int(writer, "started", step->started);
    json_put_int(writer, "stopped", step->stopped);
    json_put_int(writer, "updated", step->updated);
    json_put_int(writer, "updated_available", step->updated_available);
    json_put_int(writer, "old", step->old);
    json_put_int(writer, "available", step->available);
    json_put_optional_int(writer, "switched_to", step->switched_to != 0, step->switched_to);
    json_put_optional_int(writer, "held_by", step->held_by != 0, step->held_by);
    json_put_string(writer, "waiting_for", *step->waiting_for != '\0' ? step->waiting_for : NULL);
    json_object_end(writer);
}

static void write_timeline(struct json_writer *writer, const struct planning *planning)
{
    struct timeline timeline;
    plan_timeline(&planning->request->arena, &planning->preview.view, &timeline);
    json_key(writer, "timeline");
    json_object_begin(writer);
    json_key(writer, "steps");
    json_array_begin(writer);
    for (size_t i = 0; i < timeline.count; i++)
        write_step(writer, &timeline.steps[i]);
    json_array_end(writer);
    json_put_string(writer, "end", timeline_end_words[timeline.end]);
    json_put_string(writer, "why", timeline.why);
    json_object_end(writer);
}

/* ---- the answer ---- */

static enum err_code look(struct planning *planning, struct err *err)
{
    struct request *request = planning->request;
    struct err missing;
    enum err_code code = deployment_load(planning->db, request, &planning->before, &missing);
    planning->exists = code == ERR_OK;
    if (code == ERR_OK)
        return plan_view(planning->db, request, &planning->before, &planning->view, err);
    if (code != ERR_NOT_FOUND) return err_copy(err, &missing);
    return clusters_check(planning->db, request->cluster, err);
}

static enum err_code check(const struct planning *planning, struct err *err)
{
    struct precondition ignored;
    const struct request *request = planning->request;
    if (planning->exists && planning->before.lifecycle == LIFECYCLE_DELETING)
        return err_set(err, ERR_ILLEGAL_STATE, "deployment %s is being deleted",
                       planning->before.name);
    return etag_precondition(request, planning->exists, planning->before.generation, &ignored, err);
}

static enum err_code answer(struct planning *planning, struct reply *reply, struct err *err)
{
    const struct preview *preview = &planning->preview;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    json_object_begin(&writer);
    json_put_bool(&writer, "creates", preview->creates);
    TRY(write_changes(&writer, planning, err));
    json_put_bool(&writer, "template_changed", preview->launches);
    json_put_optional_int(&writer, "revision", preview->launches, preview->view.target.number);
    json_put_bool(&writer, "direct", preview->launches && preview->view.rollout.direct);
    TRY(write_quarantine(&writer, planning, err));
    write_actions(&writer, &planning->plan);
    json_key(&writer, "budget");
    plan_render_budget(&writer, &planning->plan.budget);
    TRY(write_placement(&writer, planning, err));
    write_timeline(&writer, planning);
    json_put_int(&writer, "index", reply->index);
    json_object_end(&writer);
    return ERR_OK;
}

API_READ(deployment_plan_read)
{
    struct planning *planning = ARENA_NEW(&request->arena, struct planning);
    *planning = (struct planning){.db = db, .request = request};
    TRY(look(planning, err));
    TRY(check(planning, err));
    preview_apply(&request->arena, planning->exists ? &planning->view : NULL, request->input,
                  store_clock_ms(request->api->store), clock_wall_ms(&request->api->clock),
                  &planning->preview);
    plan_prepare(&planning->plan, &request->arena, &planning->preview.view);
    plan_make(&planning->preview.view, &planning->plan);
    reply->index = planning->before.index;
    reply->no_store = true;
    return answer(planning, reply, err);
}
