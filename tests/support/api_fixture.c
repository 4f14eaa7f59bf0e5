#include "support/api_fixture.h"

#include "api/routes.h"
#include "base/crypto.h"
#include "base/heap.h"
#include "base/limits.h"
#include "base/log.h"
#include "scheduler/control.h"
#include "scheduler/scheduler.h"
#include "store/restore.h"
#include "store/store.h"
#include "store/tokens.h"
#include "store/writer.h"

#include <ftw.h>
#include <inttypes.h>

enum { SETTLE_ROUNDS = 200, SETTLE_STEP_MS = 20, KEEP_EVENTS = 10000, REMOVE_DEPTH = 8 };

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_OK) return;
    fprintf(stderr, "fixture: %s: %s\n", err_slug(code), err->detail);
    abort();
}

/* ---- hooks ---- */

static void note_published(void *self, const struct touched *touched, size_t count,
                           int64_t newest_index)
{
    struct fixture *fixture = self;
    (void)newest_index;
    for (size_t i = 0; i < count; i++) {
        int64_t *index = ARENA_NEW(&fixture->arena, int64_t);
        *index = touched[i].index;
        map_put(&fixture->published,
                arena_printf(&fixture->arena, "%d %s", (int)touched[i].kind, touched[i].key),
                index);
    }
}

static void pass_dirty(void *self, const char *const *uids, size_t count)
{
    struct fixture *fixture = self;
    if (fixture->scheduler != NULL) scheduler_dirty(fixture->scheduler, uids, count);
}

static void ignore_flush(void *self)
{
    (void)self;
}

static void die(void *self, const struct err *err)
{
    (void)self;
    must(err->code, err);
}

static int is_ready(void *self, const char **why_not)
{
    struct fixture *fixture = self;
    *why_not = fixture->why_not_ready;
    return fixture->why_not_ready == NULL;
}

static int64_t token_used_at(void *self, const char *id)
{
    const struct fixture *fixture = self;
    return text_equal(id, fixture->used_token) ? fixture->manual.wall_ms : 0;
}

/* What the server counts is not here: one family stands for all. */
static enum err_code write_metrics(void *self, struct store_db *db, enum exposition_format format,
                                   struct text *text, struct err *err)
{
    static const struct metric_family family = {
        .name = "fixture_rounds", .type = METRIC_COUNTER, .help = "Of the fixture."};
    struct exposition exposition;
    (void)self;
    (void)db;
    (void)err;
    exposition_init(&exposition, format, text);
    exposition_family(&exposition, &family);
    exposition_int(&exposition, NULL, 1);
    exposition_end(&exposition);
    return ERR_OK;
}

/* ---- writes ---- */

struct token_job {
    struct writer_job job;
    struct token token;
};

static enum err_code put_token(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    return tokens_put(tx, &CONTAINER_OF(job, struct token_job, job)->token, err);
}

static void check_done(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)job;
    must(code, err);
}

static void drain_writer(struct fixture *fixture)
{
    while (writer_step(fixture->writer))
        ;
}

static void add_token(struct fixture *fixture, const char *secret, enum token_scope scope,
                      const char *cluster)
{
    struct err err;
    struct token_job job = {.job = {.apply = put_token, .done = check_done},
                            .token = {.id = arena_strdup(&fixture->arena, secret),
                                      .name = secret,
                                      .scope = (int)scope,
                                      .cluster = cluster,
                                      .created_at = fixture->manual.wall_ms}};
    token_hash(fixture->store, secret, job.token.hash);
    must(writer_submit(fixture->writer, LANE_FIRST, &job.job, &err), &err);
    drain_writer(fixture);
}

/* ---- life ---- */

static void open_store(struct fixture *fixture)
{
    struct err err;
    struct store_config config = {.data_dir = fixture->dir,
                                  .keep_events = KEEP_EVENTS,
                                  .clock = fixture->clock,
                                  .volatile_writes = true};
    must(store_open(&fixture->store, &config, &err), &err);
    must(control_open(&fixture->control, fixture->store, fixture->clock, &err), &err);
    struct writer_hooks hooks = {.self = fixture,
                                 .publish = note_published,
                                 .dirty = pass_dirty,
                                 .flush = ignore_flush,
                                 .fatal = die};
    must(writer_open(&fixture->writer, fixture->store, &hooks, &err), &err);
    must(scheduler_open(&fixture->scheduler, fixture->store, fixture->writer, fixture->control,
                        fixture->clock, &err),
         &err);
    must(store_reader_open(fixture->store, &fixture->reader, &err), &err);
}

