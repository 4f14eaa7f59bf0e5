/* The request line: the first byte chooses the method, the rest is the target as received. */
#include "fuzz/api_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    world_open();
    if (count == 0) return 0;
    auto_arena arena;
    arena_init(&arena);
    enum method method = (enum method)(bytes[0] % METHOD_COUNT);
    const char *target = fuzz_string(&arena, bytes + 1, count - 1);
    const char *body = method == METHOD_GET || method == METHOD_DELETE ? NULL : "{}";
    world_call(method, target, body, body != NULL ? 2 : 0);
    return 0;
}
