/* The worker protocol against a scripted server. But for the canary no replica runs here: what is
 * reported is that an ordered stop has nothing to stop. */
#include "agent/control.h"

#include "agent/driver.h"
#include "agent/files.h"
#include "agent/ports.h"
#include "agent/prober.h"
#include "agent/supervise.h"
#include "base/clock.h"
#include "base/log.h"
#include "client/client.h"
#include "client/curl_loop.h"
#include "node/worker_server.h"

enum { TURN_MS = 1000, TURNS_MAX = 2000, LOG_BYTES = 1 << 20 };

#define NODE "/v1/nodes/n1"
#define REGISTER "PUT " NODE
#define POLL "GET " NODE "/assignments"
#define REPORT "POST " NODE "/report"
#define OWN "Authorization: Bearer dgn_own\r\n"
#define JOIN "Authorization: Bearer dgj_join\r\n"

static const char unknown[] = "{\"code\":\"unauthorized\",\"status\":401,\"detail\":\"who?\"}";
static const char fenced_problem[] = "{\"code\":\"fenced\",\"status\":409,\"detail\":\"older\"}";
static const char registered[] = "{\"epoch\":4,\"incarnation\":\"aa\"}";

struct world {
    struct arena arena;
    struct loop *loop;
    struct worker_server server;
    struct client *client;
    struct curl_loop *probe_loop;
    struct prober *prober;
    struct driver *driver;
    struct port_range *ports;
    struct supervisor *supervisor;
    struct agent_control *control;
    char folder[64];
    bool fenced;
    size_t told;
};

static void on_fenced(void *self)
{
    ((struct world *)self)->fenced = true;
}

static void on_told(void *self)
{
    ((struct world *)self)->told++;
}

static void on_changed(void *self)
{
    struct world *world = self;
    if (world->control != NULL) agent_control_report_soon(world->control);
}

static void open_supervisor(struct world *world)
{
    struct err err = {.code = ERR_OK};
    const char *run_dir = arena_printf(&world->arena, "%s/run", world->folder);
    cr_assert_eq(curl_loop_open(&world->probe_loop, world->loop, 0, &err), ERR_OK);
    cr_assert_eq(prober_open(&world->prober, world->probe_loop, &err), ERR_OK);
    cr_assert_eq(port_range_open(&world->ports, "20000-29999", &err), ERR_OK);
    cr_assert_eq(driver_open(&world->driver, world->loop, run_dir,
                             DOGSHORE_BINARY_DIR "/dogshore-shim", "b-1", &err),
                 ERR_OK, "%s", err.detail);
    const struct supervise_settings settings = {.loop = world->loop,
                                                .driver = world->driver,
                                                .prober = world->prober,
                                                .ports = world->ports,
                                                .state_dir = world->folder,
                                                .run_dir = run_dir,
                                                .node = "n1",
                                                .address = "127.0.0.1",
                                                .boot_id = "b-1",
                                                .log_bytes = LOG_BYTES,
                                                .changed = on_changed,
                                                .self = world};
    cr_assert_eq(supervisor_open(&world->supervisor, &settings, &err), ERR_OK, "%s", err.detail);
}

static void world_open(struct world *world)
{
    struct err err = {.code = ERR_OK};
    struct clock clock = clock_system();
    log_set_level(LOG_ERROR);
    *world = (struct world){.folder = "/tmp/dogshore-control.XXXXXX"};
    arena_init(&world->arena);
    cr_assert_not_null(mkdtemp(world->folder));
    cr_assert_eq(loop_open(&world->loop, &clock, &err), ERR_OK);
    worker_server_open(&world->server, world->loop);
    const struct client_settings settings = {.server = world->server.url};
    cr_assert_eq(client_open(&world->client, world->loop, &settings, &err), ERR_OK);
    open_supervisor(world);
    const char *join_token_file = arena_printf(&world->arena, "%s/join.token", world->folder);
    cr_assert_eq(file_replace(join_token_file, "dgj_join\n", 9, false, &err), ERR_OK);
    const struct control_settings control = {.loop = world->loop,
                                             .client = world->client,
                                             .supervisor = world->supervisor,
                                             .node = "n1",
                                             .join_token_file = join_token_file,
                                             .registration = {.token = "dgn_own",
                                                              .cluster = "default",
                                                              .address = "127.0.0.1",
                                                              .agent_version = "test",
                                                              .boot_id = "b-1"},
                                             .sample_ms = 3600000,
                                             .fenced = on_fenced,
                                             .told = on_told,
                                             .self = world};
    world->control = agent_control_open(&control);
}

