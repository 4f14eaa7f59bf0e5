/* store_commit: what the writer's group commit costs and brings.
 *
 *     build/bench/store_commit [DIR]        DIR: on the disk to be measured; default .
 *
 * Five rounds, in turn: the bare SQL on a connection of its own, one transaction each; one
 * submitter that waits for each answer; 64 of them on one thread, as the server's loop holds 64
 * connections. All write the same rows, those of creating a deployment: deployment, labels,
 * revision, set, rollout, event, counters. Prints the medians, and two ratios that must hold. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"
#include "samples.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"

#include <assert.h>
#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/eventfd.h>

enum { ROUNDS = 5, LABELS = 5, ROUND_US = 1000000, SLOTS = 64, UID_BYTES = 27 };

static const double least_gain = 5.0, greatest_cost = 2.5;

static const char template_text[] =
    "{\"version\":\"2.1.0\",\"command\":[\"./serve\",\"--port\",\"$(PORT)\"],"
    "\"env\":{\"LOG_LEVEL\":\"info\",\"MODEL\":\"v2\"},\"ports\":{\"http\":0},"
    "\"resources\":{\"cpu_millis\":250,\"memory_mib\":128},"
    "\"probes\":{\"readiness\":{\"http\":{\"port\":\"http\",\"path\":\"/readyz\"}}}}";

struct result {
    double per_second, p50_us, p99_us;
};

/* One round of a loop. */
struct timing {
    struct samples took_us;
    int64_t started_us;
};

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "store_commit: %s\n", err->detail);
    exit(1);
}

static void timing_start(struct timing *timing)
{
    samples_clear(&timing->took_us);
    timing->started_us = clock_monotonic_us();
}

/* False: the round is over. */
static bool timing_add(struct timing *timing, int64_t began_us)
{
    int64_t now_us = clock_monotonic_us();
    samples_add(&timing->took_us, (double)(now_us - began_us));
    return now_us - timing->started_us < ROUND_US;
}

static struct result timing_result(struct timing *timing)
{
    double seconds = (double)(clock_monotonic_us() - timing->started_us) / 1e6;
    samples_sort(&timing->took_us);
    return (struct result){
        .per_second = (double)timing->took_us.count / seconds,
        .p50_us = samples_quantile(&timing->took_us, 0.5),
        .p99_us = samples_quantile(&timing->took_us, 0.99),
    };
}

/* ---- the closure ---- */

struct bench;

struct slot {
    struct writer_job job;
    struct bench *bench;
    struct slot *next;
    int64_t began_us;
    char uid[UID_BYTES], name[32];
};

struct bench {
    char dir[256];
    struct store *store;
    struct writer *writer;
    struct arena arena;
    struct deployment deployment; /* what all of them look like */
    const char *template_json;
    int64_t names;
    struct slot slots[SLOTS];
    /* Slots that were answered, for the loop. */
    pthread_mutex_t lock;
    struct slot *answered;
    int wake_fd;
    struct timing timing;
};

/* Each client names its own series, as teams do. */
static void name_next(struct bench *bench, int client, char uid[static UID_BYTES],
                      char name[static 32])
{
    struct clock clock = clock_system();
    crypto_uid(clock_wall_ms(&clock), uid);
    snprintf(name, 32, "team-%02d-service-%07lld", client, (long long)bench->names++);
}

static enum err_code create(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct slot *slot = (struct slot *)job;
    struct deployment deployment = slot->bench->deployment;
    deployment.uid = slot->uid;
    deployment.name = slot->name;
    struct revision revision = {.number = 1,
                                .version = "2.1.0",
                                .template_json = slot->bench->template_json,
                                .template_hash = deployment.template_hash,
                                .created_at = tx_wall_ms(tx),
                                .created_by = "admin"};
    struct revision_set set = {
        .template_hash = deployment.template_hash, .revision = 1, .wanted = 3};
    struct rollout rollout = {.id = 1, .to_revision = 1, .started_at = tx_wall_ms(tx)};
    struct event event = {.kind = "deployment",
                          .cluster = deployment.cluster,
                          .name = deployment.name,
                          .uid = deployment.uid,
                          .reason = "created",
                          .message = "created with 3 replicas of version 2.1.0"};
    tx_set_actor(tx, "admin", "01h455vb4pex5vsknk084sn02q");
    TRY(events_add(tx, &event, &deployment.index, err));
    TRY(deployments_insert(tx, &deployment, err));
    TRY(revisions_insert(tx, deployment.uid, &revision, err));
    TRY(revision_sets_put(tx, deployment.uid, &set, err));
    TRY(rollouts_put(tx, deployment.uid, &rollout, err));
    tx_dirty(tx, deployment.uid);
    return ERR_OK;
}

