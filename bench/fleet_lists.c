/* fleet_lists: what a page of each kind costs in a big fleet, read and (deployments) rendered.
 *
 *     build/bench/fleet_lists [DIR]        DIR: where the database is made; default /dev/shm
 *
 * 10,000 deployments of 5 labels in 20 clusters, one of which has half of them; 5 replicas and 3
 * rollouts each; 200,000 events. Prints for each request the median and the worst of some rounds in
 * ms, and how many items it found. Fails if the list that the product is judged by takes longer
 * than it may. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "store/store.h"
#include "store/writer.h"
#include "wire/deployment_wire.h"

#include <assert.h>
#include <dirent.h>

enum {
    DEPLOYMENTS = 10000,
    REPLICAS_EACH = 5,
    ROLLOUTS_EACH = 3,
    EVENTS = 200000,
    NODES = 500,
    CLUSTERS = 20,
    A_BATCH = 500,
    ROUNDS = 15,
    PAGE = 100
};
static const double selected_page_ms = 20.0;

static const char template_text[] =
    "{\"version\":\"2.1.0\",\"command\":[\"./serve\",\"--port\",\"$(PORT)\"],"
    "\"env\":{\"LOG_LEVEL\":\"info\",\"MODEL\":\"v2\"},\"ports\":{\"http\":0},"
    "\"resources\":{\"cpu_millis\":250,\"memory_mib\":128},"
    "\"probes\":{\"readiness\":{\"http\":{\"port\":\"http\",\"path\":\"/readyz\"}}}}";

struct bench {
    char dir[256];
    struct store *store;
    struct writer *writer;
    struct store_db *reader;
    struct arena arena;
    struct deployment_spec spec;
    const char *hash;
    int next; /* of what is being made */
};

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "fleet_lists: %s: %s\n", err_slug(code), err->detail);
    exit(1);
}

/* ---- the fleet ---- */

/* Half of all are in "default". */
static const char *cluster_of(struct arena *arena, int nth)
{
    return nth % 2 == 0 ? "default" : arena_printf(arena, "c%02d", nth / 2 % (CLUSTERS - 1));
}

static enum deployment_state state_of(int nth)
{
    if (nth % 200 == 7) return DEPLOYMENT_FAILED;
    return nth % 20 == 3 ? DEPLOYMENT_DEPLOYING : DEPLOYMENT_RUNNING;
}

static struct pairs labels_of(struct arena *arena, int nth)
{
    static const char *const tiers[] = {"backend", "batch", "edge", "frontend"};
    struct pair *pairs = ARENA_ARRAY(arena, struct pair, 5);
    pairs[0] = (struct pair){"app.kubernetes.io/part-of", arena_printf(arena, "shop-%d", nth / 40)};
    pairs[1] = (struct pair){"env", nth % 10 < 6 ? "production" : "staging"};
    pairs[2] = (struct pair){"owner", arena_printf(arena, "person-%d", nth * 7 % 900)};
    pairs[3] = (struct pair){"team", arena_printf(arena, "team-%d", nth % 50)};
    pairs[4] = (struct pair){"tier", tiers[nth / 3 % 4]};
    return (struct pairs){pairs, 5};
}

static struct deployment deployment_of(struct bench *bench, struct arena *arena, int nth)
{
    enum deployment_state state = state_of(nth);
    int64_t available = state == DEPLOYMENT_RUNNING ? REPLICAS_EACH : nth % REPLICAS_EACH;
    int64_t updated_at = 1700000000000 + (int64_t)nth * 7919 % DEPLOYMENTS * 60000;
    return (struct deployment){
        .uid = arena_printf(arena, "01h455vb4pex5vsknk%08d", nth),
        .cluster = cluster_of(arena, nth),
        .name = arena_printf(arena, "service-%05d", nth * 7919 % DEPLOYMENTS),
        .description = nth % 500 == 0 ? "a canary of the search team" : "what team wants",
        .labels = labels_of(arena, nth),
        .generation = 1 + nth % 9,
        .index = nth + 1,
        .created_at = 1600000000000 + nth,
        .updated_at = updated_at,
        .created_by = "admin",
        .updated_by = "ci",
        .spec = bench->spec,
        .template_hash = bench->hash,
        .next_revision = 4,
        .next_rollout = 4,
        .status = {.state = (int)state,
                   .message = state == DEPLOYMENT_RUNNING ? NULL : "not all are available",
                   .revision = 3,
                   .stable_revision = 3,
                   .version = "2.1.0",
                   .desired = REPLICAS_EACH,
                   .updated = REPLICAS_EACH,
                   .ready = available,
                   .available = available,
                   .total = REPLICAS_EACH,
                   .rollout_id = 3,
                   .rollout_state =
                       state == DEPLOYMENT_DEPLOYING ? ROLLOUT_PROGRESSING : ROLLOUT_SUCCEEDED}};
}

