/* From a whole request to a final reply: at once, on another thread, or after a long poll. */
#include "api/routes.h"
#include "base/arena.h"
#include "base/failpoint.h"
#include "base/limits.h"
#include "base/log.h"
#include "server/cache.h"
#include "server/download.h"
#include "server/exchange.h"
#include "server/loop.h"
#include "server/stream.h"
#include "store/store.h"

#include <assert.h>

static struct facet_name facet_of(const struct request *request)
{
    return (struct facet_name){request->facet, request->facet_key};
}

static void set_timer(struct exchange *exchange, int64_t due_ms)
{
    heap_set(&exchange->loop->exchanges, &exchange->timer, due_ms);
}

static void fail(struct exchange *exchange, enum err_code code, const char *detail)
{
    struct err err;
    err_set(&err, code, "%s", detail);
    exchange_fail(exchange, &err);
    exchange_ready(exchange);
}

/* ---- reads ---- */

static bool may_cache(const struct request *request)
{
    return request->route->cacheable && request->has_facet && request->fields == NULL;
}

/* A poll that waits for more than the cached body knows is not answered by it. */
static bool answer_from_cache(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    if (!may_cache(request)) return false;
    struct cached_body *body = NULL;
    publish_look(exchange->loop->service->publish, facet_of(request), request->view, &body);
    if (body == NULL) return false;
    bool waits = request->wait_ms > 0 && request->watch_index >= 0;
    if (waits && body->index <= request->watch_index && !exchange->last_read) {
        cached_body_release(body);
        return false;
    }
    exchange->cached = body;
    exchange_ready(exchange);
    return true;
}

/* On a loop or on a reader's thread. */
static void read_store(struct exchange *exchange, struct store_db *db)
{
    struct publish *publish = exchange->loop->service->publish;
    struct request *request = &exchange->request;
    struct reply *reply = &exchange->reply;
    struct err err;
    if (request->has_facet)
        request->facet_index = publish_look(publish, facet_of(request), 0, NULL);
    if (store_read_begin(db, &err) != ERR_OK) {
        err_set(&err, ERR_UNAVAILABLE, "the store cannot be read now");
        exchange_fail(exchange, &err);
        return;
    }
    enum err_code code = api_read(db, request, reply);
    store_read_end(db);
    bool whole = code == ERR_OK && reply->status == 200 && !reply->unsatisfied && !reply->no_store;
    if (!whole || !may_cache(request)) return;
    struct cached_body *body = cached_body_new(reply);
    publish_cache(publish, facet_of(request), request->view, request->facet_index, body);
    cached_body_release(body);
}

static void send_back(struct exchange *exchange)
{
    struct mailbox *mailbox = &exchange->loop->mailbox;
    mailbox_post(mailbox, &exchange->mail);
    mailbox_wake(mailbox);
}

static void read_on_reader(struct read_job *job, struct store_db *db)
{
    struct exchange *exchange = CONTAINER_OF(job, struct exchange, read_job);
    read_store(exchange, db);
    send_back(exchange);
}

static void read_on_planner(struct read_job *job, struct store_db *db)
{
    struct exchange *exchange = CONTAINER_OF(job, struct exchange, read_job);
    struct err err;
    if (FP("planner.before")) {
        err_set(&err, ERR_UNAVAILABLE, "failpoint planner.before was hit");
        exchange_fail(exchange, &err);
    } else {
        read_store(exchange, db);
    }
    send_back(exchange);
}

/* The memory of a decoded request stays; each further read has memory of its own, given back when
 * the poll parks again. */
static void keep_decoded(struct exchange *exchange)
{
    struct request *decoded = ARENA_NEW(&exchange->request.arena, struct request);
    *decoded = exchange->request;
    exchange->decoded = decoded;
    arena_init(&exchange->request.arena);
}

static void forget_read(struct exchange *exchange)
{
    arena_release(&exchange->request.arena);
    exchange->request = *exchange->decoded;
    arena_init(&exchange->request.arena);
    reply_init(&exchange->reply, &exchange->request);
}

static void log_wait(const struct exchange *exchange, const char *event)
{
    if (!log_enabled(LOG_DEBUG)) return;
    struct log_line line;
    log_begin(&line, LOG_DEBUG, event);
    log_string(&line, "request_id", exchange->request.id);
    log_end(&line);
}