static void world_close(struct world *world)
{
    agent_control_close(world->control);
    supervisor_close(world->supervisor);
    driver_close(world->driver);
    prober_close(world->prober);
    curl_loop_close(world->probe_loop);
    client_close(world->client);
    port_range_close(world->ports);
    worker_server_close(&world->server);
    loop_close(world->loop);
    folder_remove(world->folder);
    arena_release(&world->arena);
}

/* Turns the loop until that request has come. */
static const char *await(struct world *world, const char *begins, size_t number)
{
    const char *request = NULL;
    for (size_t turns = 0; turns < TURNS_MAX; turns++) {
        request = worker_server_request(&world->server, begins, number);
        if (request != NULL) return request;
        loop_turn(world->loop, TURN_MS);
    }
    cr_assert_fail("no request %zu of %s", number, begins);
    return NULL;
}

static void await_fenced(struct world *world)
{
    for (size_t turns = 0; turns < TURNS_MAX && !world->fenced; turns++)
        loop_turn(world->loop, TURN_MS);
    cr_assert(world->fenced);
}

static void add(struct world *world, const char *request, int status, const char *body)
{
    worker_server_add(&world->server, request, status, body);
}

static const char *assignments(struct world *world, int index, int epoch, const char *incarnation,
                               const char *items)
{
    return arena_printf(&world->arena,
                        "{\"index\":%d,\"epoch\":%d,\"incarnation\":\"%s\",\"poll_wait_ms\":10000,"
                        "\"replicas\":[%s],\"templates\":{}}",
                        index, epoch, incarnation, items);
}

static const char stop_of_web_1[] = "{\"id\":\"web-1\",\"wanted\":\"stop\",\"last_attempt\":2}";

/* Whatever waits for its answer gets none. */
static void world_cut(struct world *world)
{
    while (world->server.peers != NULL)
        worker_peer_close(world->server.peers);
}

static void expect_in(const char *request, const char *words)
{
    cr_expect_not_null(strstr(request, words), "no %s in %s", words, request);
}

Test(control, a_new_node_joins_and_follows)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 401, unknown);
    add(&world, REGISTER, 201, registered);
    add(&world, REPORT, 204, "");
    add(&world, POLL, 200, assignments(&world, 7, 4, "aa", ""));
    agent_control_start(world.control);
    expect_in(await(&world, REGISTER, 0), OWN);
    expect_in(await(&world, REGISTER, 1), JOIN);
    expect_in(await(&world, REGISTER, 1), "\"token\":\"dgn_own\"");
    const char *report = await(&world, REPORT, 0);
    expect_in(report, OWN);
    expect_in(report, "\"epoch\":4,\"seq\":1,\"full\":true,\"changes\":[]");
    expect_in(await(&world, POLL, 0), "?index=0&wait_seconds=");
    expect_in(await(&world, POLL, 1), "?index=7&wait_seconds=");
    world_close(&world);
}

Test(control, a_taken_name_is_tried_again)
{
    struct world world;
    world_open(&world);
    log_set_level(LOG_ERROR);
    add(&world, REGISTER, 401, unknown);
    add(&world, REGISTER, 409, "{\"code\":\"conflict\",\"status\":409,\"detail\":\"exists\"}");
    add(&world, REGISTER, 401, unknown);
    add(&world, REGISTER, 201, registered);
    agent_control_start(world.control);
    expect_in(await(&world, REGISTER, 2), OWN);
    expect_in(await(&world, REGISTER, 3), JOIN);
    await(&world, POLL, 0);
    world_close(&world);
}

Test(control, a_stop_of_what_does_not_run_here_is_answered)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, REPORT, 204, "");
    add(&world, REPORT, 204, "");
    add(&world, POLL, 200, assignments(&world, 7, 4, "aa", stop_of_web_1));
    agent_control_start(world.control);
    const char *report = await(&world, REPORT, 1);
    expect_in(report, "\"seq\":2,\"full\":false,\"changes\":[{\"id\":\"web-1\",\"attempt\":2,"
                      "\"state\":\"stopped\",\"ready\":false,\"reason\":\"it does not run here\"");
    world_close(&world);
}