static enum err_code add_replicas(struct store_tx *tx, const struct deployment *deployment, int nth,
                                  struct err *err)
{
    struct arena *arena = tx_arena(tx);
    for (int i = 0; i < REPLICAS_EACH; i++) {
        struct port http = {"http", 31000 + i};
        bool failed = nth % 200 == 7 && i == 0;
        struct replica replica = {
            .number = nth * REPLICAS_EACH + i + 1,
            .id = arena_printf(arena, "%s-%06d", deployment->name, nth * REPLICAS_EACH + i),
            .deployment_uid = deployment->uid,
            .deployment = deployment->name,
            .cluster = deployment->cluster,
            .revision = 3,
            .template_hash = deployment->template_hash,
            .node = arena_printf(arena, "node-%03d", (nth * 3 + i) % NODES),
            .phase = failed ? REPLICA_FAILED : REPLICA_RUNNING,
            .ready = !failed,
            .available = !failed,
            .attempt = 1,
            .restarts = nth % 97 == 0 ? 3 : 0,
            .address = "10.1.2.3",
            .ports = {&http, 1},
            .pid = 4000 + nth,
            .reason = failed ? "exit code 1" : NULL,
            .started_at = 1600000000000 + nth};
        TRY(replicas_write(tx, &replica, (struct replica_effects){false, false}, nth + 1, err));
    }
    return ERR_OK;
}

static enum err_code add_rollouts(struct store_tx *tx, const struct deployment *deployment, int nth,
                                  struct err *err)
{
    for (int i = 0; i < ROLLOUTS_EACH; i++) {
        bool runs = i == ROLLOUTS_EACH - 1 && state_of(nth) == DEPLOYMENT_DEPLOYING;
        struct rollout rollout = {.id = i + 1,
                                  .to_revision = i + 1,
                                  .state = runs ? ROLLOUT_PROGRESSING : ROLLOUT_SUCCEEDED,
                                  .message = "5 of 5 replicas are updated and available",
                                  .started_at = 1600000000000 + nth * 7919 % DEPLOYMENTS + i};
        TRY(rollouts_put(tx, deployment->uid, &rollout, err));
    }
    return ERR_OK;
}

static enum err_code add_events(struct store_tx *tx, const struct deployment *deployment,
                                struct err *err)
{
    static const char *const reasons[] = {"created", "rollout_started", "replica_failed", "scaled"};
    int64_t index;
    for (int i = 0; i < EVENTS / DEPLOYMENTS; i++) {
        struct event event = {.kind = i % 3 == 0 ? "deployment" : "replica",
                              .cluster = deployment->cluster,
                              .name = deployment->name,
                              .uid = deployment->uid,
                              .reason = reasons[i % 4],
                              .message = "a replica was told to do what replicas do"};
        TRY(events_add(tx, &event, &index, err));
    }
    return ERR_OK;
}

static enum err_code make_some(struct store_tx *tx, struct writer_job *job, struct err *err);

struct making {
    struct writer_job job;
    struct bench *bench;
};

static void on_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    must(code, err);
}

static enum err_code make_some(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct bench *bench = ((struct making *)job)->bench;
    tx_set_actor(tx, "ci", "bench");
    for (int i = 0; i < A_BATCH; i++, bench->next++) {
        struct deployment deployment = deployment_of(bench, tx_arena(tx), bench->next);
        TRY(deployments_insert(tx, &deployment, err));
        TRY(add_replicas(tx, &deployment, bench->next, err));
        TRY(add_rollouts(tx, &deployment, bench->next, err));
        TRY(add_events(tx, &deployment, err));
    }
    return ERR_OK;
}

