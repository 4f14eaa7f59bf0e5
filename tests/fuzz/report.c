/* An agent's report: bad items never spoil the rest, and nothing in it breaks the decoder. */
#include "fuzz/fuzz.h"
#include "wire/field_errors.h"
#include "wire/object_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct err err;
    struct json *json;
    auto_arena arena;
    arena_init(&arena);
    if (json_parse(&arena, (const char *)bytes, count, &json, &err) != ERR_OK) return 0;
    struct report report = {0};
    struct field_errors errors;
    field_errors_init(&errors, &arena);
    bool well = report_decode(json, &arena, &report, &errors);
    EXPECT(well == (errors.count == 0), "%zu errors", errors.count);
    return 0;
}
