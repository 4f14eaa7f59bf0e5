#include "base/text.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "support/store_fixture.h"
#include "wire/deployment_wire.h"

static struct pairs two_pairs(struct arena *arena, const char *key, const char *value)
{
    struct pairs pairs = {.items = ARENA_ARRAY(arena, struct pair, 2), .count = 2};
    pairs.items[0] = (struct pair){key, value};
    pairs.items[1] = (struct pair){"zone", "a \"quoted\"\tü"};
    return pairs;
}

static struct template template_of(struct arena *arena)
{
    struct err err;
    struct template template;
    static const char json[] =
        "{\"version\":\"2.1.0\",\"command\":[\"./serve\",\"--port\",\"$(PORT)\"],"
        "\"env\":{\"MODEL\":\"v2\"},\"ports\":{\"http\":0}}";
    enum err_code code = template_parse(arena, json, &template, &err);
    if (code != ERR_OK) fprintf(stderr, "fixture template: %s\n", err.detail);
    return template;
}

struct deployment sample_deployment(struct arena *arena, const char *cluster, const char *name)
{
    struct deployment deployment = {
        .uid = arena_printf(arena, "uid-%s-%s", cluster, name),
        .cluster = cluster,
        .name = name,
        .description = "recommends",
        .labels = two_pairs(arena, "team", "ml"),
        .annotations = two_pairs(arena, "owner", "ann"),
        .generation = 4,
        .index = 12,
        .endpoints_index = 11,
        .created_at = 1769851613001,
        .updated_at = 1769851613002,
        .created_by = "admin",
        .updated_by = "ci",
        .lifecycle = LIFECYCLE_ACTIVE,
        .spec = {.replicas = 3,
                 .template = template_of(arena),
                 .strategy = {.max_surge = {25, true},
                              .max_unavailable = {1, false},
                              .auto_promote_after_seconds = 20,
                              .keep_old_seconds = 40,
                              .preview_replicas = 2,
                              .monitor_seconds = 10,
                              .progress_deadline_seconds = 600,
                              .max_failure_ratio = 0.25,
                              .auto_rollback = true},
                 .placement = {.node_selector = "gpu=a100", .spread_by = SPREAD_NONE},
                 .revision_history_limit = 7,
                 .paused = true},
        .scaled_to = 3,
        .scaled_ceiling = 4,
        .active_hash = "0123456789abcdef0123456789abcdef",
        .next_revision = 5,
        .next_rollout = 10,
        .faults = 1,
        .status = {.state = DEPLOYMENT_DEPLOYING,
                   .message = "1 of 3 replicas is updated",
                   .observed_generation = 3,
                   .revision = 4,
                   .stable_revision = 3,
                   .version = "2.1.0",
                   .halted_reason = "rollout_failed",
                   .halted_since_at = 1769851613003,
                   .desired = 3,
                   .updated = 1,
                   .ready = 2,
                   .available = 2,
                   .total = 4,
                   .rollout_id = 9,
                   .rollout_state = ROLLOUT_ROLLING_BACK},
    };
    char hash[TEMPLATE_HASH_BYTES];
    template_hash(&deployment.spec.template, arena, hash);
    deployment.template_hash = arena_strdup(arena, hash);
    return deployment;
}

struct revision sample_revision(struct arena *arena, const struct deployment *deployment,
                                int64_t number)
{
    struct text json;
    text_init(&json, arena);
    template_canonical(&json, &deployment->spec.template);
    return (struct revision){
        .number = number,
        .version = "2.1.0",
        .template_json = text_string(&json),
        .template_hash = deployment->template_hash,
        .created_at = 1769851613004,
        .created_by = "ci",
        .change_cause = "bug 17",
        .source = SOURCE_UPDATE,
        .copy_of = 2,
        .outcome = OUTCOME_ACTIVE,
    };
}

