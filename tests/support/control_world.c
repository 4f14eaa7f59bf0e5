#include "support/control_world.h"

#include "base/crypto.h"
#include "base/heap.h"
#include "base/json.h"
#include "base/text.h"
#include "scheduler/control_parts.h"
#include "scheduler/node_table.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "wire/field_errors.h"

#include <assert.h>
#include <ftw.h>

#define HOUR_MS INT64_C(3600000)

static void fail(const char *what, const struct err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->detail);
    abort();
}

/* ---- open and close ---- */

static void on_publish(void *self, const struct touched *touched, size_t count, int64_t newest)
{
    (void)self;
    (void)touched;
    (void)count;
    (void)newest;
}

static void on_dirty(void *self, const char *const *uids, size_t count)
{
    struct control_world *world = self;
    for (size_t i = 0; i < count; i++) {
        assert(world->dirty_count < WORLD_DIRTY_MAX);
        snprintf(world->dirty[world->dirty_count++], WORLD_UID_BYTES, "%s", uids[i]);
    }
}

static void on_flush(void *self)
{
    (void)self;
}

static void on_fatal(void *self, const struct err *err)
{
    (void)self;
    fail("the store is broken", err);
}

void world_open(struct control_world *world)
{
    *world = (struct control_world){.dir = "/dev/shm/dogshore-control-XXXXXX"};
    world->time = (struct manual_clock){.boot_ms = HOUR_MS, .wall_ms = INT64_C(1767225600000)};
    arena_init(&world->arena);
    struct clock clock = clock_manual(&world->time);
    struct err err;
    if (crypto_start(&err) != ERR_OK) fail("crypto", &err);
    if (mkdtemp(world->dir) == NULL) abort();
    struct store_config config = {
        .data_dir = world->dir, .keep_events = 100000, .clock = clock, .volatile_writes = true};
    struct writer_hooks hooks = {
        .self = world,
        .publish = on_publish,
        .dirty = on_dirty,
        .flush = on_flush,
        .fatal = on_fatal,
    };
    if (store_open(&world->store, &config, &err) != ERR_OK) fail("store", &err);
    if (writer_open(&world->writer, world->store, &hooks, &err) != ERR_OK) fail("writer", &err);
    if (store_reader_open(world->store, &world->reader, &err) != ERR_OK) fail("reader", &err);
    if (store_read_begin(world->reader, &err) != ERR_OK) fail("reader", &err);
    if (control_open(&world->control, world->store, clock, &err) != ERR_OK) fail("control", &err);
}

void world_reopen_control(struct control_world *world)
{
    struct err err;
    control_close(world->control);
    if (control_open(&world->control, world->store, clock_manual(&world->time), &err) != ERR_OK)
        fail("control", &err);
}

