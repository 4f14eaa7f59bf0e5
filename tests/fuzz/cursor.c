/* A cursor as a client may forge it, and one that belongs to the list but holds any position. */
#include "api/cursor.h"

#include "fuzz/api_world.h"

static const char *own_cursor(struct arena *arena, const char *target, const char *key)
{
    struct reply reply = {0};
    struct request request = {.api = &world.api, .target = target, .id = "fuzz"};
    arena_init(&request.arena);
    bool known = api_route(&request, &reply) == ERR_OK &&
                 api_authorize(&request, &world_token, &reply) == ERR_OK;
    EXPECT(known, "%s", target);
    const char *cursor = arena_strdup(arena, cursor_make(&request, key));
    arena_release(&request.arena);
    return cursor;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const lists[] = {"/v1/deployments?limit=2", "/v1/replicas?limit=2",
                                        "/v1/nodes?limit=2", "/v1/events?limit=2",
                                        "/v1/deployments?sort=-updated_at"};
    world_open();
    if (count == 0) return 0;
    auto_arena arena;
    arena_init(&arena);
    const char *list = lists[bytes[0] % (sizeof lists / sizeof lists[0])];
    const char *text = fuzz_string(&arena, bytes + 1, count - 1);
    const char *forged = arena_printf(&arena, "%s&cursor=%s", list, world_encode(&arena, text));
    world_call(METHOD_GET, forged, NULL, 0);
    const char *own = own_cursor(&arena, list, text);
    world_call(METHOD_GET, arena_printf(&arena, "%s&cursor=%s", list, own), NULL, 0);
    return 0;
}