static void park(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    int64_t now_ms = exchange->loop->now_ms;
    struct watch *watch = &exchange->watch;
    watch->floor = request->facet_index;
    if (exchange->reply.index > watch->floor) watch->floor = exchange->reply.index;
    enum park_result result =
        publish_park(exchange->loop->service->publish, facet_of(request), now_ms, watch);
    if (result == PARK_FULL) {
        exchange_ready(exchange);
        return;
    }
    exchange_hold(exchange);
    exchange->stage = result == PARK_PARKED ? STAGE_PARKED : STAGE_DUE;
    bool read_soon = result == PARK_MOVED && watch->due_ms < exchange->poll_end_ms;
    set_timer(exchange, read_soon ? watch->due_ms : exchange->poll_end_ms);
    log_wait(exchange, "poll_parked");
    forget_read(exchange);
}

/* A read is done: is it the answer? */
static void settle(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    int64_t now_ms = exchange->loop->now_ms;
    bool waits = exchange->reply.unsatisfied && request->wait_ms > 0 && request->has_facet;
    if (!waits || exchange->last_read || exchange->loop->draining) {
        exchange_ready(exchange);
        return;
    }
    if (exchange->decoded == NULL) {
        exchange->poll_end_ms = now_ms + request->wait_ms;
        keep_decoded(exchange);
    }
    if (now_ms >= exchange->poll_end_ms)
        exchange_ready(exchange);
    else
        park(exchange);
}

static void send_away(struct exchange *exchange)
{
    exchange->away = true;
    exchange->loop->away_count++;
    exchange->stage = STAGE_AWAY;
    exchange_hold(exchange);
}

static void start_read(struct exchange *exchange)
{
    if (answer_from_cache(exchange)) return;
    enum route_place place = exchange->request.route->place;
    if (place == PLACE_LOOP) {
        read_store(exchange, exchange->loop->db);
        settle(exchange);
        return;
    }
    const struct service *service = exchange->loop->service;
    bool computes = place == PLACE_PLANNER;
    exchange->read_job.run = computes ? read_on_planner : read_on_reader;
    send_away(exchange);
    if (reader_submit(computes ? service->planner : service->reader, &exchange->read_job)) return;
    exchange->away = false;
    exchange->loop->away_count--;
    fail(exchange, ERR_OVERLOADED,
         computes ? "too many plans, explanations and diffs are being computed; try again"
                  : "too many lists are being read; try again");
}

static enum err_code check_token(struct exchange *exchange, bool *holds, struct err *err)
{
    auto_arena arena; /* a stream may ask for days */
    struct loop *loop = exchange->loop;
    const struct service *service = loop->service;
    arena_init(&arena);
    int64_t expires_at = exchange->request.principal.expires_at;
    int64_t epoch = tokens_epoch(service->store);
    *holds = expires_at == 0 || clock_wall_ms(&service->clock) < expires_at;
    if (!*holds || epoch == exchange->tokens_epoch) return ERR_OK;
    exchange->tokens_epoch = epoch;
    return auth_holds(&loop->auth, loop->db, exchange->token_hash, &arena, holds, err);
}

bool exchange_holds_token(struct exchange *exchange)
{
    struct err err;
    bool holds = true;
    if (exchange->request.principal.anonymous) return true;
    return check_token(exchange, &holds, &err) == ERR_OK && holds;
}

/* Answers 401 and returns false when its token ended while it waited. */
static bool still_holds_token(struct exchange *exchange)
{
    struct err err;
    bool holds;
    if (exchange->request.principal.anonymous) return true;
    enum err_code code = check_token(exchange, &holds, &err);
    if (code == ERR_OK && holds) return true;
    if (code == ERR_OK)
        fail(exchange, ERR_UNAUTHORIZED, "the bearer token was revoked or expired meanwhile");
    else
        fail(exchange, ERR_UNAVAILABLE, "the store cannot be read now");
    return false;
}

static void read_again(struct exchange *exchange)
{
    heap_remove(&exchange->loop->exchanges, &exchange->timer);
    if (still_holds_token(exchange)) start_read(exchange);
}

static void read_for_the_last_time(struct exchange *exchange)
{
    exchange->last_read = true;
    read_again(exchange);
}

void exchange_woken(struct exchange *exchange)
{
    assert(exchange->stage == STAGE_PARKED);
    exchange->stage = STAGE_DUE;
    int64_t due_ms = exchange->watch.due_ms;
    if (exchange->last_read || due_ms <= exchange->loop->now_ms)
        read_again(exchange);
    else if (due_ms < exchange->poll_end_ms)
        set_timer(exchange, due_ms);
}

