#include "server/run.h"

#include "api/routes.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/notify.h"
#include "scheduler/control.h"
#include "scheduler/scheduler.h"
#include "server/backup.h"
#include "server/exchange.h"
#include "server/first_tokens.h"
#include "server/http.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/metrics.h"
#include "server/peers.h"
#include "server/service.h"
#include "server/stream.h"
#include "server/token_uses.h"
#include "store/store.h"
#include "store/writer.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>

enum {
    WATCHES_MAX = 100000, /* parked long polls; beyond it they are answered at once */
    EXIT_STORE_FAILED = 75,
    EXIT_AT_ONCE = 1
};

struct server {
    struct service service;
    struct scheduler *scheduler;
    struct loop **loops;
    size_t loop_count;
    int64_t started_at; /* wall ms */
    struct stream_counts streams;
    pthread_t writer_thread, scheduler_thread;
    bool writer_runs, scheduler_runs;
    atomic_bool ready;
    sigset_t signals;
    int signal_fd, listen_fd;
    char address[LISTEN_NAME_BYTES];
    int64_t connections_max;
};

/* ---- hooks and threads ---- */

static void on_publish(void *self, const struct touched *touched, size_t count,
                       int64_t newest_index)
{
    (void)newest_index;
    struct server *server = self;
    int64_t now_ms = clock_boot_ms(&server->service.clock);
    publish_touched(server->service.publish, touched, count, now_ms);
}

static void on_dirty(void *self, const char *const *uids, size_t count)
{
    struct server *server = self;
    if (server->scheduler != NULL) scheduler_dirty(server->scheduler, uids, count);
}

static void on_urgent(void *self, const char *const *uids, size_t count)
{
    struct server *server = self;
    if (server->scheduler != NULL) scheduler_urgent(server->scheduler, uids, count);
}

static void on_flush(void *self)
{
    struct server *server = self;
    for (size_t i = 0; i < server->loop_count; i++)
        mailbox_wake(&server->loops[i]->mailbox);
}

/* Nothing may be answered any more: a supervisor starts a new process, which reads what is true
 * from the disk. Workloads do not notice. */
static void on_fatal(void *self, const struct err *err)
{
    (void)self;
    log_message(LOG_ERROR, "store_failed", "%s; exiting for a restart", err->detail);
    _exit(EXIT_STORE_FAILED);
}

static void on_wake(struct watch *watch)
{
    mailbox_post(watch->mailbox, watch->mail);
}

static void *writer_thread(void *argument)
{
    struct writer *writer = argument;
    while (writer_wait(writer))
        writer_step(writer);
    return NULL;
}

static void *scheduler_thread(void *argument)
{
    struct scheduler *scheduler = argument;
    int64_t due_ms;
    do {
        due_ms = scheduler_step(scheduler);
    } while (scheduler_wait(scheduler, due_ms));
    return NULL;
}

static int is_ready(void *self, const char **why_not)
{
    struct server *server = self;
    bool ready = atomic_load(&server->ready);
    if (!ready) *why_not = "the server is stopping";
    return ready;
}

static int64_t token_used_at(void *self, const char *id)
{
    struct server *server = self;
    return token_uses_at(server->service.token_uses, id);
}

static enum err_code write_metrics(void *self, struct store_db *db, enum exposition_format format,
                                   struct text *text, struct err *err)
{
    const struct server *server = self;
    const struct metrics_sources sources = {.service = &server->service,
                                            .scheduler = server->scheduler,
                                            .loops = server->loops,
                                            .loop_count = server->loop_count,
                                            .started_at = server->started_at};
    return metrics_write(&sources, db, format, text, err);
}

/* ---- opening ---- */

/* Before the first thread, so that all of them inherit the mask. */
static enum err_code take_signals(struct server *server, struct err *err)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&server->signals);
    sigaddset(&server->signals, SIGTERM);
    sigaddset(&server->signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &server->signals, NULL);
    server->signal_fd = signalfd(-1, &server->signals, SFD_CLOEXEC);
    if (server->signal_fd >= 0) return ERR_OK;
    return err_set(err, ERR_IO, "signalfd: %s", strerror(errno));
}