static void on_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct slot *slot = (struct slot *)job;
    must(code, err);
    pthread_mutex_lock(&slot->bench->lock);
    slot->next = slot->bench->answered;
    slot->bench->answered = slot;
    pthread_mutex_unlock(&slot->bench->lock);
}

static void on_flush(void *self)
{
    struct bench *bench = self;
    int failed = eventfd_write(bench->wake_fd, 1);
    assert(failed == 0);
}

static void on_fatal(void *self, const struct err *err)
{
    (void)self;
    must(ERR_IO, err);
}

static void *write_loop(void *argument)
{
    struct bench *bench = argument;
    while (writer_wait(bench->writer))
        writer_step(bench->writer);
    return NULL;
}

/* ---- one loop with `outstanding` closures under way ---- */

static void submit(struct bench *bench, struct slot *slot)
{
    struct err err;
    slot->bench = bench;
    slot->job.apply = create;
    slot->job.done = on_done;
    name_next(bench, (int)(slot - bench->slots), slot->uid, slot->name);
    slot->began_us = clock_monotonic_us();
    must(writer_submit(bench->writer, LANE_FIRST, &slot->job, &err), &err);
}

static struct slot *wait_for_answers(struct bench *bench)
{
    eventfd_t ignored;
    int failed = eventfd_read(bench->wake_fd, &ignored);
    assert(failed == 0);
    pthread_mutex_lock(&bench->lock);
    struct slot *answered = bench->answered;
    bench->answered = NULL;
    pthread_mutex_unlock(&bench->lock);
    return answered;
}

static struct result run_writer(struct bench *bench, int outstanding, size_t labels)
{
    static struct pair pairs[LABELS] = {{"app.kubernetes.io/part-of", "shop"},
                                        {"env", "production"},
                                        {"owner", "search"},
                                        {"team", "recommendations"},
                                        {"tier", "backend"}};
    bool going = true;
    bench->deployment.labels = (struct pairs){pairs, labels};
    timing_start(&bench->timing);
    for (int i = 0; i < outstanding; i++)
        submit(bench, &bench->slots[i]);
    for (int waiting = outstanding; waiting > 0;) {
        struct slot *answered = wait_for_answers(bench);
        for (struct slot *slot = answered, *next; slot != NULL; slot = next) {
            next = slot->next;
            going &= timing_add(&bench->timing, slot->began_us);
            if (going)
                submit(bench, slot);
            else
                waiting--;
        }
    }
    return timing_result(&bench->timing);
}

/* ---- the same rows by bare SQL ---- */

enum { TABLES = 5, COLUMNS_MAX = 64 };

struct bare_table {
    sqlite3_stmt *insert;
    sqlite3_value *values[COLUMNS_MAX];
    int columns, uid_column, name_column, index_column;
};

struct bare {
    sqlite3 *db;
    struct bare_table tables[TABLES];
    sqlite3_stmt *begin, *commit, *counters;
    int64_t next_index;
    int log_pages;
};

static void check(struct bare *bare, int code, int expected)
{
    if (code == expected) return;
    fprintf(stderr, "store_commit: bare: %s\n", sqlite3_errmsg(bare->db));
    exit(1);
}

static sqlite3_stmt *prepare(struct bare *bare, const char *sql)
{
    sqlite3_stmt *statement;
    check(bare, sqlite3_prepare_v2(bare->db, sql, -1, &statement, NULL), SQLITE_OK);
    return statement;
}

/* Keeps the first row of a table as the pattern of all that follow. */
static void learn_table(struct bare *bare, struct bare_table *table, const char *name)
{
    char sql[512];
    snprintf(sql, sizeof sql, "SELECT * FROM %s LIMIT 1", name);
    sqlite3_stmt *row = prepare(bare, sql);
    check(bare, sqlite3_step(row), SQLITE_ROW);
    table->columns = sqlite3_column_count(row);
    table->uid_column = table->name_column = table->index_column = -1;
    int length = snprintf(sql, sizeof sql, "INSERT INTO %s VALUES (?", name);
    for (int i = 0; i < table->columns; i++) {
        const char *column = sqlite3_column_name(row, i);
        table->values[i] = sqlite3_value_dup(sqlite3_column_value(row, i));
        if (strcmp(column, "uid") == 0) table->uid_column = i;
        if (strcmp(column, "name") == 0) table->name_column = i;
        if (strcmp(column, "at_index") == 0) table->index_column = i;
        if (i > 0) length += snprintf(sql + length, sizeof sql - (size_t)length, ", ?");
    }
    snprintf(sql + length, sizeof sql - (size_t)length, ")");
    sqlite3_finalize(row);
    table->insert = prepare(bare, sql);
}