static bool unpark(struct exchange *exchange)
{
    return publish_unpark(exchange->loop->service->publish, facet_of(&exchange->request),
                          &exchange->watch);
}

void exchange_drain(struct exchange *exchange)
{
    exchange->last_read = true;
    if (exchange->stage == STAGE_DUE || (exchange->stage == STAGE_PARKED && unpark(exchange)))
        read_again(exchange);
}

/* ---- writes ---- */

static enum err_code apply(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct write_job *write = CONTAINER_OF(job, struct write_job, job);
    struct exchange *exchange = write->exchange;
    write->applied = api_apply(tx, &exchange->request, &exchange->reply, err);
    return write->applied;
}

/* On the writer thread; the writer's flush wakes the loop. */
static void applied(struct writer_job *job, enum err_code code, const struct err *err)
{
    struct write_job *write = CONTAINER_OF(job, struct write_job, job);
    struct exchange *exchange = write->exchange;
    if (code != ERR_OK) write->failed = *err;
    write->failed.code = code;
    mailbox_post(&exchange->loop->mailbox, &exchange->mail);
}

static void start_write(struct exchange *exchange)
{
    const struct service *service = exchange->loop->service;
    struct err err;
    struct write_job *write = ARENA_NEW(&exchange->request.arena, struct write_job);
    *write = (struct write_job){.job = {.apply = apply, .done = applied}, .exchange = exchange};
    exchange->write_job = write;
    enum writer_lane lane = exchange->request.route->worker ? LANE_REPORTS : LANE_FIRST;
    send_away(exchange);
    log_wait(exchange, "write_queued");
    if (writer_submit(service->writer, lane, &write->job, &err) == ERR_OK) {
        set_timer(exchange, exchange->loop->now_ms + service->config->write_timeout_ms);
        return;
    }
    exchange->away = false;
    exchange->loop->away_count--;
    exchange_fail(exchange, &err);
    exchange_ready(exchange);
}

static void finish_write(struct exchange *exchange)
{
    const struct write_job *write = exchange->write_job;
    bool said_already = write->failed.code == write->applied;
    if (!said_already) exchange_fail(exchange, &write->failed);
    exchange_ready(exchange);
}

/* The closure still runs and owns the request's memory, so this reply has its own. */
static void answer_late(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct late_reply *late = xcalloc(1, sizeof *late);
    late->request = (struct request){.api = request->api,
                                     .method = request->method,
                                     .target = request->target,
                                     .id = request->id,
                                     .route = request->route};
    struct err err;
    arena_init(&late->request.arena);
    reply_init(&late->reply, &late->request);
    err_set(&err, ERR_OUTCOME_UNKNOWN,
            "the write did not finish in time; it may still happen, so read before trying again");
    api_problem(&late->reply, &late->request.arena, &late->request, &err, NULL);
    exchange->late = late;
    exchange_ready(exchange);
}

/* ---- what happens to it ---- */

void exchange_perform(struct exchange *exchange)
{
    struct request *request = &exchange->request;
    request->body = text_string(&exchange->body);
    request->body_bytes = exchange->body.length;
    if (api_decode(request, &exchange->reply) != ERR_OK || request->answered) {
        exchange_ready(exchange);
        return;
    }
    switch (request->route->place) {
    case PLACE_LOOP:
    case PLACE_READER:
    case PLACE_PLANNER:
        start_read(exchange);
        break;
    case PLACE_WRITER:
        start_write(exchange);
        break;
    case PLACE_BACKUP:
        download_start(exchange);
        break;
    }
}

void exchange_returned(struct exchange *exchange)
{
    if (exchange->write_job != NULL)
        finish_write(exchange);
    else
        settle(exchange);
}

void exchange_due(struct exchange *exchange)
{
    heap_remove(&exchange->loop->exchanges, &exchange->timer);
    bool ended = exchange->loop->now_ms >= exchange->poll_end_ms;
    switch (exchange->stage) {
    case STAGE_AWAY:
        answer_late(exchange);
        break;
    case STAGE_STREAMING:
        stream_due(exchange);
        break;
    case STAGE_PARKED:
        exchange->last_read = true; /* at the latest when a wake that is on its way arrives */
        if (unpark(exchange)) read_again(exchange);
        break;
    case STAGE_DUE:
        if (ended)
            read_for_the_last_time(exchange);
        else
            read_again(exchange);
        break;
    case STAGE_HEAD:
    case STAGE_BODY:
    case STAGE_READY:
    case STAGE_SENDING:
        assert(false); /* has no timer */
    }
}
