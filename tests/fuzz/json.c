/* Whatever is accepted is written back so that it reads the same. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct err err;
    struct json *json, *again;
    auto_arena arena;
    arena_init(&arena);
    if (json_parse(&arena, (const char *)bytes, count, &json, &err) != ERR_OK) {
        EXPECT(err.detail[0] != '\0', "a refusal says why");
        return 0;
    }
    const char *text = fuzz_render(&arena, json);
    enum err_code code = json_parse(&arena, text, strlen(text), &again, &err);
    EXPECT(code == ERR_OK, "%s: %s", err.detail, text);
    EXPECT(text_equal(text, fuzz_render(&arena, again)), "%s", text);
    return 0;
}
