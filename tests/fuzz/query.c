/* The parameters of lists, all the way through SQLite: the first byte chooses the list and the
 * parameter, the rest is its value. */
#include "fuzz/api_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const lists[] = {
        "/v1/deployments",
        "/v1/replicas",
        "/v1/nodes",
        "/v1/events",
        "/v1/rollouts",
        "/v1/tokens",
        "/v1/deployments/web-1/replicas",
        "/v1/deployments/web-1/revisions",
    };
    static const char *const parameters[] = {"q", "selector", "search", "state", "sort", "fields"};
    enum {
        LISTS = sizeof lists / sizeof lists[0],
        PARAMETERS = sizeof parameters / sizeof parameters[0]
    };
    world_open();
    if (count == 0) return 0;
    auto_arena arena;
    arena_init(&arena);
    const char *value = world_encode(&arena, fuzz_string(&arena, bytes + 1, count - 1));
    const char *target = arena_printf(&arena, "%s?%s=%s", lists[bytes[0] % LISTS],
                                      parameters[bytes[0] / LISTS % PARAMETERS], value);
    world_call(METHOD_GET, target, NULL, 0);
    return 0;
}
