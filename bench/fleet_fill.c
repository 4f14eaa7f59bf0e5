#include "fleet_fill.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/text.h"
#include "model/token.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"
#include "store/tokens.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { PER_BATCH = 50, LABELS = 5 };

static const int64_t filled_at = INT64_C(1769851613000); /* wall ms */

/* A closure of the filling: `count` objects from number `first` on. */
struct fill_job {
    struct writer_job job;
    enum err_code (*add)(struct store_tx *tx, const struct fill_job *fill, int64_t number,
                         struct err *err);
    const struct fleet_size *size;
    const struct store *store;
    int64_t first, count;
};

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "cannot fill: %s: %s\n", err_slug(code), err->detail);
    exit(1);
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
    must(template_parse(arena, json, &template, &err), &err);
    return template;
}

static struct pairs make_labels(struct arena *arena, int64_t number)
{
    static const char *const tiers[] = {"batch", "cache", "web"};
    static const char *const envs[] = {"canary", "dev", "prod", "stage"};
    struct pairs labels = {.items = ARENA_ARRAY(arena, struct pair, LABELS), .count = LABELS};
    long long n = (long long)number;
    labels.items[0] = (struct pair){"app", arena_printf(arena, "app-%02lld", n % 100)};
    labels.items[1] = (struct pair){"env", envs[number % 4]};
    labels.items[2] = (struct pair){"team", arena_printf(arena, "team-%02lld", n % 20)};
    labels.items[3] = (struct pair){"tier", tiers[number % 3]};
    labels.items[4] = (struct pair){"zone", arena_printf(arena, "zone-%lld", n / 7 % 10)};
    return labels;
}

static struct deployment make_deployment(struct arena *arena, const struct fleet_size *size,
                                         int64_t number)
{
    struct deployment deployment = {
        .uid = arena_printf(arena, "%032llx", (unsigned long long)number + 1),
        .cluster = "default",
        .name = arena_printf(arena, "svc-%05lld", (long long)number),
        .description = arena_printf(arena, "serves model %lld", (long long)number % 977),
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
        .next_revision = 2,
        .next_rollout = 2,
        .status = {.state = DEPLOYMENT_RUNNING,
                   .message = arena_printf(arena, "%lld of %lld replicas are available",
                                           (long long)size->replicas, (long long)size->replicas),
                   .observed_generation = 1,
                   .revision = 1,
                   .stable_revision = 1,
                   .version = "2.1.0",
                   .desired = size->replicas,
                   .updated = size->replicas,
                   .ready = size->replicas,
                   .available = size->replicas,
                   .total = size->replicas,
                   .rollout_id = 1,
                   .rollout_state = ROLLOUT_SUCCEEDED},
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
    struct revision revision = {.number = 1,
                                .version = "2.1.0",
                                .template_json = text_string(&json),
                                .template_hash = deployment->template_hash,
                                .created_at = deployment->created_at,
                                .created_by = "bench",
                                .source = SOURCE_CREATE,
                                .outcome = OUTCOME_STABLE};
    struct revision_set set = {.template_hash = deployment->template_hash,
                               .revision = 1,
                               .wanted = deployment->spec.replicas};
    int64_t replicas = deployment->spec.replicas;
    struct rollout rollout = {.id = 1,
                              .to_revision = 1,
                              .strategy = STRATEGY_ROLLING,
                              .state = ROLLOUT_SUCCEEDED,
                              .message = "it runs revision 1",
                              .progress = {replicas, 0, replicas, replicas, replicas},
                              .started_at = deployment->created_at,
                              .finished_at = deployment->created_at + 5000,
                              .direct = true,
                              .high_water = replicas,
                              .index = deployment->index};
    TRY(revisions_insert(tx, deployment->uid, &revision, err));
    TRY(revision_sets_put(tx, deployment->uid, &set, err));
    return rollouts_put(tx, deployment->uid, &rollout, err);
}

static enum err_code add_replica(struct store_tx *tx, const struct fleet_size *size,
                                 const struct deployment *deployment, struct err *err)
{
    struct arena *arena = tx_arena(tx);
    int64_t number = tx_next_replica(tx);
    struct ports ports = {.items = ARENA_NEW(arena, struct port), .count = 1};
    ports.items[0] = (struct port){"http", 20000 + number % 10000};
    struct replica replica = {
        .id = arena_printf(arena, "%s-%lld", deployment->name, (long long)number),
        .number = number,
        .deployment_uid = deployment->uid,
        .deployment = deployment->name,
        .cluster = deployment->cluster,
        .revision = 1,
        .template_hash = deployment->template_hash,
        .node = arena_printf(arena, "node-%03lld", (long long)(number % size->nodes)),
        .wanted = WANTED_RUN,
        .phase = REPLICA_RUNNING,
        .ready = true,
        .available = true,
        .was_available = true,
        .attempt = 1,
        .address = "127.0.0.1",
        .ports = ports,
        .pid = 4000 + number,
        .reason = "",
        .exit_code = -1,
        .exit_signal = -1,
        .resources = {.cpu_millis = 250, .memory_mib = 128},
        .assigned_index = deployment->index,
        .created_at = deployment->created_at,
        .started_at = deployment->created_at + 1000,
        .readiness_since_at = deployment->created_at + 2000,
        .phase_since_ms = 1,
        .ready_since_ms = 1,
    };
    struct replica_effects effects = {.endpoints = true, .assignments = true};
    return replicas_write(tx, &replica, effects, tx_next_index(tx), err);
}

static enum err_code add_deployment(struct store_tx *tx, const struct fill_job *fill,
                                    int64_t number, struct err *err)
{
    struct deployment deployment = make_deployment(tx_arena(tx), fill->size, number);
    deployment.index = tx_next_index(tx);
    TRY(deployments_insert(tx, &deployment, err));
    TRY(add_revision(tx, &deployment, err));
    for (int64_t i = 0; i < fill->size->replicas; i++)
        TRY(add_replica(tx, fill->size, &deployment, err));
    return ERR_OK;
}

/* ---- nodes and events ---- */

void fleet_node_token(int64_t node, char token[FLEET_NODE_TOKEN_BYTES])
{
    snprintf(token, FLEET_NODE_TOKEN_BYTES, "node-%03lld-ttttttttttttttttttttttttttttttttttttt",
             (long long)node);
}

static enum err_code add_node(struct store_tx *tx, const struct fill_job *fill, int64_t number,
                              struct err *err)
{
    struct arena *arena = tx_arena(tx);
    const char *name = arena_printf(arena, "node-%03lld", (long long)number);
    struct strings drivers = {.items = ARENA_NEW(arena, const char *), .count = 1};
    drivers.items[0] = "process";
    struct node node = {.name = name,
                        .cluster = "default",
                        .capacity = {.cpu_millis = 1000000, .memory_mib = 4000000},
                        .address = "127.0.0.1",
                        .agent_version = "bench",
                        .boot_id = "boot",
                        .drivers = drivers,
                        .epoch = 1,
                        .state = NODE_READY,
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
    token_hash(fill->store, secret, token.hash);
    return tokens_put(tx, &token, err);
}

static enum err_code add_event(struct store_tx *tx, const struct fill_job *fill, int64_t number,
                               struct err *err)
{
    static const char *const reasons[] = {"created", "scaled", "rollout_succeeded", "updated"};
    struct arena *arena = tx_arena(tx);
    long long of = (long long)(number % fill->size->deployments);
    int64_t index;
    struct event event = {.kind = "deployment",
                          .cluster = "default",
                          .name = arena_printf(arena, "svc-%05lld", of),
                          .uid = arena_printf(arena, "%032llx", (unsigned long long)of + 1),
                          .reason = reasons[number % 4],
                          .message = "as it was ordered"};
    return events_add(tx, &event, &index, err);
}

/* ---- the filling ---- */

static enum err_code apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    const struct fill_job *fill = CONTAINER_OF(job, struct fill_job, job);
    tx_set_actor(tx, "bench", NULL);
    for (int64_t i = 0; i < fill->count; i++)
        TRY(fill->add(tx, fill, fill->first + i, err));
    return ERR_OK;
}

static void done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    must(code, err);
}

