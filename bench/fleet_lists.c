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
#include "base/json.h"
#include "base/text.h"
#include "fleet_fill.h"
#include "samples.h"
#include "store/deployments.h"
#include "store/events.h"
#include "store/nodes.h"
#include "store/replicas.h"
#include "store/revisions.h"
#include "store/rollouts.h"
#include "wire/deployment_wire.h"

enum { ROUNDS = 15, PAGE = 100 };

static const struct fleet_size size = {.deployments = 10000,
                                       .replicas = 5,
                                       .rollouts = 3,
                                       .nodes = 500,
                                       .events = 200000,
                                       .clusters = 20,
                                       .lively = true};
static const double selected_page_ms = 20.0;

/* ---- the lists ---- */

typedef enum err_code read_page(struct fleet *fleet, struct arena *arena, const char *cluster,
                                const struct page *page, struct listed *listed, struct err *err);

static enum err_code read_deployments(struct fleet *fleet, struct arena *arena, const char *cluster,
                                      const struct page *page, struct listed *listed,
                                      struct err *err)
{
    struct deployment *items;
    struct text text;
    struct json_writer writer;
    text_init(&text, arena);
    json_writer_init(&writer, &text);
    TRY(deployments_page(fleet->reader, arena, cluster, page, &items, listed, err));
    json_array_begin(&writer);
    for (size_t i = 0; i < listed->count; i++)
        deployment_render(&writer, &items[i], (struct env_mask){NULL});
    json_array_end(&writer);
    return ERR_OK;
}

static enum err_code read_replicas(struct fleet *fleet, struct arena *arena, const char *cluster,
                                   const struct page *page, struct listed *listed, struct err *err)
{
    struct replica *items;
    return replicas_page(fleet->reader, arena, NULL, cluster, page, &items, listed, err);
}

static enum err_code read_nodes(struct fleet *fleet, struct arena *arena, const char *cluster,
                                const struct page *page, struct listed *listed, struct err *err)
{
    struct node *items;
    return nodes_page(fleet->reader, arena, cluster, page, &items, listed, err);
}

static enum err_code read_rollouts(struct fleet *fleet, struct arena *arena, const char *cluster,
                                   const struct page *page, struct listed *listed, struct err *err)
{
    struct rollout_item *items;
    return rollouts_page(fleet->reader, arena, NULL, cluster, page, &items, listed, err);
}

static enum err_code read_events(struct fleet *fleet, struct arena *arena, const char *cluster,
                                 const struct page *page, struct listed *listed, struct err *err)
{
    struct event *items;
    return events_page(fleet->reader, arena, NULL, cluster, -1, page, &items, listed, err);
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
    {.kind = OF_DEPLOYMENTS, .selector = "team=team-07", .q = "available >= 3", .judged = true},
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
    {.kind = OF_DEPLOYMENTS, .search = "svc-0012"},
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
    {.kind = OF_REPLICAS, .selector = "team=team-07", .q = "restarts > 2"},
    {.kind = OF_REPLICAS, .selector = "env=staging", .q = "restarts > 2"},
    {.kind = OF_REPLICAS, .q = "node = node-017"},
    {.kind = OF_REPLICAS, .q = "deployment = svc-00123"},
    {.kind = OF_REPLICAS, .sort = "-started_at"},
    {.kind = OF_REPLICAS, .count = true},
    {.kind = OF_REPLICAS, .selector = "env=staging", .count = true},
    {.kind = OF_NODES, .selector = "gpu=a100"},
    {.kind = OF_ROLLOUTS},
    {.kind = OF_ROLLOUTS, .cluster = "default"},
    {.kind = OF_ROLLOUTS, .cluster = "c03"},
    {.kind = OF_ROLLOUTS, .state = "progressing"},
    {.kind = OF_ROLLOUTS, .selector = "team=team-07", .q = "state != succeeded"},
    {.kind = OF_EVENTS},
    {.kind = OF_EVENTS, .cluster = "c03"},
    {.kind = OF_EVENTS, .selector = "owner=person-12"},
    {.kind = OF_EVENTS, .selector = "team=team-07"},
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
        fleet_must(selector_parse(arena, request->selector, &selector, &err), &err);
        page->filter = filter_of_selector(arena, &selector);
    }
    if (request->q != NULL) {
        fleet_must(filter_parse(arena, request->q, fields, &filter, &err), &err);
        page->filter = filter_and(arena, page->filter, filter);
    }
    if (request->state == NULL) return;
    size_t state = (size_t)filter_field_find(fields, "state");
    fleet_must(filter_of_words(arena, "state", request->state, fields, state, &filter, &err), &err);
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
static int64_t ask(struct fleet *fleet, const struct request *request, struct listed *listed)
{
    struct err err;
    auto_arena arena;
    arena_init(&arena);
    int64_t began_us = clock_monotonic_us();
    struct page page = page_of(&arena, request);
    fleet_must(store_read_begin(fleet->reader, &err), &err);
    enum err_code code =
        kinds[request->kind].read(fleet, &arena, request->cluster, &page, listed, &err);
    store_read_end(fleet->reader);
    if (code != ERR_OK && code != ERR_QUERY_TOO_WIDE) fleet_must(code, &err);
    if (code != ERR_OK) *listed = (struct listed){.total = -2};
    return clock_monotonic_us() - began_us;
}

static bool measure(struct fleet *fleet, const struct request *request)
{
    struct samples took_ms = {.count = 0};
    struct listed listed;
    struct text text;
    text_init(&text, NULL);
    print_request(&text, request);
    for (int i = 0; i < ROUNDS; i++)
        samples_add(&took_ms, (double)ask(fleet, request, &listed) / 1000);
    samples_sort(&took_ms);
    double median_ms = samples_quantile(&took_ms, 0.5);
    printf("%8.2f %8.2f ms  %4zu items", median_ms, samples_quantile(&took_ms, 1), listed.count);
    if (listed.total >= 0) printf(" of %lld", (long long)listed.total);
    if (listed.total == -2) printf(" (too wide)");
    printf("  %s\n", text_string(&text));
    samples_release(&took_ms);
    text_release(&text);
    return !request->judged || median_ms <= selected_page_ms;
}

int main(int count, char **arguments)
{
    bool fine = true;
    struct fleet fleet;
    fleet_open_new(&fleet, count > 1 ? arguments[1] : "/dev/shm", &size);
    fleet_fill(&fleet);
    printf("  median    worst\n");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        fine &= measure(&fleet, &requests[i]);
    fleet_remove(&fleet);
    if (!fine) printf("a selected page takes more than %.0f ms\n", selected_page_ms);
    return fine ? 0 : 1;
}
