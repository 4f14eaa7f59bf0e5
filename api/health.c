/* health.c: what probes answer and answered, and for how much of a window a replica was ready and a
 * deployment available. Counted up to now, so that such an answer has no tag, no index, and is
 * never stored.
 *
 * Recorded are spans; while a replica's node is silent nobody knows what it does, so that time is
 * cut out of its spans here. */
#include "store/health.h"

#include "api/api.h"
#include "api/deployments.h"
#include "api/handlers.h"
#include "api/list.h"
#include "api/live.h"
#include "api/node_states.h"
#include "api/query.h"
#include "api/replicas.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/map.h"
#include "scheduler/control.h"
#include "store/replicas.h"
#include "wire/health_wire.h"

enum { WINDOW_SECONDS = 3600, WINDOW_SECONDS_MAX = LIMIT_HEALTH_DAYS * 24 * 3600 };

struct health_query {
    struct list_query list; /* of lists alone */
    int64_t window_seconds;
};

/* What one request looks through. */
struct looking {
    struct store_db *db;
    struct request *request;
    struct node_states states;
    struct map silences; /* by node: struct node_silence_list */
    struct window window;
};

struct node_silence_list {
    struct silence *items;
    size_t count;
};

/* ---- decoding ---- */

static enum err_code read_window(struct request *request, struct health_query *query,
                                 struct err *err)
{
    query->window_seconds = WINDOW_SECONDS;
    return query_int(request, "window_seconds", 1, WINDOW_SECONDS_MAX, &query->window_seconds, err);
}

API_DECODE(window_decode)
{
    (void)errors;
    struct health_query *query = ARENA_NEW(&request->arena, struct health_query);
    request->input = query;
    return read_window(request, query, err);
}

API_DECODE(deployment_probes_decode)
{
    (void)errors;
    struct health_query *query = ARENA_NEW(&request->arena, struct health_query);
    request->input = query;
    TRY(list_query_number(request, &query->list, err));
    return read_window(request, query, err);
}

static struct window window_of(const struct request *request)
{
    const struct health_query *query = request->input;
    int64_t now_at = clock_wall_ms(&request->api->clock);
    return (struct window){.from_at = now_at - query->window_seconds * SECOND_MS,
                           .until_at = now_at};
}

/* `end_at` 0 = it has not ended. Of what was over before there is nothing left. */
static struct window cut_to_life(struct window window, int64_t begin_at, int64_t end_at)
{
    if (window.from_at < begin_at) window.from_at = begin_at;
    if (end_at != 0 && end_at < window.until_at) window.until_at = end_at;
    if (window.until_at < window.from_at) window.until_at = window.from_at;
    return window;
}

/* ---- a replica ---- */

static void looking_begin(struct looking *looking, struct store_db *db, struct request *request)
{
    *looking = (struct looking){.db = db, .request = request, .window = window_of(request)};
    node_states_init(&looking->states, db, &request->arena);
    map_init(&looking->silences);
}

static void looking_end(struct looking *looking)
{
    node_states_release(&looking->states);
    map_release(&looking->silences);
}
#define auto_looking __attribute__((cleanup(looking_end))) struct looking

static enum err_code silences_of(struct looking *looking, const char *node,
                                 const struct node_silence_list **list, struct err *err)
{
    struct arena *arena = &looking->request->arena;
    *list = map_get(&looking->silences, node);
    if (*list != NULL) return ERR_OK;
    struct node_silence_list *read = ARENA_NEW(arena, struct node_silence_list);
    TRY(node_silences(looking->db, arena, node, looking->window.from_at, &read->items, &read->count,
                      err));
    map_put(&looking->silences, node, read);
    *list = read;
    return ERR_OK;
}

/* What ended with the replica. */
static void cut_spans(struct health_spans *spans, int64_t end_at)
{
    if (end_at == 0) return;
    for (size_t i = 0; i < spans->count; i++) {
        struct health_span *span = &spans->items[i];
        if (span->until_at == 0 || span->until_at > end_at) span->until_at = end_at;
        if (span->from_at > end_at) span->from_at = end_at;
    }
}

