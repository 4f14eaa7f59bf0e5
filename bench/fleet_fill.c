#include "fleet_fill.h"

#include "base/arena.h"
#include "base/text.h"
#include "model/token.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/tokens.h"
#include "wire/deployment_wire.h"

#include <stdio.h>

enum { LABELS = 5, CPU_MILLIS = 250, MEMORY_MIB = 128 };

static const int64_t filled_at = INT64_C(1769851613000); /* wall ms */

/* ---- the rules of who is what ---- */

/* The numbers of those in the same cluster are so far apart. */
static int64_t period(const struct fleet_size *size)
{
    return size->clusters > 1 ? 2 * (size->clusters - 1) : 1;
}

static const char *cluster_of(struct arena *arena, const struct fleet_size *size, int64_t number)
{
    int64_t place = number % period(size);
    if (place % 2 == 0) return "default";
    return arena_printf(arena, "c%02lld", (long long)place / 2);
}

static enum deployment_state state_of(const struct fleet_size *size, int64_t number)
{
    if (!size->lively) return DEPLOYMENT_RUNNING;
    if (number % 200 == 7) return DEPLOYMENT_FAILED;
    return number % 20 == 3 ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_RUNNING;
}

static const char *name_of(struct arena *arena, int64_t number)
{
    return arena_printf(arena, "svc-%05lld", (long long)number);
}

static const char *uid_of(struct arena *arena, int64_t number)
{
    return arena_printf(arena, "%032llx", (unsigned long long)number + 1);
}

/* ---- deployments ---- */

static struct template make_template(struct arena *arena)
{
    static const char json[] =
        "{\"version\":\"2.1.0\",\"command\":[\"./serve\",\"--port\",\"$(PORT)\"],"
        "\"env\":{\"MODEL\":\"v2\",\"LOG_LEVEL\":\"info\"},\"ports\":{\"http\":0},"
        "\"resources\":{\"cpu_millis\":250,\"memory_mib\":128}}";
    struct err err;
    struct template template;
    fleet_must(template_parse(arena, json, &template, &err), &err);
    return template;
}

static struct pairs make_labels(struct arena *arena, int64_t number)
{
    static const char *const tiers[] = {"backend", "batch", "edge", "frontend"};
    static const char *const envs[] = {"dev", "production", "production", "staging"};
    struct pairs labels = {.items = ARENA_ARRAY(arena, struct pair, LABELS), .count = LABELS};
    long long n = (long long)number;
    labels.items[0] = (struct pair){"app.kubernetes.io/name", name_of(arena, number)};
    labels.items[1] = (struct pair){"env", envs[n / 3 % 4]};
    labels.items[2] = (struct pair){"owner", arena_printf(arena, "person-%lld", n * 7 % 900)};
    labels.items[3] = (struct pair){"team", arena_printf(arena, "team-%02lld", n * 13 / 17 % 20)};
    labels.items[4] = (struct pair){"tier", tiers[n / 7 % 4]};
    return labels;
}

static struct deployment make_deployment(struct arena *arena, const struct fleet_size *size,
                                         int64_t number)
{
    enum deployment_state state = state_of(size, number);
    int64_t available = state == DEPLOYMENT_RUNNING ? size->replicas : number / 20 % size->replicas;
    int64_t last = size->rollouts; /* each deployed a revision of its own */
    struct deployment deployment = {
        .uid = uid_of(arena, number),
        .cluster = cluster_of(arena, size, number),
        .name = name_of(arena, number),
        .description = arena_printf(arena, "serves model %lld%s", (long long)number % 977,
                                    number % 500 == 0 ? ", a canary" : ""),
        .labels = make_labels(arena, number),
        .generation = 1,
        .created_at = filled_at + number,
        .updated_at = filled_at + number * 7919 % 1000003,
        .created_by = "bench",
        .updated_by = "bench",
        .spec = {.replicas = size->replicas,
                 .template = make_template(arena),
                 .strategy = {.max_surge = {25, true},
                              .auto_promote = true,
                              .preview_replicas = PREVIEW_ALL,
                              .monitor_seconds = 10,
                              .progress_deadline_seconds = 600,
                              .auto_rollback = true},
                 .revision_history_limit = 10},
        .scaled_to = size->replicas,
        .next_revision = last + 1,
        .next_rollout = last + 1,
        .status = {.state = (int)state,
                   .message = arena_printf(arena, "%lld of %lld replicas are available",
                                           (long long)available, (long long)size->replicas),
                   .observed_generation = 1,
                   .revision = last,
                   .stable_revision = last,
                   .version = "2.1.0",
                   .desired = size->replicas,
                   .updated = size->replicas,
                   .ready = available,
                   .available = available,
                   .total = size->replicas,
                   .rollout_id = last,
                   .rollout_state =
                       state == DEPLOYMENT_DEPLOYING ? ROLLOUT_PROGRESSING : ROLLOUT_SUCCEEDED},
    };
    char *hash = arena_alloc(arena, TEMPLATE_HASH_BYTES);
    template_hash(&deployment.spec.template, arena, hash);
    deployment.template_hash = hash;
    return deployment;
}