static void add_tokens(struct fixture *fixture)
{
    static const char *const ladder[] = {"read", "deploy", "operate", "admin", "join"};
    for (int scope = TOKEN_READ; scope <= TOKEN_JOIN; scope++)
        add_token(fixture, arena_printf(&fixture->arena, "%s-token", ladder[scope]),
                  (enum token_scope)scope, NULL);
    for (int scope = TOKEN_READ; scope <= TOKEN_ADMIN; scope++)
        add_token(fixture, arena_printf(&fixture->arena, "blue-%s-token", ladder[scope]),
                  (enum token_scope)scope, "blue");
}

static void make_api(struct fixture *fixture)
{
    fixture->api = (struct api){.store = fixture->store,
                                .control = fixture->control,
                                .clock = fixture->clock,
                                .version = "0.1.0",
                                .ready = is_ready,
                                .token_used_at = token_used_at,
                                .metrics = write_metrics,
                                .self = fixture};
}

void fixture_open(struct fixture *fixture)
{
    struct err err;
    *fixture = (struct fixture){.manual = {.boot_ms = 1000, .wall_ms = 1767225600000}};
    log_set_level(LOG_ERROR);
    must(crypto_start(&err), &err);
    arena_init(&fixture->arena);
    map_init(&fixture->published);
    map_init(&fixture->bodies);
    fixture->clock = clock_manual(&fixture->manual);
    snprintf(fixture->dir, sizeof fixture->dir, "/tmp/dogshore-api-XXXXXX");
    if (mkdtemp(fixture->dir) == NULL) abort();
    open_store(fixture);
    make_api(fixture);
    add_tokens(fixture);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
    (void)stat;
    (void)kind;
    (void)at;
    return remove(path);
}

static void close_store(struct fixture *fixture)
{
    drain_writer(fixture);
    store_reader_close(fixture->reader);
    scheduler_close(fixture->scheduler);
    writer_close(fixture->writer);
    control_close(fixture->control);
    store_close(fixture->store);
}

static void open_again(struct fixture *fixture)
{
    map_release(&fixture->published);
    map_init(&fixture->published);
    open_store(fixture);
    make_api(fixture);
}

void fixture_restart(struct fixture *fixture)
{
    close_store(fixture);
    open_again(fixture);
}

void fixture_restore(struct fixture *fixture)
{
    struct err err;
    struct restored restored;
    const char *backup = arena_printf(&fixture->arena, "%s/backup.db", fixture->dir);
    const struct restore_order order = {
        .file = backup, .data_dir = fixture->dir, .clock = fixture->clock};
    close_store(fixture);
    if (rename(arena_printf(&fixture->arena, "%s/dogshore.db", fixture->dir), backup) != 0) abort();
    must(store_restore(&order, &restored, &err), &err);
    open_again(fixture);
}

void fixture_close(struct fixture *fixture)
{
    close_store(fixture);
    nftw(fixture->dir, remove_one, REMOVE_DEPTH, FTW_DEPTH | FTW_PHYS);
    map_release(&fixture->published);
    map_release(&fixture->bodies);
    arena_release(&fixture->arena);
}

/* ---- calls ---- */

struct apply_job {
    struct writer_job job;
    struct request *request;
    struct reply *reply;
    enum err_code code;
};

static enum err_code apply_request(struct store_tx *tx, struct writer_job *job, struct err *err)
{
    struct apply_job *apply = CONTAINER_OF(job, struct apply_job, job);
    return api_apply(tx, apply->request, apply->reply, err);
}

static void note_code(struct writer_job *job, enum err_code code, const struct err *err)
{
    (void)err;
    CONTAINER_OF(job, struct apply_job, job)->code = code;
}

static enum err_code apply_now(struct fixture *fixture, struct request *request,
                               struct reply *reply)
{
    struct err err;
    struct apply_job job = {
        .job = {.apply = apply_request, .done = note_code}, .request = request, .reply = reply};
    enum writer_lane lane = request->route->worker ? LANE_REPORTS : LANE_FIRST;
    must(writer_submit(fixture->writer, lane, &job.job, &err), &err);
    drain_writer(fixture);
    return job.code;
}