static enum err_code make_nodes(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    (void)job;
    for (int i = 0; i < NODES; i++) {
        struct pair labels[] = {{"gpu", i % 4 == 0 ? "a100" : "none"}, {"zone", "a"}};
        struct node node = {.name = arena_printf(tx_arena(tx), "node-%03d", i),
                            .cluster = "default",
                            .labels = {labels, 2},
                            .capacity = {8000, 65536, 8},
                            .state = i % 100 == 5 ? NODE_LOST : NODE_READY,
                            .schedulable = true,
                            .index = 1};
        TRY(nodes_put(tx, &node, false, err));
    }
    return ERR_OK;
}

static void run_closure(struct bench *bench,
                        enum err_code (*apply)(struct store_tx *, struct writer_job *,
                                               struct err *))
{
    struct err err;
    struct making making = {.job = {.apply = apply, .done = on_done}, .bench = bench};
    must(writer_submit(bench->writer, LANE_FIRST, &making.job, &err), &err);
    while (writer_step(bench->writer))
        ;
}

static void ignore_publish(void *self, const struct touched *touched, size_t count, int64_t newest)
{
    (void)self, (void)touched, (void)count, (void)newest;
}

static void ignore_dirty(void *self, const char *const *uids, size_t count)
{
    (void)self, (void)uids, (void)count;
}

static void ignore_flush(void *self)
{
    (void)self;
}

static void on_fatal(void *self, const struct err *err)
{
    (void)self;
    must(ERR_IO, err);
}

static void open_bench(struct bench *bench, const char *parent)
{
    struct err err;
    char hash[TEMPLATE_HASH_BYTES];
    log_set_level(LOG_WARN);
    arena_init(&bench->arena);
    snprintf(bench->dir, sizeof bench->dir, "%s/fleet-lists-XXXXXX", parent);
    char *made = mkdtemp(bench->dir);
    assert(made != NULL);
    struct store_config config = {.data_dir = bench->dir,
                                  .keep_events = 1000000,
                                  .clock = clock_system(),
                                  .volatile_writes = true};
    struct writer_hooks hooks = {
        .publish = ignore_publish, .dirty = ignore_dirty, .flush = ignore_flush, .fatal = on_fatal};
    must(store_open(&bench->store, &config, &err), &err);
    must(writer_open(&bench->writer, bench->store, &hooks, &err), &err);
    must(spec_settings_parse(&bench->arena, "{}", &bench->spec, &err), &err);
    must(template_parse(&bench->arena, template_text, &bench->spec.template, &err), &err);
    bench->spec.replicas = REPLICAS_EACH;
    template_hash(&bench->spec.template, &bench->arena, hash);
    bench->hash = arena_strdup(&bench->arena, hash);
    run_closure(bench, make_nodes);
    while (bench->next < DEPLOYMENTS)
        run_closure(bench, make_some);
    must(store_reader_open(bench->store, &bench->reader, &err), &err);
}

static void close_bench(struct bench *bench)
{
    store_reader_close(bench->reader);
    writer_close(bench->writer);
    store_close(bench->store);
    DIR *folder = opendir(bench->dir);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;)
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder != NULL) closedir(folder);
    rmdir(bench->dir);
    arena_release(&bench->arena);
}

/* ---- the lists ---- */

typedef enum err_code read_page(struct bench *bench, struct arena *arena, const char *cluster,
                                const struct page *page, struct listed *listed, struct err *err);

static enum err_code read_deployments(struct bench *bench, struct arena *arena, const char *cluster,
                                      const struct page *page, struct listed *listed,
                                      struct err *err)
{
    struct deployment *items;
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    TRY(deployments_page(bench->reader, arena, cluster, page, &items, listed, err));
    json_array_begin(&writer);
    for (size_t i = 0; i < listed->count; i++)
        deployment_render(&writer, &items[i], (struct env_mask){NULL});
    json_array_end(&writer);
    return ERR_OK;
}

static enum err_code read_replicas(struct bench *bench, struct arena *arena, const char *cluster,
                                   const struct page *page, struct listed *listed, struct err *err)
{
    struct replica *items;
    return replicas_page(bench->reader, arena, NULL, cluster, page, &items, listed, err);
}

static enum err_code read_nodes(struct bench *bench, struct arena *arena, const char *cluster,
                                const struct page *page, struct listed *listed, struct err *err)
{
    struct node *items;
    return nodes_page(bench->reader, arena, cluster, page, &items, listed, err);
}

static enum err_code read_rollouts(struct bench *bench, struct arena *arena, const char *cluster,
                                   const struct page *page, struct listed *listed, struct err *err)
{
    struct rollout_item *items;
    return rollouts_page(bench->reader, arena, NULL, cluster, page, &items, listed, err);
}

