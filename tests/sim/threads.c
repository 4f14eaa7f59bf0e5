/* The same loops as the server's, on real threads and the real clock: marks from everywhere end in
 * passes, and stopping leaves nothing running. */
#include "base/arena.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "base/json.h"
#include "base/log.h"
#include "scheduler/control.h"
#include "scheduler/scheduler.h"
#include "store/deployments.h"
#include "store/store.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"
#include "wire/field_errors.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <unistd.h>

enum { REPLICAS = 3, MARKERS = 4, MARKS = 2000 };

struct server {
    char dir[64];
    struct store *store;
    struct writer *writer;
    struct control *control;
    struct scheduler *scheduler;
    pthread_t writer_thread, scheduler_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t assignments; /* published index of n1's */
    char uid[32];
};

static void on_publish(void *self, const struct touched *touched, size_t count,
                       int64_t newest_index)
{
    struct server *server = self;
    (void)newest_index;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < count; i++)
        if (touched[i].kind == FACET_ASSIGNMENTS) server->assignments = touched[i].index;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static void on_dirty(void *self, const char *const *uids, size_t count)
{
    struct server *server = self;
    scheduler_dirty(server->scheduler, uids, count);
}

static void *run_writer(void *argument)
{
    struct server *server = argument;
    while (writer_wait(server->writer))
        while (writer_step(server->writer)) {
        }
    return NULL;
}

static void *run_scheduler(void *argument)
{
    struct server *server = argument;
    for (int64_t due_ms = 0; scheduler_wait(server->scheduler, due_ms);)
        due_ms = scheduler_step(server->scheduler);
    return NULL;
}

static void start(struct server *server)
{
    struct err err;
    cr_assert_eq(crypto_start(&err), ERR_OK);
    log_set_level(LOG_ERROR);
    *server = (struct server){.dir = "/dev/shm/dogshore-threads-XXXXXX"};
    cr_assert_not_null(mkdtemp(server->dir));
    struct store_config config = {.data_dir = server->dir,
                                  .keep_events = 1000,
                                  .clock = clock_system(),
                                  .volatile_writes = true};
    struct writer_hooks hooks = {.self = server, .publish = on_publish, .dirty = on_dirty};
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    cr_assert_eq(store_open(&server->store, &config, &err), ERR_OK);
    cr_assert_eq(writer_open(&server->writer, server->store, &hooks, &err), ERR_OK);
    cr_assert_eq(control_open(&server->control, server->store, config.clock, &err), ERR_OK);
    cr_assert_eq(scheduler_open(&server->scheduler, server->store, server->writer, server->control,
                                config.clock, &err),
                 ERR_OK);
    pthread_create(&server->writer_thread, NULL, run_writer, server);
    pthread_create(&server->scheduler_thread, NULL, run_scheduler, server);
}

static void stop(struct server *server)
{
    scheduler_stop(server->scheduler);
    pthread_join(server->scheduler_thread, NULL);
    writer_stop(server->writer);
    pthread_join(server->writer_thread, NULL);
    cr_assert_eq(scheduler_running(server->scheduler), 0);
    scheduler_close(server->scheduler);
    control_close(server->control);
    writer_close(server->writer);
    store_close(server->store);
    const char *names[] = {"dogshore.db", "dogshore.db-wal", "dogshore.db-shm", "pass"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", server->dir, names[i]);
        unlink(path);
    }
    rmdir(server->dir);
}

/* ---- orders ---- */

struct order {
    struct writer_job job;
    struct server *server;
    enum err_code (*run)(struct order *order, struct store_tx *tx, struct err *err);
    struct arena arena;
    bool done;
    enum err_code code;
};

static enum err_code order_apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct order *order = CONTAINER_OF(job, struct order, job);
    return order->run(order, tx, err);
}

static void order_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct order *order = CONTAINER_OF(job, struct order, job);
    if (code != ERR_OK) fprintf(stderr, "%s\n", err->detail);
    pthread_mutex_lock(&order->server->lock);
    order->code = code;
    order->done = true;
    pthread_cond_broadcast(&order->server->changed);
    pthread_mutex_unlock(&order->server->lock);
}

static void give(struct server *server,
                 enum err_code (*run)(struct order *order, struct store_tx *tx, struct err *err))
{
    struct order order = {
        .job = {.apply = order_apply, .done = order_done}, .server = server, .run = run};
    struct err err;
    arena_init(&order.arena);
    cr_assert_eq(writer_submit(server->writer, LANE_FIRST, &order.job, &err), ERR_OK);
    pthread_mutex_lock(&server->lock);
    while (!order.done)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    arena_release(&order.arena);
    cr_assert_eq(order.code, ERR_OK);
}

static enum err_code register_node(struct order *order, struct store_tx *tx, struct err *err)
{
    struct node_registration registration = {
        .token = "n1-0000000000000000000000000000000000000000000000",
        .cluster = "default",
        .address = "127.0.0.1",
        .boot_id = "boot",
    };
    struct node node;
    return control_register(order->server->control, tx, &order->arena, "n1", RIGHT_CREATE,
                            &registration, &node, err);
}

static enum err_code create(struct order *order, struct store_tx *tx, struct err *err)
{
    static const char text[] =
        "{\"name\":\"web\",\"cluster\":\"default\",\"spec\":{\"replicas\":3,"
        "\"template\":{\"version\":\"1\",\"command\":[\"serve\"],\"ports\":{\"http\":0}}}}";
    struct json *json;
    struct field_errors errors;
    struct deployment_document document;
    struct change change;
    TRY(json_parse(&order->arena, text, sizeof text - 1, &json, err));
    field_errors_init(&errors, &order->arena);
    if (!deployment_document_decode(json, &order->arena, &document, &errors))
        return err_set(err, ERR_INVALID, "%s", errors.items[0].detail);
    TRY(control_create(order->server->control, tx, &order->arena, &document, &change, err));
    snprintf(order->server->uid, sizeof order->server->uid, "%s", change.deployment.uid);
    return ERR_OK;
}

static void wait_for_assignments(struct server *server, int64_t after)
{
    pthread_mutex_lock(&server->lock);
    while (server->assignments <= after)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

/* ---- tests ---- */

Test(threads, a_new_deployment_is_assigned_without_any_timer, .timeout = 60)
{
    struct server server;
    start(&server);
    give(&server, register_node);
    pthread_mutex_lock(&server.lock);
    int64_t before = server.assignments;
    pthread_mutex_unlock(&server.lock);
    give(&server, create);
    wait_for_assignments(&server, before);
    int64_t replicas = 0;
    struct resources resources;
    cr_assert(control_node_allocated(server.control, "n1", &resources, &replicas));
    cr_assert_eq(replicas, REPLICAS);
    stop(&server);
}

static void *mark(void *argument)
{
    struct server *server = argument;
    const char *uid = server->uid;
    for (int i = 0; i < MARKS; i++) {
        scheduler_dirty(server->scheduler, &uid, 1);
        control_node_seen(server->control, "n1");
    }
    return NULL;
}

Test(threads, marks_from_many_threads_while_passes_run_leave_nothing_behind, .timeout = 60)
{
    struct server server;
    pthread_t markers[MARKERS];
    start(&server);
    give(&server, register_node);
    give(&server, create);
    for (int i = 0; i < MARKERS; i++)
        pthread_create(&markers[i], NULL, mark, &server);
    for (int i = 0; i < MARKERS; i++)
        pthread_join(markers[i], NULL);
    stop(&server);
}

Test(threads, stopping_ends_a_wait_that_has_no_end, .timeout = 60)
{
    struct server server;
    start(&server);
    stop(&server);
}