/* Its node has not said a word of it yet. */
static struct health_spans never_ready(struct arena *arena, const struct replica *replica)
{
    struct health_span *span = ARENA_NEW(arena, struct health_span);
    *span = (struct health_span){.from_at = replica->created_at,
                                 .kind = HEALTH_READY,
                                 .state = HEALTH_FAILING,
                                 .reason = replica_phase_words[replica->phase]};
    return (struct health_spans){.items = span, .count = 1};
}

static enum err_code load_timeline(struct looking *looking, const struct replica *replica,
                                   struct health_spans timeline[static HEALTH_KINDS],
                                   struct err *err)
{
    struct arena *arena = &looking->request->arena;
    struct health_history history;
    const struct node_silence_list *silences = &(struct node_silence_list){.count = 0};
    const char *why = "";
    TRY(health_history(looking->db, arena, replica, looking->window.from_at, &history, err));
    if (replica->attempt == 0) history.of[HEALTH_READY] = never_ready(arena, replica);
    if (replica->node != NULL) {
        why = arena_printf(arena, "node %s was not heard", replica->node);
        TRY(silences_of(looking, replica->node, &silences, err));
    }
    for (int kind = 0; kind < HEALTH_KINDS; kind++) {
        cut_spans(&history.of[kind], replica->ended_at);
        timeline[kind] =
            health_silenced(arena, history.of[kind], silences->items, silences->count, why);
    }
    return ERR_OK;
}

/* The span that lasts, NULL = none: what holds now of an attempt, or that nobody knows. */
static const struct health_span *lasting(struct health_spans spans, int64_t attempt)
{
    const struct health_span *last = spans.count > 0 ? &spans.items[spans.count - 1] : NULL;
    if (last == NULL || last->until_at != 0) return NULL;
    return last->state == HEALTH_UNKNOWN || last->attempt >= attempt ? last : NULL;
}

static int64_t since_ms(const struct replica_health *health, const struct health_span *span)
{
    int64_t ms = health->window.until_at - span->from_at;
    return ms > 0 ? ms : 0;
}

static void follow_line(const struct replica_health *health, enum probe_kind kind,
                        struct probe_sample *probe)
{
    const struct health_span *span =
        lasting(health->timeline[health_kind_of_probe(kind)], health->attempt);
    bool is_silent = health->live.presence != (int)PRESENCE_PRESENT;
    if (span != NULL && !probe->present)
        *probe = (struct probe_sample){
            .present = true, .last_reason = "", .age_ms = since_ms(health, span)};
    if (span != NULL) probe->state = span->state;
    if (is_silent) probe->state = (int)HEALTH_UNKNOWN;
}

/* What its probes say now ends their lines of time: nobody knows while its node is silent, and what
 * was recorded holds before the first sample arrives, as after a restart. */
static void follow_timeline(struct arena *arena, struct replica_health *health)
{
    struct replica_sample *sample = ARENA_NEW(arena, struct replica_sample);
    bool any = health->live.sample != NULL;
    if (any) *sample = *health->live.sample;
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        follow_line(health, (enum probe_kind)kind, &sample->probes[kind]);
        any = any || sample->probes[kind].present;
    }
    health->live.sample = any ? sample : NULL;
}

static void load_answers(struct looking *looking, const struct replica *replica,
                         struct shown_answers shown[static PROBE_KINDS])
{
    struct request *request = looking->request;
    struct probe_answers answers[PROBE_KINDS];
    control_replica_answers(request->api->control, &request->arena, replica, answers);
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        size_t count = answers[kind].count;
        shown[kind].items = ARENA_ARRAY(&request->arena, struct shown_answer, count);
        shown[kind].count = count;
        for (size_t i = 0; i < count; i++) {
            const struct probe_answered *answer = &answers[kind].items[i];
            shown[kind].items[i] =
                (struct shown_answer){.at = looking->window.until_at - answer->age_ms,
                                      .ok = answer->ok,
                                      .duration_us = answer->duration_us};
        }
    }
}

