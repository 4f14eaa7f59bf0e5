#include "agent/agent.h"

#include "agent/control.h"
#include "agent/driver.h"
#include "agent/files.h"
#include "agent/identity.h"
#include "agent/ports.h"
#include "agent/prober.h"
#include "agent/supervise.h"
#include "agent/usage.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/notify.h"
#include "client/client.h"
#include "client/curl_loop.h"

#include <signal.h>

#define STATE_LOCK "lock"

enum { LAST_REPORT_MS = 5000 };

struct agent {
    const struct agent_config *config;
    struct arena arena;
    struct clock clock;
    enum agent_end end;

    const char *state_dir, *run_dir;
    const char *token, *boot_id, *address;

    struct loop *loop;
    struct client *client;
    struct curl_loop *probe_loop;
    struct prober *prober;
    struct driver *driver;
    struct port_range *ports;
    struct supervisor *supervisor;
    struct agent_control *control;

    struct loop_signal terminate, interrupt;
    bool stopping; /* replicas are being stopped before the end */
    struct loop_timer last_timer;
};

/* --- the end ---------------------------------------------------------------------------------- */

static void end(struct loop_timer *timer)
{
    loop_stop(CONTAINER_OF(timer, struct agent, last_timer)->loop);
}

/* Once nothing runs any more the server is told, if it listens. */
static void end_when_stopped(struct agent *agent)
{
    if (!agent->stopping || supervisor_processes(agent->supervisor) > 0) return;
    if (!supervisor_is_dirty(agent->supervisor))
        loop_timer_set(agent->loop, &agent->last_timer, 0);
    else if (!loop_timer_is_set(&agent->last_timer))
        loop_timer_set(agent->loop, &agent->last_timer, LAST_REPORT_MS);
}

/* The second signal is obeyed at once. */
static void stop(struct agent *agent)
{
    log_message(LOG_INFO, "stopping",
                agent->config->stop_replicas_on_exit ? "the replicas are stopped first"
                                                     : "the replicas run on");
    notify_supervisor("STOPPING=1");
    if (!agent->config->stop_replicas_on_exit || agent->stopping) {
        loop_stop(agent->loop);
        return;
    }
    agent->stopping = true;
    agent_control_leave(agent->control);
    supervisor_stop_all(agent->supervisor);
    end_when_stopped(agent);
}

static void terminated(struct loop_signal *signal)
{
    stop(CONTAINER_OF(signal, struct agent, terminate));
}

static void interrupted(struct loop_signal *signal)
{
    stop(CONTAINER_OF(signal, struct agent, interrupt));
}

static void fenced(void *self)
{
    struct agent *agent = self;
    agent->end = AGENT_FENCED;
    loop_stop(agent->loop);
}

static void changed(void *self)
{
    struct agent *agent = self;
    if (agent->control != NULL) agent_control_report_soon(agent->control);
    end_when_stopped(agent);
}

static void told(void *self)
{
    end_when_stopped(self);
}

/* --- who and where ---------------------------------------------------------------------------- */

static enum err_code open_folders(struct agent *agent, struct err *err)
{
    const struct agent_config *config = agent->config;
    struct arena *arena = &agent->arena;
    TRY(identity_folder(arena, config->state_dir, &agent->state_dir, err));
    TRY(identity_lock(agent->state_dir, STATE_LOCK, err));
    const char *run_dir = config->run_dir;
    if (run_dir == NULL) run_dir = arena_printf(arena, "%s/run", agent->state_dir);
    TRY(identity_folder(arena, run_dir, &agent->run_dir, err));
    return identity_lock_folder(agent->run_dir, err);
}

/* Where the name of the server cannot be resolved now, the address is what it was. */
static enum err_code find_address(struct agent *agent, struct err *err)
{
    struct arena *arena = &agent->arena;
    const char *path = arena_printf(arena, "%s/address", agent->state_dir);
    agent->address = agent->config->address;
    if (agent->address != NULL) return ERR_OK;
    enum err_code code = identity_address(arena, agent->config->server, &agent->address, err);
    if (code == ERR_OK)
        return file_replace(path, agent->address, strlen(agent->address), false, err);
    return identity_read_secret(arena, path, &agent->address, NULL) == ERR_OK ? ERR_OK : code;
}

static enum err_code open_identity(struct agent *agent, struct err *err)
{
    TRY(identity_token(&agent->arena, agent->state_dir, &agent->token, err));
    TRY(identity_boot_id(&agent->arena, &agent->boot_id, err));
    return find_address(agent, err);
}

/* --- parts ------------------------------------------------------------------------------------ */