static enum err_code open_store(struct server *server, struct err *err)
{
    struct service *service = &server->service;
    const struct store_config config = {.data_dir = service->config->data_dir,
                                        .keep_events = service->config->keep_events,
                                        .keep_health_days = service->config->keep_health_days,
                                        .clock = service->clock};
    const struct writer_hooks hooks = {.self = server,
                                       .publish = on_publish,
                                       .dirty = on_dirty,
                                       .urgent = on_urgent,
                                       .flush = on_flush,
                                       .fatal = on_fatal};
    TRY(store_open(&service->store, &config, err));
    service->publish = publish_open(on_wake, WATCHES_MAX);
    service->token_uses = token_uses_open();
    service->streams = &server->streams;
    TRY(writer_open(&service->writer, service->store, &hooks, err));
    return first_tokens_make(service->store, service->writer, config.data_dir, err);
}

static enum err_code open_control(struct server *server, struct err *err)
{
    struct service *service = &server->service;
    TRY(control_open(&service->control, service->store, service->clock, err));
    TRY(scheduler_open(&server->scheduler, service->store, service->writer, service->control,
                       service->clock, err));
    TRY(reader_open(&service->reader, service->store, LIMIT_READ_THREADS, LIMIT_READ_QUEUE, err));
    TRY(reader_open(&service->planner, service->store, 1, LIMIT_PLAN_QUEUE, err));
    service->api = (struct api){.store = service->store,
                                .control = service->control,
                                .clock = service->clock,
                                .version = DOGSHORE_VERSION,
                                .ready = is_ready,
                                .token_used_at = token_used_at,
                                .metrics = write_metrics,
                                .metrics_open = service->config->metrics_open,
                                .self = server};
    return ERR_OK;
}

static enum err_code open_loops(struct server *server, struct err *err)
{
    const struct config *config = server->service.config;
    struct sockaddr_storage address = config->address;
    int64_t threads = config->http_threads;
    int64_t connections = listen_connection_budget(config->max_connections, threads);
    server->connections_max = connections;
    if (connections < threads)
        return err_set(err, ERR_CONFIG, "the limit of open files (ulimit -n) is too low to serve");
    TRY(listen_open(&address, config->address_bytes, &server->listen_fd, err));
    listen_name((const struct sockaddr *)&address, server->address);
    http_prepare();
    server->service.peers = peers_open(config->max_connections_per_ip);
    server->loops = xcalloc((size_t)threads, sizeof *server->loops);
    for (int64_t i = 0; i < threads; i++) {
        TRY(loop_open(&server->loops[i], &server->service, server->listen_fd, connections / threads,
                      err));
        server->loop_count++;
    }
    /* The loops have duplicates: when they close them clients are refused, not left waiting. */
    close(server->listen_fd);
    server->listen_fd = -1;
    return ERR_OK;
}

/* Once the writer runs, which makes the copies. */
static enum err_code open_backups(struct service *service, struct err *err)
{
    const struct backup_settings settings = {
        .store = service->store,
        .writer = service->writer,
        .clock = service->clock,
        .snapshot_every_ms = service->config->snapshot_every_seconds * SECOND_MS,
        .keep_snapshots = service->config->keep_snapshots,
    };
    return backups_open(&service->backups, &settings, err);
}

static enum err_code start_threads(struct server *server, struct err *err)
{
    int failure =
        pthread_create(&server->writer_thread, NULL, writer_thread, server->service.writer);
    server->writer_runs = failure == 0;
    if (failure == 0)
        failure =
            pthread_create(&server->scheduler_thread, NULL, scheduler_thread, server->scheduler);
    server->scheduler_runs = server->writer_runs && failure == 0;
    if (failure != 0) return err_set(err, ERR_IO, "cannot start a thread: %s", strerror(failure));
    TRY(open_backups(&server->service, err));
    for (size_t i = 0; i < server->loop_count; i++)
        TRY(loop_start(server->loops[i], err));
    return ERR_OK;
}