static int64_t published_index(struct fixture *fixture, const struct request *request)
{
    if (!request->has_facet) return 0;
    const int64_t *index =
        map_get(&fixture->published,
                arena_printf(&fixture->arena, "%d %s", (int)request->facet, request->facet_key));
    return index != NULL ? *index : 0;
}

static enum err_code read_now(struct fixture *fixture, struct request *request, struct reply *reply)
{
    struct err err;
    request->facet_index = published_index(fixture, request);
    must(store_read_begin(fixture->reader, &err), &err);
    enum err_code code = api_read(fixture->reader, request, reply);
    store_read_end(fixture->reader);
    return code;
}

static const struct token *find_token(struct fixture *fixture, const char *secret,
                                      struct token *token)
{
    uint8_t hash[CRYPTO_HASH_BYTES];
    struct err err;
    if (secret == NULL) return NULL;
    token_hash(fixture->store, secret, hash);
    must(store_read_begin(fixture->reader, &err), &err);
    enum err_code code = tokens_find(fixture->reader, &fixture->arena, hash, token, &err);
    store_read_end(fixture->reader);
    return code == ERR_OK ? token : NULL;
}

static enum err_code run(struct fixture *fixture, struct request *request, const char *secret,
                         struct answer *answer)
{
    struct token token;
    TRY(api_route(request, &answer->reply));
    TRY(api_authorize(request, find_token(fixture, secret, &token), &answer->reply));
    TRY(api_decode(request, &answer->reply));
    if (request->answered) return ERR_OK;
    answer->reached_store = true;
    if (request->route->place == PLACE_WRITER) return apply_now(fixture, request, &answer->reply);
    return read_now(fixture, request, &answer->reply);
}

static bool is_json(const char *content_type)
{
    return text_equal(content_type, "application/json") ||
           text_equal(content_type, "application/schema+json") ||
           text_equal(content_type, "application/problem+json");
}

static void expect_same(struct fixture *fixture, const struct call *call, const char *what,
                        const char *value, const char *text)
{
    const char *key = arena_printf(&fixture->arena, "%s %s %s %s %s", call->target,
                                   call->token != NULL ? call->token : "-",
                                   call->accept != NULL ? call->accept : "-", what, value);
    const char *before = map_put(&fixture->bodies, key, (void *)(uintptr_t)text);
    if (before == NULL || strcmp(before, text) == 0) return;
    fprintf(stderr, "fixture: one %s, two bodies: %s\n%s\n%s\n", what, key, before, text);
    abort();
}

/* A tag is strong: while it stands, so do the bytes. What the server may cache is the same as long
 * as its facet has not moved. */
static void check_body(struct fixture *fixture, const struct call *call,
                       const struct request *request, const struct answer *answer)
{
    if (answer->status != 200 || request->route->method != METHOD_GET) return;
    if (answer->reply.etag[0] != '\0')
        expect_same(fixture, call, "tag", answer->reply.etag, answer->text);
    if (!request->route->cacheable || request->fields != NULL) return;
    int64_t index = published_index(fixture, request);
    expect_same(fixture, call, "facet", arena_printf(&fixture->arena, "%" PRId64, index),
                answer->text);
}

struct answer fixture_call(struct fixture *fixture, const struct call *call)
{
    struct request *request = ARENA_NEW(&fixture->arena, struct request);
    *request = (struct request){.api = &fixture->api,
                                .method = call->method,
                                .target = call->target,
                                .id = "req-1",
                                .authorization = call->token,
                                .content_type = call->content_type,
                                .accept = call->accept,
                                .if_match = call->if_match,
                                .if_none_match = call->if_none_match,
                                .idempotency_key = call->idempotency_key,
                                .last_event_id = call->last_event_id,
                                .body = call->body};
    arena_init(&request->arena);
    request->body_bytes = call->body_bytes;
    if (call->body != NULL && call->body_bytes == 0) request->body_bytes = strlen(call->body);
    if (call->body != NULL && call->content_type == NULL)
        request->content_type = "application/json";
    struct answer answer = {0};
    answer.code = run(fixture, request, call->token, &answer);
    answer.status = answer.reply.status;
    answer.text = arena_strdup(&fixture->arena, text_string(&answer.reply.body));
    answer.reply.location = arena_strdup(&fixture->arena, answer.reply.location);
    answer.reply.link = arena_strdup(&fixture->arena, answer.reply.link);
    answer.reply.allow = arena_strdup(&fixture->arena, answer.reply.allow);
    answer.reply.body = (struct text){0};
    struct err err;
    struct json *json;
    if (answer.text[0] != '\0' && is_json(answer.reply.content_type)) {
        must(json_parse(&fixture->arena, answer.text, strlen(answer.text), &json, &err), &err);
        answer.json = json;
    }
    check_body(fixture, call, request, &answer);
    arena_release(&request->arena);
    return answer;
}

