/* fleet_summary: what the counts of a big fleet cost on a reader's thread.
 *
 *     build/bench/fleet_summary [DIR]        DIR: where the store is made; default .
 *
 * 10,000 deployments of 5 labels (one of them with a value of its own each), 50,000 replicas that
 * run and 50,000 that have ended, 500 nodes, 2 clusters. Prints the median and the slowest of many
 * reads with their rendering, as CPU time; each median must be at most 20 ms. Something is
 * committed before each, so that nothing is known from the one before, but where it says so.
 * Prints besides what it costs to write a replica again, since what is counted by index is paid for
 * there. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "store/deployments.h"
#include "store/label_counts.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/store.h"
#include "store/summary.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"
#include "wire/summary_wire.h"

#include <dirent.h>
#include <sys/resource.h>

enum {
    DEPLOYMENTS = 10000,
    REPLICAS_EACH = 5,
    REPLICAS = DEPLOYMENTS * REPLICAS_EACH,
    NODES = 500,
    LABELS = 5,
    PIECE = 500, /* objects a closure */
    READS = 101,
    BOUND_US = 20000
};

static const char template_text[] = "{\"version\":\"1\",\"command\":[\"./serve\"]}";
static const char *const clusters[] = {"default", "gpu"};

struct bench {
    char dir[256];
    struct store *store;
    struct writer *writer;
    struct store_db *reader;
    struct arena arena;
    struct template template;
    char hash[TEMPLATE_HASH_BYTES];
    bool failed;
};

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "fleet_summary: %s\n", err->detail);
    exit(1);
}

/* What the calling thread has run so far. */
static int64_t thread_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* ---- the fleet ---- */

/* Writes object `i`. */
typedef enum err_code write_function(struct bench *bench, struct store_tx *tx, int64_t i,
                                     struct err *err);

static const char *uid_of(struct arena *arena, int64_t i)
{
    return arena_printf(arena, "%026lld", (long long)i);
}

static const char *name_of(struct arena *arena, int64_t i)
{
    return arena_printf(arena, "service-%05lld", (long long)i);
}

static enum err_code write_node(struct bench *bench, struct store_tx *tx, int64_t i,
                                struct err *err)
{
    struct arena *arena = tx_arena(tx);
    struct node node = {.name = arena_printf(arena, "node-%03lld", (long long)i),
                        .cluster = clusters[i % 2],
                        .capacity = {64000, 262144, 8},
                        .address = "10.0.0.1",
                        .agent_version = "1",
                        .boot_id = "b",
                        .state = i % 50 == 0 ? NODE_SUSPECT : NODE_READY,
                        .schedulable = true,
                        .index = tx_next_index(tx)};
    (void)bench;
    return nodes_put(tx, &node, true, err);
}

static enum err_code write_deployment(struct bench *bench, struct store_tx *tx, int64_t i,
                                      struct err *err)
{
    struct arena *arena = tx_arena(tx);
    struct pair labels[LABELS] = {
        {"app.kubernetes.io/name", name_of(arena, i)},
        {"env", i % 3 == 0 ? "staging" : "production"},
        {"owner", arena_printf(arena, "team-%02lld", (long long)(i % 40))},
        {"release", arena_printf(arena, "r%03lld", (long long)(i % 500))},
        {"tier", i % 2 == 0 ? "backend" : "frontend"}};
    struct deployment deployment = {
        .uid = uid_of(arena, i),
        .name = name_of(arena, i),
        .cluster = clusters[i % 2],
        .labels = {labels, LABELS},
        .generation = 1,
        .spec = {.replicas = REPLICAS_EACH, .template = bench->template},
        .template_hash = bench->hash,
        .next_revision = 2,
        .next_rollout = 2,
        .status = {.state = i % 20 == 0 ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_RUNNING,
                   .rollout_id = 1,
                   .rollout_state = i % 20 == 0 ? ROLLOUT_PROGRESSING : ROLLOUT_SUCCEEDED},
        .index = tx_next_index(tx)};
    return deployments_insert(tx, &deployment, err);
}