static enum err_code read_events(struct bench *bench, struct arena *arena, const char *cluster,
                                 const struct page *page, struct listed *listed, struct err *err)
{
    struct event *items;
    return events_page(bench->reader, arena, NULL, cluster, -1, page, &items, listed, err);
}

static const struct kind {
    const char *name;
    const struct filter_fields *fields;
    read_page *read;
} kinds[] = {
    {"deployments", &deployment_fields, read_deployments},
    {"replicas", &replica_fields, read_replicas},
    {"nodes", &node_fields, read_nodes},
    {"rollouts", &rollout_fields, read_rollouts},
    {"events", &event_fields, read_events},
};
enum { OF_DEPLOYMENTS, OF_REPLICAS, OF_NODES, OF_ROLLOUTS, OF_EVENTS };

static const struct request {
    int kind;
    const char *cluster, *selector, *q, *state, *search, *sort;
    bool count, judged;
} requests[] = {
    {.kind = OF_DEPLOYMENTS},
    {.kind = OF_DEPLOYMENTS, .cluster = "default"},
    {.kind = OF_DEPLOYMENTS, .selector = "team=team-7", .q = "available >= 3", .judged = true},
    {.kind = OF_DEPLOYMENTS,
     .selector = "env=production,tier in (backend,edge)",
     .q = "state = running and replicas >= 3 and not name ~ \"canary\"",
     .judged = true},
    {.kind = OF_DEPLOYMENTS, .selector = "env=production", .q = "available < 2", .judged = true},
    {.kind = OF_DEPLOYMENTS, .q = "state = failed and label.env = staging", .judged = true},
    {.kind = OF_DEPLOYMENTS, .state = "failed"},
    {.kind = OF_DEPLOYMENTS, .state = "failed,deploying"},
    {.kind = OF_DEPLOYMENTS, .state = "running"},
    {.kind = OF_DEPLOYMENTS, .state = "paused"},
    {.kind = OF_DEPLOYMENTS, .search = "canary"},
    {.kind = OF_DEPLOYMENTS, .search = "service-0012"},
    {.kind = OF_DEPLOYMENTS, .search = "nowhere"},
    {.kind = OF_DEPLOYMENTS, .sort = "-updated_at"},
    {.kind = OF_DEPLOYMENTS, .sort = "-updated_at", .cluster = "c03"},
    {.kind = OF_DEPLOYMENTS, .sort = "-updated_at", .cluster = "default"},
    {.kind = OF_DEPLOYMENTS, .sort = "available"},
    {.kind = OF_DEPLOYMENTS, .sort = "name"},
    {.kind = OF_DEPLOYMENTS, .count = true},
    {.kind = OF_DEPLOYMENTS, .selector = "env=production", .count = true},
    {.kind = OF_DEPLOYMENTS, .state = "failed", .count = true},
    {.kind = OF_DEPLOYMENTS, .q = "cpu_millis > 5000"},
    {.kind = OF_REPLICAS},
    {.kind = OF_REPLICAS, .state = "failed"},
    {.kind = OF_REPLICAS, .selector = "team=team-7", .q = "restarts > 2"},
    {.kind = OF_REPLICAS, .selector = "env=staging", .q = "restarts > 2"},
    {.kind = OF_REPLICAS, .q = "node = node-017"},
    {.kind = OF_REPLICAS, .q = "deployment = service-00123"},
    {.kind = OF_REPLICAS, .sort = "-started_at"},
    {.kind = OF_REPLICAS, .count = true},
    {.kind = OF_REPLICAS, .selector = "env=staging", .count = true},
    {.kind = OF_NODES, .selector = "gpu=a100"},
    {.kind = OF_ROLLOUTS},
    {.kind = OF_ROLLOUTS, .cluster = "default"},
    {.kind = OF_ROLLOUTS, .cluster = "c03"},
    {.kind = OF_ROLLOUTS, .state = "progressing"},
    {.kind = OF_ROLLOUTS, .selector = "team=team-7", .q = "state != succeeded"},
    {.kind = OF_EVENTS},
    {.kind = OF_EVENTS, .cluster = "c03"},
    {.kind = OF_EVENTS, .selector = "owner=person-12"},
    {.kind = OF_EVENTS, .selector = "team=team-7"},
    {.kind = OF_EVENTS, .q = "reason = nothing"},
    {.kind = OF_EVENTS, .search = "nowhere"},
    {.kind = OF_EVENTS, .count = true},
    {.kind = OF_EVENTS,
     .q = "message ~ a1 or message ~ a2 or message ~ a3 or message ~ a4 or message ~ a5 or "
          "message ~ a6 or message ~ a7 or message ~ a8 or message ~ a9 or message ~ b0 or "
          "message ~ b1 or message ~ b2 or message ~ b3 or message ~ b4 or message ~ b5"},
};