static void fill_all(struct writer *writer, struct fill_job *fill, int64_t count)
{
    struct err err;
    fill->job.apply = apply;
    fill->job.done = done;
    for (fill->first = 0; fill->first < count; fill->first += fill->count) {
        fill->count = count - fill->first < PER_BATCH ? count - fill->first : PER_BATCH;
        must(writer_submit(writer, LANE_FIRST, &fill->job, &err), &err);
        while (writer_step(writer))
            continue;
    }
}

static void ignore_publish(void *self, const struct touched *touched, size_t count, int64_t newest)
{
    (void)self;
    (void)touched;
    (void)count;
    (void)newest;
}

static void ignore_dirty(void *self, const char *const *uids, size_t count)
{
    (void)self;
    (void)uids;
    (void)count;
}

static void ignore_flush(void *self)
{
    (void)self;
}

static void fail(void *self, const struct err *err)
{
    (void)self;
    must(ERR_IO, err);
}

void fleet_fill(const char *data_dir, const struct fleet_size *size)
{
    struct err err;
    struct store *store;
    struct writer *writer;
    struct store_config config = {
        .data_dir = data_dir, .keep_events = INT64_MAX, .clock = clock_system()};
    struct writer_hooks hooks = {
        .publish = ignore_publish, .dirty = ignore_dirty, .flush = ignore_flush, .fatal = fail};
    log_set_level(LOG_WARN);
    must(crypto_start(&err), &err);
    must(store_open(&store, &config, &err), &err);
    must(writer_open(&writer, store, &hooks, &err), &err);
    struct fill_job fill = {.size = size, .store = store};
    fill.add = add_node;
    fill_all(writer, &fill, size->nodes);
    fill.add = add_deployment;
    fill_all(writer, &fill, size->deployments);
    fill.add = add_event;
    fill_all(writer, &fill, size->events);
    writer_close(writer);
    store_close(store);
}