Test(control, a_report_is_sent_until_it_is_answered)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, REPORT, 0, "");
    add(&world, REPORT, 503, "{\"code\":\"unavailable\",\"status\":503,\"detail\":\"later\"}");
    add(&world, REPORT, 204, "");
    agent_control_start(world.control);
    const char *first = strstr(await(&world, REPORT, 0), "\r\n\r\n");
    const char *third = strstr(await(&world, REPORT, 2), "\r\n\r\n");
    cr_assert_str_eq(first, third);
    world_close(&world);
}

/* A gateway, say, that is being set up. */
Test(control, a_change_is_not_given_up_for_what_another_than_the_server_says)
{
    struct world world;
    world_open(&world);
    log_set_level(LOG_ERROR);
    add(&world, REGISTER, 200, registered);
    add(&world, REPORT, 204, "");
    add(&world, REPORT, 405, "not here");
    add(&world, REPORT, 400, "{\"code\":\"bad_request\",\"status\":400,\"detail\":\"never\"}");
    add(&world, POLL, 200, assignments(&world, 7, 4, "aa", stop_of_web_1));
    agent_control_start(world.control);
    expect_in(await(&world, REPORT, 1), "\"id\":\"web-1\"");
    expect_in(await(&world, REPORT, 2), "\"id\":\"web-1\"");
    size_t told = world.told;
    for (size_t turns = 0; turns < TURNS_MAX && world.told == told; turns++)
        loop_turn(world.loop, TURN_MS);
    cr_assert_eq(world.told, told + 1);
    world_close(&world);
}

Test(control, a_later_epoch_of_the_same_server_fences)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, POLL, 200, assignments(&world, 7, 5, "aa", stop_of_web_1));
    agent_control_start(world.control);
    await_fenced(&world);
    cr_assert_null(worker_server_request(&world.server, REPORT, 1));
    world_close(&world);
}

Test(control, a_fenced_report_is_believed_when_the_assignments_say_so)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, REPORT, 409, fenced_problem);
    agent_control_start(world.control);
    await(&world, REPORT, 0);
    add(&world, POLL, 200, assignments(&world, 7, 5, "aa", ""));
    await_fenced(&world);
    world_close(&world);
}

Test(control, a_server_that_contradicts_itself_is_not_asked_without_a_pause)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    for (int i = 0; i < 4; i++) {
        add(&world, REPORT, 409, fenced_problem);
        /* The poll that is asked in doubt; one that waits for orders stays parked. */
        add(&world, POLL "?index=0&wait_seconds=0", 200, assignments(&world, 7, 4, "aa", ""));
    }
    agent_control_start(world.control);
    await(&world, REPORT, 0);
    int64_t began_ms = loop_now_ms(world.loop);
    await(&world, REPORT, 3);
    cr_assert_geq(loop_now_ms(world.loop) - began_ms, 400);
    cr_assert_not(world.fenced);
    world_close(&world);
}

/* Its epochs begin where the backup ended, so that a report is refused as fenced. */
Test(control, a_restored_server_is_no_fence)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, REPORT, 409, fenced_problem);
    agent_control_start(world.control);
    await(&world, REPORT, 0);
    add(&world, POLL, 200, assignments(&world, 2, 3, "bb", ""));
    add(&world, REGISTER, 200, "{\"epoch\":4,\"incarnation\":\"bb\"}");
    add(&world, REPORT, 204, "");
    add(&world, POLL, 200, assignments(&world, 3, 4, "bb", ""));
    expect_in(await(&world, REPORT, 1), "\"seq\":1,\"full\":true");
    expect_in(await(&world, POLL, 3), "?index=3&");
    cr_assert_not(world.fenced);
    world_close(&world);
}

Test(control, a_removed_node_joins_again_and_tells_everything)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, REPORT, 204, "");
    add(&world, POLL, 401, unknown);
    add(&world, REGISTER, 401, unknown);
    add(&world, REGISTER, 201, "{\"epoch\":1,\"incarnation\":\"aa\"}");
    agent_control_start(world.control);
    expect_in(await(&world, REGISTER, 2), JOIN);
    expect_in(await(&world, REPORT, 1), "\"epoch\":1,\"seq\":1,\"full\":true");
    expect_in(await(&world, POLL, 1), "?index=0&");
    world_close(&world);
}