static int remove_file(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void world_close(struct control_world *world)
{
    control_close(world->control);
    store_read_end(world->reader);
    store_reader_close(world->reader);
    writer_close(world->writer);
    store_close(world->store);
    arena_release(&world->arena);
    nftw(world->dir, remove_file, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- closures ---- */

struct closure_job {
    struct writer_job job;
    struct control_world *world;
    world_closure *closure;
    void *argument;
    bool fails, ended;
    enum err_code code;
};

static enum err_code job_apply(struct store_tx *tx, struct writer_job *base, struct err *err)
{
    struct closure_job *job = CONTAINER_OF(base, struct closure_job, job);
    tx_set_actor(tx, "admin", "request-1");
    TRY(job->closure(job->world, tx, job->argument, err));
    if (job->fails) return err_set(err, ERR_INTERNAL, "a later step failed");
    return ERR_OK;
}

static void job_done(struct writer_job *base, enum err_code code, const struct err *err)
{
    struct closure_job *job = CONTAINER_OF(base, struct closure_job, job);
    job->ended = true;
    job->code = code;
    if (code != ERR_OK) job->world->err = *err;
}

static enum err_code run(struct control_world *world, world_closure *closure, void *argument,
                         bool fails)
{
    struct closure_job job = {
        .job = {.apply = job_apply, .done = job_done},
        .world = world,
        .closure = closure,
        .argument = argument,
        .fails = fails,
    };
    struct err err;
    world->err = (struct err){.code = ERR_OK};
    if (writer_submit(world->writer, LANE_FIRST, &job.job, &err) != ERR_OK) fail("submit", &err);
    while (writer_step(world->writer))
        continue;
    assert(job.ended);
    return job.code;
}

enum err_code world_run(struct control_world *world, world_closure *closure, void *argument)
{
    return run(world, closure, argument, false);
}

void world_run_and_fail(struct control_world *world, world_closure *closure, void *argument)
{
    enum err_code code = run(world, closure, argument, true);
    if (code != ERR_INTERNAL) fail("the order itself failed", &world->err);
}

/* ---- looking ---- */

struct store_db *world_look(struct control_world *world)
{
    struct err err;
    store_read_end(world->reader);
    if (store_read_begin(world->reader, &err) != ERR_OK) fail("reader", &err);
    return world->reader;
}

int64_t world_newest_index(struct control_world *world)
{
    struct err err;
    int64_t index;
    if (store_newest_index(world_look(world), &index, &err) != ERR_OK) fail("index", &err);
    return index;
}

bool world_is_dirty(const struct control_world *world, const char *uid)
{
    for (size_t i = 0; i < world->dirty_count; i++)
        if (strcmp(world->dirty[i], uid) == 0) return true;
    return false;
}

void world_forget_dirty(struct control_world *world)
{
    world->dirty_count = 0;
}

void world_advance(struct control_world *world, int64_t ms)
{
    world->time.boot_ms += ms;
    world->time.wall_ms += ms;
}

static size_t list_events(struct control_world *world, int64_t after, struct event **events)
{
    struct err err;
    size_t count;
    struct events_filter filter = {.after = after, .limit = 500};
    if (events_list(world_look(world), &world->arena, &filter, events, &count, &err) != ERR_OK)
        fail("events", &err);
    return count;
}

const struct event *world_event(struct control_world *world, int64_t after, const char *kind,
                                const char *reason)
{
    struct event *events;
    const struct event *found = NULL;
    size_t count = list_events(world, after, &events);
    for (size_t i = 0; i < count; i++)
        if (text_equal(events[i].kind, kind) && text_equal(events[i].reason, reason))
            found = &events[i];
    return found;
}

const char *world_story(struct control_world *world, int64_t after)
{
    struct event *events;
    struct text story;
    text_init(&story, &world->arena);
    size_t count = list_events(world, after, &events);
    for (size_t i = 0; i < count; i++)
        text_printf(&story, "%s%s.%s", i == 0 ? "" : " ", events[i].kind, events[i].reason);
    return text_string(&story);
}

/* ---- documents ---- */

const struct deployment_document *world_document(struct control_world *world, const char *text)
{
    struct err err;
    struct json *json;
    struct field_errors errors;
    struct deployment_document *document = ARENA_NEW(&world->arena, struct deployment_document);
    field_errors_init(&errors, &world->arena);
    if (json_parse(&world->arena, text, strlen(text), &json, &err) != ERR_OK) fail("JSON", &err);
    if (!deployment_document_decode(json, &world->arena, document, &errors)) {
        fprintf(stderr, "%s: %s\n", errors.items[0].pointer, errors.items[0].detail);
        abort();
    }
    if (document->cluster == NULL) document->cluster = "default";
    return document;
}

const struct deployment_document *world_web(struct control_world *world, const char *version,
                                            int replicas)
{
    return world_document(
        world, arena_printf(&world->arena,
                            "{\"name\": \"web\", \"spec\": {\"replicas\": %d, \"template\": "
                            "{\"version\": \"%s\", \"command\": [\"./serve\"], \"resources\": "
                            "{\"cpu_millis\": 100, \"memory_mib\": 64}}}}",
                            replicas, version));
}

/* ---- orders that go well ---- */

struct applying {
    const struct deployment_document *document;
    struct change change;
};

static enum err_code apply(struct control_world *world, struct store_tx *tx, void *argument,
                           struct err *err)
{
    struct applying *applying = argument;
    return control_apply(world->control, tx, &world->arena, applying->document, NULL,
                         &applying->change, err);
}

struct change world_apply(struct control_world *world, const struct deployment_document *document)
{
    struct applying applying = {.document = document};
    if (world_run(world, apply, &applying) != ERR_OK) fail("apply", &world->err);
    return applying.change;
}

struct joining {
    const char *name;
    struct node_registration registration;
    struct node node;
};

static enum err_code join(struct control_world *world, struct store_tx *tx, void *argument,
                          struct err *err)
{
    struct joining *joining = argument;
    return control_register(world->control, tx, &world->arena, joining->name, RIGHT_OPERATE,
                            &joining->registration, &joining->node, err);
}

struct node world_register(struct control_world *world, const char *name, int64_t cpu_millis)
{
    struct joining joining = {
        .name = name,
        .registration = {.token = arena_printf(
                             &world->arena, "token-of-%s-0123456789012345678901234567890123", name),
                         .cluster = "default",
                         .address = "10.0.0.1",
                         .capacity = {.cpu_millis = cpu_millis},
                         .agent_version = "1",
                         .boot_id = "boot"},
    };
    if (world_run(world, join, &joining) != ERR_OK) fail("register", &world->err);
    return joining.node;
}

struct placing {
    const struct deployment *deployment;
    const char *node;
    struct replica replica;
};

static enum err_code place(struct control_world *world, struct store_tx *tx, void *argument,
                           struct err *err)
{
    struct placing *placing = argument;
    const struct deployment *deployment = placing->deployment;
    int64_t number = tx_next_replica(tx), index = tx_next_index(tx);
    placing->replica = (struct replica){
        .id = arena_printf(&world->arena, "%s-%lld", deployment->name, (long long)number),
        .number = number,
        .deployment_uid = deployment->uid,
        .deployment = deployment->name,
        .cluster = deployment->cluster,
        .revision = deployment->status.revision,
        .template_hash = deployment->template_hash,
        .node = placing->node,
        .phase = REPLICA_ASSIGNED,
        .exit_code = -1,
        .exit_signal = -1,
        .resources = deployment->spec.template.resources,
        .assigned_index = index,
        .created_at = tx_wall_ms(tx),
        .phase_since_ms = tx_now_ms(tx),
    };
    node_table_allocate(tx, world->control->nodes, placing->node, &placing->replica.resources, 1);
    return replicas_write(tx, &placing->replica, (struct replica_effects){.assignments = true},
                          index, err);
}

struct replica world_place(struct control_world *world, const struct deployment *deployment,
                           const char *node)
{
    struct placing placing = {.deployment = deployment, .node = node};
    if (world_run(world, place, &placing) != ERR_OK) fail("place", &world->err);
    return placing.replica;
}

struct deployment world_deployment(struct control_world *world, const char *name)
{
    struct err err;
    struct deployment deployment;
    if (deployments_get(world_look(world), &world->arena, "default", name, &deployment, &err) !=
        ERR_OK)
        fail("deployment", &err);
    return deployment;
}

struct replica world_replica(struct control_world *world, const char *id)
{
    struct err err;
    struct replica replica;
    if (replicas_get(world_look(world), &world->arena, id, &replica, &err) != ERR_OK)
        fail("replica", &err);
    return replica;
}
