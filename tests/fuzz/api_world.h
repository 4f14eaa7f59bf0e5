/* api_world.h: the API without a socket, over a small store that nothing changes, one call at a
 * time. Each call has memory of its own. */
#ifndef DOGSHORE_TESTS_FUZZ_API_WORLD_H
#define DOGSHORE_TESTS_FUZZ_API_WORLD_H

#include "api/routes.h"
#include "fuzz/fuzz.h"
#include "model/token.h"
#include "store/store.h"
#include "support/api_fixture.h"

static struct fixture world;
static struct token world_token = {
    .id = "admin-token", .name = "admin-token", .scope = TOKEN_ADMIN, .created_at = 1};

static inline void world_close(void)
{
    fixture_close(&world);
}

static inline void world_open(void)
{
    if (world.store != NULL) return;
    fixture_open(&world);
    atexit(world_close);
    fixture_node(&world, "n1", "default");
    for (int i = 0; i < 8; i++) {
        const char *name = arena_printf(&world.arena, "web-%d", i);
        fixture_send(&world, METHOD_POST, "/v1/deployments",
                     fixture_document(&world, name, "1", 2, ""));
    }
    fixture_settle(&world);
}

/* What nothing that is sent may lead to. Writes are decoded and not applied. */
static inline void world_check(const struct request *request, const struct reply *reply)
{
    struct err err;
    struct json *json;
    auto_arena arena;
    arena_init(&arena);
    const char *body = text_string((struct text *)&reply->body);
    EXPECT(reply->status < 500, "%s: %d %s", request->target, reply->status, body);
    EXPECT(reply->status == 0 || reply->status >= 200, "%s: %d", request->target, reply->status);
    bool is_json = reply->content_type != NULL && strstr(reply->content_type, "json") != NULL;
    if (!is_json || body[0] == '\0') return;
    enum err_code code = json_parse(&arena, body, strlen(body), &json, &err);
    EXPECT(code == ERR_OK, "%s: %s: %s", request->target, err.detail, body);
}

static inline void world_read(struct request *request, struct reply *reply)
{
    struct err err;
    EXPECT(store_read_begin(world.reader, &err) == ERR_OK, "%s", err.detail);
    api_read(world.reader, request, reply);
    store_read_end(world.reader);
}

static inline void world_run(struct request *request, struct reply *reply)
{
    if (api_route(request, reply) != ERR_OK) return;
    if (api_authorize(request, &world_token, reply) != ERR_OK) return;
    if (api_decode(request, reply) != ERR_OK || request->answered) return;
    if (request->route->place != PLACE_WRITER) world_read(request, reply);
}

static inline const char *world_type(enum method method, const char *body)
{
    if (body == NULL) return NULL;
    return method == METHOD_PATCH ? "application/merge-patch+json" : "application/json";
}

/* The status of the answer; 0 = a write that would be applied. */
static inline int world_call(enum method method, const char *target, const char *body, size_t bytes)
{
    struct reply reply = {0};
    struct request request = {.api = &world.api,
                              .method = method,
                              .target = target,
                              .id = "fuzz",
                              .authorization = "admin-token",
                              .content_type = world_type(method, body),
                              .body = body,
                              .body_bytes = bytes};
    arena_init(&request.arena);
    world_run(&request, &reply);
    world_check(&request, &reply);
    arena_release(&request.arena);
    return reply.status;
}

static inline const char *world_encode(struct arena *arena, const char *text)
{
    struct text encoded;
    text_init(&encoded, arena);
    for (const char *c = text; *c != '\0'; c++)
        text_printf(&encoded, "%%%02X", (unsigned)(unsigned char)*c);
    return text_string(&encoded);
}

#endif
