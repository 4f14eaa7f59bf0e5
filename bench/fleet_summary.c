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
#include "base/json.h"
#include "base/text.h"
#include "fleet_fill.h"
#include "samples.h"
#include "store/label_counts.h"
#include "store/summary.h"
#include "wire/summary_wire.h"

#include <sys/resource.h>

enum { READS = 101, BOUND_MS = 20 };

static const struct fleet_size size = {.deployments = 10000,
                                       .replicas = 5,
                                       .ended = 5,
                                       .rollouts = 1,
                                       .nodes = 500,
                                       .clusters = 2,
                                       .lively = true};

/* What the calling thread has run so far. */
static int64_t thread_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* ---- what is measured ---- */

typedef void read_function(struct fleet *fleet, struct arena *arena, struct json_writer *writer);

static void read_summary(struct fleet *fleet, struct arena *arena, struct json_writer *writer)
{
    struct err err;
    struct summary summary;
    fleet_must(summary_read(fleet->reader, arena, NULL, &summary, &err), &err);
    summary_render(writer, &summary);
}

static void count_labels(struct fleet *fleet, struct arena *arena, struct json_writer *writer,
                         const struct label_query *query)
{
    struct err err;
    struct label_keys keys;
    bool more;
    fleet_must(label_counts_read(fleet->reader, arena, query, &keys, &more, &err), &err);
    for (size_t i = 0; i < keys.count; i++)
        label_key_render(writer, &keys.items[i]);
}

static void read_labels(struct fleet *fleet, struct arena *arena, struct json_writer *writer)
{
    count_labels(fleet, arena, writer, &(struct label_query){.limit = 50});
}

static void read_labels_of_cluster(struct fleet *fleet, struct arena *arena,
                                   struct json_writer *writer)
{
    count_labels(fleet, arena, writer, &(struct label_query){.cluster = "c00", .limit = 50});
}

static void read_values(struct fleet *fleet, struct arena *arena, struct json_writer *writer)
{
    count_labels(fleet, arena, writer,
                 &(struct label_query){.key = "app.kubernetes.io/name", .limit = 500});
}

static int64_t time_one(struct fleet *fleet, read_function *read)
{
    struct err err;
    struct text text;
    struct json_writer writer;
    auto_arena arena;
    arena_init(&arena);
    text_init(&text, &arena);
    json_writer_init(&writer, &text);
    int64_t began_us = thread_cpu_us();
    fleet_must(store_read_begin(fleet->reader, &err), &err);
    json_array_begin(&writer);
    read(fleet, &arena, &writer);
    json_array_end(&writer);
    store_read_end(fleet->reader);
    return thread_cpu_us() - began_us;
}

/* True: it is fast enough. */
static bool measure(struct fleet *fleet, const char *what, read_function *read, bool commits)
{
    struct samples took_ms = {.count = 0};
    for (int i = 0; i < READS; i++) {
        if (commits) fleet_write(fleet, fleet_put_node, 1);
        samples_add(&took_ms, (double)time_one(fleet, read) / 1000);
    }
    samples_sort(&took_ms);
    double median_ms = samples_quantile(&took_ms, 0.5);
    bool good = median_ms <= BOUND_MS;
    printf("%-34s median %6.2f ms   slowest %6.2f ms   (<= %d ms: %s)\n", what, median_ms,
           samples_quantile(&took_ms, 1), (int)BOUND_MS, good ? "yes" : "NO");
    samples_release(&took_ms);
    return good;
}

/* ---- what a replica costs that is written again ---- */

static enum err_code put_replicas(struct store_tx *tx, int64_t deployment, enum replica_phase phase,
                                  struct err *err)
{
    for (int64_t nth = 0; nth < size.replicas; nth++)
        TRY(fleet_put_replica(tx, &size, deployment, nth, phase, err));
    return ERR_OK;
}

static enum err_code put_starting(struct store_tx *tx, const struct fleet *fleet,
                                  int64_t deployment, struct err *err)
{
    (void)fleet;
    return put_replicas(tx, deployment, REPLICA_STARTING, err);
}

static enum err_code put_running(struct store_tx *tx, const struct fleet *fleet, int64_t deployment,
                                 struct err *err)
{
    (void)fleet;
    return put_replicas(tx, deployment, REPLICA_RUNNING, err);
}

static void write_again(struct fleet *fleet)
{
    int64_t began_us = thread_cpu_us();
    fleet_write(fleet, put_starting, size.deployments);
    fleet_write(fleet, put_running, size.deployments);
    printf("%-34s        %6.1f us\n", "a replica written again",
           (double)(thread_cpu_us() - began_us) / (double)(2 * size.deployments * size.replicas));
}

int main(int count, char **arguments)
{
    struct fleet fleet;
    bool good = true;
    fleet_open_new(&fleet, count > 1 ? arguments[1] : ".", &size);
    fleet_fill(&fleet);
    good &= measure(&fleet, "summary, clusters", read_summary, true);
    good &= measure(&fleet, "summary, nothing committed between", read_summary, false);
    good &= measure(&fleet, "labels", read_labels, true);
    good &= measure(&fleet, "labels of one cluster", read_labels_of_cluster, true);
    good &= measure(&fleet, "values of one key, page of 500", read_values, true);
    write_again(&fleet);
    fleet_remove(&fleet);
    return good ? 0 : 1;
}