static enum err_code write_replica_as(struct bench *bench, struct store_tx *tx, int64_t i,
                                      enum replica_phase phase, struct err *err)
{
    struct arena *arena = tx_arena(tx);
    int64_t of = i % DEPLOYMENTS;
    /* A node of its deployment's cluster. */
    int64_t node = 2 * (i / 2 % (NODES / 2)) + of % 2;
    bool runs = phase == REPLICA_RUNNING;
    struct replica replica = {
        .number = i + 1,
        .id = arena_printf(arena, "service-%05lld-%lld", (long long)of, (long long)i),
        .deployment_uid = uid_of(arena, of),
        .deployment = name_of(arena, of),
        .cluster = clusters[of % 2],
        .template_hash = bench->hash,
        .revision = 1,
        .node = arena_printf(arena, "node-%03lld", (long long)node),
        .phase = phase,
        .ready = runs,
        .available = runs && i % 17 != 0,
        .address = "10.0.0.1",
        .log_tail = runs ? NULL : "Traceback (most recent call last): connection refused",
        .resources = {250, 128, 0}};
    struct replica_effects effects = {.endpoints = false};
    return replicas_write(tx, &replica, effects, tx_next_index(tx), err);
}

/* The first half runs, the second half has ended. */
static enum err_code write_replica(struct bench *bench, struct store_tx *tx, int64_t i,
                                   struct err *err)
{
    return write_replica_as(bench, tx, i, i < REPLICAS ? REPLICA_RUNNING : REPLICA_STOPPED, err);
}

static enum err_code write_starting(struct bench *bench, struct store_tx *tx, int64_t i,
                                    struct err *err)
{
    return write_replica_as(bench, tx, i, REPLICA_STARTING, err);
}

struct piece {
    struct writer_job job;
    struct bench *bench;
    write_function *write;
    int64_t from, to;
};

static enum err_code write_piece(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct piece *piece = (struct piece *)job;
    for (int64_t i = piece->from; i < piece->to; i++)
        TRY(piece->write(piece->bench, tx, i, err));
    return ERR_OK;
}

static void on_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    must(code, err);
}

static void write_all(struct bench *bench, write_function *write, int64_t count)
{
    for (int64_t from = 0; from < count; from += PIECE) {
        struct err err;
        struct piece piece = {.job = {.apply = write_piece, .done = on_done},
                              .bench = bench,
                              .write = write,
                              .from = from,
                              .to = from + PIECE < count ? from + PIECE : count};
        must(writer_submit(bench->writer, LANE_FIRST, &piece.job, &err), &err);
        while (writer_step(bench->writer))
            continue;
    }
}

/* ---- what is measured ---- */

typedef void read_function(struct bench *bench, struct arena *arena, struct json_writer *writer);

static void read_summary(struct bench *bench, struct arena *arena, struct json_writer *writer)
{
    struct err err;
    struct summary summary;
    must(summary_read(bench->reader, arena, NULL, &summary, &err), &err);
    summary_render(writer, &summary);
}

static void count_labels(struct bench *bench, struct arena *arena, struct json_writer *writer,
                         const struct label_query *query)
{
    struct err err;
    struct label_keys keys;
    bool more;
    must(label_counts_read(bench->reader, arena, query, &keys, &more, &err), &err);
    for (size_t i = 0; i < keys.count; i++)
        label_key_render(writer, &keys.items[i]);
}

static void read_labels(struct bench *bench, struct arena *arena, struct json_writer *writer)
{
    count_labels(bench, arena, writer, &(struct label_query){.limit = 50});
}

static void read_labels_of_cluster(struct bench *bench, struct arena *arena,
                                   struct json_writer *writer)
{
    count_labels(bench, arena, writer, &(struct label_query){.cluster = "gpu", .limit = 50});
}