static enum err_code write_replica(struct looking *looking, struct json_writer *writer,
                                   const struct replica *replica, struct err *err)
{
    struct replica_health health = {
        .phase = replica->phase,
        .attempt = replica->attempt,
        .window = cut_to_life(looking->window, replica->created_at, replica->ended_at),
    };
    TRY(replica_look_at(looking->request, &looking->states, replica, &health.live, err));
    TRY(load_timeline(looking, replica, health.timeline, err));
    follow_timeline(&looking->request->arena, &health);
    load_answers(looking, replica, health.answers);
    health.sum = health_sum(health.timeline[HEALTH_READY], health.window);
    health.ratio = health_ratio(health.sum.ok_ms, health.sum.ok_ms + health.sum.failing_ms);
    replica_probes_render(writer, &health);
    return ERR_OK;
}

API_READ(replica_probes_read)
{
    struct replica replica;
    auto_looking looking;
    looking_begin(&looking, db, request);
    TRY(replica_load(db, request, &replica, err));
    reply->no_store = true;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    return write_replica(&looking, &writer, &replica, err);
}

/* ---- a deployment ---- */

static enum err_code load_uptime(struct store_db *db, struct request *request,
                                 const struct deployment *deployment,
                                 struct availability_spans *spans, struct deployment_uptime *uptime,
                                 struct err *err)
{
    struct window window = cut_to_life(window_of(request), deployment->created_at, 0);
    TRY(availability_history(db, &request->arena, deployment->uid, window.from_at, spans, err));
    struct availability_sum sum = availability_sum(*spans, window);
    *uptime = (struct deployment_uptime){
        .name = deployment->name,
        .cluster = deployment->cluster,
        .window = window,
        .sum = sum,
        .some_ratio = health_ratio(sum.some_ms, sum.some_ms + sum.none_ms),
        .all_ratio = health_ratio(sum.all_ms, sum.all_ms + sum.fewer_ms),
    };
    return ERR_OK;
}

API_READ(deployment_uptime_read)
{
    struct deployment deployment;
    struct availability_spans spans;
    struct deployment_uptime uptime;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(load_uptime(db, request, &deployment, &spans, &uptime, err));
    reply->no_store = true;
    struct json_writer writer;
    json_writer_init(&writer, &reply->body);
    deployment_uptime_render(&writer, &uptime);
    return ERR_OK;
}

static void write_deployment(struct json_writer *writer, const struct window *window,
                             const struct deployment_uptime *uptime,
                             const struct availability_spans *spans)
{
    json_key(writer, "window");
    window_render(writer, window);
    json_key(writer, "uptime");
    deployment_uptime_render(writer, uptime);
    json_key(writer, "availability");
    availability_spans_render(writer, spans);
}

API_READ(deployment_probes_read)
{
    const struct health_query *query = request->input;
    struct deployment deployment;
    struct availability_spans spans;
    struct deployment_uptime uptime;
    struct replica *items;
    size_t count;
    TRY(deployment_load(db, request, &deployment, err));
    TRY(load_uptime(db, request, &deployment, &spans, &uptime, err));
    TRY(replicas_list(db, &request->arena, deployment.uid, query->list.after_number,
                      query->list.limit + 1, &items, &count, err));
    bool more = list_cut(&count, query->list.limit);
    auto_looking looking;
    looking_begin(&looking, db, request);
    struct list list;
    list_begin(&list, request, reply);
    for (size_t i = 0; i < count; i++)
        TRY(write_replica(&looking, &list.writer, &items[i], err));
    list_end_live_items(&list, more, more ? items[count - 1].number : 0);
    write_deployment(&list.writer, &looking.window, &uptime, &spans);
    json_object_end(&list.writer);
    return ERR_OK;
}