static enum err_code open_loop(struct agent *agent, struct err *err)
{
    const struct client_settings settings = {
        .server = agent->config->server,
        .ca_file = agent->config->ca_file,
        .user_agent = "dogshore-agent/" DOGSHORE_VERSION,
    };
    agent->clock = clock_system();
    TRY(loop_open(&agent->loop, &agent->clock, err));
    agent->last_timer.fire = end;
    agent->terminate.arrived = terminated;
    agent->interrupt.arrived = interrupted;
    TRY(loop_signal_add(agent->loop, &agent->terminate, SIGTERM, err));
    TRY(loop_signal_add(agent->loop, &agent->interrupt, SIGINT, err));
    TRY(client_open(&agent->client, agent->loop, &settings, err));
    TRY(curl_loop_open(&agent->probe_loop, agent->loop, 0, err));
    return prober_open(&agent->prober, agent->probe_loop, err);
}

static enum err_code open_supervisor(struct agent *agent, struct err *err)
{
    const struct agent_config *config = agent->config;
    TRY(driver_open(&agent->driver, agent->loop, agent->run_dir, config->shim, agent->boot_id,
                    err));
    const struct supervise_settings settings = {
        .loop = agent->loop,
        .driver = agent->driver,
        .prober = agent->prober,
        .ports = agent->ports,
        .state_dir = agent->state_dir,
        .run_dir = agent->run_dir,
        .node = config->name,
        .address = agent->address,
        .path = getenv("PATH"),
        .boot_id = agent->boot_id,
        .log_bytes = config->log_bytes,
        .changed = changed,
        .self = agent,
    };
    TRY(supervisor_open(&agent->supervisor, &settings, err));
    return supervisor_adopt(agent->supervisor, err);
}

static void open_control(struct agent *agent)
{
    static const char *drivers[] = {"process"};
    const struct agent_config *config = agent->config;
    const struct control_settings settings = {
        .loop = agent->loop,
        .client = agent->client,
        .supervisor = agent->supervisor,
        .node = config->name,
        .join_token_file = config->join_token_file,
        .registration =
            {
                .token = agent->token,
                .cluster = config->cluster,
                .labels = config->labels,
                .address = agent->address,
                .capacity =
                    {
                        config->cpu_millis > 0 ? config->cpu_millis : machine_cpu_millis(),
                        config->memory_mib > 0 ? config->memory_mib : machine_memory_mib(),
                        config->gpus,
                    },
                .agent_version = DOGSHORE_VERSION,
                .boot_id = agent->boot_id,
                .drivers = {drivers, sizeof drivers / sizeof *drivers},
            },
        .sample_ms = config->sample_seconds * SECOND_MS,
        .fenced = fenced,
        .told = told,
        .self = agent,
    };
    agent->control = agent_control_open(&settings);
}

static enum err_code open_all(struct agent *agent, struct err *err)
{
    TRY(port_range_open(&agent->ports, agent->config->port_range, err));
    TRY(open_folders(agent, err));
    TRY(open_identity(agent, err));
    TRY(open_loop(agent, err));
    TRY(open_supervisor(agent, err));
    open_control(agent);
    return ERR_OK;
}

/* Whatever was opened, in reverse. */
static void close_all(struct agent *agent)
{
    agent_control_close(agent->control);
    supervisor_close(agent->supervisor);
    if (agent->driver != NULL) driver_close(agent->driver);
    if (agent->prober != NULL) prober_close(agent->prober);
    if (agent->probe_loop != NULL) curl_loop_close(agent->probe_loop);
    if (agent->client != NULL) client_close(agent->client);
    port_range_close(agent->ports);
    if (agent->loop != NULL) loop_close(agent->loop);
    arena_release(&agent->arena);
}

static void log_started(const struct agent *agent)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, "started");
    log_string(&line, "version", DOGSHORE_VERSION);
    log_string(&line, "node", agent->config->name);
    log_string(&line, "server", agent->config->server);
    log_string(&line, "address", agent->address);
    log_int(&line, "adopted", (int64_t)supervisor_processes(agent->supervisor));
    log_end(&line);
}

enum err_code agent_run(const struct agent_config *config, enum agent_end *how, struct err *err)
{
    struct agent agent = {.config = config, .end = AGENT_STOPPED};
    arena_init(&agent.arena);
    enum err_code code = open_all(&agent, err);
    if (code == ERR_OK) {
        log_started(&agent);
        agent_control_start(agent.control);
        notify_supervisor("READY=1");
        loop_run(agent.loop);
    }
    close_all(&agent);
    *how = agent.end;
    return code;
}