static int note_log_pages(void *self, sqlite3 *db, const char *schema, int pages)
{
    struct bare *bare = self;
    (void)db;
    (void)schema;
    bare->log_pages = pages;
    return SQLITE_OK;
}

static void bare_open(struct bare *bare, const char *dir)
{
    static const char *const names[TABLES] = {"events", "deployments", "revisions", "revision_sets",
                                              "rollouts"};
    static const char settings[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 0;";
    char path[512];
    snprintf(path, sizeof path, "%s/dogshore.db", dir);
    *bare = (struct bare){.next_index = 1000};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    check(bare, sqlite3_open_v2(path, &bare->db, flags, NULL), SQLITE_OK);
    check(bare, sqlite3_exec(bare->db, settings, NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < TABLES; i++)
        learn_table(bare, &bare->tables[i], names[i]);
    bare->begin = prepare(bare, "BEGIN IMMEDIATE");
    bare->commit = prepare(bare, "COMMIT");
    bare->counters = prepare(bare, "UPDATE meta SET next_index = ?, clock_ms = ?");
    sqlite3_wal_hook(bare->db, note_log_pages, bare);
}

static void bare_run(struct bare *bare, sqlite3_stmt *statement)
{
    check(bare, sqlite3_step(statement), SQLITE_DONE);
    sqlite3_reset(statement);
}

static void bare_insert(struct bare *bare, struct bare_table *table, const char *uid,
                        const char *name)
{
    for (int i = 0; i < table->columns; i++) {
        if (i == table->uid_column)
            sqlite3_bind_text(table->insert, i + 1, uid, -1, SQLITE_STATIC);
        else if (i == table->name_column)
            sqlite3_bind_text(table->insert, i + 1, name, -1, SQLITE_STATIC);
        else if (i == table->index_column)
            sqlite3_bind_int64(table->insert, i + 1, bare->next_index);
        else
            sqlite3_bind_value(table->insert, i + 1, table->values[i]);
    }
    bare_run(bare, table->insert);
}

/* Outside of what is timed: the writer, too, does it after it has answered. */
static void bare_checkpoint(struct bare *bare)
{
    if (bare->log_pages < 500) return;
    sqlite3_wal_checkpoint_v2(bare->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    bare->log_pages = 0;
}

static struct result run_bare(struct bench *bench, struct bare *bare)
{
    bool going = true;
    timing_start(&bench->timing);
    while (going) {
        char uid[UID_BYTES], name[32];
        name_next(bench, 0, uid, name);
        int64_t began_us = clock_monotonic_us();
        bare_run(bare, bare->begin);
        bare->next_index++;
        for (int i = 0; i < TABLES; i++)
            bare_insert(bare, &bare->tables[i], uid, name);
        sqlite3_bind_int64(bare->counters, 1, bare->next_index);
        sqlite3_bind_int64(bare->counters, 2, began_us);
        bare_run(bare, bare->counters);
        bare_run(bare, bare->commit);
        going = timing_add(&bench->timing, began_us);
        bare_checkpoint(bare);
    }
    return timing_result(&bench->timing);
}

static void bare_close(struct bare *bare)
{
    for (int i = 0; i < TABLES; i++) {
        sqlite3_finalize(bare->tables[i].insert);
        for (int column = 0; column < bare->tables[i].columns; column++)
            sqlite3_value_free(bare->tables[i].values[column]);
    }
    sqlite3_finalize(bare->begin);
    sqlite3_finalize(bare->commit);
    sqlite3_finalize(bare->counters);
    sqlite3_close(bare->db);
}

/* ---- the whole ---- */

static void describe(struct bench *bench)
{
    struct err err;
    struct text json;
    char hash[TEMPLATE_HASH_BYTES];
    struct deployment *deployment = &bench->deployment;
    deployment->cluster = "default";
    deployment->description = "recommends what to read next";
    deployment->generation = 1;
    deployment->created_by = deployment->updated_by = "admin";
    deployment->spec.replicas = 3;
    deployment->next_revision = deployment->next_rollout = 2;
    deployment->status.state = DEPLOYMENT_DEPLOYING;
    deployment->status.message = "0 of 3 replicas are available";
    deployment->status.desired = 3;
    must(template_parse(&bench->arena, template_text, &deployment->spec.template, &err), &err);
    template_hash(&deployment->spec.template, &bench->arena, hash);
    deployment->template_hash = arena_strdup(&bench->arena, hash);
    text_init(&json, &bench->arena);
    template_canonical(&json, &deployment->spec.template);
    bench->template_json = text_string(&json);
}

static void bench_open(struct bench *bench, const char *parent)
{
    struct err err;
    struct writer_hooks hooks = {.self = bench, .flush = on_flush, .fatal = on_fatal};
    snprintf(bench->dir, sizeof bench->dir, "%s/store_commit-XXXXXX", parent);
    if (mkdtemp(bench->dir) == NULL) must(ERR_IO, &(struct err){.detail = "cannot make DIR"});
    arena_init(&bench->arena);
    pthread_mutex_init(&bench->lock, NULL);
    bench->wake_fd = eventfd(0, EFD_CLOEXEC);
    describe(bench);
    struct store_config config = {
        .data_dir = bench->dir, .keep_events = 1000000, .clock = clock_system()};
    must(store_open(&bench->store, &config, &err), &err);
    must(writer_open(&bench->writer, bench->store, &hooks, &err), &err);
}

static void bench_close(struct bench *bench)
{
    writer_close(bench->writer);
    store_close(bench->store);
    DIR *folder = opendir(bench->dir);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
    rmdir(bench->dir);
    close(bench->wake_fd);
    arena_release(&bench->arena);
    samples_release(&bench->timing.took_us);
}

static double median(const struct result results[static ROUNDS], size_t field)
{
    struct samples samples = {.count = 0};
    for (int i = 0; i < ROUNDS; i++) {
        double value;
        memcpy(&value, (const char *)&results[i] + field, sizeof value);
        samples_add(&samples, value);
    }
    samples_sort(&samples);
    double middle = samples_quantile(&samples, 0.5);
    samples_release(&samples);
    return middle;
}

static void print(const char *what, const struct result results[static ROUNDS])
{
    printf("%-16s %8.0f writes/s   p50 %7.0f us   p99 %7.0f us\n", what,
           median(results, offsetof(struct result, per_second)),
           median(results, offsetof(struct result, p50_us)),
           median(results, offsetof(struct result, p99_us)));
}

static bool print_ratio(const char *what, double ratio, const char *relation, double bound,
                        bool holds)
{
    printf("%-44s %5.2f   (%s %.1f: %s)\n", what, ratio, relation, bound, holds ? "yes" : "NO");
    return holds;
}

int main(int count, char **arguments)
{
    static struct bench measured, pattern;
    struct result bare_results[ROUNDS], one[ROUNDS], many[ROUNDS], labelled[ROUNDS];
    struct bare bare;
    pthread_t write_thread, pattern_thread;
    const char *parent = count > 1 ? arguments[1] : ".";
    log_set_level(LOG_WARN);

    /* The bare rows are copies of what the writer makes. */
    bench_open(&pattern, parent);
    pthread_create(&pattern_thread, NULL, write_loop, &pattern);
    submit(&pattern, &pattern.slots[0]);
    wait_for_answers(&pattern);
    writer_stop(pattern.writer);
    pthread_join(pattern_thread, NULL);
    bare_open(&bare, pattern.dir);

    bench_open(&measured, parent);
    pthread_create(&write_thread, NULL, write_loop, &measured);
    for (int i = 0; i < ROUNDS; i++) {
        bare_results[i] = run_bare(&pattern, &bare);
        one[i] = run_writer(&measured, 1, 0);
        many[i] = run_writer(&measured, SLOTS, 0);
        labelled[i] = run_writer(&measured, SLOTS, LABELS);
    }
    writer_stop(measured.writer);
    pthread_join(write_thread, NULL);

    print("bare", bare_results);
    print("1 writer", one);
    print("64 writers", many);
    print("  with 5 labels", labelled);
    size_t rate = offsetof(struct result, per_second), p50 = offsetof(struct result, p50_us);
    double gain = median(many, rate) / median(one, rate);
    double cost = median(one, p50) / median(bare_results, p50);
    bool good = print_ratio("64 writers / 1 writer, writes per second", gain, ">=", least_gain,
                            gain >= least_gain);
    good &= print_ratio("1 writer / bare, p50", cost, "<=", greatest_cost, cost <= greatest_cost);
    bare_close(&bare);
    bench_close(&pattern);
    bench_close(&measured);
    return good ? 0 : 1;
}