struct answer fixture_get(struct fixture *fixture, const char *target)
{
    return fixture_call(fixture, &(struct call){.target = target, .token = "admin-token"});
}

struct answer fixture_send(struct fixture *fixture, enum method method, const char *target,
                           const char *body)
{
    return fixture_call(
        fixture,
        &(struct call){.method = method, .target = target, .token = "admin-token", .body = body});
}

/* ---- looking into answers ---- */

static const struct json *step_into(const struct json *json, const char *name)
{
    int64_t position;
    if (json->type != JSON_ARRAY) return json_member(json, name);
    if (!text_to_int64(name, 0, INT64_MAX, &position)) return NULL;
    return (size_t)position < json->count ? &json->children[position] : NULL;
}

const struct json *json_at(const struct json *root, const char *path)
{
    char name[LIMIT_LABEL_PREFIX_BYTES];
    while (root != NULL && *path != '\0') {
        size_t bytes = strcspn(path, ".");
        snprintf(name, sizeof name, "%.*s", (int)bytes, path);
        root = step_into(root, name);
        path += bytes + (path[bytes] == '.' ? 1 : 0);
    }
    return root;
}

const char *json_text_at(const struct json *root, const char *path)
{
    const struct json *json = json_at(root, path);
    return json != NULL && json->type == JSON_STRING ? json->string : NULL;
}

int64_t json_int_at(const struct json *root, const char *path)
{
    const struct json *json = json_at(root, path);
    return json != NULL && json->type == JSON_NUMBER ? json->integer : 0;
}

/* ---- a small world ---- */

const char *fixture_document(struct fixture *fixture, const char *name, const char *version,
                             int replicas, const char *extra)
{
    return arena_printf(&fixture->arena,
                        "{\"name\": \"%s\", \"labels\": {\"team\": \"ml\"}, \"spec\": {"
                        "\"replicas\": %d, \"template\": {\"version\": \"%s\", \"command\": "
                        "[\"python3\", \"-m\", \"http.server\", \"$(PORT)\"], \"ports\": "
                        "{\"http\": 0}%s}, \"strategy\": {\"monitor_seconds\": 1}}}",
                        name, replicas, version, extra);
}

const char *fixture_node_token(struct fixture *fixture, const char *name)
{
    return arena_printf(&fixture->arena, "%s-%s", name,
                        "ttttttttttttttttttttttttttttttttttttttttttt");
}

void fixture_node(struct fixture *fixture, const char *name, const char *cluster)
{
    const char *body = arena_printf(
        &fixture->arena,
        "{\"token\": \"%s\", \"cluster\": \"%s\", \"address\": \"10.0.0.7\", \"boot_id\": \"b1\", "
        "\"capacity\": {\"cpu_millis\": 64000, \"memory_mib\": 65536}, \"drivers\": [\"process\"]}",
        fixture_node_token(fixture, name), cluster);
    struct call call = {.method = METHOD_PUT,
                        .target = arena_printf(&fixture->arena, "/v1/nodes/%s", name),
                        .token = "join-token",
                        .body = body};
    struct answer answer = fixture_call(fixture, &call);
    if (answer.status == 201) return;
    fprintf(stderr, "fixture: node %s: %s\n", name, answer.text);
    abort();
}

void fixture_settle(struct fixture *fixture)
{
    for (int i = 0; i < SETTLE_ROUNDS; i++) {
        int64_t due = scheduler_step(fixture->scheduler);
        bool wrote = writer_step(fixture->writer);
        drain_writer(fixture);
        if (!wrote && due > fixture->manual.boot_ms + SETTLE_STEP_MS) return;
        fixture_advance(fixture, SETTLE_STEP_MS);
    }
}

