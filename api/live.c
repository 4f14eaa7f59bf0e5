/* live.c: what replicas and nodes use, as the nodes told last. Such answers
 * are out of date as soon as they are given: no tag, no index, never stored. */
#include "scheduler/live.h"

#include "api/api.h"
#include "api/handlers.h"
#include "api/live.h"
#include "api/node_states.h"
#include "api/nodes.h"
#include "api/replicas.h"
#include "base/json.h"
#include "scheduler/control.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "wire/live_wire.h"

/* ---- replicas ---- */

enum err_code replica_look_at(struct request *request, struct node_states *states,
                              const struct replica *replica, struct replica_live *live,
                              struct err *err)
{
    struct live_sample *found = ARENA_NEW(&request->arena, struct live_sample);
    enum replica_presence presence;
    TRY(node_states_presence(states, replica, &presence, NULL, err));
    bool is_known = control_replica_sample(request->api->control, &request->arena, replica, found);
    bool sampled = is_known && found->sampled;
    *live = (struct replica_live){
        .id = replica->id,
        .deployment = replica->deployment,
        .cluster = replica->cluster,
        .node = replica->node,
        .presence = (int)presence,
        .sampled = sampled,
        .age_ms = sampled ? found->age_ms : -1,
        .sample = is_known ? &found->sample : NULL,
    };
    return ERR_OK;
}

API_READ(replica_live_read)
{
    struct replica replica;
    struct replica_live live;
    auto_node_states states;
    node_states_init(&states, db, &request->arena);
    TRY(replica_load(db, request, &replica, err));
    TRY(replica_look_at(request, &states, &replica, &live, err));
    if (!live.sampled) live.sample = NULL;
    reply->no_store = true;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    replica_live_render(&writer, &live);
    return ERR_OK;
}

/* ---- nodes ---- */

/* -1 = not known. */
static void add(int64_t *sum, int64_t amount)
{
    if (amount < 0) return;
    *sum = *sum < 0 ? amount : *sum + amount;
}

static void add_usage(struct request *request, const struct replica *replica,
                      struct replica_sample *sum, int64_t *sampled)
{
    struct live_sample found;
    if (!control_replica_sample(request->api->control, &request->arena, replica, &found)) return;
    if (!found.sampled) return;
    add(&sum->cpu_millis, found.sample.cpu_millis);
    add(&sum->memory_bytes, found.sample.memory_bytes);
    sum->processes += found.sample.processes;
    (*sampled)++;
}

API_READ(node_live_read)
{
    struct node node;
    struct replica *items;
    size_t count;
    struct replica_sample sum = {.cpu_millis = -1, .memory_bytes = -1};
    TRY(node_load(db, request, &node, err));
    TRY(replicas_on_node(db, &request->arena, node.name, &items, &count, err));
    struct node_live live = {.name = node.name,
                             .cluster = node.cluster,
                             .state = node.state,
                             .replicas = (int64_t)count};
    for (size_t i = 0; i < count; i++)
        add_usage(request, &items[i], &sum, &live.sampled);
    if (live.sampled > 0) live.sum = &sum;
    if (!control_node_silence(request->api->control, node.name, &live.last_seen_ms))
        live.last_seen_ms = -1;
    reply->no_store = true;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    node_live_render(&writer, &live);
    return ERR_OK;
}