static void print_request(struct text *text, const struct request *request)
{
    const char *const parts[][2] = {
        {"cluster", request->cluster}, {"selector", request->selector}, {"q", request->q},
        {"state", request->state},     {"search", request->search},     {"sort", request->sort},
    };
    text_add(text, kinds[request->kind].name);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i][1] != NULL) text_printf(text, " %s=%s", parts[i][0], parts[i][1]);
    if (request->count) text_add(text, " count");
}

static void read_filter(struct arena *arena, const struct request *request, struct page *page)
{
    struct err err;
    const struct filter_fields *fields = kinds[request->kind].fields;
    const struct filter *filter;
    if (request->selector != NULL) {
        struct selector selector;
        must(selector_parse(arena, request->selector, &selector, &err), &err);
        page->filter = filter_of_selector(arena, &selector);
    }
    if (request->q != NULL) {
        must(filter_parse(arena, request->q, fields, &filter, &err), &err);
        page->filter = filter_and(arena, page->filter, filter);
    }
    if (request->state == NULL) return;
    size_t state = (size_t)filter_field_find(fields, "state");
    must(filter_of_words(arena, "state", request->state, fields, state, &filter, &err), &err);
    page->filter = filter_and(arena, page->filter, filter);
}

static struct page page_of(struct arena *arena, const struct request *request)
{
    struct page page = {
        .sort = SORT_OWN, .limit = PAGE, .search = request->search, .count = request->count};
    read_filter(arena, request, &page);
    if (request->sort == NULL) return page;
    page.descending = request->sort[0] == '-';
    page.sort =
        filter_field_find(kinds[request->kind].fields, request->sort + (page.descending ? 1 : 0));
    return page;
}

/* One request from its text to its items. */
static int64_t ask(struct bench *bench, const struct request *request, struct listed *listed)
{
    struct err err;
    auto_arena arena;
    arena_init(&arena);
    int64_t began_us = clock_monotonic_us();
    struct page page = page_of(&arena, request);
    must(store_read_begin(bench->reader, &err), &err);
    enum err_code code =
        kinds[request->kind].read(bench, &arena, request->cluster, &page, listed, &err);
    store_read_end(bench->reader);
    if (code != ERR_OK && code != ERR_QUERY_TOO_WIDE) must(code, &err);
    if (code != ERR_OK) *listed = (struct listed){.total = -2};
    return clock_monotonic_us() - began_us;
}

static int compare(const void *a, const void *b)
{
    return compare_i64(*(const int64_t *)a, *(const int64_t *)b);
}

static bool measure(struct bench *bench, const struct request *request)
{
    int64_t took_us[ROUNDS];
    struct listed listed;
    struct text text;
    text_init(&text, &bench->arena);
    print_request(&text, request);
    for (int i = 0; i < ROUNDS; i++)
        took_us[i] = ask(bench, request, &listed);
    qsort(took_us, ROUNDS, sizeof took_us[0], compare);
    double median_ms = (double)took_us[ROUNDS / 2] / 1000;
    printf("%8.2f %8.2f ms  %4zu items", median_ms, (double)took_us[ROUNDS - 1] / 1000,
           listed.count);
    if (listed.total >= 0) printf(" of %lld", (long long)listed.total);
    if (listed.total == -2) printf(" (too wide)");
    printf("  %s\n", text_string(&text));
    return !request->judged || median_ms <= selected_page_ms;
}

int main(int count, char **arguments)
{
    bool fine = true;
    static struct bench bench;
    open_bench(&bench, count > 1 ? arguments[1] : "/dev/shm");
    printf("  median    worst\n");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        fine &= measure(&bench, &requests[i]);
    close_bench(&bench);
    if (!fine) printf("a selected page takes more than %.0f ms\n", selected_page_ms);
    return fine ? 0 : 1;
}