static enum err_code add_revision(struct store_tx *tx, const struct deployment *deployment,
                                  struct err *err)
{
    struct text json;
    text_init(&json, tx_arena(tx));
    template_canonical(&json, &deployment->spec.template);
    struct revision revision = {.number = deployment->status.revision,
                                .version = "2.1.0",
                                .template_json = text_string(&json),
                                .template_hash = deployment->template_hash,
                                .created_at = deployment->created_at,
                                .created_by = "bench",
                                .source = SOURCE_CREATE,
                                .outcome = OUTCOME_STABLE,
                                .proven = true};
    struct revision_set set = {.template_hash = deployment->template_hash,
                               .revision = revision.number,
                               .wanted = deployment->spec.replicas};
    TRY(revisions_insert(tx, deployment->uid, &revision, err));
    return revision_sets_put(tx, deployment->uid, &set, err);
}

static enum err_code add_rollout(struct store_tx *tx, const struct deployment *deployment,
                                 int64_t id, struct err *err)
{
    int64_t replicas = deployment->spec.replicas;
    bool runs = id == deployment->status.rollout_id &&
                deployment->status.rollout_state == ROLLOUT_PROGRESSING;
    struct rollout rollout = {
        .id = id,
        .to_revision = id,
        .strategy = STRATEGY_ROLLING,
        .state = runs ? ROLLOUT_PROGRESSING : ROLLOUT_SUCCEEDED,
        .message = arena_printf(tx_arena(tx), "it runs revision %lld", (long long)id),
        .progress = {replicas, 0, replicas, replicas, replicas},
        .started_at = deployment->updated_at + id,
        .finished_at = runs ? 0 : deployment->updated_at + id + 5000,
        .direct = true,
        .high_water = replicas,
        .index = deployment->index};
    return rollouts_put(tx, deployment->uid, &rollout, err);
}

/* ---- replicas ---- */

/* Of its deployment's cluster. */
static const char *node_of(struct arena *arena, const struct fleet_size *size, int64_t deployment,
                           int64_t replica)
{
    int64_t step = period(size);
    int64_t node = deployment % step + step * (replica % (size->nodes / step));
    return arena_printf(arena, "node-%03lld", (long long)node);
}

enum err_code fleet_put_replica(struct store_tx *tx, const struct fleet_size *size,
                                int64_t deployment, int64_t nth, enum replica_phase phase,
                                struct err *err)
{
    struct arena *arena = tx_arena(tx);
    int64_t number = deployment * (size->replicas + size->ended) + nth + 1;
    bool runs = phase == REPLICA_RUNNING;
    const char *name = name_of(arena, deployment);
    struct port http = {"http", 20000 + number % 10000};
    struct template template = make_template(arena);
    char hash[TEMPLATE_HASH_BYTES];
    template_hash(&template, arena, hash);
    struct replica replica = {
        .id = arena_printf(arena, "%s-%lld", name, (long long)number),
        .number = number,
        .deployment_uid = uid_of(arena, deployment),
        .deployment = name,
        .cluster = cluster_of(arena, size, deployment),
        .revision = size->rollouts,
        .template_hash = hash,
        .node = node_of(arena, size, deployment, number),
        .wanted = phase == REPLICA_STOPPED ? WANTED_STOP : WANTED_RUN,
        .phase = (int)phase,
        .ready = runs,
        .available = runs,
        .was_available = runs,
        .attempt = 1,
        .restarts = size->lively && deployment % 97 == 0 ? 3 : 0,
        .address = "127.0.0.1",
        .ports = {&http, 1},
        .pid = 4000 + number,
        .reason = phase == REPLICA_FAILED ? "exited with status 1" : "",
        .log_tail = runs ? NULL : "Traceback (most recent call last): connection refused",
        .exit_code = -1,
        .exit_signal = -1,
        .resources = {.cpu_millis = CPU_MILLIS, .memory_mib = MEMORY_MIB},
        .assigned_index = tx_last_index(tx),
        .created_at = filled_at + deployment,
        .started_at = filled_at + deployment + 1000,
        .readiness_since_at = filled_at + deployment + 2000,
        .phase_since_ms = 1,
        .ready_since_ms = 1,
    };
    struct replica_effects effects = {.endpoints = true, .assignments = true};
    return replicas_write(tx, &replica, effects, tx_next_index(tx), err);
}

