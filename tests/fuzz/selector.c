/* A selector, and what it says of labels. */
#include "model/selector.h"

#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct err err;
    struct selector selector;
    struct pair items[] = {{"app", "web"}, {"example.com/team", "ml"}, {"tier", ""}};
    const struct pairs labels = {items, sizeof items / sizeof items[0]}, none = {.count = 0};
    auto_arena arena;
    arena_init(&arena);
    const char *text = fuzz_string(&arena, bytes, count);
    if (selector_parse(&arena, text, &selector, &err) != ERR_OK) {
        EXPECT(err.detail[0] != '\0', "a refusal says why");
        return 0;
    }
    bool of_none = selector_matches(&selector, &none);
    selector_matches(&selector, &labels);
    for (size_t i = 0; i < selector.count; i++) {
        bool wants_a_key =
            selector.terms[i].op == SELECTOR_EXISTS || selector.terms[i].op == SELECTOR_IN;
        EXPECT(!wants_a_key || !of_none, "%s matches what has no labels", text);
    }
    return 0;
}