static void read_values(struct bench *bench, struct arena *arena, struct json_writer *writer)
{
    count_labels(bench, arena, writer,
                 &(struct label_query){.key = "app.kubernetes.io/name", .limit = 500});
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t time_one(struct bench *bench, read_function *read)
{
    struct err err;
    struct text text;
    struct json_writer writer;
    auto_arena arena;
    arena_init(&arena);
    text_init(&text, &arena);
    json_writer_init(&writer, &text);
    int64_t began_us = thread_cpu_us();
    must(store_read_begin(bench->reader, &err), &err);
    json_array_begin(&writer);
    read(bench, &arena, &writer);
    json_array_end(&writer);
    store_read_end(bench->reader);
    return thread_cpu_us() - began_us;
}

static void measure(struct bench *bench, const char *what, read_function *read, bool commits)
{
    int64_t took_us[READS];
    for (int i = 0; i < READS; i++) {
        if (commits) write_all(bench, write_node, 1);
        took_us[i] = time_one(bench, read);
    }
    qsort(took_us, READS, sizeof *took_us, compare);
    bool good = took_us[READS / 2] <= BOUND_US;
    printf("%-34s median %6.2f ms   slowest %6.2f ms   (<= %d ms: %s)\n", what,
           (double)took_us[READS / 2] / 1e3, (double)took_us[READS - 1] / 1e3, BOUND_US / 1000,
           good ? "yes" : "NO");
    bench->failed |= !good;
}

/* ---- the whole ---- */

static void bench_open(struct bench *bench, const char *parent)
{
    struct err err;
    static const struct writer_hooks hooks = {.self = NULL};
    *bench = (struct bench){.failed = false};
    snprintf(bench->dir, sizeof bench->dir, "%s/fleet_summary-XXXXXX", parent);
    if (mkdtemp(bench->dir) == NULL) must(ERR_IO, &(struct err){.detail = "cannot make DIR"});
    arena_init(&bench->arena);
    must(template_parse(&bench->arena, template_text, &bench->template, &err), &err);
    template_hash(&bench->template, &bench->arena, bench->hash);
    struct store_config config = {
        .data_dir = bench->dir, .keep_events = 1000000, .clock = clock_system()};
    must(store_open(&bench->store, &config, &err), &err);
    must(writer_open(&bench->writer, bench->store, &hooks, &err), &err);
    must(store_reader_open(bench->store, &bench->reader, &err), &err);
}

static void bench_close(struct bench *bench)
{
    store_reader_close(bench->reader);
    writer_close(bench->writer);
    store_close(bench->store);
    DIR *folder = opendir(bench->dir);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(bench->dir);
    arena_release(&bench->arena);
}

static void write_again(struct bench *bench)
{
    int64_t began_us = thread_cpu_us();
    write_all(bench, write_starting, REPLICAS);
    write_all(bench, write_replica, REPLICAS);
    printf("%-34s        %6.1f us\n", "a replica written again",
           (double)(thread_cpu_us() - began_us) / (2 * REPLICAS));
}

int main(int count, char **arguments)
{
    struct bench bench;
    log_set_level(LOG_WARN);
    bench_open(&bench, count > 1 ? arguments[1] : ".");
    write_all(&bench, write_node, NODES);
    write_all(&bench, write_deployment, DEPLOYMENTS);
    write_all(&bench, write_replica, 2 * REPLICAS);
    measure(&bench, "summary, clusters", read_summary, true);
    measure(&bench, "summary, nothing committed between", read_summary, false);
    measure(&bench, "labels", read_labels, true);
    measure(&bench, "labels of one cluster", read_labels_of_cluster, true);
    measure(&bench, "values of one key, page of 500", read_values, true);
    write_again(&bench);
    bool good = !bench.failed;
    bench_close(&bench);
    return good ? 0 : 1;
}