/* ---- serving and ending ---- */

static void log_state(const struct server *server, const char *event)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, event);
    log_string(&line, "listen", server->address);
    log_string(&line, "data_dir", server->service.config->data_dir);
    log_string(&line, "version", DOGSHORE_VERSION);
    log_int(&line, "pid", getpid());
    log_int(&line, "connections_max", server->connections_max);
    log_end(&line);
}

static void wait_for_signal(const struct server *server)
{
    struct signalfd_siginfo info;
    ssize_t got;
    do {
        got = read(server->signal_fd, &info, sizeof info);
    } while (got < 0 && errno == EINTR);
    log_message(LOG_INFO, "signal", "%s",
                got == sizeof info && info.ssi_signo == SIGINT ? "SIGINT: stopping"
                                                               : "SIGTERM: stopping");
}

/* From now on a second signal ends the process. */
static void release_signals(const struct server *server)
{
    pthread_sigmask(SIG_UNBLOCK, &server->signals, NULL);
}

static void on_second_signal(int number)
{
    (void)number;
    static const char line[] = "dogshored: second signal, ending at once\n";
    ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
    (void)written;
    _exit(EXIT_AT_ONCE);
}

static enum err_code serve(struct server *server, struct err *err)
{
    const char *data_dir = server->service.config->data_dir;
    atomic_store(&server->ready, true);
    TRY(start_threads(server, err));
    TRY(listen_file_write(data_dir, server->address, err));
    log_state(server, "serving");
    notify_supervisor("READY=1");
    wait_for_signal(server);
    struct sigaction at_once = {.sa_handler = on_second_signal};
    sigaction(SIGTERM, &at_once, NULL);
    sigaction(SIGINT, &at_once, NULL);
    release_signals(server);
    notify_supervisor("STOPPING=1");
    atomic_store(&server->ready, false);
    listen_file_remove(data_dir);
    return ERR_OK;
}

/* A backup keeps the requests that wait for it, so it is given up first; then requests, then what
 * they need. */
static void stop_threads(struct server *server)
{
    if (server->service.backups != NULL) backups_stop(server->service.backups);
    for (size_t i = 0; i < server->loop_count; i++)
        loop_drain(server->loops[i]);
    for (size_t i = 0; i < server->loop_count; i++)
        loop_join(server->loops[i]);
    if (server->scheduler_runs) {
        scheduler_stop(server->scheduler);
        pthread_join(server->scheduler_thread, NULL);
    }
    if (server->writer_runs) {
        writer_stop(server->service.writer);
        pthread_join(server->writer_thread, NULL);
    }
}

static void close_parts(struct server *server)
{
    struct service *service = &server->service;
    reader_close(service->planner);
    reader_close(service->reader);
    for (size_t i = 0; i < server->loop_count; i++)
        loop_close(server->loops[i]);
    free(server->loops);
    if (server->listen_fd >= 0) close(server->listen_fd);
    if (server->scheduler != NULL) scheduler_close(server->scheduler);
    backups_close(service->backups);
    control_close(service->control);
    writer_close(service->writer);
    publish_close(service->publish);
    peers_close(service->peers);
    token_uses_close(service->token_uses);
    store_close(service->store);
    if (server->signal_fd >= 0) close(server->signal_fd);
}

static enum err_code open_and_serve(struct server *server, struct err *err)
{
    TRY(take_signals(server, err));
    TRY(open_store(server, err));
    TRY(open_control(server, err));
    TRY(open_loops(server, err));
    return serve(server, err);
}

enum err_code server_run(const struct config *config, struct err *err)
{
    struct server server = {
        .service = {.config = config, .clock = clock_system()}, .signal_fd = -1, .listen_fd = -1};
    server.started_at = clock_wall_ms(&server.service.clock);
    enum err_code code = open_and_serve(&server, err);
    stop_threads(&server);
    close_parts(&server);
    if (code == ERR_OK) log_state(&server, "stopped");
    return code;
}