void fixture_advance(struct fixture *fixture, int64_t ms)
{
    fixture->manual.boot_ms += ms;
    fixture->manual.wall_ms += ms;
}

static void write_check(struct json_writer *writer, const struct fixture *fixture,
                        const struct json *assignment)
{
    int64_t round = json_int_at(assignment, "check.round");
    if (round == 0) return;
    json_key(writer, "check");
    json_object_begin(writer);
    json_put_int(writer, "round", round);
    json_put_bool(writer, "passed", fixture->failed_check == NULL);
    json_put_string(writer, "reason", fixture->failed_check);
    json_object_end(writer);
}

static void write_change(struct json_writer *writer, const struct fixture *fixture,
                         const struct json *assignment, int64_t port)
{
    bool run = text_equal(json_text_at(assignment, "wanted"), "run");
    int64_t attempt = json_int_at(assignment, "last_attempt");
    json_object_begin(writer);
    json_put_string(writer, "id", json_text_at(assignment, "id"));
    json_put_int(writer, "attempt", attempt > 0 ? attempt : 1);
    json_put_string(writer, "state", run ? "running" : "stopped");
    json_put_bool(writer, "ready", run);
    json_put_string(writer, "address", "10.0.0.7");
    json_key(writer, "ports");
    json_object_begin(writer);
    json_put_int(writer, "http", port);
    json_object_end(writer);
    write_check(writer, fixture, assignment);
    json_object_end(writer);
}

void fixture_agent(struct fixture *fixture, const char *node)
{
    const char *token = fixture_node_token(fixture, node);
    struct answer poll = fixture_call(
        fixture,
        &(struct call){.target = arena_printf(&fixture->arena, "/v1/nodes/%s/assignments", node),
                       .token = token});
    const struct json *assignments = json_at(poll.json, "replicas");
    struct text body;
    struct json_writer writer;
    text_init(&body, &fixture->arena);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_put_string(&writer, "boot_id", "b1");
    json_put_int(&writer, "epoch", json_int_at(poll.json, "epoch"));
    json_put_int(&writer, "seq", 0);
    json_key(&writer, "changes");
    json_array_begin(&writer);
    for (size_t i = 0; assignments != NULL && i < assignments->count; i++)
        write_change(&writer, fixture, &assignments->children[i], 20000 + (int64_t)i);
    json_array_end(&writer);
    json_object_end(&writer);
    struct answer answer = fixture_call(
        fixture,
        &(struct call){.method = METHOD_POST,
                       .target = arena_printf(&fixture->arena, "/v1/nodes/%s/report", node),
                       .token = token,
                       .body = text_string(&body)});
    if (answer.status == 204) return;
    fprintf(stderr, "fixture: report of %s: %s\n", node, answer.text);
    abort();
}

struct answer fixture_report(struct fixture *fixture, const char *node, const char *members)
{
    struct arena *arena = &fixture->arena;
    int64_t epoch = control_node_epoch(fixture->control, node);
    const char *body = arena_printf(
        arena, "{\"boot_id\": \"b1\", \"epoch\": %" PRId64 ", \"seq\": 0, %s}", epoch, members);
    struct call call = {.method = METHOD_POST,
                        .target = arena_printf(arena, "/v1/nodes/%s/report", node),
                        .token = fixture_node_token(fixture, node),
                        .body = body};
    return fixture_call(fixture, &call);
}

void fixture_silence(struct fixture *fixture, const char *node, const char *state)
{
    enum { STEP_MS = 250, STEPS_MOST = 400 };
    const char *target = arena_printf(&fixture->arena, "/v1/nodes/%s", node);
    for (int i = 0; i < STEPS_MOST; i++) {
        struct answer answer = fixture_get(fixture, target);
        if (text_equal(json_text_at(answer.json, "state"), state)) return;
        fixture_advance(fixture, STEP_MS);
        fixture_settle(fixture);
    }
    fprintf(stderr, "fixture: node %s is never %s\n", node, state);
    abort();
}

int64_t fixture_newest_index(struct fixture *fixture)
{
    int64_t index;
    struct err err;
    must(store_read_begin(fixture->reader, &err), &err);
    must(store_newest_index(fixture->reader, &index, &err), &err);
    store_read_end(fixture->reader);
    return index;
}
