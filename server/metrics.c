/* A scrape is gathered into one struct first; then each row of the table says where in it its
 * numbers are. Rows that are not so simple have a function. */
#include "server/metrics.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "model/deployment.h"
#include "model/node.h"
#include "model/replica.h"
#include "model/summary.h"
#include "scheduler/control.h"
#include "scheduler/scheduler.h"
#include "server/backup.h"
#include "server/loop.h"
#include "server/process_stats.h"
#include "server/publish.h"
#include "server/reader.h"
#include "server/stream.h"
#include "store/store.h"
#include "store/summary.h"
#include "store/tokens.h"
#include "store/writer.h"

#include <microhttpd.h>

enum { READER_LISTS, READER_PLANS, READERS };
enum { ENDED_WELL, ENDED_BADLY, ENDS };

static const char *const reader_words[] = {
    [READER_LISTS] = "lists", [READER_PLANS] = "plans", NULL};
static const char *const lane_words[] = {[LANE_FIRST] = "first", [LANE_REPORTS] = "reports", NULL};
static const char *const outcome_words[] = {[ENDED_WELL] = "ok", [ENDED_BADLY] = "failed", NULL};
static const char *const change_words[] = {
    [ENDED_WELL] = "taken", [ENDED_BADLY] = "rejected", NULL};

struct scrape {
    const struct metrics_sources *sources;
    struct writer_stats writer;
    struct scheduler_stats scheduler;
    struct control_stats control;
    struct process_stats process;
    struct fleet_counts fleet;
    int64_t connections, parked, reply_bytes;
    struct {
        int64_t open, opened, refused, slow;
    } streams;
    int64_t readers[READERS];
    int64_t closures[ENDS], passes[ENDS], changes[ENDS], backups[ENDS], snapshots[ENDS];
    int64_t events_index, tokens, database_bytes, wal_bytes;
    double clock_seconds, started_seconds, snapshot_seconds;
    double cpu_cores, cpu_cores_allocated;
    int64_t memory_bytes, memory_bytes_allocated;
};

enum value_kind {
    VALUE_INT,       /* int64_t */
    VALUE_DOUBLE,    /* double */
    VALUE_WORDS,     /* int64_t[], a sample for each word */
    VALUE_HISTOGRAM, /* struct histogram_sum */
    VALUE_WRITTEN    /* by the row's function */
};

struct metric {
    struct metric_family family;
    enum value_kind kind;
    size_t offset; /* in struct scrape */
    const char *const *words;
    size_t word_count; /* 0: up to NULL */
    void (*write)(const struct scrape *scrape, struct exposition *exposition);
};

/* ---- what has a function ---- */

static size_t metrics_of_loops(const struct scrape *scrape, const struct http_metrics **list)
{
    for (size_t i = 0; i < scrape->sources->loop_count; i++)
        list[i] = &scrape->sources->loops[i]->metrics;
    return scrape->sources->loop_count;
}

static void write_requests(const struct scrape *scrape, struct exposition *exposition)
{
    const struct http_metrics *loops[LOOPS_MAX];
    size_t count = metrics_of_loops(scrape, loops);
    http_metrics_write_requests(loops, count, exposition);
}

static void write_durations(const struct scrape *scrape, struct exposition *exposition)
{
    const struct http_metrics *loops[LOOPS_MAX];
    size_t count = metrics_of_loops(scrape, loops);
    http_metrics_write_durations(loops, count, exposition);
}

static void write_build(const struct scrape *scrape, struct exposition *exposition)
{
    (void)scrape;
    const char *const values[] = {DOGSHORE_VERSION, store_sqlite_version(), MHD_get_version()};
    exposition_int(exposition, values, 1);
}

/* ---- the table ---- */