/* A proxy, say, that lets one request through and not the other. */
Test(control, a_server_that_refuses_what_follows_is_not_asked_without_a_pause)
{
    struct world world;
    world_open(&world);
    for (int i = 0; i < 3; i++) {
        add(&world, REGISTER, 200, registered);
        add(&world, POLL, 403, unknown);
    }
    agent_control_start(world.control);
    await(&world, POLL, 0);
    int64_t began_ms = loop_now_ms(world.loop);
    await(&world, REGISTER, 2);
    cr_assert_geq(loop_now_ms(world.loop) - began_ms, 400);
    world_close(&world);
}

Test(control, an_unreadable_answer_is_asked_for_again)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    add(&world, POLL, 200, "{\"index\":7}");
    add(&world, POLL, 0, "");
    add(&world, POLL, 200, assignments(&world, 8, 4, "aa", ""));
    agent_control_start(world.control);
    expect_in(await(&world, POLL, 3), "?index=8&");
    world_close(&world);
}

Test(control, one_that_leaves_reports_and_takes_no_orders)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    agent_control_start(world.control);
    await(&world, POLL, 0);
    await(&world, REPORT, 0);
    agent_control_leave(world.control);
    world_cut(&world);
    add(&world, REPORT, 204, "");
    await(&world, REPORT, 1);
    for (size_t turns = 0; turns < TURNS_MAX && world.told == 0; turns++)
        loop_turn(world.loop, TURN_MS);
    cr_assert_eq(world.told, 1);
    cr_assert_null(worker_server_request(&world.server, POLL, 1));
    world_close(&world);
}

/* --- a canary, which runs --------------------------------------------------------------------- */

/* Should the test fail, it ends by itself. */
static const char canary_template[] =
    "{\"version\":\"v2\",\"ports\":{\"http\":0},\"restart\":{\"policy\":\"never\"},"
    "\"command\":[\"" DOGSHORE_BINARY_DIR "/dogshore-example\",\"--port\",\"$(PORT)\","
    "\"--version\",\"v2\",\"--crash-after-seconds\",\"300\"],\"stop\":{\"drain_seconds\":0},"
    "\"probes\":{\"readiness\":{\"http\":{\"path\":\"/readyz\"},\"period_seconds\":1}}}";

/* In the answer to the next poll; whatever was parked is cut, so that it comes at once. */
static void assign_canary(struct world *world, int index, const char *wanted, const char *check)
{
    add(world, POLL, 200,
        arena_printf(&world->arena,
                     "{\"index\":%d,\"epoch\":4,\"incarnation\":\"aa\",\"poll_wait_ms\":10000,"
                     "\"replicas\":[{\"id\":\"web-1\",\"deployment\":\"web\",\"revision\":2,"
                     "\"template_hash\":\"5be0\",\"wanted\":\"%s\",\"check\":%s}],"
                     "\"templates\":{\"5be0\":%s}}",
                     index, wanted, check, canary_template));
    world_cut(world);
}

/* Some report has these words. */
static void await_reported(struct world *world, const char *words)
{
    const char *request;
    for (size_t turns = 0; turns < TURNS_MAX; turns++) {
        for (size_t i = 0; (request = worker_server_request(&world->server, REPORT, i)); i++)
            if (strstr(request, words) != NULL) return;
        loop_turn(world->loop, TURN_MS);
    }
    cr_assert_fail("nobody reported %s", words);
}

Test(control, a_canary_is_asked_and_its_answer_is_reported)
{
    struct world world;
    world_open(&world);
    add(&world, REGISTER, 200, registered);
    for (int i = 0; i < 20; i++)
        add(&world, REPORT, 204, "");
    assign_canary(&world, 7, "run",
                  "{\"round\":7001,\"path\":\"/version.txt\",\"expect_substring\":\"v9\"}");
    agent_control_start(world.control);
    await_reported(&world, "\"check\":{\"round\":7001,\"passed\":false,"
                           "\"reason\":\"answered 200 without «v9»\"}");
    assign_canary(&world, 8, "run",
                  "{\"round\":7002,\"path\":\"/version.txt\",\"expect_substring\":\"v2\","
                  "\"times\":2}");
    await_reported(&world, "\"check\":{\"round\":7002,\"passed\":true,");
    assign_canary(&world, 9, "run", "{\"round\":7003,\"path\":\"/checkout\"}");
    await_reported(&world,
                   "\"check\":{\"round\":7003,\"passed\":false,\"reason\":\"answered 404 «");
    assign_canary(&world, 10, "stop", "null");
    await_reported(&world, "\"state\":\"stopped\"");
    world_close(&world);
}