/* The first of a deployment that failed, and those that ended after all others. */
static enum replica_phase phase_of(const struct fleet_size *size, int64_t deployment, int64_t nth)
{
    if (nth >= size->replicas) return REPLICA_STOPPED;
    bool failed = nth == 0 && state_of(size, deployment) == DEPLOYMENT_FAILED;
    return failed ? REPLICA_FAILED : REPLICA_RUNNING;
}

static enum err_code put_deployment(struct store_tx *tx, const struct fleet *fleet, int64_t number,
                                    struct err *err)
{
    const struct fleet_size *size = &fleet->size;
    struct deployment deployment = make_deployment(tx_arena(tx), size, number);
    deployment.index = tx_next_index(tx);
    TRY(deployments_insert(tx, &deployment, err));
    TRY(add_revision(tx, &deployment, err));
    for (int64_t id = 1; id <= size->rollouts; id++)
        TRY(add_rollout(tx, &deployment, id, err));
    for (int64_t nth = 0; nth < size->replicas + size->ended; nth++) {
        tx_next_replica(tx); /* the counter keeps up with the numbers */
        TRY(fleet_put_replica(tx, size, number, nth, phase_of(size, number, nth), err));
    }
    return ERR_OK;
}

/* ---- nodes and events ---- */

void fleet_node_token(int64_t node, char token[FLEET_NODE_TOKEN_BYTES])
{
    snprintf(token, FLEET_NODE_TOKEN_BYTES, "node-%03lld-ttttttttttttttttttttttttttttttttttttt",
             (long long)node);
}

enum err_code fleet_put_node(struct store_tx *tx, const struct fleet *fleet, int64_t number,
                             struct err *err)
{
    struct arena *arena = tx_arena(tx);
    const char *name = arena_printf(arena, "node-%03lld", (long long)number);
    struct strings drivers = {.items = ARENA_NEW(arena, const char *), .count = 1};
    drivers.items[0] = "process";
    struct pair labels[] = {{"gpu", number % 4 == 0 ? "a100" : "none"}, {"zone", "a"}};
    struct node node = {.name = name,
                        .cluster = cluster_of(arena, &fleet->size, number),
                        .labels = {labels, 2},
                        .capacity = {.cpu_millis = 1000000, .memory_mib = 4000000},
                        .address = "127.0.0.1",
                        .agent_version = "bench",
                        .boot_id = "boot",
                        .drivers = drivers,
                        .epoch = 1,
                        .state = fleet->size.lively && number % 100 == 5 ? NODE_LOST : NODE_READY,
                        .schedulable = true,
                        .registered_at = filled_at,
                        .state_since_at = filled_at};
    node.index = node.assignments_index = tx_next_index(tx);
    TRY(nodes_put(tx, &node, true, err));
    struct token token = {.id = arena_printf(arena, "node/%s", name),
                          .name = arena_printf(arena, "node/%s", name),
                          .scope = TOKEN_NODE,
                          .node = name,
                          .created_at = filled_at};
    char secret[FLEET_NODE_TOKEN_BYTES];
    fleet_node_token(number, secret);
    token_hash(fleet->store, secret, token.hash);
    return tokens_put(tx, &token, err);
}

static enum err_code put_event(struct store_tx *tx, const struct fleet *fleet, int64_t number,
                               struct err *err)
{
    static const char *const reasons[] = {"created", "scaled", "rollout_succeeded", "updated"};
    struct arena *arena = tx_arena(tx);
    int64_t of = number % fleet->size.deployments, index;
    struct event event = {.kind = "deployment",
                          .cluster = cluster_of(arena, &fleet->size, of),
                          .name = name_of(arena, of),
                          .uid = uid_of(arena, of),
                          .reason = reasons[number % 4],
                          .message = "as it was ordered"};
    return events_add(tx, &event, &index, err);
}

void fleet_fill(struct fleet *fleet)
{
    fleet_write(fleet, fleet_put_node, fleet->size.nodes);
    fleet_write(fleet, put_deployment, fleet->size.deployments);
    fleet_write(fleet, put_event, fleet->size.events);
}