struct rollout sample_rollout(int64_t id)
{
    return (struct rollout){
        .id = id,
        .from_revision = 3,
        .to_revision = 4,
        .rollback_revision = 5,
        .strategy = STRATEGY_ROLLING,
        .state = ROLLOUT_ROLLING_BACK,
        .reason = "healthy_limit",
        .message = "web-1 was not ready within 300 s",
        .progress = {.desired = 3, .old = 2, .updated = 1, .ready = 2, .available = 2},
        .started_at = 1769851613005,
        .finished_at = 1769851613006,
        .deadline_at_ms = 600000,
        .deadline_left_ms = 1,
        .monitor_since_ms = 2,
        .batch_since_ms = 3,
        .direct = true,
        .promote = PROMOTE_FULL,
        .step = 6,
        .step_since_ms = 7,
        .keep_old_since_ms = 8,
        .extended_ms = 9,
        .check_round = 9007,
        .high_water = 4,
        .failed_replicas = 5,
        .failed_replica = "web-1",
        .index = 77,
    };
}

struct replica sample_replica(struct arena *arena, const struct deployment *deployment,
                              int64_t number)
{
    struct ports ports = {.items = ARENA_ARRAY(arena, struct port, 2), .count = 2};
    ports.items[0] = (struct port){"http", 31000};
    ports.items[1] = (struct port){"metrics", 31001};
    return (struct replica){
        .id = arena_printf(arena, "%s-%lld", deployment->name, (long long)number),
        .number = number,
        .deployment_uid = deployment->uid,
        .deployment = deployment->name,
        .cluster = deployment->cluster,
        .revision = 4,
        .template_hash = deployment->template_hash,
        .node = "n1",
        .wanted = WANTED_RUN,
        .stop_cause = CAUSE_NONE,
        .phase = REPLICA_RUNNING,
        .ready = true,
        .available = true,
        .was_available = true,
        .attempt = 2,
        .restarts = 1,
        .address = "127.0.0.1",
        .ports = ports,
        .pid = 4242,
        .reason = "started",
        .has_exit = true,
        .exit_code = 3,
        .exit_signal = -1,
        .exit_oom = true,
        .log_tail = "bye",
        .readiness_reason = "503",
        .check_round = 9007,
        .check_passed = true,
        .check_reason = "answered 500",
        .resources = {.cpu_millis = 250, .memory_mib = 128, .gpus = 1},
        .assigned_index = 6,
        .created_at = 1,
        .started_at = 2,
        .ended_at = 3,
        .readiness_since_at = 4,
        .phase_since_ms = 5,
        .ready_since_ms = 6,
        .unready_since_ms = 7,
    };
}

struct node sample_node(const char *cluster, const char *name)
{
    return (struct node){
        .name = name,
        .cluster = cluster,
        .capacity = {.cpu_millis = 4000, .memory_mib = 8192, .gpus = 2},
        .address = "10.0.0.1",
        .agent_version = "0.1.0",
        .boot_id = "boot",
        .epoch = 2,
        .report_seq = 9,
        .state = NODE_SUSPECT,
        .state_reason = "silent",
        .schedulable = true,
        .draining = true,
        .index = 21,
        .assignments_index = 20,
        .registered_at = 1,
        .state_since_at = 2,
    };
}

enum err_code sample_insert(struct store_tx *tx, void *argument, struct err *err)
{
    struct deployment *deployment = argument;
    deployment->index = tx_next_index(tx);
    return deployments_insert(tx, deployment, err);
}

static enum err_code add_created_event(struct store_tx *tx, struct deployment *deployment,
                                       struct err *err)
{
    struct event event = {
        .kind = "deployment",
        .cluster = deployment->cluster,
        .name = deployment->name,
        .uid = deployment->uid,
        .reason = "created",
        .message = "created with 3 replicas of version 2.1.0",
    };
    return events_add(tx, &event, &deployment->index, err);
}

enum err_code sample_create(struct store_tx *tx, void *argument, struct err *err)
{
    struct deployment *deployment = argument;
    struct arena *arena = tx_arena(tx);
    struct revision revision = sample_revision(arena, deployment, 1);
    struct revision_set set = {
        .template_hash = deployment->template_hash, .revision = 1, .wanted = 3};
    struct rollout rollout = {.id = 1, .to_revision = 1, .started_at = tx_wall_ms(tx)};
    tx_set_actor(tx, "ci", "request-1");
    TRY(add_created_event(tx, deployment, err));
    TRY(deployments_insert(tx, deployment, err));
    TRY(revisions_insert(tx, deployment->uid, &revision, err));
    TRY(revision_sets_put(tx, deployment->uid, &set, err));
    TRY(rollouts_put(tx, deployment->uid, &rollout, err));
    tx_dirty(tx, deployment->uid);
    return ERR_OK;
}