#define FAMILY(type_, name_, help_, ...)                                                           \
    .family = {.name = name_, .type = METRIC_##type_, .help = help_, __VA_ARGS__}
#define AT(member_) .offset = offsetof(struct scrape, member_)
#define INT(member_) .kind = VALUE_INT, AT(member_)
#define DOUBLE(member_) .kind = VALUE_DOUBLE, AT(member_)
#define WORDS(member_, words_) .kind = VALUE_WORDS, AT(member_), .words = words_
#define HISTOGRAM(member_) .kind = VALUE_HISTOGRAM, AT(member_)
#define WRITTEN(function_) .kind = VALUE_WRITTEN, .write = function_

static const struct metric metrics[] = {
    {FAMILY(INFO, "dogshore_build", "What this server was built of.",
            .labels = {"version", "sqlite", "libmicrohttpd"}),
     WRITTEN(write_build)},

    {FAMILY(COUNTER, "dogshore_http_requests", "Requests that were answered.",
            .labels = {"method", "route", "code"}),
     WRITTEN(write_requests)},
    {FAMILY(HISTOGRAM, "dogshore_http_request_duration_seconds",
            "Time from a request's first line to its answer, without those that "
            "waited for a change.",
            .unit = "seconds", .labels = {"method", "route"}, .buckets = &duration_buckets),
     WRITTEN(write_durations)},
    {FAMILY(COUNTER, "dogshore_http_response_bytes", "Bytes of bodies that were sent.",
            .unit = "bytes"),
     INT(reply_bytes)},
    {FAMILY(GAUGE, "dogshore_http_connections", "Connections that are open."), INT(connections)},
    {FAMILY(GAUGE, "dogshore_http_parked_requests", "Requests that wait for a change."),
     INT(parked)},
    {FAMILY(GAUGE, "dogshore_http_streams", "Event streams that are open."), INT(streams.open)},
    {FAMILY(COUNTER, "dogshore_http_streams_opened", "Event streams that were opened."),
     INT(streams.opened)},
    {FAMILY(COUNTER, "dogshore_http_streams_refused",
            "Event streams that were refused because too many were open."),
     INT(streams.refused)},
    {FAMILY(COUNTER, "dogshore_http_streams_dropped",
            "Event streams that were ended because their client took too little."),
     INT(streams.slow)},

    {FAMILY(GAUGE, "dogshore_deployments", "Deployments by state.", .labels = {"state"}),
     WORDS(fleet.deployments.states, deployment_state_words)},
    {FAMILY(GAUGE, "dogshore_replicas", "Replicas that have not ended, by state.",
            .labels = {"state"}),
     WORDS(fleet.replicas.states, replica_phase_words), .word_count = SUMMARY_REPLICA_STATES},
    {FAMILY(GAUGE, "dogshore_replicas_ready", "Replicas that are ready."),
     INT(fleet.replicas.ready)},
    {FAMILY(GAUGE, "dogshore_replicas_available",
            "Replicas that have been ready for as long as their deployment asks."),
     INT(fleet.replicas.available)},
    {FAMILY(GAUGE, "dogshore_nodes", "Nodes by state.", .labels = {"state"}),
     WORDS(fleet.nodes.states, node_state_words)},
    {FAMILY(GAUGE, "dogshore_capacity_cpu_cores", "Cores of the nodes that are ready or suspect.",
            .unit = "cores"),
     DOUBLE(cpu_cores)},
    {FAMILY(GAUGE, "dogshore_allocated_cpu_cores", "Cores that replicas on them have been given.",
            .unit = "cores"),
     DOUBLE(cpu_cores_allocated)},
    {FAMILY(GAUGE, "dogshore_capacity_memory_bytes",
            "Memory of the nodes that are ready or suspect.", .unit = "bytes"),
     INT(memory_bytes)},
    {FAMILY(GAUGE, "dogshore_allocated_memory_bytes",
            "Memory that replicas on them have been given.", .unit = "bytes"),
     INT(memory_bytes_allocated)},
    {FAMILY(GAUGE, "dogshore_rollouts_running", "Rollouts that have not ended, by state.",
            .labels = {"state"}),
     WORDS(fleet.rollouts.states, rollout_state_words), .word_count = SUMMARY_ROLLOUT_STATES},
    {FAMILY(COUNTER, "dogshore_rollouts", "Rollouts that ended since the start, by outcome.",
            .labels = {"outcome"}),
     WORDS(writer.rollouts_ended[ROLLOUT_SUCCEEDED], &rollout_state_words[ROLLOUT_SUCCEEDED])},

    {FAMILY(COUNTER, "dogshore_passes", "Passes of the scheduler over a deployment, by outcome.",
            .labels = {"outcome"}),
     WORDS(passes, outcome_words)},
    {FAMILY(HISTOGRAM, "dogshore_pass_duration_seconds", "Time of a pass, without the commit.",
            .unit = "seconds", .buckets = &duration_buckets),
     HISTOGRAM(scheduler.passes)},
    {FAMILY(GAUGE, "dogshore_passes_running", "Passes that are queued or run."),
     INT(scheduler.running)},
    {FAMILY(GAUGE, "dogshore_deployments_dirty",
            "Deployments that changed and were not looked at since."),
     INT(scheduler.dirty)},
    {FAMILY(COUNTER, "dogshore_placements", "Replicas that got a node."), INT(control.placed)},
    {FAMILY(COUNTER, "dogshore_placement_failures", "Times that no node had room for a replica."),
     INT(control.unplaced)},
    {FAMILY(GAUGE, "dogshore_deployments_unplaced",
            "Deployments that wait until a node has room for them."),
     INT(control.waiting)},

    {FAMILY(COUNTER, "dogshore_reports", "Reports of agents that were taken."),
     INT(control.reports)},
    {FAMILY(COUNTER, "dogshore_report_changes", "Changes of replicas in reports, by outcome.",
            .labels = {"outcome"}),
     WORDS(changes, change_words)},
    {FAMILY(COUNTER, "dogshore_replica_samples",
            "Live data of replicas (resources and results of probes) that agents told."),
     INT(control.samples)},

    {FAMILY(HISTOGRAM, "dogshore_commit_duration_seconds",
            "Time of a commit, which waits for the disk.", .unit = "seconds",
            .buckets = &duration_buckets),
     HISTOGRAM(writer.commits)},
    {FAMILY(HISTOGRAM, "dogshore_commit_closures", "Writes that share a commit.",
            .buckets = &amount_buckets),
     HISTOGRAM(writer.batch_sizes)},
    {FAMILY(COUNTER, "dogshore_closures", "Writes, of users, agents and the scheduler, by outcome.",
            .labels = {"outcome"}),
     WORDS(closures, outcome_words)},
    {FAMILY(COUNTER, "dogshore_checkpoints", "Checkpoints of the write-ahead log."),
     INT(writer.checkpoints)},
    {FAMILY(GAUGE, "dogshore_writer_queue", "Writes that wait, by lane.", .labels = {"lane"}),
     WORDS(writer.lanes, lane_words)},
    {FAMILY(GAUGE, "dogshore_reader_queue",
            "Reads on the threads for lists and for plans that wait or run.", .labels = {"reader"}),
     WORDS(readers, reader_words)},
    {FAMILY(GAUGE, "dogshore_events_index", "The newest index of events and changes."),
     INT(events_index)},
    {FAMILY(GAUGE, "dogshore_database_bytes", "Size of the database file.", .unit = "bytes"),
     INT(database_bytes)},
    {FAMILY(GAUGE, "dogshore_wal_bytes", "Size of the write-ahead log.", .unit = "bytes"),
     INT(wal_bytes)},
    {FAMILY(COUNTER, "dogshore_backups", "Backups that clients have asked for, by outcome.",
            .labels = {"outcome"}),
     WORDS(backups, outcome_words)},
    {FAMILY(COUNTER, "dogshore_snapshots", "Snapshots by the clock, by outcome.",
            .labels = {"outcome"}),
     WORDS(snapshots, outcome_words)},
    {FAMILY(GAUGE, "dogshore_snapshot_timestamp_seconds",
            "When the newest snapshot was made, since the epoch; 0 if there is none.",
            .unit = "seconds"),
     DOUBLE(snapshot_seconds)},
    {FAMILY(GAUGE, "dogshore_clock_seconds",
            "The cluster clock, which stands still while no server runs.", .unit = "seconds"),
     DOUBLE(clock_seconds)},
    {FAMILY(GAUGE, "dogshore_api_tokens", "Tokens of people and programs, without those of nodes."),
     INT(tokens)},

    {FAMILY(COUNTER, "process_cpu_seconds", "Processor time of this process.", .unit = "seconds"),
     DOUBLE(process.cpu_seconds)},
    {FAMILY(GAUGE, "process_resident_memory_bytes", "Memory of this process that is resident.",
            .unit = "bytes"),
     INT(process.resident_bytes)},
    {FAMILY(GAUGE, "process_virtual_memory_bytes", "Address space of this process.",
            .unit = "bytes"),
     INT(process.virtual_bytes)},
    {FAMILY(GAUGE, "process_open_fds", "Open file descriptors."), INT(process.open_files)},
    {FAMILY(GAUGE, "process_max_fds", "Limit of open file descriptors."),
     INT(process.open_files_max)},
    {FAMILY(GAUGE, "process_start_time_seconds", "Start of this process, Unix time.",
            .unit = "seconds"),
     DOUBLE(started_seconds)},
};

enum { METRICS = sizeof metrics / sizeof *metrics };

/* ---- a scrape ---- */

static void gather_http(struct scrape *scrape)
{
    const struct service *service = scrape->sources->service;
    const struct http_metrics *loops[LOOPS_MAX];
    size_t count = metrics_of_loops(scrape, loops);
    for (size_t i = 0; i < count; i++) {
        scrape->connections += counter_read(&loops[i]->connections);
        scrape->reply_bytes += counter_read(&loops[i]->reply_bytes);
    }
    const struct stream_counts *streams = service->streams;
    scrape->streams.open = atomic_load(&streams->open);
    scrape->streams.opened = atomic_load(&streams->opened);
    scrape->streams.refused = atomic_load(&streams->refused);
    scrape->streams.slow = atomic_load(&streams->slow);
    scrape->reply_bytes += atomic_load(&streams->bytes);
    scrape->parked = (int64_t)publish_watches(service->publish);
    scrape->readers[READER_LISTS] = (int64_t)reader_jobs(service->reader);
    scrape->readers[READER_PLANS] = (int64_t)reader_jobs(service->planner);
}

static enum err_code gather_fleet(struct scrape *scrape, struct store_db *db, struct err *err)
{
    enum { MILLIS = 1000, MIB = 1024 * 1024 };
    auto_arena arena;
    arena_init(&arena);
    struct summary summary;
    TRY(summary_read(db, &arena, NULL, &summary, err));
    const struct fleet_counts *fleet = &summary.counts;
    scrape->fleet = *fleet;
    scrape->cpu_cores = (double)fleet->capacity.cpu_millis / MILLIS;
    scrape->cpu_cores_allocated = (double)fleet->allocated.cpu_millis / MILLIS;
    scrape->memory_bytes = fleet->capacity.memory_mib * MIB;
    scrape->memory_bytes_allocated = fleet->allocated.memory_mib * MIB;
    return ERR_OK;
}

static void split(int64_t outcomes[static ENDS], int64_t all, int64_t failed)
{
    outcomes[ENDED_WELL] = all > failed ? all - failed : 0;
    outcomes[ENDED_BADLY] = failed;
}

static void gather_backups(struct scrape *scrape)
{
    struct backup_stats stats;
    backups_stats(scrape->sources->service->backups, &stats);
    scrape->backups[ENDED_WELL] = stats.backups;
    scrape->backups[ENDED_BADLY] = stats.backups_failed;
    scrape->snapshots[ENDED_WELL] = stats.snapshots;
    scrape->snapshots[ENDED_BADLY] = stats.snapshots_failed;
    scrape->snapshot_seconds = (double)stats.snapshot_at / SECOND_MS;
}

static enum err_code gather(struct scrape *scrape, struct store_db *db, struct err *err)
{
    const struct service *service = scrape->sources->service;
    gather_http(scrape);
    gather_backups(scrape);
    writer_stats(service->writer, &scrape->writer);
    scheduler_stats(scrape->sources->scheduler, &scrape->scheduler);
    control_stats(service->control, &scrape->control);
    process_stats(&scrape->process);
    split(scrape->closures, scrape->writer.closures, scrape->writer.failed);
    split(scrape->passes, histogram_count(&scrape->scheduler.passes), scrape->scheduler.failed);
    scrape->changes[ENDED_WELL] = scrape->control.changes_taken;
    scrape->changes[ENDED_BADLY] = scrape->control.changes_rejected;
    store_sizes(service->store, &scrape->database_bytes, &scrape->wal_bytes);
    scrape->clock_seconds = (double)store_clock_ms(service->store) / SECOND_MS;
    scrape->started_seconds = (double)scrape->sources->started_at / SECOND_MS;
    TRY(gather_fleet(scrape, db, err));
    TRY(store_newest_index(db, &scrape->events_index, err));
    return tokens_count(db, &scrape->tokens, err);
}

static void write_words(const struct metric *metric, const int64_t *values,
                        struct exposition *exposition)
{
    size_t most = metric->word_count == 0 ? SIZE_MAX : metric->word_count;
    for (size_t i = 0; i < most && metric->words[i] != NULL; i++)
        exposition_int(exposition, &metric->words[i], values[i]);
}

static void write_metric(const struct metric *metric, const struct scrape *scrape,
                         struct exposition *exposition)
{
    const void *at = (const char *)scrape + metric->offset;
    exposition_family(exposition, &metric->family);
    switch (metric->kind) {
    case VALUE_INT:
        exposition_int(exposition, NULL, *(const int64_t *)at);
        break;
    case VALUE_DOUBLE:
        exposition_double(exposition, NULL, *(const double *)at);
        break;
    case VALUE_WORDS:
        write_words(metric, at, exposition);
        break;
    case VALUE_HISTOGRAM:
        exposition_histogram(exposition, NULL, at);
        break;
    case VALUE_WRITTEN:
        metric->write(scrape, exposition);
        break;
    }
}

enum err_code metrics_write(const struct metrics_sources *sources, struct store_db *db,
                            enum exposition_format format, struct text *text, struct err *err)
{
    struct scrape scrape = {.sources = sources};
    struct exposition exposition;
    TRY(gather(&scrape, db, err));
    exposition_init(&exposition, format, text);
    for (size_t i = 0; i < METRICS; i++)
        write_metric(&metrics[i], &scrape, &exposition);
    exposition_end(&exposition);
    return ERR_OK;
}

void metrics_print(struct text *text)
{
    for (size_t i = 0; i < METRICS; i++) {
        const struct metric_family *family = &metrics[i].family;
        text_printf(text, "%s%s %s ", family->name, metric_ending(family->type),
                    metric_type_words[family->type]);
        for (size_t label = 0; label < METRIC_LABELS_MAX && family->labels[label] != NULL; label++)
            text_printf(text, "%s%s", label == 0 ? "" : ",", family->labels[label]);
        text_printf(text, "%s %s\n", family->labels[0] == NULL ? "-" : "", family->help);
    }
}
